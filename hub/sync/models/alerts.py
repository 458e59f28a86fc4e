"""Who is told when something needs hands, and what was told."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from hub.sync.models.connections import Connection


class AlertChannel(models.Model):
    """An address that every alert goes to."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook (POST, JSON)"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    address = models.CharField(max_length=250)
    is_enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["kind", "address"]

    def __str__(self) -> str:
        return f"{self.kind} {self.address}"


class Alert(models.Model):
    """One cause, told once for as long as it lasts.

    Until `tell_at` nobody tells it: somebody does just now, or nobody took it a moment ago.
    """

    cause = models.CharField(max_length=120)
    connection = models.ForeignKey(Connection, null=True, on_delete=models.CASCADE)
    message = models.TextField()
    count = models.IntegerField(default=1)
    opened_at = models.DateTimeField(db_default=Now())
    tell_at = models.DateTimeField(db_default=Now())
    told_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["cause"], condition=Q(closed_at=None), name="alert_open_once"),
        ]

    def __str__(self) -> str:
        return f"{self.cause}: {self.message[:80]}"
