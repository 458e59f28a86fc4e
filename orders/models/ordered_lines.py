"""What the lines of store orders take from stock, beside the mirror: looked up by SKU."""

from __future__ import annotations

from django.db import models

from hub.sync.models import Connection
from orders.models.mirrors import StoreOrder


class OrderedLine(models.Model):
    """A line of a mirrored store order that has a SKU: how many pieces of it are ordered now.

    Written with the mirror and by nothing else: pieces are as they are after edits, refunds and removals, so that a
    line of which none is left has no row. Whether the ERP's stock contains them is asked of the order's link
    (`orders.demand`), never kept here.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    order = models.ForeignKey(StoreOrder, on_delete=models.CASCADE, related_name="ordered", db_index=False)
    external_id = models.CharField(max_length=120)
    sku = models.CharField(max_length=255)
    pieces = models.PositiveIntegerField()

    class Meta:
        ordering = ["order_id", "pk"]
        constraints = [models.UniqueConstraint(fields=["order", "external_id"], name="line_ordered_once")]
        indexes = [models.Index(fields=["connection", "sku"], name="ordered_line_of_sku")]

    def __str__(self) -> str:
        return f"{self.pieces} × {self.sku} of {self.order}"
