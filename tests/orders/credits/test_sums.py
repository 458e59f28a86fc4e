"""Which refunds come to a credit together."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orders.credits.sums import MOST, sets_that_sum


@pytest.mark.parametrize(
    ("amounts", "total", "sets"),
    [
        ("5.95 5.95", "11.90", ["ab"]),
        ("5.95 5.94", "11.90", []),
        ("11.90", "11.90", []),
        ("5.00 6.90 1.90 10.00", "11.90", ["ab", "cd"]),
        ("1.00 2.00 3.00", "6.00", ["abc"]),
        ("0.00 5.95 5.95", "11.90", ["bc"]),
        ("1.00 1.00 1.00", "2.00", ["ab", "ac", "bc"]),
        ("", "0.00", []),
    ],
)
def test_sets_of_two_or_more_that_come_to_the_total(amounts, total, sets):
    named = dict(zip("abcd", map(Decimal, amounts.split()), strict=False))

    assert ["".join(one) for one in sets_that_sum(named, Decimal(total))] == sets


def test_many_equal_ones_are_not_all_told_apart():
    named = {str(number): Decimal("1.00") for number in range(40)}

    assert len(sets_that_sum(named, Decimal("20.00"))) == MOST
