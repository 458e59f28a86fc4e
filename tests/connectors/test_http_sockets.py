"""The one HTTP client over real sockets: the total deadline, broken answers, bombs."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time

import pytest

from hub.connectors.base import CallKind
from hub.connectors.http import HttpClient
from hub.errors import OutcomeUnknown, Unreachable
from tests.fakes import FreeHooks

READ, WRITE = CallKind.READ, CallKind.WRITE


@contextlib.contextmanager
def serving(talk):
    """A server on 127.0.0.1 that reads one request of each connection and lets `talk` write the answer."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def run():
        with contextlib.suppress(OSError):
            while not stop.is_set():
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    talk(connection, stop)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(60)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def drip_body(connection, stop):
    connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n")
    while not stop.wait(0.05):
        connection.sendall(b" ")


def drip_head(connection, stop):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not stop.wait(0.05):
        connection.sendall(b"X-A: b\r\n")


def keep_silent(connection, stop):
    stop.wait(120)


def truncate(connection, stop):
    connection.sendall(HEAD + b'Content-Length: 100\r\n\r\n{"a":')


def hang_up(connection, stop):
    return


def cut_chunks(connection, stop):
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}   \r\n")


def talk_nonsense(connection, stop):
    connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")


@pytest.mark.parametrize("talk", [drip_body, drip_head, keep_silent])
@pytest.mark.parametrize(("kind", "error"), [(READ, Unreachable), (WRITE, OutcomeUnknown)])
def test_the_total_deadline_holds_against_a_slow_drip_E5(talk, kind, error):
    with serving(talk) as address:
        far = HttpClient(address, FreeHooks(), deadline=0.4)
        start = time.monotonic()

        with pytest.raises(error):
            far.send(kind, "POST", "x", operation="Try", json_body={})

        assert time.monotonic() - start < 60
        far.close()


@pytest.mark.parametrize("talk", [truncate, hang_up, cut_chunks, talk_nonsense])
@pytest.mark.parametrize(("kind", "error"), [(READ, Unreachable), (WRITE, OutcomeUnknown)])
def test_a_broken_answer_is_classed_by_kind_A3(talk, kind, error):
    with serving(talk) as address:
        far = HttpClient(address, FreeHooks(), deadline=30.0)

        with pytest.raises(error):
            far.send(kind, "POST", "x", operation="Try", json_body={})
        far.close()


def test_a_port_where_nobody_listens_is_unreachable_for_writes():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    far = HttpClient(f"http://127.0.0.1:{port}", FreeHooks(), deadline=30.0)

    with pytest.raises(Unreachable):
        far.send(WRITE, "POST", "x", operation="Try", json_body={})
    far.close()


def test_a_good_answer_passes_and_the_deadline_is_lifted_again():
    def answer(connection, stop):
        connection.sendall(HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")

    with serving(answer) as address:
        far = HttpClient(address, FreeHooks(), deadline=2.0)

        first = far.send(READ, "GET", "x", operation="Try")
        time.sleep(2.05)
        second = far.send(READ, "GET", "x", operation="Try")
        far.close()

    assert (first.json(), second.json()) == ({}, {})


def test_a_bomb_is_cut_at_the_limit_I2():
    bomb = gzip.compress(b"\0" * (80 * 1024 * 1024), compresslevel=9)

    def answer(connection, stop):
        connection.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)

    with serving(answer) as address:
        far = HttpClient(address, FreeHooks(), deadline=20.0)

        with pytest.raises(Unreachable, match="larger than"):
            far.send(READ, "GET", "x", operation="Try")
        far.close()
