"""The web server of a run, ended by SIGKILL and started again at once, and callers who insist on an answer.

It takes webhooks, answers carriers' and partners' requests and serves the admin: what it was doing is cut off.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import httpx

from hub.supervise.child import Child
from hub.sync.management.commands.web import granian

HOST = "127.0.0.1"
START_SECONDS = 60.0
END_SECONDS = 10.0
AGAIN_AFTER = 0.1
# Parts of the time in which people act: before and after, little is asked of the server.
EARLIEST, LATEST = 0.1, 0.9
# How often the server ends while it works on what people and partners send, and within how many seconds.
CUT_OFF = 0.1
CUT_WITHIN = 0.1


def moments(seed: int, phase: str, count: int) -> list[float]:
    """When to end the server in this phase, as parts of the time in which people act."""
    chance = random.Random(f"{seed} web {phase}")
    return sorted(chance.uniform(EARLIEST, LATEST) for _ in range(count))


def cut_off_after(seed: int, name: str, number: int) -> float | None:
    """In how many seconds the server ends after the number-th request of this name was sent; most often never."""
    chance = random.Random(f"{seed} {name} {number}")
    return chance.uniform(0, CUT_WITHIN) if chance.random() < CUT_OFF else None


def logged(command: Sequence[str], log: Path) -> Child:
    """Run a command, its output in `log`."""
    return Child(["sh", "-c", 'log=$1; shift; exec "$@" >>"$log" 2>&1', "sh", str(log), *command])


class WebServer:
    """On one port for the whole run."""

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self.log = log
        self.address = f"http://{HOST}:{port}"
        self.kills = 0
        self._lock = threading.Lock()
        self._is_over = False
        self.child = self._started()

    def _started(self) -> Child:
        return logged(granian(HOST, self.port), self.log)

    def kill(self) -> None:
        """End it and its workers wherever they are, and start it again: it answers after a few seconds."""
        with self._lock:
            if not self._is_over:
                self.child.kill()
                self.kills += 1
                self.child = self._started()

    def end(self) -> None:
        """End it for good."""
        with self._lock:
            self._is_over = True
            self.child.end(END_SECONDS)


class Insisting(httpx.HTTPTransport):
    """Sends a request that died with the server again, the same one, until it is answered.

    A partner's has the same idempotency key, a person's is the same form. Who lost patience is not answered: that
    passes through. At what the seed chose of all that is sent, the server ends.
    """

    def __init__(self, web: WebServer, seed: int) -> None:
        super().__init__()
        self.web = web
        self.seed = seed
        self.sent: Counter[str] = Counter()
        self.died = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answered, if need be after the server was started again. Raises httpx.TransportError where it never is."""
        self._cut_off(request)
        end, is_counted = time.monotonic() + START_SECONDS, False
        while True:
            try:
                response = super().handle_request(request)
                # The server may die in the middle of its answer.
                response.read()
                return response
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                if time.monotonic() > end:
                    raise
            self.died += not is_counted
            is_counted = True
            time.sleep(AGAIN_AFTER)

    def _cut_off(self, request: httpx.Request) -> None:
        if request.method != "POST":
            return
        name = request.headers.get("Idempotency-Key") or request.url.path
        self.sent[name] += 1
        seconds = cut_off_after(self.seed, name, self.sent[name])
        if seconds is not None:
            timer = threading.Timer(seconds, self.web.kill)
            timer.daemon = True
            timer.start()
