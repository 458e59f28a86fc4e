"""Who asks the web server of a run while it dies, and a form that is saved as a browser saves it."""

from __future__ import annotations

import socket
import threading

import httpx
import pytest

from benchmarks.chaos import web
from benchmarks.chaos.web import Insisting
from hub.demo.forms import fields_of

BODY = b'{"n":1}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
PAGE = """
<form id="logout-form"><input type="hidden" name="stranger" value="1"></form>
<form id="orderpolicy_form">
<input type="hidden" name="csrfmiddlewaretoken" value="t0ken"><input type="text" name="code" value="a &amp; b">
<input type="checkbox" name="is_on" checked><input type="checkbox" name="is_off"><input type="submit" name="_save">
<select name="instalments"><option value="review" selected>Hold</option><option value="last">Last</option></select>
<textarea name="words">
two
lines</textarea></form>
"""


class Dying:
    """A server that ends so many connections after it has read the request; `asked` is what it has read."""

    def __init__(self, deaths):
        self.asked = []
        self.deaths = list(deaths)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                read = b""
                while not read.endswith(BODY):
                    read += connection.recv(65536)
                self.asked.append(read)
                connection.sendall(self.deaths.pop(0) if self.deaths else ANSWER)


@pytest.fixture
def dying():
    servers = []

    def make(*deaths):
        servers.append(Dying(deaths))
        return servers[-1]

    yield make
    for server in servers:
        server.listener.close()


def test_a_request_that_died_is_sent_again_as_it_was_until_it_is_answered(dying):
    server = dying(b"", ANSWER[:-1])
    insisting = Insisting(None, seed=7)

    with httpx.Client(base_url=server.address, transport=insisting) as client:
        answer = client.put("/orders", content=BODY, headers={"Idempotency-Key": "k-1"})

    assert (answer.status_code, answer.json(), insisting.died) == (200, {}, 1)
    assert len(server.asked) == 3
    assert len(set(server.asked)) == 1
    assert b"k-1" in server.asked[0]


def test_the_seed_chooses_when_the_server_ends_and_at_which_requests():
    assert web.moments(7, "orders", 5) == web.moments(7, "orders", 5) != web.moments(8, "orders", 5)
    assert web.moments(7, "orders", 5) != web.moments(7, "both ways", 5)

    chosen = [web.cut_off_after(7, f"EDI-{number}", 1) for number in range(200)]
    assert chosen == [web.cut_off_after(7, f"EDI-{number}", 1) for number in range(200)]
    assert 5 < sum(seconds is not None for seconds in chosen) < 40


def test_a_page_that_is_saved_keeps_what_was_not_changed():
    assert fields_of(PAGE) == {
        "csrfmiddlewaretoken": "t0ken",
        "code": "a & b",
        "is_on": "on",
        "instalments": "review",
        "words": "two\nlines",
    }
