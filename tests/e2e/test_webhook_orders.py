"""Failure modes B: webhooks come twice, late, in disorder, in part or never, and the end is the same."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database

from hub.sync import webhooks
from hub.sync.inbox import receive_batch
from hub.sync.models import ApiCall, Connection, Schedule, SyncTask, WebhookDelivery
from orders.models import OrderLink, StoreOrder


@pytest.fixture
def quiet_hub(hub):
    """Companies are matched and nothing runs by itself: what happens, webhooks made happen."""
    hub.link_companies()
    hub.work_through()
    Schedule.objects.update(is_enabled=False)
    return hub


def reads(hub):
    return ApiCall.objects.filter(connection=hub.euro, kind="read").count()


def test_a_webhook_with_all_that_is_needed_is_sent_without_reading_the_store(quiet_hub):
    hub = quiet_hub
    before = reads(hub)
    placed = hub.place(po_number="PO-1")

    assert hub.post(hub.body(placed), topic="orders/create").status_code == 200
    hub.work()

    assert (hub.link(placed).totals, hub.sent(), reads(hub)) == ("equal", 2, before)


def test_B1_the_same_delivery_twenty_times_has_one_effect(quiet_hub):
    hub = quiet_hub
    placed = hub.place(po_number="PO-1")
    body = hub.body(placed)

    answers = {hub.post(body, topic="orders/create", webhook_id="same").status_code for _ in range(20)}
    hub.work()

    assert answers == {200}
    assert WebhookDelivery.objects.filter(webhook_id="same").count() == 1
    assert (hub.sent(), len(hub.erp_orders()), hub.reviews()) == (2, 2, [])


def test_B1_several_topics_and_deliveries_of_one_state_have_one_effect(quiet_hub):
    hub = quiet_hub
    placed = hub.place(po_number="PO-1")
    body = hub.body(placed)

    for topic in ("orders/create", "orders/updated", "orders/paid", "orders/updated"):
        hub.post(body, topic=topic)
    hub.work()
    hub.post(body, topic="orders/updated")
    hub.work()

    assert (hub.sent(), hub.reviews(), hub.order(placed).needs_read) == (2, [], False)


def test_B1_two_receivers_at_once_mirror_each_order_once(quiet_hub):
    hub = quiet_hub
    bodies = [hub.body(hub.place(po_number=f"PO-{n}")) for n in range(6)]
    for body in bodies * 2:
        hub.post(body)

    def receive():
        while receive_batch(hub.euro):
            continue
        database.close()

    threads = [threading.Thread(target=receive) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert StoreOrder.objects.count() == 7
    assert not WebhookDelivery.objects.exclude(state=WebhookDelivery.State.DONE).exists()
    assert SyncTask.objects.filter(flow="push_order_to_erp").count() == 6


def stages(hub):
    """An order's life as webhooks tell it, each stage a second later than the one before."""
    placed = hub.place(po_number="PO-1")
    start = datetime.now(UTC) - timedelta(seconds=30)
    told = []
    for n, act in enumerate((None, "note", "pay", "cancel")):
        if act == "note":
            hub.buyer("edit_order", order=placed["id"], note="by noon")
        elif act == "pay":
            hub.buyer("pay_order", order=placed["id"])
        elif act == "cancel":
            hub.buyer("cancel_order", order=placed["id"])
        told.append(hub.body(placed, updated_at=(start + timedelta(seconds=n)).isoformat()))
    return placed, told


def test_B2_every_order_of_arrival_leads_to_the_same_mirror_and_to_nothing_sent(quiet_hub):
    hub = quiet_hub
    placed, told = stages(hub)
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=False)

    ends = set()
    for arrival in itertools.permutations(told):
        StoreOrder.objects.filter(external_id=placed["id"]).delete()
        for body in arrival:
            hub.post(body)
            receive_batch(hub.euro)
        order = hub.order(placed)
        ends.add((order.document_hash, order.cancelled_at is not None, order.needs_read))

    assert len(ends) == 1
    assert {(cancelled, unclear) for _, cancelled, unclear in ends} == {(True, False)}
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=True)
    hub.work()
    assert (hub.sent(), hub.reviews()) == (1, [])


def test_B6_a_stale_payload_that_is_delivered_again_overwrites_nothing(quiet_hub):
    hub = quiet_hub
    placed, told = stages(hub)
    hub.post(told[1])
    receive_batch(hub.euro)
    before = hub.order(placed).document_hash

    hub.post(told[0], webhook_id="late", **{"X-Shopify-Triggered-At": "2020-01-01T00:00:00Z"})
    receive_batch(hub.euro)

    assert hub.order(placed).document_hash == before


@pytest.mark.parametrize("apart", [False, True], ids=["in one batch", "one after the other"])
def test_B2_equal_stamps_with_other_content_are_read_from_the_store_before_anything_is_sent(quiet_hub, apart):
    hub = quiet_hub
    placed = hub.place(po_number="PO-1")
    stamp = hub.body(placed)["updated_at"]
    newer = hub.body(placed, updated_at=stamp, note="two pieces only")
    hub.buyer("edit_order", order=placed["id"], note="two pieces only")
    older = hub.body(placed, updated_at=stamp, note="")

    # The store words both in the same second; the later one arrives first.
    hub.post(newer)
    if apart:
        receive_batch(hub.euro)
    hub.post(older)
    hub.work()

    assert hub.order(placed).is_fetched
    comments = [line["description"] for line in hub.erp_orders()[-1]["lines"]]
    assert "Note: two pieces only" in comments
    assert hub.reviews() == []


def test_B2_a_webhook_of_the_second_in_which_the_order_was_read_is_not_taken_for_the_older_one(quiet_hub):
    hub = quiet_hub
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=False)
    placed = hub.place(po_number="PO-1")
    hub.pull()
    stamp = hub.body(placed)["updated_at"]
    hub.buyer("cancel_order", order=placed["id"])

    hub.post(hub.body(placed, updated_at=stamp), topic="orders/cancelled")
    receive_batch(hub.euro)
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=True)
    hub.work()

    assert (hub.sent(), hub.order(placed).cancelled_at is not None) == (1, True)


def test_a_webhook_without_its_company_is_read_in_one_batch_with_its_neighbours(quiet_hub):
    hub = quiet_hub
    placed = [hub.place(po_number=f"PO-{n}") for n in range(3)]
    before = reads(hub)
    for order in placed:
        body = hub.body(order)
        del body["company"]
        hub.post(body, topic="orders/create")

    hub.work()

    assert (hub.sent(), hub.reviews()) == (4, [])
    assert reads(hub) == before + 1
    assert {hub.link(order).totals for order in placed} == {"equal"}


def test_a_later_webhook_without_its_company_does_not_make_the_order_a_consumers(quiet_hub):
    hub = quiet_hub
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=False)
    placed = hub.place(po_number="PO-1")
    hub.post(hub.body(placed))
    hub.work()
    location = hub.order(placed).location_id
    assert location is not None

    later = hub.body(
        placed, updated_at=(datetime.now(UTC) + timedelta(seconds=2)).isoformat(), note="by noon"
    )
    del later["company"]
    hub.post(later)
    hub.work()
    assert hub.order(placed).location_id == location
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=True)
    hub.work()

    assert (hub.sent(), OrderLink.objects.filter(order__external_id=placed["id"]).count()) == (2, 1)


def test_B3_what_no_webhook_told_is_found_by_the_cursor(quiet_hub):
    hub = quiet_hub
    placed = [hub.place(po_number=f"PO-{n}") for n in range(4)]
    hub.post(hub.body(placed[2]))
    hub.work()
    assert hub.sent() == 2

    hub.pull()

    assert {hub.link(order).totals for order in placed} == {"equal"}
    assert (hub.sent(), len(hub.erp_orders())) == (5, 5)


def test_B7_deliveries_for_a_store_that_is_switched_off_are_flagged_and_not_processed(quiet_hub):
    hub = quiet_hub
    placed = hub.place(po_number="PO-1")
    Connection.objects.filter(pk=hub.euro.pk).update(is_enabled=False)
    webhooks._doors.clear()

    assert hub.post(hub.body(placed)).status_code == 200
    hub.work()

    delivery = WebhookDelivery.objects.latest("pk")
    assert (delivery.state, delivery.reason) == (
        WebhookDelivery.State.FLAGGED,
        "the connection is switched off",
    )
    assert (StoreOrder.objects.count(), hub.sent()) == (1, 1)


def test_a_poisonous_delivery_is_flagged_and_its_neighbours_go_through(quiet_hub):
    hub = quiet_hub
    first, last = hub.place(po_number="PO-1"), hub.place(po_number="PO-2")
    hub.post(hub.body(first))
    poison = hub.body(
        first, currency="EUROS", presentment_currency="EUROS", updated_at="2031-01-01T00:00:00Z"
    )
    hub.post(poison, webhook_id="poison")
    hub.post(hub.body(last))

    hub.work()

    assert {hub.link(first).totals, hub.link(last).totals} == {"equal"}
    delivery = WebhookDelivery.objects.get(webhook_id="poison")
    assert delivery.state == WebhookDelivery.State.FLAGGED
    assert delivery.reason


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "lose_webhook", "probability": 0.5},
        {"kind": "duplicate_webhook", "copies": 3},
        {"kind": "reorder_webhook", "seconds": 0.5, "probability": 0.5},
    ],
    ids=lambda rule: rule["kind"],
)
def test_B1_B2_B3_real_deliveries_under_faults_end_with_every_order_once(hub, live_server, settings, rule):
    settings.PUBLIC_URL = live_server.url.replace("localhost", "127.0.0.1")
    hub.work()
    assert len(hub.shop().every("WebhookSubscription")) == 6
    hub.faults({**rule, "system": "store"}, seed=3)

    placed = [hub.place(po_number=f"PO-{n}") for n in range(6)]
    hub.buyer("cancel_order", order=placed[0]["id"])
    hub.work(horizon=0.3)
    hub.forget_faults()
    hub.pull()

    linked = set(OrderLink.objects.values_list("order__external_id", flat=True))
    assert {order["id"] for order in placed[1:]} <= linked
    assert (len(hub.erp_orders()), hub.sent()) == (len(linked), len(linked))
    held = [("push_order_to_erp", "cancelled_after_sending")] if placed[0]["id"] in linked else []
    assert hub.reviews() == held
