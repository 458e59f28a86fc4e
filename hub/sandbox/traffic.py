"""What went over the wire: the last requests and counters, so that latency is measured from outside."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

RING_LENGTH = 20_000


@dataclass(slots=True)
class Entry:
    """One request.

    `time` is time.time() at its first byte; `in_flight` counts itself; status 0 is no answer yet.
    """

    time: float
    kind: str
    name: str
    operation: str
    in_flight: int
    status: int = 0
    duration: float = 0.0
    fault: str = ""
    note: dict[str, Any] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        return {
            "time": self.time,
            "kind": self.kind,
            "name": self.name,
            "operation": self.operation,
            "in_flight": self.in_flight,
            "status": self.status,
            "duration": self.duration,
            "fault": self.fault,
            **self.note,
        }


class Traffic:
    """The request ring and the counters since the last reset."""

    def __init__(self) -> None:
        self.in_flight: Counter[tuple[str, str]] = Counter()
        self.reset()

    def reset(self) -> None:
        """Forget the ring and the counters; requests in flight stay counted."""
        self.ring: deque[Entry] = deque(maxlen=RING_LENGTH)
        self.operations: Counter[tuple[str, str, str]] = Counter()
        self.statuses: Counter[tuple[str, str, int]] = Counter()
        self.max_in_flight: Counter[tuple[str, str]] = Counter()
        self.bytes_in = 0
        self.bytes_out = 0
        self.since = time.time()
        self.cpu_before = time.process_time()

    def arrive(self, started_at: float, kind: str, name: str, operation: str, size: int) -> Entry:
        """Note a request whose first byte came at `started_at`, with a body of `size` bytes."""
        system = (kind, name)
        self.in_flight[system] += 1
        self.max_in_flight[system] = max(self.max_in_flight[system], self.in_flight[system])
        self.operations[kind, name, operation] += 1
        self.bytes_in += size
        entry = Entry(started_at, kind, name, operation, self.in_flight[system])
        self.ring.append(entry)
        return entry

    def leave(self, entry: Entry) -> None:
        """Note that the request is answered or dropped."""
        self.in_flight[entry.kind, entry.name] -= 1
        self.statuses[entry.kind, entry.name, entry.status] += 1
        entry.duration = time.time() - entry.time

    def stats(self) -> dict[str, Any]:
        """Counters, JSON-ready; CPU seconds are of the whole process since the last reset."""
        systems: dict[str, dict[str, Any]] = {}
        for (kind, name), most in self.max_in_flight.items():
            systems[f"{kind}/{name}"] = {
                "operations": {op: n for (k, m, op), n in self.operations.items() if (k, m) == (kind, name)},
                "statuses": {str(s): n for (k, m, s), n in self.statuses.items() if (k, m) == (kind, name)},
                "in_flight": self.in_flight[kind, name],
                "max_in_flight": most,
            }
        return {
            "systems": systems,
            "requests": sum(self.operations.values()),
            "cpu_seconds": time.process_time() - self.cpu_before,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "since": self.since,
        }

    def requests(
        self, kind: str | None, name: str | None, operation: str, since: float
    ) -> list[dict[str, Any]]:
        """The ring, oldest first, of one kind, name and operation glob, from `since` (time.time()) on."""
        return [
            entry.describe()
            for entry in self.ring
            if kind in (None, entry.kind)
            and name in (None, entry.name)
            and entry.time >= since
            and fnmatchcase(entry.operation, operation)
        ]
