"""The acceptance scenarios about shipments, by number."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.connectors.shipment_documents import Parcel, ShipmentStage
from hub.sync.models import Attempt, ReviewItem
from inventory.models import ItemMapping
from orders.models import CarrierMapping, FulfilmentPolicy, ShipmentLink, WarehouseMapping
from orders.shipments.mirroring import mirror_shipments
from tests.orders.shipping import FLOW, LAMPS, TABLES, Shipping, first_place, second_place, stock, work
from tests.world import release


@pytest.fixture
def hub(hub):
    FulfilmentPolicy.objects.create(store=hub.euro)
    return hub


def test_scenario_16_a_create_whose_answer_was_lost_is_adopted_and_never_sent_twice(hub):
    shipping = Shipping(hub)
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "CreateFulfillment", "first": 1})
    mirror_shipments(hub.erp, [shipping.document("S1", {TABLES: 2}, parcels=())])
    work(hub)
    hub.forget_faults()

    hub.hurry()
    Attempt.objects.filter(state="open").update(settle_at=datetime.now(UTC))
    hub.hurry()
    hub.work(lambda: ShipmentLink.objects.exists())

    assert (shipping.creates(), len(shipping.fulfilments())) == (1, 1)
    assert ShipmentLink.objects.get().is_adopted
    assert not Attempt.objects.filter(state="open").exists()


def test_scenario_18_one_shipment_over_two_locations_with_a_move(hub):
    north = second_place(hub)
    shop = hub.shop()
    lamp = next(item for item in shop.every("InventoryItem") if item["sku"] == LAMPS)
    for key in [key for key in shop.levels if key[0] == lamp["id"]]:
        del shop.levels[key]
    stock(hub, at="North", sku=LAMPS)
    stock(hub, at="North", sku=TABLES)
    shipping = Shipping(hub)

    shipping.ships("S1", {TABLES: 1, LAMPS: 3}, warehouse="EAST")

    assert hub.reviews() == [(FLOW, "mapping_missing")], "two places, and nobody said which the warehouse is"
    assert shipping.creates() == 0

    WarehouseMapping.objects.filter(warehouse="EAST").update(location_external_id=north)
    release("mapping_missing", "try_again")
    work(hub)

    assert shipping.fulfilments() == [({LAMPS: 3, TABLES: 1}, ["1Z1"], "North")]
    assert shop.calls["fulfillmentOrderMove"] == 1
    shipping.ships("S2", {TABLES: 4})
    assert [place for *_, place in shipping.fulfilments()] == ["North", first_place(hub)["name"]]
    assert (shipping.status(), hub.reviews()) == ("FULFILLED", [])


def test_scenario_18_without_a_warehouse_each_location_gets_its_fulfilment(hub):
    second_place(hub)
    shop = hub.shop()
    lamp = next(item for item in shop.every("InventoryItem") if item["sku"] == LAMPS)
    for key in [key for key in shop.levels if key[0] == lamp["id"]]:
        del shop.levels[key]
    stock(hub, at="North", sku=LAMPS)
    shipping = Shipping(hub)

    shipping.ships("S1", {TABLES: 5, LAMPS: 3})

    assert sorted(place for *_, place in shipping.fulfilments()) == ["North", first_place(hub)["name"]]
    assert sorted(ShipmentLink.objects.values_list("part", flat=True)) == [1, 2]


def test_scenario_18_what_others_hold_waits_for_a_person_and_our_own_hold_goes(hub):
    shipping = Shipping(hub)
    hub.buyer("hold_fulfilment", order=shipping.placed["id"], reason="AWAITING_PAYMENT")
    shipping.ships("S1", {TABLES: 2})
    assert hub.reviews() == [(FLOW, "shipment_not_placed")]
    assert "held in the store: Awaiting payment" in ReviewItem.objects.get(state="open").message

    hub.buyer("release_fulfilment", order=shipping.placed["id"])
    hub.buyer("hold_fulfilment", order=shipping.placed["id"], by_app=True, handle="concord")
    release("shipment_not_placed", "try_again")
    work(hub)

    assert (len(shipping.fulfilments()), hub.reviews()) == (1, [])
    assert hub.shop().calls["fulfillmentOrderReleaseHold"] == 1


def test_scenario_18_gift_cards_stay_apart_and_services_go_along(hub):
    gift = {
        "title": "Gift card",
        "sku": "GIFT",
        "quantity": 1,
        "price": "50.00",
        "gift_card": True,
        "requires_shipping": False,
    }
    service = {
        "title": "Assembly",
        "sku": "ASSEMBLY",
        "quantity": 2,
        "price": "20.00",
        "requires_shipping": False,
    }
    pair = {"store": hub.euro, "erp": hub.erp}
    for sku in ("GIFT", "ASSEMBLY"):
        ItemMapping.objects.create(sku=sku, item_number="IT-0001", **pair)
    shipping = Shipping(hub, lines=[(LAMPS, 3), gift, service])

    shipping.ships("S1", {LAMPS: 3})

    assert [lines for lines, *_ in shipping.fulfilments()] == [{LAMPS: 3}, {"ASSEMBLY": 2}]
    assert list(ShipmentLink.objects.order_by("part").values_list("is_extra", flat=True)) == [False, True]
    assert shipping.status() == "PARTIALLY_FULFILLED"


def test_scenario_18_tracking_is_corrected_and_delivery_told_once(hub):
    shipping = Shipping(hub)
    CarrierMapping.objects.create(store=hub.euro, erp=hub.erp, carrier="DHL", company="DHL Express")
    document = shipping.ships("S1", {TABLES: 2}, parcels=("WRONG",))

    document = shipping.again(document, parcels=(Parcel("RIGHT", "DHL", "DHL"), Parcel("TWO", "DHL", "DHL")))

    [fulfilment] = shipping.truth()["fulfillments"]
    assert [(row["company"], row["number"]) for row in fulfilment["trackingInfo"]] == [
        ("DHL Express", "RIGHT"),
        ("DHL Express", "TWO"),
    ]
    assert fulfilment["trackingInfo"][0]["url"].endswith("RIGHT"), "the store knows the carrier by that name"

    document = shipping.again(document, stage=ShipmentStage.DELIVERED, status="delivered")
    shipping.again(document, status="delivered, signed for")

    [fulfilment] = shipping.truth()["fulfillments"]
    assert [event["status"] for event in fulfilment["events"]] == ["DELIVERED"]
    assert shipping.creates() == 1


def test_scenario_18_an_undone_shipment_is_taken_back_and_the_next_one_takes_its_place(hub):
    shipping = Shipping(hub)
    document = shipping.ships("S1", {TABLES: 5})

    shipping.again(document, stage=ShipmentStage.UNDONE)
    assert (shipping.fulfilments(), len(shipping.fulfilments(cancelled=True))) == ([], 1)
    shipping.ships("S2", {TABLES: 5}, parcels=("1Z9",))

    assert [numbers for _, numbers, _ in shipping.fulfilments()] == [["1Z9"]]
    assert hub.reviews() == []
