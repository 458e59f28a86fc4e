"""Remember each run of a record.

Starts   a test
Reads    nothing
Writes   nothing
Repeat   safe
Review   when the test says so
"""

from __future__ import annotations

import threading
import time

from django.db import OperationalError

lock = threading.Lock()
runs: list[tuple[int, int]] = []
running: set[int] = set()
overlaps: list[int] = []
raises: dict[int, list[Exception]] = {}
takes: dict[int, float] = {}
during: dict[int, object] = {}


def start_anew() -> None:
    for memory in (runs, running, overlaps, raises, takes, during):
        memory.clear()


def run(connection, record_id):
    with lock:
        runs.append((connection.pk, record_id))
        if record_id in running:
            overlaps.append(record_id)
        running.add(record_id)
    try:
        time.sleep(takes.get(record_id, 0))
        if record_id in during:
            during.pop(record_id)()
        if raises.get(record_id):
            raise raises[record_id].pop(0)
        return "counted"
    finally:
        with lock:
            running.discard(record_id)


def receive_into_a_deadlock(connection, deliveries):
    raise OperationalError("deadlock detected")
