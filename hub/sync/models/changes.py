"""Who changed which mapping or setting when. Written by the database itself: see hub.sync.tracking."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Change(models.Model):
    """One row was made, changed or deleted. `before` and `after` hold only what became another value.

    `changed_by` is the name of the person who was signed in, "" where nobody was. `origin` is the page that it was
    done on, else the flow ("flow …") or the command ("manage.py …"); "" for plain SQL.
    """

    class Operation(models.TextChoices):
        INSERT = "insert", "made"
        UPDATE = "update", "changed"
        DELETE = "delete", "deleted"

    changed_at = models.DateTimeField(db_default=Now())
    operation = models.CharField(max_length=6, choices=Operation.choices)
    table_name = models.CharField("kind", max_length=63)
    object_id = models.BigIntegerField("row")
    title = models.CharField("what", max_length=250)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    changed_by = models.CharField(max_length=150, default="")
    origin = models.CharField(max_length=250, default="")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["table_name", "object_id", "-id"], name="change_of_row"),
            models.Index(fields=["title", "-id"], name="change_of_title"),
            models.Index(fields=["changed_by", "-id"], condition=~Q(changed_by=""), name="change_by_person"),
        ]
        triggers = [pgtrigger.Protect(name="never_rewritten", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.title} {self.get_operation_display()}"
