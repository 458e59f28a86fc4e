"""The only door into the queue. Joins waiting tasks, never running ones, and wakes the drains at commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection as database
from django.db import transaction

from hub.sync.flows import FLOWS
from hub.sync.prepared import rows_of

CHANNEL = "concord_work"
# An announcement is one of these words, a blank and the connection's key; leases that moved have no key. A delivery
# that nobody waits for has a word of its own: it is received with those that come shortly after it.
TASK, DELIVERY, OTHER_DELIVERY, LEASES = "task", "delivery", "other", "leases"

# A hint that meets a waiting task joins it under a row lock, so that a claim at the same moment cannot lose it: the
# claim either took the row before (then this makes a new one) or sees the higher hint count afterwards.
_ENQUEUE = """
WITH hinted AS (
INSERT INTO sync_synctask AS t
    (flow, connection_id, record_id, subject, priority, state, due_at, hints, attempts)
SELECT %(flow)s::text, %(connection_id)s::bigint, v.record_id, v.subject, %(priority)s::int,
       CASE WHEN EXISTS (SELECT 1 FROM sync_synctask o WHERE o.subject = v.subject AND o.state IN (0, 1, 2)
                         AND NOT (o.flow = %(flow)s::text AND o.connection_id = %(connection_id)s::bigint
                                  AND o.record_id = v.record_id AND o.state <> 1))
            THEN 2 ELSE 0 END,
       clock_timestamp() + make_interval(secs => %(delay)s::float8), 1, 0
FROM unnest(%(record_ids)s::bigint[], %(subjects)s::text[]) AS v(record_id, subject)
ORDER BY v.record_id
ON CONFLICT (flow, connection_id, record_id) WHERE state <> 1 DO UPDATE
SET hints = t.hints + 1,
    priority = LEAST(t.priority, EXCLUDED.priority),
    -- a held task is decided again; a quarantined one waits for a person; a blocked one keeps its place
    state = CASE WHEN t.state = 3 THEN EXCLUDED.state ELSE t.state END,
    -- a retrying task becomes due, but an unknown outcome keeps its settle time; a later start is never hurried
    due_at = CASE WHEN %(delay)s::float8 > 0 THEN t.due_at
                  -- what waits already keeps its place, or hints that never end would keep it last for ever
                  ELSE GREATEST(LEAST(t.due_at, EXCLUDED.due_at), t.settle_at,
                                CASE WHEN t.state <> 0 AND t.due_at <= EXCLUDED.due_at
                                     THEN EXCLUDED.due_at END) END
RETURNING t.state, t.subject
)
SELECT state, subject,
       CASE WHEN %(delay)s::float8 = 0 THEN pg_notify(%(channel)s::text, %(word)s::text)::text END FROM hinted
"""


def goes_first(other: str, task: str) -> str:
    """SQL: whether the row `other` goes before the row `task`, which has the same subject; both are open work.

    What runs does, and what is older. But what waits for a connection that is paused or switched off lets the tasks
    of other connections pass: it may rest for days, and whoever runs decides by what is true then. Not where a write
    of it may have been carried out (an open attempt): an order that may stand in one ERP is not sent to another
    before that is known.
    """
    # CASE and the scalar sub-select are for the planner: with OR it may look for what runs among all that runs, and
    # with EXISTS it may make a hash of all attempts. Only the index by subject is meant.
    return f"""CASE WHEN {other}.state = 1 THEN true
        WHEN {other}.id > {task}.id THEN false
        WHEN {other}.connection_id = {task}.connection_id THEN true
        WHEN {other}.connection_id IN (SELECT id FROM sync_connection WHERE NOT is_enabled OR paused_at IS NOT NULL)
        THEN (SELECT a.id FROM sync_attempt a WHERE a.connection_id = {other}.connection_id
              AND a.subject = {other}.subject AND a.state = 'open' LIMIT 1) IS NOT NULL
        ELSE true END"""


# An earlier task may have ended between our look and our commit; whoever commits last sees the other.
# A row that is locked is not waited for (two batches in other orders would wait for each other): who holds it is a
# hint or an acknowledgement, and lets it go itself when it has committed.
_UNBLOCK = f"""
WITH went AS (
UPDATE sync_synctask t SET state = 0, due_at = GREATEST(t.due_at, clock_timestamp())
WHERE t.id IN (
    SELECT b.id FROM sync_synctask b
    WHERE b.subject = ANY(%(subjects)s) AND b.state = 2
      AND NOT EXISTS (SELECT 1 FROM sync_synctask o WHERE o.subject = b.subject AND o.id <> b.id
                      AND o.state IN (0, 1, 2) AND {goes_first("o", "b")})
    FOR UPDATE OF b SKIP LOCKED)
RETURNING t.connection_id
)
SELECT count(*), pg_notify(%(channel)s, %(word)s || ' ' || connection_id) FROM went GROUP BY connection_id
"""


def enqueue(
    flow: str,
    connection_id: int,
    record_ids: Iterable[int] = (0,),
    *,
    priority: int | None = None,
    delay: float = 0.0,
) -> int:
    """Hint that these records may need this flow on this connection; `delay` in seconds. Returns how many were hinted.

    Part of the caller's transaction: the tasks exist if and only if it commits.
    """
    ids = sorted(set(record_ids))
    if not ids:
        return 0
    settings = FLOWS[flow]
    parameters: dict[str, Any] = {
        "flow": flow,
        "connection_id": connection_id,
        "record_ids": ids,
        "subjects": [settings.lock_name(flow, connection_id, record_id) for record_id in ids],
        "priority": settings.priority if priority is None else priority,
        "delay": delay,
        "channel": CHANNEL,
        "word": f"{TASK} {connection_id}",
    }
    blocked = sorted({subject for state, subject, _ in rows_of(_ENQUEUE, parameters) if state == 2})
    if blocked:
        transaction.on_commit(lambda: unblock(blocked))
    return len(ids)


def unblock(subjects: list[str]) -> int:
    """Let the first blocked task of each subject go where nothing of that subject runs; returns how many went."""
    with database.cursor() as cursor:
        cursor.execute(_UNBLOCK, {"subjects": subjects, "channel": CHANNEL, "word": TASK})
        return sum(int(row[0]) for row in cursor.fetchall())
