"""How often a store asks, counted over all web processes: the faster it asks, the shorter it waits for an answer.

Each process adds what it counted once a second, in the statement that tells it the whole.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from hub.sync.prepared import rows_of

FLUSH_SECONDS = 1.0
# Our count lags a little behind the store's: its next tier is assumed from here on.
CAUTION = 0.8
# The beginning of a minute says little of the whole.
_LEAST_SECONDS = 15.0

_ADD = """
WITH counted AS (
    INSERT INTO orders_freighttraffic AS t (store_id, minute, requests, refused)
    VALUES (%(store)s::bigint, date_trunc('minute', clock_timestamp()), %(requests)s::bigint, %(refused)s::bigint)
    ON CONFLICT (store_id, minute) DO UPDATE
    SET requests = t.requests + EXCLUDED.requests, refused = t.refused + EXCLUDED.refused
    RETURNING t.requests, t.minute
)
SELECT c.requests, EXTRACT(EPOCH FROM clock_timestamp() - c.minute)::float8,
       COALESCE((SELECT p.requests FROM orders_freighttraffic p
                 WHERE p.store_id = %(store)s::bigint AND p.minute = c.minute - interval '1 minute'), 0)
FROM counted c
"""


@dataclass(slots=True)
class _Count:
    requests: int = 0
    refused: int = 0
    flushed_at: float = float("-inf")
    rate: int = 0


_counts: dict[int, _Count] = {}
_lock = threading.Lock()


def count(store_id: int, *, is_refused: bool = False) -> int:
    """Count one request; returns how many a minute come now, cautiously.

    Raises DatabaseError or InterfaceError where the database is away; the request stays counted.
    """
    with _lock:
        own = _counts.setdefault(store_id, _Count())
        own.requests += not is_refused
        own.refused += is_refused
        now = time.monotonic()
        if now - own.flushed_at < FLUSH_SECONDS:
            return own.rate
        own.flushed_at = now
        requests, refused, own.requests, own.refused = own.requests, own.refused, 0, 0
    found = rows_of(_ADD, {"store": store_id, "requests": requests, "refused": refused})
    own.rate = rate_of(*found[0])
    return own.rate


def last_rate(store_id: int) -> int:
    """What was told last."""
    own = _counts.get(store_id)
    return own.rate if own else 0


def rate_of(this_minute: int, seconds: float, last_minute: int) -> int:
    """Requests a minute by what was counted in this one, which is `seconds` old, and in the last one.

    The larger of the last sixty seconds and of how this minute will end; rounded up towards the store's next tier.
    """
    sliding = this_minute + last_minute * max(0.0, 60.0 - seconds) / 60.0
    coming = this_minute * 60.0 / max(seconds, _LEAST_SECONDS)
    return int(max(sliding, coming) / CAUTION)


def forget() -> None:
    """Begin to count anew."""
    with _lock:
        _counts.clear()
