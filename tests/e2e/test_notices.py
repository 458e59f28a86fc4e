"""Business Central's real notices to our real door: what a clerk does is read at once, late, or not at all told."""

from __future__ import annotations

import pytest

from hub.sync.enqueue import enqueue
from hub.sync.models import Schedule, WebhookSubscription
from orders.models import ErpOrder

FLOW = "check_subscriptions"


@pytest.fixture
def told_hub(make_hub, live_server, settings):
    """Business Central tells this hub of its orders; nothing runs by itself."""
    settings.PUBLIC_URL = live_server.url.replace("localhost", "127.0.0.1")
    hub = make_hub(erp_options={"totals_in_answer": True, "notice_delay": 0.05})
    hub.work()
    Schedule.objects.update(is_enabled=False)
    assert len(hub.truth()["subscriptions"]) == 1
    return hub


def phone(hub, po_number):
    """A clerk enters an order; its number."""
    order = {"externalDocumentNumber": po_number, "customerNumber": "10000"}
    return hub.clerk("create_order", order=order)["number"]


def knows(hub, number):
    return ErpOrder.objects.filter(connection=hub.erp, number=number).exists()


@pytest.mark.parametrize(
    "rule",
    [{}, {"kind": "duplicate_webhook", "copies": 2}, {"kind": "delay_webhook", "seconds": 0.3}],
    ids=lambda rule: rule.get("kind", "as sent"),
)
def test_a_clerks_order_is_read_when_a_notice_tells_of_it(told_hub, rule):
    hub = told_hub
    if rule:
        hub.faults({**rule, "system": "erp"})

    number = phone(hub, "PHONE-1")

    hub.work(lambda: knows(hub, number))
    assert len(hub.truth()["subscriptions"]) == 1


def test_a_lost_notice_loses_nothing(told_hub):
    hub = told_hub
    hub.faults({"kind": "lose_webhook", "system": "erp"})

    number = phone(hub, "PHONE-2")
    hub.pull_erp()

    assert knows(hub, number)


def test_a_subscription_that_one_answer_deleted_is_made_again_and_what_it_did_not_tell_is_read(told_hub):
    hub = told_hub
    [known] = WebhookSubscription.objects.filter(connection=hub.erp)
    far_side = hub.server.registry.get("erp", hub.world.erp_name).subscriptions
    far_side.records[known.external_id]["clientState"] = "somebody else's"

    number = phone(hub, "PHONE-3")
    hub.work(lambda: not hub.truth()["subscriptions"])
    assert not knows(hub, number)
    enqueue(FLOW, hub.erp.pk)
    hub.work()

    assert knows(hub, number)
    [again] = WebhookSubscription.objects.filter(connection=hub.erp)
    assert [one["subscriptionId"] for one in hub.truth()["subscriptions"]] == [again.external_id]
    assert again.external_id != known.external_id
