"""Runs one task. The only place that catches SyncError: it turns each into what happens next."""

from __future__ import annotations

import logging
import random
import traceback
from datetime import UTC, datetime

from django.db import DatabaseError, InterfaceError, InternalError, OperationalError
from django.db import connection as database

from hub.errors import (
    ConnectionBroken,
    NeedsReview,
    OutcomeUnknown,
    RateLimited,
    TryLater,
    Unreachable,
    Unsettled,
)
from hub.lib.text import storable
from hub.sync import alerts, claims, review
from hub.sync.claims import LOSSES_BEFORE_ALONE, Claimed, Ended
from hub.sync.flows import FLOWS, run_of
from hub.sync.gate import Gate
from hub.sync.models import Connection, SyncTask

logger = logging.getLogger(__name__)

FIRST_LOOK_UP = 1.0
# Seconds until the next try where the error names none. A far side that is down makes its credential rest anyway.
WAITS: tuple[tuple[type[TryLater], float], ...] = ((RateLimited, 1.0), (Unreachable, 4.0), (TryLater, 30.0))
BACK_OFF_BASE = 5.0
BACK_OFF_LONGEST = 900.0
ATTEMPTS_BEFORE_QUARANTINE = 4

Waiting, Held, Quarantined = SyncTask.State.WAITING, SyncTask.State.HELD, SyncTask.State.QUARANTINED


# How long a task that must run alone waits for the others to end, and how long until it tries again.
PATIENCE_TO_BE_ALONE = 10.0
ALONE_AGAIN_AFTER = 30.0
_gate = Gate()


def run(task: Claimed, connection: Connection) -> Ended:
    """Run the task's flow and say how it ended. Raises nothing but what a dead database makes impossible to note.

    A record whose worker was lost again and again runs alone: it is innocent, or it ends a process in which nothing
    else runs (claims.py says what follows). A flow over a set may take an hour and is never given up: it never does.
    """
    if task.losses < LOSSES_BEFORE_ALONE or _is_set(task):
        with _gate.among_others():
            return _noted(task, connection)
    if not _gate.close(PATIENCE_TO_BE_ALONE):
        return Ended(task, "handed on", "It waits until it can run alone.", Waiting, after=ALONE_AGAIN_AFTER)
    try:
        return _noted(task, connection)
    finally:
        _gate.open()


def _is_set(task: Claimed) -> bool:
    """Whether the flow stands for every record of its connection."""
    return task.flow in FLOWS and not FLOWS[task.flow].subject


def _noted(task: Claimed, connection: Connection) -> Ended:
    try:
        if task.losses and not claims.begin(task):
            return Ended(task, "handed on", "", Waiting)
        return _run(task, connection)
    except (OperationalError, InterfaceError, InternalError) as error:
        # Internal: a session that was ended because its process had stood still, or a server that only reads.
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
        wait = min(BACK_OFF_BASE * 2.0 ** min(task.attempts, 10), BACK_OFF_LONGEST)
    else:
        wait = next(seconds for kind, seconds in WAITS if isinstance(error, kind))
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
    retry = Ended(task, "retry", message, Waiting, after=_back_off(task), burn=1, evidence=evidence)
    if task.attempts + 1 < ATTEMPTS_BEFORE_QUARANTINE:
        return retry
    # A flow over a set is never given up, people are told.
    is_set = _is_set(task)
    alerts.raise_alert(
        f"failing {task.flow} of {task.subject}" if is_set else f"quarantined {task.flow}",
        f"Task {task.flow} of {task.subject} failed {task.attempts + 1} times"
        f"{'' if is_set else ' and waits for a person'}: {message}",
        task.connection_id,
    )
    if is_set:
        return retry
    return Ended(task, "quarantined", message, Quarantined, burn=1, evidence=evidence)


def pause(connection: Connection, reason: str) -> None:
    """Stop all work of a connection until a connection test succeeds; one alert."""
    reason = storable(reason)
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


def _back_off(task: Claimed) -> float:
    """Seconds to the next attempt: doubled each time up to a quarter of an hour."""
    return _jittered(min(BACK_OFF_BASE * 2.0 ** min(task.attempts, 10), BACK_OFF_LONGEST))


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.25)
