"""The sandbox server over real HTTP: keeping connections, breaking them, limits and the control interface."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from hub.sandbox.server import SandboxServer
from hub.sandbox.system import Lane
from tests.sandbox.echo import Echo

pytestmark = pytest.mark.enable_socket
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def echo():
    return Echo()


@pytest.fixture
def server(echo):
    with SandboxServer(echo, Echo("second")) as running:
        yield running


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server.url, timeout=10) as opened:
        yield opened


def set_faults(client, *rules, seed=1):
    answer = client.post("/_sandbox/faults", json={"seed": seed, "rules": list(rules)})
    assert answer.status_code == 200, answer.text


def test_one_connection_carries_many_requests(server):
    whole = b"POST /v2.0/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"

    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        statuses = []
        for _ in range(3):
            raw.sendall(whole)
            statuses.append(raw.recv(4096).split(b"\r\n")[0])

    assert statuses == [b"HTTP/1.1 200 "] * 3


def test_pipelined_requests_are_answered_in_order(server, echo):
    requests = [b"POST /v2.0/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n%d" % n for n in range(3)]

    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        raw.sendall(b"".join(requests))
        received = b""
        while received.count(b"HTTP/1.1 200") < 3 or not received.endswith(b"}"):
            received += raw.recv(4096)

    assert echo.seen == ["0", "1", "2"]


def test_takes_a_chunked_body(client, echo):
    client.post("/v2.0/x", content=iter([b"in ", b"two parts"]))

    assert echo.seen == ["in two parts"]


def test_refuses_what_is_not_http(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        answer = raw.recv(4096)

    assert answer.startswith(b"HTTP/1.1 400")


def test_a_named_system_is_found_below_its_root(client):
    answer = client.get("/erps/second/v2.0/x%28y%29").json()

    assert answer["path"] == "/v2.0/x(y)"
    assert answer["root"] == "/erps/second"


def test_an_unknown_path_is_404(client):
    assert client.get("/nowhere").status_code == 404


def test_a_bug_in_a_system_is_a_500_and_the_server_lives_on(client, echo):
    echo.lane = None

    broken = client.get("/v2.0/x")
    echo.lane = Lane()

    assert broken.status_code == 500
    assert "sandbox bug" in broken.text
    assert client.get("/v2.0/x").status_code == 200


def test_concurrency_is_limited_and_what_overflows_the_queue_is_refused(server, client, echo):
    echo.lane = Lane("user", concurrency=2, queue=4, latency=0.8)

    with ThreadPoolExecutor(10) as pool:
        started = time.monotonic()
        statuses = sorted(
            answer.status_code for answer in pool.map(lambda _: httpx.get(f"{server.url}/v2.0/x"), range(10))
        )
    took = time.monotonic() - started

    assert statuses == [200] * 6 + [429] * 4
    assert took >= 2.4


def test_simulated_latency_lets_hundreds_wait_side_by_side(server, echo):
    echo.lane = Lane(latency=0.5)

    async def call_all():
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(limits=limits, timeout=30) as many:
            await asyncio.gather(*(many.get(f"{server.url}/v2.0/x") for _ in range(300)))

    asyncio.run(call_all())

    stats = httpx.get(f"{server.url}/_sandbox/stats").json()["systems"]["erp/default"]
    assert stats["operations"] == {"GET x": 300}
    assert stats["max_in_flight"] > 100


def test_drop_before_does_nothing_and_answers_nothing(client, echo):
    set_faults(client, {"kind": "drop_before", "nth": [1]}, seed=1)

    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/v2.0/x", content="a")
    second = client.post("/v2.0/x", content="b")

    assert second.status_code == 200
    assert echo.seen == ["b"]


def test_a_reset_connection_is_an_error_on_the_socket(client):
    set_faults(client, {"kind": "drop_before", "how": "reset"})

    with pytest.raises(httpx.ReadError):
        client.post("/v2.0/x", content="a")


def test_commit_then_drop_does_the_work_and_loses_the_answer(client, echo):
    set_faults(client, {"kind": "commit_then_drop"})

    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/v2.0/x", content="a")

    assert echo.seen == ["a"]


def test_commit_then_500_does_the_work_and_says_it_failed(client, echo):
    set_faults(client, {"kind": "commit_then_500"})

    answer = client.post("/v2.0/x", content="a")

    assert answer.status_code == 500
    assert echo.seen == ["a"]


def test_a_truncated_body_ends_too_early(client, echo):
    set_faults(client, {"kind": "truncate"})

    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
        client.post("/v2.0/x", content="a")

    assert echo.seen == ["a"]


@pytest.mark.parametrize(("commits", "seen"), [(False, []), (True, ["a"])])
def test_a_maintenance_page_comes_with_status_200(client, echo, commits, seen):
    set_faults(client, {"kind": "html", "commit": commits})

    answer = client.post("/v2.0/x", content="a")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html"
    assert answer.text.startswith("<!DOCTYPE html>")
    assert echo.seen == seen


def test_an_answer_of_a_newer_version_has_fields_that_nobody_has_heard_of(client, echo):
    set_faults(client, {"kind": "unknown_fields", "times": 1})

    newer = client.post("/v2.0/x", content=b"hi").json()
    usual = client.post("/v2.0/x", content=b"hi").json()

    assert "since" in newer.pop("unheardOf")
    assert newer == usual
    assert echo.seen == ["hi", "hi"]


def test_a_slow_drip_arrives_whole_in_the_end(client):
    set_faults(client, {"kind": "slow_drip", "interval": 0.005})

    started = time.monotonic()
    answer = client.post("/v2.0/x", content="a")

    assert answer.json()["body"] == "a"
    assert time.monotonic() - started > 0.005 * len(answer.content) * 0.9


def test_a_late_commit_lands_after_the_connection_is_gone(client, echo):
    set_faults(client, {"kind": "late_commit", "seconds": 0.3})

    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/v2.0/x", content="a")
    seen_at_once = list(echo.seen)
    time.sleep(0.6)

    assert seen_at_once == []
    assert echo.seen == ["a"]


def test_latency_before_and_after_the_work(client, echo):
    set_faults(client, {"kind": "latency", "seconds": 0.2, "where": "after"})

    with pytest.raises(httpx.ReadTimeout):
        client.post("/v2.0/x", content="a", timeout=0.1)

    assert echo.seen == ["a"]


def test_refusals_carry_retry_after_in_seconds_or_as_a_date(client, echo):
    set_faults(
        client,
        {"kind": "status", "status": 429, "retry_after": 7, "nth": [1]},
        {"kind": "status", "status": 503, "retry_after": 60, "http_date": True, "nth": [2]},
    )

    first, second = client.get("/v2.0/x"), client.get("/v2.0/x")

    assert (first.status_code, first.headers["retry-after"]) == (429, "7")
    assert second.status_code == 503
    assert second.headers["retry-after"].endswith("GMT")
    assert echo.seen == []


def test_a_lagging_lookup_is_told_to_the_system(client):
    set_faults(client, {"kind": "lagging_lookup", "seconds": 3})

    assert client.get("/v2.0/x").json()["lag"] == 3


def test_down_for_the_first_requests_then_up(client, echo):
    set_faults(client, {"kind": "down", "first": 2, "mode": "503"})

    statuses = [client.get("/v2.0/x").status_code for _ in range(3)]

    assert statuses == [503, 503, 200]


def test_down_for_a_time_then_up(client):
    set_faults(client, {"kind": "down", "for": 0.3})

    with pytest.raises(httpx.TransportError):
        client.get("/v2.0/x")
    time.sleep(0.4)

    assert client.get("/v2.0/x").status_code == 200


def test_the_request_log_has_what_happened(client):
    before = time.time()
    set_faults(client, {"kind": "commit_then_drop", "nth": [2]})
    client.post("/v2.0/orders", content="a")
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/v2.0/orders", content="b")
    client.post("/v2.0/other", content="c")

    answer = client.get("/_sandbox/requests", params={"kind": "erp", "operation": "* orders"}).json()[
        "requests"
    ]

    assert [(e["operation"], e["status"], e["fault"], e["noted"]) for e in answer] == [
        ("POST orders", 200, "", "a"),
        ("POST orders", 0, "commit_then_drop", "b"),
    ]
    assert before <= answer[0]["time"] <= time.time()


def test_truth_and_reset_reach_the_systems(client):
    client.post("/v2.0/x", content="a")
    before = client.get("/_sandbox/truth").json()
    client.post("/_sandbox/reset", json={"profile": "empty", "kind": "erp", "name": "default"})

    after = client.get("/_sandbox/truth", params={"kind": "erp", "name": "default"}).json()

    assert before == {"stores": {}, "erps": {"default": {"seen": ["a"]}, "second": {"seen": []}}} | {
        "stores": before["stores"]
    }
    assert after == {"stores": {}, "erps": {"default": {"seen": []}}}


def test_seed_and_act_reach_the_system_named(client):
    seeded = client.post("/_sandbox/seed", json={"kind": "erp", "name": "second", "data": {"items": []}})
    refused = client.post("/_sandbox/act", json={"kind": "erp", "action": "dance"})

    assert seeded.json() == {"seeded": {"items": []}}
    assert (refused.status_code, refused.json()) == (400, {"error": "nobody can dance"})


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("faults", {}, "expected"),
        ("faults", {"rules": [{"kind": "rain"}]}, "unknown kind 'rain'"),
        ("faults", {"rules": [{"kind": "latency", "secs": 1}]}, "unknown field 'secs'"),
        ("faults", {"rules": [{"kind": "status", "status": 302}]}, "status cannot be 302"),
        ("faults", {"rules": [{"kind": "html", "probability": 2}]}, "between 0 and 1"),
        ("faults", {"rules": [{"kind": "html", "nth": [0]}]}, "whole numbers from 1"),
        ("faults", {"rules": [{"kind": "html", "id": "a"}, {"kind": "down", "id": "a"}]}, "come twice: a"),
        ("reset", {"profile": "nonsense"}, "no profile"),
        ("seed", {"kind": "moon"}, "unknown kind 'moon'"),
        ("act", {"kind": "erp"}, "action is missing"),
        ("seed", {"kind": "erp", "data": []}, "data must be an object"),
        ("systems", {"kind": "erp", "name": "a/b"}, "no name for a system"),
    ],
)
def test_control_bodies_are_checked(client, path, body, words):
    answer = client.post(f"/_sandbox/{path}", json=body)

    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_a_control_body_that_is_no_json_is_refused(client):
    answer = client.post("/_sandbox/seed", content=b"{")

    assert answer.status_code == 400


def test_the_server_answers_a_thousand_small_requests_a_second(server):
    whole = b"POST /v2.0/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
    httpx.delete(f"{server.url}/_sandbox/stats")

    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        for _ in range(500):
            raw.sendall(whole)
            raw.recv(4096)

    # CPU seconds, not wall clock: the machine has other work. The asking thread's share is counted in.
    assert httpx.get(f"{server.url}/_sandbox/stats").json()["cpu_seconds"] < 0.5


def test_the_sandbox_imports_nothing_of_ours():
    program = (
        "import sys, hub.sandbox.server, hub.sandbox.business_central.company;"
        "print([m for m in sys.modules if m.split('.')[0] == 'django'"
        " or m.startswith(('hub.connectors', 'hub.errors', 'hub.lib', 'hub.sync'))])"
    )

    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )

    assert printed.stdout.strip() == "[]"
