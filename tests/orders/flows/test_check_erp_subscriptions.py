"""Webhook subscriptions at Business Central: made, renewed, found gone, refused; and what their notices lead to."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from hub.sync.enqueue import enqueue
from hub.sync.models import (
    ApiCall,
    Connection,
    ReviewItem,
    Schedule,
    SyncTask,
    WebhookDelivery,
    WebhookSubscription,
)
from hub.sync.notices import secrets_of
from orders.models import ErpOrder, OrderLink
from tests.sandbox.notified import Notified

FLOW = "check_subscriptions"
CREATE, RENEW, DELETE = (
    "subscribe to webhooks",
    "renew a webhook subscription",
    "delete a webhook subscription",
)


@pytest.fixture
def notified(socket_enabled):
    with Notified() as receiver:
        yield receiver


@pytest.fixture
def told_hub(hub, notified, settings):
    """A hub that works only when it is asked to, and which Business Central can reach."""
    hub.work()
    Schedule.objects.update(is_enabled=False)
    settings.PUBLIC_URL = notified.url.removesuffix("/hook")
    return hub


@pytest.fixture
def subscribed(told_hub):
    check(told_hub)
    return told_hub


def check(hub):
    ApiCall.objects.all().delete()
    enqueue(FLOW, hub.erp.pk)
    hub.work()
    return (hub.messages(FLOW) or [""])[-1]


def far(hub):
    """The subscriptions that Business Central holds."""
    return hub.truth()["subscriptions"]


def writes(hub):
    calls = ApiCall.objects.filter(connection=hub.erp, kind="write").order_by("pk")
    return list(calls.values_list("operation", flat=True))


def end_in(hub, **time):
    """The company's own rows end so soon."""
    subscriptions = hub.server.registry.get("erp", hub.world.erp_name).subscriptions
    ends_at = datetime.now(UTC) + timedelta(**time)
    for record in subscriptions.records.values():
        record |= {"_expires_at": ends_at, "expirationDateTime": f"{ends_at:%Y-%m-%dT%H:%M:%SZ}"}


def tell(hub, *changes, topic="salesOrders"):
    """Business Central notifies us of these changes of documents."""
    [standing] = [one for one in far(hub) if one["resource"].endswith(topic)]
    company = standing["resource"].rpartition("/")[0].removeprefix("/")
    value = [
        {
            "subscriptionId": standing["subscriptionId"],
            "clientState": standing["clientState"],
            "resource": f"{company}/{topic}{which}",
            "changeType": kind,
            "lastModifiedDateTime": datetime.now(UTC).isoformat(),
        }
        for kind, which in changes
    ]
    answer = Client().post(
        f"/webhooks/{hub.erp.public_id}/", data=json.dumps({"value": value}), content_type="application/json"
    )
    assert answer.status_code == 200


def test_orders_are_subscribed_to_with_our_secret_and_what_was_missed_is_pulled(told_hub, notified):
    hub = told_hub
    pulls = len(hub.messages("pull_erp_orders"))

    said = check(hub)

    assert said == "created 1, kept 0, what may have been missed is pulled now"
    [standing] = far(hub)
    assert standing["notificationUrl"].endswith(f"/webhooks/{hub.erp.public_id}/")
    assert standing["clientState"] == secrets_of(hub.erp)[0]
    assert len(notified.tokens) == 1
    [known] = WebhookSubscription.objects.filter(connection=hub.erp)
    assert known.expires_at > datetime.now(UTC) + timedelta(days=2)
    assert len(hub.messages("pull_erp_orders")) == pulls + 1


def test_second_run_writes_nothing(subscribed):
    assert check(subscribed) == "created 0, kept 1"
    assert writes(subscribed) == []


def test_one_that_ends_within_two_days_is_renewed_by_another_handshake(subscribed, notified):
    hub = subscribed
    end_in(hub, days=1)

    said = check(hub)

    assert said == "created 0, renewed 1, kept 0"
    assert (writes(hub), len(notified.tokens)) == ([RENEW], 2)
    [known] = WebhookSubscription.objects.filter(connection=hub.erp)
    assert known.expires_at > datetime.now(UTC) + timedelta(days=2)


def test_a_refused_renewal_is_a_question_and_the_next_one_closes_it(subscribed, notified):
    hub = subscribed
    end_in(hub, days=1)
    notified.repeats = False

    check(hub)

    assert hub.reviews() == [(FLOW, "record_rejected")]
    assert "salesOrders" in ReviewItem.objects.get(state="open").message
    assert len(far(hub)) == 1
    notified.repeats = True
    assert check(hub) == "created 0, renewed 1, kept 0"
    assert hub.reviews() == []


def test_one_that_ran_out_or_was_deleted_is_made_again_and_what_was_missed_is_pulled(subscribed):
    hub = subscribed
    hub.clerk("expire_subscriptions")

    said = check(hub)

    assert said == "created 1, kept 0, what may have been missed is pulled now"
    assert len(far(hub)) == 1
    assert WebhookSubscription.objects.filter(connection=hub.erp).count() == 1


def test_a_missing_permission_is_named_where_people_look_and_the_orders_go_on(subscribed):
    hub = subscribed
    hub.clerk("revoke_permission", set="subscriptions")

    check(hub)

    [item] = ReviewItem.objects.filter(state="open")
    assert "API Webhook Subscription" in item.message
    assert Connection.objects.get(pk=hub.erp.pk).paused_at is None
    assert "API Webhook Subscription" in SyncTask.objects.get(flow=FLOW, connection=hub.erp).last_error


def test_nobody_else_has_theirs_touched(subscribed, notified):
    hub = subscribed
    theirs = {**far(hub)[0], "subscriptionId": "f" * 32, "notificationUrl": "https://theirs.example.com/"}
    records = hub.server.registry.get("erp", hub.world.erp_name).subscriptions.records
    records["f" * 32] = {**next(iter(records.values())), **theirs}

    assert check(hub) == "created 0, kept 1"
    assert len(far(hub)) == 2


def test_without_a_public_address_nothing_is_subscribed_to(hub):
    enqueue(FLOW, hub.erp.pk)
    hub.work()

    assert far(hub) == []
    assert "no public address is set; changes come by the cursor alone" in hub.messages(FLOW)


def test_a_notice_has_what_it_tells_of_pulled_and_is_only_a_hint(subscribed):
    hub = subscribed
    made = hub.clerk("create_order", order={"externalDocumentNumber": "PHONE-1", "customerNumber": "10000"})

    tell(hub, ("created", f"({made['id']})"))
    hub.work()

    assert ErpOrder.objects.filter(connection=hub.erp, number=made["number"]).exists()
    [delivery] = WebhookDelivery.objects.filter(connection=hub.erp)
    assert delivery.state == WebhookDelivery.State.DONE
    assert WebhookSubscription.objects.get(connection=hub.erp).told_at is not None


def test_a_collection_notice_means_read_the_feed(subscribed):
    hub = subscribed
    made = hub.clerk("create_order", order={"externalDocumentNumber": "PHONE-2", "customerNumber": "10000"})

    tell(hub, ("collection", "?$filter=lastModifiedDateTime%20gt%202026-01-01T00:00:00Z"))
    hub.work()

    assert ErpOrder.objects.filter(connection=hub.erp, number=made["number"]).exists()


def test_a_notice_that_an_order_of_ours_was_deleted_before_it_was_mirrored_has_it_looked_at(subscribed):
    hub = subscribed
    placed = hub.place(po_number="PO-1")
    hub.pull()
    hub.work_through()
    # Long enough ago that no look-up lags behind it.
    OrderLink.objects.update(created_at=datetime.now(UTC) - timedelta(minutes=1))
    assert not ErpOrder.objects.exists()
    hub.clerk("delete_order", number=hub.link(placed).number)

    tell(hub, ("deleted", f"({hub.link(placed).external_id})"))
    hub.settle()

    assert ErpOrder.objects.get().is_gone
    assert hub.reviews() == [("check_order_totals", "totals_differ")]


def test_a_notice_of_something_else_is_flagged(subscribed):
    hub = subscribed
    WebhookSubscription.objects.create(connection=hub.erp, topic="vendors", external_id="v", address="x")
    value = [{"subscriptionId": "v", "clientState": secrets_of(hub.erp)[0], "resource": "somewhere else"}]

    Client().post(
        f"/webhooks/{hub.erp.public_id}/", data=json.dumps({"value": value}), content_type="application/json"
    )
    hub.work()

    [delivery] = WebhookDelivery.objects.filter(connection=hub.erp)
    assert delivery.state == WebhookDelivery.State.FLAGGED
