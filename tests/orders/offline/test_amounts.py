from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.connectors.documents import ErpTotals, LineKind
from hub.errors import Conflict, NeedsReview, NotReadyYet
from hub.lib.money import minor_units, round_money
from orders.offline.amounts import amounts_of, exact_rate, pieces, taxes_of
from tests.orders.offline_orders import document, line

CURRENCIES = ("JPY", "EUR", "KWD")
RATES = ("0", "0.05", "0.07", "0.19", "0.0825", "0.08875")


def amount(currency, most=5_000_000):
    units = st.integers(0, most)
    return units.map(lambda count: Decimal(count).scaleb(-minor_units(currency)))


@st.composite
def orders(draw):
    """An order as an ERP sums it up: tax of each line rounded, or of the whole order, prices with tax or without."""
    currency = draw(st.sampled_from(CURRENCIES))
    includes, tells_lines = draw(st.booleans()), draw(st.booleans())
    rates = draw(st.lists(st.sampled_from(RATES), min_size=1, max_size=6))
    lines, net, exact_tax, tax = [], Decimal(0), Decimal(0), Decimal(0)
    for rate in map(Decimal, rates):
        quantity = draw(st.one_of(st.integers(1, 400).map(Decimal), st.decimals("0.25", "9.75", places=2)))
        price = draw(amount(currency))
        gross = round_money(quantity * price, currency)
        discount = round_money(
            gross * draw(st.sampled_from([Decimal(0), Decimal("0.1"), Decimal("0.333")])), currency
        )
        whole = gross - discount
        raw = whole * rate / (1 + rate if includes else 1)
        own = round_money(raw, currency)
        net, exact_tax, tax = net + whole, exact_tax + raw, tax + own
        told = {"amount_excluding_tax": whole - own if includes else whole, "tax_amount": own}
        hidden = {"amount_excluding_tax": None, "tax_amount": None}
        lines.append(
            line(
                quantity=str(quantity),
                price=str(price),
                **{"discount_amount": discount, "tax_rate": rate, **(told if tells_lines else hidden)},
            )
        )
    total_tax = tax if tells_lines else round_money(exact_tax, currency)
    excluding = net - total_tax if includes else net
    totals = ErpTotals(currency, excluding, total_tax, excluding + total_tax)
    return document(*lines, currency=currency, prices_include_tax=includes, totals=totals)


def summed_up(taken):
    """The amounts, or None where the order is held because its sums differ."""
    with contextlib.suppress(Conflict):
        return amounts_of(taken, {})


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(orders())
def test_what_is_sent_adds_up_to_the_erps_totals_to_the_minor_unit_or_is_held(taken):
    found = summed_up(taken)
    if found is None:
        # Only where we had to compute what the ERP does not tell.
        assert any(one.tax_amount is None for one in taken.lines)
        return

    sent = [piece for one in found for piece in pieces(one.line.quantity, one.net, taken.currency)]
    taxes = [
        tax
        for one in found
        for some in taxes_of("VAT", one, pieces(one.line.quantity, one.net, taken.currency), taken.currency)
        for tax in some
    ]
    net = sum((piece.unit_price * piece.quantity for piece in sent), Decimal(0))
    tax = sum((one.amount for one in taxes), Decimal(0))
    assert tax == taken.totals.tax
    assert net + (0 if taken.prices_include_tax else tax) == taken.totals.including_tax
    assert all(piece.unit_price == round_money(piece.unit_price, taken.currency) for piece in sent)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(CURRENCIES).flatmap(lambda c: st.tuples(st.just(c), amount(c))), st.integers(1, 999))
def test_a_line_is_at_most_two_prices_a_minor_unit_apart(money, quantity):
    currency, net = money

    found = pieces(Decimal(quantity), net, currency)

    prices = [piece.unit_price for piece in found]
    assert sum(piece.quantity for piece in found) == quantity
    assert sum(piece.net for piece in found) == net
    assert len(found) <= 2
    assert max(prices) - min(prices) <= Decimal(1).scaleb(-minor_units(currency))


@pytest.mark.parametrize(
    ("base", "tax", "rate"),
    [
        ("100.00", "19.00", "0.19"),
        ("100.00", "8.88", "0.0888"),
        ("1000.00", "88.75", "0.08875"),
        ("0.00", "1.00", None),
        ("100000.00", "8333.33", None),
    ],
)
def test_a_rate_is_taken_from_amounts_only_where_it_explains_them(base, tax, rate):
    assert exact_rate(Decimal(base), Decimal(tax), "EUR") == (Decimal(rate) if rate else None)


def test_tax_without_any_rate_is_asked_about():
    odd = line(quantity="1", price="100000.00", rate=None, tax_amount=Decimal("8333.33"), tax_code="ODD")

    with pytest.raises(NeedsReview) as asked:
        amounts_of(document(odd), {})

    assert (asked.value.code, asked.value.evidence["tax"]) == ("tax_rate_missing", "8333.33")


def test_the_rate_of_the_mapping_row_stands_in_for_one_that_the_erp_does_not_tell():
    untold = line(tax_rate=None)

    [found] = amounts_of(document(untold), {"VAT19": frozenset([Decimal("0.190000")])})

    assert found.rate == Decimal("0.19")


def test_a_line_below_zero_is_asked_about():
    with pytest.raises(NeedsReview) as asked:
        amounts_of(document(line(), line(quantity="1", price="-5.00", kind=LineKind.ACCOUNT)), {})

    assert asked.value.code == "negative_line"


def test_a_line_of_no_quantity_is_nothing_that_was_sold():
    goods, left = line(quantity="2", price="10.00"), line(quantity="0", price="5.00")
    totals = ErpTotals("EUR", Decimal(20), Decimal("3.80"), Decimal("23.80"))

    found = amounts_of(document(goods, left, totals=totals), {})

    assert [(one.line.quantity, one.net) for one in found] == [(Decimal(2), Decimal(20))]


def test_a_discount_of_the_whole_order_is_asked_about_with_both_numbers():
    taken = document(line(), totals=ErpTotals("EUR", Decimal("18.00"), Decimal("3.42"), Decimal("21.42")))

    with pytest.raises(Conflict) as asked:
        amounts_of(taken, {})

    assert (asked.value.evidence["lines_total"], asked.value.evidence["erp_total"]) == ("23.80", "21.42")


def test_an_order_without_final_totals_waits():
    with pytest.raises(NotReadyYet):
        amounts_of(document(totals=None), {})
