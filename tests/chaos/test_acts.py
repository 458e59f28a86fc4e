"""The verdict on what people and partners do in a run: what is lost, doubled or silently wrong on either side."""

from __future__ import annotations

from decimal import Decimal

import pytest

from benchmarks.chaos.acts import cancels, holds, partners, returns
from benchmarks.chaos.acts.acting import STORE, Truth
from benchmarks.chaos.verdict import documents
from hub.demo.erps.far_erp import FarDocument, FarReturn, identity_in, identity_of_return

ORDER = "gid://shopify/Order/71"
TOTAL = Decimal("23.80")


def order(**changes):
    money = {"shopMoney": {"amount": str(TOTAL), "currencyCode": "EUR"}}
    facts = {"id": ORDER, "poNumber": "PO-1", "totalPriceSet": money, "cancelledAt": None, "transactions": []}
    return {**facts, "lines": [{"quantity": 3}], "displayFinancialStatus": "PAID", **changes}


def document(number="S-1", **changes):
    reference = "PO-1/EU-1ZXX"
    facts = {"external_id": number, "number": number, "reference": reference, "po_number": "PO-1"}
    facts |= {"customer_number": "10000", "currency": "EUR", "total": TOTAL}
    facts |= {"quantities": {"IT-0001": Decimal(3)}, "identity": identity_in(reference)}
    return FarDocument(**{**facts, **changes})


def truth(*held, **changes):
    return Truth([order(**changes)], [], held, documents(held, {STORE: "EU"}))


def kinds(findings):
    return [finding.kind for finding in findings]


@pytest.mark.parametrize("plan", [returns.wanted, partners.told, holds.asked, cancels.taken_back])
def test_the_same_seed_plans_the_same_acts(plan):
    assert plan(7, 200) == plan(7, 200)
    assert plan(7, 200) != plan(8, 200)


def test_a_run_accepts_and_declines_approves_and_rejects_and_cancels_on_both_sides():
    assert {one.is_accepted for one in returns.wanted(1, 20)} == {True, False}
    assert {one.is_approved for one in holds.asked(1, 20)} == {True, False}
    sides = {(one.side, one.is_paid) for one in cancels.taken_back(1, 20)}
    assert sides == {("store", True), ("store", False), ("ERP", True), ("ERP", False)}


def returned(status="CLOSED", disposed=None, there=1, is_accepted=True, refunds=0):
    row = returns.Returned("RETURN-1", TOTAL, is_accepted, ORDER, "gid://shopify/Return/5")
    told = {"id": row.request, "name": "#1-R1", "status": status, "disposed": disposed or {}}
    held = [FarReturn(str(n), ("EU", 5), False) for n in range(there)]
    money = order(transactions=[{"kind": "REFUND"}] * refunds)
    return kinds(returns.judge([money], [told], held, "EU", [row]))


def test_the_verdict_sees_a_return_that_ended_on_one_side_only_or_twice():
    assert returned(disposed={"RESTOCKED": 1}) == []
    assert returned(status="OPEN", disposed={"RESTOCKED": 1}) == ["lost"]
    assert returned() == ["lost"]
    assert returned(disposed={"RESTOCKED": 2}) == ["doubled"]
    assert returned(disposed={"RESTOCKED": 1}, there=2) == ["doubled"]
    assert returned(disposed={"RESTOCKED": 1}, there=0) == ["lost"]
    assert returned(status="DECLINED", is_accepted=False) == []
    assert returned(status="DECLINED", is_accepted=False, refunds=1) == ["wrong"]
    assert kinds(returns.judge([], [], None, "EU", [returns.Returned("RETURN-1", TOTAL, True)])) == ["lost"]


def test_a_return_order_is_told_by_the_return_that_its_reference_names():
    assert identity_of_return("RA-EU-5XX") == ("EU", 5)
    assert identity_of_return("EU-5XX") is None


def test_the_verdict_sees_a_partners_order_that_is_missing_doubled_or_another():
    def found(copies, held):
        plan = partners.Told("PO-1", (), 3, TOTAL, is_told_again=False)
        return kinds(partners.judge(copies, held, [plan]))

    assert found([order()], [document()]) == []
    assert found([], []) == ["lost", "lost"]
    assert found([order()], [document(), document("S-2")]) == ["doubled"]
    assert found([order(), order()], [document()]) == ["doubled"]
    assert found([order()], [document(), document("S-2", is_cancelled=True)]) == []
    assert found([order()], [document(total=Decimal(1))]) == ["wrong"]
    assert found([order(lines=[{"quantity": 4}])], [document()]) == ["wrong"]


def test_the_verdict_sees_a_held_order_that_went_on_against_the_answer():
    def found(*held, is_approved=True, is_decided=True, **changes):
        row = holds.Asked("HELD-1", is_approved, ORDER, is_decided)
        return kinds(holds.judge(truth(*held, **changes), [row]))

    assert found(document()) == found(is_approved=False) == []
    assert found() == ["lost"]
    assert found(document(), document("S-2")) == ["doubled"]
    assert found(document(total=Decimal(1))) == ["wrong"]
    assert found(document(), is_approved=False) == ["wrong"]
    assert found(document(), is_decided=False) == ["lost"]
    assert found(is_approved=False, cancelledAt="2026-11-02T10:00:00Z") == ["wrong"]


def test_the_verdict_sees_a_cancellation_that_only_one_side_has_and_money_that_moved_twice():
    def found(*held, is_paid=True, is_done=True, **changes):
        row = cancels.TakenBack("CALLOFF-1", "ERP", is_paid, ORDER, is_done)
        gone = {"cancelledAt": "2026-11-02T10:00:00Z", "displayFinancialStatus": "REFUNDED"}
        return kinds(cancels.judge(truth(*held, **{**gone, **changes}), [row]))

    assert found() == found(document(is_cancelled=True)) == []
    assert found(document()) == ["lost"]
    assert found(cancelledAt=None) == ["lost"]
    assert found(displayFinancialStatus="PAID") == ["lost"]
    assert found(displayFinancialStatus="VOIDED", is_paid=False) == []
    assert found(transactions=[{"kind": "REFUND"}]) == ["doubled"]
    assert found(is_done=False) == ["lost"]
