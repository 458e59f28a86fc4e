from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest

from hub.connectors.documents import Attribute, ErpTotals, LineKind, OrderIdentity, SalesOrderLine
from hub.connectors.identity import identity_of_token
from hub.connectors.quotes import ErpQuote, QuoteStatus, identity_of_quote, is_of_quote, quote_token
from hub.connectors.sales_documents import ErpDocumentLine
from orders.quotes.rules import Required, missing, offer_hash, prices, tags_named
from orders.quotes.taxed import OfferUnclear

SENT = (
    SalesOrderLine(LineKind.ITEM, "I1", "Desk", Decimal(2), unit_price=Decimal(10), source_external_id="l1"),
    SalesOrderLine(
        LineKind.ACCOUNT, "8400", "Freight", Decimal(1), unit_price=Decimal(5), source_external_id="s1"
    ),
    SalesOrderLine(LineKind.COMMENT, "", "Gate 5"),
)
REQUEST = SimpleNamespace(lines=[SimpleNamespace(external_id="new-l1", quantity=2)], taxes_included=False)


def offer(quantity="2", price="7.5", discount="0", freight="5", number="I1"):
    lines = (
        ErpDocumentLine(
            "a", LineKind.ITEM, number, "Desk", Decimal(quantity), "", Decimal(price), Decimal(discount)
        ),
        ErpDocumentLine("b", LineKind.ACCOUNT, "8400", "Freight", Decimal(1), "", Decimal(freight)),
        ErpDocumentLine("c", LineKind.COMMENT, "", "Gate 5, please"),
    )
    totals = ErpTotals("EUR", Decimal(20), Decimal(0), Decimal(20))
    return ErpQuote("q", "Q1", "r", QuoteStatus.OPEN, "Draft", "C1", lines, totals, datetime.now(UTC))


@pytest.mark.parametrize(
    ("given", "price"),
    [({}, "7.50"), ({"price": "8", "discount": "1"}, "7.50"), ({"price": "7.49"}, "7.49")],
)
def test_what_a_piece_costs_by_the_quote(given, price):
    [line] = prices(REQUEST, SENT, ["l1"], offer(**given))

    assert (line.external_id, line.unit_price.amount, line.unit_price.currency) == (
        "new-l1",
        Decimal(price),
        "EUR",
    )


@pytest.mark.parametrize(
    "given",
    [
        {"quantity": "3"},
        {"number": "I2"},
        {"freight": "6"},
        {"price": "7.495"},
        {"discount": "0.01"},
    ],
)
def test_what_no_price_on_the_request_could_say_is_unclear(given):
    with pytest.raises(OfferUnclear):
        prices(REQUEST, SENT, ["l1"], offer(**given))


@pytest.mark.parametrize(
    ("asked", "offered", "is_clear"),
    [("PCS", "BOX", False), ("PCS", "pcs", True), ("PCS", "", True), ("", "PCS", True)],
)
def test_a_price_of_another_unit_is_no_price_of_what_was_asked_for(asked, offered, is_clear):
    quote = offer()
    quote = replace(quote, lines=(replace(quote.lines[0], unit=offered), *quote.lines[1:]))
    sent = (replace(SENT[0], unit=asked), *SENT[1:])

    if is_clear:
        assert len(prices(REQUEST, sent, ["l1"], quote)) == 1
    else:
        with pytest.raises(OfferUnclear, match="it counts I1 in BOX, the request in PCS"):
            prices(REQUEST, sent, ["l1"], quote)


def test_an_offer_in_another_unit_is_another_offer():
    quote = offer()
    boxed = replace(quote, lines=(replace(quote.lines[0], unit="BOX"), *quote.lines[1:]))

    assert offer_hash(boxed) != offer_hash(quote)


def test_lines_that_were_added_or_a_request_of_other_lines_are_unclear():
    more = offer()
    added = replace(more, lines=(*more.lines, replace(more.lines[0], external_id="d")))

    for quote, lines in ((added, ["l1"]), (offer(), ["l1", "l2"])):
        with pytest.raises(OfferUnclear):
            prices(REQUEST, SENT, lines, quote)


@pytest.mark.parametrize(("cost", "is_clear"), [("8", True), ("9", False)])
def test_charges_that_the_erp_holds_as_one_shipping_cost_are_compared_by_their_sum(cost, is_clear):
    sent = (
        SENT[0],
        replace(SENT[1], kind=LineKind.SHIPPING, number="Ground"),
        replace(SENT[1], kind=LineKind.SHIPPING, number="Express", unit_price=Decimal(3)),
    )
    quote = offer()
    freight = replace(quote.lines[1], kind=LineKind.SHIPPING, number="Ground", unit_price=Decimal(cost))
    quote = replace(quote, lines=(quote.lines[0], freight))

    if is_clear:
        assert len(prices(REQUEST, sent, ["l1"], quote)) == 1
    else:
        with pytest.raises(OfferUnclear, match="shipping costs 9, the request's 8"):
            prices(REQUEST, sent, ["l1"], quote)


def test_a_shipping_method_that_costs_nothing_is_no_line_that_was_added():
    quote = offer()
    free = replace(quote.lines[1], kind=LineKind.SHIPPING, number="Pickup", unit_price=Decimal(0))

    assert len(prices(REQUEST, SENT[:1], ["l1"], replace(quote, lines=(quote.lines[0], free)))) == 1


def test_what_a_request_lacks_is_named_in_the_order_it_is_asked():
    said = (Attribute("Project code", "P7"), Attribute("Wanted on", "soon"), Attribute("Cost centre", " "))
    request = SimpleNamespace(po_number=" ", attributes=said)
    required = Required(True, ("Project code", "Cost centre"), "Wanted on")

    assert missing(request, required) == ["PO number", "Cost centre", "Wanted on (a date as 2026-12-24)"]
    assert missing(request, Required()) == []


def test_the_token_of_a_request_is_read_back_and_is_no_orders():
    identity = OrderIdentity("EU", "2425000065536")
    token = quote_token(identity)

    assert identity_of_quote(token.lower()) == identity
    assert (identity_of_token(token), identity_of_quote("EU-24KD131Q3IE")) == (None, None)
    assert (is_of_quote(f"PO-1/{token}"), is_of_quote("PO-1/Q.1"), is_of_quote("PO-1")) == (
        True,
        False,
        False,
    )
    assert tags_named(["vip", f"ErpQuote:{token}"]) == [token]
