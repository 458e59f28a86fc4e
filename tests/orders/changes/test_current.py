"""Fewer pieces take their share of discount and tax with them, and what is left is no other price."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.connectors.documents import GivenBack, PlacedLine, PlacedOrder, TaxLine
from hub.lib.money import Money, MoneyBag
from orders.changes.current import as_current
from orders.given_back import as_ordered


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
            "taxes_included": False,
            "given_back": None,
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


@pytest.mark.parametrize(
    ("taxes_included", "whole", "left"), [(False, "34.51", "11.51"), (True, "29.00", "9.67")]
)
def test_what_was_given_back_is_in_lines_and_total_again_to_the_minor_unit(taxes_included, whole, left):
    vat = TaxLine("VAT", Decimal("0.19"), bag("5.51"))
    line = PlacedLine("1", "TAB-001", "Table", "", "", 3, 3, bag("10.00"), bag("1.00"), (vat,))
    before = replace(placed(line, "5.51"), taxes_included=taxes_included, current_total=bag(whole))

    after = replace(
        before,
        lines=(replace(line, current_quantity=1),),
        current_total=bag(left),
        given_back=GivenBack((("1", 2),), bag("0.00")),
    )

    assert as_ordered(after) == before
    assert as_current(after) == before
