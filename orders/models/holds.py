"""Which orders wait before they go to the ERP, and what a person changed about one of them."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now

from hub.connectors.held_orders import HeldOrders
from hub.connectors.registry import connector_class
from hub.sync.models import Connection
from hub.sync.tracking import noted
from orders.holds.faults import PLACE_LABELS, faults
from orders.holds.terms import (
    CODE,
    OPERATOR_LABELS,
    UNTIL_APPROVED,
    UNTIL_AUTHORISED,
    UNTIL_PAID,
    Condition,
    Kind,
    Rule,
    described,
)
from orders.models.mirrors import StoreOrder
from orders.models.policies import OrderPolicy
from orders.order_fields import METAFIELD, keeps_metafields


class HoldRule(models.Model):
    """Orders that meet this rule wait until a person approves them, or until they are paid."""

    class Joined(models.TextChoices):
        ALL = "all", "all conditions are met"
        ANY = "any", "any condition is met"

    class Place(models.TextChoices):
        HUB = "hub", "here: nothing is created in the ERP"
        ERP = "erp", "in the ERP: the order is created there, held"

    class Until(models.TextChoices):
        APPROVED = UNTIL_APPROVED, "a person approves it"
        AUTHORISED = UNTIL_AUTHORISED, "its payment is authorised, or a person approves it"
        PAID = UNTIL_PAID, "it is paid, or a person approves it"

    name = models.CharField(max_length=80, unique=True, help_text="What people read as the reason.")
    store = models.ForeignKey(
        Connection,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: orders of all stores.",
    )
    is_enabled = models.BooleanField(
        default=False, help_text="Save the rule first and try it against past orders; then switch it on."
    )
    joined = models.CharField("holds when", max_length=3, choices=Joined.choices, default=Joined.ALL)
    place = models.CharField("waits", max_length=3, choices=Place.choices, default=Place.HUB)
    until = models.CharField("until", max_length=10, choices=Until.choices, default=Until.APPROVED)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]
        triggers = noted("name", unseen=["created_at"])

    def __str__(self) -> str:
        return self.name

    @property
    def code(self) -> str:
        """The review code under which it holds orders."""
        return f"{CODE}{self.pk}"

    def clean(self) -> None:
        """Raises ValidationError for a store that is none, and for an ERP that holds no orders."""
        if self.store is not None and self.store.side != "store":
            raise ValidationError({"store": f"{self.store} is no store."})
        if self.place == self.Place.ERP and (refusal := self._place_fault()):
            raise ValidationError({"place": refusal})

    def _place_fault(self) -> str:
        policies = OrderPolicy.objects.select_related("erp")
        if self.store_id is not None:
            policies = policies.filter(store=self.store_id)
        unable = [policy.erp for policy in policies if not holds_orders(policy.erp)]
        if not unable:
            return ""
        reason = unsupported_words(unable[0])
        return (
            f"Orders cannot wait in {unable[0]}{f': {reason}' if reason else ''}. Let them wait here instead."
        )

    def rule(self) -> Rule:
        """The rule as it is evaluated, with its conditions as they are stored."""
        conditions = self.conditions.all() if self.pk else ()
        return Rule(
            self.code,
            self.name,
            self.joined == self.Joined.ANY,
            tuple(row.condition() for row in conditions),
            self.until,
            self.place == self.Place.ERP,
        )


def holds_orders(erp: Connection) -> bool:
    """Whether orders can be created held there."""
    return issubclass(connector_class(erp.system), HeldOrders)


def unsupported_words(erp: Connection) -> str:
    """Why its system cannot hold orders, in the connector's words."""
    reasons = connector_class(erp.system).unsupported_capabilities
    return next((words for capability, words in reasons.items() if capability.value == "hold_order"), "")


class HoldCondition(models.Model):
    """One condition of a hold rule. What is allowed in it is said by `orders.holds.faults`."""

    _KINDS = (
        (Kind.EVERY.value, "every order"),
        (Kind.WORDS.value, "words in note, attributes or line properties"),
        (Kind.AMOUNT.value, "the order's total"),
        (Kind.COMPANY.value, "the company"),
        (Kind.LOCATION.value, "the company location"),
        (Kind.DATE.value, "a requested date"),
        (Kind.FIRST_ORDER.value, "the first order of the company location"),
        (Kind.SKU.value, "a SKU"),
        (Kind.VALUE.value, "an attribute, line property, order field or metafield"),
        (Kind.RISK.value, "the store's risk assessment"),
    )

    rule = models.ForeignKey(HoldRule, on_delete=models.CASCADE, related_name="conditions")
    kind = models.CharField("looks at", max_length=12, choices=_KINDS)
    source = models.CharField(
        "where", max_length=10, choices=list(PLACE_LABELS.items()), default="", blank=True
    )
    key = models.CharField(
        "name",
        max_length=200,
        default="",
        blank=True,
        help_text="Of an attribute or line property as in the store, of an order field, or a metafield as in "
        "custom.delivery_date.",
    )
    operator = models.CharField(
        "compares", max_length=10, choices=list(OPERATOR_LABELS.items()), default="", blank=True
    )
    value = models.CharField(
        max_length=500, default="", blank=True, help_text="Several words, names or SKUs: separated by commas."
    )
    currency = models.CharField(max_length=3, default="", blank=True, help_text="Of an amount: EUR.")

    class Meta:
        ordering = ["pk"]
        triggers = noted("kind", "key", "operator", "value")

    def __str__(self) -> str:
        return described(self.condition())

    def condition(self) -> Condition:
        """The condition as it is evaluated."""
        return Condition(self.kind, self.source, self.key, self.operator, self.value, self.currency)

    def clean(self) -> None:
        """Raises ValidationError that names what is wrong, by field."""
        self.value, self.currency = self.value.strip(), self.currency.strip().upper()
        self.key = self.key.strip()
        found = faults(self.condition())
        store = self.rule.store if self.rule_id or hasattr(self, "rule") else None
        if self.source == METAFIELD and store is not None and not keeps_metafields(store.system):
            found.setdefault("source", f"{store} keeps no metafields.")
        if self.kind == Kind.RISK and store is not None and not keeps_metafields(store.system):
            found.setdefault("kind", f"{store} assesses no risk.")
        if found:
            raise ValidationError(dict(found))


class OrderOverride(models.Model):
    """What a person entered for one order instead of what the store says: a value of the ERP document's header.

    `field` is one of `orders.holds.overrides`' own names, or "field:" and the name of an ERP field. It holds for the
    order's content that the person saw.
    """

    order = models.ForeignKey(StoreOrder, on_delete=models.PROTECT, related_name="overrides")
    field = models.CharField(max_length=90)
    value = models.CharField(max_length=2000)
    reason = models.CharField(max_length=250, default="", blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField(auto_now=True)
    content_hash = models.CharField(max_length=32)

    class Meta:
        ordering = ["field"]
        constraints = [models.UniqueConstraint(fields=["order", "field"], name="order_field_overridden_once")]
        triggers = noted("field", unseen=["content_hash", "made_at"])

    def __str__(self) -> str:
        return f"{self.field} of order {self.order_id}"
