"""Delivery of webhooks: retries with the original payload, and scripted loss and disorder."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import h11

from hub.sandbox.faults import Faults, Rule
from hub.sandbox.system import Outgoing, System

# 5 s in all, and 2xx alone is success: with Shopify as with Business Central.
TOTAL_SECONDS = 5.0
MOST_READ = 65_536
DEFAULT_DELAY_SECONDS = 1.0
LOG_LENGTH = 20_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What the rules make of one webhook: how often and how late it is sent, and if the next overtakes it."""

    copies: int = 1
    delay: float = 0.0
    held_for: float = 0.0


@dataclass(slots=True)
class Sending:
    """One try to send: when its first byte was handed to the network, else when it was begun (time.time())."""

    at: float


class Deliveries:
    """Sends webhooks, each on a task of its own, and keeps a log of every attempt."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.tasks: set[asyncio.Task[None]] = set()
        self.held: dict[tuple[str, str], list[asyncio.Event]] = {}
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)

    def send(self, system: System, time_scale: float) -> None:
        """Take the system's outbox and start delivering."""
        taken, system.outbox = system.outbox, []
        for outgoing in taken:
            if outgoing.compose is None:
                self._send(system, outgoing, time_scale)
            else:
                self._start(self._gather(system, outgoing, time_scale))

    async def _gather(self, system: System, outgoing: Outgoing, time_scale: float) -> None:
        """Wait as long as the system does, then send what has come together."""
        await asyncio.sleep(outgoing.delay)
        body = outgoing.compose() if outgoing.compose else outgoing.body
        if body:
            self._send(system, dataclasses.replace(outgoing, body=body, compose=None), time_scale)

    def _send(self, system: System, outgoing: Outgoing, time_scale: float) -> None:
        plan = plan_of(self.faults.for_webhook(system.kind, system.name, outgoing.topic, outgoing.key))
        if not plan.copies:
            self._note(system, outgoing, "lost by a rule", time.time())
        for _ in range(plan.copies):
            self._start(self._deliver(system, outgoing, plan, time_scale))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _deliver(self, system: System, outgoing: Outgoing, plan: Plan, time_scale: float) -> None:
        await asyncio.sleep(plan.delay)
        if plan.held_for:
            await self._wait_to_be_overtaken(system, plan.held_for)
        retries = system.webhook_retries
        first_retry = system.webhook_retry_seconds / (2**retries - 1)
        for retry in range(retries + 1):
            attempt = dataclasses.replace(outgoing, attempt=retry + 1)
            sending = Sending(time.time())
            result = await post(attempt, sending)
            self._note(system, attempt, result, sending.at)
            if not plan.held_for:
                self._release(system)
            if result.startswith("2"):
                return
            if not system.sends_again(result):
                break
            if retry < retries:
                await asyncio.sleep(first_retry * 2**retry / time_scale)
        system.gave_up(outgoing)

    async def _wait_to_be_overtaken(self, system: System, seconds: float) -> None:
        overtaken = asyncio.Event()
        self.held.setdefault((system.kind, system.name), []).append(overtaken)
        with suppress(TimeoutError):
            await asyncio.wait_for(overtaken.wait(), seconds)

    def _release(self, system: System) -> None:
        for overtaken in self.held.pop((system.kind, system.name), []):
            overtaken.set()

    def _note(self, system: System, outgoing: Outgoing, result: str, sent_at: float) -> None:
        self.log.append(
            {
                "time": time.time(),
                "sent_at": sent_at,
                "key": outgoing.key,
                "kind": system.kind,
                "name": system.name,
                "topic": outgoing.topic,
                "url": outgoing.url,
                "attempt": outgoing.attempt,
                "result": result,
            }
        )


def plan_of(rules: list[Rule]) -> Plan:
    """What the rules that hit a webhook come to together; losing wins over everything."""
    copies, delay, held_for = 1, 0.0, 0.0
    for rule in rules:
        if rule.kind == "lose_webhook":
            return Plan(copies=0)
        if rule.kind == "duplicate_webhook":
            copies += int(rule.number("copies", 1))
        if rule.kind in ("delay_webhook", "duplicate_webhook"):
            delay += rule.number("seconds", DEFAULT_DELAY_SECONDS if rule.kind == "delay_webhook" else 0.0)
        if rule.kind == "reorder_webhook":
            held_for = rule.number("seconds", DEFAULT_DELAY_SECONDS)
    return Plan(copies, delay, held_for)


async def post(outgoing: Outgoing, sending: Sending) -> str:
    """Send one webhook once: the status of the answer as text, or in a word why there is none."""
    try:
        return str(await asyncio.wait_for(_exchange(outgoing, sending), TOTAL_SECONDS))
    except TimeoutError:
        return "no answer in time"
    except (OSError, EOFError, h11.ProtocolError, ValueError) as error:
        return f"failed: {type(error).__name__}"


async def ask(url: str) -> tuple[int, bytes]:
    """Post nothing to an address and read its whole answer, at most MOST_READ bytes; status 0 where none came."""
    with suppress(TimeoutError, OSError, EOFError, h11.ProtocolError, ValueError):
        return await asyncio.wait_for(_asked(Outgoing(url, {}, b"", topic="")), TOTAL_SECONDS)
    return 0, b""


async def _asked(outgoing: Outgoing) -> tuple[int, bytes]:
    reader, writer = await _opened(outgoing, Sending(time.time()))
    try:
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method="POST", target="/", headers=[("Host", "-"), ("Content-Length", "0")]))
        parser.send(h11.EndOfMessage())
        status, body = 0, b""
        while not isinstance(event := parser.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                parser.receive_data(await reader.read(MOST_READ))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            if len(body) > MOST_READ or event is h11.PAUSED:
                raise EOFError("too much of an answer")
        return status, body
    finally:
        await _hung_up(writer)


async def _exchange(outgoing: Outgoing, sending: Sending) -> int:
    reader, writer = await _opened(outgoing, sending)
    try:
        return await _read_status(reader)
    finally:
        await _hung_up(writer)


async def _opened(outgoing: Outgoing, sending: Sending) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which the request is on its way."""
    address = urlsplit(outgoing.url)
    if address.scheme != "http" or not address.hostname:
        raise ValueError(f"the sandbox delivers to http addresses only, not {outgoing.url}")
    port = address.port or 80
    content = _encode(outgoing, f"{address.hostname}:{port}", address.path or "/", address.query)
    reader, writer = await asyncio.open_connection(address.hostname, port)
    # Between the beginning and here the sandbox may have been busy with others: no receiver's doing.
    sending.at = time.time()
    writer.write(content)
    return reader, writer


async def _hung_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _encode(outgoing: Outgoing, host: str, path: str, query: str) -> bytes:
    parser = h11.Connection(h11.CLIENT)
    own = {"host", "content-length", "connection"}
    headers = [(name, value) for name, value in outgoing.headers.items() if name.lower() not in own]
    headers += [("Host", host), ("Content-Length", str(len(outgoing.body))), ("Connection", "close")]
    target = f"{path}?{query}" if query else path
    head = parser.send(h11.Request(method="POST", target=target, headers=headers)) or b""
    return head + (parser.send(h11.Data(data=outgoing.body)) or b"")


async def _read_status(reader: asyncio.StreamReader) -> int:
    line = await reader.readline()
    parts = line.split()
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/") or not parts[1].isdigit():
        raise EOFError("no HTTP answer")
    return int(parts[1])
