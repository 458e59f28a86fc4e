"""Who may work for a credential now, and how much of its limits is left. The database clock rules."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Worker(models.Model):
    """One drain that is alive: it holds the advisory lock of `lock_key` on its own database session."""

    name = models.CharField(max_length=120, unique=True)
    lock_key = models.BigIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Lease(models.Model):
    """This worker serves this credential until then. `fence` grows with every change of hands."""

    credential = models.CharField(max_length=250, primary_key=True)
    owner = models.CharField(max_length=120, default="", blank=True)
    fence = models.BigIntegerField(default=0)
    until = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["credential"]

    def __str__(self) -> str:
        return f"{self.credential} #{self.fence}"


class Governor(models.Model):
    """What is left of a credential's limits; every process takes from this one row.

    `points` is what was left at `measured_at` in the credential's unit, growing by `rate` a second up to `burst`.
    `interactive_slots` are concurrency slots lent to web processes until `interactive_until`.
    """

    credential = models.CharField(max_length=250, primary_key=True)
    points = models.FloatField()
    burst = models.FloatField()
    rate = models.FloatField()
    concurrency = models.IntegerField()
    measured_at = models.DateTimeField(db_default=Now())
    blocked_until = models.DateTimeField(null=True)
    interactive_slots = models.IntegerField(default=0)
    interactive_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["credential"]

    def __str__(self) -> str:
        return self.credential


class StoredToken(models.Model):
    """The bearer token of a credential, encrypted, shared by all processes."""

    credential = models.CharField(max_length=250, primary_key=True)
    token = models.TextField()
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["credential"]

    def __str__(self) -> str:
        return f"token of {self.credential}"
