"""What became of every order of a store, counted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from hub.sync.models import Connection


class OrderLedger(models.Model):
    """One count of a store's orders since `since`: each is in exactly one of the five classes.

    `listed` is how many the store's own list names as changed since then, `missed` how many of these neither a webhook
    nor the cursor had brought as they are; those were read. `reasons` are why orders are excluded or held, with how
    many each. While `finished_at` is empty the store's list is still being read; the position says how far.
    """

    store = models.ForeignKey(Connection, on_delete=models.CASCADE, db_index=False)
    began_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    since = models.DateTimeField()
    position_stamp = models.DateTimeField(null=True, blank=True)
    position_id = models.CharField(max_length=120, default="", blank=True)
    listed = models.PositiveIntegerField(default=0)
    missed = models.PositiveIntegerField(default=0)
    in_erp = models.PositiveIntegerField("in the ERP", default=0)
    held = models.PositiveIntegerField(default=0)
    excluded = models.PositiveIntegerField(default=0)
    on_its_way = models.PositiveIntegerField(default=0)
    unexplained = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "order ledger"
        constraints = [
            models.UniqueConstraint(
                fields=["store"], condition=Q(finished_at=None), name="order_ledger_open_once"
            )
        ]
        indexes = [models.Index(fields=["store", "-id"], name="order_ledger_of_store")]

    def __str__(self) -> str:
        return f"{self.store}, {self.began_at:%Y-%m-%d %H:%M} UTC"

    @property
    def total(self) -> int:
        """How many orders were placed since then."""
        return self.in_erp + self.held + self.excluded + self.on_its_way + self.unexplained
