"""What partners ask about orders: one question at a time, and approved cancellations that are carried out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, ReviewItem
from orders.models import ErpOrder, OrderPolicy, PartnerRequest
from tests.world import release

FLOW = "answer_partner_requests"


@pytest.fixture
def sent(hub):
    """An order in the ERP, of a store whose cancellations the ERP follows."""
    OrderPolicy.objects.update(cancels_in_erp=True)
    placed = hub.place(po_number="PO-1")
    hub.work()
    hub.pull_erp()
    return placed


def ask_for(hub, placed, kind="cancel", number=1):
    """A partner asks, and the question is put."""
    told = {"external_id": f"partner:1:{number}", "told_by": "API key WMS", "reason": "Wrong colour."}
    request = PartnerRequest.objects.create(order=hub.order(placed), kind=kind, **told)
    enqueue(FLOW, hub.euro.pk, [request.order_id])
    hub.work()
    return request


def answered(hub, request, is_so):
    """Work until what the request waits for has been read and done."""

    def looks():
        hub.hurry()
        request.refresh_from_db()
        return is_so()

    hub.work(looks)


def is_cancelled(hub, placed):
    return hub.shop().get("Order", placed["id"])["cancelledAt"] is not None


def test_requests_of_one_order_are_asked_about_one_after_the_other(hub, sent):
    ask_for(hub, sent, "return", 1)
    ask_for(hub, sent, "cancel", 2)
    assert hub.reviews() == [(FLOW, "return_requested")]
    assert "API key WMS wants to return all of" in ReviewItem.objects.get(state="open").message

    release("return_requested")
    hub.work()
    # Nothing of it was sent.
    release("return_not_possible", "dismiss")
    hub.work()

    assert hub.reviews() == [(FLOW, "cancel_requested")]
    states = PartnerRequest.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["accepted", "open"]


def test_a_request_that_is_dismissed_is_refused_at_once_and_the_next_is_asked_about(hub, sent):
    first = ask_for(hub, sent, "return", 1)
    ask_for(hub, sent, "return", 2)

    release("return_requested", "dismiss")
    hub.work()

    first.refresh_from_db()
    assert (first.state, hub.reviews()) == ("refused", [(FLOW, "return_requested")])
    assert ReviewItem.objects.get(state="open").evidence["request"] != first.pk


def test_an_approved_cancellation_reaches_the_store_and_then_the_erp(hub, sent):
    request = ask_for(hub, sent)

    release("cancel_requested")
    answered(hub, request, lambda: request.state == "done" and hub.link(sent).cancelled_at)

    assert is_cancelled(hub, sent)
    assert hub.erp_orders() == []
    assert (request.answer, hub.reviews()) == ("The order is cancelled.", [])
    assert Attempt.objects.filter(operation="cancel_order").count() == 1


def test_a_lost_answer_to_the_cancellation_is_settled_by_what_stands_in_the_store(hub, sent):
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "CancelOrder", "times": 1})
    request = ask_for(hub, sent)

    release("cancel_requested")
    answered(hub, request, lambda: request.state == "done")

    states = Attempt.objects.filter(operation="cancel_order").values_list("state", flat=True)
    assert (list(states), is_cancelled(hub, sent)) == (["confirmed"], True)


def test_past_the_cutoff_it_stays_with_the_person_who_may_still_reject_it(hub, sent):
    hub.clerk("release_order", number=hub.link(sent).number)
    request = ask_for(hub, sent)

    release("cancel_requested")
    answered(hub, request, lambda: (FLOW, "cancel_by_hand") in hub.reviews())

    item = ReviewItem.objects.get(state="open")
    assert "is released in" in item.evidence["why"]
    assert (request.state, request.closed_at, is_cancelled(hub, sent)) == ("accepted", None, False)
    assert Attempt.objects.filter(operation="cancel_order").count() == 0

    review.decide(
        item.pk, ReviewItem.Decision.REJECTED, shown=item.fingerprint, user_id=None, reason="It is packed."
    )
    enqueue(FLOW, hub.euro.pk, [request.order_id])
    answered(hub, request, lambda: request.state == "refused")
    assert request.answer == "It is packed."


def test_how_far_the_erp_has_come_is_read_anew_before_a_late_cancellation(hub, sent):
    request = ask_for(hub, sent)
    # Approved ten minutes ago and read after that, but five minutes ago; the goods were released since.
    hub.clerk("release_order", number=hub.link(sent).number)
    ErpOrder.objects.update(
        document_read_at=Now() - timedelta(minutes=5), read_asked_at=None, needs_read=False
    )
    release("cancel_requested")
    ReviewItem.objects.update(closed_at=Now() - timedelta(minutes=10))
    answered(hub, request, lambda: (FLOW, "cancel_by_hand") in hub.reviews() or request.state == "done")

    assert hub.reviews() == [(FLOW, "cancel_by_hand")]
    assert is_cancelled(hub, sent) is False


def test_where_the_erp_would_not_follow_a_person_cancels_and_the_partner_is_answered_by_the_next_look(
    hub, sent
):
    OrderPolicy.objects.update(cancels_in_erp=False)
    request = ask_for(hub, sent)
    release("cancel_requested")
    answered(hub, request, lambda: (FLOW, "cancel_by_hand") in hub.reviews())
    assert "order policy" in ReviewItem.objects.get(state="open").evidence["why"]
    assert is_cancelled(hub, sent) is False

    hub.buyer("cancel_order", order=sent["id"])
    hub.pull()
    enqueue("watch_orders", hub.euro.pk)
    answered(hub, request, lambda: request.state == "done")

    assert (FLOW, "cancel_by_hand") not in hub.reviews()
