"""What comes back to a store: refunds, returns, what an ERP's credit is there, and who decides about them."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from hub.connectors.store_returns import PaymentState, ReturnState
from hub.sync.models import Connection
from hub.sync.tracking import noted
from orders.models.mirrors import StoreOrder


class StoreRefund(models.Model):
    """Our copy of a refund in a store.

    Amounts are in major units of `currency` (the shop's) and `presentment_currency` (the buyer's): `explained` is what
    lines, shipping and duties are worth with tax, `moved` the money given back or on its way. What of it an ERP has to
    credit says `orders.returns.amounts`.
    """

    class Money(models.TextChoices):
        NONE = "", "none moves"
        DONE = PaymentState.DONE.value, "given back"
        PENDING = PaymentState.PENDING.value, "on its way"
        FAILED = PaymentState.FAILED.value, "failed"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=120)
    order = models.ForeignKey(StoreOrder, on_delete=models.PROTECT, related_name="refunds")
    return_external_id = models.CharField(max_length=120, default="", blank=True)
    currency = models.CharField(max_length=3)
    explained = models.DecimalField(max_digits=20, decimal_places=6)
    moved = models.DecimalField(max_digits=20, decimal_places=6)
    presentment_currency = models.CharField(max_length=3)
    presentment_explained = models.DecimalField(max_digits=20, decimal_places=6)
    presentment_moved = models.DecimalField(max_digits=20, decimal_places=6)
    money = models.CharField(max_length=7, choices=Money.choices, default=Money.NONE, blank=True)
    mark = models.CharField(max_length=120, default="", blank=True)
    """Ours, where the refund was made for an ERP's credit: it is never sent back."""
    created_at = models.DateTimeField()
    remote_updated_at = models.DateTimeField()
    observed_at = models.DateTimeField(db_default=Now())
    document = models.JSONField()
    """The vendor-free StoreRefund as JSON."""
    document_hash = models.CharField(max_length=32)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="refund_mirrored_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="refund_by_time")]

    def __str__(self) -> str:
        return f"refund {self.external_id.rpartition('/')[2]} of {self.order.name}"

    @property
    def is_ours(self) -> bool:
        """Whether an ERP's credit led to it."""
        return bool(self.mark)


class StoreReturn(models.Model):
    """Our copy of a return in a store, from the request on."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=120)
    order = models.ForeignKey(StoreOrder, on_delete=models.PROTECT, related_name="returns")
    name = models.CharField(max_length=60)
    state = models.CharField(
        max_length=10, choices=[(state.value, state.value.capitalize()) for state in ReturnState]
    )
    created_at = models.DateTimeField()
    observed_at = models.DateTimeField(db_default=Now())
    document = models.JSONField()
    """The vendor-free StoreReturn as JSON."""
    document_hash = models.CharField(max_length=32)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="return_mirrored_once")
        ]
        indexes = [
            models.Index(
                fields=["connection", "id"],
                condition=Q(state__in=[ReturnState.REQUESTED.value, ReturnState.OPEN.value]),
                name="return_unfinished",
            ),
            models.Index(fields=["created_at"], name="return_by_time"),
        ]

    def __str__(self) -> str:
        return self.name


class OrderReturns(models.Model):
    """Of one order: since when its refunds and returns are to be read, and as of when they were."""

    order = models.OneToOneField(
        StoreOrder, on_delete=models.CASCADE, primary_key=True, related_name="returns_read"
    )
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    asked_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    """In the database's time, before the store was asked."""

    class Meta:
        ordering = ["-asked_at"]
        verbose_name_plural = "returns of orders"
        indexes = [
            models.Index(
                fields=["connection", "asked_at"],
                condition=Q(read_at=None) | Q(read_at__lt=F("asked_at")),
                name="returns_to_read",
            )
        ]

    def __str__(self) -> str:
        return f"returns of {self.order.name}"


class CreditLink(models.Model):
    """This refund of a store is that credit memo of an ERP. Unique both ways, but for several refunds that a person
    made for one credit; written by flows only.

    Of one that the store began: totals are in `currency`, major units, what was expected before the create and what the
    ERP arrived at. `state` is how far the ERP's document is.
    """

    class Origin(models.TextChoices):
        """Where it was decided: the other side holds a copy."""

        STORE = "store", "store"
        ERP = "erp", "ERP"

    class State(models.TextChoices):
        DONE = "", "done"
        CREATED = "created", "not posted yet"
        DIFFERS = "differs", "totals differ"

    refund = models.ForeignKey(StoreRefund, on_delete=models.PROTECT, related_name="links", db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=120)
    number = models.CharField(max_length=60, default="", blank=True)
    origin = models.CharField(max_length=5, choices=Origin.choices)
    reference = models.CharField(max_length=120, default="", blank=True)
    is_return = models.BooleanField(default=False)
    """Whether the ERP's document is a return order, which the warehouse receives before it is credited."""
    is_adopted = models.BooleanField(default=False)
    is_part = models.BooleanField(default=False, db_default=False)
    """Whether the ERP's document is several refunds together, of which this is one."""
    state = models.CharField(max_length=8, choices=State.choices, default=State.DONE, blank=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    expected_total = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    expected_tax = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    erp_total = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    erp_tax = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    sent_document = models.JSONField(null=True, blank=True)
    """The vendor-free NewCredit that was sent, as JSON; None where we sent none."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["refund", "connection"], name="refund_linked_once"),
            models.UniqueConstraint(
                fields=["connection", "external_id"], condition=Q(is_part=False), name="credit_linked_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.refund} is {self.number or f'id {self.external_id}'}"


class ReturnLink(models.Model):
    """This return of a store is that return order which an ERP's people began. Unique both ways; written by flows only.

    Return orders that we made for a store's return are found by their reference and have none.
    """

    returned = models.ForeignKey(StoreReturn, on_delete=models.PROTECT, related_name="links", db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=120)
    number = models.CharField(max_length=60, default="", blank=True)
    is_adopted = models.BooleanField(default=False)
    """Whether the store had the return already."""
    content_hash = models.CharField(max_length=32)
    """Of the pieces that the return order was for when it was linked."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["returned", "connection"], name="return_linked_once"),
            models.UniqueConstraint(fields=["connection", "external_id"], name="return_order_linked_once"),
        ]

    def __str__(self) -> str:
        return f"{self.returned} is {self.number or f'id {self.external_id}'}"


class RefundPolicy(models.Model):
    """Who decides about what comes back to a store.

    A store without one is read by nobody and given nothing, but for the return that a partner asked for and a person
    approved: that person has decided.
    """

    class Inspection(models.TextChoices):
        STORE = "store", "The store: its staff process returns there"
        PERSON = "person", "People here, on the page Inspections"
        ERP = "erp", "The ERP: what it credits is taken back"

    class Approval(models.TextChoices):
        STORE = "store", "The store: its staff approve and decline there"
        PERSON = "person", "The review queue here"
        ERP = "erp", "The ERP's return orders; a person where it has none"

    class ReturnOrders(models.TextChoices):
        OFF = "off", "Left alone"
        ASK = "ask", "A person is asked, then the return is made in the store"
        MAKE = "make", "The return is made in the store at once"

    store = models.OneToOneField(Connection, on_delete=models.PROTECT, related_name="refund_policy")
    is_on = models.BooleanField(default=True, help_text="Refunds and returns of the store's orders are read.")
    approval = models.CharField(max_length=6, choices=Approval.choices, default=Approval.PERSON)
    inspection = models.CharField(
        max_length=6,
        choices=Inspection.choices,
        default=Inspection.STORE,
        db_default="store",
        help_text="Whose word decides what goods that came back are: restocked, refunded, refused, missing.",
    )
    erp_returns = models.CharField(
        "return orders that begin in the ERP",
        max_length=4,
        choices=ReturnOrders.choices,
        default=ReturnOrders.ASK,
        db_default="ask",
        help_text="What becomes of a return order that the ERP's people make for an order of the store.",
    )
    restock_location_external_id = models.CharField(
        "restock location",
        max_length=120,
        default="",
        db_default="",
        blank=True,
        help_text="The store's id of the location where goods go back on the shelf. Empty: where they were sent from.",
    )
    sends_refunds = models.BooleanField(
        default=True, help_text="What the ERP credits of the store's orders is refunded in the store."
    )
    refunds_from = models.DateTimeField(
        default=timezone.now, help_text="Credits that the ERP dates before are left to other means."
    )
    notifies_buyer = models.BooleanField(
        default=False, help_text="The store sends its e-mails for refunds, approved and declined returns."
    )

    class Meta:
        ordering = ["store"]
        verbose_name_plural = "refund policies"
        triggers = noted()

    def __str__(self) -> str:
        return f"{self.store}: {'refunds are kept equal' if self.is_on else 'refunds are left alone'}"

    def first_day(self, erp: Connection) -> date:
        """The first day whose credits are refunded, in the zone of the ERP that dates them."""
        return self.refunds_from.astimezone(ZoneInfo(erp.time_zone)).date()

    @property
    def works_on_returns(self) -> bool:
        """Whether anything becomes of an open return without the store's own staff."""
        return self.inspection != self.Inspection.STORE or self.approval == self.Approval.ERP
