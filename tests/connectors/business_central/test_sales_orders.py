"""Sales orders of Business Central created: a scripted far side."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from hub.connectors.documents import ErpTotals, LineKind
from hub.connectors.filled_fields import FilledField
from hub.errors import ConnectionBroken, OutcomeUnknown, RecordRejected
from tests.connectors.business_central.far_side import (
    CREATED_ANSWER,
    IDENTITY,
    REFERENCE,
    address,
    document,
    line,
    listing,
    order_row,
    payload,
)


@pytest.fixture
def far_side(far_side):
    far_side.answers("POST salesOrders", (201, payload("sales_order_created")))
    return far_side


def body_sent(far_side):
    return far_side.to("POST salesOrders")[0].body


def test_one_request_creates_the_order_with_its_lines(far_side):
    created = far_side.connector().create_sales_order(document())

    assert created == CREATED_ANSWER
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


def test_what_every_order_needs_is_read_before_the_first_one_and_once(far_side):
    far_side.answers("GET paymentTerms", listing({"id": "t-1", "code": "NET30"}))
    far_side.answers("GET shipmentMethods", listing({"id": "m-1", "code": "EXW"}))
    erp = far_side.connector()

    erp.get_ready()
    erp.get_ready()
    read = [len(far_side.to(f"GET {name}")) for name in ("paymentTerms", "shipmentMethods")]
    erp.create_sales_order(document(payment_terms_code="net30", shipping_method_code="EXW"))

    assert read == [1, 1]
    assert [len(far_side.to(f"GET {name}")) for name in ("paymentTerms", "shipmentMethods")] == read


def test_a_code_list_that_may_not_be_read_stops_only_the_order_that_needs_it(far_side):
    far_side.answers("GET paymentTerms", (403, {"error": {"code": "Authorization_RequestDenied"}}))
    far_side.answers("GET shipmentMethods", listing({"id": "m-1", "code": "EXW"}))
    erp = far_side.connector()

    erp.get_ready()
    erp.create_sales_order(document(shipping_method_code="EXW"))
    far_side.answers("GET paymentTerms", (403, {"error": {"code": "Authorization_RequestDenied"}}))

    assert body_sent(far_side)["shipmentMethodId"] == "m-1"
    with pytest.raises(ConnectionBroken):
        erp.create_sales_order(document(payment_terms_code="NET30"))


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
    with pytest.raises(RecordRejected, match="no payment terms 'NET99'"):
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

    assert created == replace(CREATED_ANSWER, totals=None)


def test_an_answer_without_lines_is_not_final(far_side):
    far_side.answers("POST salesOrders", (201, order_row()))

    assert far_side.connector().create_sales_order(document()).totals is None


def test_an_order_over_nothing_may_have_zero_totals(far_side):
    zero = {"netAmount": 0, "netTaxAmount": 0, "netAmountIncludingTax": 0}
    header = {"totalAmountExcludingTax": 0, "totalTaxAmount": 0, "totalAmountIncludingTax": 0}
    far_side.answers("POST salesOrders", (201, order_row(salesOrderLines=[zero], **header)))
    gift = document(lines=(line(discount_amount=Decimal(30)),), total_including_tax=Decimal(0))

    created = far_side.connector().create_sales_order(gift)

    assert created.totals == ErpTotals("EUR", Decimal(0), Decimal(0), Decimal(0))


def test_the_blank_currency_is_the_companys_own(far_side):
    far_side.answers("POST salesOrders", (201, payload("sales_order_created") | {"currencyCode": ""}))

    assert far_side.connector().create_sales_order(document()) == CREATED_ANSWER


@pytest.mark.parametrize(
    "changes", [{"id": None}, {"number": ""}, {"lastModifiedDateTime": "2026-08-21T10:11:12"}]
)
def test_an_unreadable_answer_to_the_create_is_an_unknown_outcome(far_side, changes):
    far_side.answers("POST salesOrders", (201, payload("sales_order_created") | changes))

    with pytest.raises(OutcomeUnknown):
        far_side.connector().create_sales_order(document())


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


def test_filled_fields_go_out_by_their_names_and_types(far_side):
    fields = (
        FilledField("requestedDeliveryDate", date(2026, 12, 24)),
        FilledField("salesperson", "EH"),
        FilledField("partialShipping", False),
    )

    far_side.connector().create_sales_order(document(fields=fields))

    sent = body_sent(far_side)
    assert [sent[field.name] for field in fields] == ["2026-12-24", "EH", False]
