"""Fewer pieces take their share of discount and tax with them, and what is left is no other price."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hub.connectors.documents import PlacedLine, PlacedOrder, TaxLine
from hub.lib.money import Money, MoneyBag
from orders.changes.current import as_current


def bag(amount):
    return MoneyBag(Money(Decimal(amount), "EUR"), Money(Decimal(amount), "EUR"))


def placed(line, tax):
    names = dict.fromkeys(PlacedOrder.__dataclass_fields__, "")
    return PlacedOrder(
        **names
        | {
            "lines": (line,),
            "tax_total": bag(tax),
            "shipping_lines": (),
            "shipping_total": bag("0"),
            "duties": (),
            "shop_currency": "EUR",
            "presentment_currency": "EUR",
            "created_at": datetime(2026, 11, 20, tzinfo=UTC),
        }
    )


def test_two_of_three_pieces_keep_two_thirds_of_discount_and_tax():
    line = PlacedLine(
        "1",
        "TAB-001",
        "Table",
        "",
        "",
        3,
        2,
        bag("10"),
        bag("1.00"),
        (TaxLine("VAT", Decimal("0.19"), bag("5.51")),),
    )

    order = as_current(placed(line, "6.46"))

    [kept] = order.lines
    assert (kept.discount.shop.amount, kept.tax_lines[0].amount.shop.amount) == (
        Decimal("0.67"),
        Decimal("3.67"),
    )
    # The rest is the tax of shipping.
    assert order.tax_total.shop.amount == Decimal("4.62")
