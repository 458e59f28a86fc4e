"""Shipments that partners tell: whose order, once, as a whole; and what the mirror makes of them."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from hub.api.models import KeyedWrite
from hub.sync.models import SyncTask
from orders.models import ErpShipment, FulfilmentPolicy
from orders.shipments.mirroring import document_of

SCOPE = "shipments:write"


def send(key, body, idempotency_key="k-1"):
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": idempotency_key}
    client = Client(raise_request_exception=False)
    raw = body if isinstance(body, bytes) else json.dumps(body)
    return client.post("/api/v1/shipments", data=raw, content_type="application/json", headers=headers)


def a_shipment(order, **changes):
    return {
        "order_id": str(order.pk),
        "shipment_id": "DN-1",
        "stage": "shipped",
        "shipped_at": "2026-03-02T15:30:00+01:00",
        "location_id": "gid://shopify/Location/7",
        "parcels": [{"tracking_number": "1Z1", "carrier": "UPS"}],
        "lines": [{"sku": "TAB-001", "quantity": 2, "lots": ["L-7"]}],
        **changes,
    }


def told():
    return list(SyncTask.objects.filter(flow="push_shipment_to_store").values_list("connection", "record_id"))


def test_a_shipment_is_mirrored_and_the_store_is_asked_to_be_told(world):
    order = world.settled()
    FulfilmentPolicy.objects.create(store=world.euro)

    answer = send(world.key(SCOPE), a_shipment(order))

    row = ErpShipment.objects.get()
    assert answer.json() == {
        "id": str(row.pk),
        "order_id": str(order.pk),
        "shipment_id": "DN-1",
        "stage": "shipped",
        "is_told": True,
    }
    document = document_of(row)
    assert (row.order, row.connection, row.number, row.warehouse) == (
        order,
        world.euro,
        "DN-1",
        "gid://shopify/Location/7",
    )
    assert [(line.number, line.quantity, line.lots) for line in document.lines] == [("TAB-001", 2, ("L-7",))]
    assert [(parcel.tracking_number, parcel.carrier_name) for parcel in document.parcels] == [("1Z1", "UPS")]
    assert row.shipped_at.isoformat() == "2026-03-02T14:30:00+00:00"
    assert told() == [(world.euro.pk, order.pk)]


def test_the_same_request_again_is_carried_out_once(world):
    order, key = world.settled(), world.key(SCOPE)
    first = send(key, a_shipment(order))
    SyncTask.objects.all().delete()

    again = send(key, a_shipment(order))

    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert (ErpShipment.objects.count(), KeyedWrite.objects.count(), told()) == (1, 1, [])


def test_a_shipment_that_is_sent_again_is_replaced_and_one_of_another_partner_is_another(world):
    order, key = world.settled(), world.key(SCOPE)
    send(key, a_shipment(order))

    send(key, a_shipment(order, stage="delivered"), "k-2")
    send(world.key(SCOPE), a_shipment(order))

    assert sorted(ErpShipment.objects.values_list("number", "stage")) == [
        ("DN-1", "delivered"),
        ("DN-1", "shipped"),
    ]


def test_a_shipment_does_not_move_to_another_order(world):
    key = world.key(SCOPE)
    first, other = world.settled(), world.settled()
    send(key, a_shipment(first))

    answer = send(key, a_shipment(other), "k-2")

    assert (answer.status_code, ErpShipment.objects.get().order) == (409, first)
    assert "another order" in answer.json()["detail"]


def test_only_its_scope_opens_it_and_only_for_orders_that_the_key_sees(world):
    mine, others = world.settled(world.euro), world.settled(world.dollar)
    key = world.key(SCOPE, sees=[world.euro])

    assert send(world.key("orders:read"), a_shipment(mine)).status_code == 403
    assert send(key, a_shipment(others)).status_code == 404
    assert send(key, a_shipment(mine, order_id="99999999")).status_code == 404
    assert not ErpShipment.objects.exists()
    assert not KeyedWrite.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"order_id": "x"},
        {"shipment_id": ""},
        {"shipment_id": "x" * 101},
        {"stage": "lost"},
        {"shipped_at": "yesterday"},
        {"location_id": "East"},
        {"parcels": [{}]},
        {"parcels": [{"tracking_number": "1", "url": "not an address"}]},
        {"lines": []},
        {"lines": [{"sku": "A", "quantity": 0}]},
        {"lines": [{"sku": "A", "quantity": 1.5}]},
        {"lines": "none"},
        {"colour": "red"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_body_that_cannot_be_used_is_told_and_nothing_is_done(change, world):
    answer = send(world.key(SCOPE), a_shipment(world.settled(), **change))

    assert (answer.status_code, ErpShipment.objects.count()) == (400, 0)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert next(iter(change)) in answer.json()["detail"]
