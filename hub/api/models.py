"""Who may call the partner API, what for, and how often."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from hub.sync.models import Connection
from hub.sync.tracking import Named, noted, noted_part


class Scope(models.TextChoices):
    """What a key may do."""

    ORDERS = "orders:read", "Orders with both sides, link, holds and timeline"
    REVIEWS = "reviews:read", "Review items"
    FLOWS = "flows:read", "Flows with switch, schedule and counts"
    HEALTH = "health:read", "Health"
    HOLDS = "holds:read", "Held orders with their reasons"
    DECIDE = "holds:decide", "Approve and reject held orders"
    SHIPMENTS = "shipments:write", "Tell what was shipped"
    REQUESTS = "requests:write", "Ask to have orders cancelled and goods taken back"
    PLACE = "orders:write", "Place orders of a store's customers"


class ApiKey(models.Model):
    """A partner system's key. Only a keyed hash of its secret is kept (hub/api/keys.py).

    A key that is renewed has another secret and stays who it was: its permissions, idempotency keys and orders are
    its own as before. The secret before, `old_digest`, opens until `old_ends_at`; each has the time of its last use.

    `sees_all_connections` is said, never concluded from an empty list: a key whose last connection is deleted
    sees nothing.
    """

    name = models.CharField(max_length=80, unique=True, help_text="Which system of which partner uses it.")
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices), default=list)
    sees_all_connections = models.BooleanField(
        default=False, help_text="On: also connections that are added later."
    )
    connections = models.ManyToManyField(
        Connection,
        blank=True,
        related_name="+",
        help_text="It sees orders of these stores (with their ERP side), and review items and flows of these "
        "connections.",
    )
    requests_per_minute = models.PositiveIntegerField(
        default=600, validators=[MinValueValidator(1), MaxValueValidator(100_000)]
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="In UTC. Empty: it does not expire.")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    renewed_at = models.DateTimeField(null=True, blank=True, editable=False)
    old_digest = models.CharField(max_length=64, default="", blank=True, editable=False)
    old_ends_at = models.DateTimeField("Old secret ends at", null=True, blank=True, editable=False)
    old_used_at = models.DateTimeField("Old secret last used at", null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = "API key"
        # Of the key itself, `prefix` is what people tell keys apart by; it opens nothing.
        triggers = noted("name", unseen=["digest", "old_digest", "last_used_at", "old_used_at", "created_at"])

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def why_refused(self, now: datetime) -> str:
        """Why this key opens nothing any more; "" while it does."""
        if self.revoked_at is not None:
            return "This key was revoked. Ask for a new one."
        if self.expires_at is not None and self.expires_at <= now:
            return "This key has expired. Ask for a new one."
        return ""

    def why_old_refused(self, now: datetime) -> str:
        """Why the secret that this key had before opens nothing any more; "" while it does."""
        if self.old_ends_at is None or self.old_ends_at <= now:
            return "This key was renewed, and its old secret has ended. Use the new one."
        return ""


class NotedKeyConnection(ApiKey.connections.through):  # type: ignore[name-defined,misc]
    """Which connections a key sees: a change of the key."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = noted_part(
            "connection",
            Named("apikey_id", "api_apikey", "name"),
            Named("connection_id", "sync_connection", "name"),
        )


class KeyedWrite(models.Model):
    """A request that a key's holder had carried out under an idempotency key, with its answer; kept for some days."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+", db_index=False)
    idempotency_key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=32)
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["api_key", "idempotency_key"], name="keyed_write_once")
        ]
        indexes = [models.Index(fields=["api_key", "made_at"], name="keyed_write_by_age")]

    def __str__(self) -> str:
        return self.idempotency_key


class Allowance(models.Model):
    """How many requests a key has left: one row that every web process takes from. `tokens` is as of `measured_at`."""

    key = models.OneToOneField(ApiKey, primary_key=True, on_delete=models.CASCADE, related_name="+")
    tokens = models.FloatField()
    measured_at = models.DateTimeField()

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return f"{self.tokens:.1f} left"
