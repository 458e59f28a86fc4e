"""The sandbox server: one process, one thread, many simulated systems over HTTP/1.1 on 127.0.0.1.

What each request fault does (rules in hub.sandbox.faults; all seconds are real ones):

latency           waits `seconds` (plus up to `jitter`) before the work, or with where=after before the answer
status            refuses with `status` (429) and `retry_after` seconds, as an HTTP date with `http_date`
throttled         refuses as the system words an exhausted budget
expired_token     refuses as the system words a token that it no longer takes
drop_before       closes the connection (how=reset: RST) and does nothing
commit_then_drop  does the work, then closes the connection without an answer
commit_then_500   does the work, then answers 500 (or `status`)
truncate          does the work, sends whole headers and the first `keep` of the body (0.5), closes
html              answers a maintenance page with status 200; with commit=true it does the work first
slow_drip         does the work and sends the answer a byte at a time, `interval` seconds apart (0.1)
unknown_fields    answers as it would, with a field that nobody has heard of in every record of the JSON
late_commit       closes the connection at once and does the work `seconds` later
lagging_lookup    lets look-ups miss what changed in the last `seconds`
down              `from` seconds after the rules were set, `for` seconds long: resets, or mode=503 refuses
"""

from __future__ import annotations

import asyncio
import email.utils
import gc
import logging
import signal
import threading
import time
import zlib
from types import TracebackType
from typing import Any

from hub.sandbox.additions import with_unknown_fields
from hub.sandbox.control import Control
from hub.sandbox.faults import Faults, Rule
from hub.sandbox.lanes import Lanes
from hub.sandbox.registry import DEFAULT, ERP, STORE, Registry, is_available
from hub.sandbox.system import Lane, Request, Response, System, settled
from hub.sandbox.traffic import Entry, Traffic
from hub.sandbox.webhooks import Deliveries
from hub.sandbox.wire import Connection, Exchange

HOST = "127.0.0.1"
CONTROL_ROOT = "/_sandbox/"
BACKLOG = 4096
FULL_COLLECTION = 2
MAINTENANCE_PAGE = (
    b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We will be back.</body></html>"
)
# These stand beside the fault that decides the answer.
SIDE_KINDS = frozenset({"latency", "lagging_lookup"})
REFUSING_KINDS = frozenset({"status", "throttled", "expired_token"})

logger = logging.getLogger(__name__)


class SandboxServer:
    """Serves the systems given, and others made on first mention, in `profile`.

    In tests: `with SandboxServer() as server:` runs it on a thread of its own at `server.url`.
    """

    def __init__(
        self, *systems: System, port: int = 0, profile: str = "empty", time_scale: float = 1.0
    ) -> None:
        self.port = port
        self.registry = Registry(profile, time_scale)
        for system in systems:
            self.registry.add(system)
        self.faults = Faults()
        self.traffic = Traffic()
        self.deliveries = Deliveries(self.faults)
        self.control = Control(self.registry, self.faults, self.traffic, self.deliveries)
        self.lanes = Lanes()
        self.connections: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.is_listening = threading.Event()

    @property
    def url(self) -> str:
        """The address of the default systems, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> SandboxServer:
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), name="sandbox", daemon=True)
        self.thread.start()
        if not self.is_listening.wait(10):
            raise RuntimeError("the sandbox did not start within 10 seconds")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join(10)

    async def serve(self, *, takes_signals: bool = False) -> None:
        """Serve until stopped; with `takes_signals`, in a process of its own, SIGTERM and SIGINT stop it cleanly."""
        self.loop = asyncio.get_running_loop()
        self.stopping = asyncio.Event()
        for kind in (STORE, ERP):
            if is_available(kind):
                self.registry.get(kind, DEFAULT)
        listener = await self.loop.create_server(
            lambda: Connection(self._start, self.connections), HOST, self.port, backlog=BACKLOG
        )
        self.port = listener.sockets[0].getsockname()[1]
        if takes_signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                self.loop.add_signal_handler(number, self.stopping.set)
            gc.callbacks.append(_keep_survivors)
        self.is_listening.set()
        await self.stopping.wait()
        listener.close()
        await self._hang_up()

    async def _hang_up(self) -> None:
        """Stop all work and close all sockets before the loop goes."""
        under_way = [*self.tasks, *self.deliveries.tasks]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        for connection in list(self.connections):
            connection.transport.abort()
        while self.connections:
            await asyncio.sleep(0)

    def _start(self, exchange: Exchange) -> None:
        """Answer on a task of its own; a bug in a system becomes a 500 and a log entry."""
        task = self.loop.create_task(self._answer(exchange))
        self.tasks.add(task)

        def finish(done: asyncio.Task[None]) -> None:
            self.tasks.discard(done)
            if not done.cancelled() and (error := done.exception()) is not None:
                logger.error("The sandbox failed on %s %s", exchange.method, exchange.target, exc_info=error)
                exchange.reply(
                    Response(500, f"sandbox bug: {error!r}".encode(), {"Content-Type": "text/plain"})
                )

        task.add_done_callback(finish)

    async def _answer(self, exchange: Exchange) -> None:
        path, _, query = exchange.target.partition("?")
        if path.startswith(CONTROL_ROOT):
            verb = path.removeprefix(CONTROL_ROOT)
            exchange.reply(await self.control.answer(exchange.method, verb, query, exchange.body))
            return
        try:
            place = self.registry.locate(path)
        except ValueError as error:
            exchange.reply(_not_here(str(error)))
            return
        if place is None:
            exchange.reply(_not_here(f"nothing answers at {path}"))
            return
        system, root, below = place
        request = Request(exchange.method, below, query, exchange.headers, exchange.body, root)
        await self._pass_on(exchange, system, request)

    async def _pass_on(self, exchange: Exchange, system: System, request: Request) -> None:
        operation = system.operation(request)
        entry = self.traffic.arrive(
            exchange.started_at, system.kind, system.name, operation, len(request.body)
        )
        hits = self.faults.for_request(system.kind, system.name, operation, system.key(request))
        try:
            await Play(self, exchange, system, request, entry).run(hits)
        finally:
            self.traffic.leave(entry)

    async def work(self, system: System, request: Request, entry: Entry) -> Response:
        """Let the system handle the request now, and start delivering what it wants delivered."""
        response = await settled(system.handle(request))
        entry.note.update(system.note(request, response))
        self.deliveries.send(system, self.registry.time_scale_of(system))
        return response


class Play:
    """One request on its way through the faults that hit it."""

    def __init__(
        self, server: SandboxServer, exchange: Exchange, system: System, request: Request, entry: Entry
    ) -> None:
        self.server = server
        self.exchange = exchange
        self.system = system
        self.request = request
        self.entry = entry

    async def run(self, hits: list[Rule]) -> None:
        deciding = next((rule for rule in hits if rule.kind not in SIDE_KINDS), None)
        self.entry.fault = ",".join(rule.kind for rule in hits)
        self.request.lag = max(
            (rule.number("seconds", 5) for rule in hits if rule.kind == "lagging_lookup"), default=0
        )
        await self._wait(hits, "before")
        if deciding is None:
            response = await self._handled()
            await self._wait(hits, "after")
            self._reply(response)
        elif deciding.kind in REFUSING_KINDS or deciding.kind == "down":
            self._refuse(deciding)
        elif deciding.kind in ("drop_before", "late_commit"):
            await self._drop_first(deciding)
        else:
            await self._spoil(deciding, hits)

    async def _wait(self, hits: list[Rule], where: str) -> None:
        for rule in hits:
            if rule.kind == "latency" and rule.parameters.get("where", "before") == where:
                await asyncio.sleep(
                    rule.number("seconds", 1) + rule.number("jitter", 0) * self._fraction(rule)
                )

    def _fraction(self, rule: Rule) -> float:
        """A number in [0, 1) by seed, rule and request body."""
        text = f"{self.server.faults.seed}/{rule.id}/".encode() + self.request.body
        return zlib.crc32(text) / 2**32

    async def _handled(self) -> Response:
        lane = self.system.admit(self.request)
        if isinstance(lane, Response):
            return lane
        if not lane.concurrency and not lane.latency:
            return await self.server.work(self.system, self.request, self.entry)
        return await self._handled_in(lane)

    async def _handled_in(self, lane: Lane) -> Response:
        slots = self.server.lanes.of(self.system, lane)
        if slots.is_full:
            return self.system.refusal("429", {"reason": "queue"})
        async with slots:
            await asyncio.sleep(lane.latency)
            return await self.server.work(self.system, self.request, self.entry)

    def _reply(self, response: Response) -> None:
        self.entry.status = response.status
        self.server.traffic.bytes_out += len(response.body)
        self.exchange.reply(response)

    def _refuse(self, rule: Rule) -> None:
        if rule.kind == "down" and rule.parameters.get("mode", "drop") == "drop":
            self.exchange.drop("reset")
            return
        kind = str(rule.parameters.get("status", 503 if rule.kind == "down" else 429))
        parameters: dict[str, Any] = dict(rule.parameters)
        response = self.system.refusal(
            rule.kind if rule.kind in ("throttled", "expired_token") else kind, parameters
        )
        if "retry_after" in rule.parameters:
            response.headers["Retry-After"] = _retry_after(rule)
        self._reply(response)

    async def _drop_first(self, rule: Rule) -> None:
        self.exchange.drop(str(rule.parameters.get("how", "close")))
        if rule.kind == "late_commit":
            await asyncio.sleep(rule.number("seconds", 5))
            await self.server.work(self.system, self.request, self.entry)

    async def _spoil(self, rule: Rule, hits: list[Rule]) -> None:
        """The work is done (unless a page stands before it), and the answer goes wrong."""
        if rule.kind == "html" and not rule.parameters.get("commit", False):
            self._reply(_page(rule))
            return
        response = await self._handled()
        await self._wait(hits, "after")
        self.entry.status = response.status
        match rule.kind:
            case "commit_then_drop":
                self.entry.status = 0
                self.exchange.drop(str(rule.parameters.get("how", "close")))
            case "commit_then_500":
                self._reply(self.system.refusal(str(rule.parameters.get("status", 500)), {}))
            case "truncate":
                self.exchange.truncate(response, rule.number("keep", 0.5))
            case "slow_drip":
                await self.exchange.drip(response, rule.number("interval", 0.1))
            case "unknown_fields":
                self._reply(with_unknown_fields(response))
            case "html":
                self._reply(_page(rule))


def _keep_survivors(phase: str, info: dict[str, int]) -> None:
    """What outlived a full collection is the simulated world: the next one need not go through it again.

    Without this each collection stops all stores and ERPs the longer the more they hold, half a second and more.
    """
    if phase == "stop" and info["generation"] == FULL_COLLECTION:
        gc.freeze()


def _page(rule: Rule) -> Response:
    return Response(int(rule.parameters.get("status", 200)), MAINTENANCE_PAGE, {"Content-Type": "text/html"})


def _retry_after(rule: Rule) -> str:
    seconds = rule.number("retry_after", 0)
    if rule.parameters.get("http_date"):
        return email.utils.formatdate(time.time() + seconds, usegmt=True)
    return f"{seconds:g}"


def _not_here(words: str) -> Response:
    return Response(404, words.encode(), {"Content-Type": "text/plain"})
