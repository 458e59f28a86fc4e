"""Stock of the simulated company: what moves goods posts entries, and these are applied to the oldest open ones."""

from __future__ import annotations

from urllib.parse import quote

import pytest

pytestmark = pytest.mark.enable_socket
PAGE = "ItemLedgerEntries"
TENT = {"item": "TENT-01", "location": "MAIN"}


@pytest.fixture
def stock(bc):
    """The company with its ledger published."""
    bc.act("publish_page", name=PAGE)
    return bc


def ledger(bc, **params):
    name = bc.http.get(f"{bc.base}/companies").json()["value"][0]["name"]
    root = bc.base.removesuffix("/api/v2.0")
    query = {f"${key}": value for key, value in params.items()}
    return bc.http.get(f"{root}/ODataV4/Company('{quote(name)}')/{PAGE}", params=query)


def entries(bc, *names, **params):
    answer = ledger(bc, **params)
    assert answer.status_code == 200, answer.text
    rows = [tuple(row[name] for name in names) for row in answer.json()["value"]]
    return [row[0] for row in rows] if len(names) == 1 else rows


def test_what_leaves_is_taken_from_the_oldest_entries_that_are_open(stock, order):
    stock.act("adjust_stock", quantity=1, **TENT)
    stock.act("adjust_stock", quantity=5, **TENT)
    number = stock.create(order)["number"]

    stock.act("ship_order", number=number, lines=[{"sequence": 10000, "quantity": 2}], location="MAIN")

    seen = entries(stock, "Quantity", "Remaining_Quantity", "Open", "Entry_Type")
    added = "Positive_x0020_Adjmt_x002E_"
    assert seen == [(1, 0, False, added), (5, 4, True, added), (-2, 0, False, "Sale")]
    assert entries(stock, "Entry_No", filter="Open eq true and (Item_No eq 'TENT-01')") == [2]


def test_what_is_not_there_stays_owed_until_goods_come(stock, order):
    number = stock.create(order)["number"]
    made = stock.act("ship_order", number=number, location="MAIN")["number"]
    owed = entries(stock, "Item_No", "Remaining_Quantity", "Location_Code")
    stock.act("adjust_stock", quantity=3, **TENT)
    after = entries(stock, "Remaining_Quantity", filter="Item_No eq 'TENT-01'")
    stock.act("undo_shipment", shipment=made)

    assert owed == [("TENT-01", -2, "MAIN"), ("FOOD-01", -3, "MAIN")]
    assert after == [0, 1]
    assert sum(entries(stock, "Remaining_Quantity", filter="Item_No eq 'TENT-01'")) == 3
    assert entries(stock, "Remaining_Quantity", filter="Open eq true and Item_No eq 'FOOD-01'") == []


def test_an_entry_that_was_applied_later_is_a_changed_record(stock, order):
    stock.act("adjust_stock", quantity=9, **TENT)
    [before] = stock.rows("itemLedgerEntries")
    stock.act("ship_order", number=stock.create(order)["number"], location="MAIN")

    since = f"lastModifiedDateTime gt {before['lastModifiedDateTime']} and entryNumber eq 1"
    [changed] = stock.rows("itemLedgerEntries", filter=since)
    assert changed["quantity"] == 9


def test_what_a_vendor_sends_is_received_in_the_items_base_unit(stock):
    stock.seed(items=[{"number": "BOTTLE-01", "displayName": "Bottle", "units": {"BOX": "12"}}])
    what = {"item": "BOTTLE-01", "location": "MAIN", "quantity": 5, "due": "2031-05-06", "unit": "BOX"}
    bought = stock.act("order_goods", **what)
    stock.act("receive_goods", id=bought["id"], quantity=2)

    [found] = stock.rows("purchaseOrders", expand="purchaseOrderLines")
    [line] = found["purchaseOrderLines"]
    assert (line["quantity"], line["receivedQuantity"], line["expectedReceiptDate"]) == (5, 2, "2031-05-06")
    assert not found["fullyReceived"]
    seen = entries(stock, "Quantity", "Unit_of_Measure_Code", "Qty_per_Unit_of_Measure", "Entry_Type")
    assert seen == [(24, "BOX", 12, "Purchase")]


def test_a_posted_credit_memo_brings_its_items_back(stock):
    line = {"lineType": "Item", "lineObjectNumber": "TENT-01", "quantity": 2, "unitPrice": 1}
    memo = {"customerNumber": "10000", "salesCreditMemoLines": [line]}

    stock.act("create_credit_memo", memo=memo, posted=True)

    assert entries(stock, "Quantity", "Location_Code") == [(2, "")]


def test_the_ledger_is_shown_from_the_last_row_on_whatever_closed_before_it(bc_with, order):
    bc = bc_with(page_size=2)
    bc.act("publish_page", name=PAGE)
    for quantity in (1, 1, 4):
        bc.act("adjust_stock", quantity=quantity, **TENT)
    first = ledger(bc, filter="Open eq true").json()
    bc.act("ship_order", number=bc.create(order)["number"], location="MAIN")

    rest = bc.http.get(first["@odata.nextLink"]).json()

    assert [row["Entry_No"] for row in first["value"]] == [1, 2]
    assert [row["Entry_No"] for row in rest["value"]] == [3, 5]


@pytest.mark.parametrize(
    "params", [{"apply": "aggregate(Quantity with sum as All)"}, {"filter": "Nothing eq 1"}]
)
def test_what_the_page_cannot_answer_is_refused(stock, params):
    assert ledger(stock, **params).status_code == 400


def test_an_entry_cannot_be_written_through_the_api(bc):
    assert bc.call("POST", "itemLedgerEntries", json={}).status_code == 405
