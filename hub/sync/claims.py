"""Claim tasks in batches and acknowledge them in batches. Every statement is guarded by the lease's fence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.db import connection as database
from psycopg.errors import DeadlockDetected

from hub.lib.text import storable
from hub.sync.enqueue import unblock
from hub.sync.models.queue import SyncTask

PRIORITIES = sorted(int(value) for value in SyncTask.Priority.values)

# `floor` keeps the index scan from walking over the dead entries of what was claimed before: an old open snapshot
# (a long report, a backup) keeps those from being removed. Nothing new can be due before it but for transactions
# longer than two seconds, which the claim without floors every few seconds finds.
_CLAIM = """
WITH wanted AS (
    SELECT w.* FROM unnest(%(connections)s::bigint[], %(rooms)s::int[], %(fences)s::bigint[],
                           %(credentials)s::text[]) AS w(connection_id, room, fence, credential)
    JOIN sync_lease l ON l.credential = w.credential AND l.fence = w.fence AND l.owner = %(owner)s
                     AND l.until > now()
), due AS (
    SELECT t.id, t.subject, t.connection_id, w.fence, w.room,
           row_number() OVER (PARTITION BY t.connection_id ORDER BY p.priority, t.due_at, t.id) AS place
    FROM wanted w
    JOIN unnest(%(floor_connections)s::bigint[], %(floor_priorities)s::int[], %(floors)s::timestamptz[])
         AS p(connection_id, priority, floor) ON p.connection_id = w.connection_id
    CROSS JOIN LATERAL (
        SELECT id, subject, connection_id, due_at FROM sync_synctask
        WHERE connection_id = w.connection_id AND priority = p.priority AND state = 0
          AND due_at >= p.floor AND due_at <= now()
        ORDER BY due_at, id LIMIT w.room FOR UPDATE SKIP LOCKED) t
), judged AS (
    SELECT d.id, d.fence, EXISTS (
        SELECT 1 FROM sync_synctask o WHERE o.subject = d.subject AND o.state IN (0, 1, 2) AND o.id <> d.id
        AND (o.state = 1 OR o.id < d.id)) AS is_behind
    FROM due d WHERE d.place <= d.room
)
UPDATE sync_synctask t
SET state = CASE WHEN j.is_behind THEN 2 ELSE 1 END,
    fence = j.fence, claimed_at = clock_timestamp()
FROM judged j WHERE t.id = j.id
RETURNING t.id, t.flow, t.connection_id, t.record_id, t.subject, t.priority, t.attempts, t.hints, t.fence,
          t.due_at, t.state
"""

_FINISH = """
WITH gone AS (
    DELETE FROM sync_synctask t
    USING unnest(%(ids)s::bigint[], %(fences)s::bigint[], %(outcomes)s::text[], %(messages)s::text[])
          AS d(id, fence, outcome, message)
    WHERE t.id = d.id AND t.fence = d.fence AND t.state = 1
    RETURNING t.*, d.outcome, d.message
), solved AS (
    UPDATE sync_reviewitem r SET state = 'solved', closed_at = clock_timestamp(), changed_at = clock_timestamp()
    FROM gone g WHERE r.state = 'open' AND r.flow = g.flow AND r.connection_id = g.connection_id
                AND r.record_id = g.record_id
)
INSERT INTO sync_taskhistory (task_id, flow, connection_id, record_id, subject, outcome, message, hints, attempts,
                              created_at, claimed_at, finished_at)
SELECT id, flow, connection_id, record_id, subject, outcome, message, hints, attempts, created_at, claimed_at,
       clock_timestamp() FROM gone
RETURNING task_id, subject
"""

_BEHIND = """
SELECT DISTINCT subject FROM sync_synctask WHERE subject = ANY(%(subjects)s) AND state = 2
"""

_REST = """
UPDATE sync_synctask SET state = %(state)s, due_at = clock_timestamp() + make_interval(secs => %(after)s),
    settle_at = CASE WHEN %(settle)s THEN clock_timestamp() + make_interval(secs => %(after)s) END,
    attempts = attempts + %(burn)s, last_outcome = %(outcome)s, last_error = %(message)s, evidence = %(evidence)s,
    fence = NULL, claimed_at = NULL
WHERE id = %(id)s AND fence = %(fence)s AND state = 1
"""

# A hint came while the task ran: the new waiting task is due at once and inherits what the old one learnt.
_MERGE = """
WITH gone AS (
    DELETE FROM sync_synctask WHERE id = %(id)s AND fence = %(fence)s AND state = 1 RETURNING attempts, hints
)
UPDATE sync_synctask t SET attempts = gone.attempts + %(burn)s, hints = t.hints + gone.hints,
    last_outcome = %(outcome)s, last_error = %(message)s, evidence = %(evidence)s,
    settle_at = CASE WHEN %(settle)s THEN clock_timestamp() + make_interval(secs => %(after)s) END,
    due_at = CASE WHEN %(settle)s THEN clock_timestamp() + make_interval(secs => %(after)s)
                  ELSE GREATEST(t.due_at, clock_timestamp()) END
FROM gone WHERE t.id = %(newer)s
"""

_RECOVER = """
UPDATE sync_synctask t SET state = 0, due_at = clock_timestamp(), fence = NULL, claimed_at = NULL,
    last_outcome = 'worker lost', last_error = 'The worker that ran this task ended before it reported.'
FROM sync_connection c
WHERE c.id = t.connection_id AND c.credential = %(credential)s AND t.state = 1 AND t.fence < %(fence)s
  AND NOT EXISTS (SELECT 1 FROM sync_synctask n WHERE n.flow = t.flow AND n.connection_id = t.connection_id
                  AND n.record_id = t.record_id AND n.state <> 1)
RETURNING t.id
"""

_DROP_RECOVERED = """
DELETE FROM sync_synctask t USING sync_connection c
WHERE c.id = t.connection_id AND c.credential = %(credential)s AND t.state = 1 AND t.fence < %(fence)s
  -- only what a newer task replaces: a late claim may have committed since the statement before
  AND EXISTS (SELECT 1 FROM sync_synctask n WHERE n.flow = t.flow AND n.connection_id = t.connection_id
              AND n.record_id = t.record_id AND n.state <> 1)
RETURNING t.subject
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task that is ours to run as long as `fence` is the lease's fence."""

    id: int
    flow: str
    connection_id: int
    record_id: int
    subject: str
    priority: int
    attempts: int
    hints: int
    fence: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. `state` None means done; `after` is seconds until it is due again.

    `settle` keeps hints from making it due earlier. `burn` counts an attempt against the retry policy.
    """

    task: Claimed
    outcome: str
    message: str
    state: int | None = None
    after: float = 0.0
    settle: bool = False
    burn: int = 0
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Want:
    """How many tasks of a connection there is room for, under which lease."""

    connection_id: int
    room: int
    fence: int
    credential: str


def claim(
    owner: str, wants: Sequence[Want], floors: dict[tuple[int, int], datetime]
) -> tuple[list[Claimed], int]:
    """Claim due tasks of these connections; returns them and how many were found behind their subject.

    `floors` maps (connection id, priority) to the earliest due time worth looking at.
    """
    places = [(want.connection_id, priority) for want in wants for priority in PRIORITIES]
    parameters: dict[str, Any] = {
        "owner": owner,
        "connections": [want.connection_id for want in wants],
        "rooms": [want.room for want in wants],
        "fences": [want.fence for want in wants],
        "credentials": [want.credential for want in wants],
        "floor_connections": [place[0] for place in places],
        "floor_priorities": [place[1] for place in places],
        "floors": [floors[place].isoformat() if place in floors else "-infinity" for place in places],
    }
    try:
        with database.cursor() as cursor:
            cursor.execute(_CLAIM, parameters)
            rows = cursor.fetchall()
    except (IntegrityError, OperationalError) as error:
        # Another drain began a task of the same subject at this very moment: its row is visible to the next claim.
        if isinstance(error, OperationalError) and not isinstance(error.__cause__, DeadlockDetected):
            raise
        return [], 1
    taken = [Claimed(*row[:10]) for row in rows if row[10] == SyncTask.State.RUNNING]
    behind = sorted({row[4] for row in rows if row[10] == SyncTask.State.BLOCKED})
    if behind:
        unblock(behind)
    return sorted(taken, key=lambda task: (task.priority, task.due_at, task.id)), len(behind)


def acknowledge(ended: Sequence[Ended]) -> None:
    """Record how these runs ended; rows that another worker has taken over since are left alone."""
    done = [end for end in ended if end.state is None]
    subjects = {end.task.subject for end in ended}
    if done:
        _finish(done)
    for end in ended:
        if end.state is not None:
            _put_back(end)
    let_next_go(sorted(subjects))


def _finish(done: Sequence[Ended]) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            _FINISH,
            {
                "ids": [end.task.id for end in done],
                "fences": [end.task.fence for end in done],
                "outcomes": [end.outcome for end in done],
                "messages": [storable(end.message) for end in done],
            },
        )


def _put_back(end: Ended) -> None:
    task = end.task
    parameters: dict[str, Any] = {
        "id": task.id,
        "fence": task.fence,
        "state": end.state,
        "after": end.after,
        "settle": end.settle,
        "burn": end.burn,
        "outcome": end.outcome,
        "message": storable(end.message),
        "evidence": storable(end.evidence),
    }
    try:
        _rest_or_merge(task, parameters)
    except IntegrityError:
        # A hint made a new waiting task between our look and our update: this time we see it and join it.
        _rest_or_merge(task, parameters)


def _rest_or_merge(task: Claimed, parameters: dict[str, Any]) -> None:
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM sync_synctask WHERE flow = %s AND connection_id = %s AND record_id = %s AND state <> 1"
            " FOR UPDATE",
            [task.flow, task.connection_id, task.record_id],
        )
        newer = cursor.fetchone()
        cursor.execute(_MERGE if newer else _REST, {**parameters, "newer": newer and newer[0]})


def let_next_go(subjects: list[str]) -> None:
    """Unblock the next task of each subject, in a statement that sees the acknowledgement as committed."""
    with database.cursor() as cursor:
        cursor.execute(_BEHIND, {"subjects": subjects})
        behind = [row[0] for row in cursor.fetchall()]
    if behind:
        unblock(behind)


def recover(credential: str, fence: int) -> int:
    """Make due what an earlier leaseholder left running; returns how many. Open attempts decide what comes."""
    try:
        with database.cursor() as cursor:
            cursor.execute(_RECOVER, {"credential": credential, "fence": fence})
            count = len(cursor.fetchall())
            cursor.execute(_DROP_RECOVERED, {"credential": credential, "fence": fence})
            subjects = sorted({row[0] for row in cursor.fetchall()})
    except IntegrityError:
        # A hint made a new waiting task between our look and our update: the next sweep sees and joins it.
        return 0
    if subjects:
        unblock(subjects)
    return count + len(subjects)
