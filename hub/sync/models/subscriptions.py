"""Which webhook subscriptions a store or an ERP holds for us, and since when."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from hub.sync.models.connections import Connection


class WebhookSubscription(models.Model):
    """Our copy of a subscription that delivers to us.

    `known_at` is when it was first seen: what was asked for by cursor after that leaves nothing out. `expires_at` is
    when it ends unless it is renewed, None where it does not end. `told_at` is when an ERP told something by it last.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    topic = models.CharField(max_length=100)
    external_id = models.CharField(max_length=120)
    address = models.TextField()
    api_version = models.CharField(max_length=20, default="", blank=True)
    known_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["connection", "topic", "external_id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="subscription_known_once"),
        ]

    def __str__(self) -> str:
        return self.topic
