"""Fulfillments that were read of late: a pass reads with an overlap, and each would be a request again every minute.

Stamps are whole seconds. What was read two seconds after it was first seen under a stamp was read when that second was
over: every later change has another stamp, so until one is told it is believed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hub.connectors.shipment_documents import ErpShipment

MOST_KEPT = 2000
SECOND_IS_OVER = 2.0


@dataclass(frozen=True, slots=True)
class _Seen:
    stamp: datetime
    first_at: float
    last_at: float
    shipment: ErpShipment | None


class Recent:
    """What was read under which stamp; the oldest is forgotten. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._seen: dict[str, _Seen] = {}
        self._lock = threading.Lock()

    def believes(self, external_id: str, stamp: datetime) -> bool:
        """Whether there is nothing to read anew of a fulfillment with this stamp."""
        with self._lock:
            seen = self._seen.get(external_id)
        return seen is not None and seen.stamp == stamp and seen.last_at - seen.first_at >= SECOND_IS_OVER

    def shipment(self, external_id: str) -> ErpShipment | None:
        """What was read of it; None where it is of no sales order."""
        with self._lock:
            seen = self._seen.get(external_id)
        return seen.shipment if seen else None

    def note(self, external_id: str, stamp: datetime, shipment: ErpShipment | None, asked_at: float) -> None:
        """It was asked for at this time (of the clock) and read."""
        with self._lock:
            before = self._seen.pop(external_id, None)
            is_same = before is not None and before.stamp == stamp
            first_at = before.first_at if before is not None and is_same else asked_at
            self._seen[external_id] = _Seen(stamp, first_at, asked_at, shipment)
            while len(self._seen) > MOST_KEPT:
                del self._seen[next(iter(self._seen))]
