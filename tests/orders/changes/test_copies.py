"""A copy's lines are known by the ERP's lines that they were made of, whatever prices and quantities became there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from hub.connectors.documents import LineKind, PlacedLine, PlacedOrder, PlacedShippingLine, TaxLine
from hub.lib.money import Money, MoneyBag
from hub.sync.models import Connection
from orders.changes.copies import document_now, first_document, fixed_lines, items_of_copy
from orders.changes.views import sent_view
from orders.offline.amounts import amounts_of, pieces
from orders.offline.mapping_rows import UpwardRows
from orders.units import ItemRow
from tests.orders.offline_orders import document, line

STORE = Connection(code="EU", time_zone="Europe/Berlin")


def bag(amount):
    return MoneyBag(Money(Decimal(amount), "EUR"), Money(Decimal(amount), "EUR"))


def copy_of(taken):
    """The order that a store makes of this document: what the draft of it says, line by line."""
    lines, charges = [], []
    for number, one in enumerate(amounts_of(taken, {})):
        vat = TaxLine("VAT", Decimal("0.19"), bag(one.tax))
        if one.line.kind is LineKind.CHARGE:
            charges.append(
                PlacedShippingLine(f"s{number}", "Freight", "", "", bag(one.net), bag("0"), (vat,))
            )
            continue
        for place, part in enumerate(pieces(one.line.quantity, one.net, "EUR")):
            taxes = () if place else (vat,)
            price = bag(part.unit_price)
            lines.append(
                PlacedLine(
                    f"l{number}{place}", "", "", "", "", part.quantity, part.quantity, price, bag("0"), taxes
                )
            )
    empty = dict.fromkeys(PlacedOrder.__dataclass_fields__, "")
    return PlacedOrder(
        **empty
        | {
            "external_id": "gid://shopify/Order/1",
            "created_at": datetime(2026, 11, 20, tzinfo=UTC),
            "shop_currency": "EUR",
            "po_number": taken.po_number,
            "attributes": (),
            "taxes_included": False,
            "payment_terms": None,
            "shipping_address": taken.ship_to,
            "lines": tuple(lines),
            "shipping_lines": tuple(charges),
            "given_back": None,
        }
    )


TAKEN = document(
    line("A", "3", "3.33", amount_excluding_tax=Decimal("10.00"), tax_amount=Decimal("1.90")),
    line("B", "2.5", "4.00"),
    line("C", "4", "5.00"),
    line("FREIGHT", "1", "7.00", kind=LineKind.CHARGE),
)


def first(placed=None):
    return first_document(TAKEN, placed or copy_of(TAKEN), STORE, UpwardRows(), reference="erpBC:1")


def views(made):
    return [
        (one.number, one.quantity, one.price * Fraction(one.quantity))
        for one in sent_view(made).lines.values()
    ]


def test_each_line_of_the_copy_is_one_of_the_erp_in_its_own_units():
    made = first()

    assert views(made) == [("A", 3, 10), ("B", Decimal("2.5"), 10), ("C", 4, 20), ("FREIGHT", 1, 7)]
    assert (made.total_including_tax, made.total_tax) == (TAKEN.totals.including_tax, TAKEN.totals.tax)


def test_what_is_taken_out_in_the_store_is_told_in_the_erps_units():
    placed, base = copy_of(TAKEN), first()
    fewer = [
        replace(one, current_quantity=1) if one.external_id in ("l00", "l20") else one for one in placed.lines
    ]

    now = document_now(replace(placed, lines=tuple(fewer)), base, STORE, added=())

    assert views(now)[0] == ("A", 2, Fraction("6.67"))
    assert views(now)[2] == ("C", 1, 5)


def test_lines_that_no_edit_can_follow_are_named_with_the_reason():
    assert {key: "two lines" in why for key, why in fixed_lines(first()).items()} == {
        "l00 l01": True,
        "l10 *2.5": False,
    }


def test_pieces_of_a_copy_count_in_the_erps_unit():
    taken = document(line("COFFEE", "3", "20.00", unit="KG"))
    rows = UpwardRows(items={"COFFEE": [("BAG", ItemRow("COFFEE", "KG", Decimal("0.25")))]})
    [as_units] = copy_of(taken).lines
    bags = replace(as_units, sku="BAG", quantity=12, current_quantity=12, unit_price=bag("5.00"))
    placed = replace(copy_of(taken), lines=(bags,))

    made = first_document(taken, placed, STORE, rows, reference="erpBC:1")
    fewer = replace(placed, lines=(replace(bags, current_quantity=8),))

    assert views(made) == [("COFFEE", 3, 60)]
    assert views(document_now(fewer, made, STORE, added=())) == [("COFFEE", 2, 40)]
    assert items_of_copy(made) == {"l00": ItemRow("COFFEE", "KG", Decimal("0.25"))}
    assert "0.25 KG" in fixed_lines(made)["l00 *0.25"]


def test_a_copy_with_other_lines_than_the_order_has_no_first_agreement():
    placed = copy_of(TAKEN)

    assert first(replace(placed, lines=placed.lines[:-1])) is None
    assert first(replace(placed, shipping_lines=())) is None
    edited = [replace(one, current_quantity=1) for one in placed.lines]
    assert first(replace(placed, lines=tuple(edited))) is None
