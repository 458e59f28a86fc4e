"""This order here is that document there. Written by flows only."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from hub.sync.models import Connection
from orders.models.mirrors import StoreOrder


class OrderLink(models.Model):
    """This store order is that ERP document. Unique both ways.

    `sent_content_hash` is the content of the store order that was sent. Totals are in `currency`, major
    units: what was expected before the create and what the ERP arrived at.
    """

    class Kind(models.TextChoices):
        SALES_ORDER = "sales_order", "Sales order"

    class Totals(models.TextChoices):
        UNREAD = "unread", "not read back yet"
        EQUAL = "equal", "equal"
        DIFFER = "differ", "differ"

    class Origin(models.TextChoices):
        """Where the order was taken: the other side holds a copy of it."""

        STORE = "store", "store"
        ERP = "erp", "ERP"

    class Confirmation(models.TextChoices):
        NONE = "", "needs none"
        WAITS = "waits", "waits"
        DONE = "done", "confirmed"
        REFUSED = "refused", "refused by the ERP"

    class Hold(models.TextChoices):
        NONE = "", "none"
        HELD = "held", "waits in the ERP"
        RELEASED = "released", "released"

    # Indexes below begin with either.
    order = models.ForeignKey(StoreOrder, on_delete=models.PROTECT, related_name="links", db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.SALES_ORDER)
    external_id = models.CharField(max_length=120)
    number = models.CharField(max_length=60, default="", blank=True)
    """Empty until the ERP has numbered the document and told so."""
    reference = models.CharField(max_length=120)
    is_adopted = models.BooleanField(default=False)
    adopted_by = models.CharField(max_length=200, default="", db_default="", blank=True)
    """Of an order that a connector before us carried into the ERP: what it was recognised by, in words."""
    origin = models.CharField(max_length=5, choices=Origin.choices, default=Origin.STORE, db_default="store")
    is_history = models.BooleanField(default=False, db_default=False)
    """Of a copy: whether only a backfill brought the order into its store (`orders.shipments.history`)."""
    needs_shipments = models.BooleanField(default=False, db_default=False)
    """Of a copy: whether what the ERP shipped before is still to be read, as it may be older than the pull."""
    sent_content_hash = models.CharField(max_length=32, default="", blank=True)
    sent_document = models.JSONField(null=True, blank=True)
    """The vendor-free SalesOrder that was sent, as JSON; None where we did not send it, or have not kept it."""
    sent_reasons = models.JSONField(null=True, blank=True)
    """Why each value of it was what it was (`orders.why`), noted when it was sent; large, so lists leave it out."""
    currency = models.CharField(max_length=3)
    expected_total = models.DecimalField(max_digits=20, decimal_places=6)
    expected_tax = models.DecimalField(max_digits=20, decimal_places=6)
    erp_total = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    erp_tax = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    totals = models.CharField(max_length=10, choices=Totals.choices, default=Totals.UNREAD)
    tax_variance = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    """What the ERP's tax is above the store's (below zero: below), where a policy accepted that; `totals` is equal."""
    tax_variance_at = models.DateTimeField(null=True)
    tax_variance_policy = models.CharField(max_length=120, default="", db_default="", blank=True)
    """The policy that accepted it, in its words of that moment."""
    confirmation = models.CharField(
        max_length=10,
        choices=Confirmation.choices,
        default=Confirmation.NONE,
        # Workers of the version before, which still run while the database is new, do not name the column.
        db_default="",
        blank=True,
    )
    """Where documents begin as drafts: whether it was confirmed, once its totals were found equal."""
    cancelled_at = models.DateTimeField(null=True, blank=True)
    """When we cancelled the document in the ERP, or found it cancelled or gone there, where the store has cancelled."""
    gone_at = models.DateTimeField(null=True, blank=True)
    """When the document was read as cancelled or gone in the ERP, whoever did it; None while it stands there."""
    hold = models.CharField(max_length=10, choices=Hold.choices, default=Hold.NONE, db_default="", blank=True)
    """Whether the document was created held there by a hold rule, and whether it was let go since."""
    worked_on_at = models.DateTimeField(null=True, blank=True)
    """When we confirmed the document or released it there; None where it needed neither, or waits for one still."""
    shown_hash = models.CharField(max_length=32, default="", db_default="", blank=True)
    """What of the document the store was last told to show its buyer."""
    remainder_hash = models.CharField(max_length=32, default="", db_default="", blank=True, editable=False)
    """The document by which it was decided what becomes of pieces that will not be sent any more."""
    progress_asked_at = models.DateTimeField(null=True)
    """When the document of a store's order said something new that its buyer is to see; None once the store knows."""
    reference_pushed_at = models.DateTimeField(null=True)
    reference_error = models.CharField(max_length=250, default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["order", "connection", "kind"], name="order_linked_once"),
            models.UniqueConstraint(
                fields=["connection", "kind", "external_id"], name="erp_document_linked_once"
            ),
        ]
        indexes = [
            models.Index(fields=["number"], name="link_number"),
            models.Index(fields=["connection", "id"], name="link_of_erp"),
            models.Index(fields=["id"], condition=Q(totals="differ"), name="link_totals_differ"),
            models.Index(fields=["id"], condition=Q(tax_variance__isnull=False), name="link_tax_variance"),
            models.Index(
                fields=["connection", "id"], condition=Q(totals="unread"), name="link_totals_unread"
            ),
            models.Index(fields=["id"], condition=Q(progress_asked_at__isnull=False), name="link_progress"),
            models.Index(
                fields=["connection", "id"], condition=Q(needs_shipments=True), name="link_needs_shipments"
            ),
            models.Index(
                fields=["connection", "id"], condition=Q(confirmation="waits"), name="link_unconfirmed"
            ),
            models.Index(
                fields=["id"],
                condition=Q(reference_pushed_at=None, reference_error="", number__gt=""),
                name="link_reference_unpushed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} is {self.shown_number}"

    @property
    def needs_confirming(self) -> bool:
        """Whether nothing but its confirmation is left to do."""
        is_compared = self.confirmation == self.Confirmation.WAITS and self.totals == self.Totals.EQUAL
        return is_compared and self.hold != self.Hold.HELD

    @property
    def shown_number(self) -> str:
        """The document's number for people; the ERP's own id where it has none yet."""
        return self.number or f"id {self.external_id}"
