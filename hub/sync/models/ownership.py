"""Who owns which field of which data object, and what a conflict does."""

from __future__ import annotations

from django.db import models

from hub.sync.tracking import noted


class FieldOwner(models.Model):
    """The owner of one field: its value wins. `on_conflict` says what happens when both sides changed it."""

    class Owner(models.TextChoices):
        STORE = "store", "Store"
        ERP = "erp", "ERP"
        HUB = "hub", "Hub"

    class Rule(models.TextChoices):
        OWNER = "owner", "The owner's value is taken"
        REVIEW = "review", "A person decides"

    object = models.CharField(max_length=40)
    field = models.CharField(max_length=60)
    owner = models.CharField(max_length=10, choices=Owner.choices)
    on_conflict = models.CharField(max_length=10, choices=Rule.choices, default=Rule.REVIEW)

    class Meta:
        ordering = ["object", "field"]
        constraints = [models.UniqueConstraint(fields=["object", "field"], name="field_owned_once")]
        triggers = noted("object", "field")

    def __str__(self) -> str:
        return f"{self.object}.{self.field}: {self.owner}"
