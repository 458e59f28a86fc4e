"""What a person decides about items."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MinValueValidator
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
