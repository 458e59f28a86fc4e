"""Scenario 2: a tip followed by three items is one tip in the ERP, whatever the store calls it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orders.models import OtherLineMapping
from tests.world import VAT, save_mapping

ITEMS = [{"sku": sku, "quantity": 1, "price": "10.00"} for sku in ("TAB-001", "LAM-002", "TAB-001")]
DELIVERY = {"title": "Trinkgeld", "price": "20.00", "quantity": 1, "taxes": VAT}


def accounts(order):
    """Account lines as number, description and amount."""
    return [
        (line["lineObjectNumber"], line["description"], Decimal(str(line["amountIncludingTax"])))
        for line in order["lines"]
        if line["lineType"] == "Account"
    ]


@pytest.mark.parametrize("title", ["Tip", "Trinkgeld"])
@pytest.mark.parametrize("door", ["webhook", "cursor"])
def test_a_tip_followed_by_three_items_is_one_tip(hub, title, door):
    pair = {"store": hub.euro, "erp": hub.erp}
    OtherLineMapping.objects.create(kind="tip", line_kind="account", number="6830", **pair)
    placed = hub.place(po_number="PO-1", tip={"title": title, "price": "5.00"}, lines=ITEMS, taxes=VAT)

    if door == "webhook":
        hub.post(hub.body(placed), topic="orders/create")
        hub.work_through()
    else:
        hub.pull()
        hub.work_through()

    [order] = hub.erp_orders()
    assert accounts(order) == [("6830", title, Decimal("5.00"))]
    assert [line["lineType"] for line in order["lines"]].count("Item") == 3
    assert Decimal(str(order["totalAmountIncludingTax"])) == Decimal("40.70")
    assert (hub.link(placed).totals, hub.reviews()) == ("equal", [])


def test_a_line_that_is_only_called_a_tip_is_none_and_its_own_mapping_is_asked_for(hub):
    hub.place(po_number="PO-1", lines=[DELIVERY, *ITEMS], taxes=VAT)
    hub.work()
    assert (hub.sent(), hub.reviews()) == (0, [("push_order_to_erp", "mapping_missing")])

    row = OtherLineMapping.objects.get()
    assert (row.kind, row.title, row.number) == ("custom", "Trinkgeld", "")
    row.number = "6820"
    save_mapping(row)
    hub.work_through()

    [order] = hub.erp_orders()
    assert accounts(order) == [("6820", "Trinkgeld", Decimal("23.80"))]


def test_a_tip_that_no_line_accounts_for_is_never_guessed(hub):
    placed = hub.place(po_number="PO-1", tip={"price": "5.00"}, lines=ITEMS)
    tip = hub.shop().get("Order", placed["id"])["totalTipReceivedSet"]
    tip["shopMoney"]["amount"] = tip["presentmentMoney"]["amount"] = Decimal("6.00")

    hub.work()

    assert (hub.sent(), hub.reviews()) == (0, [("push_order_to_erp", "tip_unclear")])


def test_two_lines_that_might_each_be_the_tip_are_asked_about(hub):
    engraving = {"title": "Gravur", "price": "5.00", "quantity": 1}
    hub.place(po_number="PO-1", tip={"title": "Trinkgeld", "price": "5.00"}, lines=[engraving, *ITEMS])

    hub.work()

    assert (hub.sent(), hub.reviews()) == (0, [("push_order_to_erp", "tip_unclear")])
