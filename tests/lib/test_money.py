from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.lib.money import Money, minor_units, parse_amount, round_money

CURRENCIES = ("EUR", "USD", "JPY", "KWD", "CLF", "ISK")
amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=6)


@pytest.mark.parametrize(
    ("currency", "units"), [("EUR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("CLF", 4), ("ZZZ", 2)]
)
def test_minor_units_are_those_of_iso_4217(currency, units):
    assert minor_units(currency) == units


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("0.005", "EUR", "0.01"),
        ("-0.005", "EUR", "-0.01"),
        ("2.675", "EUR", "2.68"),
        ("1.0049", "EUR", "1.00"),
        ("0.5", "JPY", "1"),
        ("99.4999", "JPY", "99"),
        ("1.0005", "KWD", "1.001"),
    ],
)
def test_rounds_half_away_from_zero_to_minor_units(amount, currency, rounded):
    assert str(round_money(Decimal(amount), currency)) == rounded


@given(amounts, st.sampled_from(CURRENCIES))
def test_rounding_moves_by_at_most_half_a_unit_and_rounds_once(amount, currency):
    rounded = round_money(amount, currency)

    assert abs(rounded - amount) <= Decimal(1).scaleb(-minor_units(currency)) / 2
    assert round_money(rounded, currency) == rounded
    assert round_money(-amount, currency) == -rounded


@given(amounts)
def test_every_amount_that_the_database_holds_is_parsed_exactly(amount):
    assert parse_amount(str(amount)) == amount
    assert parse_amount(f"{amount:f}") == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "NaN",
        "sNaN",
        "Infinity",
        "1,5",
        "1.0000001",
        "1e14",
        "1e999999999",
        "abc",
        "0x10",
        "1e-7",
        "--1",
    ],
)
def test_refuses_what_is_no_amount_or_cannot_be_stored(text):
    with pytest.raises(ValueError, match="amount"):
        parse_amount(text)


@given(st.text(max_size=30) | st.integers() | st.decimals())
def test_parse_amount_is_exact_or_raises_value_error(given_value):
    try:
        parsed = parse_amount(given_value)
    except ValueError:
        return

    assert parsed.is_finite()
    assert parsed == Decimal(given_value)
    assert parsed == parsed.quantize(Decimal("0.000001"))


@given(st.floats())
def test_a_float_is_never_an_amount(number):
    with pytest.raises(ValueError, match="amount"):
        parse_amount(number)


def test_two_currencies_are_never_added():
    with pytest.raises(ValueError, match="cannot add"):
        Money(Decimal(1), "EUR") + Money(Decimal(1), "USD")
