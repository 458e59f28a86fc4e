"""Intended remote writes, committed before their first byte, so that a lost answer is always looked up first.

Rule: an OPEN attempt of a subject means that its write may have been carried out. The flow looks it up by the
connector's recipe. Found: adopt. Not found while `settle_at` has not passed: wait. Not found after it: the attempt
is LOST, a new one may begin, and the flow looks for a twin once more afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database

from hub.errors import ConnectionBroken, NeedsReview, NotReadyYet, OutcomeUnknown, TryLater, Unsettled
from hub.sync.models import Attempt
from hub.sync.prepared import prepared_cursor, rows_of
from hub.sync.running import this_run

# Only the worker that holds the lease, under the fence of its claim, may begin a write.
_COLUMNS = [field.attname for field in Attempt._meta.concrete_fields]
_BEGIN = f"""
INSERT INTO sync_attempt (task_id, flow, connection_id, subject, operation, key, values, fence, state, external_id,
                          started_at, deadline_at, settle_at)
SELECT t.id, t.flow, t.connection_id, t.subject, %(operation)s::text, %(key)s::text, %(values)s::jsonb, t.fence,
       'open', '',
       statement_timestamp(), statement_timestamp() + make_interval(secs => %(deadline)s::float8),
       statement_timestamp() + make_interval(secs => %(deadline)s::float8 + %(settle)s::float8)
FROM sync_synctask t JOIN sync_connection c ON c.id = t.connection_id
JOIN sync_lease l ON l.credential = c.credential
WHERE t.id = %(task_id)s::bigint AND t.state = 1 AND t.fence = %(fence)s::bigint AND c.may_write
  AND c.is_enabled AND c.paused_at IS NULL
  AND l.fence = %(fence)s::bigint AND l.owner = %(worker)s::text
  AND l.until > clock_timestamp() + make_interval(secs => %(deadline)s::float8)
RETURNING {", ".join(_COLUMNS)}
"""
# The document that was carried out lives on with its link; of one that was not it stays to be looked at.
_CLOSE = """
UPDATE sync_attempt SET state = %(state)s::text, external_id = %(external_id)s::text, finished_at = clock_timestamp(),
    values = CASE WHEN %(state)s::text = 'confirmed' THEN values - 'document' ELSE values END
WHERE id = %(id)s::bigint
"""


@contextmanager
def intend(
    operation: str, key: str, values: dict[str, Any], *, deadline: timedelta, settle_after: timedelta
) -> Iterator[Attempt]:
    """Commit the intention, let the body send it, and note what became of it.

    A refusal or a write that was never sent closes the attempt; anything else leaves it open until
    `confirm` or a look-up. Raises NotReadyYet where this worker may not write any more.
    """
    attempt = _begin(operation, key, values, deadline, settle_after)
    try:
        yield attempt
    except NeedsReview:
        close(attempt, Attempt.State.REFUSED)
        raise
    except (TryLater, ConnectionBroken):
        # A credential that is refused is refused before anything is carried out.
        close(attempt, Attempt.State.NOT_SENT)
        raise
    except OutcomeUnknown:
        _settles_from_now(attempt, settle_after)
        raise


def _settles_from_now(attempt: Attempt, settle: timedelta) -> None:
    """We have only now stopped sending: a pause between intention and first byte must not eat the settle time."""
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE sync_attempt SET settle_at = GREATEST(settle_at, clock_timestamp() + make_interval(secs => %s))"
            " WHERE id = %s",
            [settle.total_seconds(), attempt.pk],
        )


def _begin(
    operation: str, key: str, values: dict[str, Any], deadline: timedelta, settle: timedelta
) -> Attempt:
    run = this_run()
    parameters = {
        "operation": operation,
        "key": key,
        "values": json.dumps(values),
        "task_id": run.task.id,
        "fence": run.task.fence,
        "worker": run.worker,
        "deadline": deadline.total_seconds(),
        "settle": settle.total_seconds(),
    }
    begun = rows_of(_BEGIN, parameters)
    if not begun:
        raise NotReadyYet(
            "This worker may not send now: its lease has passed on, or the connection, or writing to it, "
            "is switched off on its page.",
            after=30.0,
        )
    attempt = Attempt.from_db("default", _COLUMNS, begun[0])
    attempt.values = values
    return attempt


def open_attempts(connection_id: int, subject: str) -> list[Attempt]:
    """The subject's attempts with an unknown outcome, oldest first."""
    return list(
        Attempt.objects.filter(
            connection_id=connection_id, subject=subject, state=Attempt.State.OPEN
        ).order_by("pk")
    )


def close(attempt: Attempt, state: Attempt.State, external_id: str = "") -> None:
    """Note what became of an attempt. Facts about the far side are always accepted, whoever holds the lease."""
    with prepared_cursor() as cursor:
        cursor.execute(_CLOSE, {"state": state, "external_id": external_id, "id": attempt.pk})


def wait_until_settled(attempts: list[Attempt]) -> None:
    """Raises Unsettled while a lost write of these may still appear; returns once none may."""
    left = seconds_until(max(attempt.settle_at for attempt in attempts))
    if left > 0:
        looks_soon = min(left, max(1.0, left / 4))
        raise Unsettled(
            "The answer to an earlier send was lost and nothing is found there yet; "
            f"it may appear for {left:.0f} s more.",
            after=looks_soon,
        )


def seconds_until(moment: datetime) -> float:
    """Seconds from now to a moment by the database's clock; negative when it has passed."""
    with database.cursor() as cursor:
        cursor.execute("SELECT EXTRACT(EPOCH FROM %s::timestamptz - clock_timestamp())::float8", [moment])
        return float(cursor.fetchone()[0])
