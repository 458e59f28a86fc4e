from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest

from hub.connectors.documents import ErpSalesOrder, ErpTotals, LineKind, OrderIdentity, PagePosition
from hub.connectors.erps.business_central.reference import reference_for
from hub.errors import OutcomeUnknown, RecordRejected, Unreachable
from tests.connectors.business_central.far_side import (
    COMPANY,
    IDENTITY,
    ROOT,
    FarSide,
    address,
    document,
    line,
    payload,
)

REFERENCE = "PO-4711/A1-24KD131Q3IE"
ORDER_ID = "5d115c9c-44e3-ea11-bb43-000d3a2feca1"
CREATED = ErpSalesOrder(
    external_id=ORDER_ID,
    number="S-ORD101001",
    reference=REFERENCE,
    status="Draft",
    customer_number="10000",
    updated_at=datetime(2026, 8, 21, 10, 11, 12, 123000, UTC),
    totals=ErpTotals("EUR", Decimal("37.50"), Decimal("7.13"), Decimal("44.63")),
)


@pytest.fixture
def far_side():
    far_side = FarSide()
    far_side.answers("POST salesOrders", (201, payload("sales_order_created")))
    return far_side


def order_row(**changes):
    row = payload("sales_order_created")
    del row["salesOrderLines"]
    return row | changes


def listing(*rows, **more):
    return (200, {"value": list(rows)} | more)


def body_sent(far_side):
    return far_side.to("POST salesOrders")[0].body


def test_one_request_creates_the_order_with_its_lines(far_side):
    created = far_side.connector().create_sales_order(document())

    assert created.order == CREATED
    assert created.payload["number"] == "S-ORD101001"
    assert far_side.to("POST salesOrders")[0].query == {"$expand": "salesOrderLines"}
    assert body_sent(far_side) == {
        "externalDocumentNumber": REFERENCE,
        "orderDate": "2026-08-21",
        "customerNumber": "10000",
        "currencyCode": "EUR",
        "pricesIncludeTax": False,
        "salesOrderLines": [
            {
                "lineType": "Item",
                "lineObjectNumber": "1896-S",
                "description": "ATHENS Desk",
                "quantity": 3,
                "unitPrice": Decimal("10.00"),
                "discountAmount": Decimal("2.50"),
                "taxCode": "NORMAL",
            },
            {
                "lineType": "Account",
                "lineObjectNumber": "8400",
                "description": "Freight",
                "quantity": 1,
                "unitPrice": Decimal("10.00"),
                "discountAmount": 0,
            },
        ],
    }


def test_the_second_order_is_one_request(far_side):
    erp = far_side.connector()
    erp.create_sales_order(document())
    before = len(far_side.sent)

    erp.create_sales_order(document())

    assert len(far_side.sent) - before == 1


def test_F9_numbers_go_out_in_their_exact_digits(far_side):
    exact = line(
        quantity=Decimal("0.1"), unit_price=Decimal("12345678901234.12345"), discount_amount=Decimal("1E+2")
    )

    far_side.connector().create_sales_order(document(lines=(exact,)))

    text = far_side.to("POST salesOrders")[0].text
    assert '"quantity": 0.1, "unitPrice": 12345678901234.12345, "discountAmount": 100' in text


def test_F11_a_NUL_and_a_lone_surrogate_do_not_break_the_request(far_side):
    strange = line(description="A\x00B \ud83d 😀")

    far_side.connector().create_sales_order(document(lines=(strange,)))

    assert body_sent(far_side)["salesOrderLines"][0]["description"] == "AB  😀"


def test_codes_become_ids_that_are_read_once(far_side):
    far_side.answers("GET paymentTerms", listing({"id": "t-1", "code": "NET30"}))
    far_side.answers("GET shipmentMethods", listing({"id": "m-1", "code": "EXW"}))
    erp = far_side.connector()
    order = document(payment_terms_code="net30", shipping_method_code="EXW", lines=(line(unit="PCS"),))

    erp.create_sales_order(order)
    erp.create_sales_order(order)

    assert len(far_side.to("GET paymentTerms")) == len(far_side.to("GET shipmentMethods")) == 1
    assert (body_sent(far_side)["paymentTermsId"], body_sent(far_side)["shipmentMethodId"]) == ("t-1", "m-1")
    assert body_sent(far_side)["salesOrderLines"][0]["unitOfMeasureCode"] == "PCS"


def test_a_code_made_later_is_found_by_reading_again(far_side):
    old, new = {"id": "t-1", "code": "NET30"}, {"id": "t-2", "code": "NET60"}
    far_side.answers("GET paymentTerms", listing(old), listing(old, new))
    erp = far_side.connector()
    erp.create_sales_order(document(payment_terms_code="NET30"))

    erp.create_sales_order(document(payment_terms_code="NET60"))

    assert far_side.to("POST salesOrders")[1].body["paymentTermsId"] == "t-2"


def test_a_missing_code_is_named_and_nothing_is_sent(far_side):
    with pytest.raises(RecordRejected, match="no payment terms code 'NET99'"):
        far_side.connector().create_sales_order(document(payment_terms_code="NET99"))

    assert far_side.to("POST salesOrders") == []


def test_the_delivery_address_is_sent_whole_so_that_the_customers_own_does_not_shine_through(far_side):
    erp = far_side.connector()

    erp.create_sales_order(document(ship_to=address(line2=""), email="a@b.de", phone="+49 221-123"))

    sent = body_sent(far_side)
    assert {name: sent[name] for name in sent if name.startswith("shipTo")} == {
        "shipToName": "Adatum GmbH",
        "shipToContact": "Rita Müller",
        "shipToAddressLine1": "Hauptstr. 1",
        "shipToAddressLine2": "",
        "shipToCity": "Köln",
        "shipToState": "NW",
        "shipToPostCode": "50667",
        "shipToCountry": "DE",
    }
    assert (sent["email"], sent["phoneNumber"]) == ("a@b.de", "+49 221 123")


def test_a_person_without_a_company_is_the_name(far_side):
    far_side.connector().create_sales_order(document(ship_to=address(company="")))

    assert (body_sent(far_side)["shipToName"], body_sent(far_side)["shipToContact"]) == ("Rita Müller", "")


def test_long_streets_flow_over_before_anything_is_cut(far_side):
    erp = far_side.connector()
    order = document(ship_to=address(line1="Building " * 12 + "A", line2="Tor 3"))

    erp.create_sales_order(order)

    sent = body_sent(far_side)
    assert sent["shipToAddressLine1"] == ("Building " * 11).strip()
    assert sent["shipToAddressLine2"] == "Building A, Tor 3"
    assert erp.unsupported(order) == []


def test_long_comments_become_several_lines(far_side):
    comment = line(kind=LineKind.COMMENT, number="", description="word " * 50)

    far_side.connector().create_sales_order(document(lines=(comment,)))

    sent = body_sent(far_side)["salesOrderLines"]
    assert [set(row) for row in sent] == [{"lineType", "description"}] * 3
    assert " ".join(row["description"] for row in sent) == ("word " * 50).strip()


def test_long_descriptions_use_the_second_field(far_side):
    erp = far_side.connector()
    order = document(lines=(line(description="x" * 120),))

    erp.create_sales_order(order)

    sent = body_sent(far_side)["salesOrderLines"][0]
    assert (sent["description"], sent["description2"]) == ("x" * 100, "x" * 20)
    assert erp.unsupported(order) == []


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (document(), []),
        (
            document(po_number="P" * 30),
            [f"PO number '{'P' * 30}' is too long for the reference; it carries '{'P' * 20}'."],
        ),
        (
            document(ship_to=address(city="C" * 31)),
            [f"shipToCity holds 30 characters: '{'C' * 31}' is cut to '{'C' * 30}'."],
        ),
        (document(ship_to=address(phone="0221 1")), ["Phone at the delivery address: 0221 1."]),
        (document(ship_to=address(phone="0221 1"), phone="0221-1"), []),
        (document(email="e" * 81), [f"E-mail '{'e' * 81}' is longer than 80 characters and is left out."]),
        (document(phone="1 ext. 5"), ["Phone number '1 ext. 5' cannot be held as it is and is left out."]),
        (document(lines=(line(description="x" * 149 + "yz"),)), ["Description of 1896-S goes on: z"]),
        (
            document(lines=(line(unit_price=Decimal("1.123456")),)),
            ["Unit price 1.123456 of 1896-S is rounded to 5 decimals."],
        ),
        (
            document(lines=(line(kind=LineKind.CHARGE, number="FREIGHT"),)),
            ["Item charge FREIGHT must be assigned to item lines before the order is invoiced."],
        ),
    ],
)
def test_what_does_not_fit_is_said_in_plain_words(far_side, order, words):
    assert far_side.connector().unsupported(order) == words


@pytest.mark.parametrize(
    "changes",
    [
        {"totalAmountExcludingTax": 0, "totalTaxAmount": 0, "totalAmountIncludingTax": 0},
        {"totalTaxAmount": 7},
        {"salesOrderLines": payload("sales_order_created")["salesOrderLines"][:1]},
        {"salesOrderLines": [{}, {}]},
        {"totalTaxAmount": "7.13"},
        {"currencyCode": None, "totalTaxAmount": None},
    ],
)
def test_totals_that_may_not_be_final_are_left_to_be_read_back(far_side, changes):
    far_side.answers("POST salesOrders", (201, payload("sales_order_created") | changes))

    created = far_side.connector().create_sales_order(document())

    assert created.order == replace(CREATED, totals=None)


def test_an_answer_without_lines_is_not_final(far_side):
    far_side.answers("POST salesOrders", (201, order_row()))

    assert far_side.connector().create_sales_order(document()).order.totals is None


def test_an_order_over_nothing_may_have_zero_totals(far_side):
    zero = {"netAmount": 0, "netTaxAmount": 0, "netAmountIncludingTax": 0}
    header = {"totalAmountExcludingTax": 0, "totalTaxAmount": 0, "totalAmountIncludingTax": 0}
    far_side.answers("POST salesOrders", (201, order_row(salesOrderLines=[zero], **header)))
    gift = document(lines=(line(discount_amount=Decimal(30)),), total_including_tax=Decimal(0))

    created = far_side.connector().create_sales_order(gift)

    assert created.order.totals == ErpTotals("EUR", Decimal(0), Decimal(0), Decimal(0))


def test_the_blank_currency_is_the_companys_own(far_side):
    far_side.answers("POST salesOrders", (201, payload("sales_order_created") | {"currencyCode": ""}))

    assert far_side.connector().create_sales_order(document()).order == CREATED


@pytest.mark.parametrize(
    "changes", [{"id": None}, {"number": ""}, {"lastModifiedDateTime": "2026-08-21T10:11:12"}]
)
def test_an_unreadable_answer_to_the_create_is_an_unknown_outcome(far_side, changes):
    far_side.answers("POST salesOrders", (201, payload("sales_order_created") | changes))

    with pytest.raises(OutcomeUnknown):
        far_side.connector().create_sales_order(document())


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


def test_a_posted_invoice_is_found(far_side):
    far_side.answers("GET salesInvoices", listing(payload("sales_invoice_posted")))

    found = far_side.connector().find_sales_orders([REFERENCE])

    assert [(order.number, order.status, order.is_posted_invoice) for order in found] == [
        ("103029", "Open", True)
    ]
    assert found[0].totals == CREATED.totals


@pytest.mark.parametrize("status", ["Draft", "In_x0020_Review"])
def test_a_draft_invoice_is_no_document_of_ours(far_side, status):
    far_side.answers("GET salesInvoices", listing(payload("sales_invoice_posted") | {"status": status}))

    assert far_side.connector().find_sales_orders([REFERENCE]) == []


def test_an_order_and_its_partial_invoices_are_one_document(far_side):
    invoice = payload("sales_invoice_posted")
    far_side.answers("GET salesOrders", listing(order_row()))
    far_side.answers("GET salesInvoices", listing(invoice, invoice | {"id": "2", "number": "103030"}))

    assert far_side.connector().find_sales_orders([REFERENCE]) == [CREATED]


def test_the_invoices_of_one_order_are_one_document_those_of_two_orders_are_two(far_side):
    invoice = payload("sales_invoice_posted")
    later = invoice | {"id": "2", "number": "103030", "lastModifiedDateTime": "2026-08-23T08:00:00Z"}
    twin = invoice | {"id": "3", "number": "103031", "orderNumber": "S-ORD101002"}
    far_side.answers("GET salesInvoices", listing(later, invoice, twin))

    found = far_side.connector().find_sales_orders([REFERENCE])

    assert sorted(order.number for order in found) == ["103030", "103031"]


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


def test_forty_orders_are_read_in_one_request(far_side):
    ids = [f"5d115c9c-44e3-ea11-bb43-{number:012d}" for number in range(40)]
    far_side.answers("GET salesOrders", listing(*(order_row(id=i) for i in ids)))

    found = far_side.connector().read_sales_orders(ids)

    assert [order.external_id for order in found] == ids
    assert found[0].totals == CREATED.totals
    assert [s.query["$filter"].count("id eq ") for s in far_side.to("GET salesOrders")] == [40]
    assert far_side.to("GET salesInvoices") == []


def test_ids_that_are_gone_are_left_out(far_side):
    assert far_side.connector().read_sales_orders([ORDER_ID, "no guid"]) == []
    assert far_side.to("GET salesOrders")[0].query == {"$filter": f"id eq {ORDER_ID}"}


def test_an_adopted_invoice_is_read_by_its_id(far_side):
    invoice = payload("sales_invoice_posted")
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
    assert (first.items, first.payloads[0]["number"], first.after) == ((CREATED,), "S-ORD101001", link)
    assert (last.items, last.after) == ((), None)


def test_changes_from_the_beginning_have_no_filter(far_side):
    far_side.connector().changed_sales_orders(None, None)

    assert far_side.to("GET salesOrders")[0].query == {"$orderby": "lastModifiedDateTime,id"}


def test_a_total_that_is_no_number_is_not_read_as_one(far_side):
    far_side.answers("GET salesOrders", listing(order_row(totalTaxAmount="7.13")))

    with pytest.raises(Unreachable, match="cannot be read"):
        far_side.connector().read_sales_orders([ORDER_ID])


def test_the_recipe_is_the_connectors(far_side):
    erp = far_side.connector()

    assert erp.reference_for(IDENTITY, "PO-4711") == REFERENCE
    assert erp.identity_of(REFERENCE) == IDENTITY


def test_times_can_be_set_and_default_to_the_safe_ones(far_side):
    erp = far_side.connector()
    quick = far_side.connector(settle_after_seconds="2", call_deadline_seconds="1.5")

    assert (erp.settle_after, erp.call_deadline) == (timedelta(minutes=20), timedelta(seconds=60))
    assert (quick.settle_after, quick.call_deadline) == (timedelta(seconds=2), timedelta(seconds=1.5))
    assert not erp.has_native_idempotency
