"""Take a task out of the queue because a person says so; the history says who, and nothing is forgotten over there."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection as database
from django.db import transaction

from hub.sync.claims import let_next_go
from hub.sync.models import Attempt, ReviewItem, SyncTask

CANCELLED = "cancelled"

_TO_HISTORY = """
WITH gone AS (DELETE FROM sync_synctask WHERE id = %(id)s RETURNING *)
INSERT INTO sync_taskhistory (task_id, flow, connection_id, record_id, subject, outcome, message, hints, attempts,
                              created_at, claimed_at, finished_at)
SELECT id, flow, connection_id, record_id, subject, %(outcome)s, %(message)s, hints, attempts, created_at, claimed_at,
       clock_timestamp() FROM gone
"""


def cancel(task_id: int, *, user_id: int | None, username: str) -> str:
    """Cancel a task that does not run; returns why it was not cancelled, "" where it was.

    A task whose write may have been carried out stays: only its next run finds out what became of it. Its open
    question is closed with it. Whatever hints at the record later starts a new task.
    """
    with transaction.atomic():
        # Locked first, looked at after: whoever ran it until now has committed its attempt by then.
        task = SyncTask.objects.select_for_update().filter(pk=task_id).first()
        if refusal := _refusal(task):
            return refusal
        assert task is not None
        before = f" It was {task.get_state_display()}: {task.last_error}" if task.last_error else ""
        with database.cursor() as cursor:
            cursor.execute(
                _TO_HISTORY,
                {"id": task.pk, "outcome": CANCELLED, "message": f"Cancelled by {username}.{before}"},
            )
        _close_question(task, user_id)
    let_next_go([task.subject])
    return ""


def _refusal(task: SyncTask | None) -> str:
    if task is None:
        return "It has ended already."
    if task.state == SyncTask.State.RUNNING:
        return "It runs just now; look again in a moment."
    if Attempt.objects.filter(
        connection_id=task.connection_id, subject=task.subject, state=Attempt.State.OPEN
    ).exists():
        return (
            "A write of it may have been carried out, and only its next run finds out. "
            "Cancel it when that attempt is closed."
        )
    return ""


def _close_question(task: SyncTask, user_id: int | None) -> None:
    now = datetime.now(UTC)
    ReviewItem.objects.filter(
        flow=task.flow,
        connection_id=task.connection_id,
        record_id=task.record_id,
        state=ReviewItem.State.OPEN,
    ).update(
        state=ReviewItem.State.DECIDED,
        decision=CANCELLED,
        decided_by_id=user_id,
        closed_at=now,
        changed_at=now,
    )
