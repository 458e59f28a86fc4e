"""Credits and return orders in the real Tryton: made, posted, received, and told when clerks make them."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.connectors.credits import CreditStage, NewCredit, credit_reference, return_reference
from hub.connectors.documents import OrderIdentity, PagePosition
from hub.demo.tryton.clerk import Clerk
from tests.connectors.tryton.far_side import line

_numbers = itertools.count(os.getpid() * 100_000)
TODAY = datetime.now(UTC).date()


@pytest.fixture
def clerk(tryton_office):
    return Clerk(tryton_office)


@pytest.fixture(scope="module")
def invoiced(tryton_office):
    """Three and one of two products, with an invoice that is posted; tests only give back of it."""
    clerk = Clerk(tryton_office)
    sale = clerk.enter_sale("10000", [("IT-0001", 3, "10.1250"), ("IT-0002", 1, "4.5")])
    clerk.press("quote", sale)
    clerk.press("confirm", sale)
    clerk.post_invoice(sale)
    return sale


def document(order, reference=credit_reference, **changes):
    """Two come back at 10.125, a fee of 3.00 is kept: 17.25 and 3.28 of tax."""
    back = line(quantity=Decimal(2), unit_price=Decimal("10.125"), tax_amount=Decimal("3.85"))
    fee = line(
        number="SHIPPING", quantity=Decimal(1), unit_price=Decimal("-3.00"), tax_amount=Decimal("-0.57")
    )
    made = NewCredit(
        reference=reference(OrderIdentity("EU", str(next(_numbers)))),
        customer_number="10000",
        currency="EUR",
        credit_date=TODAY,
        prices_include_tax=False,
        lines=(back, fee),
        total_excluding_tax=Decimal("17.25"),
        total_tax=Decimal("3.28"),
        total_including_tax=Decimal("20.53"),
        order_external_id=str(order),
        note="Refund 1 of #1001",
    )
    return replace(made, **changes)


def told(part, since):
    return {one.external_id: one for one in part(PagePosition(since, ""), None).items}


def test_a_refund_is_credited_once_to_the_cent_and_its_goods_are_awaited(company, invoiced, clerk):
    wanted = document(invoiced)
    made = company.erp.create_credit(wanted)

    again = company.connector().create_credit(wanted)
    [posted] = company.erp.post_credits([made.external_id])
    [credit] = company.erp.find_credits([wanted.reference])

    assert again.external_id == made.external_id
    assert (made.stage, made.totals.tax, made.totals.including_tax) == (
        CreditStage.APPROVED,
        Decimal("3.28"),
        Decimal("20.53"),
    )
    assert (posted.failure, credit.stage, credit.totals.including_tax) == (
        None,
        CreditStage.CREDITED,
        Decimal("20.53"),
    )
    assert credit.order_external_id == str(invoiced)
    assert [(one.number, one.quantity, one.amount_excluding_tax, one.restocks) for one in credit.lines] == [
        ("IT-0001", Decimal(2), Decimal("20.25"), True),
        ("SHIPPING", Decimal(1), Decimal("-3.00"), False),
    ]
    sale = company.sale(made.external_id, "shipment_returns.state", "invoices.state")
    assert [one["state"] for one in sale["shipment_returns."]] == ["draft"]
    assert [one["state"] for one in sale["invoices."]] == ["posted"]


def test_a_credit_that_a_clerk_makes_of_an_invoice_is_told_and_no_goods_with_it(company, invoiced, clerk):
    before = datetime.now(UTC).replace(microsecond=0)
    note = clerk.credit_invoice(invoiced, 1)

    credit = told(company.erp.changed_credits, before)[f"invoice:{note}"]

    assert (credit.stage, credit.reference, credit.order_external_id) == (
        CreditStage.CREDITED,
        "",
        str(invoiced),
    )
    assert (credit.totals.including_tax, credit.totals.tax) == (Decimal("12.04"), Decimal("1.92"))
    assert [(one.number, one.quantity, one.restocks) for one in credit.lines] == [
        ("IT-0001", Decimal(1), False)
    ]


def test_a_return_order_waits_for_a_clerk_and_its_credit_names_it(company, invoiced, clerk):
    before = datetime.now(UTC).replace(microsecond=0)
    wanted = document(invoiced, return_reference, is_approved=False)
    made = company.erp.create_return(wanted)
    sale = int(made.external_id)
    clerk.press("quote", sale)
    clerk.press("confirm", sale)
    [approved] = company.erp.find_returns([wanted.reference])
    clerk.receive(sale)
    received = told(company.erp.changed_returns, before)[made.external_id]
    clerk.post_invoice(sale)
    orders = {
        one.external_id for one in company.erp.changed_sales_orders(PagePosition(before, ""), None).items
    }
    [credit] = [
        one
        for one in told(company.erp.changed_credits, before).values()
        if one.return_external_id == made.external_id
    ]

    assert (made.is_return, made.stage) == (True, CreditStage.REQUESTED)
    assert approved.stage is CreditStage.APPROVED
    assert (received.stage, received.lines[0].received_quantity) == (CreditStage.RECEIVED, Decimal(2))
    assert (credit.is_return, credit.stage, credit.order_external_id) == (
        False,
        CreditStage.CREDITED,
        str(invoiced),
    )
    assert credit.lines[0].restocks
    assert str(sale) not in orders


def test_a_return_order_begins_as_a_draft_and_awaits_its_goods_once_it_is_approved(company, invoiced, clerk):
    wanted = document(invoiced, return_reference)
    made = company.erp.create_return(wanted)
    again = company.connector().create_return(wanted)

    outcomes = [company.erp.approve_returns([made.external_id]) for _ in range(2)]
    [found] = company.erp.find_returns([wanted.reference])

    assert (made.stage, again.external_id, found.stage) == (
        CreditStage.REQUESTED,
        made.external_id,
        CreditStage.APPROVED,
    )
    assert [one.failure for each in outcomes for one in each] == [None, None]
    sale = company.sale(made.external_id, "shipment_returns.state")
    assert [one["state"] for one in sale["shipment_returns."]] == ["draft"]


def test_a_return_order_that_a_clerk_cancelled_is_not_approved_but_asked_about(company, invoiced, clerk):
    made = company.erp.create_return(document(invoiced, return_reference))
    clerk.press("cancel", int(made.external_id))

    [outcome] = company.erp.approve_returns([made.external_id])

    assert outcome.failure.code == "cancelled_in_erp"
    assert company.erp.approve_returns(["999999"]) == []


@pytest.fixture
def grouped(tryton_office):
    """Tryton puts what is invoiced to the customer onto one draft; there is none before and after."""
    party = tryton_office.find_id("party.party", ["code", "=", "10000"])
    drafts = [["state", "=", "draft"], ["type", "=", "out"], ["party", "=", party]]

    def group(method):
        left = [row["id"] for row in tryton_office.find("account.invoice", drafts)]
        tryton_office.call("model.account.invoice.cancel", left)
        tryton_office.call("model.party.party.write", [party], {"sale_invoice_grouping_method": method})

    group("standard")
    yield
    group(None)


def test_a_credit_note_that_holds_another_sale_is_asked_about_and_never_posted(
    company, invoiced, clerk, grouped
):
    first, second = (company.erp.create_credit(document(invoiced)) for _ in range(2))
    [alone] = company.erp.confirm_sales_orders([first.external_id])
    other = company.sale(first.external_id, "number")["number"]

    [refused] = company.erp.post_credits([second.external_id])
    sale = company.sale(second.external_id, "invoices.state", "invoices.total_amount")
    [note] = sale["invoices."]
    states = [note["state"]]
    company.office.call("model.account.invoice.post", [note["id"]])
    [posted] = company.erp.post_credits([second.external_id])
    [credit] = company.erp.read_credits([second.external_id])

    assert alone.failure is None
    assert (refused.failure.code, states) == ("totals_differ", ["draft"])
    assert "gives back 20.53 EUR" in str(refused.failure)
    assert "comes to 41.06 EUR, with 2 lines of other sales" in str(refused.failure)
    assert refused.failure.evidence["other_sales"] == [other]
    assert (posted.failure, credit.stage) == (None, CreditStage.CREDITED)
    assert (credit.totals.including_tax, credit.totals.tax) == (Decimal("20.53"), Decimal("3.28"))


def test_a_refund_that_tryton_puts_on_an_order_s_invoice_is_asked_about(company, invoiced, clerk, grouped):
    sold = clerk.enter_sale("10000", [("IT-0001", 5, "10.1250")], payment_term=None)
    clerk.press("quote", sold)
    clerk.press("confirm", sold)
    made = company.erp.create_credit(document(invoiced))

    [refused] = company.erp.post_credits([made.external_id])

    [note] = company.sale(sold, "invoices.state")["invoices."]
    assert (refused.failure.code, note["state"]) == ("totals_differ", "draft")
    assert refused.failure.evidence["other_sales"] == [company.sale(sold, "number")["number"]]


def test_what_a_person_added_to_the_credit_note_is_asked_about_with_both_amounts(company, invoiced, clerk):
    made = company.erp.create_credit(document(invoiced))
    company.erp.confirm_sales_orders([made.external_id])
    [note] = company.sale(made.external_id, "invoices.state")["invoices."]
    account = company.office.find("account.invoice.line", [["invoice", "=", note["id"]]], "account")[0]
    more = {"type": "line", "account": account["account"], "quantity": -1.0, "unit_price": Decimal("5.00")}
    company.office.call("model.account.invoice.write", [note["id"]], {"lines": [["create", [more]]]})

    [refused] = company.erp.post_credits([made.external_id])

    evidence = refused.failure.evidence
    assert (evidence["return_sale"], evidence["credit_note"]) == ("20.53", "25.53")
    assert evidence["other_sales"] == []
