from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.erps.tryton.pricing import Goal, Priced, priced, rounded

CENT = Decimal("0.01")


def goal(quantity, natural, amount, tax="0", rate=None, step=CENT):
    return Goal(
        Decimal(quantity),
        Decimal(natural),
        Decimal(amount),
        Decimal(tax),
        None if rate is None else Decimal(rate),
        step,
    )


def test_the_stores_price_is_kept_where_it_leads_to_the_stores_amount():
    assert priced(goal(3, "10.00", "30.00", "5.70", "0.19")) == [Priced(Decimal(3), Decimal("10.0000"))]


def test_a_discount_becomes_a_price_with_four_decimals():
    assert priced(goal(3, Decimal("27.50") / 3, "27.50")) == [Priced(Decimal(3), Decimal("9.1667"))]


def test_a_tax_that_tryton_would_round_to_the_even_cent_is_reached_by_a_ten_thousandth():
    # 1.50 × 19 % is 0.285: stores round half up, Tryton half to even.
    (line,) = priced(goal(1, "1.50", "1.50", "0.29", "0.19"))

    assert line.unit_price == Decimal("1.5001")
    assert rounded(line.unit_price * Decimal("0.19"), CENT) == Decimal("0.29")


def test_a_tax_that_no_price_leads_to_leaves_the_stores_price_for_the_comparison_of_totals():
    assert priced(goal(1, "10.00", "10.00", "2.50", "0.19")) == [Priced(Decimal(1), Decimal("10.0000"))]


def test_many_pieces_whose_amount_does_not_divide_become_two_lines():
    assert priced(goal(300, Decimal(100) / 300, "100.00")) == [
        Priced(Decimal(200), Decimal("0.3333")),
        Priced(Decimal(100), Decimal("0.3334")),
    ]


def test_a_free_line_costs_nothing():
    assert priced(goal(4, "0", "0.00", "0", "0.19")) == [Priced(Decimal(4), Decimal(0))]


def test_a_currency_without_decimals_is_rounded_to_whole_units():
    assert priced(goal(3, Decimal(1000) / 3, "1000", step=Decimal(1))) == [
        Priced(Decimal(3), Decimal("333.3333"))
    ]


def test_no_price_for_a_fraction_of_a_great_many_pieces_is_said():
    with pytest.raises(ValueError, match=r"no unit price makes 100000\.5 pieces"):
        priced(goal("100000.5", "0.00001", "1.01"))


@given(
    quantity=st.integers(1, 5000),
    cents=st.integers(0, 5_000_000),
    rate=st.sampled_from(["0", "0.07", "0.19", "0.0825", "0.25"]),
)
def test_lines_always_add_up_to_the_amount(quantity, cents, rate):
    amount = Decimal(cents) * CENT
    tax = (amount * Decimal(rate)).quantize(CENT, rounding=ROUND_HALF_UP)

    lines = priced(goal(quantity, amount / quantity, amount, tax, rate))

    assert sum(rounded(line.quantity * line.unit_price, CENT) for line in lines) == amount
    assert sum(line.quantity for line in lines) == quantity
    assert all(-int(line.unit_price.as_tuple().exponent) <= 4 for line in lines)


@given(
    quantity=st.integers(1, 40),
    cents=st.integers(1, 100_000),
    rate=st.sampled_from(["0.07", "0.19", "0.0825", "0.25"]),
)
def test_tax_of_whole_prices_is_always_the_stores(quantity, cents, rate):
    """The store's price per piece in whole cents and its tax rounded half up, as an order without discounts has it."""
    price, fraction = Decimal(cents) * CENT, Decimal(rate)
    amount = price * quantity
    tax = (amount * fraction).quantize(CENT, rounding=ROUND_HALF_UP)

    (line,) = priced(goal(quantity, price, amount, tax, rate))

    assert rounded(line.quantity * line.unit_price, CENT) == amount
    assert rounded(line.quantity * line.unit_price * fraction, CENT) == tax
