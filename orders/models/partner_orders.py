"""Orders that partners told through the API, and what people decided about the names that partners use."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from hub.sync.models import Connection
from hub.sync.tracking import noted
from orders.models.mirrors import StoreOrder


class PartnerOrder(models.Model):
    """An order as a partner told it, and the store's order that was made of it. It never changes: a partner that wants
    another order tells another one.
    """

    class State(models.TextChoices):
        OPEN = "open", "on its way"
        PLACED = "placed", "in the store"
        REJECTED = "rejected", "rejected"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, verbose_name="store")
    external_id = models.CharField(max_length=160)
    """The partner's key and its own id of the order: the same one is the same order."""
    number = models.CharField("partner's number", max_length=100)
    told_by = models.CharField(max_length=120)
    po_number = models.CharField("PO number", max_length=255, default="", blank=True)
    po_key = models.CharField(max_length=255, default="", blank=True, db_collation="C")
    customer = models.CharField(max_length=255)
    company_external_id = models.CharField(max_length=120, default="", blank=True)
    """The store's id of the company that the customer was found to be; empty before."""
    document = models.JSONField()
    """The `PartnerDocument` as JSON."""
    content_hash = models.CharField(max_length=32)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    answer = models.TextField(default="", blank=True)
    """Why it was rejected."""
    order = models.OneToOneField(
        StoreOrder, null=True, on_delete=models.PROTECT, related_name="partner_order"
    )
    received_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["external_id"], name="partner_order_once")]
        indexes = [
            models.Index(fields=["connection", "id"], name="partner_order_of_store"),
            models.Index(fields=["po_key", "id"], name="partner_order_po"),
        ]

    def __str__(self) -> str:
        return f"{self.number} ({self.po_number or 'no PO'})"


class PartnerCode(models.Model):
    """What a partner calls something is that in the store. Made empty by the flow that met the name."""

    class Kind(models.TextChoices):
        CUSTOMER = "customer", "Customer"
        ITEM = "item", "Item"
        TERMS = "terms", "Payment terms"

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    partner = models.CharField(max_length=80, help_text="The name of the partner's API key.")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    code = models.CharField(max_length=255, help_text="What the partner calls it.")
    value = models.CharField(
        max_length=255,
        default="",
        blank=True,
        help_text="Of a customer, the external id of its company or location in the store; of an item, its SKU; of "
        "payment terms, their name in the store.",
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["value", "partner", "kind", "code"]
        constraints = [
            models.UniqueConstraint(fields=["store", "partner", "kind", "code"], name="partner_code_once")
        ]
        triggers = noted("partner", "kind", "code", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{self.partner}: {self.code} → {self.value or 'needs a value'}"
