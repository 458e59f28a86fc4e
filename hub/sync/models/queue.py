"""How open work is remembered: tasks, their history, intended writes, cursors and schedules."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from hub.sync.models.connections import Connection
from hub.sync.tracking import noted


class SyncTask(models.Model):
    """One record waiting for one flow. Holds open work only; what is done lies in TaskHistory.

    `subject` names what a run decides about and locks: of all tasks with one subject at most one runs, whatever its
    flow or connection. `record_id` is our key of the record, 0 where the flow handles a set or a whole pull.
    `losses` is how often its worker ended under it; what was lost once notes in `begun_at` that its run began.
    """

    class State(models.IntegerChoices):
        WAITING = 0, "waiting"
        RUNNING = 1, "running"
        BLOCKED = 2, "behind its subject"
        HELD = 3, "needs review"
        QUARANTINED = 4, "quarantined"

    class Priority(models.IntegerChoices):
        INTERACTIVE = 10, "interactive"
        ORDER = 20, "order"
        NORMAL = 30, "normal"
        BACKGROUND = 40, "background"

    flow = models.CharField(max_length=60)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, db_index=False)
    record_id = models.BigIntegerField(default=0)
    subject = models.CharField(max_length=120)
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    state = models.SmallIntegerField(choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(db_default=Now())
    settle_at = models.DateTimeField(null=True)
    hints = models.IntegerField(default=1)
    attempts = models.IntegerField(default=0)
    last_outcome = models.CharField(max_length=20, default="", db_default="")
    last_error = models.TextField(default="", db_default="")
    evidence = models.TextField(default="", db_default="")
    fence = models.BigIntegerField(null=True)
    claimed_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)
    losses = models.SmallIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["flow", "connection", "record_id"], condition=~Q(state=1), name="task_waits_once"
            ),
            models.UniqueConstraint(fields=["subject"], condition=Q(state=1), name="subject_runs_once"),
        ]
        indexes = [
            models.Index(
                fields=["connection", "priority", "due_at", "id"],
                condition=Q(state=0),
                name="task_claim_order",
            ),
            models.Index(
                fields=["subject", "id"], condition=Q(state__in=[0, 1, 2]), name="task_subject_order"
            ),
            models.Index(fields=["connection", "fence"], condition=Q(state=1), name="task_running"),
            models.Index(fields=["state", "flow"], condition=Q(state__in=[2, 3, 4]), name="task_at_rest"),
        ]

    def __str__(self) -> str:
        return f"{self.flow} {self.record_id or self.subject}"


class TaskHistory(models.Model):
    """This task ended so. Kept for a set number of days."""

    task_id = models.BigIntegerField()
    flow = models.CharField(max_length=60)
    connection_id = models.BigIntegerField()
    record_id = models.BigIntegerField()
    subject = models.CharField(max_length=120)
    outcome = models.CharField(max_length=20)
    message = models.TextField()
    hints = models.IntegerField()
    attempts = models.IntegerField()
    created_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "task history"
        indexes = [
            models.Index(fields=["subject", "id"], name="history_of_subject"),
            # To find the oldest. Rows are written in the order of time: the least that an index can cost.
            BrinIndex(fields=["finished_at"], name="history_age", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.flow} {self.record_id or self.subject}: {self.outcome}"


class Attempt(models.Model):
    """One intended remote write, committed before its first byte. OPEN means nobody knows yet what became of it."""

    class State(models.TextChoices):
        OPEN = "open", "open"
        CONFIRMED = "confirmed", "confirmed"
        REFUSED = "refused", "refused"
        NOT_SENT = "not_sent", "not sent"
        LOST = "lost", "never appeared"

    task_id = models.BigIntegerField()
    flow = models.CharField(max_length=60)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    subject = models.CharField(max_length=120)
    operation = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    values = models.JSONField(default=dict)
    fence = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    external_id = models.CharField(max_length=120, default="", blank=True)
    started_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    settle_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["connection", "subject"], name="attempt_of_subject"),
            models.Index(fields=["connection", "id"], name="attempt_of_connection"),
            # The few: open ones are counted by every scrape of the metrics, among all that was ever written.
            models.Index(
                fields=["state", "id"], condition=~Q(state="confirmed"), name="attempt_not_confirmed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}: {self.state}"


class Cursor(models.Model):
    """How far a pull has got: the far side's stamp and id of the last record of a fully stored page.

    `covered_at` is when the last complete pass began, by the database's clock: whatever changed before it and was
    visible there has been mirrored. `deep_stamp` is the last record's stamp when a pass began that looked back as far
    as the far side's index may lag, and has ended; the passes between look back less far.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    flow = models.CharField(max_length=60)
    stamp = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=120, default="")
    covered_at = models.DateTimeField(null=True)
    deep_stamp = models.DateTimeField(null=True)

    class Meta:
        ordering = ["connection", "flow"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "flow"], name="cursor_once"),
        ]

    def __str__(self) -> str:
        return f"{self.flow} {self.stamp}"


class Schedule(models.Model):
    """When a flow runs by itself on a connection, and whether it runs at all."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    flow = models.CharField(max_length=60)
    is_enabled = models.BooleanField(default=True)
    every_seconds = models.PositiveIntegerField()
    next_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["connection", "flow"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "flow"], name="schedule_once"),
        ]
        triggers = noted("flow", unseen=["next_at"])

    def __str__(self) -> str:
        return f"{self.flow} every {self.every_seconds} s"
