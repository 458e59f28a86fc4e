"""What a store makes of an ERP's stock: a person decides it for the store, and for single SKUs."""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from hub.sync.models import Connection
from hub.sync.tracking import noted
from inventory import rules

HUNDRED = Decimal(100)


class StockPolicy(models.Model):
    """Which ERP's stock a store sells. A store without one sells by numbers of its own."""

    class Unmapped(models.TextChoices):
        LEFT = "left", "are left alone"
        SAME = "same", "are the item of that number"

    store = models.OneToOneField(Connection, on_delete=models.PROTECT, related_name="stock_policy")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    unmapped = models.CharField(
        "SKUs without a row", max_length=4, choices=Unmapped.choices, default=Unmapped.LEFT
    )

    class Meta:
        ordering = ["store"]
        verbose_name_plural = "stock policies"
        triggers = noted()

    def __str__(self) -> str:
        return f"stock of {self.store}"

    def clean(self) -> None:
        """Raises ValidationError for a store that is none, or an ERP that is none."""
        for name, connection in (("store", self.store_id and self.store), ("erp", self.erp_id and self.erp)):
            if connection and connection.side != name:
                raise ValidationError({name: f"{connection} is no {'store' if name == 'store' else 'ERP'}."})


class ChannelRule(models.Model):
    """What a store makes of what it may sell of a SKU, or of every SKU that has no rule of its own (`sku` empty)."""

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="channel_rules")
    sku = models.CharField(
        max_length=255, default="", blank=True, help_text="Empty: every SKU that has no rule of its own."
    )
    share_percent = models.DecimalField(
        "share in percent",
        max_digits=7,
        decimal_places=4,
        default=HUNDRED,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="How much of what its warehouses can give the store may sell.",
    )
    buffer = models.PositiveIntegerField(default=0, help_text="So many pieces are kept back.")
    minimum = models.PositiveIntegerField("least number", default=0, help_text="Fewer are shown as none.")
    cap = models.PositiveIntegerField(
        null=True, blank=True, help_text="Never more than that. Empty: no limit."
    )
    backorder = models.PositiveIntegerField(
        null=True,
        blank=True,
        default=0,
        help_text="How many pieces below zero may be shown. Empty: any number, 0: none.",
    )

    class Meta:
        ordering = ["store", "sku"]
        constraints = [
            models.UniqueConstraint(fields=["store", "sku"], name="channel_rule_once"),
            models.CheckConstraint(
                condition=Q(share_percent__gte=0, share_percent__lte=100), name="channel_share_is_a_part"
            ),
        ]
        triggers = noted("sku")

    def __str__(self) -> str:
        return f"{self.sku or 'every other SKU'} in {self.store}"

    def clean(self) -> None:
        """Raises ValidationError for a store that is none, and for a cap that nothing ever comes to."""
        if self.store_id and self.store.side != "store":
            raise ValidationError({"store": f"{self.store} is no store."})
        if self.cap is not None and 0 < self.cap < self.minimum:
            raise ValidationError(
                {
                    "cap": f"Fewer than {self.minimum} are shown as none, so that a cap of {self.cap} would be shown "
                    "although it is below that. Lower the least number, or raise the cap."
                }
            )

    @property
    def rule(self) -> rules.ChannelRule:
        """As the arithmetic takes it."""
        return rules.ChannelRule(
            share=self.share_percent / HUNDRED,
            buffer=self.buffer,
            minimum=self.minimum,
            cap=self.cap,
            backorder=self.backorder,
        )
