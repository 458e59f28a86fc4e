"""Estimates of the simulated account, over real HTTP: prices that come back, how they end, and their orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind
from hub.connectors.quotes import QuoteStatus
from hub.errors import ConnectionBroken, NotReadyYet, RecordRejected
from tests.connectors.netsuite.far_side import FarSide, refusal, rows
from tests.connectors.netsuite.simulated import order

LAST = date(2099, 12, 31)


@pytest.fixture
def erp(account):
    return account.connect()


def quoted(erp, **changes):
    """An estimate of an item and a charge: its document and the answer."""
    plain = order()
    document = replace(plain, reference=erp.quote_reference(plain.identity, plain.po_number), **changes)
    return document, erp.create_quote(document, valid_until=LAST)


def read(erp, made):
    [quote] = erp.read_quotes([made.external_id])
    return quote


def test_an_estimate_is_read_back_with_its_prices_and_its_last_day(account, erp):
    document, made = quoted(erp)

    quote = read(erp, made)

    [kept] = account.truth()["estimates"]
    assert (kept["otherRefNum"], kept["dueDate"], kept["expectedCloseDate"]) == (
        "PO-1",
        "2099-12-31",
        "2099-12-31",
    )
    assert (quote.number, quote.reference, quote.valid_until) == (kept["tranId"], document.reference, LAST)
    assert (quote.status, quote.customer_number, quote.totals.including_tax) == (
        "open",
        "C1",
        Decimal("44.63"),
    )
    assert [(line.kind, line.number, line.amount_excluding_tax) for line in quote.lines] == [
        (LineKind.ITEM, "I1", Decimal("27.50")),
        (LineKind.SHIPPING, "Standard", Decimal(10)),
    ]
    assert account.orders() == []


def test_an_estimate_names_no_warehouse_as_its_lines_are_published_without(account, erp):
    [item, *others] = order().lines

    quoted(erp, lines=(replace(item, warehouse="Nowhere"), *others))

    [kept] = account.truth()["estimates"]
    assert [line.get("location") for line in kept["lines"]] == [None]


def test_a_negotiated_price_comes_back(account, erp):
    _, made = quoted(erp)
    account.act(
        "edit_estimate", id=made.external_id, changes={"item": {"items": [{"line": 1, "amount": 24}]}}
    )

    quote = read(erp, made)

    assert (quote.lines[0].quantity, quote.lines[0].unit_price) == (Decimal(3), Decimal(8))
    assert quote.totals.including_tax == Decimal("40.46")


@pytest.mark.parametrize(
    ("action", "changes", "status"),
    [
        ("close_estimate", {}, QuoteStatus.LOST),
        ("void_estimate", {}, QuoteStatus.LOST),
        ("bill_estimate", {}, QuoteStatus.ORDERED),
        ("edit_estimate", {"changes": {"dueDate": "2020-01-31"}}, QuoteStatus.EXPIRED),
    ],
)
def test_how_an_estimate_ended_is_told_and_no_order_is_made_of_it(account, erp, action, changes, status):
    _, made = quoted(erp)
    account.act(action, id=made.external_id, **changes)

    assert read(erp, made).status is status
    with pytest.raises(RecordRejected, match="No order was made of the estimate"):
        erp.order_quote(made.external_id)
    assert account.orders() == []


def test_one_that_was_deleted_is_left_out(account, erp):
    _, made = quoted(erp)
    account.act("delete_estimate", id=made.external_id)

    assert erp.read_quotes([made.external_id]) == []


def test_its_order_is_found_by_the_estimates_reference_and_waits_for_no_approval(account, erp):
    document, made = quoted(erp)

    erp.order_quote(made.external_id)

    [found] = erp.find_sales_orders([document.reference])
    [whole] = erp.read_sales_documents([found.external_id])
    [there] = account.orders()
    assert (found.reference, found.status) == (document.reference, "Pending Fulfillment")
    assert (whole.reference, whole.po_number) == (document.reference, "PO-1")
    assert (there["externalId"], there["total"]) == (f"{document.reference}.O", "44.63")


def test_an_order_that_a_clerk_made_of_an_estimate_carries_its_reference_in_every_reading(account, erp):
    document, made = quoted(erp)
    account.act("order_estimate", id=made.external_id)

    [found] = erp.find_sales_orders([document.reference])
    [told] = erp.changed_sales_orders(None, None).items
    [whole] = erp.read_sales_documents([found.external_id])

    assert account.orders()[0].get("externalId") is None
    assert {found.reference, told.reference, whole.reference} == {document.reference}
    assert read(erp, made).status is QuoteStatus.ORDERED


def test_an_order_of_an_estimate_that_was_cancelled_is_its_order_no_more(account, erp):
    document, made = quoted(erp)
    ordered = account.act("order_estimate", id=made.external_id)["id"]
    account.act("hold_order", id=ordered)
    before = [order.external_id for order in erp.find_sales_orders([document.reference])]
    account.act("cancel_order", id=ordered)

    assert (before, erp.find_sales_orders([document.reference])) == ([ordered], [])
    assert [order.status for order in erp.read_sales_orders([ordered])] == ["Cancelled"]
    assert read(erp, made).status is QuoteStatus.ORDERED


def test_prices_that_include_tax_are_refused_before_anything_is_sent(account, erp):
    with pytest.raises(RecordRejected, match="prices without tax"):
        quoted(erp, prices_include_tax=True)

    assert account.truth()["estimates"] == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, {"id": "50001", "status": {"id": "A"}}), NotReadyYet),
        (
            refusal(403, "INSUFFICIENT_PERMISSION", "You need the 'Transactions -> Estimate' permission."),
            ConnectionBroken,
        ),
    ],
)
def test_an_estimate_that_queries_do_not_show_is_not_taken_for_lost(answer, error):
    far_side = FarSide()
    far_side.answers("POST suiteql transaction", rows())
    far_side.answers("GET estimate", answer)

    with pytest.raises(error):
        far_side.connector().read_quotes(["50001"])
