"""Sales orders read whole from the simulated company, over real HTTP."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind
from hub.connectors.sales_documents import OrderStage
from tests.connectors.business_central.far_side import address
from tests.connectors.business_central.simulated import order


@pytest.fixture
def erp(company):
    return company.connect()


def read(erp, external_id):
    [whole] = erp.read_sales_documents([external_id])
    return whole


def by_phone(company, **changes):
    """An order that a clerk enters: no identity of ours, the customer's PO number."""
    entered = {
        "customerNumber": "C1",
        "externalDocumentNumber": "PHONE 7",
        "requestedDeliveryDate": "2026-09-15",
        "salesOrderLines": [
            {"lineType": "Item", "lineObjectNumber": "I1", "quantity": 2, "shipmentDate": "2026-09-14"},
            {
                "lineType": "Item",
                "lineObjectNumber": "I1",
                "quantity": 5,
                "unitPrice": 9.5,
                "discountAmount": 2.5,
            },
        ],
    }
    return company.act("create_order", order=entered | changes)


def test_reads_what_was_sent_with_lines_codes_and_addresses(company, erp):
    full = order(payment_terms_code="N30", shipping_method_code="EXW", ship_to=address(), email="a@b.de")
    made = erp.create_sales_order(full)

    whole = read(erp, made.external_id)

    desk, freight, *words = whole.lines
    assert (desk.kind, desk.number, desk.quantity, desk.unit_price) == (
        LineKind.ITEM,
        "I1",
        Decimal(3),
        Decimal(10),
    )
    assert (desk.discount_amount, desk.amount_excluding_tax) == (Decimal("2.5"), Decimal("27.5"))
    assert (desk.tax_code, desk.tax_rate) == ("T19", Decimal("0.19"))
    assert (freight.kind, freight.number) == (LineKind.ACCOUNT, "8499")
    assert {line.kind for line in words} == {LineKind.COMMENT}
    taxes = sum(line.tax_amount for line in (desk, freight))
    assert (taxes, whole.totals.tax, whole.totals.including_tax) == (
        Decimal("7.13"),
        Decimal("7.13"),
        Decimal("44.63"),
    )
    assert (whole.reference, whole.po_number) == (full.reference, "PO-1")
    assert (whole.payment_terms_code, whole.shipping_method_code, whole.email) == ("N30", "EXW", "a@b.de")
    assert (whole.ship_to.company, whole.ship_to.city, whole.ship_to.country_code) == (
        "Adatum GmbH",
        "Köln",
        "DE",
    )
    assert whole.order_date == full.order_date
    assert whole.revision.startswith("W/")


def test_an_order_by_phone_is_read_with_its_PO_number_and_dates(company, erp):
    made = by_phone(company)

    whole = read(erp, made["id"])

    assert (whole.reference, whole.po_number, whole.requested_date) == (
        "PHONE 7",
        "PHONE 7",
        date(2026, 9, 15),
    )
    assert [line.promised_date for line in whole.lines] == [date(2026, 9, 14), None]
    assert [line.amount_excluding_tax for line in whole.lines] == [Decimal(20), Decimal(45)]
    assert erp.identity_of(whole.reference) is None


def test_a_discount_on_the_whole_order_is_spread_over_its_lines(company, erp):
    made = by_phone(company, discountAmount=6.5)

    whole = read(erp, made["id"])

    assert (
        sum(line.amount_excluding_tax for line in whole.lines)
        == whole.totals.excluding_tax
        == Decimal("58.5")
    )
    assert [line.discount_amount for line in whole.lines] == [Decimal(2), Decimal(7)]


def test_clerks_change_an_order_and_every_change_is_read(company, erp):
    number = (made := by_phone(company))["number"]
    before = read(erp, made["id"])
    changes = {
        "externalDocumentNumber": "PHONE 8",
        "requestedDeliveryDate": "2026-10-01",
        "shipToCity": "Bonn",
    }
    company.act("edit_order", number=number, changes=changes)
    company.act("edit_line", number=number, sequence=10_000, changes={"quantity": 4, "unitPrice": 8})
    company.act("add_line", number=number, line={"lineType": "Comment", "description": "By noon"})
    company.act("delete_line", number=number, sequence=20_000)

    whole = read(erp, made["id"])

    assert [(line.number, line.quantity, line.description) for line in whole.lines] == [
        ("I1", Decimal(4), "Desk"),
        ("", Decimal(0), "By noon"),
    ]
    assert (whole.po_number, whole.requested_date, whole.ship_to.city) == (
        "PHONE 8",
        date(2026, 10, 1),
        "Bonn",
    )
    assert whole.totals.excluding_tax == Decimal(32)
    assert whole.updated_at >= before.updated_at
    assert whole.revision != before.revision


@pytest.mark.parametrize(
    ("actions", "stage", "is_held"),
    [
        ([], OrderStage.OPEN, False),
        (["request_approval"], OrderStage.DRAFT, True),
        (["request_approval", "release_order"], OrderStage.RELEASED, False),
        (["release_order", "reopen_order"], OrderStage.OPEN, False),
    ],
)
def test_says_how_far_an_order_has_come(company, erp, actions, stage, is_held):
    made = by_phone(company)
    for action in actions:
        company.act(action, number=made["number"])

    whole = read(erp, made["id"])

    assert (whole.stage, whole.is_held) == (stage, is_held)


def test_an_order_that_was_posted_keeps_its_id_and_number(company, erp):
    made = by_phone(company)
    before = read(erp, made["id"])
    posted = company.act("post_order", number=made["number"])

    whole, invoice = read(erp, made["id"]), read(erp, posted["id"])

    assert (whole.external_id, whole.number, whole.stage) == (made["id"], made["number"], OrderStage.CLOSED)
    assert (invoice.external_id, invoice.number) == (posted["id"], posted["number"])
    assert whole.is_posted_invoice
    assert invoice.is_posted_invoice
    assert whole.totals == invoice.totals == before.totals
    assert [line.invoiced_quantity for line in whole.lines] == [Decimal(2), Decimal(5)]
    assert whole.lines == invoice.lines


def test_many_orders_take_one_request_and_those_that_are_gone_are_left_out(company, erp):
    made = [by_phone(company) for _ in range(3)]
    ids = [each["id"] for each in made]
    erp.read_sales_documents(ids)
    before = sum(company.requests().values())

    assert len(erp.read_sales_documents(ids)) == 3
    assert sum(company.requests().values()) - before == 1
    company.act("delete_order", number=made[1]["number"])
    assert [each.external_id for each in erp.read_sales_documents([*ids, "no id"])] == [ids[0], ids[2]]
