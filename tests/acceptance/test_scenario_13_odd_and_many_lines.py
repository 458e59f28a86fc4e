"""Scenario 13: lines whose product is gone, lines that never had one, and more lines than any page holds."""

from __future__ import annotations

from decimal import Decimal

from inventory.models import ItemMapping
from orders.models import OtherLineMapping
from tests.world import save_mapping


def test_deleted_products_and_custom_items_arrive_by_sku_or_by_title(hub):
    pair = {"store": hub.euro, "erp": hub.erp}
    known = ItemMapping.objects.get(sku="LAM-002", **pair).item_number
    ItemMapping.objects.create(sku="LAM-OLD", item_number=known, **pair)
    placed = hub.place(
        po_number="PO-1",
        lines=[
            {"sku": "TAB-001", "quantity": 1, "price": "10.00"},
            {"sku": "LAM-OLD", "title": "Lamp, second choice", "quantity": 2, "price": "3.00"},
            {"title": "Engraving", "quantity": 1, "price": "7.50"},
        ],
    )
    line = hub.shop().get("Order", placed["id"])["_lines"][0]
    line |= {"_variantId": None, "_productId": None}

    hub.work()
    assert hub.reviews() == [("push_order_to_erp", "mapping_missing")]
    row = OtherLineMapping.objects.get(kind="custom", title="Engraving")
    row.number = "6820"
    save_mapping(row)
    hub.work_through()

    [order] = hub.erp_orders()
    table = ItemMapping.objects.get(sku="TAB-001", **pair).item_number
    assert [
        (line["lineType"], line["lineObjectNumber"], Decimal(str(line["netAmount"])))
        for line in order["lines"]
        if line["lineType"] != "Comment"
    ] == [("Item", table, 10), ("Item", known, 6), ("Account", "6820", Decimal("7.50"))]
    assert (hub.link(placed).totals, hub.reviews()) == ("equal", [])


def test_an_order_of_more_than_ten_pages_of_lines_arrives_whole(make_hub):
    # Ten lines come with the order, then fifty a page. So many take the simulated systems their time.
    hub = make_hub(call_deadline=60.0)
    lines = [
        {"sku": sku, "quantity": 1 + number % 3, "price": f"{1 + number % 9}.{number % 100:02}"}
        for number, sku in enumerate(["TAB-001", "LAM-002"] * 256)
    ]
    placed = hub.place(po_number="PO-1", lines=lines)

    hub.pull()
    hub.work_through()

    [order] = hub.erp_orders()
    found = [line for line in order["lines"] if line["lineType"] == "Item"]
    assert len(found) == len(lines) == 512
    assert [Decimal(str(line["unitPrice"])) for line in found] == [Decimal(line["price"]) for line in lines]
    assert (hub.link(placed).totals, hub.reviews()) == ("equal", [])
