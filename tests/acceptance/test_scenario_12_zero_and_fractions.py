"""Scenario 12: what costs nothing stays on the order, and what is sold by weight arrives in the ERP's unit."""

from __future__ import annotations

from decimal import Decimal

from inventory.models import ItemMapping
from tests.world import VAT


def items(order):
    """Item lines as number, quantity, unit and amount without tax."""
    return [
        (
            line["lineObjectNumber"],
            Decimal(str(line["quantity"])),
            line["unitOfMeasureCode"],
            Decimal(str(line["netAmount"])),
        )
        for line in order["lines"]
        if line["lineType"] == "Item"
    ]


def test_a_fully_discounted_order_a_free_gift_and_a_bundles_parent_keep_their_lines(hub):
    table, lamp = (
        ItemMapping.objects.get(sku=sku, store=hub.euro).item_number for sku in ("TAB-001", "LAM-002")
    )
    free = hub.place(
        po_number="PO-1",
        lines=[{"sku": "TAB-001", "quantity": 2, "price": "10.00"}],
        discount={"percent": 100},
        taxes=VAT,
    )
    bundle = hub.place(
        po_number="PO-2",
        taxes=VAT,
        lines=[
            {"sku": "TAB-001", "title": "Starter set", "quantity": 1, "price": "0.00"},
            {"sku": "LAM-002", "title": "Lamp of the set", "quantity": 2, "price": "4.99"},
            {"sku": "LAM-002", "title": "Gift", "quantity": 1, "price": "0.00"},
        ],
    )

    hub.work_through()

    in_erp = {order["id"]: order for order in hub.erp_orders()}
    first, second = (in_erp[hub.link(placed).external_id] for placed in (free, bundle))
    assert items(first) == [(table, 2, "PCS", 0)]
    assert items(second) == [
        (table, 1, "PCS", 0),
        (lamp, 2, "PCS", Decimal("9.98")),
        (lamp, 1, "PCS", 0),
    ]
    assert [hub.link(placed).totals for placed in (free, bundle)] == ["equal", "equal"]
    assert hub.reviews() == []


def test_bags_of_a_quarter_are_kilograms_in_the_erp_with_the_same_amount(hub):
    coffee = {"number": "COFFEE", "displayName": "Coffee", "unitPrice": "20", "baseUnitOfMeasureCode": "KG"}
    hub.sandbox.seed("erp", hub.world.erp_name, {"items": [coffee]})
    pair = {"store": hub.euro, "erp": hub.erp}
    for sku, share in (("COF-250", "0.25"), ("COF-300", "0.3")):
        ItemMapping.objects.create(
            sku=sku, item_number="COFFEE", unit="KG", units_per_piece=Decimal(share), **pair
        )
    placed = hub.place(
        po_number="PO-1",
        taxes=VAT,
        lines=[
            {"sku": "COF-250", "title": "Coffee, 250 g", "quantity": 3, "price": "4.99"},
            {"sku": "COF-300", "title": "Coffee, 300 g", "quantity": 7, "price": "5.50"},
        ],
    )

    hub.work_through()

    [order] = hub.erp_orders()
    assert items(order) == [
        ("COFFEE", Decimal("0.75"), "KG", Decimal("14.97")),
        ("COFFEE", Decimal("2.1"), "KG", Decimal("38.50")),
    ]
    assert (hub.link(placed).totals, hub.reviews()) == ("equal", [])
