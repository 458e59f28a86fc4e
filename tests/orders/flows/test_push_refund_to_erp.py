"""Credits of refunds, against an ERP in memory: what is tested is when which document is made, and how often."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from hub.connectors.credits import CreditStage
from hub.connectors.credits import ErpCredit as Document
from hub.connectors.documents import ErpTotals
from hub.connectors.registry import CONNECTORS, connector_class
from hub.connectors.store_returns import PaymentState, Restock
from hub.lib.text import stored_json
from hub.sync import review
from hub.sync.models import Connection, Cursor, ReviewItem
from orders.credits.mirroring import mirror_credits
from orders.models import (
    CreditLineMapping,
    CreditLink,
    CreditPolicy,
    ErpCredit,
    OrderLink,
    RefundPolicy,
    StoreRefund,
)
from tests.fakes.crediting import CreditingErp, InvoicingErp
from tests.orders.credits.refunds import AT
from tests.orders.credits.rows import mirror, one_back, push, shrink, use_crediting
from tests.world import VAT, release, save_mapping

TOTALS = ErpTotals("EUR", Decimal("10.00"), Decimal("1.90"), Decimal("11.90"))
# A clerk's credit of order 1.
POSTED = ("X9", "CM-9", "", False, "posted", CreditStage.CREDITED, "10000", "EUR", (), TOTALS, AT, "1")


@pytest.fixture
def erp(hub, request):
    made = getattr(request, "param", CreditingErp)
    CONNECTORS["crediting"] = ("erp", made.label, f"{made.__module__}.{made.__name__}")
    use_crediting(hub, made)
    yield made
    del CONNECTORS["crediting"]
    connector_class.cache_clear()


@pytest.fixture
def placed(hub, erp):
    """An order that the ERP has invoiced."""
    order = hub.place(lines=[{"sku": "TAB-001", "quantity": 2, "price": "10.00"}], taxes=VAT)
    hub.work()
    erp.invoiced.add("1")
    return order


def states():
    return list(CreditLink.objects.order_by("pk").values_list("external_id", "number", "state"))


def test_sends_posts_and_links_once_and_a_second_refund_gets_its_own(hub, erp, placed):
    mirror(hub, placed, one_back(hub, placed))

    push(hub, placed)

    (document,) = erp.made
    assert (document.total_including_tax, document.total_tax) == (Decimal("11.90"), Decimal("1.90"))
    assert (document.order_external_id, document.customer_number) == ("1", "10000")
    assert states() == [("C1", "PC1", "")]
    mirrored = ErpCredit.objects.get()
    assert (mirrored.stage, mirrored.refund_external_id, mirrored.order.name) == (
        "credited",
        "1",
        hub.order(placed).name,
    )

    assert push(hub, placed) == [("done", "credited already")]
    mirror(hub, placed, one_back(hub, placed, number=2))
    push(hub, placed)
    assert [one.reference[:2] for one in erp.made] == ["R-", "R-"]
    assert len({one.reference for one in erp.made}) == 2


def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(hub, erp, placed):
    for number, moment in enumerate(["before", "after"], start=1):
        mirror(hub, placed, one_back(hub, placed, number=number))
        erp.loses = moment
        push(hub, placed)
        hub.work(lambda number=number: [state for _, _, state in states()] == [""] * number)

    assert len(erp.credits) == 2
    adopted = CreditLink.objects.order_by("pk").values_list("is_adopted", flat=True)
    assert list(adopted) == [False, True]


def test_what_is_ours_has_failed_or_came_before_the_policy_is_left_alone(hub, erp, placed):
    mirror(hub, placed, one_back(hub, placed), mark="CR-1")
    mirror(hub, placed, one_back(hub, placed, number=2, state=PaymentState.FAILED), money="failed")
    old = mirror(hub, placed, one_back(hub, placed, number=3))
    StoreRefund.objects.filter(pk=old.pk).update(created_at="2025-01-01T00:00:00Z")

    (outcome,) = push(hub, placed)

    assert outcome == (
        "done",
        "older than what the credit policy begins with, made for a credit of the ERP: never sent back, "
        "its money failed: nothing was given back",
    )
    assert erp.made == []


def test_money_on_its_way_is_waited_for(hub, erp, placed):
    row = mirror(hub, placed, one_back(hub, placed, state=PaymentState.PENDING), money="pending")
    push(hub, placed)
    assert erp.made == []

    StoreRefund.objects.filter(pk=row.pk).update(money="done")
    push(hub, placed)

    assert len(erp.made) == 1


def test_before_the_order_is_in_the_erp_nothing_is_credited(hub, erp, placed):
    OrderLink.objects.all().delete()
    mirror(hub, placed, one_back(hub, placed))

    assert push(hub, placed) == [
        ("done", "no credit: the order is not in the ERP, and is sent as it is then")
    ]


def test_before_the_invoice_it_is_asked_about_and_credited_once_there_is_one(hub, erp, placed):
    erp.invoiced.clear()
    shrink(hub, placed)
    mirror(hub, placed, one_back(hub, placed))
    push(hub, placed)
    assert hub.reviews(flow="push_refund_to_erp") == [("push_refund_to_erp", "refund_before_invoice")]

    erp.invoiced.add("1")
    push(hub, placed)

    assert hub.reviews(flow="push_refund_to_erp") == []
    assert len(erp.made) == 1


def test_an_approval_credits_without_an_invoice(hub, erp, placed):
    erp.invoiced.clear()
    shrink(hub, placed)
    mirror(hub, placed, one_back(hub, placed))
    push(hub, placed)

    release("refund_before_invoice")
    hub.work()

    assert len(erp.made) == 1


def test_a_part_without_row_waits_for_it(hub, erp, placed):
    row = CreditLineMapping.objects.get(kind="cancelled")
    row.delete()
    mirror(hub, placed, one_back(hub, placed, restock=Restock.CANCEL))
    push(hub, placed)
    assert erp.made == []

    row = CreditLineMapping.objects.get(kind="cancelled")
    row.number = "4711"
    save_mapping(row)
    hub.work()

    assert [line.number for line in erp.made[0].lines] == ["4711"]


def test_totals_that_differ_leave_a_draft_and_go_on_when_it_is_corrected(hub, erp, placed):
    erp.off_by = Decimal("0.01")
    mirror(hub, placed, one_back(hub, placed))
    push(hub, placed)
    assert states() == [("C1", "C1", "differs")]
    assert hub.reviews(flow="push_refund_to_erp") == [("push_refund_to_erp", "totals_differ")]

    draft = erp.credits["C1"]
    totals = replace(draft.totals, excluding_tax=Decimal("10.00"), including_tax=Decimal("11.90"))
    erp.credits["C1"] = replace(draft, totals=totals)
    push(hub, placed)

    assert states() == [("C1", "PC1", "")]
    assert len(erp.made) == 1


def test_goods_that_come_back_become_a_return_order_where_the_policy_says_so(hub, erp, placed):
    CreditPolicy.objects.update(restocked_as="return_order")
    mirror(hub, placed, one_back(hub, placed))
    mirror(hub, placed, one_back(hub, placed, number=2, restock=Restock.CANCEL))

    push(hub, placed)

    assert [key for key, _, _ in states()] == ["R1", "C2"]


@pytest.mark.parametrize("loses", ["", "after"])
def test_a_return_order_that_begins_as_a_draft_is_approved_whether_or_not_its_answer_came(
    hub, erp, placed, loses
):
    erp.returns_begin_as_drafts, erp.loses = True, loses
    CreditPolicy.objects.update(restocked_as="return_order")
    mirror(hub, placed, one_back(hub, placed))

    push(hub, placed)
    hub.work(lambda: [state for _, _, state in states()] == [""])

    assert (states(), len(erp.made)) == ([("R1", "AR1", "")], 1)
    assert (erp.credits["R1"].stage, ErpCredit.objects.get().stage) == (CreditStage.APPROVED, "approved")


def test_a_draft_of_a_return_order_that_the_erp_does_not_approve_is_asked_about_until_it_does(
    hub, erp, placed
):
    erp.returns_begin_as_drafts, erp.refuses = True, "The warehouse is closed."
    CreditPolicy.objects.update(restocked_as="return_order")
    mirror(hub, placed, one_back(hub, placed))
    push(hub, placed)
    asked = hub.reviews(flow="push_refund_to_erp")

    erp.refuses = ""
    push(hub, placed)

    assert (asked, hub.reviews()) == ([("push_refund_to_erp", "record_rejected")], [])
    assert (states(), erp.credits["R1"].stage, len(erp.made)) == (
        [("R1", "AR1", "")],
        CreditStage.APPROVED,
        1,
    )


def test_a_draft_of_a_return_order_that_lost_its_link_is_approved(hub, erp, placed):
    erp.returns_begin_as_drafts, erp.refuses = True, "The warehouse is closed."
    CreditPolicy.objects.update(restocked_as="return_order")
    mirror(hub, placed, one_back(hub, placed))
    push(hub, placed)
    CreditLink.objects.all().delete()
    erp.refuses = ""

    push(hub, placed)

    assert (states(), erp.credits["R1"].stage, len(erp.made)) == (
        [("R1", "AR1", "")],
        CreditStage.APPROVED,
        1,
    )


def test_a_document_that_lost_its_link_is_adopted_and_two_of_one_refund_are_asked_about(hub, erp, placed):
    mirror(hub, placed, one_back(hub, placed))
    push(hub, placed)
    CreditLink.objects.all().delete()
    assert push(hub, placed) == [("done", "adopted PC1")]

    twin = replace(erp.credits["C1"], external_id="C9", number="C9")
    erp.credits["C9"] = twin
    mirror_credits(hub.erp, [twin])
    hub.work()

    assert hub.reviews(flow="push_refund_to_erp") == [("push_refund_to_erp", "double_in_erp")]
    assert len(erp.made) == 1


def test_what_the_erp_credited_by_itself_is_asked_about_and_linked_once_a_person_says_it_is_the_same(
    hub, erp, placed
):
    mirror_credits(hub.erp, [Document(*POSTED)])
    mirror(hub, placed, one_back(hub, placed))

    push(hub, placed)
    assert (hub.reviews(), erp.made) == ([("push_refund_to_erp", "credit_exists")], [])

    release("credit_exists", "dismiss")
    hub.work()

    link = CreditLink.objects.get()
    assert (link.external_id, link.origin, erp.made) == ("X9", "erp", [])


def test_what_the_erp_credited_in_one_sum_for_two_refunds_is_not_credited_again(hub, erp, placed):
    mirror_credits(hub.erp, [Document(*POSTED)])
    for number in (1, 2):
        mirror(hub, placed, one_back(hub, placed, number=number, worth="5.00", tax="0.95"))

    push(hub, placed)
    assert (hub.reviews(), erp.made) == ([("push_refund_to_erp", "credit_exists")], [])
    assert "has credited 11.90 EUR" in ReviewItem.objects.get(state="open").message
    release("credit_exists", "dismiss")
    hub.work()

    links = CreditLink.objects.values_list("external_id", "is_part")
    assert (list(links), hub.reviews(), erp.made) == ([("X9", True)] * 2, [], [])


def test_what_was_answered_of_two_refunds_is_asked_anew_of_three_and_the_one_left_is_credited(
    hub, erp, placed
):
    mirror_credits(hub.erp, [Document(*POSTED)])
    halves = [
        mirror(hub, placed, one_back(hub, placed, number=number, worth="5.00", tax="0.95"))
        for number in (1, 2)
    ]
    push(hub, placed)
    item = ReviewItem.objects.get(state="open")
    halves.append(mirror(hub, placed, one_back(hub, placed, number=3, worth="5.00", tax="0.95")))
    ReviewItem.objects.filter(pk=item.pk).update(state="decided", decision="dismissed")
    push(hub, placed)

    item = ReviewItem.objects.get(state="open")
    assert (erp.made, len(item.choices)) == ([], 3)
    review.decide(item.pk, ReviewItem.Decision.APPROVED, shown=item.fingerprint, user_id=None, chosen="1 3")
    review.run_again(item)
    hub.work()

    linked = CreditLink.objects.order_by("refund").values_list("refund", "external_id", "is_part")
    first, second, third = (half.pk for half in halves)
    assert list(linked) == [(first, "X9", True), (second, "C1", False), (third, "X9", True)]
    assert (hub.reviews(), len(erp.made)) == ([], 1)


@pytest.mark.parametrize("erp", [InvoicingErp], indirect=True)
def test_what_a_person_credits_by_hand_is_asked_about_once_and_again_at_another_amount(hub, erp, placed):
    row = mirror(hub, placed, one_back(hub, placed))
    push(hub, placed)
    assert "(11.90 EUR) was not credited" in ReviewItem.objects.get(state="open").message

    release("credit_by_hand", "dismiss")
    hub.work()
    answered = hub.messages("push_refund_to_erp")[-1]
    push(hub, placed)
    assert (answered, hub.reviews()) == ("credited in the ERP by hand", [])

    halved = one_back(hub, placed, worth="5.00", tax="0.95")
    StoreRefund.objects.filter(pk=row.pk).update(document=json.loads(stored_json(halved)))
    push(hub, placed)
    assert "(5.95 EUR) was not credited" in ReviewItem.objects.get(state="open").message


def test_what_a_clerk_credited_a_moment_ago_is_read_before_anything_is_sent(hub, erp, placed):
    erp.credits["X9"] = Document(*POSTED)
    Cursor.objects.update(covered_at=AT + timedelta(seconds=20))
    mirror(hub, placed, one_back(hub, placed))

    push(hub, placed)
    hub.hurry()
    hub.work()

    assert (hub.reviews(), erp.made) == ([("push_refund_to_erp", "credit_exists")], [])


def test_a_draft_is_posted_once_the_erp_lets_us_and_we_may_write(hub, erp, placed):
    erp.refuses = "The posting date is not within your range."
    mirror(hub, placed, one_back(hub, placed))
    push(hub, placed)
    assert states() == [("C1", "C1", "created")]
    erp.refuses = ""

    Connection.objects.filter(pk=hub.erp.pk).update(may_write=False)
    push(hub, placed)
    assert states() == [("C1", "C1", "created")]

    Connection.objects.filter(pk=hub.erp.pk).update(may_write=True)
    push(hub, placed)
    assert states() == [("C1", "PC1", "")]
    assert len(erp.made) == 1


def test_a_refund_by_hand_at_another_amount_for_a_credit_that_was_asked_about_is_not_credited_again(
    hub, erp, placed
):
    RefundPolicy.objects.create(store=hub.euro, refunds_from=AT - timedelta(days=1))
    other = ErpTotals("EUR", Decimal("9.99"), Decimal("1.90"), Decimal("11.89"))
    mirror_credits(hub.erp, [replace(Document(*POSTED), totals=other)])
    hub.work()
    assert hub.reviews() == [("push_credit_to_store", "refund_differs")]

    mirror(hub, placed, one_back(hub, placed))
    push(hub, placed)
    asked = ReviewItem.objects.get(code="credit_exists", state="open")
    assert "11.90 EUR" in asked.message
    assert "11.89 EUR" in asked.message
    release("refund_differs", "dismiss")
    hub.work()
    assert (hub.reviews(), erp.made) == ([("push_refund_to_erp", "credit_exists")], [])

    release("credit_exists", "dismiss")
    hub.work()
    assert (CreditLink.objects.get().external_id, hub.reviews(), erp.made) == ("X9", [], [])
