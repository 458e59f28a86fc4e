"""What vendors send straight to the buyer, and when a rest is asked about."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind, PlacedLine
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from hub.connectors.store_changes import EditableLine, EditableOrder
from hub.connectors.store_orders import StoreTotals
from hub.lib.money import Money, MoneyBag
from orders.shipments.awaited import awaited_of, doubt_about, pieces_without
from orders.shipments.remainder import rest_of
from orders.units import ItemRow

ITEMS = {"L1": ItemRow("10"), "L2": ItemRow("20")}
PRICE = MoneyBag(Money(Decimal(10), "EUR"), Money(Decimal(10), "EUR"))
PLACED = tuple(
    PlacedLine(key, sku, sku, "", "", pieces, pieces, PRICE, PRICE, ())
    for key, sku, pieces in (("L1", "TAB", 5), ("L2", "LAM", 3))
)


def store(tables=0, lamps=0):
    """Five tables and three lamps, of which so many are fulfilled."""
    rows = (("L1", 5, tables), ("L2", 3, lamps))
    lines = (
        EditableLine(key, "", key, pieces, pieces - sent, Decimal(0), Decimal(10))
        for key, pieces, sent in rows
    )
    totals = StoreTotals("EUR", Decimal(0), Decimal(0))
    return EditableOrder("o", "#1", False, True, (), tuple(lines), totals, "", "", None)


def line(number, pieces, shipped=0, *, awaits, kind=LineKind.ITEM, is_closed=False):
    return ErpDocumentLine(
        number,
        kind,
        number,
        "",
        quantity=Decimal(pieces),
        shipped_quantity=Decimal(shipped),
        is_closed=is_closed,
        awaits_vendor=awaits,
    )


def document(*lines):
    at = datetime(2026, 11, 1, tzinfo=UTC)
    named = ("o", "O1", "", "", "", OrderStage.SHIPPED)
    return ErpDocument(*named, False, "1", "EUR", False, tuple(lines), None, at)


def decided(order, *lines):
    """What goes off by line, and why a person is asked first."""
    whole = document(*lines)
    awaited = awaited_of(whole, PLACED, ITEMS)
    rest = rest_of(order, PLACED, closed=pieces_without(awaited, order, PLACED))
    doubt = doubt_about(rest, awaited, whole, ITEMS, order, PLACED)
    return {one.line_external_id: one.pieces for one in rest}, doubt


TABLES = line("10", 5, awaits=False)


@pytest.mark.parametrize(
    ("lines", "off", "asked"),
    [
        ([TABLES, line("20", 3, awaits=False)], {"L1": 5, "L2": 3}, ""),
        # The vendor sends two; the third is nobody's.
        ([TABLES, line("20", 2, awaits=True)], {"L1": 5, "L2": 1}, ""),
        ([TABLES, line("20", 3, awaits=True, is_closed=True)], {"L1": 5, "L2": 3}, ""),
        ([line("10", 5, awaits=True), line("20", 3, awaits=True)], {}, ""),
        ([TABLES, line("20", 3, awaits=None)], {"L1": 5, "L2": 3}, "whether a vendor"),
        # Of what item of the store, is not known: any of them.
        ([TABLES, line("99", 1, awaits=True)], {"L1": 5, "L2": 3}, "whether a vendor"),
        ([TABLES, line("99", 1, awaits=None, kind=LineKind.CHARGE)], {"L1": 5, "L2": 3}, ""),
        ([TABLES, line("20", 3, 3, awaits=None)], {"L1": 5, "L2": 3}, "more of LAM than the store was told"),
    ],
)
def test_what_a_vendor_sends_stays_and_what_is_not_known_is_asked(lines, off, asked):
    found, doubt = decided(store(), *lines)

    assert found == off
    assert asked in doubt
    assert bool(asked) is bool(doubt)


def test_nothing_is_asked_where_the_store_was_told_of_all_that_left():
    order = store(tables=2, lamps=3)

    assert decided(order, line("10", 5, 2, awaits=False), line("20", 3, 3, awaits=False)) == ({"L1": 3}, "")
    assert decided(order, line("10", 5, 3, awaits=False))[1] != ""
