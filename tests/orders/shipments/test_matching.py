from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind, PlacedLine
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from hub.connectors.shipment_documents import ErpShipment, Parcel, ShipmentStage, ShippedLine
from hub.errors import NeedsReview
from hub.lib.money import Money, MoneyBag
from orders.shipments.matching import pieces_shipped
from orders.shipments.tracking import Tracking, says_the_same, shown
from orders.units import ItemRow

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PRICE = MoneyBag(Money(Decimal("1.00"), "EUR"), Money(Decimal("1.00"), "EUR"))
ITEMS = {
    "TAB": ItemRow("IT-1"),
    "LAM": ItemRow("IT-2"),
    "GIFT": ItemRow("IT-1"),
    "BAG": ItemRow("COFFEE", "KG", Decimal("0.25")),
    "BIG": ItemRow("COFFEE", "KG", Decimal("0.3")),
    "THIRD": ItemRow("COFFEE", "KG", Decimal("0.333333")),
    "BOX": ItemRow("COFFEE", "BOX", Decimal(2)),
}


def placed(key, sku, pieces):
    return PlacedLine(key, sku, sku, "", "", pieces, pieces, PRICE, PRICE, ())


def shipment(*lines, parcels=(), method=""):
    return ErpShipment(
        external_id="s",
        number="S1",
        order_external_id="o",
        order_number="O1",
        reference="",
        status="shipped",
        stage=ShipmentStage.SHIPPED,
        shipped_at=NOW,
        warehouse="",
        shipping_method_code=method,
        parcels=tuple(parcels),
        lines=tuple(
            ShippedLine(key, number, number, Decimal(quantity), *unit)
            for key, number, quantity, *unit in lines
        ),
        updated_at=NOW,
    )


def document(*lines):
    return ErpDocument(
        external_id="o",
        number="O1",
        reference="",
        po_number="",
        status="Released",
        stage=OrderStage.RELEASED,
        is_held=False,
        customer_number="1",
        currency="EUR",
        prices_include_tax=False,
        lines=tuple(
            ErpDocumentLine(key, kind, number, number, Decimal(quantity), *unit)
            for key, kind, number, quantity, *unit in lines
        ),
        totals=None,
        updated_at=NOW,
    )


def matched(shipped, lines, known, still):
    """Pieces by order line, of lines given as id, SKU and pieces."""
    items = {key: ITEMS[sku] for key, sku, _ in lines}
    return pieces_shipped(shipment(*shipped), [placed(*line) for line in lines], items, known, still)


ITEM = LineKind.ITEM
BAGS = document(("e1", ITEM, "COFFEE", "0.75", "KG"), ("e2", ITEM, "COFFEE", "2.1", "KG"))
TWICE = document(("e1", ITEM, "IT-1", 5), ("e2", ITEM, "IT-1", 2))


@pytest.mark.parametrize(
    ("shipped", "lines", "known", "still", "expected"),
    [
        ([("", "IT-1", 3)], [("a", "TAB", 5)], None, {}, {"a": 3}),
        ([("", "IT-1", 1), ("", "IT-1", 2)], [("a", "TAB", 5)], None, {}, {"a": 3}),
        ([("e2", "IT-1", 2)], [("a", "TAB", 5), ("b", "GIFT", 2)], TWICE, {}, {"b": 2}),
        (
            [("e2", "IT-1", 2), ("e1", "IT-1", 1)],
            [("a", "TAB", 5), ("b", "GIFT", 2)],
            TWICE,
            {},
            {"a": 1, "b": 2},
        ),
        ([("", "IT-1", 7)], [("a", "TAB", 5), ("b", "GIFT", 2)], None, {"a": 5, "b": 2}, {"a": 5, "b": 2}),
        ([("", "FREIGHT", 1)], [("a", "TAB", 5)], document(("f", LineKind.CHARGE, "FREIGHT", 1)), {}, {}),
        ([("", "IT-1", 0)], [("a", "TAB", 5)], None, {}, {}),
        ([("", "IT-1", 2, "PCS")], [("a", "TAB", 5)], None, {}, {"a": 2}),
        ([("", "COFFEE", "0.5", "kg")], [("a", "BAG", 3)], None, {}, {"a": 2}),
        ([("", "COFFEE", "0.5"), ("", "COFFEE", "0.25")], [("a", "BAG", 3)], None, {}, {"a": 3}),
        ([("e2", "COFFEE", "0.6", "KG")], [("a", "BAG", 3), ("b", "BIG", 7)], BAGS, {}, {"b": 2}),
        (
            [("", "COFFEE", "0.8", "KG")],
            [("a", "BAG", 3), ("b", "BIG", 7)],
            BAGS,
            {"a": 2, "b": 1},
            {"a": 2, "b": 1},
        ),
        ([("", "COFFEE", 4, "BOX")], [("a", "BAG", 3), ("b", "BOX", 2)], None, {}, {"b": 2}),
        ([("", "COFFEE", "1.00000", "KG")], [("a", "THIRD", 3)], None, {}, {"a": 3}),
    ],
    ids=[
        "by item",
        "two rows",
        "by place",
        "both places",
        "all that is open",
        "freight is no goods",
        "nothing",
        "the item's own unit",
        "bags of a quarter",
        "bags in two rows",
        "bags by place",
        "all bags that are open",
        "by the unit",
        "as an ERP keeps three thirds",
    ],
)
def test_lines_are_found(shipped, lines, known, still, expected):
    assert matched(shipped, lines, known, still) == expected


@pytest.mark.parametrize(
    ("shipped", "lines", "known", "code"),
    [
        ([("", "IT-9", 1)], [("a", "TAB", 5)], None, "shipment_line_unknown"),
        ([("", "IT-1", 3)], [("a", "TAB", 5), ("b", "GIFT", 2)], None, "shipment_line_ambiguous"),
        ([("e9", "IT-1", 3)], [("a", "TAB", 5), ("b", "GIFT", 2)], TWICE, "shipment_line_ambiguous"),
        ([("e1", "IT-1", 3)], [("a", "TAB", 9), ("b", "GIFT", 9)], TWICE, "shipment_line_ambiguous"),
        ([("", "IT-1", "1.5")], [("a", "TAB", 5)], None, "shipment_fraction"),
        ([("", "COFFEE", "0.6", "KG")], [("a", "BAG", 5)], None, "shipment_fraction"),
        ([("", "COFFEE", "1", "BAG")], [("a", "BAG", 5)], None, "shipment_unit"),
        ([("", "IT-1", 1, "BOX"), ("", "IT-1", 1, "PCS")], [("a", "TAB", 5)], None, "shipment_unit"),
        (
            [("", "IT-1", 1, "BOX")],
            [("a", "TAB", 5)],
            document(("e", ITEM, "IT-1", 5, "PCS")),
            "shipment_unit",
        ),
    ],
    ids=[
        "unknown item",
        "one of two lines",
        "unknown place",
        "places that do not agree",
        "half a piece",
        "no whole bags",
        "another unit",
        "two units of an item that is mapped in none",
        "another unit than was ordered in",
    ],
)
def test_nothing_is_guessed(shipped, lines, known, code):
    with pytest.raises(NeedsReview) as raised:
        matched(shipped, lines, known, {"a": 5, "b": 2})

    assert raised.value.code == code


def test_parcels_have_the_stores_name_of_the_carrier_and_addresses_only_where_each_has_one():
    one = Parcel("1", "DHL", "DHL Freight", "https://t.example/1")
    several = [one, Parcel("2", "DHL"), Parcel("3", "UPS", "United Parcel")]
    told = shipment(parcels=several)

    assert shown(told, [one], {"DHL": "DHL Express"}) == Tracking(
        "DHL Express", ("1",), ("https://t.example/1",)
    )
    assert shown(told, several, {}) == Tracking("DHL Freight / DHL / United Parcel", ("1", "2", "3"), ())


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (Tracking("UPS", ("1",)), Tracking("UPS", ("1",), ("made by the store",)), True),
        (Tracking("", ("1",)), Tracking("Other", ("1",)), True),
        (Tracking("UPS", ("1", "2")), Tracking("UPS", ("1",)), False),
        (Tracking("UPS", ("1",), ("u",)), Tracking("UPS", ("1",), ("v",)), False),
        (Tracking("UPS", ("1",)), Tracking("DHL", ("1",)), False),
    ],
)
def test_what_the_store_added_is_no_difference(ours, theirs, expected):
    assert says_the_same(ours, theirs) is expected
