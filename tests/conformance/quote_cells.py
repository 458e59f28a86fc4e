"""The cells of quotes: made once, found again, and ordered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.connectors.capabilities import Capability
from hub.connectors.quotes import Quotes, QuoteStatus
from hub.errors import RecordRejected
from tests.conformance.cells import cell, expected_money, money, orders_of
from tests.conformance.erp import ErpUnderTest
from tests.conformance.generic_cells import Sending, can_write
from tests.conformance.situations import Situation


def as_quote(quotes: Quotes, document):
    return replace(document, reference=quotes.quote_reference(document.identity, document.po_number))


def to_quote(erp: ErpUnderTest):
    """A new quote: how to make it, and what must be so if that was carried out, or not."""
    connector = erp.veteran()
    quotes = connector.supporting(Quotes)
    document = as_quote(quotes, erp.order(connector))

    def look_up():
        return quotes.find_quotes([document.reference])

    def is_there_once() -> None:
        (found,) = look_up()
        (read,) = quotes.read_quotes([found.external_id, erp.absent_id])
        assert read == found
        # One whose create was answered by nobody may not have been offered yet.
        assert read.status in (QuoteStatus.OPEN, QuoteStatus.DRAFT)
        assert money(found) == expected_money(document)
        assert found.customer_number == document.customer_number

    def is_nowhere() -> None:
        assert look_up() == []

    def send() -> None:
        made = quotes.create_quote(document, valid_until=None)
        assert made.reference == document.reference

    return Sending(send, look_up, is_there_once, is_nowhere)


can_write(Capability.QUOTES, to_quote)


@cell((Capability.QUOTES, Situation.NORMAL), (Capability.QUOTES, Situation.REPEATED))
def an_order_is_made_of_a_quote_once_and_found_by_its_reference(erp: ErpUnderTest) -> None:
    connector = erp.veteran()
    quotes = connector.supporting(Quotes)
    document = as_quote(quotes, erp.order(connector))
    made = quotes.create_quote(document, valid_until=None)
    assert orders_of(connector).find_sales_orders([document.reference]) == []

    quotes.order_quote(made.external_id)
    with pytest.raises(RecordRejected):
        quotes.order_quote(made.external_id)

    (order,) = orders_of(connector).find_sales_orders([document.reference])
    assert money(order) == expected_money(document)
    assert orders_of(connector).identity_of(order.reference) is None
    left = quotes.read_quotes([made.external_id])
    assert [quote.status for quote in left] in ([], [QuoteStatus.ORDERED])


@cell((Capability.QUOTES, Situation.REFUSED))
def what_the_erp_refuses_is_told_in_its_words_and_makes_no_quote(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    quotes = connector.supporting(Quotes)
    refused, words = erp.refusing(as_quote(quotes, erp.order(connector)))

    with pytest.raises(RecordRejected, match=words):
        quotes.create_quote(refused, valid_until=None)

    assert quotes.find_quotes([refused.reference]) == []
