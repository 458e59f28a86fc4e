"""A small load generator: kept connections on raw sockets, as fast as answers come or at a rate."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Answers:
    """Seconds each answer took, by what was asked for, and how many were not 200, 201 or 204."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    took: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.took


def request(path: str, body: bytes, headers: dict[str, str], method: str = "POST") -> bytes:
    """The bytes of one request on a kept connection."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def send(
    port: int, requests: Iterable[bytes], *, connections: int, seconds: float, rate: float = 0.0
) -> Answers:
    """Send requests for that long; at `rate` a second whatever the answers do, or as fast as they come for 0.

    At a rate, the time of an answer counts from when its request was due, so that a stall is not hidden.
    """
    return asyncio.run(_send(port, iter(requests), connections, seconds, rate))


async def _send(
    port: int, requests: Iterator[bytes], connections: int, seconds: float, rate: float
) -> Answers:
    answers = Answers()
    start = time.perf_counter()
    end = start + seconds
    places = itertools.count()

    def due() -> float:
        return start + next(places) / rate if rate else time.perf_counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (at := due()) < end:
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            writer.write(next(requests))
            status = await _read_answer(reader)
            answers.seconds.append(time.perf_counter() - at)
            answers.failed += status not in (200, 201, 204)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    answers.took = time.perf_counter() - start
    return answers


async def _read_answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    length = next((int(line.split(":")[1]) for line in lines if line.startswith("content-length:")), 0)
    await reader.readexactly(length)
    return int(lines[0].split()[1])
