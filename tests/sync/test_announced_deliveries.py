"""New orders are received when they are announced; other deliveries a moment later, with what came meanwhile."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection as database

from hub.sync import webhooks
from hub.sync.drain import Drain
from hub.sync.enqueue import CHANNEL
from hub.sync.inbox import receive_batch
from hub.sync.models import WebhookDelivery
from tests.sync.test_webhooks import SECRET, deliver, make_store

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store():
    webhooks._doors.clear()
    return make_store(1, SECRET)


def tell(store, topic, number=0):
    deliver(store, **{"X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": f"{topic} {number}"})


def left():
    return list(
        WebhookDelivery.objects.filter(state=WebhookDelivery.State.NEW).values_list("topic", flat=True)
    )


def test_only_new_orders_are_announced_as_urgent(store):
    listening = database.copy()
    listening.ensure_connection()
    listening.connection.execute(f"LISTEN {CHANNEL}")

    tell(store, "orders/create")
    tell(store, "orders/updated")

    told = [said.payload for said in listening.connection.notifies(timeout=120.0, stop_after=2)]
    listening.close()
    assert told == [f"delivery {store.pk}", f"other {store.pk}"]


def test_an_urgent_look_takes_no_updates_along_and_the_next_one_takes_them(store):
    tell(store, "orders/updated")
    tell(store, "orders/create")

    receive_batch(store, only_urgent=True)
    left_first = left()
    receive_batch(store)

    assert (left_first, left()) == (["orders/updated"], [])


def test_a_running_drain_receives_both_kinds(store):
    drain = Drain(threads=2, linger=30.0)
    running = threading.Thread(target=lambda: (drain.run(), database.close()))
    running.start()
    try:
        for number in range(5):
            tell(store, "orders/updated", number)
            tell(store, "orders/create", number)
        end = time.monotonic() + 120.0
        while left() and time.monotonic() < end:
            time.sleep(0.02)
    finally:
        drain.stop()
        running.join(120)

    assert left() == []


def test_a_drain_that_has_nothing_else_to_do_leaves_no_delivery_behind(store):
    tell(store, "orders/updated")

    Drain(threads=2, linger=0.1).run()

    assert left() == []
