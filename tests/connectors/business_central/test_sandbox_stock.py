"""Stock of the simulated company, over real HTTP: what lies where, what is promised, what is to come, what moved."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest

from hub.connectors.base import Connector
from hub.connectors.capabilities import Capability
from hub.connectors.documents import PagePosition
from hub.connectors.erps.business_central.connector import BusinessCentral
from hub.connectors.stock import Receipt, StockLevel
from hub.errors import RecordRejected
from tests.connectors.moves import touched

PAGES = {"stock_page": "ItemLedgerEntries", "units_page": "ItemUnitsOfMeasure"}
ITEMS = [
    {"number": "I1", "displayName": "Desk", "unitPrice": "10", "baseUnitOfMeasureCode": "PCS"},
    {"number": "O'BRIEN", "displayName": "Lamp", "baseUnitOfMeasureCode": "PCS", "units": {"BOX": "12"}},
    {"number": "REPAIR", "displayName": "Repair", "type": "Service", "baseUnitOfMeasureCode": "PCS"},
]


@pytest.fixture
def bc(company):
    """A company with both pages published."""
    for name in PAGES.values():
        company.act("publish_page", name=name)
    company.control("seed", kind="erp", name=company.name, data={"items": ITEMS})
    return company


@pytest.fixture
def erp(bc) -> Connector:
    return bc.connect(**PAGES)


def adjust(bc, quantity, item="I1", location="MAIN"):
    bc.act("adjust_stock", item=item, location=location, quantity=quantity)


def enter(bc, *lines, location=""):
    """A clerk enters an order of (item, quantity, unit); its number."""
    given = [
        {"lineType": "Item", "lineObjectNumber": item, "quantity": quantity, "unitOfMeasureCode": unit}
        | ({"locationId": location} if location else {})
        for item, quantity, unit in lines
    ]
    return bc.act("create_order", order={"customerNumber": "C1", "salesOrderLines": given})["number"]


def test_each_location_says_what_lies_there_and_what_is_to_come(bc, erp):
    adjust(bc, 12.5)
    adjust(bc, 3, location="WEST")
    for quantity, due in ((7, None), (20, "2027-03-01"), (5, "2027-01-01")):
        bc.act("order_goods", item="I1", location="MAIN", quantity=quantity, due=due)

    assert erp.read_stock(["I1", "O'BRIEN", "GONE", "REPAIR", "x" * 21]) == [
        StockLevel(
            "I1",
            "MAIN",
            on_hand=Decimal("12.5"),
            unit="PCS",
            receipts=(
                Receipt(Decimal(5), date(2027, 1, 1)),
                Receipt(Decimal(20), date(2027, 3, 1)),
                Receipt(Decimal(7), None),
            ),
        ),
        StockLevel("I1", "WEST", on_hand=Decimal(3), unit="PCS"),
    ]


def test_what_came_of_an_order_to_a_vendor_is_to_come_no_more(bc, erp):
    bought = bc.act("order_goods", item="I1", location="MAIN", quantity=20)
    bc.act("receive_goods", id=bought["id"], quantity=5)
    part = erp.read_stock(["I1"])
    bc.act("receive_goods", id=bought["id"])
    [whole] = erp.read_stock(["I1"])

    assert [(one.on_hand, one.on_order) for one in part] == [(5, 15)]
    assert (whole.on_hand, whole.receipts) == (20, ())


def test_what_orders_want_is_promised_until_it_is_shipped(bc, erp):
    adjust(bc, 2, location="")
    number = enter(bc, ("I1", 3, "PCS"), ("REPAIR", 1, "PCS"))
    [wanted] = erp.read_stock(["I1", "REPAIR"])
    made = bc.act("ship_order", number=number, lines=[{"sequence": 10000, "quantity": 1}])
    [part] = erp.read_stock(["I1"])
    bc.act("undo_shipment", shipment=made["number"])
    [back] = erp.read_stock(["I1"])
    bc.act("post_order", number=number)
    [gone] = erp.read_stock(["I1"])

    seen = [(one.warehouse, one.on_hand, one.committed) for one in (wanted, part, back, gone)]
    assert seen == [("", 2, 3), ("", 1, 2), ("", 2, 3), ("", -1, 0)]


def test_orders_promise_at_the_location_of_their_lines(bc, erp):
    [place] = [row["id"] for row in erp.client.items("locations", operation="x") if row["code"] == "MAIN"]
    enter(bc, ("I1", 4, "PCS"), location=place)

    [level] = erp.read_stock(["I1"])

    assert (level.warehouse, level.on_hand, level.committed) == ("MAIN", 0, 4)


def test_units_of_orders_are_turned_into_the_items_base_unit(bc, erp):
    enter(bc, ("O'BRIEN", 2, "BOX"), ("O'BRIEN", 5, "PCS"))
    bc.act("order_goods", item="O'BRIEN", location="", quantity=3, unit="BOX")

    [level] = erp.read_stock(["O'BRIEN"])

    assert (level.committed, level.on_order, level.unit) == (29, 36, "PCS")


def test_another_unit_without_its_page_says_what_to_publish(bc):
    enter(bc, ("O'BRIEN", 2, "BOX"))
    erp = bc.connect(stock_page="ItemLedgerEntries")

    with pytest.raises(RecordRejected, match="O'BRIEN in BOX.*Publish page 5404"):
        erp.read_stock(["O'BRIEN", "I1"])

    assert erp.read_stock(["I1"]) == []


def test_a_page_that_is_not_published_is_said_with_what_to_do(company):
    erp = company.connect(stock_page="ItemLedgerEntries")

    [check] = [check for check in erp.test() if not check.is_ok]

    assert check.name == "Stock by location"
    assert (
        "Publish page 38 (Item Ledger Entries) in Business Central: search for Web Services" in check.detail
    )
    assert "object id 38 and service name 'ItemLedgerEntries'" in check.detail
    assert "reads Item Ledger Entry" in check.detail
    with pytest.raises(RecordRejected, match="Publish page 38"):
        erp.read_stock(["I1"])


def test_without_a_named_page_stock_is_not_read(company):
    erp = company.connect()

    assert {Capability.READ_STOCK, Capability.FOLLOW_STOCK} <= BusinessCentral.missing_capabilities({}).keys()
    assert (
        not {Capability.READ_STOCK, Capability.FOLLOW_STOCK}
        & BusinessCentral.missing_capabilities(PAGES).keys()
    )
    with pytest.raises(RecordRejected, match="no page is named"):
        erp.read_stock(["I1"])


def test_documents_say_which_items_they_touched_in_one_order_page_by_page(bc, erp):
    erp.stock_rows = 1
    adjust(bc, 1)
    number = enter(bc, ("O'BRIEN", 1, "PCS"), ("I1", 1, "PCS"))
    bc.act("order_goods", item="I1", location="MAIN", quantity=1)
    bc.act("edit_line", number=number, sequence=10000, changes={"quantity": 2})
    adjust(bc, 1, item="O'BRIEN")

    found = touched(erp)

    assert [set(one.item_numbers) for one in found] == [{"I1"}, {"I1"}, {"O'BRIEN", "I1"}, {"O'BRIEN"}]
    assert [one.position.updated_at for one in found] == sorted(one.position.updated_at for one in found)
    assert touched(erp, PagePosition(found[-1].position.updated_at + timedelta(hours=1), "")) == []


def test_an_item_that_an_old_entry_of_is_applied_to_is_touched(bc, erp):
    adjust(bc, 5, location="")
    [first] = touched(erp)
    bc.act("ship_order", number=enter(bc, ("I1", 1, "PCS")))

    later = touched(erp, PagePosition(first.position.updated_at + timedelta(milliseconds=1), ""))

    assert first.position.external_id in [one.position.external_id for one in later]


def test_every_item_that_is_kept_in_stock_is_listed_once_page_by_page(bc, erp):
    erp.stock_rows = 10
    bc.act("block_item", number="I1")
    found, after = [], None
    while True:
        page = erp.stocked_items(after)
        found += page.items
        after = page.after
        if after is None:
            break

    assert found == sorted(set(found))
    assert "O'BRIEN" in found
    assert not {"I1", "REPAIR", "SERVICE-01", "OLD-01"} & set(found)


def test_a_batch_of_items_takes_a_bounded_number_of_requests(bc, erp):
    numbers = [f"LONG-ITEM-NUMBER-{n:03}" for n in range(300)]
    rows = [{"number": number, "displayName": "Part", "baseUnitOfMeasureCode": "PCS"} for number in numbers]
    bc.control("seed", kind="erp", name=bc.name, data={"items": rows})
    enter(bc, *((number, 1, "PCS") for number in numbers[:40]))
    for number in numbers[:3]:
        adjust(bc, 2, item=number)
    before = Counter(bc.requests())

    found = erp.read_stock(numbers)

    asked = Counter(bc.requests()) - before
    assert len(found) == 40 + 3
    assert sum(level.on_hand for level in found if level.warehouse == "MAIN") == 6
    assert asked["GET ItemLedgerEntries"] <= 5
    assert asked.total() <= 14, asked
