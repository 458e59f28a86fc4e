"""A refund and its credit of which one falls through after both were made: asked, and never made twice by that."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.connectors.credits import CreditStage
from hub.connectors.registry import CONNECTORS, connector_class
from hub.connectors.store_returns import PaymentState
from hub.sync.models import ReviewItem
from orders.credits.mirroring import mirror_credits
from orders.models import CreditLink, CreditPolicy
from orders.returns.mirroring import mirror_returns
from tests.fakes.crediting import CreditingErp
from tests.orders.credits.rows import mirror, one_back, push, use_crediting
from tests.orders.returning import FLOW as TO_STORE
from tests.orders.returning import Crediting, work
from tests.world import VAT, release

TO_ERP = "push_refund_to_erp"


@pytest.fixture
def erp(hub):
    CONNECTORS["crediting"] = ("erp", "Crediting", "tests.fakes.crediting.CreditingErp")
    use_crediting(hub, CreditingErp)
    yield CreditingErp
    del CONNECTORS["crediting"]
    connector_class.cache_clear()


@pytest.fixture
def placed(hub, erp):
    """An order that the ERP has invoiced; one of its pieces was refunded and credited, and the money failed later."""
    order = hub.place(lines=[{"sku": "TAB-001", "quantity": 2, "price": "10.00"}], taxes=VAT)
    hub.work()
    erp.invoiced.add("1")
    mirror(hub, order, one_back(hub, order))
    push(hub, order)
    assert CreditLink.objects.get().number == "PC1"
    fails(hub, order)
    return order


def fails(hub, order):
    """The money of the order's refund comes back from the payment provider."""
    row = hub.order(order)
    mirror_returns(
        hub.euro,
        {row.external_id: row.pk},
        [of_order(row, one_back(hub, order, state=PaymentState.FAILED))],
        [],
    )
    hub.work()


def of_order(row, refund):
    return replace(refund, order_external_id=row.external_id)


def question():
    item = ReviewItem.objects.get(state="open")
    return item.code, item.message


def test_money_that_fails_after_it_was_credited_is_asked_about_until_somebody_answers(hub, erp, placed):
    code, message = question()
    assert code == "refund_failed"
    assert "(11.90 EUR) failed" in message
    assert "its credit PC1 (11.90 EUR) stands" in message

    release("refund_failed", "dismiss")
    hub.work()
    answered = hub.messages(TO_ERP)[-1]
    push(hub, placed)

    assert (answered, hub.reviews(), len(erp.made)) == ("credited already", [], 1)


def test_a_draft_whose_money_failed_is_not_posted_whatever_is_answered(hub, erp):
    order = hub.place(lines=[{"sku": "TAB-001", "quantity": 2, "price": "10.00"}], taxes=VAT)
    hub.work()
    erp.invoiced.add("1")
    erp.refuses = "The posting date is not within your range."
    mirror(hub, order, one_back(hub, order))
    push(hub, order)
    erp.refuses = ""

    fails(hub, order)

    code, message = question()
    assert (code, erp.credits["C1"].stage) == ("refund_failed", CreditStage.APPROVED)
    assert "(11.90 EUR) failed" in message
    assert "its credit C1 (11.90 EUR) is a draft" in message

    release("refund_failed", "dismiss")
    push(hub, order)
    assert (hub.reviews(), erp.credits["C1"].stage, len(erp.made)) == ([], CreditStage.APPROVED, 1)


def test_nothing_is_left_to_ask_once_the_credit_is_cancelled_as_well(hub, erp, placed):
    assert hub.reviews() == [(TO_ERP, "refund_failed")]
    gone = replace(erp.credits["C1"], stage=CreditStage.CANCELLED, updated_at=datetime.now(UTC))
    erp.credits["C1"] = gone

    mirror_credits(hub.erp, [gone])
    hub.work()

    assert hub.reviews() == []


def test_the_refund_that_stands_in_for_the_failed_one_is_not_credited_again(hub, erp, placed):
    mirror(hub, placed, one_back(hub, placed, number=2))
    push(hub, placed)
    assert (hub.reviews(), len(erp.made)) == ([(TO_ERP, "credit_exists")], 1)

    release("credit_exists", "dismiss")
    hub.work()

    assert CreditLink.objects.get().refund.external_id.endswith("/2")
    assert (hub.reviews(), len(erp.made)) == ([], 1)


def test_a_credit_that_is_cancelled_after_its_refund_is_asked_about_and_its_successor_is_not_refunded_again(
    hub,
):
    crediting = Crediting(hub)
    crediting.credits(crediting.tables(2))
    crediting.credits(crediting.tables(2), stage=CreditStage.CANCELLED)
    work(hub, TO_ERP)

    code, message = question()
    assert code == "credit_cancelled"
    assert "CM-1 (23.80 EUR)" in message
    assert "the refund of 23.80 EUR stands in the store" in message

    crediting.credits(crediting.tables(1), key="CM-2")
    work(hub, TO_STORE)
    asked = ReviewItem.objects.get(code="refund_exists", state="open")
    assert "has refunded 23.80 EUR" in asked.message
    assert "CM-2 comes to 11.90 EUR" in asked.message
    assert crediting.calls() == 1

    release("refund_exists", "dismiss")
    work(hub, TO_STORE, TO_ERP)

    assert (CreditLink.objects.get().external_id, crediting.calls(), hub.reviews()) == ("CM-2", 1, [])


@pytest.mark.parametrize("stage", [CreditStage.CANCELLED, CreditStage.DECLINED])
def test_a_return_order_that_is_withdrawn_after_its_refund_is_asked_about(hub, erp, stage):
    CreditPolicy.objects.update(restocked_as=CreditPolicy.As.RETURN_ORDER)
    order = hub.place(lines=[{"sku": "TAB-001", "quantity": 2, "price": "10.00"}], taxes=VAT)
    hub.work()
    erp.invoiced.add("1")
    mirror(hub, order, one_back(hub, order))
    push(hub, order)
    made = (CreditLink.objects.get().is_return, hub.reviews())

    mirror_credits(hub.erp, [replace(erp.credits["R1"], stage=stage, updated_at=datetime.now(UTC))])
    hub.work()

    code, message = question()
    assert (made, code) == ((True, []), "credit_cancelled")
    assert "R1 (11.90 EUR)" in message
    assert "the refund of 11.90 EUR stands in the store" in message

    release("credit_cancelled", "dismiss")
    push(hub, order)

    assert (hub.reviews(), len(erp.made)) == ([], 1)
