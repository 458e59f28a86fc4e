from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, ReviewItem, SyncTask
from orders.models import ErpOrder, OrderAgreement, OrderChangePolicy, OrderLink, OrderPolicy

COMPARE = "sync_order_changes"
DELETE = {"system": "erp", "operation": "DELETE salesOrders"}


@pytest.fixture
def sent(hub):
    """An order in the ERP, in a hub that cancels there what the store cancels."""
    OrderPolicy.objects.update(cancels_in_erp=True)
    placed = hub.place(po_number="PO-1")
    hub.work_through()
    assert hub.link(placed).totals == "equal"
    return placed


def cancelled_in_store(hub, placed):
    hub.buyer("cancel_order", order=placed["id"])
    hub.pull()


def test_what_the_store_cancels_is_cancelled_in_the_erp_and_nothing_else(hub, sent):
    other = hub.place(po_number="PO-2")
    hub.pull()
    hub.work_through()

    cancelled_in_store(hub, sent)

    assert [order["number"] for order in hub.erp_orders()] == [hub.link(other).number]
    link = hub.link(sent)
    assert link.cancelled_at is not None
    assert hub.reviews() == []
    assert "was cancelled in the ERP" in hub.messages("push_order_to_erp")[-1]


def test_it_is_cancelled_once_however_often_the_store_tells_it(hub, sent):
    cancelled_in_store(hub, sent)
    attempts = Attempt.objects.count()

    hub.push(sent)
    hub.work_through()

    assert Attempt.objects.count() == attempts
    assert hub.outcomes("push_order_to_erp")[-1] == ("done", "cancelled in the store and in the ERP")
    assert hub.reviews() == []


@pytest.mark.parametrize("kind", ["commit_then_drop", "drop_before", "commit_then_500"])
def test_an_answer_that_was_lost_is_no_reason_to_ask_anybody(hub, sent, kind):
    hub.faults({"kind": kind, **DELETE, "times": 1})

    cancelled_in_store(hub, sent)
    hub.hurry()
    hub.work(lambda: OrderLink.objects.exclude(cancelled_at=None).exists())

    assert hub.erp_orders() == []
    assert hub.reviews() == []
    assert not Attempt.objects.filter(state=Attempt.State.OPEN).exists()


def test_what_was_delivered_is_asked_about_in_words(hub, sent):
    number = hub.link(sent).number
    hub.clerk("post_order", number=number)

    cancelled_in_store(hub, sent)

    item = ReviewItem.objects.get(state="open")
    assert item.flow == "push_order_to_erp"
    assert "was not cancelled: it was delivered and invoiced" in item.message
    assert hub.link(sent).cancelled_at is None


def test_what_a_clerk_deleted_before_is_cancelled_already(hub, sent):
    hub.clerk("delete_order", number=hub.link(sent).number)

    cancelled_in_store(hub, sent)

    assert hub.link(sent).cancelled_at is not None
    assert hub.reviews() == []


def test_a_question_about_its_totals_goes_with_it(hub, sent):
    [order] = hub.erp_orders()
    hub.clerk(
        "edit_line", number=order["number"], sequence=order["lines"][0]["sequence"], changes={"quantity": 5}
    )
    hub.pull_erp()
    hub.work_through()
    assert hub.reviews() == [("check_order_totals", "totals_differ")]

    cancelled_in_store(hub, sent)
    hub.pull_erp()
    hub.work_through()

    assert (hub.erp_orders(), hub.reviews()) == ([], [])


@pytest.fixture
def compared(hub, sent):
    """The same where both sides are compared, and agree."""
    OrderChangePolicy.objects.create(store=hub.euro, corrects_erp=True, accepts_erp_edits=True)
    hub.pull_erp()
    hub.settle()
    assert OrderAgreement.objects.get().version == 1
    return sent


def both_change(hub, placed):
    [order] = hub.erp_orders()
    sequence = order["lines"][0]["sequence"]
    hub.clerk("edit_line", number=order["number"], sequence=sequence, changes={"quantity": 5})
    hub.buyer("edit_order", order=placed["id"], quantities={placed["lines"][0]: 1})
    hub.pull()
    hub.pull_erp()
    hub.settle()


def deleted_there(hub, placed):
    hub.clerk("delete_order", number=hub.link(placed).number)
    an_hour = timedelta(minutes=61)
    ErpOrder.objects.update(document_read_at=F("document_read_at") - an_hour)
    # What was made a moment ago may only not be shown yet.
    OrderLink.objects.update(created_at=F("created_at") - an_hour)
    enqueue("read_erp_orders", hub.erp.pk)
    hub.settle()


def nothing_is_asked(hub):
    """Nor does a task wait for an answer."""
    return hub.reviews() == [] and not SyncTask.objects.filter(state=SyncTask.State.HELD).exists()


def test_a_question_about_how_the_two_differ_goes_with_it(hub, compared):
    both_change(hub, compared)
    assert hub.reviews() == [(COMPARE, "order_conflict")]

    cancelled_in_store(hub, compared)
    hub.settle()

    assert hub.link(compared).cancelled_at is not None
    assert nothing_is_asked(hub)


@pytest.mark.parametrize("cancels_in_erp", [True, False])
@pytest.mark.parametrize(
    "code", ["order_conflict", "gone_in_erp", "totals_differ"], ids=["sent", "adopted", "not compared"]
)
def test_cancelled_in_the_store_is_what_a_question_about_a_deleted_one_asked_for(
    hub, compared, code, cancels_in_erp
):
    OrderPolicy.objects.update(cancels_in_erp=cancels_in_erp)
    if code == "gone_in_erp":
        OrderLink.objects.update(sent_document=None, is_adopted=True)
    if code == "totals_differ":
        OrderChangePolicy.objects.update(corrects_erp=False, accepts_erp_edits=False)
    deleted_there(hub, compared)
    assert [asked for _, asked in hub.reviews()] == [code]

    cancelled_in_store(hub, compared)
    hub.settle()

    assert hub.reviews() == []
    assert hub.link(compared).cancelled_at is not None


def test_what_a_clerk_cancels_by_hand_after_the_store_did_is_asked_about_no_more(hub, compared):
    OrderPolicy.objects.update(cancels_in_erp=False)
    cancelled_in_store(hub, compared)
    assert hub.reviews() == [("push_order_to_erp", "cancelled_after_sending")]

    deleted_there(hub, compared)

    link = hub.link(compared)
    assert (link.cancelled_at is not None, link.cancelled_at) == (True, link.gone_at)
    assert nothing_is_asked(hub)


def test_a_question_about_what_the_store_refuses_goes_with_it(make_hub):
    hub = make_hub(erp="netsuite")
    OrderPolicy.objects.update(cancels_in_erp=True)
    OrderChangePolicy.objects.create(store=hub.euro, accepts_erp_edits=True, cancels_in_store=True)
    placed = hub.place(po_number="PO-1")
    hub.work(horizon=0.5)
    hub.buyer("pay_order", order=placed["id"])
    hub.pull()
    hub.clerk("close_order", id=hub.link(placed).external_id)
    hub.pull_erp()
    hub.settle()
    assert [flow for flow, _ in hub.reviews()] == ["push_changes_to_store"]

    cancelled_in_store(hub, placed)
    hub.settle()

    assert nothing_is_asked(hub)


def test_what_the_erp_cancelled_first_leaves_no_question_about_its_totals(make_hub):
    hub = make_hub(erp="netsuite")
    OrderChangePolicy.objects.create(store=hub.euro, accepts_erp_edits=True, cancels_in_store=True)
    placed = hub.place(po_number="PO-1")
    hub.settle()
    # Something of it was left as it is, and the totals are not equal since.
    OrderLink.objects.update(totals="unread", expected_total=F("expected_total") + 1)
    enqueue("check_order_totals", hub.erp.pk)
    hub.settle()
    assert hub.reviews() == [("check_order_totals", "totals_differ")]

    hub.clerk("close_order", id=hub.link(placed).external_id)
    hub.pull_erp()
    hub.settle()

    assert hub.shop().get("Order", placed["id"])["cancelledAt"] is not None
    assert nothing_is_asked(hub)


def test_a_twin_of_it_stands_in_the_erp_still_and_is_asked_about(hub, sent):
    [order] = hub.erp_orders()
    wanted = {"customerNumber": "10000", "externalDocumentNumber": order["externalDocumentNumber"]}
    twin = hub.clerk("create_order", order=wanted)
    enqueue("check_order_twin", hub.erp.pk, [hub.order(sent).pk])
    hub.work()
    hub.pull_erp()
    twice = {("check_order_twin", "double_in_erp"), ("pull_erp_orders", "double_in_erp")}
    assert set(hub.reviews()) == twice

    cancelled_in_store(hub, sent)
    hub.pull_erp()
    hub.settle()

    assert set(hub.reviews()) == twice
    hub.clerk("delete_order", number=twin["number"])
    hub.pull_erp()
    hub.settle()
    assert nothing_is_asked(hub)


def test_unless_the_policy_says_so_a_person_is_asked(hub):
    placed = hub.place(po_number="PO-1")
    hub.work_through()

    cancelled_in_store(hub, placed)

    assert hub.reviews() == [("push_order_to_erp", "cancelled_after_sending")]
    assert len(hub.erp_orders()) == 1


def test_netsuite_closes_the_lines_of_an_order_and_the_order_with_them(make_hub):
    hub = make_hub(erp="netsuite")
    OrderPolicy.objects.update(cancels_in_erp=True)
    placed = hub.place(po_number="PO-1")
    hub.work_through()

    cancelled_in_store(hub, placed)

    assert hub.link(placed).cancelled_at is not None
    [order] = hub.truth()["salesOrders"]
    assert order["status"] == "H"
    assert hub.reviews() == []
