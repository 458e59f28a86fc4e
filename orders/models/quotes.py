"""Quote requests of buyers, the ERP's quotes that were made of them, and what a store asks of a request."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from companies.models import StoreCompanyLocation
from hub.connectors.capabilities import Capability
from hub.connectors.quotes import Quotes
from hub.connectors.registry import connector_class
from hub.sync.models import Connection
from hub.sync.tracking import noted
from orders.models.policies import just_now


class QuotePolicy(models.Model):
    """Where a store's quote requests go and what they must say."""

    store = models.OneToOneField(Connection, on_delete=models.PROTECT, related_name="quote_policy")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    is_on = models.BooleanField(default=True, verbose_name="on")
    requests_from = models.DateTimeField(
        default=just_now, help_text="Requests made before this are answered by other means."
    )
    needs_po_number = models.BooleanField("PO number required", default=False)
    needed_attributes = models.CharField(
        "attributes required",
        max_length=500,
        default="",
        blank=True,
        help_text="Names, separated by commas, such as Project code.",
    )
    date_attribute = models.CharField(
        "requested date",
        max_length=100,
        default="",
        blank=True,
        help_text="Name of the attribute that must hold the requested date, as 2026-12-24. Empty: none is required.",
    )
    asks_sales = models.BooleanField(
        "asks sales", default=True, help_text="Every request waits for a person before a quote is made of it."
    )
    valid_days = models.PositiveIntegerField(default=30, help_text="So long a new quote is valid.")

    class Meta:
        ordering = ["store"]
        verbose_name_plural = "quote policies"
        triggers = noted()

    def __str__(self) -> str:
        return f"{self.store} → {self.erp}"

    def clean(self) -> None:
        """An ERP without quotes is refused where it is asked for."""
        kind = connector_class(self.erp.system)
        if not issubclass(kind, Quotes):
            raise ValidationError(
                {"erp": f"{kind.label}: {kind.unsupported_capabilities[Capability.QUOTES]}."}
            )


class StoreQuote(models.Model):
    """Our copy of a quote request in a store.

    `document` is the vendor-free PlacedOrder as JSON: the order that it would be. `request_hash` covers what the buyer
    asks for, without prices: they are what a quote answers.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=120)
    name = models.CharField(max_length=100)
    po_number = models.CharField(max_length=255, default="", blank=True)
    location = models.ForeignKey(StoreCompanyLocation, on_delete=models.PROTECT, related_name="quotes")
    status = models.CharField(max_length=20)
    order_external_id = models.CharField(max_length=120, default="", blank=True)
    """The order that it became."""
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=20, decimal_places=6)
    asked_at = models.DateTimeField()
    remote_updated_at = models.DateTimeField()
    observed_at = models.DateTimeField()
    """As of when the store was asked for it last, in the database's time."""
    is_gone = models.BooleanField(default=False)
    declined = models.CharField(max_length=250, default="", blank=True)
    """Why a person declined it."""
    told = models.CharField(max_length=40, default="", blank=True)
    """What the store was told last: the offer's hash, or how it ended."""
    request_hash = models.CharField(max_length=32)
    document = models.JSONField()

    class Meta:
        ordering = ["-pk"]
        verbose_name = "quote request"
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="quote_request_mirrored_once")
        ]
        indexes = [models.Index(fields=["order_external_id"], name="quote_request_order")]

    def __str__(self) -> str:
        return f"{self.name} ({self.po_number or 'no PO'})"


class QuoteLink(models.Model):
    """This quote request is that quote in the ERP.

    `offer` is the vendor-free ErpQuote as JSON, as it was read last. Totals in `currency`, major units.
    """

    class State(models.TextChoices):
        OPEN = "open", "open"
        ORDERED = "ordered", "ordered in the ERP"
        WON = "won", "won"
        LOST = "lost", "lost"
        EXPIRED = "expired", "expired"

    quote = models.OneToOneField(StoreQuote, on_delete=models.PROTECT, related_name="link")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=120)
    number = models.CharField(max_length=60, default="", blank=True)
    reference = models.CharField(max_length=120)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    sent_hash = models.CharField(max_length=32)
    """The request's hash when the quote was made of it."""
    sent_document = models.JSONField()
    """The vendor-free SalesOrder that was sent, as JSON."""
    sent_lines = models.JSONField(default=list)
    """The ids of the request's lines as they were then, in order: `sent_document` names them as sources."""
    offer = models.JSONField(null=True)
    offer_hash = models.CharField(max_length=32, default="", blank=True)
    valid_until = models.DateField(null=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    erp_total = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    missed_at = models.DateTimeField(null=True)
    """Since when the ERP finds neither the quote nor an order of it."""
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="erp_quote_linked_once")
        ]
        indexes = [
            models.Index(fields=["connection", "id"], condition=Q(state="open"), name="quote_link_open"),
            models.Index(fields=["reference"], name="quote_link_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.quote} is {self.shown_number}"

    @property
    def shown_number(self) -> str:
        """The quote's number for people; the ERP's own id where it has none."""
        return self.number or f"id {self.external_id}"
