"""Stock of the simulated account, over real HTTP: what lies where, what is promised, what is to come, what moved."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from hub.connectors.documents import PagePosition
from hub.connectors.stock import Receipt, StockLevel
from tests.connectors.moves import touched
from tests.connectors.netsuite.simulated import order

MAIN, WEST = "Main Warehouse", "West Warehouse"


@pytest.fixture
def erp(account):
    return account.connect()


def adjust(account, quantity, item="I1", location=MAIN):
    account.act("adjust_stock", item=item, location=location, quantity=quantity)


def test_each_warehouse_says_what_lies_there_what_is_kept_and_what_is_to_come(account, erp):
    adjust(account, 12.5)
    adjust(account, 3, location=WEST)
    account.act("set_item_location", item="I1", location=MAIN, safetyStockLevel=4, leadTime=10)
    for quantity, due in ((7, None), (20, "2027-03-01"), (5, "2027-01-01")):
        account.act("order_goods", item="I1", location=MAIN, quantity=quantity, due=due)

    assert erp.read_stock(["I1", "O'BRIEN", "GONE"]) == [
        StockLevel(
            "I1",
            MAIN,
            on_hand=Decimal("12.5"),
            safety_stock=Decimal(4),
            receipts=(
                Receipt(Decimal(5), date(2027, 1, 1)),
                Receipt(Decimal(20), date(2027, 3, 1)),
                Receipt(Decimal(7), None),
            ),
            lead_days=10,
        ),
        StockLevel("I1", WEST, on_hand=Decimal(3)),
    ]


def test_what_came_of_an_order_to_a_vendor_is_to_come_no_more(account, erp):
    bought = account.act("order_goods", item="I1", location=MAIN, quantity=20)
    account.act("receive_goods", id=bought["id"], quantity=5)
    part = erp.read_stock(["I1"])
    account.act("receive_goods", id=bought["id"])
    [whole] = erp.read_stock(["I1"])

    assert [(one.on_hand, one.on_order) for one in part] == [(5, 15)]
    assert (whole.on_hand, whole.receipts) == (20, ())


def test_what_orders_want_is_promised_also_beyond_what_is_there(account, erp):
    adjust(account, 2)
    made = erp.create_sales_order(order())
    account.act("edit_order", id=made.external_id, changes={"location": {"id": "1"}})

    [level] = erp.read_stock(["I1"])

    assert (level.on_hand, level.committed) == (2, 3)


def test_documents_say_which_items_they_touched_oldest_first_page_by_page(account, erp):
    erp.stock_rows = 1
    adjust(account, 1)
    adjust(account, 1, item="O'BRIEN")
    adjust(account, 1)

    found = touched(erp)

    assert [one.item_numbers for one in found] == [("I1",), ("O'BRIEN",), ("I1",)]
    assert [one.position.updated_at for one in found] == sorted(one.position.updated_at for one in found)
    assert touched(erp, PagePosition(found[-1].position.updated_at + timedelta(hours=1), "")) == []


def test_every_item_that_is_kept_in_stock_is_listed_once_page_by_page(account, erp):
    erp.stock_rows = 1
    first = erp.stocked_items(None)
    second = erp.stocked_items(first.after)

    assert (first.items, second.items) == (("I1",), ("O'BRIEN",))
    assert erp.stocked_items(second.after or "999999").items == ()


def test_what_orders_want_without_a_location_is_promised_in_none_until_they_name_one(account, erp):
    adjust(account, 12)
    made = erp.create_sales_order(order())
    before = [(one.warehouse, one.on_hand, one.committed) for one in erp.read_stock(["I1"])]

    account.act("edit_order", id=made.external_id, changes={"location": {"id": "1"}})

    assert before == [(MAIN, 12, 0), ("", 0, 3)]
    assert [(one.warehouse, one.on_hand, one.committed) for one in erp.read_stock(["I1"])] == [(MAIN, 12, 3)]


def test_a_batch_of_items_takes_three_requests(account, erp):
    adjust(account, 1)
    before = account.requests()

    erp.read_stock(["I1", "O'BRIEN"])

    assert account.requests() - before <= 4
    """Three, and the sign-in."""
