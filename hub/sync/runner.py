"""Runs one task. The only place that catches SyncError: it turns each into what happens next."""

from __future__ import annotations

import logging
import random
import traceback
from datetime import UTC, datetime

from django.db import DatabaseError, InterfaceError, OperationalError
from django.db import connection as database

from hub.errors import ConnectionBroken, NeedsReview, OutcomeUnknown, RateLimited, TryLater, Unsettled
from hub.lib.text import storable
from hub.sync import alerts, review
from hub.sync.claims import Claimed, Ended
from hub.sync.flows import run_of
from hub.sync.models import Connection, SyncTask

logger = logging.getLogger(__name__)

FIRST_LOOK_UP = 1.0
UNREACHABLE_WAIT = 4.0
NOT_READY_WAIT = 30.0
BACK_OFF_BASE = 5.0
BACK_OFF_LONGEST = 900.0
ATTEMPTS_BEFORE_QUARANTINE = 4

Waiting, Held, Quarantined = SyncTask.State.WAITING, SyncTask.State.HELD, SyncTask.State.QUARANTINED


def run(task: Claimed, connection: Connection) -> Ended:
    """Run the task's flow and say how it ended. Raises nothing but what a dead database makes impossible to note."""
    try:
        return _run(task, connection)
    except (OperationalError, InterfaceError) as error:
        database.close()
        return Ended(task, "retry", f"The database did not answer: {error}", Waiting, after=_jittered(2.0))
    except Exception as error:
        # A bug in a flow must not stop its neighbours; it is kept with its traceback.
        return _bug(task, error)


def _run(task: Claimed, connection: Connection) -> Ended:
    try:
        return Ended(task, "done", run_of(task.flow)(connection, task.record_id))
    except OutcomeUnknown as error:
        return Ended(task, "unknown", str(error), Waiting, after=_jittered(FIRST_LOOK_UP), settle=True)
    except TryLater as error:
        return _later(task, error)
    except NeedsReview as error:
        review.open_item(task.flow, task.connection_id, task.record_id, task.subject, error)
        return Ended(task, "held", str(error), Held)
    except ConnectionBroken as error:
        pause(connection, str(error))
        return Ended(task, "paused", str(error), Waiting)


def _later(task: Claimed, error: TryLater) -> Ended:
    if isinstance(error, Unsettled):
        return Ended(task, "unknown", str(error), Waiting, after=error.after or FIRST_LOOK_UP, settle=True)
    if error.after is not None:
        wait = error.after
    elif error.burns_attempt:
        wait = min(BACK_OFF_BASE * 2.0**task.attempts, BACK_OFF_LONGEST)
    else:
        wait = NOT_READY_WAIT if not isinstance(error, RateLimited) else 1.0
    name = type(error).__name__
    return Ended(
        task,
        "retry",
        f"{name}: {error}",
        Waiting,
        after=_jittered(wait),
        burn=1 if error.burns_attempt else 0,
    )


def _bug(task: Claimed, error: Exception) -> Ended:
    evidence = storable(traceback.format_exc())
    message = evidence.strip().splitlines()[-1]
    logger.error("flow failed", extra={"flow": task.flow, "subject": task.subject, "traceback": evidence})
    if isinstance(error, DatabaseError):
        database.close()
    if task.attempts + 1 < ATTEMPTS_BEFORE_QUARANTINE:
        wait = _jittered(BACK_OFF_BASE * 2.0**task.attempts)
        return Ended(task, "retry", message, Waiting, after=wait, burn=1, evidence=evidence)
    alerts.raise_alert(
        f"quarantined {task.flow}",
        f"Task {task.flow} of {task.subject} failed {task.attempts + 1} times and waits for a person: {message}",
        task.connection_id,
    )
    return Ended(task, "quarantined", message, Quarantined, burn=1, evidence=evidence)


def pause(connection: Connection, reason: str) -> None:
    """Stop all work of a connection until a connection test succeeds; one alert."""
    changed = Connection.objects.filter(pk=connection.pk, paused_at=None).update(
        paused_at=datetime.now(UTC), pause_reason=reason
    )
    if changed:
        alerts.raise_alert(
            f"connection {connection.pk} paused",
            f"{connection.name} is paused: {reason} Mend it on the connection's page and press Test connection.",
            connection.pk,
        )


def resume(connection: Connection) -> None:
    """Let work go on after a successful connection test."""
    Connection.objects.filter(pk=connection.pk).update(paused_at=None, pause_reason="")
    alerts.close_alert(f"connection {connection.pk} paused")


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.25)
