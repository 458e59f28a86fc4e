from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

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
from hub.sync.sweep import plan_schedules
from inventory.models import StockMapping

ADDRESS = "https://hub.example.com"
FLOW = "check_subscriptions"
CREATE, DELETE = "CreateWebhookSubscription", "DeleteWebhookSubscription"
# A subscription that is older than a day may have been left behind at an older version.
LONG_AGO = datetime.now(UTC) - timedelta(days=2)


@pytest.fixture
def hub(make_hub):
    return make_hub(is_new=True)


@pytest.fixture
def public_hub(hub, settings):
    """Nobody answers at this address: the ERP, which would ask there, is left out."""
    settings.PUBLIC_URL = ADDRESS
    plan_schedules()
    Schedule.objects.filter(connection=hub.erp, flow=FLOW).update(is_enabled=False)
    return hub


@pytest.fixture
def subscribed(public_hub):
    """A hub whose first run is over, and which works only when it is asked to."""
    public_hub.work()
    Schedule.objects.update(is_enabled=False)
    return public_hub


def ours(hub, public_url=ADDRESS):
    return f"{public_url}/webhooks/{hub.euro.public_id}/"


def subscriptions(hub):
    return sorted((s["topic"], s["uri"]) for s in hub.shop().every("WebhookSubscription"))


def the_one(hub, topic="ORDERS_CREATE"):
    """The store's own row of the only subscription of a topic, to be changed."""
    [found] = hub.shop().where("WebhookSubscription", topic=topic)
    return hub.shop().tables["WebhookSubscription"][found["id"]]


def stranger(hub, like, **values):
    """A subscription that somebody made at the store beside ours."""
    hub.shop().add("WebhookSubscription", {k: v for k, v in like.items() if k != "id"} | values)


def check(hub):
    enqueue(FLOW, hub.euro.pk)
    hub.work()
    return (hub.messages(FLOW) or [""])[-1]


def writes(hub):
    """Names of the writes to the store since the last look, oldest first."""
    calls = ApiCall.objects.filter(connection=hub.euro, kind="write").order_by("pk")
    names = list(calls.values_list("operation", flat=True))
    calls.delete()
    return [name for name in names if "WebhookSubscription" in name]


def test_subscribes_every_order_topic_at_our_address(public_hub):
    hub = public_hub

    hub.work()

    found = subscriptions(hub)
    assert len(found) == 6
    assert {address for _, address in found} == {ours(hub)}
    assert {"ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_CANCELLED"} <= {topic for topic, _ in found}
    assert hub.messages(FLOW)[0] == "created 6, kept 0, what may have been missed is pulled now"
    assert WebhookSubscription.objects.filter(connection=hub.euro, address=ours(hub)).count() == 6


def test_stock_is_told_where_a_warehouse_is_mapped_to_a_location_and_no_longer_when_it_is_not(subscribed):
    hub = subscribed
    location = hub.shop().every("Location")[0]["id"]
    mapping = StockMapping.objects.create(
        store=hub.euro, erp=hub.erp, warehouse="EAST", location_external_id=location
    )

    pulled = len(hub.messages("pull_store_stock"))
    assert check(hub) == "created 9, kept 6, what may have been missed is pulled now"

    topics = {topic for topic, _ in subscriptions(hub)}
    assert {"INVENTORY_LEVELS_UPDATE", "INVENTORY_ITEMS_DELETE", "PRODUCTS_UPDATE"} <= topics
    assert len(hub.messages("pull_store_stock")) == pulled + 1
    mapping.delete()
    assert check(hub) == "created 0, kept 6"


def test_second_run_writes_nothing_and_asks_for_no_pull(subscribed):
    hub = subscribed
    before = (subscriptions(hub), list(WebhookSubscription.objects.values_list("pk", "known_at")))
    pulls = len(hub.messages("pull_store_orders"))
    writes(hub)

    said = check(hub)

    assert said == "created 0, kept 6"
    assert writes(hub) == []
    assert (subscriptions(hub), list(WebhookSubscription.objects.values_list("pk", "known_at"))) == before
    assert len(hub.messages("pull_store_orders")) == pulls


def test_B4_a_subscription_that_was_removed_or_moved_is_mended_and_foreign_ones_stay(subscribed):
    hub = subscribed
    wanted = subscriptions(hub)
    shop = hub.shop()
    first, second = shop.every("WebhookSubscription")[:2]
    shop.remove(first)
    shop.tables["WebhookSubscription"][second["id"]]["uri"] = "https://moved.example.com/"
    foreign = [
        ("ORDERS_UPDATED", "https://theirs.example.com/"),
        ("PRODUCTS_UPDATE", "https://theirs.example.com/"),
    ]
    for topic, uri in foreign:
        stranger(hub, second, topic=topic, uri=uri)

    said = check(hub)

    assert subscriptions(hub) == sorted([*wanted, *foreign])
    assert said == "created 1, replaced 1, kept 4, what may have been missed is pulled now"


def test_what_was_missed_while_it_was_not_subscribed_is_found_by_the_pull(subscribed):
    hub = subscribed
    hub.shop().remove(the_one(hub))
    placed = hub.place(po_number="PO-1")

    check(hub)

    assert hub.order(placed).po_number == "PO-1"


def test_subscriptions_at_an_older_address_of_ours_are_replaced(subscribed, settings):
    hub = subscribed
    settings.PUBLIC_URL = "https://new.example.com/behind/"
    writes(hub)

    said = check(hub)

    assert {address for _, address in subscriptions(hub)} == {ours(hub, "https://new.example.com/behind")}
    assert writes(hub) == [CREATE] * 6 + [DELETE] * 6
    assert said.startswith("created 0, replaced 6, kept 0")


def test_older_subscriptions_that_nobody_noted_are_known_by_their_address(subscribed, settings):
    hub = subscribed
    WebhookSubscription.objects.all().delete()
    settings.PUBLIC_URL = "https://new.example.com"

    check(hub)

    assert len(subscriptions(hub)) == 6


@pytest.mark.parametrize(
    "change",
    [
        {"format": "XML"},
        {"includeFields": ["id", "name"]},
        {"filter": "total_price:>=10"},
        {"left_at_version": "2025-10"},
    ],
    ids=str,
)
def test_one_that_would_tell_less_is_replaced_and_the_new_one_stands_before_it_goes(subscribed, change):
    hub = subscribed
    old = the_one(hub)
    old.update(change)
    WebhookSubscription.objects.update(known_at=LONG_AGO)
    writes(hub)

    said = check(hub)

    new = the_one(hub)
    assert (new["id"] != old["id"], new["uri"]) == (True, f"{ours(hub)}?n=2")
    assert (new["format"], new["includeFields"], new["filter"]) == ("JSON", [], None)
    assert writes(hub) == [CREATE, DELETE]
    assert said == "created 0, replaced 1, kept 5, what may have been missed is pulled now"
    assert check(hub) == "created 0, kept 6"


def test_a_webhook_to_an_address_with_a_number_is_taken(hub):
    placed = hub.place(po_number="PO-1")

    answer = hub.post(hub.body(placed), topic="orders/create", to=f"/webhooks/{hub.euro.public_id}/?n=2")

    assert answer.status_code == 200
    assert WebhookDelivery.objects.filter(connection=hub.euro).count() == 1


def test_doubled_subscriptions_are_reduced_to_one(subscribed):
    hub = subscribed
    kept = the_one(hub)
    stranger(hub, kept, uri=f"{ours(hub)}?n=2")
    stranger(hub, kept, uri=ours(hub, "https://old.example.com"))
    writes(hub)

    said = check(hub)

    assert the_one(hub)["id"] == kept["id"]
    assert writes(hub) == [DELETE] * 2
    assert said == "created 0, removed 2 doubled, kept 6"


@pytest.mark.parametrize(
    ("operation", "kind"),
    [(DELETE, "drop_before"), (CREATE, "commit_then_drop")],
)
def test_a_run_that_ended_between_create_and_delete_is_finished_by_the_next(subscribed, operation, kind):
    hub = subscribed
    the_one(hub).update({"format": "XML"})
    hub.faults({"kind": kind, "system": "store", "operation": operation, "times": 1})
    enqueue(FLOW, hub.euro.pk)
    hub.work(lambda: len(subscriptions(hub)) == 7 and SyncTask.objects.exclude(last_outcome="").exists())
    writes(hub)

    hub.hurry()
    SyncTask.objects.update(settle_at=None)
    hub.work()

    assert (len(subscriptions(hub)), the_one(hub)["format"]) == (6, "JSON")
    assert writes(hub) == [DELETE]
    assert WebhookSubscription.objects.filter(external_id=the_one(hub)["id"]).exists()
    assert check(hub) == "created 0, kept 6"


def test_an_app_set_to_another_version_is_a_question_to_a_person_and_not_replaced_again(subscribed):
    hub = subscribed
    shop = hub.shop()
    shop.settings.webhook_version = "2025-10"
    WebhookSubscription.objects.update(known_at=LONG_AGO)
    writes(hub)

    check(hub)

    assert writes(hub) == [CREATE] * 6 + [DELETE] * 6
    [item] = ReviewItem.objects.filter(state="open")
    assert item.code == "webhook_version"
    assert "API version 2025-10" in item.message
    assert "Dev Dashboard" in item.message
    check(hub)
    assert (writes(hub), len(subscriptions(hub))) == ([], 6)

    shop.settings.webhook_version = "2026-07"

    assert check(hub) == "created 0, kept 6"
    assert hub.reviews() == []


def test_a_refused_topic_goes_to_review_and_the_others_are_subscribed(public_hub):
    hub = public_hub
    hub.shop().settings.refused_topics = frozenset(["ORDERS_CREATE"])

    hub.work()

    assert len(subscriptions(hub)) == 5
    assert hub.reviews() == [(FLOW, "record_rejected")]
    assert "protected customer data" in ReviewItem.objects.get(state="open").message

    hub.shop().settings.refused_topics = frozenset()
    check(hub)

    assert len(subscriptions(hub)) == 6
    assert hub.reviews() == []


def test_a_refused_address_removes_nothing(subscribed, settings):
    hub = subscribed
    before = subscriptions(hub)
    settings.PUBLIC_URL = "https://shop.myshopify.com"

    check(hub)

    assert subscriptions(hub) == before
    assert hub.reviews() == [(FLOW, "record_rejected")]


def test_nothing_is_subscribed_without_a_public_address_or_while_writing_is_off(hub, settings):
    hub.work()
    assert subscriptions(hub) == []

    settings.PUBLIC_URL = ADDRESS
    Connection.objects.filter(pk=hub.euro.pk).update(may_write=False)
    check(hub)

    assert subscriptions(hub) == []
    assert SyncTask.objects.get(flow=FLOW, connection=hub.euro).last_outcome == "retry"


def test_store_down_then_up(public_hub):
    hub = public_hub
    hub.faults({"kind": "down", "system": "store", "mode": "503"})
    hub.work()
    assert subscriptions(hub) == []

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: len(subscriptions(hub)) == 6)

    assert hub.reviews() == []
