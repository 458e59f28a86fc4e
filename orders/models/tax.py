"""Who decides the taxes of a store's orders in an ERP, and by how much the two may differ."""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from hub.lib.money import round_money
from hub.sync.models import Connection
from hub.sync.tracking import noted


class TaxPolicy(models.Model):
    """How the taxes of this store's orders are handled in this ERP.

    A pair without one is treated as a new one would be: the store's tax is passed through, and nothing may differ.
    """

    class Mode(models.TextChoices):
        PASS_THROUGH = "pass_through", "The store's tax, by mapped tax codes"
        ERP_CALCULATES = "erp", "The ERP calculates; the difference decides"

    class ChannelTax(models.TextChoices):
        HOLD = "hold", "Hold for review"
        CLEARING = "clearing", "A line on the clearing account of the other lines"

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    mode = models.CharField(max_length=12, choices=Mode.choices, default=Mode.PASS_THROUGH)
    tolerance = models.DecimalField(
        max_digits=20,
        decimal_places=6,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
        help_text="By how much an order's tax may differ in the ERP. The net value never may.",
    )
    tolerance_currency = models.CharField(
        max_length=3,
        default="",
        blank=True,
        help_text="Only orders booked in this currency may differ; needed with a tolerance.",
    )
    exempt_code = models.CharField(
        max_length=50,
        default="",
        blank=True,
        help_text="The ERP's code for what is not taxed by us: lines of exempt buyers, tips, duties. "
        "Without one the row “no tax” of the tax codes names it, or the ERP's own setup where it calculates.",
    )
    channel_tax = models.CharField(
        max_length=10,
        choices=ChannelTax.choices,
        default=ChannelTax.HOLD,
        help_text="Tax that the sales channel owes is neither revenue nor payable.",
    )

    class Meta:
        ordering = ["store", "erp"]
        verbose_name_plural = "tax policies"
        constraints = [
            models.UniqueConstraint(fields=["store", "erp"], name="tax_policy_once"),
            models.CheckConstraint(condition=models.Q(tolerance__gte=0), name="tax_tolerance_not_negative"),
        ]
        triggers = noted("mode")

    def __str__(self) -> str:
        return f"{self.store} → {self.erp}: {self.words}"

    @property
    def words(self) -> str:
        """The policy in plain words, as it is kept beside what it accepted."""
        mode = "the ERP calculates" if self.mode == self.Mode.ERP_CALCULATES else "the store's tax"
        return f"{mode}, tolerance {self.tolerance.normalize():f} {self.tolerance_currency}".rstrip()

    def clean(self) -> None:
        """A tolerance is an amount of one currency, to its minor unit."""
        self.tolerance_currency = self.tolerance_currency.strip().upper()
        if self.tolerance and len(self.tolerance_currency) != 3:
            raise ValidationError({"tolerance_currency": "A tolerance needs its currency, for example EUR."})
        if self.tolerance != round_money(self.tolerance, self.tolerance_currency):
            raise ValidationError({"tolerance": "More decimals than the currency has."})

    def tolerance_for(self, currency: str) -> Decimal:
        """By how much tax may differ on a document in this currency, in major units."""
        return self.tolerance if currency == self.tolerance_currency else Decimal(0)
