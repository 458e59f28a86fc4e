"""Credit memos in the simulated account, over real HTTP: applied to the order's open invoices with their create."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from hub.connectors.credits import CreditStage, NewCredit, credit_reference
from hub.connectors.documents import LineKind, OrderIdentity, SalesOrderLine
from hub.errors import RecordRejected
from tests.connectors.netsuite.simulated import order

TAKEN_BACK = SalesOrderLine(
    LineKind.ITEM, "I1", "Desk", Decimal(1), "", Decimal("10.00"), Decimal(0), "VAT19", Decimal("1.90")
)


@pytest.fixture
def erp(account):
    return account.connect()


@pytest.fixture
def invoiced(account, erp):
    made = erp.create_sales_order(order())
    account.act("invoice_order", id=made.external_id)
    return made


def credit(invoiced, number="1", **changes):
    """One desk of three, with its tax: 11.90 EUR."""
    values = {
        "reference": credit_reference(OrderIdentity("EU", number)),
        "customer_number": "C1",
        "currency": "EUR",
        "credit_date": date(2026, 8, 21),
        "prices_include_tax": False,
        "lines": (TAKEN_BACK,),
        "total_excluding_tax": Decimal("10.00"),
        "total_tax": Decimal("1.90"),
        "total_including_tax": Decimal("11.90"),
        "order_external_id": invoiced.external_id,
    }
    return NewCredit(**values | changes)


def open_amounts(account):
    return [Decimal(each["amountRemaining"]) for each in account.truth()["invoices"]]


def test_a_memo_is_applied_to_the_orders_open_invoice(account, erp, invoiced):
    [before] = open_amounts(account)

    made = erp.create_credit(credit(invoiced))

    [memo] = account.truth()["creditMemos"]
    assert open_amounts(account) == [before - Decimal("11.90")]
    assert (memo["applied"], memo["unapplied"]) == ("11.90", "0.00")
    assert (made.status, made.stage) == ("Fully Applied", CreditStage.CREDITED)


def test_a_memo_of_a_paid_order_stays_open_for_the_customer(account, erp, invoiced):
    account.act("pay_invoice", id=invoiced.external_id)

    made = erp.create_credit(credit(invoiced))

    [memo] = account.truth()["creditMemos"]
    assert (memo["applied"], memo["unapplied"]) == ("0", "11.90")
    assert made.status == "Open"


def test_no_more_is_applied_than_is_open(account, erp, invoiced):
    erp.create_credit(credit(invoiced, "1"))
    [left] = open_amounts(account)
    many = {"quantity": Decimal(3), "tax_amount": Decimal("5.70")}
    line = SalesOrderLine(
        LineKind.ITEM, "I1", "Desk", unit="", unit_price=Decimal("10"), tax_code="VAT19", **many
    )
    sums = {"total_excluding_tax": "30.00", "total_tax": "5.70", "total_including_tax": "35.70"}

    erp.create_credit(
        credit(invoiced, "2", lines=(line,), **{name: Decimal(text) for name, text in sums.items()})
    )

    assert open_amounts(account) == [0]
    [_, memo] = account.truth()["creditMemos"]
    assert Decimal(memo["unapplied"]) == Decimal("35.70") - left


def test_the_account_refuses_more_than_the_invoice_leaves(account, invoiced):
    [invoice] = account.truth()["invoices"]
    [customer] = [row["id"] for row in account.truth()["customers"] if row["entityId"] == "C1"]
    [desk] = [row["id"] for row in account.truth()["items"] if row["itemId"] == "I1"]
    body = {
        "entity": {"id": customer},
        "item": {"items": [{"item": {"id": desk}, "quantity": 9, "price": {"id": "-1"}, "rate": 10}]},
        "apply": {"items": [{"doc": {"id": invoice["id"]}, "apply": True, "amount": 90}]},
    }

    with pytest.raises(RecordRejected, match="amount"):
        account.connect().client.upsert("creditMemo", "X", body, sublists="item", operation="credit too much")

    assert account.truth()["creditMemos"] == []
