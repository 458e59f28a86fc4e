"""How orders that an ERP took by itself appear in a store, and how far the filling in of older ones has come."""

from __future__ import annotations

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from hub.connectors.sales_documents import OrderStage
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.tracking import noted
from orders.models.mirrors import ErpOrder

_STAGES = (OrderStage.DRAFT, OrderStage.OPEN, OrderStage.RELEASED, OrderStage.SHIPPED)
ENQUEUED_AT_ONCE = 5000


# What was read before a policy was saved is found by the policy, what is read after it finds the policy.
_LOCK = "hashtextextended('offline orders', %s::bigint)"
# Orders may be dated ahead of the day they were entered.
DATED_AHEAD = timedelta(days=31)


def hold_policies_still(erp_id: int) -> None:
    """Until the end of this transaction no policy of the ERP's orders is saved."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock_shared({_LOCK})", [erp_id])


def keep_readers_out(erp_id: int) -> None:
    """Until the end of this transaction nothing is read of the ERP's orders that a policy decides about."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({_LOCK})", [erp_id])


def today() -> date:
    """This day, in UTC."""
    return timezone.now().date()


class OfflineOrderPolicy(models.Model):
    """Whether and how an ERP's own orders (by phone, e-mail, EDI) appear in a store's order history."""

    class Way(models.TextChoices):
        ORDER = "order", "A finished order: prices, taxes and dates are the ERP's"
        DRAFT = "draft", "A draft that is completed: the store computes taxes and commits stock"

    class Unlisted(models.TextChoices):
        CUSTOM = "custom", "A line of its own with the ERP's description"
        GENERIC = "generic", "The generic variant below, with the ERP's description beside it"
        HOLD = "hold", "Hold for review"

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    is_on = models.BooleanField(default=False, verbose_name="on")
    orders_from = models.DateField(
        default=today,
        help_text="Orders that the ERP dates before this day do not appear; a backfill brings older ones.",
    )
    way = models.CharField(max_length=5, choices=Way.choices, default=Way.ORDER)
    from_stage = models.CharField(
        max_length=10,
        choices=[(stage.value, stage.value.capitalize()) for stage in _STAGES],
        default=OrderStage.OPEN.value,
        help_text="How far the ERP must have come with an order before buyers see it.",
    )
    unlisted = models.CharField(
        max_length=7,
        choices=Unlisted.choices,
        default=Unlisted.CUSTOM,
        verbose_name="items that the store does not sell",
    )
    generic_sku = models.CharField(
        max_length=255, default="", blank=True, help_text="SKU of the generic variant, where one is used."
    )
    tax_title = models.CharField(
        max_length=100,
        default="Tax",
        help_text="What a tax is called whose code stands in no row of the tax code mappings.",
    )
    keeps_erp_number = models.BooleanField(
        default=False, help_text="The order is called by its ERP number instead of the store's next number."
    )
    notifies_buyer = models.BooleanField(
        default=False, help_text="The store sends its order confirmation. Never for orders of a backfill."
    )

    class Meta:
        ordering = ["store", "erp"]
        verbose_name_plural = "offline order policies"
        constraints = [models.UniqueConstraint(fields=["store", "erp"], name="offline_orders_decided_once")]
        triggers = noted()

    def __str__(self) -> str:
        return f"{self.erp} → {self.store}"

    def save(self, *args: object, **kwargs: object) -> None:
        """What waits for this decision is decided with it, both or neither."""
        with transaction.atomic():
            keep_readers_out(self.erp_id)
            super().save(*args, **kwargs)  # type: ignore[arg-type]
            if self.is_on:
                enqueue("define_order_metafields", self.store_id)
                self._decide_orders()

    def clean(self) -> None:
        """What cannot be kept is refused where it is asked for."""
        if self.way == self.Way.DRAFT and (self.notifies_buyer or self.keeps_erp_number):
            raise ValidationError(
                "A completed draft sends no confirmation of its own and is numbered by the store: choose the finished "
                "order, or switch both off."
            )
        if self.unlisted == self.Unlisted.GENERIC and not self.generic_sku.strip():
            raise ValidationError({"generic_sku": "Name the SKU of the generic variant."})

    def _decide_orders(self) -> None:
        """Enqueue what was read whole, and have the rest read: what is read is decided by that."""
        own = ErpOrder.objects.filter(
            connection=self.erp_id,
            identity_order_id="",
            is_posted_invoice=False,
            remote_updated_at__date__gte=self.orders_from - DATED_AHEAD,
        )
        if own.filter(document__isnull=True).update(needs_read=True, read_asked_at=Now()):
            enqueue("read_erp_orders", self.erp_id)
        keys = list(own.filter(document__isnull=False).order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(keys), ENQUEUED_AT_ONCE):
            enqueue("push_order_to_store", self.store_id, keys[start : start + ENQUEUED_AT_ONCE])


class OfflineBackfill(models.Model):
    """Older orders of an ERP on their way into a store: how far it has come, and whether it is to go on.

    `last_key` is the last mirror that was looked at; the counters are of mirrors.
    """

    class State(models.TextChoices):
        RUNNING = "running", "running"
        PAUSED = "paused", "paused"
        DONE = "done", "done"

    policy = models.ForeignKey(OfflineOrderPolicy, on_delete=models.PROTECT, related_name="backfills")
    orders_from = models.DateField(help_text="Orders that the ERP dates before this day stay out.")
    state = models.CharField(max_length=7, choices=State.choices, default=State.RUNNING)
    last_key = models.BigIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    asked = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["policy"], condition=~Q(state="done"), name="one_backfill_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.policy} from {self.orders_from}"
