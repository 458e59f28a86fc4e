"""What a person decides about the parts of an order. Empty rows are made by the flow that met the value."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from hub.connectors.documents import LineKind
from hub.sync.models import Connection
from hub.sync.tracking import noted


class PaymentTermsMapping(models.Model):
    """These payment terms of the store are those of the ERP.

    Matched by type and days; the name is localisable.
    """

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    type = models.CharField(max_length=40)
    due_in_days = models.IntegerField(default=0)
    name = models.CharField(max_length=100, default="", blank=True)
    erp_code = models.CharField(max_length=40, default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["erp_code", "type", "due_in_days"]
        constraints = [
            models.UniqueConstraint(fields=["store", "erp", "type", "due_in_days"], name="terms_mapped_once")
        ]
        triggers = noted("type", "due_in_days", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{self.name or self.type} → {self.erp_code or 'needs a value'}"


class InstalmentMapping(models.Model):
    """Orders that are paid in these instalments have those payment terms in the ERP, which keep the instalments there.

    Made empty by the flow that met the plan. Where it stays empty, the store's order policy says what is done.
    """

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    type = models.CharField(max_length=40)
    plan = models.CharField(max_length=200, help_text="Share and days of each instalment, a deposit first.")
    name = models.CharField(max_length=100, default="", blank=True)
    erp_code = models.CharField(max_length=40, default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["erp_code", "type", "plan"]
        constraints = [
            models.UniqueConstraint(fields=["store", "erp", "type", "plan"], name="instalments_mapped_once")
        ]
        triggers = noted("type", "plan", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{self.type} {self.plan} → {self.erp_code or 'needs a value'}"


class TaxCodeMapping(models.Model):
    """These taxes on a line are that tax code of the ERP. `rate` is the sum of the rates as a fraction."""

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(
        max_length=200, help_text="Titles of the taxes joined by +; empty for untaxed lines.", blank=True
    )
    rate = models.DecimalField(max_digits=9, decimal_places=6)
    erp_code = models.CharField(max_length=50, default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["erp_code", "title", "rate"]
        constraints = [
            models.UniqueConstraint(fields=["store", "erp", "title", "rate"], name="tax_mapped_once")
        ]
        triggers = noted("title", "rate", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{self.title or 'no tax'} {self.rate} → {self.erp_code or 'needs a value'}"


class ShippingMethodMapping(models.Model):
    """This shipping method of the store is that one of the ERP, and its charge is posted to this line."""

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    code = models.CharField(max_length=200, default="", blank=True)
    erp_method_code = models.CharField(max_length=40, default="", blank=True)
    charge_kind = models.CharField(
        max_length=10,
        choices=[
            (LineKind.ACCOUNT.value, "Account"),
            (LineKind.ITEM.value, "Item"),
            (LineKind.CHARGE.value, "Charge"),
            (LineKind.SHIPPING.value, "Shipping charge of the document"),
        ],
        default=LineKind.ACCOUNT.value,
    )
    charge_number = models.CharField(max_length=60, default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["charge_number", "title"]
        constraints = [
            models.UniqueConstraint(fields=["store", "erp", "title", "code"], name="shipping_mapped_once")
        ]
        triggers = noted("title", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{self.title} → {self.erp_method_code or '–'} / {self.charge_number or 'needs a value'}"


class OtherLineMapping(models.Model):
    """What an order charges beside items and shipping is this line of the ERP. Made empty by the flow that met it."""

    class Kind(models.TextChoices):
        CUSTOM = "custom", "Line without SKU"
        TIP = "tip", "Tip"
        DUTY = "duty", "Duties"
        IMPORT_TAX = "import_tax", "Taxes on duties"
        CHANNEL_TAX = "channel_tax", "Tax that the channel owes"

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    title = models.CharField(
        max_length=200, default="", blank=True, help_text="Of a line without SKU; empty for the other kinds."
    )
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
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["number", "kind", "title"]
        constraints = [
            models.UniqueConstraint(fields=["store", "erp", "kind", "title"], name="other_line_mapped_once")
        ]
        triggers = noted("kind", "title", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{self.title or self.get_kind_display()} → {self.number or 'needs a value'}"
