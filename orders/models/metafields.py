"""What a store keeps beside an order under names of its own, as far as a mapping asks for it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hub.sync.models import Connection
from orders.models.mirrors import StoreOrder


class OrderMetafields(models.Model):
    """The metafields of one order that were asked for, as of `read_at`.

    Only orders of stores with a mapping of metafields have a row. `held` is by name; null where the order holds
    nothing under a name that was asked for; what the store says of its risk stands there as well. A row that was
    marked while it was being read is read once more.
    """

    order = models.OneToOneField(
        StoreOrder, primary_key=True, on_delete=models.PROTECT, related_name="metafields"
    )
    # The index below begins with it.
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    needs_read = models.BooleanField()
    marked_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    held = models.JSONField(default=dict)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "order metafields"
        indexes = [
            models.Index(
                fields=["connection", "order"], condition=Q(needs_read=True), name="metafields_to_read"
            )
        ]

    def __str__(self) -> str:
        return f"metafields of order {self.order_id}"
