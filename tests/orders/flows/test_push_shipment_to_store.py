from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.connectors.shipment_documents import ErpShipment, Parcel, ShipmentStage, ShippedLine
from hub.sync.models import Attempt, ReviewItem, SyncTask
from inventory.models import ItemMapping
from orders.models import CarrierMapping, FulfilmentPolicy, OrderLink, ShipmentLink, WarehouseMapping
from orders.models import ErpShipment as Mirror
from orders.shipments.mirroring import attach_shipments, mirror_shipments, note_gone
from tests.world import release

AT = datetime(2026, 11, 1, 10, tzinfo=UTC)
FLOW = "push_shipment_to_store"
TABLES, LAMPS = "TAB-001", "LAM-002"


@pytest.fixture
def hub(hub):
    FulfilmentPolicy.objects.create(store=hub.euro)
    return hub


def work(hub):
    """Until the store was told what is due; other flows may go on."""
    states = (SyncTask.State.WAITING, SyncTask.State.RUNNING, SyncTask.State.BLOCKED)
    tasks = SyncTask.objects.filter(flow=FLOW, state__in=states)
    hub.work(lambda: not tasks.filter(due_at__lt=datetime.now(UTC)).exists())


class Shipping:
    """An order that is in the ERP, and the ERP shipping it."""

    def __init__(self, hub, lines=((TABLES, 5), (LAMPS, 3)), **order):
        self.hub = hub
        rows = [
            line if isinstance(line, dict) else {"sku": line[0], "quantity": line[1], "price": "10.00"}
            for line in lines
        ]
        self.placed = hub.place(po_number="PO-1", lines=rows, **order)
        hub.work(lambda: OrderLink.objects.filter(order__external_id=self.placed["id"]).exists())
        self.link = hub.link(self.placed)
        self.minutes = 0
        self.items = dict(ItemMapping.objects.filter(store=hub.euro).values_list("sku", "item_number"))

    def document(self, key="S1", lines=None, *, parcels=("1Z1",), stage=ShipmentStage.SHIPPED, **facts):
        self.minutes += 1
        return ErpShipment(
            **{
                "external_id": key,
                "number": key,
                "order_external_id": self.link.external_id,
                "order_number": self.link.number,
                "reference": "",
                "status": stage.value,
                "stage": stage,
                "shipped_at": AT,
                "warehouse": "",
                "shipping_method_code": "",
                "parcels": tuple(Parcel(number, "DHL", "DHL") for number in parcels),
                "lines": tuple(
                    ShippedLine("", self.items[sku], sku, Decimal(pieces))
                    for sku, pieces in (lines or {}).items()
                ),
                "updated_at": AT + timedelta(minutes=self.minutes),
                **facts,
            }
        )

    def ships(self, *args, **options):
        """The ERP says this, and the hub works until nothing is left to do."""
        document = self.document(*args, **options)
        mirror_shipments(self.hub.erp, [document])
        work(self.hub)
        return document

    def again(self, document, **changes):
        self.minutes += 1
        changed = replace(document, updated_at=AT + timedelta(minutes=self.minutes), **changes)
        mirror_shipments(self.hub.erp, [changed])
        work(self.hub)
        return changed

    def truth(self):
        return next(order for order in self.hub.truth("stores")["orders"] if order["id"] == self.placed["id"])

    def fulfilments(self, *, cancelled=False):
        """What stands in the store: pieces by SKU, tracking numbers, location."""
        skus = {line["id"]: line["sku"] or line["title"] for line in self.truth()["lines"]}
        return [
            (
                {skus[key]: pieces for key, pieces in one["lines"].items()},
                [row["number"] for row in one["trackingInfo"]],
                one["location"]["name"],
            )
            for one in self.truth()["fulfillments"]
            if (one["status"] == "CANCELLED") == cancelled
        ]

    def creates(self):
        return self.hub.shop().calls["fulfillmentCreate"]

    def status(self):
        return self.truth()["displayFulfillmentStatus"]


def stock(hub, *, at, sku):
    """The store keeps this SKU at this location too, or instead of where it was."""
    shop = hub.shop()
    item = next(item for item in shop.every("InventoryItem") if item["sku"] == sku)
    place = next(place for place in shop.every("Location") if place["name"] == at)
    from hub.sandbox.shopify.products import stock as put

    put(shop, item, place)
    return place["id"]


def second_place(hub, name="North"):
    hub.sandbox.seed(
        "store",
        hub.euro.config["sandbox_name"],
        {"locations": [{"name": name, "address": {"country_code": "DE"}}]},
    )
    return next(p["id"] for p in hub.shop().every("Location") if p["name"] == name)


def first_place(hub):
    return hub.shop().every("Location")[0]


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
    assert (hub.reviews(), shipping.creates(), shipping.fulfilments()) == ([], 1, [])


def test_picked_goods_are_not_told_and_a_store_without_policy_is_told_nothing(hub):
    shipping = Shipping(hub)
    document = shipping.ships("S1", {TABLES: 2}, stage=ShipmentStage.PICKED)
    assert shipping.creates() == 0

    FulfilmentPolicy.objects.all().delete()
    shipping.again(document, stage=ShipmentStage.SHIPPED)
    assert shipping.creates() == 0
