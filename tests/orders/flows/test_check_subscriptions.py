from __future__ import annotations

import pytest

from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, SyncTask

ADDRESS = "https://hub.example.com"


@pytest.fixture
def public_hub(hub, settings):
    settings.PUBLIC_URL = ADDRESS
    return hub


def subscriptions(hub):
    return sorted((s["topic"], s["uri"]) for s in hub.shop().every("WebhookSubscription"))


def check(hub):
    enqueue("check_subscriptions", hub.euro.pk)
    hub.work()


def test_subscribes_every_order_topic_at_our_address(public_hub):
    hub = public_hub

    hub.work()

    found = subscriptions(hub)
    assert len(found) == 6
    assert {address for _, address in found} == {f"{ADDRESS}/webhooks/{hub.euro.public_id}/"}
    assert {"ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_CANCELLED"} <= {topic for topic, _ in found}


def test_second_run_creates_nothing(public_hub):
    hub = public_hub
    hub.work()
    before = subscriptions(hub)

    check(hub)

    assert subscriptions(hub) == before
    assert hub.messages("check_subscriptions")[-1] == "created 0, kept 6"


def test_B4_a_subscription_that_was_removed_or_moved_is_mended_and_foreign_ones_stay(public_hub):
    hub = public_hub
    hub.work()
    wanted = subscriptions(hub)
    shop = hub.shop()
    first, second = shop.every("WebhookSubscription")[:2]
    shop.remove(first)
    shop.tables["WebhookSubscription"][second["id"]]["uri"] = "https://old.example.com/"
    shop.add(
        "WebhookSubscription", {**second, "topic": "PRODUCTS_UPDATE", "uri": "https://other.example.com/"}
    )

    check(hub)

    assert subscriptions(hub) == sorted([*wanted, ("PRODUCTS_UPDATE", "https://other.example.com/")])


def test_nothing_is_subscribed_without_a_public_address_or_while_writing_is_off(hub, settings):
    hub.work()
    assert subscriptions(hub) == []

    settings.PUBLIC_URL = ADDRESS
    Connection.objects.filter(pk=hub.euro.pk).update(may_write=False)
    check(hub)

    assert subscriptions(hub) == []
    assert SyncTask.objects.get(flow="check_subscriptions", connection=hub.euro).last_outcome == "retry"


def test_store_down_then_up(public_hub):
    hub = public_hub
    hub.faults({"kind": "down", "system": "store", "mode": "503"})
    hub.work()
    assert subscriptions(hub) == []

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: len(subscriptions(hub)) == 6)

    assert hub.reviews() == []
