"""How a store's orders are treated."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, models, transaction
from django.utils import timezone

from hub.connectors.documents import LineKind
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.releasing import release_after_commit
from hub.sync.tracking import noted
from orders.models.mirrors import StoreOrder


def just_now() -> datetime:
    """A minute ago: stores stamp whole seconds, and their clocks are not ours."""
    return timezone.now() - timedelta(minutes=1)


# Orders of a store are mirrored under a share of the lock of its policy: each is either there when a policy looks for
# those that wait for it, or finds the policy itself.
POLICY_LOCK = "hashtextextended('order policy', %s::bigint)"
ENQUEUED_AT_ONCE = 5000


class OrderPolicy(models.Model):
    """Where a store's orders go and what is asked of them."""

    class BlankPo(models.TextChoices):
        USE_NAME = "use_name", "Use the order's name, flagged"
        HOLD = "hold", "Hold for review"

    class DuplicatePo(models.TextChoices):
        HOLD = "hold", "Hold for review"
        ALLOW = "allow", "Send it"
        REJECT = "reject", "Do not send it"

    class Money(models.TextChoices):
        SHOP = "shop", "The shop's currency"
        PRESENTMENT = "presentment", "The currency the buyer saw"

    class SkuRule(models.TextChoices):
        MAPPED = "mapped", "Every SKU needs a mapping row"
        SAME = "same", "The SKU is the item number unless a row says otherwise"

    class Instalments(models.TextChoices):
        REVIEW = "review", "Hold for review"
        LAST = "last", "Terms and due date of the last one, all listed in comments"
        FIRST = "first", "Terms and due date of the first one, all listed in comments"

    store = models.OneToOneField(Connection, on_delete=models.PROTECT, related_name="order_policy")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    orders_from = models.DateTimeField(
        default=just_now,
        help_text="Orders placed before this are not sent: they were entered by other means.",
    )
    takes_test_orders = models.BooleanField(default=False)
    takes_d2c_orders = models.BooleanField(default=False)
    blank_po = models.CharField(max_length=10, choices=BlankPo.choices, default=BlankPo.USE_NAME)
    duplicate_po = models.CharField(max_length=10, choices=DuplicatePo.choices, default=DuplicatePo.HOLD)
    money = models.CharField(
        max_length=12,
        choices=Money.choices,
        default=Money.SHOP,
        help_text="Frozen for each order when it is sent.",
    )
    cancels_in_erp = models.BooleanField(
        "cancels in the ERP",
        default=False,
        help_text="An order that is cancelled in the store after it was sent is cancelled in the ERP as long as "
        "nothing of it was delivered. Else a person is asked.",
    )
    sku_rule = models.CharField(max_length=10, choices=SkuRule.choices, default=SkuRule.MAPPED)
    holds_new_attributes = models.BooleanField(
        default=False,
        help_text="Orders with an attribute that nobody has decided about wait for a person. "
        "Else it goes into a comment line.",
    )
    instalments = models.CharField(
        max_length=10,
        choices=Instalments.choices,
        default=Instalments.REVIEW,
        db_default="review",
        help_text="Orders paid in instalments whose plan has no payment terms of the ERP mapped to it.",
    )
    d2c_customer_number = models.CharField(
        max_length=60, default="", blank=True, help_text="The ERP customer of orders without a company."
    )
    # With defaults of the database: workers of the version before insert policies while it is new already.
    default_charge_kind = models.CharField(
        max_length=10,
        choices=[(kind.value, kind.value.capitalize()) for kind in LineKind if kind is not LineKind.COMMENT],
        default=LineKind.ACCOUNT.value,
        db_default=LineKind.ACCOUNT.value,
    )
    default_charge_number = models.CharField(
        max_length=60,
        default="",
        db_default="",
        blank=True,
        help_text="What shipping charges are posted to whose method has no mapping yet. Empty: such orders wait.",
    )

    class Meta:
        ordering = ["store"]
        verbose_name_plural = "order policies"
        triggers = noted()

    def __str__(self) -> str:
        return f"{self.store} → {self.erp}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Orders that were mirrored before anything said where they go are decided with it, both or neither."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_xact_lock({POLICY_LOCK})", [self.store_id])
            before = OrderPolicy.objects.filter(pk=self.pk).first()
            super().save(*args, **kwargs)  # type: ignore[arg-type]
            if before is None or self.erp_id != before.erp_id or self.orders_from < before.orders_from:
                self._decide_orders()
            elif self.instalments != before.instalments:
                release_after_commit("push_order_to_erp", [self.erp_id], ("instalments",))

    def _decide_orders(self) -> None:
        """Enqueue the store's orders that are in no ERP yet and that this policy does not leave to other means."""
        orders = StoreOrder.objects.filter(
            connection=self.store_id, placed_at__gte=self.orders_from, cancelled_at=None, links=None
        )
        keys = list(orders.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(keys), ENQUEUED_AT_ONCE):
            enqueue("push_order_to_erp", self.erp_id, keys[start : start + ENQUEUED_AT_ONCE])
