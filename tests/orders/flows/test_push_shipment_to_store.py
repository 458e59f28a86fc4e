from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hub.connectors.shipment_documents import Parcel, ShipmentStage, ShippedLine
from hub.sync.models import Attempt, ReviewItem
from inventory.models import ItemMapping
from orders.models import ErpShipment as Mirror
from orders.models import FulfilmentPolicy, ShipmentLink, WarehouseMapping
from orders.shipments.mirroring import attach_shipments, mirror_shipments, note_gone
from orders.shipments.partners import receive_shipment
from tests.orders.shipping import FLOW, LAMPS, TABLES, Shipping, first_place, work
from tests.world import release


@pytest.fixture
def hub(hub):
    FulfilmentPolicy.objects.create(store=hub.euro)
    return hub


def test_sends_and_links(hub):
    shipping = Shipping(hub)

    shipping.ships("S1", {TABLES: 2, LAMPS: 3}, parcels=("1Z1", "1Z2"))

    place = first_place(hub)["name"]
    assert shipping.fulfilments() == [({TABLES: 2, LAMPS: 3}, ["1Z1", "1Z2"], place)]
    link = ShipmentLink.objects.get()
    assert (link.shipment.number, link.external_id) == ("S1", shipping.truth()["fulfillments"][0]["id"])
    assert (shipping.status(), hub.reviews()) == ("PARTIALLY_FULFILLED", [])
    assert Attempt.objects.filter(flow=FLOW).values_list("state", flat=True).get() == "confirmed"

    shipping.ships("S2", {TABLES: 3})

    assert (len(shipping.fulfilments()), shipping.status()) == (2, "FULFILLED")


def test_second_run_sends_nothing(hub):
    shipping = Shipping(hub)
    document = shipping.ships("S1", {TABLES: 2})

    mirror_shipments(hub.erp, [document])
    work(hub)

    assert (shipping.creates(), Attempt.objects.filter(flow=FLOW).count()) == (1, 1)
    assert hub.messages(FLOW)[-1] == "nothing new was shipped"


def test_a_shipment_waits_for_its_order_to_be_linked_and_one_of_no_order_stays(hub):
    shipping = Shipping(hub)
    linked, number = shipping.link.external_id, shipping.link.number
    shipping.link.external_id, shipping.link.number = "elsewhere", "elsewhere"
    shipping.link.save()
    mirror_shipments(hub.erp, [shipping.document("S1", {TABLES: 2}, order_external_id=linked)])
    work(hub)
    assert (shipping.creates(), Mirror.objects.get().order) == (0, None)

    shipping.link.external_id, shipping.link.number = linked, number
    shipping.link.save()
    assert attach_shipments(hub.erp) == 1
    work(hub)

    assert (shipping.creates(), len(shipping.fulfilments())) == (1, 1)


def test_more_than_is_open_goes_to_review_and_changes_nothing_until_a_person_says_so(hub):
    shipping = Shipping(hub)

    shipping.ships("S1", {TABLES: 7})

    assert hub.reviews() == [(FLOW, "shipment_not_placed")]
    assert "2 of TAB-001 (more than is open)" in ReviewItem.objects.get(state="open").message
    assert shipping.creates() == 0

    release("shipment_not_placed")
    work(hub)

    assert [lines for lines, *_ in shipping.fulfilments()] == [{TABLES: 5}]


def test_a_shipment_that_a_person_must_decide_about_stops_none_of_the_others(hub):
    shipping = Shipping(hub)
    strange = (ShippedLine("", "NOBODY-KNOWS", "Crate", Decimal(1)),)

    mirror_shipments(
        hub.erp,
        [shipping.document("S1", lines=None), shipping.document("S2", {TABLES: 2})],
    )
    mirror_shipments(hub.erp, [replace(shipping.document("S1"), lines=strange)])
    work(hub)

    assert [lines for lines, *_ in shipping.fulfilments()] == [{TABLES: 2}]
    assert hub.reviews() == [(FLOW, "shipment_line_unknown")]


def test_the_store_down_then_up(hub):
    shipping = Shipping(hub)
    hub.faults({"kind": "down", "system": "store", "mode": "503"})
    mirror_shipments(hub.erp, [shipping.document("S1", {TABLES: 2})])
    work(hub)
    assert shipping.creates() == 0

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: ShipmentLink.objects.exists())

    assert (shipping.creates(), hub.reviews()) == (1, [])


def test_a_shipment_that_is_gone_from_the_erp_is_taken_back(hub):
    shipping = Shipping(hub)
    shipping.ships("S1", {TABLES: 5})

    assert note_gone(hub.erp, ["S1"]) == 1
    work(hub)

    assert (shipping.fulfilments(), note_gone(hub.erp, ["S1"])) == ([], 0)


def test_fewer_pieces_take_the_fulfilment_back_and_more_are_added(hub):
    shipping = Shipping(hub)
    document = shipping.ships("S1", {TABLES: 4})
    document = shipping.again(document, lines=shipping.document("x", {TABLES: 5}).lines)
    assert [lines for lines, *_ in shipping.fulfilments()] == [{TABLES: 4}, {TABLES: 1}]

    shipping.again(document, lines=shipping.document("x", {TABLES: 3}).lines)

    assert [lines for lines, *_ in shipping.fulfilments()] == [{TABLES: 3}]
    assert len(shipping.fulfilments(cancelled=True)) == 2


def test_what_a_person_sent_by_hand_with_our_tracking_is_adopted(hub):
    shipping = Shipping(hub)
    hub.buyer("fulfil_by_hand", order=shipping.placed["id"], pieces=2, tracking=["1Z1"])

    shipping.ships("S1", {TABLES: 2}, parcels=("1Z1",))

    assert (shipping.creates(), len(shipping.fulfilments()), ShipmentLink.objects.get().is_adopted) == (
        0,
        1,
        True,
    )


def test_a_fulfilment_that_a_person_cancelled_is_not_sent_again_without_a_word(hub):
    shipping = Shipping(hub)
    document = shipping.ships("S1", {TABLES: 2})
    hub.buyer("cancel_fulfilment", order=shipping.placed["id"])

    shipping.again(document, parcels=(Parcel("NEW"),))
    assert (hub.reviews(), shipping.creates()) == ([(FLOW, "fulfilment_cancelled")], 1)
    release("fulfilment_cancelled", "dismiss")
    work(hub)
    assert hub.messages(FLOW)[-1] == "the store has it already"
    assert (hub.reviews(), shipping.creates(), shipping.fulfilments()) == ([], 1, [])


def test_a_shipment_that_a_warehouse_tells_goes_the_same_way(hub):
    shipping = Shipping(hub)
    item = shipping.items[TABLES]
    shipping.items[TABLES] = TABLES
    document = shipping.document("partner:1:DN-1", {TABLES: 2}, warehouse=first_place(hub)["id"])

    for _ in range(2):
        receive_shipment(hub.order(shipping.placed), document)
        work(hub)

    assert [lines for lines, *_ in shipping.fulfilments()] == [{TABLES: 2}]
    assert (shipping.creates(), hub.reviews(), item != TABLES) == (1, [], True)
    assert not WarehouseMapping.objects.exists()


def test_picked_goods_are_not_told_and_a_store_without_policy_is_told_nothing(hub):
    shipping = Shipping(hub)
    document = shipping.ships("S1", {TABLES: 2}, stage=ShipmentStage.PICKED)
    assert shipping.creates() == 0

    FulfilmentPolicy.objects.all().delete()
    shipping.again(document, stage=ShipmentStage.SHIPPED)
    assert shipping.creates() == 0


def sold_in(sku, units, unit=""):
    """One piece of this SKU is so many of the ERP's unit."""
    ItemMapping.objects.filter(sku=sku).update(units_per_piece=Decimal(units), unit=unit)


def in_unit(shipping, sku, quantity, unit=""):
    return ShippedLine("", shipping.items[sku], sku, Decimal(quantity), unit)


def test_what_the_erp_ships_in_its_own_unit_is_told_in_pieces(hub):
    sold_in(TABLES, "0.25")
    sold_in(LAMPS, "12", "PCS")
    shipping = Shipping(hub)

    lines = (in_unit(shipping, TABLES, "0.5"), in_unit(shipping, LAMPS, "24", "pcs"))
    shipping.says("S1", lines)
    assert [lines for lines, *_ in shipping.fulfilments()] == [{TABLES: 2, LAMPS: 2}]
    shipping.says("S2", (in_unit(shipping, TABLES, "0.75"),))

    assert [lines for lines, *_ in shipping.fulfilments()] == [{TABLES: 2, LAMPS: 2}, {TABLES: 3}]
    assert hub.reviews() == []


@pytest.mark.parametrize(
    ("quantity", "unit", "code", "words"),
    [
        ("0.6", "KG", "shipment_fraction", ["0.6 KG", "one piece of TAB-001 is 0.25 KG", "2.4 pieces"]),
        ("1", "BOX", "shipment_unit", ["1 BOX", "KG"]),
    ],
    ids=["no whole pieces", "another unit"],
)
def test_what_is_no_whole_number_of_pieces_or_in_another_unit_is_asked_about(
    hub, quantity, unit, code, words
):
    shipping = Shipping(hub)
    sold_in(TABLES, "0.25", "KG")

    shipping.says("S1", (in_unit(shipping, TABLES, quantity, unit),))

    assert (hub.reviews(), shipping.creates()) == ([(FLOW, code)], 0)
    message = ReviewItem.objects.get(state="open").message
    assert [word for word in words if word not in message] == []
