"""Webhooks as they arrived, stored before anything believes them."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from hub.sync.models.connections import Connection


class WebhookDelivery(models.Model):
    """One signed webhook, body as bytes. NEW waits for the drain, FLAGGED could not be used and says why."""

    class State(models.IntegerChoices):
        NEW = 0, "new"
        DONE = 1, "done"
        FLAGGED = 2, "flagged"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, db_index=False)
    topic = models.CharField(max_length=100)
    webhook_id = models.CharField(max_length=100)
    event_id = models.CharField(max_length=100, default="")
    api_version = models.CharField(max_length=20, default="")
    triggered_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(db_default=Now())
    body = models.BinaryField()
    state = models.SmallIntegerField(choices=State.choices, default=State.NEW)
    reason = models.CharField(max_length=250, default="", db_default="")

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "topic", "webhook_id"], name="delivery_stored_once"
            ),
        ]
        indexes = [
            models.Index(fields=["connection", "id"], condition=Q(state=0), name="delivery_new"),
            models.Index(fields=["connection", "received_at"], name="delivery_of_store"),
            # To find the oldest. Rows are written in the order of time: the least that an index can cost.
            BrinIndex(fields=["received_at"], name="delivery_age_range", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.webhook_id}"
