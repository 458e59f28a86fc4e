"""What follows when an order changes on one side after both held it, and what both sides agreed on last."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Value
from django.db.models.functions import Now

from hub.connectors.sales_documents import OrderStage
from hub.sync.models import Connection
from hub.sync.tracking import noted
from orders.changes.three_way import HEAD, LINE, Owner
from orders.changes.wording import field_name
from orders.models.links import OrderLink

_STAGES = [
    (stage.value, stage.value.capitalize())
    for stage in OrderStage
    if stage not in (OrderStage.DRAFT, OrderStage.CANCELLED)
]


class OrderChangePolicy(models.Model):
    """Which changes of an order that both sides hold reach the other side by themselves.

    A store without one, or with both switches off, is asked about every change.
    """

    store = models.OneToOneField(Connection, on_delete=models.PROTECT, related_name="change_policy")
    accepts_erp_edits = models.BooleanField(
        "accepts ERP edits",
        default=False,
        help_text="What is changed in the ERP is changed in the store. Off: a person is asked.",
    )
    erp_edits_until = models.CharField(
        "ERP edits before",
        max_length=10,
        choices=_STAGES,
        default=OrderStage.RELEASED.value,
        help_text="From this stage of the order in the ERP on a person is asked.",
    )
    corrects_erp = models.BooleanField(
        "ERP corrections allowed",
        default=False,
        help_text="What is changed in the store is changed in the ERP. Off: a person is asked.",
    )
    corrections_until = models.CharField(
        "ERP corrections before",
        max_length=10,
        choices=_STAGES,
        default=OrderStage.RELEASED.value,
        help_text="From this stage of the order in the ERP on a person is asked.",
    )
    cancels_in_store = models.BooleanField(
        "cancels in the store",
        default=False,
        help_text="An unpaid order that is cancelled in the ERP before anything of it was shipped is cancelled in the "
        "store, with its stock put back. Off, paid or partly shipped: a person is asked. The other direction is set "
        "in the order policy.",
    )
    notifies_buyer = models.BooleanField(
        default=False, help_text="The store writes to the buyer when we change or cancel an order there."
    )

    class Meta:
        ordering = ["store"]
        verbose_name_plural = "order change policies"
        triggers = noted()

    def __str__(self) -> str:
        return f"changes of orders of {self.store}"

    @property
    def is_on(self) -> bool:
        """Whether store and ERP are compared at all."""
        return self.accepts_erp_edits or self.corrects_erp

    def clean(self) -> None:
        """Raises ValidationError for a store that is none."""
        if self.store_id and self.store.side != "store":
            raise ValidationError({"store": f"{self.store} is no store."})


class ChangeOwner(models.Model):
    """Whose value of one field is taken where both sides changed it. A field without a row belongs to nobody."""

    _FIELDS = tuple((name, field_name(name)) for name in (*HEAD, "line", *LINE) if name != "is_cancelled")
    _OWNERS = (
        (Owner.STORE.value, "the store"),
        (Owner.ERP.value, "the ERP"),
        (Owner.NEWEST.value, "who changed the order last"),
    )

    policy = models.ForeignKey(OrderChangePolicy, on_delete=models.CASCADE, related_name="owners")
    field = models.CharField(max_length=20, choices=_FIELDS)
    owner = models.CharField(
        max_length=6,
        choices=_OWNERS,
        help_text="A side that owns a field is also asked before the other side's change of it is taken.",
    )

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["policy", "field"], name="changed_field_owned_once")]
        triggers = noted("field")

    def __str__(self) -> str:
        return f"{field_name(self.field)}: {self.get_owner_display()}"


class OrderAgreement(models.Model):
    """What both sides of a link agreed on last, and what is on its way to make them agree again.

    What the store's side was is the link's `sent_document`. `question` is what a person is asked about, `decided` what
    was answered, each with the values that were shown; `written` are differences that were carried out and must not
    come back, `left` those that are to stay.
    """

    link = models.OneToOneField(OrderLink, on_delete=models.CASCADE, related_name="agreement")
    version = models.PositiveIntegerField(default=0)
    """How often both agreed; 0 where they never were compared."""
    erp_document = models.JSONField(null=True)
    """The ErpDocument as it was read when both agreed; before they did, as it was known when they were linked."""
    agreed_at = models.DateTimeField(null=True)
    to_store = models.JSONField(null=True)
    """What the store is to be told (`orders.changes.for_store.StoreChange`), None for nothing."""
    question = models.JSONField(default=list)
    decided = models.JSONField(default=list)
    written = models.JSONField(default=list)
    left = models.JSONField(default=list, db_default=Value([], models.JSONField()))
    """Differences that a person left as they are, each with both values, as long as both sides say them."""
    stand_ins = models.JSONField(default=dict)
    """SKUs of lines without one that the store was told to put in the place of others, by the line's id there."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.link}, version {self.version}"
