"""Customer shipments of Tryton, read and followed: a scripted far side."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.connectors.documents import Address, PagePosition
from hub.connectors.shipment_documents import ErpShipment, Parcel, ShipmentStage, ShippedLine
from hub.errors import Unreachable
from tests.connectors.tryton.far_side import STAMP, TOKEN

DROPS = "model.stock.shipment.drop.search_read"
SHIPMENTS, LINES = "model.stock.shipment.out.search_read", "model.sale.line.search_read"
AT = datetime(2026, 8, 21, 10, 11, 12, 123, UTC)
DAY = {"__class__": "date", "year": 2026, "month": 8, "day": 20}
SHIPMENT = ErpShipment(
    external_id="3",
    number="SH3",
    order_external_id="7",
    order_number="S7",
    reference=TOKEN,
    status="shipped",
    stage=ShipmentStage.SHIPPED,
    shipped_at=None,
    warehouse="WH",
    shipping_method_code="STANDARD",
    parcels=(Parcel("1Z 1", "STANDARD", "Standard"), Parcel("1Z2", "STANDARD", "Standard")),
    lines=(ShippedLine("12", "IT-0001", "Desk", Decimal(3), "u"),),
    updated_at=AT,
    ship_to=Address(
        company="Kiel",
        line1="Hauptstr. 1",
        line2="Tor 3",
        city="Köln",
        province_code="NW",
        postal_code="50667",
        country_code="DE",
    ),
)


def move(**changes):
    made = {
        "id": 1,
        "quantity": 3.0,
        "unit.": {"id": 1, "symbol": "u"},
        "product.": {"id": 11, "code": "IT-0001", "name": "Desk"},
        "origin": "sale.line,12",
        "state": "assigned",
    }
    return made | changes


def row(**changes):
    made = {
        "id": 3,
        "number": "SH3",
        "reference": "1Z 1, 1Z2",
        "state": "shipped",
        "effective_date": None,
        "warehouse.": {"id": 4, "code": "WH", "name": "Warehouse"},
        "carrier.": {"id": 6, "party.": {"id": 9, "code": "STANDARD", "name": "Standard"}},
        "delivery_address.": {
            "id": 2, "party_name": "Kiel", "street": "Hauptstr. 1\nTor 3", "postal_code": "50667", "city": "Köln",
            "country.": {"id": 5, "code": "DE"}, "subdivision.": {"id": 3, "code": "DE-NW"},
        },
        "outgoing_moves.": [move()],
        "last_modified_at": STAMP,
    }  # fmt: skip
    return made | changes


def sale_line(line=12, sale=7):
    return {"id": line, "sale.": {"id": sale, "number": f"S{sale}", "web_id": TOKEN}}


@pytest.fixture
def erp(far_side):
    far_side.answers("model.stock.shipment.out.fields_get", {"carrier": {}})
    far_side.answers("model.stock.move.fields_get", {"quantity": {}})
    far_side.answers(SHIPMENTS, [row()])
    far_side.answers(LINES, [sale_line()])
    return far_side.connector()


def test_a_shipment_is_read_with_its_sale(far_side, erp):
    assert erp.read_shipments(["3", "no id", "²"]) == [SHIPMENT]

    [asked] = far_side.to(SHIPMENTS)
    assert asked[0] == [["id", "in", [3]]]
    assert not [field for field in asked[4] if "lot" in field]


def test_lots_are_read_where_the_module_is(far_side, erp):
    far_side.answers("model.stock.move.fields_get", {"lot": {}})
    far_side.answers("model.stock.shipment.out.fields_get", {})
    lot = move(**{"lot.": {"id": 1, "number": "LOT-7"}})
    far_side.answers(SHIPMENTS, [row(**{"outgoing_moves.": [lot], "carrier.": None})])

    [found] = erp.read_shipments(["3"])

    assert found.lines[0].lots == ("LOT-7",)
    fields = far_side.to(SHIPMENTS)[0][4]
    assert "outgoing_moves.lot.number" in fields
    assert not [field for field in fields if "carrier" in field]


@pytest.mark.parametrize(
    ("state", "stage"),
    [
        ("draft", ShipmentStage.UNDONE),
        ("waiting", ShipmentStage.UNDONE),
        ("assigned", ShipmentStage.UNDONE),
        ("picked", ShipmentStage.PICKED),
        ("packed", ShipmentStage.PACKED),
        ("shipped", ShipmentStage.SHIPPED),
        ("done", ShipmentStage.DELIVERED),
        ("cancelled", ShipmentStage.UNDONE),
    ],
)
def test_states_are_stages_and_a_plan_has_no_lines(far_side, erp, state, stage):
    far_side.answers(SHIPMENTS, [row(state=state, effective_date=DAY)])

    [found] = erp.read_shipments(["3"])

    has_left = stage in (ShipmentStage.SHIPPED, ShipmentStage.DELIVERED)
    assert (found.status, found.stage, bool(found.lines)) == (state, stage, stage is not ShipmentStage.UNDONE)
    assert found.shipped_at == (datetime(2026, 8, 20, 12, tzinfo=UTC) if has_left else None)


def test_a_shipment_of_two_sales_is_one_of_each(far_side, erp):
    moves = [move(), move(origin="sale.line,15", quantity=2.5), move(origin="sale.line,12", quantity=1.0)]
    far_side.answers(SHIPMENTS, [row(**{"outgoing_moves.": moves})])
    far_side.answers(LINES, [sale_line(), sale_line(15, 8)])

    found = erp.read_shipments(["3:7", "3:8"])

    assert [(one.external_id, one.order_number, [line.quantity for line in one.lines]) for one in found] == [
        ("3:7", "S7", [3, 1]),
        ("3:8", "S8", [Decimal("2.5")]),
    ]
    assert [one.external_id for one in erp.read_shipments(["3:8"])] == ["3:8"]


def test_what_belongs_to_no_sale_is_left_out(far_side, erp):
    moves = [
        move(origin=None),
        move(origin="stock.inventory.line,1"),
        move(state="cancelled"),
        move(quantity=0.0),
    ]
    far_side.answers(
        SHIPMENTS, [row(**{"outgoing_moves.": moves}), row(id=4, **{"outgoing_moves.": moves[:2]})]
    )

    [found] = erp.changed_shipments(None, None).items

    assert (found.external_id, found.lines) == ("3", ())


def test_changes_are_followed_by_stamp_then_id(far_side, erp):
    erp.shipment_rows = 2
    far_side.answers(SHIPMENTS, [row(), row(id=4)], [row(id=5)])

    first = erp.changed_shipments(PagePosition(AT, "1"), None)
    second = erp.changed_shipments(None, first.after)

    assert [one.external_id for page in (first, second) for one in page.items] == ["3", "4", "5"]
    assert (first.after, second.after) == (f"{AT.isoformat()}|0|4", None)
    domains = [asked[0] for asked in far_side.to(SHIPMENTS)]
    assert domains[0] == [["last_modified_at", ">=", STAMP]]
    assert domains[1] == [
        "OR",
        ["last_modified_at", ">", STAMP],
        [["last_modified_at", "=", STAMP], ["id", ">", 4]],
    ]


def drop(**changes):
    """A drop shipment: the vendor's moves came first, those to the customer are of the sale."""
    made = row(id=3, number="DS3", state="done", effective_date=DAY | {"day": 21})
    del made["warehouse."], made["carrier."], made["outgoing_moves."]
    sent = [{"id": 8, "effective_date": DAY | {"day": 19}}]
    vendor = {"supplier.": {"id": 7, "code": "70", "name": "Vendor"}, "supplier_moves.": sent}
    return made | vendor | {"customer_moves.": [move()]} | changes


@pytest.fixture
def drops(far_side, erp):
    far_side.answers("model.sale.sale.fields_get", {"web_id": {}, "drop_shipments": {}})
    far_side.answers(DROPS, [drop()])
    return erp


def test_a_drop_shipment_leaves_its_vendor_when_it_is_sent(far_side, drops):
    [found] = drops.read_shipments(["drop-3", "drop-x"])

    assert found == replace(
        SHIPMENT,
        external_id="drop-3",
        number="DS3",
        status="done",
        stage=ShipmentStage.DELIVERED,
        shipped_at=datetime(2026, 8, 19, 12, tzinfo=UTC),
        warehouse="Vendor",
        shipping_method_code="",
        parcels=(Parcel("1Z 1"), Parcel("1Z2")),
    )
    assert far_side.to(SHIPMENTS) == []


def test_both_kinds_are_followed_together_in_their_order(far_side, drops):
    drops.shipment_rows = 2
    later = STAMP | {"second": 13}
    far_side.answers(
        SHIPMENTS, [row(), row(id=4, last_modified_at=later)], [row(id=4, last_modified_at=later)]
    )
    far_side.answers(
        DROPS, [drop(), drop(id=9, last_modified_at=later)], [drop(id=9, last_modified_at=later)]
    )

    first = drops.changed_shipments(None, None)
    second = drops.changed_shipments(None, first.after)
    third = drops.changed_shipments(None, second.after)

    told = [[one.external_id for one in page.items] for page in (first, second, third)]
    assert told == [["3", "drop-3"], ["4", "drop-9"], ["4", "drop-9"]]
    assert first.after == f"{AT.isoformat()}|1|3"
    asked = [[sent[0] for sent in far_side.to(kind)][1] for kind in (SHIPMENTS, DROPS)]
    # Of the same moment, our own came first.
    assert asked[0] == [["last_modified_at", ">", STAMP]]
    assert asked[1][2] == [["last_modified_at", "=", STAMP], ["id", ">", 3]]


@pytest.mark.parametrize(
    "changes", [{"state": "lost"}, {"last_modified_at": None}, {"outgoing_moves.": [move(quantity="3")]}]
)
def test_what_cannot_be_read_is_asked_again_later(far_side, erp, changes):
    far_side.answers(SHIPMENTS, [row(**changes)])

    with pytest.raises(Unreachable):
        erp.read_shipments(["3"])


SALES = "model.sale.sale.search_read"


def test_shipments_of_sales_are_those_that_the_sales_name(far_side, erp):
    far_side.answers("model.sale.sale.fields_get", {"web_id": {}, "drop_shipments": {}})
    far_side.answers(
        SALES,
        [{"id": 7, "shipments": [3], "drop_shipments": []}, {"id": 8, "shipments": [], "drop_shipments": []}],
    )

    assert erp.shipments_of_orders({"7": "S7", "8": "S8", "no id": "S9"}) == [SHIPMENT]

    [asked] = far_side.to(SALES)
    assert (asked[0], asked[4]) == ([["id", "in", [7, 8]]], ["shipments", "drop_shipments"])
    [asked] = far_side.to(SHIPMENTS)
    assert asked[0] == [["id", "in", [3]]]
    assert far_side.to(DROPS) == []
    assert erp.shipments_of_orders({"no id": "S9"}) == []


def test_another_sales_share_of_a_grouped_shipment_is_not_handed_over(far_side, erp):
    far_side.answers("model.sale.sale.fields_get", {"web_id": {}})
    far_side.answers(SALES, [{"id": 7, "shipments": [3]}])
    far_side.answers(SHIPMENTS, [row(**{"outgoing_moves.": [move(), move(id=2, origin="sale.line,13")]})])
    far_side.answers(LINES, [sale_line(), sale_line(13, 9)])

    assert [each.external_id for each in erp.shipments_of_orders({"7": "S7"})] == ["3:7"]


def test_a_sale_that_does_not_name_its_shipments_is_no_sale_without_any(far_side, erp):
    far_side.answers(SALES, [{"id": 7, "shipments": None}])

    with pytest.raises(Unreachable):
        erp.shipments_of_orders({"7": "S7"})
