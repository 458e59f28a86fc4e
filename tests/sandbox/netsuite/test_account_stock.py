"""Stock of the simulated account: the sum of what documents moved, less what open orders want."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.enable_socket

TENT, MAIN = "TENT-01", "Main Warehouse"
LEVELS = (
    "SELECT i.itemid, l.name, a.quantityonhand, a.quantitycommitted, a.quantitybackordered, a.quantityavailable, "
    "a.quantityonorder FROM aggregateitemlocation a JOIN item i ON i.id = a.item JOIN location l ON l.id = a.location "
    "ORDER BY i.itemid, l.name"
)


@pytest.fixture
def placed(ns, order):
    """An approved order of two tents and three packs of food, to be sent from the main warehouse; its id."""
    main = ns.rows("SELECT id FROM location WHERE name = 'Main Warehouse'")[0]["id"]
    ns.put("A1", order | {"location": {"id": main}})
    return ns.truth()["salesOrders"][0]["id"]


def levels(ns, item=TENT):
    """On hand, committed, back-ordered, available and on order, by location."""
    return {
        row["name"]: [float(value) for value in list(row.values())[2:]]
        for row in ns.rows(LEVELS)
        if row["itemid"] == item
    }


def adjust(ns, quantity, item=TENT, location=MAIN):
    return ns.act("adjust_stock", item=item, location=location, quantity=quantity)


def test_what_is_adjusted_and_received_lies_there_and_what_is_ordered_is_to_come(ns):
    adjust(ns, 10)
    adjust(ns, -3)
    adjust(ns, 1, location="West Warehouse")
    bought = ns.act("order_goods", item=TENT, location=MAIN, quantity=20, due="2027-03-01")
    ns.act("receive_goods", id=bought["id"], quantity=5)

    assert levels(ns) == {MAIN: [12, 0, 0, 12, 15], "West Warehouse": [1, 0, 0, 1, 0]}


def test_an_approved_order_commits_what_is_there_and_back_orders_the_rest(ns, placed):
    adjust(ns, 5)
    adjust(ns, 1, item="FOOD-01")

    assert levels(ns) == {MAIN: [5, 2, 0, 3, 0]}
    assert levels(ns, "FOOD-01") == {MAIN: [1, 1, 2, 0, 0]}


def test_an_order_that_waits_for_approval_commits_nothing(ns, placed):
    adjust(ns, 5)
    ns.act("hold_order", id=placed)

    assert levels(ns) == {MAIN: [5, 0, 0, 5, 0]}


def test_what_is_picked_is_still_there_and_what_has_left_is_not(ns, placed):
    adjust(ns, 5)
    picked = ns.act("fulfill_order", id=placed, lines=[{"line": 1, "quantity": 1}], status="A", location=MAIN)
    assert levels(ns) == {MAIN: [5, 2, 0, 3, 0]}

    ns.act("change_fulfillment", id=picked["id"], status="C")
    assert levels(ns) == {MAIN: [4, 1, 0, 3, 0]}

    ns.act("delete_fulfillment", id=picked["id"])
    assert levels(ns) == {MAIN: [5, 2, 0, 3, 0]}


def test_every_document_that_moved_goods_says_which_item(ns, placed):
    adjust(ns, 5)
    ns.act("fulfill_order", id=placed, location=MAIN)
    rows = ns.rows(
        "SELECT t.type, l.quantity FROM transactionline l JOIN transaction t ON t.id = l.transaction "
        "JOIN item i ON i.id = l.item WHERE i.itemid = 'TENT-01' ORDER BY t.id"
    )

    assert [(row["type"], float(row["quantity"])) for row in rows] == [
        ("SalesOrd", -2),
        ("InvAdjst", 5),
        ("ItemShip", -2),
    ]


def test_what_a_location_wants_kept_and_how_long_more_takes_is_told(ns):
    ns.act("set_item_location", item=TENT, location=MAIN, safetyStockLevel=4, leadTime=10)

    [row] = ns.rows("SELECT safetystocklevel, leadtime FROM aggregateitemlocation")
    assert (float(row["safetystocklevel"]), float(row["leadtime"])) == (4, 10)
