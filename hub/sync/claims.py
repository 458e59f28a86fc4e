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
from hub.sync import alerts
from hub.sync.enqueue import goes_first, unblock
from hub.sync.flows import FLOWS
from hub.sync.models.queue import SyncTask

PRIORITIES = sorted(int(value) for value in SyncTask.Priority.values)
# A flow over a set is one task, however much waits for it: after this many seconds it goes before single records.
# Else a backlog of orders would keep their totals unread, and the pull that older orders wait for would never come.
LONGEST_WAIT_OF_A_SET = 10.0

# A task whose run ends the whole process (out of memory, a crash in C) takes with it what runs beside it, and nothing
# can tell from outside whose fault it was. So what was lost this often runs alone in its process from then on, and a
# loss counts only if the run had begun: whoever reaches the higher number has ended at least two processes in which
# nothing else ran. See runner.py for the running alone.
LOSSES_BEFORE_ALONE = 3
LOSSES_BEFORE_QUARANTINE = 5
LONGEST_REST_AFTER_LOSS = 900.0
MOST_LOSSES = 32_000

# `floor` keeps the index scan from walking over the dead entries of what was claimed before: an old open snapshot
# (a long report, a backup) keeps those from being removed. Nothing new can be due before it but for transactions
# longer than two seconds, which the claim without floors every few seconds finds.
_CLAIM = f"""
WITH wanted AS (
    SELECT w.* FROM unnest(%(connections)s::bigint[], %(rooms)s::int[], %(fences)s::bigint[],
                           %(credentials)s::text[]) AS w(connection_id, room, fence, credential)
    JOIN sync_lease l ON l.credential = w.credential AND l.fence = w.fence AND l.owner = %(owner)s
                     AND l.until > now()
), due AS (
    SELECT t.id, t.subject, t.connection_id, w.fence, w.room,
           row_number() OVER (PARTITION BY t.connection_id ORDER BY
               CASE WHEN t.record_id = 0 AND t.due_at < now() - %(longest_wait)s * interval '1 second' THEN 0
                    ELSE p.priority END, t.due_at, t.id) AS place
    FROM wanted w
    JOIN unnest(%(floor_connections)s::bigint[], %(floor_priorities)s::int[], %(floors)s::timestamptz[])
         AS p(connection_id, priority, floor) ON p.connection_id = w.connection_id
    CROSS JOIN LATERAL (
        SELECT id, subject, connection_id, record_id, due_at FROM sync_synctask
        WHERE connection_id = w.connection_id AND priority = p.priority AND state = 0
          AND due_at >= p.floor AND due_at <= now()
        ORDER BY due_at, id LIMIT w.room FOR UPDATE SKIP LOCKED) t
), judged AS (
    SELECT d.id, d.fence, EXISTS (
        SELECT 1 FROM sync_synctask o WHERE o.subject = d.subject AND o.state IN (0, 1, 2) AND o.id <> d.id
        AND {goes_first("o", "d")}) AS is_behind
    FROM due d WHERE d.place <= d.room
)
UPDATE sync_synctask t
SET state = CASE WHEN j.is_behind THEN 2 ELSE 1 END,
    fence = j.fence, claimed_at = clock_timestamp()
FROM judged j WHERE t.id = j.id
RETURNING t.id, t.flow, t.connection_id, t.record_id, t.subject, t.priority, t.attempts, t.hints, t.fence,
          t.due_at, t.losses, t.state
"""

# The first loss needs no such note (it costs every task a statement): it counts against whatever was claimed.
_BEGIN = """
UPDATE sync_synctask SET begun_at = clock_timestamp() WHERE id = %s AND fence = %s AND state = 1 RETURNING id
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
    losses = LEAST(losses, %(losses)s), fence = NULL, claimed_at = NULL, begun_at = NULL
WHERE id = %(id)s AND fence = %(fence)s AND state = 1
"""

# A hint came while the task ran: the new waiting task is due at once and inherits what the old one learnt.
_MERGE = """
WITH gone AS (
    DELETE FROM sync_synctask WHERE id = %(id)s AND fence = %(fence)s AND state = 1
    RETURNING attempts, hints, losses
)
UPDATE sync_synctask t SET attempts = gone.attempts + %(burn)s, hints = t.hints + gone.hints,
    losses = GREATEST(t.losses, LEAST(gone.losses, %(losses)s)),
    last_outcome = %(outcome)s, last_error = %(message)s, evidence = %(evidence)s,
    settle_at = CASE WHEN %(settle)s THEN clock_timestamp() + make_interval(secs => %(after)s) END,
    due_at = CASE WHEN %(settle)s THEN clock_timestamp() + make_interval(secs => %(after)s)
                  ELSE GREATEST(t.due_at, clock_timestamp()) END
FROM gone WHERE t.id = %(newer)s
"""

# What earlier holders of the lease left running, how often each was lost, this time included, and what follows.
_LOST = """
    FROM sync_synctask t JOIN sync_connection c ON c.id = t.connection_id
    CROSS JOIN LATERAL (SELECT t.losses + CASE WHEN t.losses = 0 OR t.begun_at IS NOT NULL THEN 1 ELSE 0 END
                               AS losses) counted
    CROSS JOIN LATERAL (SELECT CASE WHEN counted.losses < %(alone)s THEN 0
                               ELSE LEAST(2.0 ^ LEAST(counted.losses - %(alone)s + 1, 20), %(longest)s) END AS rest,
                               counted.losses >= %(most)s AND t.flow <> ALL(%(sets)s) AS is_given_up) verdict
    LEFT JOIN sync_synctask n ON n.flow = t.flow AND n.connection_id = t.connection_id
                              AND n.record_id = t.record_id AND n.state <> 1
    WHERE c.credential = %(credential)s AND t.state = 1 AND t.fence < %(fence)s
"""

_RECOVER = f"""
WITH lost AS (SELECT t.id, counted.losses, verdict.* {_LOST} AND n.id IS NULL)
UPDATE sync_synctask t SET state = CASE WHEN lost.is_given_up THEN 4 ELSE 0 END, losses = lost.losses,
    due_at = clock_timestamp() + make_interval(secs => lost.rest), fence = NULL, claimed_at = NULL, begun_at = NULL,
    last_outcome = 'worker lost', last_error = CASE WHEN lost.is_given_up THEN %(given_up)s ELSE %(message)s END
FROM lost WHERE t.id = lost.id AND t.state = 1 AND t.fence < %(fence)s
RETURNING t.flow, t.connection_id, t.subject, t.losses, t.state
"""

# What a newer task replaces goes, and the newer one inherits its losses. The newer row is locked first, as an
# acknowledgement does; a hint that holds it is not waited for, the next sweep sees both.
_JOIN_NEWER = f"""
WITH lost AS MATERIALIZED (SELECT t.id, n.id AS newer_id, counted.losses, verdict.*
    {_LOST.replace("LEFT JOIN", "JOIN")} FOR UPDATE OF n SKIP LOCKED
), gone AS (
    -- only what a newer task replaces: a late claim may have committed since the statement before
    DELETE FROM sync_synctask t USING lost WHERE t.id = lost.id AND t.state = 1 AND t.fence < %(fence)s RETURNING t.id
)
UPDATE sync_synctask t SET losses = GREATEST(t.losses, lost.losses),
    state = CASE WHEN lost.is_given_up AND t.state IN (0, 2) THEN 4 ELSE t.state END,
    due_at = CASE WHEN lost.rest > 0 THEN GREATEST(t.due_at, clock_timestamp() + make_interval(secs => lost.rest))
                  ELSE t.due_at END,
    last_outcome = 'worker lost', last_error = CASE WHEN lost.is_given_up THEN %(given_up)s ELSE %(message)s END
FROM lost JOIN gone ON gone.id = lost.id WHERE t.id = lost.newer_id
RETURNING t.flow, t.connection_id, t.subject, t.losses, t.state
"""

_WORKER_LOST = "The worker that ran this task ended before it reported."
_GIVEN_UP = (
    "Each time this task ran, its worker process ended, at last with nothing else in it: want of memory, or a crash. "
    "The workers' log says what happened; mend that, then press Try again."
)


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
    losses: int = 0


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
        "longest_wait": LONGEST_WAIT_OF_A_SET,
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
    taken = [Claimed(*row[:11]) for row in rows if row[11] == SyncTask.State.RUNNING]
    behind = sorted({row[4] for row in rows if row[11] == SyncTask.State.BLOCKED})
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
        "losses": _losses_kept(end),
    }
    try:
        _rest_or_merge(task, parameters)
    except IntegrityError:
        # A hint made a new waiting task between our look and our update: this time we see it and join it.
        _rest_or_merge(task, parameters)


def _losses_kept(end: Ended) -> int:
    """How many losses are kept at most: who asks a person has survived, and who tries again need not be alone.

    An unknown outcome proves nothing: the run that looks up ends well, and the one that sends kills again.
    """
    if end.outcome in ("unknown", "paused", "handed on"):
        return MOST_LOSSES
    return 0 if end.state == SyncTask.State.HELD else LOSSES_BEFORE_ALONE - 1


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


def begin(task: Claimed) -> bool:
    """Note that the run of a task that was lost before begins; False where it is not ours any more."""
    with database.cursor() as cursor:
        cursor.execute(_BEGIN, [task.id, task.fence])
        return cursor.fetchone() is not None


def recover(credential: str, fence: int) -> int:
    """Make due what an earlier leaseholder left running; returns how many. Open attempts decide what comes.

    What has ended too many processes is quarantined. A flow over a set stands for every record of its connection: it
    is never given up, but it rests longer each time, and people are told.
    """
    parameters = {
        "credential": credential,
        "fence": fence,
        "alone": LOSSES_BEFORE_ALONE,
        "most": LOSSES_BEFORE_QUARANTINE,
        "longest": LONGEST_REST_AFTER_LOSS,
        "sets": [name for name, flow in FLOWS.items() if not flow.subject],
        "message": _WORKER_LOST,
        "given_up": _GIVEN_UP,
    }
    lost = []
    try:
        for statement in (_RECOVER, _JOIN_NEWER):
            lost += _recovered(statement, parameters)
    except IntegrityError:
        # A hint made a new waiting task between our look and our update: the next sweep sees and joins it.
        pass
    subjects = sorted({subject for _, _, subject, _, _ in lost})
    if subjects:
        unblock(subjects)
    return len(lost)


def _recovered(statement: str, parameters: dict[str, Any]) -> list[tuple[str, int, str, int, int]]:
    """Flow, connection, subject, losses and state of each; the alert is raised with the quarantine or not at all."""
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute(statement, parameters)
            rows: list[tuple[str, int, str, int, int]] = cursor.fetchall()
        for flow, connection_id, subject, losses, state in rows:
            if losses >= LOSSES_BEFORE_QUARANTINE:
                _tell_of_losses(flow, connection_id, subject, losses, state)
    return rows


def _tell_of_losses(flow: str, connection_id: int, subject: str, losses: int, state: int) -> None:
    is_given_up = state == SyncTask.State.QUARANTINED
    alerts.raise_alert(
        f"quarantined {flow}" if is_given_up else f"failing {flow} of {subject}",
        f"Task {flow} of {subject} ended its worker process {losses} times, as want of memory or a crash does"
        f"{', and waits for a person' if is_given_up else ''}. The workers' log says what happened; "
        f"{'then press Try again on its page.' if is_given_up else 'it is tried again, more seldom each time.'}",
        connection_id,
    )
