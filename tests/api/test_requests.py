"""Partners ask to have orders cancelled and goods taken back: whose order, once, and what a person answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from django.test import Client

from hub.errors import NeedsReview
from hub.sync import review
from hub.sync.models import ReviewItem, SyncTask
from orders.flows import answer_partner_requests
from orders.models import PartnerRequest, StoreOrder

SCOPE = "requests:write"
RETURNED = {"request_id": "RMA-1", "reason": "Broken.", "lines": [{"sku": "A-1", "quantity": 1}]}


def send(key, order, what, body, idempotency_key="k-1"):
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": idempotency_key}
    client = Client(raise_request_exception=False)
    address = f"/api/v1/orders/{order.pk}/{what}-requests"
    return client.post(address, data=json.dumps(body), content_type="application/json", headers=headers)


def ask_people(world, order):
    """The flow as its task runs it: what it asks becomes a review item."""
    subject = f"order:{order.pk}"
    try:
        answer_partner_requests.run(world.euro, order.pk)
    except NeedsReview as error:
        review.open_item(answer_partner_requests.FLOW, world.euro.pk, order.pk, subject, error)
    return ReviewItem.objects.filter(flow=answer_partner_requests.FLOW, state="open").first()


def listed(world, order):
    items = world.get(f"orders/{order.pk}/requests", world.key()).json()["items"]
    return [(one["kind"], one["request_id"], one["state"], one["answer"]) for one in items]


def test_a_request_is_kept_and_asked_about_once_however_often_it_is_sent(world):
    order, key = world.settled(), world.key(SCOPE)

    first = send(key, order, "return", RETURNED)
    replayed = send(key, order, "return", RETURNED)
    again = send(key, order, "return", RETURNED, "k-2")

    assert first.status_code == 200
    assert first.json()["state"] == "open"
    assert first.json()["lines"] == RETURNED["lines"]
    assert (replayed.json(), again.json()) == (first.json(), first.json())
    assert (replayed.headers["Idempotent-Replayed"], PartnerRequest.objects.count()) == ("true", 1)
    assert SyncTask.objects.filter(flow=answer_partner_requests.FLOW, record_id=order.pk).count() == 1
    assert listed(world, order) == [("return", "RMA-1", "open", "")]


def test_a_person_rejects_it_and_the_partner_reads_the_answer(world):
    """What is approved is carried out in the store: tests/orders/flows/test_asked_returns.py."""
    order, reason = world.settled(), "It left already."
    send(world.key(SCOPE), order, "return", RETURNED)
    item = ask_people(world, order)
    assert (item.code, item.may_be_rejected) == ("return_requested", True)
    assert "Broken." in item.message

    rejected = ReviewItem.Decision.REJECTED
    review.decide(item.pk, rejected, shown=item.fingerprint, user_id=None, reason=reason)

    assert ask_people(world, order) is None
    assert listed(world, order) == [("return", "RMA-1", "refused", reason)]


def test_an_order_that_is_cancelled_meanwhile_answers_the_request(world):
    order = world.settled()
    send(world.key(SCOPE), order, "cancel", {"request_id": "C-1"})
    StoreOrder.objects.filter(pk=order.pk).update(cancelled_at=datetime.now(UTC))

    assert ask_people(world, order) is None
    assert listed(world, order)[0][2:] == ("done", "The order is cancelled.")
    assert send(world.key(SCOPE), order, "cancel", {"request_id": "C-2"}).status_code == 409


def test_more_than_was_ordered_is_refused_with_the_numbers_and_nothing_is_kept(world):
    order, key = world.settled(), world.key(SCOPE)
    lines = [{"sku": "A-1", "quantity": 1000}, {"sku": "NONE", "quantity": 1}]

    answer = send(key, order, "return", {**RETURNED, "lines": lines})

    assert answer.status_code == 400
    assert "'NONE': 1 asked for, the order has 0." in json.dumps(answer.json()["errors"])
    assert PartnerRequest.objects.count() == 0
    assert send(key, order, "return", RETURNED).status_code == 200, "the same key for the corrected request"


def test_a_request_id_means_one_request_of_one_partner(world):
    order, key = world.settled(), world.key(SCOPE)
    send(key, order, "return", RETURNED)

    other_lines = send(key, order, "return", {**RETURNED, "lines": [{"sku": "A-1", "quantity": 2}]}, "k-2")
    other_partner = send(world.key(SCOPE), order, "return", RETURNED)

    assert (other_lines.status_code, other_partner.status_code) == (409, 200)
    assert PartnerRequest.objects.count() == 2


def test_whoever_does_not_see_the_order_or_may_not_ask_is_refused(world):
    order = world.settled()

    assert (
        send(world.key(SCOPE, sees=[world.dollar]), order, "cancel", {"request_id": "C"}).status_code == 404
    )
    assert send(world.key("orders:read"), order, "cancel", {"request_id": "C"}).status_code == 403
    assert PartnerRequest.objects.count() == 0


def test_what_a_partner_asks_for_is_decided_by_no_partner(world):
    order = world.settled()
    send(world.key(SCOPE), order, "return", RETURNED)
    item = ask_people(world, order)

    answer = Client().post(
        f"/api/v1/holds/{item.pk}/approve",
        data=json.dumps({"shown": item.fingerprint}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {world.key('holds:decide')}", "Idempotency-Key": "k-9"},
    )

    item.refresh_from_db()
    assert (answer.status_code, item.state, item.decision) == (409, "open", "")
