"""Orders in: a partner (EDI, CRM, portal) tells an order of a store's customer, and asks what became of it.

What is told is checked for its form alone and kept; `orders/flows/place_partner_order.py` places it. Names that nobody
knows are asked about there: the partner sees the reason in `reason`, and the order goes on when a person has answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api.fields import IdField, MoneyField
from hub.api.models import ApiKey, Scope
from hub.api.paging import PageSerializer, newest_first
from hub.api.parameters import PageParameters, PublicId, Text
from hub.api.problems import Conflict
from hub.api.views import ApiView
from hub.api.writing import WritingView
from hub.lib.hashing import content_hash
from hub.lib.text import storable
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders import api_examples as examples
from orders.api_partner_bodies import document_of
from orders.mirroring import po_key
from orders.models import OrderPolicy, PartnerOrder
from orders.order_fields import LONGEST_KEY
from orders.partners.documents import content_of
from orders.partners.duplicates import FLOW
from orders.partners.status import Status, statuses

TAG = "Partner orders"
MOST_LINES = 250
MOST_ATTRIBUTES = 50
LONGEST_ATTRIBUTE = 500


class ToldLineSerializer(serializers.Serializer[Any]):
    """Pieces of one thing. Name it by `sku` or, by the ERP's number for it, `item`."""

    sku = serializers.CharField(
        max_length=255, required=False, help_text="The store's SKU, or your name for it."
    )
    item = serializers.CharField(max_length=60, required=False, help_text="The ERP's item number.")
    unit = serializers.CharField(
        max_length=20, required=False, help_text="The ERP's unit, where an item has several."
    )
    quantity = serializers.IntegerField(
        min_value=1, max_value=1_000_000, help_text="Pieces as the store counts."
    )
    price = MoneyField(
        required=False, help_text="Agreed for one piece. Left out: what the store asks of this customer."
    )


class ToldShippingSerializer(serializers.Serializer[Any]):
    """How it is shipped, and what that costs."""

    method = serializers.CharField(max_length=255)
    price = MoneyField(required=False, help_text="Left out: nothing.")


class ToldAddressSerializer(serializers.Serializer[Any]):
    """Where the goods go."""

    company = serializers.CharField(max_length=255, required=False)
    name = serializers.CharField(max_length=255, required=False)
    line1 = serializers.CharField(max_length=255)
    line2 = serializers.CharField(max_length=255, required=False)
    city = serializers.CharField(max_length=255)
    province_code = serializers.CharField(max_length=10, required=False)
    postal_code = serializers.CharField(max_length=20, required=False)
    country_code = serializers.RegexField(r"^[A-Z]{2}$", help_text="ISO 3166-1 alpha-2.")
    phone = serializers.CharField(max_length=60, required=False)


class ToldAttributeSerializer(serializers.Serializer[Any]):
    """A value that the order carries beside its fields."""

    name = serializers.CharField(max_length=LONGEST_KEY, help_text="Capitals tell names apart.")
    value = serializers.CharField(max_length=LONGEST_ATTRIBUTE)


class ToldOrderSerializer(serializers.Serializer[Any]):
    """An order. All amounts are in one currency, the store's."""

    store = PublicId(help_text="The id of the store's connection.")
    number = serializers.CharField(max_length=100, help_text="Yours; the same one is the same order.")
    customer = serializers.CharField(
        max_length=120,
        help_text="The external id of a company or of its location in the store, or your name for it.",
    )
    location = serializers.CharField(
        max_length=255,
        required=False,
        help_text="Name or external id of the customer's location, where it has several.",
    )
    contact = serializers.EmailField(
        required=False, help_text="Who buys. Left out: the company's main contact."
    )
    po_number = serializers.CharField(max_length=255, required=False)
    lines = ToldLineSerializer(many=True, min_length=1, max_length=MOST_LINES)  # type: ignore[call-arg]
    prices_include_tax = serializers.BooleanField(required=False, default=False)
    shipping = ToldShippingSerializer(required=False)
    total = MoneyField(
        required=False, help_text="With tax. Where the store computes another one, a person is asked first."
    )
    requested_ship_date = serializers.DateField(required=False)
    ship_to = ToldAddressSerializer(required=False, help_text="Left out: the location's address.")
    note = serializers.CharField(max_length=2000, required=False)
    payment_terms = serializers.CharField(
        max_length=100,
        required=False,
        help_text="Their name in the store, or yours. Left out: those of the location.",
    )
    attributes = ToldAttributeSerializer(  # type: ignore[call-arg]
        many=True,
        required=False,
        max_length=MOST_ATTRIBUTES,
        help_text="Attributes of the store's order; which field of the ERP each fills is decided in the hub.",
    )


class PartnerOrderSerializer(serializers.Serializer[PartnerOrder]):
    """An order that was told, with what became of it."""

    id = IdField(source="pk")
    store = serializers.UUIDField(source="connection.public_id")
    number = serializers.CharField(help_text="Yours.")
    po_number = serializers.CharField(allow_blank=True)
    customer = serializers.CharField()
    status = serializers.ChoiceField(
        Status.choices,
        source="told.status",
        help_text="`received`; `waiting`, with the `reason`; `in_store`, with a `reason` where it waits there; "
        "`in_erp`; `rejected`, with the `reason`; `cancelled`.",
    )
    reason = serializers.CharField(source="told.reason", allow_blank=True)
    order_id = serializers.SerializerMethodField(
        help_text="Our id of the order; empty until it is in the store."
    )
    order_name = serializers.SerializerMethodField(help_text="Its name in the store.")
    erp_numbers = serializers.ListField(child=serializers.CharField(), source="told.erp_numbers")
    received_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was placed in the store, or rejected."
    )

    def get_order_id(self, order: PartnerOrder) -> str:
        return str(order.order.pk) if order.order else ""

    def get_order_name(self, order: PartnerOrder) -> str:
        return order.order.name if order.order else ""


class PartnerOrderPageSerializer(PageSerializer):
    """A page of orders that were told, the newest first."""

    items = PartnerOrderSerializer(many=True)


class PartnerOrderParameters(PageParameters):
    """What orders that were told are found by."""

    store = serializers.UUIDField(required=False, help_text="The id of a store's connection.")
    number = Text(max_length=100, help_text="The partner's, exactly.")
    po_number = Text(help_text="Compared without case, blanks and compatibility forms.")


class PlaceOrder(WritingView):
    """/api/v1/partner-orders/place"""

    scope = Scope.PLACE
    body = ToldOrderSerializer
    body_example = examples.TOLD_ORDER
    shape = PartnerOrderSerializer
    tag, operation, summary = TAG, "place_order", "Place an order of a store's customer"
    about = (
        "The order is placed in the store soon after, once, and goes from there to the ERP as every order does. What "
        "it names and nobody knows waits for a person in the hub: `status` is `waiting` then, and `reason` says why. "
        "Sent again under another idempotency key, the same `number` is the same order; another content is refused."
    )
    example = examples.PARTNER_ORDER

    def write(self, sent: dict[str, Any]) -> dict[str, Any]:
        stores = Connection.objects.filter(side=Connection.Side.STORE, public_id=sent["store"])
        store = self.reach.within(stores, "pk").first()
        if store is None:
            raise Http404
        if not OrderPolicy.objects.filter(store=store).exists():
            raise Conflict(f"No orders are taken for {store}: it has no order policy, which names their ERP.")
        document = document_of(sent)
        key = self.request.auth
        assert isinstance(key, ApiKey)
        content = content_of(document)
        order, is_new = PartnerOrder.objects.get_or_create(
            external_id=f"partner:{key.pk}:{storable(document.number)}",
            defaults={
                "connection": store,
                "number": storable(document.number),
                "told_by": key.name,
                "po_number": storable(document.po_number),
                "po_key": po_key(storable(document.po_number)),
                "customer": storable(document.customer),
                "document": content,
                "content_hash": content_hash(content),
            },
        )
        if is_new:
            enqueue(FLOW, store.pk, [order.pk])
        elif (order.connection_id, order.content_hash) != (store.pk, content_hash(content)):
            raise Conflict(
                f"The number {document.number!r} was used for another order. An order that was told does not change: "
                "ask to have it cancelled, and tell another one."
            )
        [shown] = _shown([_orders().get(pk=order.pk)])
        return dict(PartnerOrderSerializer(shown).data)


class PartnerOrders(ApiView):
    """/api/v1/partner-orders"""

    scope = Scope.ORDERS
    parameters = PartnerOrderParameters
    shape = PartnerOrderPageSerializer
    tag, operation, summary = TAG, "list_partner_orders", "Orders that partners told, and what became of them"
    about = "Orders of all partners at the stores that the key sees, the newest first."
    example = {"items": [examples.PARTNER_ORDER], "next": None, "next_cursor": None}

    def get(self, request: Request) -> Response:
        orders = self.reach.within(_orders())
        if "store" in self.asked:
            orders = orders.filter(connection__public_id=self.asked["store"])
        if "number" in self.asked:
            orders = orders.filter(number=self.asked["number"])
        if "po_number" in self.asked:
            key = po_key(self.asked["po_number"])
            orders = orders.filter(po_key=key) if key else orders.none()
        page = newest_first(orders, self.asked)
        _shown(page.items)
        return Response(page.answer(request, PartnerOrderSerializer))


class OnePartnerOrder(ApiView):
    """/api/v1/partner-orders/{partner_order_id}"""

    scope = Scope.ORDERS
    shape = PartnerOrderSerializer
    path_keys = ("partner_order_id",)
    tag, operation, summary = (
        TAG,
        "read_partner_order",
        "One order that a partner told, and what became of it",
    )
    about = "The order itself, once it is in the store, is `orders/{order_id}` with its timeline."
    example = examples.PARTNER_ORDER

    def get(self, request: Request, partner_order_id: str) -> Response:
        order = self.reach.within(_orders()).filter(pk=self.keys["partner_order_id"]).first()
        if order is None:
            raise Http404
        return Response(PartnerOrderSerializer(_shown([order])[0]).data)


def _orders() -> QuerySet[PartnerOrder]:
    """With what is shown of them, without what is large."""
    rows = PartnerOrder.objects.select_related("connection", "order")
    return rows.defer(
        "document", "order__document", "order__payload", "connection__config", "connection__secrets"
    )


def _shown(orders: Sequence[PartnerOrder]) -> Sequence[PartnerOrder]:
    """Each with what its partner is `told`."""
    told = statuses(orders)
    for order in orders:
        vars(order)["told"] = told[order.pk]
    return orders


urlpatterns = [
    path("partner-orders", PartnerOrders.as_view()),
    path("partner-orders/place", PlaceOrder.as_view()),
    path("partner-orders/<str:partner_order_id>", OnePartnerOrder.as_view()),
]
