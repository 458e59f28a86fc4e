"""Return authorizations in the simulated account, over real HTTP: from the request to the credit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.connectors.credits import CreditStage, return_reference
from hub.connectors.documents import LineKind, OrderIdentity, PagePosition, SalesOrderLine
from hub.errors import RecordRejected
from tests.connectors.netsuite.simulated import order
from tests.connectors.netsuite.test_sandbox_credits import TAKEN_BACK, credit

REFERENCE = return_reference(OrderIdentity("EU", "7"))


@pytest.fixture
def erp(account):
    return account.connect()


@pytest.fixture
def invoiced(account, erp):
    made = erp.create_sales_order(order())
    account.act("invoice_order", id=made.external_id)
    return made


def awaited(invoiced, **changes):
    """One desk is to come back."""
    return credit(invoiced, reference=REFERENCE, **changes)


def lines(account, pieces):
    [desk] = [row["id"] for row in account.truth()["items"] if row["itemId"] == "I1"]
    return [{"item": {"id": desk}, "quantity": pieces, "price": {"id": "-1"}, "rate": 10}]


def test_a_request_waits_for_approval_and_is_made_once(account, erp, invoiced):
    made = erp.create_return(awaited(invoiced, is_approved=False))
    again = erp.create_return(awaited(invoiced, is_approved=False))

    account.act("approve_return", id=made.external_id)

    [found] = erp.find_returns([REFERENCE])
    assert (made.stage, made.is_return, made.order_external_id) == (
        CreditStage.REQUESTED,
        True,
        invoiced.external_id,
    )
    assert (again.external_id, found.stage) == (made.external_id, CreditStage.APPROVED)
    assert len(account.truth()["returnAuthorizations"]) == 1


def test_what_was_received_and_credited_is_told_and_names_the_return(account, erp, invoiced):
    since = PagePosition(datetime.now(UTC) - timedelta(minutes=1), "")
    made = erp.create_return(awaited(invoiced))
    account.act("receive_return", id=made.external_id, quantities={"1": 1})
    [received] = erp.changed_returns(since, None).items
    account.act("credit_return", id=made.external_id, lines=lines(account, 1))

    [memo] = erp.changed_credits(since, None).items
    [credited] = erp.changed_returns(since, None).items

    assert (made.stage, received.stage) == (CreditStage.APPROVED, CreditStage.RECEIVED)
    assert received.lines[0].received_quantity == 1
    assert (memo.is_return, memo.return_external_id, memo.totals.including_tax) == (
        False,
        made.external_id,
        Decimal("11.90"),
    )
    assert credited.stage is CreditStage.CREDITED


def test_a_declined_one_is_told_and_takes_no_goods(account, erp, invoiced):
    made = erp.create_return(awaited(invoiced, is_approved=False))

    account.act("cancel_return", id=made.external_id)

    assert [one.stage for one in erp.find_returns([REFERENCE])] == [CreditStage.CANCELLED]
    with pytest.raises(AssertionError, match="Nothing can be received"):
        account.act("receive_return", id=made.external_id)


def test_a_shipping_charge_has_no_place_there(account, erp, invoiced):
    freight = SalesOrderLine(LineKind.SHIPPING, "Standard", "Freight", unit_price=Decimal(5))

    with pytest.raises(RecordRejected, match="no shipping charge"):
        erp.create_return(awaited(invoiced, lines=(TAKEN_BACK, freight)))

    assert account.truth()["returnAuthorizations"] == []


def test_the_account_refuses_states_that_only_people_bring_about(account, erp):
    [customer] = [row["id"] for row in account.truth()["customers"] if row["entityId"] == "C1"]
    body = {"entity": {"id": customer}, "orderStatus": {"id": "F"}, "item": {"items": lines(account, 1)}}

    with pytest.raises(RecordRejected, match="orderstatus"):
        erp.client.upsert("returnAuthorization", REFERENCE, body, sublists="item", operation="jump ahead")


def test_a_clerks_own_return_authorization_is_told_with_its_order_and_its_goods(account, erp, invoiced):
    since = PagePosition(datetime.now(UTC) - timedelta(minutes=1), "")
    made = account.act("authorize_return", id=invoiced.external_id, lines=lines(account, 2))

    [told] = erp.changed_returns(since, None).items
    account.act("edit_return", id=made["id"], lines=lines(account, 1))
    [changed] = erp.changed_returns(since, None).items

    assert (told.external_id, told.number, told.reference) == (made["id"], made["tranId"], "")
    assert (told.stage, told.order_external_id) == (CreditStage.APPROVED, invoiced.external_id)
    goods = [[(one.number, one.quantity) for one in told.lines] for told in (told, changed)]
    assert goods == [[("I1", Decimal(2))], [("I1", Decimal(1))]]


def test_people_authorize_no_return_of_what_was_not_shipped(account, erp):
    made = erp.create_sales_order(order())

    with pytest.raises(AssertionError, match="nothing of .* was shipped"):
        account.act("authorize_return", id=made.external_id, lines=lines(account, 1))
