"""Lines of an order name the warehouse that a person gave their SKU; the ERP decides of all others."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind, OrderIdentity, SalesOrder, SalesOrderLine
from hub.errors import NeedsReview
from hub.sync.models import ReviewItem
from inventory.models import ItemMapping
from orders.models import OrderChangePolicy
from orders.warehouses import CODE, warehouses_kept
from orders.why.reasons import read
from tests.world import VAT, save_mapping

FLOW = "push_order_to_erp"
LINES = [
    {"sku": "TAB-001", "quantity": 3, "price": "10.00"},
    {"sku": "LAM-002", "quantity": 1, "price": "5.00"},
]


class BusinessCentral:
    first, second = "MAIN", "WEST"

    @staticmethod
    def places(hub):
        """The warehouse of each line of goods, "" for none."""
        codes = {row["id"]: row["code"] for row in hub.truth()["locations"]}
        [order] = hub.erp_orders()
        return [codes.get(line["locationId"], "") for line in order["lines"] if line["lineType"] == "Item"]

    @staticmethod
    def move(hub, line, place):
        [order] = hub.erp_orders()
        [moved] = [row["id"] for row in hub.truth()["locations"] if row["code"] == place]
        sequence = order["lines"][line]["sequence"]
        hub.clerk("edit_line", number=order["number"], sequence=sequence, changes={"locationId": moved})


class NetSuite:
    first, second = "Main Warehouse", "West Warehouse"

    @staticmethod
    def places(hub):
        names = {"1": NetSuite.first, "2": NetSuite.second, None: ""}
        [order] = hub.truth()["salesOrders"]
        return [names[line.get("location")] for line in order["lines"]]

    @staticmethod
    def move(hub, line, place):
        [order] = hub.truth()["salesOrders"]
        row = {"line": order["lines"][line]["line"], "location": {"id": {NetSuite.second: "2"}[place]}}
        hub.clerk("edit_order", id=order["id"], changes={"item": {"items": [row]}})


@pytest.fixture(params=["business_central", "netsuite"])
def there(request):
    return {"business_central": BusinessCentral, "netsuite": NetSuite}[request.param]


@pytest.fixture
def hub(make_hub, there):
    hub = make_hub(erp="netsuite" if there is NetSuite else "business_central")
    OrderChangePolicy.objects.create(store=hub.euro, corrects_erp=True)
    return hub


def row_of(hub, sku, warehouse):
    row = ItemMapping.objects.get(store=hub.euro, sku=sku)
    row.warehouse = warehouse
    row.save()
    return row


def test_each_line_names_its_warehouse_and_a_clerk_who_moves_one_is_not_overruled(hub, there):
    row_of(hub, "TAB-001", there.first)
    placed = hub.place(po_number="PO-1", lines=LINES, taxes=VAT)
    hub.work()
    hub.settle()

    assert (there.places(hub), hub.reviews()) == ([there.first, ""], [])
    reasons = {one.what: one for one in read(hub.link(placed).sent_reasons)}
    assert (reasons["Line 1: warehouse"].value, "Line 2: warehouse" in reasons) == (there.first, False)
    assert reasons["Line 1: warehouse"].row == ("item", "TAB-001")

    row_of(hub, "LAM-002", there.first)
    there.move(hub, 0, there.second)
    hub.pull_erp()
    hub.settle()
    added = [{"sku": "LAM-002", "quantity": 2, "price": "4.00"}]
    hub.buyer("edit_order", order=placed["id"], quantities={placed["lines"][0]: 2}, add=added)
    hub.pull()
    hub.settle()

    assert there.places(hub) == [there.second, "", there.first]
    sent = hub.link(placed)
    assert [line["warehouse"] for line in sent.sent_document["lines"] if line["number"]] == [
        there.first,
        "",
        there.first,
    ], "what was said of a line stays, whatever its row says since"
    reasons = {one.what: one for one in read(sent.sent_reasons) if one.what.endswith(": warehouse")}
    assert [one.value for one in reasons.values()] == [there.first, "", there.first]
    assert reasons["Line 2: warehouse"].by == "none was named when the line was sent: the ERP decides"
    assert (hub.documents()[0].quantities["IT-0001"], hub.reviews()) == (Decimal(2), [])


def test_a_warehouse_that_is_not_there_is_asked_about_and_the_order_goes_on(hub, there):
    row = row_of(hub, "TAB-001", "NORTH")
    placed = hub.place(po_number="PO-1", lines=LINES, taxes=VAT)
    hub.work()

    assert (hub.documents(), hub.reviews()) == ([], [(FLOW, "mapping_missing")])
    [item] = ReviewItem.objects.filter(state="open")
    assert "no warehouse 'NORTH'" in item.message
    assert "Items (SKU) (SKU TAB-001)" in item.message
    row.refresh_from_db()
    assert row.warehouse == "NORTH", "an empty one would say that the ERP decides"

    row.warehouse = there.second
    save_mapping(row)
    hub.settle()

    assert (there.places(hub), hub.link(placed).totals, hub.reviews()) == ([there.second, ""], "equal", [])


def order_of(*warehouses):
    lines = [
        SalesOrderLine(LineKind.ITEM, f"I{at}", "Desk", Decimal(1), warehouse=place)
        for at, place in enumerate(warehouses)
    ]
    return SalesOrder(
        identity=OrderIdentity("S1", "1"),
        reference="R",
        po_number="PO",
        customer_number="C",
        order_date=None,
        currency="EUR",
        prices_include_tax=False,
        lines=tuple(lines),
        total_excluding_tax=Decimal(0),
        total_tax=Decimal(0),
        total_including_tax=Decimal(0),
    )


def kept(document, **given):
    stated = warehouses_kept(document, **{"by_line": False, "is_approved": False, "evidence": {}, **given})
    return [line.warehouse for line in stated.lines]


def test_of_an_erp_with_one_warehouse_for_all_lines_several_are_asked_about():
    assert kept(order_of("WH", "", "wh ")) == ["WH", "", "wh "]
    assert kept(order_of("WH", "EAST"), by_line=True) == ["WH", "EAST"]

    with pytest.raises(NeedsReview, match="I0 from WH, I1 from EAST") as asked:
        kept(order_of("WH", "EAST"))

    assert (asked.value.code, asked.value.evidence["lines"]) == (CODE, ["I0 from WH", "I1 from EAST"])
    assert kept(order_of("WH", "EAST"), is_approved=True) == ["", ""]
