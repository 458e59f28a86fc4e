"""Quotes without tax in their prices, put back on requests whose prices include it: exactly, or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from hub.connectors.credit_lines import without_tax
from hub.connectors.documents import ErpTotals, LineKind, OrderIdentity, SalesOrder, SalesOrderLine
from hub.connectors.quotes import ErpQuote, QuoteStatus
from hub.connectors.sales_documents import ErpDocumentLine
from hub.lib.money import minor_units, round_money
from orders.quotes.rules import prices
from orders.quotes.taxed import OfferUnclear, amounts_with_tax

RATES = [Decimal(0), Decimal("0.07"), Decimal("0.19"), Decimal("0.08875")]


def sent_as(lines, currency):
    """What was sent for lines of (pieces, price with tax, rate)."""
    rows = []
    for at, (pieces, price, rate) in enumerate(lines):
        tax = round_money(pieces * price * rate / (1 + rate), currency)
        row = SalesOrderLine(LineKind.ITEM, f"I{at}", "Desk", Decimal(pieces), unit_price=price)
        rows.append((row, tax))
    made = tuple(_with(row, tax, at) for at, (row, tax) in enumerate(rows))
    zero = Decimal(0)
    document = SalesOrder(
        OrderIdentity("EU", "1"), "r", "", "C1", date(2026, 1, 5), currency, True, made, zero, zero, zero
    )
    return without_tax(document)


def _with(row, tax, at):
    return SalesOrderLine(
        row.kind,
        row.number,
        row.description,
        row.quantity,
        unit_price=row.unit_price,
        tax_amount=tax,
        source_external_id=f"l{at}",
    )


def quoted(lines, currency, *, is_stated=True):
    """The ERP's quote for lines of (number, quantity, net amount, rate); it rounds taxes by line or as a whole."""
    exact = [net * rate for _, _, net, rate in lines]
    taxes = [round_money(tax, currency) for tax in exact]
    whole = sum(taxes, Decimal(0)) if is_stated else round_money(sum(exact, Decimal(0)), currency)
    net = sum((one[2] for one in lines), Decimal(0))
    made = tuple(
        ErpDocumentLine(
            f"e{at}",
            LineKind.ITEM,
            number,
            "",
            quantity,
            unit_price=amount / quantity,
            tax_rate=rate,
            amount_excluding_tax=amount,
            tax_amount=tax if is_stated else None,
        )
        for at, ((number, quantity, amount, rate), tax) in enumerate(zip(lines, taxes, strict=True))
    )
    totals = ErpTotals(currency, net, whole, net + whole)
    return ErpQuote("q", "Q1", "r", QuoteStatus.OPEN, "Draft", "C1", made, totals, datetime.now(UTC))


def answered(*asked):
    try:
        return prices(*asked), ""
    except OfferUnclear as error:
        return [], str(error)


def request(lines):
    rows = [SimpleNamespace(external_id=f"l{at}", quantity=pieces) for at, (pieces, _, _) in enumerate(lines)]
    return SimpleNamespace(lines=rows, taxes_included=True)


LINES = some.lists(
    some.tuples(
        some.integers(1, 400), some.integers(1, 900_000), some.sampled_from(RATES), some.integers(0, 900_000)
    ),
    min_size=1,
    max_size=8,
)


@given(LINES, some.sampled_from(["EUR", "JPY", "KWD"]), some.booleans(), some.booleans())
def test_prices_that_include_tax_add_up_to_the_quote_or_nobody_is_told_any(
    rows, currency, is_stated, is_negotiated
):
    unit = Decimal(1).scaleb(-minor_units(currency))
    asked = [(pieces, price * unit, rate) for pieces, price, rate, _ in rows]
    sent = sent_as(asked, currency)
    amounts = [
        round_money(one.quantity * one.unit_price, currency) - one.discount_amount for one in sent.lines
    ]
    if is_negotiated:
        amounts = [row[3] * unit for row in rows]
    offered = [
        (one.number, one.quantity, amount, asked[at][2])
        for at, (one, amount) in enumerate(zip(sent.lines, amounts, strict=True))
    ]
    quote = quoted(offered, currency, is_stated=is_stated)
    ids = [f"l{at}" for at in range(len(asked))]

    found, why = answered(request(asked), sent.lines, ids, quote)

    if why:
        assert any(told in why for told in ("no exact price", str(quote.totals.including_tax)))
        return
    told = sum(
        (one.unit_price.amount * pieces for one, (pieces, _, _) in zip(found, asked, strict=True)), Decimal(0)
    )
    assert told == quote.totals.including_tax
    assert all(round_money(one.unit_price.amount, currency) == one.unit_price.amount for one in found)


@given(some.integers(1, 400), some.integers(1, 900_000), some.sampled_from(RATES))
def test_a_price_that_nobody_negotiated_comes_back_as_it_was_where_the_erp_can_say_it(pieces, cents, rate):
    asked = [(pieces, Decimal(cents) / 100, rate)]
    [line] = sent_as(asked, "EUR").lines
    amount = round_money(line.quantity * line.unit_price, "EUR") - line.discount_amount
    quote = quoted([(line.number, line.quantity, amount, rate)], "EUR")
    assume(quote.totals.including_tax == asked[0][1] * pieces)

    [found] = prices(request(asked), (line,), ["l0"], quote)

    assert found.unit_price.amount == asked[0][1]


def test_what_does_not_add_up_is_told_with_both_numbers():
    quote = quoted([("I0", Decimal(2), Decimal("15.00"), Decimal("0.19"))], "EUR")
    off = ErpTotals("EUR", Decimal("14.00"), Decimal("2.66"), Decimal("16.66"))
    short = ErpQuote("q", "Q1", "r", QuoteStatus.OPEN, "", "C1", quote.lines, off, quote.updated_at)

    with pytest.raises(OfferUnclear, match=r"come to 17\.85 EUR, the whole quote to 16\.66"):
        amounts_with_tax(short)
    sent = sent_as([(2, Decimal("10.00"), Decimal("0.19"))], "EUR").lines
    with pytest.raises(OfferUnclear, match=r"17\.85 with tax for 2, is no exact price"):
        prices(request([(2, 0, 0)]), sent, ["l0"], quote)
