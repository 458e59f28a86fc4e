"""Sales orders of Business Central found, read and followed: a scripted far side."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from hub.connectors.documents import OrderIdentity, PagePosition
from hub.connectors.erps.business_central.reference import reference_for
from hub.errors import Unreachable
from tests.connectors.business_central.far_side import (
    COMPANY,
    CREATED,
    ORDER_ID,
    REFERENCE,
    ROOT,
    listing,
    order_row,
    payload,
)

NO_ID = "00000000-0000-0000-0000-000000000000"
OTHER_ID = "9d115c9c-44e3-ea11-bb43-000d3a2feca9"


def test_A1_a_lost_order_is_found_by_what_was_sent_and_by_identity(far_side):
    far_side.answers("GET salesOrders", listing(order_row()))

    found = far_side.connector().find_sales_orders([REFERENCE])

    assert found == [CREATED]
    asked = (
        "externalDocumentNumber eq 'PO-4711/A1-24KD131Q3IE' or "
        "endswith(externalDocumentNumber,'A1-24KD131Q3IE')"
    )
    assert [s.query for s in far_side.to("GET salesOrders")] == [{"$filter": asked}]
    assert [s.query for s in far_side.to("GET salesInvoices")] == [{"$filter": asked}]


def test_orders_are_asked_before_invoices(far_side):
    far_side.connector().find_sales_orders([REFERENCE])

    assert [s.entity for s in far_side.sent[-2:]] == ["salesOrders", "salesInvoices"]


def test_an_order_whose_PO_number_a_clerk_changed_is_found(far_side):
    far_side.answers("GET salesOrders", listing(order_row(externalDocumentNumber="OTHER/A1-24KD131Q3IE")))

    found = far_side.connector().find_sales_orders([REFERENCE])

    assert [order.reference for order in found] == ["OTHER/A1-24KD131Q3IE"]


def test_an_order_that_was_invoiced_is_found_as_itself(far_side):
    invoice = payload("sales_invoice_posted")
    far_side.answers("GET salesInvoices", listing(invoice))

    (found,) = far_side.connector().find_sales_orders([REFERENCE])

    assert (found.external_id, found.number, found.status) == (invoice["orderId"], "S-ORD101001", "Open")
    assert (found.invoice_number, found.is_posted_invoice) == ("103029", False)
    assert found.totals == CREATED.totals


def test_the_invoices_of_one_order_come_to_its_totals(far_side):
    invoice = payload("sales_invoice_posted")
    later = {"id": OTHER_ID, "number": "103030", "lastModifiedDateTime": "2026-08-23T08:00:00Z"}
    far_side.answers("GET salesInvoices", listing(invoice, invoice | later))

    (found,) = far_side.connector().find_sales_orders([REFERENCE])

    assert found.invoice_number == "103030"
    assert found.totals.including_tax == 2 * CREATED.totals.including_tax


def test_an_invoice_that_was_cancelled_counts_nothing(far_side):
    invoice = payload("sales_invoice_posted")
    cancelled = {"id": OTHER_ID, "number": "103030", "status": "Canceled"}
    far_side.answers("GET salesInvoices", listing(invoice, invoice | cancelled))

    (found,) = far_side.connector().find_sales_orders([REFERENCE])

    assert (found.invoice_number, found.totals) == ("103029", CREATED.totals)


@pytest.mark.parametrize(("reference", "count"), [("PO-1/Q.EU.RTPJ", 0), (REFERENCE, 1)])
def test_what_was_made_of_a_quote_and_cancelled_after_its_invoice_is_its_order_no_more(
    far_side, reference, count
):
    cancelled = {"externalDocumentNumber": reference, "status": "Canceled"}
    far_side.answers("GET salesInvoices", listing(payload("sales_invoice_posted") | cancelled))

    assert len(far_side.connector().find_sales_orders([reference])) == count


def test_an_invoice_that_names_its_order_by_number_alone_is_no_second_document(far_side):
    invoice = payload("sales_invoice_posted") | {"orderId": NO_ID}
    far_side.answers("GET salesOrders", listing(order_row()))
    far_side.answers("GET salesInvoices", listing(invoice))

    assert far_side.connector().find_sales_orders([REFERENCE]) == [CREATED]


def test_an_invoice_that_names_no_order_stands_for_itself(far_side):
    invoice = payload("sales_invoice_posted") | {"orderId": NO_ID, "orderNumber": ""}
    far_side.answers("GET salesInvoices", listing(invoice))

    (found,) = far_side.connector().find_sales_orders([REFERENCE])

    assert (found.external_id, found.number, found.is_posted_invoice) == (invoice["id"], "103029", True)
    assert found.invoice_number == "103029"


@pytest.mark.parametrize("status", ["Draft", "In_x0020_Review"])
def test_a_draft_invoice_is_no_document_of_ours(far_side, status):
    far_side.answers("GET salesInvoices", listing(payload("sales_invoice_posted") | {"status": status}))

    assert far_side.connector().find_sales_orders([REFERENCE]) == []


def test_an_order_and_its_partial_invoices_are_one_document(far_side):
    invoice = payload("sales_invoice_posted")
    far_side.answers("GET salesOrders", listing(order_row()))
    far_side.answers("GET salesInvoices", listing(invoice, invoice | {"id": "2", "number": "103030"}))

    assert far_side.connector().find_sales_orders([REFERENCE]) == [CREATED]


def test_the_invoices_of_two_orders_are_two_documents(far_side):
    invoice = payload("sales_invoice_posted")
    twin = invoice | {"id": "3", "number": "103031", "orderId": OTHER_ID, "orderNumber": "S-ORD101002"}
    far_side.answers("GET salesInvoices", listing(invoice, twin))

    found = far_side.connector().find_sales_orders([REFERENCE])

    assert sorted(order.number for order in found) == ["S-ORD101001", "S-ORD101002"]


def test_A4_two_orders_of_one_identity_are_both_reported(far_side):
    twin = order_row(id="5d115c9c-44e3-ea11-bb43-000d3a2feca2", number="S-ORD101002")
    far_side.answers("GET salesOrders", listing(order_row(), twin))

    assert len(far_side.connector().find_sales_orders([REFERENCE])) == 2


def test_what_the_database_holds_for_equal_is_compared_again(far_side):
    lookalikes = [
        order_row(id="1", externalDocumentNumber="BA1-24KD131Q3IE"),
        order_row(id="2", externalDocumentNumber="PO-4711"),
        order_row(id="3", externalDocumentNumber=None),
    ]
    far_side.answers("GET salesOrders", listing(*lookalikes))

    assert far_side.connector().find_sales_orders([REFERENCE]) == []


def test_I7_a_quote_in_a_reference_stays_inside_it(far_side):
    far_side.connector().find_sales_orders(["X' or 1 eq 1"])

    assert far_side.to("GET salesOrders")[0].query == {"$filter": "externalDocumentNumber eq 'X'' or 1 eq 1'"}


def test_references_that_cannot_be_there_ask_nothing(far_side):
    assert far_side.connector().find_sales_orders(["", " ", "X" * 36]) == []
    assert far_side.sent == []


def test_forty_references_take_few_requests_with_short_addresses(far_side):
    references = [
        reference_for(OrderIdentity("ZZZZ", str(2**64 - 1 - number)), "漢" * 30) for number in range(40)
    ]

    far_side.connector().find_sales_orders(references)

    filters = [s.query["$filter"] for s in far_side.to("GET salesOrders")]
    assert len(filters) <= 4
    assert all(len(quote(text, safe="")) <= 4000 for text in filters)
    assert all(any(f"eq '{reference}'" in text for text in filters) for reference in references)


def test_a_whole_batch_of_orders_is_read_in_one_request_with_a_short_address(far_side):
    size = far_side.connector().read_batch
    ids = [f"5d115c9c-44e3-ea11-bb43-{number:012d}" for number in range(size)]
    far_side.answers("GET salesOrders", listing(*(order_row(id=i) for i in ids)))

    found = far_side.connector().read_sales_orders(ids)

    assert [order.external_id for order in found] == ids
    assert found[0].totals == CREATED.totals
    [chosen] = [s.query["$filter"] for s in far_side.to("GET salesOrders")]
    assert chosen.count("id eq ") == size
    assert len(quote(chosen, safe="")) <= 4000
    assert far_side.to("GET salesInvoices") == []


def test_ids_that_are_gone_are_left_out(far_side):
    assert far_side.connector().read_sales_orders([ORDER_ID, "no guid"]) == []
    assert far_side.to("GET salesOrders")[0].query == {"$filter": f"id eq {ORDER_ID}"}


def test_an_adopted_invoice_of_no_order_is_read_by_its_id(far_side):
    invoice = payload("sales_invoice_posted") | {"orderId": NO_ID, "orderNumber": ""}
    far_side.answers("GET salesInvoices", listing(invoice))

    found = far_side.connector().read_sales_orders([invoice["id"]])

    assert [(order.external_id, order.is_posted_invoice) for order in found] == [(invoice["id"], True)]


def test_B10_changes_are_read_from_the_stamp_on_in_order(far_side):
    link = f"{ROOT}/companies({COMPANY})/salesOrders?$skiptoken=7"
    far_side.answers("GET salesOrders", listing(order_row(), **{"@odata.nextLink": link}), listing())
    erp = far_side.connector()
    since = PagePosition(datetime(2026, 8, 21, 10, 0, 0, 999, UTC), ORDER_ID)

    first = erp.changed_sales_orders(since, None)
    last = erp.changed_sales_orders(since, first.after)

    assert far_side.to("GET salesOrders")[0].query == {
        "$filter": "lastModifiedDateTime ge 2026-08-21T10:00:00.000Z",
        "$orderby": "lastModifiedDateTime,id",
    }
    assert (first.items, first.after) == ((CREATED,), link)
    assert (last.items, last.after) == ((), None)


def test_changes_from_the_beginning_have_no_filter(far_side):
    far_side.connector().changed_sales_orders(None, None)

    assert far_side.to("GET salesOrders")[0].query == {"$orderby": "lastModifiedDateTime,id"}


def test_a_total_that_is_no_number_is_not_read_as_one(far_side):
    far_side.answers("GET salesOrders", listing(order_row(totalTaxAmount="7.13")))

    with pytest.raises(Unreachable, match="cannot be read"):
        far_side.connector().read_sales_orders([ORDER_ID])
