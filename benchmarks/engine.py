"""The engine alone: throughput of empty tasks, and the time of a claim under the worst tables we know."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

from benchmarks.database import empty
from benchmarks.report import Figure
from hub.connectors.registry import CONNECTORS
from hub.sync import claims, leases
from hub.sync.drain import FULL_SCAN, MOST_CLAIMED, Drain
from hub.sync.enqueue import enqueue
from hub.sync.flows import FLOWS, Flow
from hub.sync.models import Connection, TaskHistory

TASKS = 30_000
CLAIMS = 400
CLAIM_SIZE = 20


@contextmanager
def only_nothing() -> Iterator[None]:
    """The map holds one flow that does nothing."""
    real = dict(FLOWS)
    FLOWS.clear()
    FLOWS["nothing"] = Flow("benchmarks.nothing", side="erp", subject="thing")
    CONNECTORS["silent"] = ("erp", "Silent", "benchmarks.silent.SilentErp")
    try:
        yield
    finally:
        FLOWS.clear()
        FLOWS.update(real)
        del CONNECTORS["silent"]


def _connections(count: int) -> list[Connection]:
    empty()
    Connection.objects.filter(system="silent").delete()
    return [
        Connection.objects.create(
            system="silent", name=f"Silent {n}", code=f"S{n}", config={"account": str(n)}
        )
        for n in range(count)
    ]


def throughput(connection_count: int) -> Figure:
    """Tasks a second from enqueue to done with history, one drain."""
    with only_nothing():
        erps = _connections(connection_count)
        each = TASKS // connection_count
        start = time.monotonic()
        for number, erp in enumerate(erps):
            for first in range(number * each, (number + 1) * each, 1000):
                enqueue("nothing", erp.pk, range(first, min(first + 1000, (number + 1) * each)))
        Drain(threads=8, linger=0.0).run()
        took = time.monotonic() - start
        done = TaskHistory.objects.count()
    assert done == each * connection_count
    return Figure(f"empty tasks over {connection_count} connections", done / took, 3000, "tasks/s")


_FILL = """
INSERT INTO sync_synctask (flow, connection_id, record_id, subject, priority, state, due_at, hints, attempts)
SELECT 'nothing', %(connection)s, g, %(subject)s || CASE WHEN %(same)s THEN '' ELSE g::text END, 30,
       %(state)s, clock_timestamp() + make_interval(secs => %(shift)s + g * 0.0000001), 1, 0
FROM generate_series(%(first)s, %(last)s) AS g
"""


def _fill(
    erp: Connection, first: int, count: int, *, shift: float, state: int = 0, same: bool = False
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _FILL,
            {
                "connection": erp.pk,
                "first": first,
                "last": first + count - 1,
                "subject": "one thing" if same else "thing:",
                "same": same,
                "shift": shift,
                "state": state,
            },
        )


class Claimer:
    """Claims as a drain does: above the floors, with a scan of everything every few seconds."""

    def __init__(self, erp: Connection) -> None:
        self.erp = erp
        self.lease = leases.acquire("bench", [erp.credential], 1)[0]
        self.drain = Drain(threads=1)
        self.scanned_at = 0.0

    def claim(self, size: int) -> list[claims.Claimed]:
        """Up to that many due tasks; fails where there is none."""
        now = time.monotonic()
        if now - self.scanned_at >= FULL_SCAN:
            self.scanned_at = now
            self.drain.floors.clear()
        want = claims.Want(self.erp.pk, size, self.lease.fence, self.erp.credential)
        tasks, _ = claims.claim("bench", [want], self.drain.floors)
        assert tasks, "there was nothing to claim"
        for task in tasks:
            self.drain._raise_floor(task)
        return tasks

    def times(self) -> list[float]:
        """Seconds of each of CLAIMS claims, the first of them a scan of everything."""
        taken = []
        self.drain.floors.clear()
        for _ in range(CLAIMS):
            start = time.perf_counter()
            self.claim(CLAIM_SIZE)
            taken.append(time.perf_counter() - start)
        return taken


def _due(erp: Connection) -> None:
    _fill(erp, 1, 1_000_000, shift=-3600)


def _backing_off(erp: Connection) -> None:
    _fill(erp, 1, 1_000_000, shift=3600)
    _fill(erp, 2_000_000, 20_000, shift=-60)


def _blocked(erp: Connection) -> None:
    _fill(erp, 1, 1, shift=3600, same=True)
    _fill(erp, 2, 100_000, shift=-7200, same=True)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sync_synctask SET state = 2 WHERE record_id > 1")
    _fill(erp, 2_000_000, 20_000, shift=-60)


CASES: dict[str, Callable[[Connection], None]] = {
    "1 million due": _due,
    "1 million backing off": _backing_off,
    "100,000 blocked behind their subject": _blocked,
}


def claim_p99() -> Iterator[Figure]:
    """The 99th percentile of a claim of 20 tasks in each case, in milliseconds."""
    with only_nothing():
        for name, fill in CASES.items():
            erp = _connections(1)[0]
            leases.ensure_rows([erp.credential])
            fill(erp)
            _analyze()
            yield _figure(f"claim p99, {name}", Claimer(erp).times())
        yield _old_snapshot_figure()


def _old_snapshot_figure() -> Figure:
    """200,000 tasks are done while a long report holds an old snapshot: their index entries stay."""
    erp = _connections(1)[0]
    leases.ensure_rows([erp.credential])
    _fill(erp, 1, 200_000 + CLAIMS * CLAIM_SIZE, shift=-3600)
    _analyze()
    parameters = connection.get_connection_params()
    kept = {
        key: parameters[key] for key in ("host", "port", "user", "password", "dbname") if key in parameters
    }
    with psycopg.connect(**kept) as report:
        report.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        report.execute("SELECT count(*) FROM sync_synctask").fetchone()
        claimer = Claimer(erp)
        left = 200_000
        while left > 0:
            tasks = claimer.claim(min(MOST_CLAIMED, left))
            left -= len(tasks)
            claims.acknowledge([claims.Ended(task, "done", "") for task in tasks])
        return _figure("claim p99, 200,000 claimed under an old open snapshot", claimer.times())


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sync_synctask")


def _figure(name: str, seconds: list[float]) -> Figure:
    p99 = statistics.quantiles(seconds, n=100)[98] * 1000
    detail = f"p50 {statistics.median(seconds) * 1000:.1f} ms, longest {max(seconds) * 1000:.1f} ms"
    return Figure(name, p99, 10, "ms", is_ceiling=True, detail=detail)
