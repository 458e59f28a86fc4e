"""The net below the hints: schedules, forgotten blocks, retention, alerts. Safe to run in every drain at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection as database
from django.db import transaction

from hub.sync import alerts, backlog
from hub.sync.enqueue import enqueue, goes_first, unblock
from hub.sync.flows import FLOWS, Flow
from hub.sync.models import Connection, Schedule

# Sessions say themselves until when they are good.
KEPT_DAYS = {"deliveries": 14, "calls": 14, "history": 30, "sessions": 0}
SWEPT_AT_ONCE = 5000

# Each schedule has moments of its own, a golden section of its interval after those of the row before: connections that
# were made together do not ask all at once for ever. The next of them is at least half an interval away.
_DUE_SCHEDULES = """
WITH due AS (
    SELECT d.id AS due_id, every_seconds AS every,
           every_seconds - mod(extract(epoch FROM clock_timestamp()) + every_seconds * mod(d.id * 0.6180339887, 1),
                               every_seconds) AS ahead
    FROM sync_schedule d JOIN sync_connection c ON c.id = d.connection_id
    WHERE d.next_at <= now() AND d.is_enabled AND c.is_enabled AND c.paused_at IS NULL
    ORDER BY d.id FOR UPDATE OF d SKIP LOCKED)
UPDATE sync_schedule SET next_at = clock_timestamp()
    + make_interval(secs => (CASE WHEN ahead * 2 < every THEN ahead + every ELSE ahead END)::float8)
FROM due WHERE id = due_id
RETURNING connection_id, flow
"""

_FORGOTTEN = f"""
SELECT DISTINCT b.subject FROM sync_synctask b WHERE b.state = 2 AND NOT EXISTS (
    SELECT 1 FROM sync_synctask o WHERE o.subject = b.subject AND o.id <> b.id
    AND o.state IN (0, 1, 2) AND {goes_first("o", "b")})
LIMIT 1000
"""

_HAS_WORK = """
SELECT EXISTS (SELECT 1 FROM sync_webhookdelivery d JOIN sync_connection c ON c.id = d.connection_id
               WHERE d.state = 0 AND c.is_enabled)
    OR EXISTS (SELECT 1 FROM sync_schedule s JOIN sync_connection c ON c.id = s.connection_id
               WHERE s.next_at <= now() AND s.is_enabled AND c.is_enabled AND c.paused_at IS NULL)
    OR EXISTS (SELECT 1 FROM sync_connection c CROSS JOIN unnest(%s::int[]) AS p(priority)
               WHERE c.is_enabled AND c.paused_at IS NULL AND EXISTS (
                   SELECT 1 FROM sync_synctask t WHERE t.connection_id = c.id AND t.priority = p.priority
                   AND t.state = 0 AND t.due_at <= now()))
    OR EXISTS (SELECT 1 FROM sync_synctask t WHERE t.state = 1)
"""


def has_work() -> bool:
    """Whether a drain would find something to do now."""
    from hub.sync.claims import PRIORITIES

    with database.cursor() as cursor:
        cursor.execute(_HAS_WORK, [PRIORITIES])
        return bool(cursor.fetchone()[0])


def plan_schedules() -> None:
    """Every enabled connection has a schedule row for each flow that runs by itself on its side, and suits it."""
    planned = set(Schedule.objects.values_list("connection_id", "flow"))
    Schedule.objects.bulk_create(
        [
            Schedule(connection=each, flow=name, every_seconds=flow.every, **_first(flow))
            for each in Connection.objects.filter(is_enabled=True).only("side", "system", "config")
            for name, flow in FLOWS.items()
            if flow.every and flow.runs_on(each.side) and (each.pk, name) not in planned and flow.suits(each)
        ],
        ignore_conflicts=True,
    )


def _first(flow: Flow) -> dict[str, datetime]:
    """When a new schedule is due first, where that is not at once."""
    return {"next_at": datetime.now(UTC) + timedelta(seconds=flow.every)} if flow.begins_later else {}


def enqueue_due_schedules() -> int:
    """Enqueue every flow whose time has come, both or neither; returns how many."""
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute(_DUE_SCHEDULES)
            due = cursor.fetchall()
        for connection_id, flow in due:
            if flow in FLOWS:
                enqueue(flow, connection_id)
    return len(due)


def unblock_forgotten() -> int:
    """Let go what a crash between two statements left blocked, or a connection paused since; returns how many went."""
    with database.cursor() as cursor:
        cursor.execute(_FORGOTTEN)
        subjects = [row[0] for row in cursor.fetchall()]
    return unblock(subjects) if subjects else 0


def forget_old(most: int = SWEPT_AT_ONCE) -> None:
    """Delete what is older than its class is kept, and expired sessions; at most so many rows of each."""
    rules = (
        ("sync_webhookdelivery", "id", "received_at", "deliveries", "AND state <> 0"),
        ("sync_apicall", "id", "started_at", "calls", ""),
        ("sync_taskhistory", "id", "finished_at", "history", ""),
        # Signing in makes one, only signing out deletes it.
        ("django_session", "session_key", "expire_date", "sessions", ""),
    )
    with database.cursor() as cursor:
        for table, key, column, kind, condition in rules:
            cursor.execute(
                # A subquery in IN (…) may be asked anew for each row, and then deletes more than its LIMIT.
                f"WITH old AS MATERIALIZED (SELECT {key} FROM {table}"  # noqa: S608 - names from above
                f" WHERE {column} < now() - make_interval(days => %s) {condition} ORDER BY {column} LIMIT %s"
                f" FOR UPDATE SKIP LOCKED) DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM old)",
                [KEPT_DAYS[kind], most],
            )


def minutely() -> None:
    """What is worth doing once a minute."""
    forget_old()
    backlog.tell_overdue()
    alerts.tell_people()
