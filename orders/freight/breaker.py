"""A circuit breaker: whoever does not answer is not asked again for a while, so that no buyer waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FAILURES_BEFORE_REST = 3
FIRST_REST, LONGEST_REST = 15.0, 300.0


class Breaker:
    """Closed until three failures in a row; then open for 15 s, and twice as long after each probe that fails.

    When a rest is over one caller may ask; the others wait for what becomes of that. Safe to share between threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.lock = threading.Lock()
        self.failures = 0
        self.rests_until = 0.0

    def may_ask(self) -> bool:
        """Whether to ask now. Whoever is let through tells `worked` or `failed` afterwards."""
        with self.lock:
            if self.failures < FAILURES_BEFORE_REST:
                return True
            now = self.clock()
            if now < self.rests_until:
                return False
            # This caller is the probe; if it never comes back, the next one is after another rest.
            self.rests_until = now + self._rest()
            return True

    def worked(self) -> None:
        """An answer came."""
        with self.lock:
            self.failures, self.rests_until = 0, 0.0

    def failed(self) -> None:
        """None came, or none that can be used."""
        with self.lock:
            self.failures += 1
            if self.failures >= FAILURES_BEFORE_REST:
                self.rests_until = self.clock() + self._rest()

    def _rest(self) -> float:
        return min(FIRST_REST * 2.0 ** min(self.failures - FAILURES_BEFORE_REST, 8), LONGEST_REST)
