"""What a person decides about items and warehouses."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from hub.sync.models import Connection
from hub.sync.tracking import noted


class ItemMapping(models.Model):
    """This SKU of the store is that item of the ERP. Made empty by the flow that met the SKU."""

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    sku = models.CharField(max_length=255)
    title = models.CharField(max_length=255, default="", blank=True)
    item_number = models.CharField(max_length=60, default="", blank=True)
    unit = models.CharField(max_length=20, default="", blank=True)
    units_per_piece = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        default=Decimal(1),
        db_default=Decimal(1),
        validators=[MinValueValidator(Decimal("0.000001"))],
        help_text="How much of the ERP's unit one piece in the store is: 0.25 for a bag of 250 g in kilograms.",
    )
    warehouse = models.CharField(
        max_length=255,
        default="",
        db_default="",
        blank=True,
        help_text="Its code in the ERP, which lines of this SKU name there. Empty: the ERP decides.",
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["item_number", "sku"]
        constraints = [
            models.UniqueConstraint(fields=["store", "erp", "sku"], name="sku_mapped_once"),
            models.CheckConstraint(
                condition=models.Q(units_per_piece__gt=0), name="units_per_piece_positive"
            ),
        ]
        triggers = noted("sku", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{self.sku} → {self.item_number or 'needs a value'}"


class StockMapping(models.Model):
    """This location of the store sells that share of what this warehouse of the ERP holds.

    A warehouse may have several, and a location, too. Made empty by the flow that met the warehouse.
    """

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    warehouse = models.CharField(max_length=255)
    location_external_id = models.CharField(
        max_length=120,
        default="",
        blank=True,
        help_text="The location's id in the store, as in gid://shopify/Location/1.",
    )
    share_percent = models.DecimalField(
        "share in percent",
        max_digits=7,
        decimal_places=4,
        default=Decimal(100),
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Shares of a warehouse may come to more than 100: then its locations sell the same goods.",
    )
    is_on = models.BooleanField(
        "on", default=True, help_text="While it is off, the location sells nothing from there."
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["location_external_id", "warehouse"]
        constraints = [
            models.UniqueConstraint(
                fields=["store", "erp", "warehouse", "location_external_id"], name="stock_mapped_once"
            ),
            models.CheckConstraint(
                condition=models.Q(share_percent__gte=0, share_percent__lte=100), name="stock_share_is_a_part"
            ),
        ]
        triggers = noted("warehouse", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{self.warehouse} → {self.location_external_id or 'needs a value'}"

    @property
    def share(self) -> Decimal:
        """From 0 to 1, as `inventory.rules` counts; 0 while it is off."""
        return self.share_percent / 100 if self.is_on else Decimal(0)
