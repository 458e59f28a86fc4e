"""The engine's hooks in memory: nothing waits, everything is written down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hub.connectors.base import CallRecord, ObservedLimits, Token
from hub.errors import NotReadyYet


class FreeHooks:
    """Grants every point and slot at once; writes that may outlast `lease_left` (seconds) raise NotReadyYet.

    `acquired`, `observed`, `deadlines`, `records` and `fetches` keep what the connector asked and told, in
    order; `in_flight` is how many slots are held now.
    """

    def __init__(self, *, lease_left: float | None = None) -> None:
        self.lease_left = lease_left
        self.acquired: list[float] = []
        self.observed: list[ObservedLimits] = []
        self.deadlines: list[float] = []
        self.records: list[CallRecord] = []
        self.fetches = 0
        self.in_flight = 0
        self._token: str | None = None
        self._token_lock = threading.Lock()
        self._count_lock = threading.Lock()

    @contextmanager
    def acquire(self, cost: float) -> Iterator[None]:
        with self._count_lock:
            self.acquired.append(cost)
            self.in_flight += 1
        try:
            yield
        finally:
            with self._count_lock:
                self.in_flight -= 1

    def observe(self, limits: ObservedLimits) -> None:
        self.observed.append(limits)

    def before_write(self, deadline: float) -> None:
        self.deadlines.append(deadline)
        if self.lease_left is not None and self.lease_left < deadline:
            raise NotReadyYet(f"the lease ends in {self.lease_left} s, the write may take {deadline} s")

    def token(self, fetch: Callable[[], Token], rejected: str | None = None) -> str:
        with self._token_lock:
            if self._token is None or self._token == rejected:
                self._token = fetch().value
                self.fetches += 1
            return self._token

    def record(self, call: CallRecord) -> None:
        self.records.append(call)
