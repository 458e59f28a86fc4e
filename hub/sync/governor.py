"""How fast a credential may be used: one database row that every process takes from, and the slots of this process.

A drain takes points in bulk (a quarter of a second's worth), a web process singly. What the far side answers corrects
the row; so does a connection that is saved with other limits, and every process learns them from the row with the next
points that it takes. After three failures in a row the credential rests, longer each time, so that an ERP that is down
is not stormed by everything that waits for it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import connection as database

from hub.connectors.base import Limits, ObservedLimits
from hub.errors import RateLimited

BULK_SECONDS = 0.25
LONGEST_WAIT = 20.0
FAILURES_BEFORE_REST = 3
LONGEST_REST = 60.0
INTERACTIVE_SLOT_SECONDS = 30

_TAKE = """
UPDATE sync_governor SET
    points = LEAST(burst, points + rate * EXTRACT(EPOCH FROM clock_timestamp() - measured_at)) - %(need)s,
    measured_at = clock_timestamp()
WHERE credential = %(credential)s
  AND LEAST(burst, points + rate * EXTRACT(EPOCH FROM clock_timestamp() - measured_at)) >= %(need)s
  AND (blocked_until IS NULL OR blocked_until <= clock_timestamp())
RETURNING rate, burst, concurrency,
    CASE WHEN interactive_until > clock_timestamp() THEN interactive_slots ELSE 0 END
"""

_WAIT = """
SELECT GREATEST((%(need)s - LEAST(burst, points + rate * EXTRACT(EPOCH FROM clock_timestamp() - measured_at)))
                / NULLIF(rate, 0), 0.0)::float8,
       GREATEST(EXTRACT(EPOCH FROM blocked_until - clock_timestamp()), 0)::float8,
       rate, burst, concurrency
FROM sync_governor WHERE credential = %(credential)s
"""

_DECLARE = """
UPDATE sync_governor SET
    points = LEAST(%(burst)s, burst, points + rate * EXTRACT(EPOCH FROM clock_timestamp() - measured_at)),
    burst = %(burst)s, rate = %(rate)s, concurrency = %(concurrency)s, measured_at = clock_timestamp()
WHERE credential = %(credential)s
"""

_CORRECT = """
UPDATE sync_governor SET
    points = LEAST(COALESCE(%(burst)s, burst), GREATEST(COALESCE(%(available)s, LEAST(burst, points + rate *
             EXTRACT(EPOCH FROM clock_timestamp() - measured_at))) + %(refund)s, 0)),
    burst = COALESCE(%(burst)s, burst), rate = COALESCE(%(rate)s, rate), measured_at = clock_timestamp(),
    concurrency = COALESCE(%(concurrency)s, concurrency),
    blocked_until = CASE WHEN %(blocked)s > 0 THEN GREATEST(COALESCE(blocked_until, clock_timestamp()),
                    clock_timestamp() + make_interval(secs => %(blocked)s)) ELSE blocked_until END
WHERE credential = %(credential)s
"""

_BORROW_SLOT = """
UPDATE sync_governor SET
    interactive_slots = CASE WHEN interactive_until > clock_timestamp() THEN interactive_slots ELSE 0 END + 1,
    interactive_until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE credential = %(credential)s
"""

_RETURN_SLOT = """
UPDATE sync_governor SET interactive_slots = GREATEST(interactive_slots - 1, 0) WHERE credential = %(credential)s
"""


def declare(credential: str, limits: Limits) -> None:
    """A connection was saved: its limits hold from now on, until the far side's next answer corrects them.

    Of connections that share a credential the one saved last decides. A credential that nobody used yet has no row:
    the first who uses it makes the row with its own limits.
    """
    with database.cursor() as cursor:
        cursor.execute(
            _DECLARE,
            {
                "credential": credential,
                "burst": limits.burst,
                "rate": limits.points_per_second,
                "concurrency": limits.concurrency,
            },
        )


class CredentialGovernor:
    """The limits of one credential as this process sees them. Safe to share between threads."""

    def __init__(self, credential: str, limits: Limits, *, is_bulk: bool) -> None:
        self.credential = credential
        self.declared = limits
        self.is_bulk = is_bulk
        self.ready = threading.Condition()
        self.in_flight = 0
        self.allowance = 0.0
        self.rate = limits.points_per_second
        self.concurrency = float(limits.concurrency)
        self.lent_slots = 0
        self.blocked_until = 0.0
        self.failures = 0
        self._ensure_row()

    def _ensure_row(self) -> None:
        with database.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sync_governor (credential, points, burst, rate, concurrency, interactive_slots)"
                " VALUES (%s, %s, %s, %s, %s, 0) ON CONFLICT DO NOTHING",
                [
                    self.credential,
                    self.declared.burst,
                    self.declared.burst,
                    self.declared.points_per_second,
                    self.declared.concurrency,
                ],
            )

    @property
    def slots(self) -> int:
        """How many requests of this process may be in flight now; never below one."""
        return max(1, int(self.concurrency) - self.lent_slots)

    @property
    def rests_for(self) -> float:
        """Seconds until the credential may be used again; 0 when it may be used now."""
        return max(0.0, self.blocked_until - time.monotonic())

    @contextmanager
    def acquire(self, cost: float) -> Iterator[None]:
        """Hold a slot and spend `cost` points. Raises RateLimited when that would take longer than LONGEST_WAIT."""
        give_up = time.monotonic() + LONGEST_WAIT
        with self.ready:
            while self.in_flight >= self.slots:
                if not self.ready.wait(max(0.0, give_up - time.monotonic())):
                    raise RateLimited("No free request slot; the far side allows no more at once.", after=1.0)
            self.in_flight += 1
        try:
            self._spend(cost, give_up)
            yield
        finally:
            with self.ready:
                self.in_flight -= 1
                self.ready.notify()

    def _spend(self, cost: float, give_up: float) -> None:
        while True:
            with self.ready:
                if self.rests_for > LONGEST_WAIT / 4:
                    raise RateLimited(
                        "The far side rests; it asked for time or did not answer.", after=self.rests_for
                    )
                wait = self.rests_for
                if not wait and self.allowance >= cost:
                    self.allowance -= cost
                    return
                wait = wait or self._take(cost)
            if wait:
                if time.monotonic() + wait > give_up:
                    raise RateLimited("The far side's limit is used up.", after=wait)
                time.sleep(min(wait, 1.0))

    def _take(self, cost: float) -> float:
        """Move points from the row to our allowance; returns seconds to wait where there are not enough."""
        need = cost - self.allowance
        if self.is_bulk:
            need = max(need, min(self.rate * BULK_SECONDS, self.declared.burst))
        parameters: dict[str, Any] = {"credential": self.credential, "need": need}
        with database.cursor() as cursor:
            cursor.execute(_TAKE, parameters)
            granted = cursor.fetchone()
            if granted:
                *told, self.lent_slots = granted
                self._learn(*told)
                self.allowance += need
                return 0.0
            if need > cost - self.allowance:
                parameters["need"] = cost - self.allowance
            cursor.execute(_WAIT, parameters)
            row = cursor.fetchone()
        if row is None:
            # A restored or tidied database: nobody else would ever make the row again.
            self._ensure_row()
        short, blocked, *told = row or (0.0, 0.0)
        if told:
            # Also without a grant: a burst that became smaller than our bulk would never be granted else.
            self._learn(*told)
        if blocked:
            self.blocked_until = max(self.blocked_until, time.monotonic() + blocked)
        return max(float(short or 0.0), float(blocked or 0.0), 0.01)

    def _learn(self, rate: float, burst: float, concurrency: int) -> None:
        """What the row says now. More slots are open at once; how many of them are used, answers still decide."""
        self.rate = rate
        if concurrency > self.declared.concurrency:
            self.concurrency += concurrency - self.declared.concurrency
        self.concurrency = min(self.concurrency, float(concurrency))
        self.declared = replace(self.declared, points_per_second=rate, burst=burst, concurrency=concurrency)

    def observe(self, seen: ObservedLimits) -> None:
        """Take over what an answer told us; a throttled answer also costs us a third of our concurrency for a while."""
        with self.ready:
            blocked = seen.blocked_for or (1.0 if seen.was_throttled else 0.0)
            if blocked:
                blocked *= random.uniform(1.0, 1.2)
                self.blocked_until = max(self.blocked_until, time.monotonic() + blocked)
            if seen.was_throttled:
                self.concurrency = max(1.0, self.concurrency * 0.7)
                self.allowance = 0.0
            self.allowance += max(seen.refund, 0.0) if seen.available is None else 0.0
        if seen.available is not None or seen.points_per_second or seen.concurrency or blocked:
            self._correct(seen, blocked)

    def _correct(self, seen: ObservedLimits, blocked: float) -> None:
        available = None if seen.available is None else max(seen.available - self.allowance, 0.0)
        with database.cursor() as cursor:
            cursor.execute(
                _CORRECT,
                {
                    "credential": self.credential,
                    "available": available,
                    "burst": seen.burst,
                    "rate": seen.points_per_second,
                    "concurrency": seen.concurrency,
                    "refund": 0.0,
                    "blocked": blocked,
                },
            )

    def answered(self, *, is_failure: bool) -> None:
        """Count an answer; failures in a row make the credential rest, successes let concurrency grow again."""
        with self.ready:
            if not is_failure:
                self.failures = 0
                self.concurrency = min(self.concurrency + 0.1, float(self.declared.concurrency))
                return
            self.failures += 1
            if self.failures >= FAILURES_BEFORE_REST:
                rest = min(2.0 ** min(self.failures - FAILURES_BEFORE_REST, 10), LONGEST_REST)
                # Never shorter than what the far side itself asked for.
                self.blocked_until = max(
                    self.blocked_until, time.monotonic() + rest * random.uniform(0.8, 1.2)
                )

    def give_back(self) -> None:
        """Return the unspent allowance to the row."""
        with self.ready:
            left, self.allowance = self.allowance, 0.0
        if left > 0:
            with database.cursor() as cursor:
                cursor.execute(
                    "UPDATE sync_governor SET points = LEAST(burst, points + %s) WHERE credential = %s",
                    [left, self.credential],
                )


@contextmanager
def borrowed_slot(credential: str) -> Iterator[None]:
    """A concurrency slot for a web process: drains leave it free for as long as it is held (30 s at most)."""
    with database.cursor() as cursor:
        cursor.execute(_BORROW_SLOT, {"credential": credential, "seconds": INTERACTIVE_SLOT_SECONDS})
    try:
        yield
    finally:
        with database.cursor() as cursor:
            cursor.execute(_RETURN_SLOT, {"credential": credential})
