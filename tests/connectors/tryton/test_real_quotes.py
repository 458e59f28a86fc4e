"""Quotations in the real Tryton: offered, changed by sales, over, and the orders that they become."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from hub.connectors.documents import PagePosition
from hub.connectors.quotes import QuoteStatus
from hub.demo.tryton.clerk import Clerk
from hub.errors import RecordRejected
from tests.connectors.tryton.far_side import line, shipping

LAST = datetime.now(UTC).date() + timedelta(days=30)


@pytest.fixture
def clerk(tryton_office):
    return Clerk(tryton_office)


@pytest.fixture
def wanted(company):
    """Three desks and freight, worded as a quote that was never asked for."""
    plain = company.document(lines=(line(), shipping()), po_number="PO-Q1")
    return replace(plain, reference=company.erp.quote_reference(plain.identity, plain.po_number))


@pytest.fixture
def made(company, wanted):
    return company.erp.create_quote(wanted, valid_until=LAST)


def read(company, made):
    [quote] = company.erp.read_quotes([made.external_id])
    return quote


def test_a_quotation_is_offered_until_its_last_day_and_is_no_order(company, wanted, made):
    quote = read(company, made)

    sale = company.sale(made.external_id, "state", "reference", "web_id", "number")
    assert (sale["state"], sale["reference"], sale["web_id"]) == ("quotation", "PO-Q1", wanted.reference)
    assert (quote.status, quote.number, quote.valid_until) == (QuoteStatus.OPEN, sale["number"], LAST)
    assert quote.totals.including_tax == wanted.total_including_tax
    assert company.erp.find_sales_orders([wanted.reference]) == []
    lately = PagePosition(datetime.now(UTC) - timedelta(minutes=5), "")
    told = company.erp.changed_sales_orders(lately, None).items
    assert made.external_id not in [order.external_id for order in told]


def test_sent_twice_it_is_the_same_quotation(company, wanted, made):
    again = company.erp.create_quote(wanted, valid_until=LAST)

    assert again == made
    assert [quote.external_id for quote in company.erp.find_quotes([wanted.reference])] == [made.external_id]


def test_a_price_that_sales_change_comes_back_once_it_is_offered_again(company, clerk, made):
    sale = int(made.external_id)
    clerk.press("draft", sale)
    clerk.change_line(sale, 0, unit_price=Decimal("8.00"))
    assert read(company, made).status is QuoteStatus.DRAFT

    clerk.press("quote", sale)

    quote = read(company, made)
    assert (quote.status, quote.lines[0].unit_price, quote.valid_until) == (
        QuoteStatus.OPEN,
        Decimal(8),
        LAST,
    )


def test_the_quotation_itself_becomes_the_order_once(company, wanted, made):
    number = read(company, made).number

    company.erp.order_quote(made.external_id)
    with pytest.raises(RecordRejected, match="No order was made of the quotation"):
        company.erp.order_quote(made.external_id)

    [order] = company.erp.find_sales_orders([wanted.reference])
    assert (order.external_id, order.number, order.reference) == (made.external_id, number, wanted.reference)
    assert order.status in ("confirmed", "processing")
    assert (company.erp.read_quotes([made.external_id]), company.erp.find_quotes([wanted.reference])) == (
        [],
        [],
    )


@pytest.mark.parametrize(
    ("began", "status"), [(None, QuoteStatus.LOST), (date(2026, 1, 5), QuoteStatus.EXPIRED)]
)
def test_a_quotation_that_was_cancelled_is_lost_or_had_expired(company, clerk, wanted, made, began, status):
    sale = int(made.external_id)
    if began:
        clerk.press("draft", sale)
        clerk.change_sale(sale, quotation_date=began)
    clerk.press("cancel", sale)

    assert read(company, made).status is status
    assert company.erp.find_sales_orders([wanted.reference]) == []
    with pytest.raises(RecordRejected, match="cancelled"):
        company.erp.order_quote(made.external_id)


def test_prices_that_include_tax_are_refused_before_anything_is_sent(company, wanted):
    with pytest.raises(RecordRejected, match="prices without tax"):
        company.erp.create_quote(replace(wanted, prices_include_tax=True), valid_until=LAST)

    assert company.operations() == []
