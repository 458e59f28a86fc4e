"""Shipments in: a warehouse that ships for us tells what left, and the store is told in turn."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.http import Http404
from django.urls import path
from rest_framework import serializers

from hub.api.models import ApiKey, Scope
from hub.api.parameters import Key
from hub.api.problems import Conflict
from hub.api.writing import WritingView
from hub.connectors.shipment_documents import ErpShipment, Parcel, ShipmentStage, ShippedLine
from hub.errors import Conflict as ToldElsewhere
from hub.lib.text import storable
from orders.models import FulfilmentPolicy, StoreOrder
from orders.shipments.partners import receive_shipment

MOST_LINES, MOST_PARCELS = 1000, 250
_SENT: dict[str, Any] = {
    "order_id": "1204",
    "shipment_id": "DN-5521",
    "stage": "shipped",
    "shipped_at": "2026-03-02T15:30:00Z",
    "location_id": "gid://shopify/Location/655441491",
    "parcels": [{"tracking_number": "1Z999AA10123456784", "carrier": "UPS"}],
    "lines": [{"sku": "TAB-001", "quantity": 2, "lots": ["L-7"]}],
}


class Names(serializers.ListField):
    """Lots or serial numbers."""

    child = serializers.CharField(max_length=100)


class SentLineSerializer(serializers.Serializer[Any]):
    """Pieces of one SKU that left."""

    sku = serializers.CharField(max_length=255)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)
    lots = Names(required=False, max_length=MOST_LINES)
    serials = Names(required=False, max_length=MOST_LINES)


class SentParcelSerializer(serializers.Serializer[Any]):
    """One parcel; a carrier that the store knows by this very name gets its tracking address from the store."""

    tracking_number = serializers.CharField(max_length=100)
    carrier = serializers.CharField(max_length=100, required=False)
    url = serializers.URLField(max_length=500, required=False)


class SentShipmentSerializer(serializers.Serializer[Any]):
    """A shipment of one order, whole: what is sent again replaces what was told before."""

    order_id = Key(help_text="Our id of the order.")
    shipment_id = serializers.CharField(max_length=100, help_text="Yours; the same one changes the shipment.")
    stage = serializers.ChoiceField(choices=[stage.value for stage in ShipmentStage])
    shipped_at = serializers.DateTimeField(required=False, default_timezone=UTC)
    location_id = serializers.RegexField(
        r"^gid://shopify/Location/[0-9]{1,20}$",
        required=False,
        help_text="The store's location that the goods left; left out where it does not matter.",
    )
    parcels = SentParcelSerializer(many=True, required=False, max_length=MOST_PARCELS)  # type: ignore[call-arg]
    lines = SentLineSerializer(many=True, min_length=1, max_length=MOST_LINES)  # type: ignore[call-arg]


class ToldShipmentSerializer(serializers.Serializer[Any]):
    """The shipment as it is kept."""

    id = serializers.CharField()
    order_id = serializers.CharField()
    shipment_id = serializers.CharField()
    stage = serializers.CharField()
    is_told = serializers.BooleanField(help_text="Whether the store is told of shipments at all.")


class Shipments(WritingView):
    """/api/v1/shipments"""

    scope = Scope.SHIPMENTS
    body = SentShipmentSerializer
    body_example = _SENT
    shape = ToldShipmentSerializer
    tag, operation, summary = "Shipments", "tell_shipment", "Tell what was shipped of an order"
    about = (
        "The store is told soon after. What it cannot be told (more than is open, an unknown SKU, a hold) waits for a "
        "person in the hub. Send the whole shipment again to correct it; `undone` takes it back."
    )
    example = {
        "id": "88",
        "order_id": "1204",
        "shipment_id": "DN-5521",
        "stage": "shipped",
        "is_told": True,
    }

    def write(self, sent: dict[str, Any]) -> dict[str, Any]:
        orders = StoreOrder.objects.filter(pk=sent["order_id"]).select_related("connection")
        if self.reach.connection_ids is not None:
            orders = orders.filter(connection__in=self.reach.connection_ids)
        order = orders.defer("document", "payload").first()
        if order is None:
            raise Http404
        key = self.request.auth
        assert isinstance(key, ApiKey)
        try:
            row = receive_shipment(order, _document(sent, key))
        except ToldElsewhere as error:
            raise Conflict(str(error)) from error
        policies = FulfilmentPolicy.objects.filter(store=order.connection_id, is_on=True)
        return {
            "id": str(row.pk),
            "order_id": str(order.pk),
            "shipment_id": sent["shipment_id"],
            "stage": row.stage,
            "is_told": policies.exists(),
        }


def _document(sent: dict[str, Any], key: ApiKey) -> ErpShipment:
    """The shipment as the hub keeps it; numbers of two partners are two shipments."""
    return ErpShipment(
        external_id=f"partner:{key.pk}:{storable(sent['shipment_id'])}",
        number=sent["shipment_id"],
        order_external_id="",
        order_number="",
        reference="",
        status=f"told by {key.name}",
        stage=ShipmentStage(sent["stage"]),
        shipped_at=sent.get("shipped_at"),
        warehouse=sent.get("location_id", ""),
        shipping_method_code="",
        parcels=tuple(
            Parcel(one["tracking_number"], carrier_name=one.get("carrier", ""), url=one.get("url", ""))
            for one in sent.get("parcels", ())
        ),
        lines=tuple(
            ShippedLine(
                "",
                one["sku"],
                "",
                Decimal(one["quantity"]),
                lots=tuple(one.get("lots", ())),
                serials=tuple(one.get("serials", ())),
            )
            for one in sent["lines"]
        ),
        updated_at=datetime.now(UTC),
    )


urlpatterns = [path("shipments", Shipments.as_view())]
