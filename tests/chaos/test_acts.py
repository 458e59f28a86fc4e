"""The verdict on what people and partners do in a run: what is lost, doubled or silently wrong on either side."""

from __future__ import annotations

from decimal import Decimal

import pytest

from benchmarks.chaos.acts import cancels, deposits, exchanges, holds, partners, returns
from benchmarks.chaos.acts.acting import STORE, Truth
from benchmarks.chaos.both_ways import GivenBack, judge_given_back
from benchmarks.chaos.verdict import documents
from hub.demo import goods
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


@pytest.mark.parametrize(
    "plan", [returns.wanted, partners.told, holds.asked, cancels.taken_back, deposits.deposited]
)
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


DUE = [("11.90", "2026-11-01T23:30:00Z"), ("11.90", "2026-12-02T09:00:00Z")]
TOLD = "Instalment 1 of 2 (deposit): 11.90 EUR, due 2026-11-02\nInstalment 2 of 2: 11.90 EUR, due 2026-12-02"


def deposit(*held, plan=deposits.LISTED, paid=("11.90",), numbers=("S-1",), **changes):
    row = deposits.Deposited("DEPOSIT-1", plan, is_paid_first=True, order=ORDER, deposit=Decimal("11.90"))
    schedules = [
        {"amount": {"amount": amount, "currencyCode": "EUR"}, "dueAt": due_at} for amount, due_at in DUE
    ]
    moved = [
        {"kind": "SALE", "status": "SUCCESS", "amountSet": {"shopMoney": {"amount": amount}}}
        for amount in paid
    ]
    facts = {"paymentSchedules": schedules, "transactions": moved, "edited": False}
    facts["metafields"] = {f"app--1.{n}.erp": f'{{"number": "{number}"}}' for n, number in enumerate(numbers)}
    codes = ["Net 30", "Net 60", "Net 15"]
    return kinds(deposits.judge(truth(*held, **{**facts, **changes}), "Europe/Berlin", codes, [row]))


def test_the_verdict_sees_a_deposit_that_is_told_wrongly_or_moves_more_than_itself():
    listed, held = {"terms": "Net 60", "comments": TOLD}, {"terms": "Net 15"}

    assert deposit(document(**listed)) == deposit(document(**held), plan=deposits.HELD) == []
    assert deposit() == ["lost"]
    assert deposit(document(**listed), document("S-2", **listed)) == ["doubled"]
    assert deposit(document(**listed | {"total": Decimal(1)})) == ["wrong"]
    assert deposit(document(**listed | {"terms": "Net 30"})) == ["wrong"]
    assert deposit(document(**listed | {"comments": TOLD.partition("\n")[0]})) == ["wrong"]
    assert deposit(document(**listed | {"comments": TOLD.replace("11-02", "11-01")})) == ["wrong"]
    assert deposit(document(**held | {"comments": TOLD}), plan=deposits.HELD) == ["wrong"]
    assert deposit(document(**listed), numbers=()) == ["lost"]
    assert deposit(document(**listed), paid=("11.90", "11.90")) == ["wrong"]
    assert deposit(document(**listed), edited=True) == ["wrong"]


def exchanged(*held, status="CLOSED", disposed=1, sent=1, copies=1, entered="8", there=None, **changes):
    row = exchanges.Exchanged("PO-1", TOTAL, 60, ORDER, "gid://shopify/Return/5", entered)
    told = {"id": row.returned, "status": status, "disposed": {"RESTOCKED": disposed} if disposed else {}}
    lines = [{"sku": goods.sku(60), "currentQuantity": sent}]
    money = {"shopMoney": {"amount": str(TOTAL), "currencyCode": "EUR"}}
    placed = order(lines=lines, originalTotalPriceSet=money, **changes)
    now = Truth([placed] * copies, [told], held, documents(held, {STORE: "EU"}))
    returned_there = None if there is None else [FarReturn(str(n), ("EU", 5), False) for n in range(there)]
    return kinds(exchanges.judge(now, returned_there, "EU", [row]))


def test_the_verdict_sees_an_exchange_of_which_something_is_missing_or_sent_twice():
    more = {"quantities": {goods.item_number(60): Decimal(1)}, "identity": None}
    entered = document("S-2", **more)

    assert exchanged(document(), entered) == exchanged(document(), entered, there=1) == []
    assert exchanged(document(), entered, status="OPEN") == ["lost"]
    assert exchanged(document(), entered, disposed=0) == ["lost"]
    assert exchanged(document(), entered, disposed=2) == ["doubled"]
    assert exchanged(document(), entered, sent=0) == ["lost"]
    assert exchanged(document(), entered, sent=2) == ["doubled"]
    assert exchanged(document(), entered, copies=2) == ["doubled"]
    assert exchanged(document(), entered, document("S-3", **more)) == ["doubled"]
    assert exchanged(document(), entered=" ") == ["lost"]
    assert exchanged(document(), entered, entered="") == ["lost"]
    assert exchanged(document(total=Decimal(1)), entered) == ["wrong"]
    assert exchanged(document(), entered, there=0) == ["lost"]
    assert exchanged(document(), entered, there=2) == ["doubled"]
    assert kinds(exchanges.judge(truth(), None, "EU", [exchanges.Exchanged("PO-1", TOTAL, 60)])) == ["lost"]


def test_the_verdict_sees_more_refunded_than_what_came_back_is_worth_above_what_is_sent():
    def found(refunded, credited):
        money = {"shopMoney": {"amount": refunded}}
        placed = order(transactions=[{"kind": "REFUND", "amountSet": money}])
        return kinds(judge_given_back([placed], [GivenBack(ORDER, TOTAL, Decimal("5.95"))], credited))

    assert found("5.95", [TOTAL]) == []
    assert found("23.80", [TOTAL]) == ["lost", "wrong"]
    assert found("5.95", [Decimal("5.95")]) == ["lost", "wrong"]
