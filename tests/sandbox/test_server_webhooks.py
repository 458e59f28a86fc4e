"""Webhooks that the sandbox sends: retries with the original payload, loss, copies, delay and disorder."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from hub.sandbox.server import SandboxServer
from tests.sandbox.echo import Echo

pytestmark = pytest.mark.enable_socket


class Receiver:
    """An HTTP endpoint that answers with the statuses given, then with 200, and keeps the bodies."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.bodies: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.bodies.append(body)
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook?a=b"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()

    def wait_for(self, count, seconds=120):
        end = time.monotonic() + seconds
        while len(self.bodies) < count and time.monotonic() < end:
            time.sleep(0.01)
        return self.bodies


@pytest.fixture
def echo():
    return Echo()


@pytest.fixture
def server(echo):
    # Nine attempts over four hours pass in about 0.3 seconds.
    with SandboxServer(echo, time_scale=50_000) as running:
        yield running


def announce(server, receiver, count=1):
    body = {"kind": "erp", "action": "announce", "data": {"url": receiver.url, "count": count}}
    assert httpx.post(f"{server.url}/_sandbox/act", json=body).status_code == 200


def set_rule(server, **rule):
    httpx.post(f"{server.url}/_sandbox/faults", json={"seed": 1, "rules": [rule]}).raise_for_status()


def test_a_webhook_is_delivered_once(server):
    with Receiver() as receiver:
        announce(server, receiver)
        receiver.wait_for(1)
        time.sleep(0.2)

        assert receiver.bodies == ["0"]


def test_a_failed_delivery_is_tried_again_with_the_same_body(server):
    with Receiver(500, 302) as receiver:
        announce(server, receiver)

        assert receiver.wait_for(3) == ["0", "0", "0"]

    log = httpx.get(f"{server.url}/_sandbox/webhooks").json()["webhooks"]
    assert [(entry["attempt"], entry["result"]) for entry in log[:2]] == [(1, "500"), (2, "302")]


def test_after_eight_retries_the_sender_gives_up(server, echo):
    with Receiver(*[500] * 20) as receiver:
        announce(server, receiver)
        receiver.wait_for(9)
        time.sleep(0.3)

        assert len(receiver.bodies) == 9

    assert echo.given_up == ["0"]


def test_a_lost_webhook_never_arrives(server):
    set_rule(server, kind="lose_webhook", nth=[1])
    with Receiver() as receiver:
        announce(server, receiver, count=2)
        receiver.wait_for(1)
        time.sleep(0.2)

        assert receiver.bodies == ["1"]


def test_a_duplicated_webhook_arrives_in_copies(server):
    set_rule(server, kind="duplicate_webhook", copies=3)
    with Receiver() as receiver:
        announce(server, receiver)

        assert receiver.wait_for(4) == ["0"] * 4


def test_a_delayed_webhook_comes_later(server):
    set_rule(server, kind="delay_webhook", seconds=0.3)
    with Receiver() as receiver:
        announce(server, receiver)
        time.sleep(0.1)
        early = list(receiver.bodies)

        assert receiver.wait_for(1) == ["0"]

    assert early == []


def test_a_reordered_webhook_is_overtaken_by_the_next(server):
    set_rule(server, kind="reorder_webhook", nth=[1], seconds=3)
    with Receiver() as receiver:
        announce(server, receiver, count=2)

        assert receiver.wait_for(2) == ["1", "0"]
