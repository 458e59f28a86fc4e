"""Concurrency limits of credentials: so many requests work at once, so many wait, the rest is refused."""

from __future__ import annotations

import asyncio
from types import TracebackType

from hub.sandbox.system import Lane, System


class Slots:
    """The places of one credential. Waiting requests come in the order in which they arrived."""

    def __init__(self, lane: Lane) -> None:
        self.places = asyncio.Semaphore(lane.concurrency) if lane.concurrency else None
        self.queue = lane.queue
        self.waiting = 0

    @property
    def is_full(self) -> bool:
        """Whether neither a place nor room in the queue is left."""
        return self.places is not None and self.places.locked() and self.waiting >= self.queue

    async def __aenter__(self) -> None:
        if self.places is None:
            return
        self.waiting += 1
        try:
            await self.places.acquire()
        finally:
            self.waiting -= 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self.places is not None:
            self.places.release()


class Lanes:
    """The slots of every credential of every system; a changed limit starts a fresh set."""

    def __init__(self) -> None:
        self.slots: dict[tuple[str, str, str, int, int], Slots] = {}

    def of(self, system: System, lane: Lane) -> Slots:
        """The slots that this lane speaks of."""
        key = (system.kind, system.name, lane.credential, lane.concurrency, lane.queue)
        if key not in self.slots:
            self.slots[key] = Slots(lane)
        return self.slots[key]
