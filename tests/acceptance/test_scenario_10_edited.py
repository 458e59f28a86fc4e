"""Scenario 10: an order is edited after it was sent, in every way there is, and the ERP has it all in the end."""

from __future__ import annotations

from hub.sync.models import Attempt
from orders.models import OrderAgreement, OrderChangePolicy

KIEL = {
    "company": "Nordlicht",
    "address1": "Am Kai 1",
    "city": "Kiel",
    "zip": "24103",
    "country_code": "DE",
}


def test_scenario_10_more_pieces_a_line_out_a_price_an_address_a_po_number_and_the_shipping_out(hub):
    OrderChangePolicy.objects.create(store=hub.euro, corrects_erp=True)
    placed = hub.place(
        lines=[
            {"sku": "TAB-001", "quantity": 2, "price": "10.00"},
            {"sku": "LAM-002", "quantity": 1, "price": "5.00"},
            {"sku": "SHE-003", "quantity": 3, "price": "7.00"},
        ],
        shipping=[{"title": "Standard", "price": "5.00", "code": "std"}],
    )
    hub.work(horizon=0.5)
    tables, lamp, shelves = placed["lines"]
    [shipping] = hub.shop().get("Order", placed["id"])["_shippingLines"]

    hub.buyer(
        "edit_order",
        order=placed["id"],
        po_number="PO-LATE",
        shipping_address=KIEL,
        quantities={tables: 4, lamp: 0},
        discounts={shelves: {"amount": "1.00"}},
        remove_shipping=[shipping["id"]],
    )
    hub.pull()
    hub.work(horizon=0.5)

    [order] = hub.erp_orders()
    goods = {
        line["lineObjectNumber"]: (line["quantity"], line["netAmount"])
        for line in order["lines"]
        if line["lineType"] != "Comment"
    }
    assert goods == {"IT-0001": ("4", "40.00"), "IT-0003": ("3", "18.00")}
    assert order["externalDocumentNumber"].startswith("PO-LATE/")
    assert (order["shipToCity"], order["shipToPostCode"]) == ("Kiel", "24103")
    link = hub.link(placed)
    assert (link.totals, link.expected_total) == ("equal", 58)
    assert hub.reviews() == []
    assert OrderAgreement.objects.get(link=link).version == 1
    assert Attempt.objects.filter(operation="change_sales_order").count() == 1
