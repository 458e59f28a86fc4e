"""Leases on credentials: one worker at a time, by the database's clock, with a fence that grows."""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection as database
from django.db import transaction

from hub.sync.enqueue import CHANNEL, LEASES

# A write starts only if the lease outlives its deadline: must stay well above every connector's call deadline.
# The runs that stop workers past their lease (benchmarks.chaos) set it shorter.
LEASE_SECONDS = float(getattr(settings, "LEASE_SECONDS", 90.0))
LOCK_CLASS = 0x436F6E63  # "Conc": the advisory locks of workers live under this class

# Fences grow over all credentials: a task keeps its fence when its connection moves to another credential.
# A lease is free when it ended, or when the worker's own database session is gone: the advisory lock that the
# session held is granted to nobody then. A worker that lost its session cannot begin a write (see attempts.py).
# Materialized: a subquery in IN (…) may be asked anew for each row, and then takes more leases than its LIMIT.
_ACQUIRE = """
WITH free AS MATERIALIZED (
    SELECT l.credential FROM sync_lease l
    LEFT JOIN sync_worker w ON w.name = l.owner
    WHERE l.credential = ANY(%(credentials)s)
      AND (l.owner = '' OR l.until < clock_timestamp() OR w.id IS NULL OR NOT EXISTS (
           SELECT 1 FROM pg_locks k WHERE k.locktype = 'advisory' AND k.classid = %(lock_class)s
           AND k.objid::bigint = w.lock_key AND k.granted
           AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())))
    ORDER BY l.credential LIMIT %(most)s FOR UPDATE OF l SKIP LOCKED)
UPDATE sync_lease SET owner = %(owner)s, fence = GREATEST(fence, (SELECT max(fence) FROM sync_lease)) + 1,
       until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE credential IN (SELECT credential FROM free)
RETURNING credential, fence
"""

_RENEW = """
UPDATE sync_lease SET until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE owner = %(owner)s AND until > clock_timestamp() AND credential = ANY(%(credentials)s)
RETURNING credential, fence
"""


@dataclass(slots=True)
class Held:
    """A lease of ours. `ends` is on our monotonic clock and never later than the database's end of it."""

    credential: str
    fence: int
    ends: float

    def outlives(self, seconds: float) -> bool:
        """Whether the lease surely lasts that long from now."""
        return time.monotonic() + seconds < self.ends


def lock_key(worker: str) -> int:
    """The advisory lock that a worker's session holds for as long as it lives."""
    return zlib.crc32(worker.encode())


def ensure_rows(credentials: Sequence[str]) -> None:
    """Every credential has its lease row."""
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sync_lease (credential, owner, fence) SELECT v, '', 0 FROM unnest(%s::text[]) AS v"
            " ON CONFLICT DO NOTHING",
            [list(credentials)],
        )


def acquire(owner: str, credentials: Sequence[str], most: int) -> list[Held]:
    """Take up to `most` free leases among these credentials."""
    before = time.monotonic()
    with transaction.atomic(), database.cursor() as cursor:
        # A fence that a crash of the database took back would be given to two workers; drains commit lazily else.
        cursor.execute("SET LOCAL synchronous_commit TO on")
        cursor.execute(
            _ACQUIRE,
            {
                "owner": owner,
                "credentials": list(credentials),
                "most": most,
                "seconds": LEASE_SECONDS,
                "lock_class": LOCK_CLASS,
            },
        )
        return [Held(credential, fence, before + LEASE_SECONDS) for credential, fence in cursor.fetchall()]


def renew(owner: str, held: Sequence[Held]) -> list[Held]:
    """Prolong our leases; those that somebody else has now are left out of the answer."""
    before = time.monotonic()
    with database.cursor() as cursor:
        cursor.execute(
            _RENEW,
            {"owner": owner, "credentials": [lease.credential for lease in held], "seconds": LEASE_SECONDS},
        )
        fences = dict(cursor.fetchall())
    kept = [lease for lease in held if fences.get(lease.credential) == lease.fence]
    for lease in kept:
        lease.ends = before + LEASE_SECONDS
    return kept


def release(owner: str, credentials: Sequence[str]) -> None:
    """Give leases back, and tell the other workers, so that one of them takes them at once."""
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE sync_lease SET owner = '' WHERE owner = %s AND credential = ANY(%s)",
            [owner, list(credentials)],
        )
    announce()


def announce() -> None:
    """Have every worker look at the leases now: one has come, or some are free."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, LEASES])


def register(worker: str) -> None:
    """Say that this worker lives; its session must hold the advisory lock of `lock_key(worker)`."""
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sync_worker (name, lock_key) VALUES (%s, %s)"
            " ON CONFLICT (name) DO UPDATE SET beat_at = clock_timestamp()",
            [worker, lock_key(worker)],
        )


def retire(worker: str) -> None:
    """Have no share of the leases any more: what is given back is for the others. Our lock keeps what we still hold."""
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE sync_worker SET beat_at = clock_timestamp() - interval '1 minute' WHERE name = %s",
            [worker],
        )
    announce()


def live_workers() -> int:
    """How many workers hold their lock and have beaten lately; forgets those silent for ten minutes.

    A worker that is stopped (SIGSTOP, a long pause) keeps its lock but does not beat: the others take its share.
    """
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM sync_worker WHERE beat_at < clock_timestamp() - interval '10 minutes'")
    return max(count_live(), 1)


def count_live() -> int:
    """How many drains hold their lock and have beaten lately. None is nothing bad while there is no work."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM sync_worker w WHERE w.beat_at > clock_timestamp() - interval '15 seconds'"
            " AND EXISTS (SELECT 1 FROM pg_locks k"
            " WHERE k.locktype = 'advisory' AND k.classid = %s AND k.objid::bigint = w.lock_key AND k.granted"
            " AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            [LOCK_CLASS],
        )
        return int(cursor.fetchone()[0])


def unregister(worker: str) -> None:
    """Say good-bye: leases are free at once."""
    with database.cursor() as cursor:
        cursor.execute("UPDATE sync_lease SET owner = '' WHERE owner = %s", [worker])
        cursor.execute("DELETE FROM sync_worker WHERE name = %s", [worker])
    announce()
