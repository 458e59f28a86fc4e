"""Our copies of what ERPs say of stock, and how far a look over all of it has come."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from hub.connectors.capabilities import Capability
from hub.connectors.stock import CommitsFrom
from hub.sync.flows import missing_capabilities
from hub.sync.models import Connection


class ErpItem(models.Model):
    """Our copy of an ERP's item, as far as its stock goes: the reading that all its stock levels are of.

    Also of an item that no SKU is mapped to yet, and of one without any stock: that there was none is known then.
    `read_at` is the moment, by the database's clock, before which everything is contained in its levels. `commits_from`
    says which orders they contain as committed.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    item_number = models.CharField(max_length=255)
    commits_from = models.CharField(max_length=9, choices=[(one.value, one.value) for one in CommitsFrom])
    read_at = models.DateTimeField()

    class Meta:
        ordering = ["connection", "item_number"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "item_number"], name="item_mirrored_once")
        ]

    def __str__(self) -> str:
        return self.item_number


class ErpStockLevel(models.Model):
    """Our copy of what one warehouse has of one item. Quantities are in `unit`, the item's base unit in the ERP.

    `receipts` are what is to come, the soonest first: quantity, and the ERP's day, null where it tells none;
    `on_order` is their sum. A warehouse that the ERP names no more for the item stays, with nothing in it.
    `changed_at` is when what it says became what it is.
    """

    item = models.ForeignKey(ErpItem, on_delete=models.CASCADE, related_name="levels", db_index=False)
    warehouse = models.CharField(max_length=255)
    on_hand = models.DecimalField(max_digits=20, decimal_places=6)
    committed = models.DecimalField(max_digits=20, decimal_places=6)
    safety_stock = models.DecimalField(max_digits=20, decimal_places=6)
    on_order = models.DecimalField(max_digits=20, decimal_places=6)
    unit = models.CharField(max_length=40, default="", blank=True)
    receipts = models.JSONField(default=list, blank=True)
    lead_days = models.PositiveIntegerField(null=True, blank=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["item_id", "warehouse"]
        constraints = [
            models.UniqueConstraint(fields=["item", "warehouse"], name="stock_level_mirrored_once")
        ]

    def __str__(self) -> str:
        return f"{self.item} in {self.warehouse}"


class StockScan(models.Model):
    """A look at every item that an ERP keeps in stock: how far it has come.

    `position` is the ERP's own, behind the last page that was stored; null before the first page and once all items
    that it lists were read.
    """

    class State(models.TextChoices):
        DONE = "done", "done"
        LISTED = "listed", "reading what the ERP does not list any more"
        RUNNING = "running", "running"

    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=7, choices=State.choices, default=State.RUNNING)
    position = models.TextField(null=True, blank=True)  # noqa: DJ001 - an ERP's position may be empty text
    items = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField("items that were different", default=0)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["erp"], condition=~Q(state="done"), name="one_stock_scan_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.erp}, begun {self.started_at:%Y-%m-%d %H:%M} UTC" if self.pk else str(self.erp)

    def clean(self) -> None:
        """Asked for where it can be done, and one at a time."""
        if self.erp_id is None:
            return
        reason = missing_capabilities(self.erp).get(Capability.READ_STOCK)
        if reason:
            raise ValidationError({"erp": f"{self.erp} does not tell its stock: {reason}."})
        going = StockScan.objects.filter(erp=self.erp).exclude(pk=self.pk).exclude(state=self.State.DONE)
        if (first := going.first()) is not None:
            raise ValidationError(
                {"erp": f"It is being scanned already: {first}, {first.items} items so far."}
            )
