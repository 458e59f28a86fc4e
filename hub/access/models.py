"""What roles were given, so that nobody's own decision is undone."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Grant(models.Model):
    """This role was given this permission once. Whoever takes it away later has decided so."""

    role = models.CharField(max_length=150)
    permission = models.CharField(max_length=200)
    given_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["role", "permission"]
        constraints = [models.UniqueConstraint(fields=["role", "permission"], name="permission_given_once")]

    def __str__(self) -> str:
        return f"{self.role}: {self.permission}"
