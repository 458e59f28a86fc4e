"""What a store's orders are watched for beside what every flow checks by itself, and from when on people are told."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from hub.sync.models import Connection
from hub.sync.tracking import noted

LONGEST_WATCH = MaxValueValidator(60)


class OrderWatch(models.Model):
    """Thresholds of one store. A store without such a row is watched with the defaults.

    What concerns the ERP's side alone goes by the strictest of the stores that share the ERP.
    """

    store = models.OneToOneField(Connection, on_delete=models.PROTECT, related_name="order_watch")
    looks_back_days = models.PositiveIntegerField(
        default=14,
        validators=[MinValueValidator(1), LONGEST_WATCH],
        help_text="Orders that were placed, sent or changed within so many days are looked at.",
    )
    watches_duplicates = models.BooleanField(
        default=True, help_text="Two orders of one customer with one PO number that nobody decided about."
    )
    watches_totals = models.BooleanField(
        default=True, help_text="Documents whose totals were equal and are not any more."
    )
    watches_skus = models.BooleanField(
        "watches blank SKUs",
        default=True,
        help_text="Orders that the ERP took, with an item line that names no item.",
    )
    watches_instructions = models.BooleanField(
        default=True,
        help_text="Notes, attributes and line properties that were sent and are not in the ERP's document.",
    )
    offline_minutes = models.PositiveIntegerField(
        default=60,
        null=True,
        blank=True,
        help_text="An order that the ERP took is missing in the store after so many minutes. Empty: not watched.",
    )
    stale_minutes = models.PositiveIntegerField(
        default=60,
        null=True,
        blank=True,
        help_text="A change may wait so many minutes before the other side knows it. Empty: not watched.",
    )
    tax_days = models.PositiveIntegerField(
        default=3,
        null=True,
        blank=True,
        help_text="Questions about tax may wait so many days. Empty: not watched.",
    )
    freight_tolerance = models.DecimalField(
        max_digits=20,
        decimal_places=6,
        null=True,
        blank=True,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
        help_text="By how much the ERP's freight may differ from what the store charged, in the order's currency. "
        "Empty: not watched.",
    )
    reads_documents = models.BooleanField(
        default=False,
        help_text="Each order's document is read whole from the ERP once after it was sent, so that freight and "
        "instructions can be compared. Where the store shows the ERP's orders they are read anyway.",
    )

    class Meta:
        ordering = ["store"]
        verbose_name_plural = "order watches"
        triggers = noted()

    def __str__(self) -> str:
        return str(self.store)
