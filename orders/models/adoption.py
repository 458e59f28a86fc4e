"""How orders that a connector before us carried into an ERP are recognised, and how far older ones were looked at."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.tracking import noted
from orders.models.mirrors import ErpOrder
from orders.models.offline import keep_readers_out


def long_ago() -> datetime:
    """Five years back: nobody changes an order that is older."""
    return timezone.now() - timedelta(days=5 * 365)


def next_week() -> datetime:
    """Until then a connector that is being switched off may still carry orders."""
    return timezone.now() + timedelta(days=7)


class AdoptionPolicy(models.Model):
    """How a store's order is recognised in an ERP into which a connector before us carried it."""

    class Way(models.TextChoices):
        PO = "po", "The ERP order has the same PO number"
        METAFIELD = "metafield", "A metafield of the order says which ERP order it is"
        ATTRIBUTE = "attribute", "An attribute of the order says which ERP order it is"
        NAME = "name", "The ERP order's reference is the order's name"
        ID = "id", "The ERP order's reference is the order's number in the store's addresses"

    class Holds(models.TextChoices):
        NUMBER = "number", "The ERP order's number"
        ID = "id", "The ERP order's id"

    NAMED = (Way.METAFIELD, Way.ATTRIBUTE)
    REFERENCED = (Way.NAME, Way.ID)

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    is_on = models.BooleanField(default=True, verbose_name="on")
    way = models.CharField("recognised by", max_length=9, choices=Way.choices, default=Way.PO)
    key = models.CharField(
        "metafield or attribute",
        max_length=255,
        default="",
        blank=True,
        help_text="Its name; a metafield's with its namespace, such as erp.order_number.",
    )
    holds = models.CharField("which holds", max_length=6, choices=Holds.choices, default=Holds.NUMBER)
    prefix = models.CharField(
        max_length=20,
        default="",
        blank=True,
        help_text="What stands before the name or number in the ERP's reference, such as WEB-.",
    )
    placed_from = models.DateTimeField(
        default=long_ago, help_text="Orders placed before this are left alone."
    )
    placed_until = models.DateTimeField(
        default=next_week, help_text="Orders placed from then on are ours alone: nothing is looked for."
    )
    wait_minutes = models.PositiveIntegerField(
        default=60,
        help_text="So long after it was placed an order is not sent: the other connector may still be on its way.",
    )

    class Meta:
        ordering = ["store", "erp"]
        verbose_name_plural = "adoption policies"
        constraints = [
            models.UniqueConstraint(fields=["store", "erp"], name="adoption_decided_once"),
        ]
        triggers = noted()

    def __str__(self) -> str:
        return f"{self.store} in {self.erp}"

    def save(self, *args: object, **kwargs: object) -> None:
        """PO numbers are known of documents that were read whole: the others are read, both or neither."""
        with transaction.atomic():
            keep_readers_out(self.erp_id)
            super().save(*args, **kwargs)  # type: ignore[arg-type]
            if self.is_on and self.way == self.Way.PO:
                unread = ErpOrder.objects.filter(
                    connection=self.erp_id, identity_order_id="", is_posted_invoice=False, document=None
                )
                if unread.update(needs_read=True, read_asked_at=Now()):
                    enqueue("read_erp_orders", self.erp_id)

    def clean(self) -> None:
        """What could recognise nothing is refused where it is asked for."""
        if self.placed_from >= self.placed_until:
            raise ValidationError({"placed_until": "It ends before it begins."})
        if self.way in self.NAMED and not self.key.strip():
            raise ValidationError({"key": "Name the metafield or attribute."})
        if self.way == self.Way.METAFIELD and "." not in self.key:
            raise ValidationError({"key": "Name the metafield with its namespace, such as erp.order_number."})


class AdoptionRun(models.Model):
    """A look at every order that a policy is about and that is in no ERP yet: how far it has come.

    `last_key` is the last store order that was asked for.
    """

    class State(models.TextChoices):
        RUNNING = "running", "running"
        PAUSED = "paused", "paused"
        DONE = "done", "done"

    policy = models.ForeignKey(AdoptionPolicy, on_delete=models.PROTECT, related_name="runs")
    state = models.CharField(max_length=7, choices=State.choices, default=State.RUNNING)
    last_key = models.BigIntegerField(default=0)
    asked = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["policy"], condition=~Q(state="done"), name="one_adoption_run_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.policy}, begun {self.started_at:%Y-%m-%d}" if self.pk else str(self.policy)
