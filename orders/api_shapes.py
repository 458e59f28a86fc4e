"""How orders, their two sides and their timeline are written out for partners."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from companies.models import StoreCompanyLocation
from hub.api.fields import ConnectionSerializer, IdField, MoneyField, money_text
from hub.api.paging import PageSerializer
from hub.connectors.documents import (
    Attribute,
    PlacedLine,
    PlacedOrder,
    PlacedShippingLine,
    TaxLine,
)
from hub.connectors.payment_terms import PlacedPaymentTerms
from hub.lib.money import MoneyBag
from orders.api_timeline import KINDS, Happening
from orders.models import ErpOrder, OrderLink, StoreOrder
from orders.states import OrderState

# Named for the description of the API.
LinkKind, LinkTotals = OrderLink.Kind, OrderLink.Totals


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an order does not go on."""

    review_id: str | None
    code: str
    message: str
    since: datetime


class MoneyBagSerializer(serializers.Serializer[MoneyBag]):
    """The same value in the shop's currency and in the one that the buyer saw."""

    shop = MoneyField()
    presentment = MoneyField()


class LocationSerializer(serializers.Serializer[StoreCompanyLocation]):
    """The company location that bought. Names are empty until it has been read from the store."""

    id = IdField(source="pk")
    external_id = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    company_external_id = serializers.CharField(allow_blank=True)
    company_name = serializers.CharField(allow_blank=True)


class LinkSerializer(serializers.Serializer[OrderLink]):
    """The ERP document that the order is, with what was expected of its totals and what the ERP arrived at."""

    erp = ConnectionSerializer(source="connection")
    kind = serializers.ChoiceField(LinkKind.choices)
    external_id = serializers.CharField()
    number = serializers.CharField()
    reference = serializers.CharField(allow_blank=True)
    is_adopted = serializers.BooleanField(help_text="Whether the ERP had it already.")
    linked_at = serializers.DateTimeField(source="created_at")
    totals = serializers.ChoiceField(LinkTotals.choices)
    expected_total = serializers.SerializerMethodField()
    expected_tax = serializers.SerializerMethodField()
    erp_total = serializers.SerializerMethodField()
    erp_tax = serializers.SerializerMethodField()
    tax_variance = serializers.SerializerMethodField(
        help_text="What the ERP's tax is above the store's where the tax policy accepts it; `totals` is equal then."
    )
    tax_variance_at = serializers.DateTimeField(allow_null=True)
    tax_variance_policy = serializers.CharField(
        allow_blank=True, help_text="The policy that accepted it, in its words of that moment."
    )
    reference_written_at = serializers.DateTimeField(
        source="reference_pushed_at", allow_null=True, help_text="When the store was told the number."
    )
    reference_error = serializers.CharField(allow_blank=True)

    @extend_schema_field(MoneyField)
    def get_expected_total(self, link: OrderLink) -> object:
        return _written(link.expected_total, link.currency)

    @extend_schema_field(MoneyField)
    def get_expected_tax(self, link: OrderLink) -> object:
        return _written(link.expected_tax, link.currency)

    @extend_schema_field(MoneyField(allow_null=True))
    def get_erp_total(self, link: OrderLink) -> object:
        return _written(link.erp_total, link.currency)

    @extend_schema_field(MoneyField(allow_null=True))
    def get_tax_variance(self, link: OrderLink) -> object:
        return _written(link.tax_variance, link.currency)

    @extend_schema_field(MoneyField(allow_null=True))
    def get_erp_tax(self, link: OrderLink) -> object:
        return _written(link.erp_tax, link.currency)


def _written(amount: Decimal | None, currency: str) -> dict[str, str] | None:
    return None if amount is None else money_text(amount, currency)


class HoldSerializer(serializers.Serializer[Hold]):
    """Why an order does not go on."""

    review_id = serializers.CharField(
        allow_null=True, help_text="The review item that asks; null where its task failed too often."
    )
    code = serializers.CharField()
    message = serializers.CharField()
    since = serializers.DateTimeField()


class OrderSerializer(serializers.Serializer[StoreOrder]):
    """An order of a store as we know it."""

    id = IdField(source="pk")
    store = ConnectionSerializer(source="connection")
    external_id = serializers.CharField()
    name = serializers.CharField()
    po_number = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(OrderState.choices)
    is_test = serializers.BooleanField()
    placed_at = serializers.DateTimeField()
    cancelled_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField(source="remote_updated_at", help_text="By the store's stamp.")
    observed_at = serializers.DateTimeField(help_text="When we saw it last.")
    financial_status = serializers.CharField(allow_blank=True)
    company_location = LocationSerializer(source="location", allow_null=True)
    total = serializers.SerializerMethodField(help_text="In the shop's currency, after edits and refunds.")
    presentment_total = serializers.SerializerMethodField(help_text="In the currency that the buyer saw.")
    links = LinkSerializer(many=True, source="links.all")
    holds = HoldSerializer(many=True)

    @extend_schema_field(MoneyField)
    def get_total(self, order: StoreOrder) -> object:
        return money_text(order.total, order.currency)

    @extend_schema_field(MoneyField)
    def get_presentment_total(self, order: StoreOrder) -> object:
        return money_text(order.presentment_total, order.presentment_currency)


class OrderPageSerializer(PageSerializer):
    """A page of orders, the newest first."""

    items = OrderSerializer(many=True)


# -------------------------------------------------------------------------------------- one order, both sides


class AttributeSerializer(serializers.Serializer[Attribute]):
    """A key and value that the buyer or a theme put there."""

    key = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_blank=True)


class TaxSerializer(serializers.Serializer[TaxLine]):
    """One tax on a line; `rate` is a fraction as text, "0.19" for 19 %."""

    title = serializers.CharField(allow_blank=True)
    rate = serializers.SerializerMethodField()
    amount = MoneyBagSerializer()

    def get_rate(self, tax: TaxLine) -> str:
        return f"{tax.rate:f}"


class LineSerializer(serializers.Serializer[PlacedLine]):
    """One line as the store holds it; `current_quantity` is after edits, refunds and removals."""

    external_id = serializers.CharField()
    sku = serializers.CharField(allow_blank=True)
    title = serializers.CharField(allow_blank=True)
    variant_title = serializers.CharField(allow_blank=True)
    quantity = serializers.IntegerField()
    current_quantity = serializers.IntegerField()
    unit_price = MoneyBagSerializer()
    discount = MoneyBagSerializer()
    taxes = TaxSerializer(many=True, source="tax_lines")
    attributes = AttributeSerializer(many=True)


class ShippingLineSerializer(serializers.Serializer[PlacedShippingLine]):
    """One shipping charge."""

    external_id = serializers.CharField(allow_blank=True)
    title = serializers.CharField(allow_blank=True)
    code = serializers.CharField(allow_blank=True)
    price = MoneyBagSerializer()
    discount = MoneyBagSerializer()
    taxes = TaxSerializer(many=True, source="tax_lines")


class PaymentTermsSerializer(serializers.Serializer[PlacedPaymentTerms]):
    """Terms on the order, in the store's words."""

    type = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)
    due_in_days = serializers.IntegerField(allow_null=True)


class StoreSideSerializer(serializers.Serializer[PlacedOrder]):
    """What the store says. `unknown_parts` names fields here that were not read yet."""

    taxes_included = serializers.BooleanField()
    lines = LineSerializer(many=True)
    shipping_lines = ShippingLineSerializer(many=True)
    discount_codes = serializers.ListField(child=serializers.CharField(allow_blank=True))
    attributes = AttributeSerializer(many=True)
    payment_terms = PaymentTermsSerializer(allow_null=True)
    subtotal = MoneyBagSerializer()
    discount_total = MoneyBagSerializer()
    shipping_total = MoneyBagSerializer()
    tax_total = MoneyBagSerializer()
    total = MoneyBagSerializer(help_text="As it was placed.")
    current_total = MoneyBagSerializer(help_text="After edits and refunds.")
    unknown_parts = serializers.ListField(child=serializers.CharField())


class ErpSideSerializer(serializers.Serializer[ErpOrder]):
    """What the ERP says of the document that the order is linked to."""

    erp = ConnectionSerializer(source="connection")
    external_id = serializers.CharField()
    number = serializers.CharField()
    reference = serializers.CharField(allow_blank=True)
    status = serializers.CharField(allow_blank=True)
    customer_number = serializers.CharField(allow_blank=True)
    is_posted_invoice = serializers.BooleanField()
    total_excluding_tax = serializers.SerializerMethodField()
    total_tax = serializers.SerializerMethodField()
    total_including_tax = serializers.SerializerMethodField()
    updated_at = serializers.DateTimeField(source="remote_updated_at", help_text="By the ERP's stamp.")
    observed_at = serializers.DateTimeField()

    @extend_schema_field(MoneyField(allow_null=True))
    def get_total_excluding_tax(self, order: ErpOrder) -> object:
        return _written(order.total_excluding_tax, order.currency)

    @extend_schema_field(MoneyField(allow_null=True))
    def get_total_tax(self, order: ErpOrder) -> object:
        return _written(order.total_tax, order.currency)

    @extend_schema_field(MoneyField(allow_null=True))
    def get_total_including_tax(self, order: ErpOrder) -> object:
        return _written(order.total_including_tax, order.currency)


class OrderDetailSerializer(OrderSerializer):
    """An order with both sides."""

    store_side = StoreSideSerializer(source="placed")
    erp_side = ErpSideSerializer(
        many=True, source="erp_documents", help_text="Empty until the ERP's changes have been read."
    )


# ---------------------------------------------------------------------------------------------------- timeline


class TimelineSerializer(serializers.Serializer[Happening]):
    """One thing that happened to an order."""

    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(KINDS)
    flow = serializers.CharField(allow_blank=True, help_text="The flow that did it, where one did.")
    outcome = serializers.CharField(
        allow_blank=True,
        help_text="How a task or write ended; the code of a question, or its answer; the stage of a document.",
    )
    words = serializers.CharField(allow_blank=True, help_text="What happened, in plain words.")
    who = serializers.CharField(
        allow_blank=True,
        help_text="Who told or decided it: an API key by its name, or `staff`; empty where nobody did.",
    )


class TimelinePageSerializer(PageSerializer):
    """A page of an order's timeline, the newest first."""

    items = TimelineSerializer(many=True)
