"""What an ERP gives back, and which of it is a store's refund. Written by flows only, but for the policy."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from hub.connectors.credits import CreditStage
from hub.connectors.documents import LineKind
from hub.sync.models import Connection
from hub.sync.tracking import noted
from orders.models.mirrors import StoreOrder


class ErpCredit(models.Model):
    """Our copy of a credit memo, or of a return order, in an ERP. Amounts are in `currency`, major units.

    `order` is the store's order that it gives back, once that is known. One whose `refund_external_id` is set was made
    by us for that refund of the store's: it is never sent back. Of the others the store has been told what
    `pushed_hash` says: nothing is left to do while it equals `document_hash`.
    """

    # Indexes below begin with it.
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=120)
    number = models.CharField(max_length=60, default="", blank=True)
    reference = models.CharField(max_length=120, default="", blank=True)
    is_return = models.BooleanField(default=False)
    """Whether it is a return order; a credit memo else."""
    status = models.CharField(max_length=60, default="", blank=True)
    stage = models.CharField(
        max_length=10, choices=[(stage.value, stage.value.capitalize()) for stage in CreditStage]
    )
    order = models.ForeignKey(
        StoreOrder, null=True, blank=True, on_delete=models.PROTECT, related_name="erp_credits"
    )
    order_external_id = models.CharField(max_length=120, default="", blank=True)
    """The ERP's id of its sales order, empty where it does not say."""
    invoice_number = models.CharField(max_length=60, default="", blank=True)
    customer_number = models.CharField(max_length=60, default="", blank=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    total_excluding_tax = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    total_tax = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    total_including_tax = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    refund_external_id = models.CharField(max_length=120, default="", blank=True)
    """The end of the store's refund id that the reference holds; empty for what the ERP began itself."""
    returned_external_id = models.CharField(
        max_length=120, default="", db_default="", blank=True, editable=False
    )
    """Of a return order: the end of the store's return id that the reference holds."""
    return_external_id = models.CharField(
        max_length=120, default="", db_default="", blank=True, editable=False
    )
    """Of a credit memo: the return order that it was made from."""
    remote_updated_at = models.DateTimeField()
    observed_at = models.DateTimeField(db_default=Now())
    document = models.JSONField()
    """The vendor-free ErpCredit as JSON (hub/connectors/credits.py)."""
    document_hash = models.CharField(max_length=32)
    pushed_hash = models.CharField(max_length=32, default="", blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "ERP credit"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "is_return", "external_id"], name="credit_mirrored_once"
            )
        ]
        indexes = [
            models.Index(fields=["number"], name="credit_number"),
            models.Index(
                fields=["connection", "order_external_id"], name="credit_orphan", condition=Q(order=None)
            ),
            models.Index(
                fields=["connection", "return_external_id"],
                name="credit_of_return",
                condition=~Q(return_external_id=""),
            ),
            models.Index(
                fields=["order"], name="credit_unpushed", condition=~Q(pushed_hash=F("document_hash"))
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"id {self.external_id}"


class CreditLineMapping(models.Model):
    """What of a refund is no item is this line of the ERP's credit memo. Made empty by the flow that met it.

    `tax_percent` is the rate behind its tax code: an amount that is given back without naming its tax is parted by it.
    """

    class Kind(models.TextChoices):
        CANCELLED = "cancelled", "Goods that were never sent"
        NOT_RESTOCKED = "not_restocked", "Goods that do not come back on the shelf"
        GIFT_CARD = "gift_card", "Gift card that was sold"
        SHIPPING = "shipping", "Shipping without a mapped method"
        ADJUSTMENT = "adjustment", "Goodwill and other differences"
        ROUNDING = "rounding", "Rounding"
        RESTOCKING_FEE = "restocking_fee", "Restocking fee"
        RETURN_SHIPPING = "return_shipping", "Return shipping fee"

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    line_kind = models.CharField(
        max_length=10,
        choices=[
            (LineKind.ACCOUNT.value, "Account"),
            (LineKind.ITEM.value, "Item"),
            (LineKind.CHARGE.value, "Charge"),
        ],
        default=LineKind.ACCOUNT.value,
    )
    number = models.CharField(max_length=60, default="", blank=True)
    tax_code = models.CharField(
        max_length=50,
        default="",
        blank=True,
        help_text="The ERP's tax code of fees and differences. Empty: the code of what is not taxed.",
    )
    tax_percent = models.DecimalField(
        max_digits=9,
        decimal_places=6,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
        help_text="The rate behind that code: 19 for 19 %.",
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["number", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["store", "erp", "kind"], name="credit_line_mapped_once"),
            models.CheckConstraint(condition=Q(tax_percent__gte=0), name="credit_tax_not_negative"),
        ]
        triggers = noted("kind", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{self.get_kind_display()} → {self.number or 'needs a value'}"


class CreditPolicy(models.Model):
    """Whether refunds of a store are credited in its ERP, and as what. A store without one is not credited."""

    class As(models.TextChoices):
        CREDIT_MEMO = "credit_memo", "Credit memo"
        RETURN_ORDER = "return_order", "Return order, which the warehouse receives"

    store = models.OneToOneField(Connection, on_delete=models.PROTECT, related_name="credit_policy")
    is_on = models.BooleanField(default=True)
    credits_from = models.DateTimeField(
        default=timezone.now, help_text="Refunds that were made before are left to other means."
    )
    restocked_as = models.CharField(
        max_length=12,
        choices=As.choices,
        default=As.CREDIT_MEMO,
        help_text="Refunds with goods that go back on the shelf.",
    )
    not_restocked_as = models.CharField(
        max_length=12,
        choices=As.choices,
        default=As.CREDIT_MEMO,
        help_text="Refunds of goods that were sent and do not go back on the shelf.",
    )

    class Meta:
        ordering = ["store"]
        verbose_name_plural = "credit policies"
        triggers = noted()

    def __str__(self) -> str:
        return f"{self.store}: {'credited' if self.is_on else 'not credited'}"
