from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, ReviewItem
from orders.models import OrderChangePolicy, OrderLink, OrderPolicy

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


def test_a_question_about_its_deletion_there_goes_with_it(hub, sent):
    OrderChangePolicy.objects.create(store=hub.euro, accepts_erp_edits=True, cancels_in_store=True)
    hub.clerk("delete_order", number=hub.link(sent).number)
    OrderLink.objects.update(created_at=F("created_at") - timedelta(minutes=1))
    enqueue("sync_order_changes", hub.erp.pk, [hub.order(sent).pk])
    hub.work()
    assert hub.reviews() == [("sync_order_changes", "gone_in_erp")]

    cancelled_in_store(hub, sent)
    hub.settle()

    assert hub.reviews() == []


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
