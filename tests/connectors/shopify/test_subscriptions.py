"""Webhook subscriptions: listed to the end, created once, deleted for certain."""

from __future__ import annotations

import pytest

from hub.connectors.stores.shopify.connector import ShopifyStore
from hub.connectors.stores.shopify.subscriptions import enum_of_topic, topic_of_enum
from hub.connectors.subscriptions import Subscription
from hub.errors import RecordRejected
from tests.connectors.shopify.scripted import END, ScriptedShop, errors, more

ADDRESS = "https://hub.example.com/webhooks/1"


def node(number, topic="ORDERS_CREATE", **changes):
    return {
        "id": f"gid://shopify/WebhookSubscription/{number}",
        "topic": topic,
        "uri": ADDRESS,
        "format": "JSON",
        "includeFields": [],
        "filter": None,
        **changes,
        "apiVersion": {"handle": "2026-07"},
    }


def deleted(*messages):
    rows = [{"field": ["id"], "message": message} for message in messages]
    return {"webhookSubscriptionDelete": {"deletedWebhookSubscriptionId": None, "userErrors": rows}}


def test_every_page_is_listed():
    pages = [
        {"webhookSubscriptions": {"nodes": [node(1)], "pageInfo": more("c1")}},
        {"webhookSubscriptions": {"nodes": [node(2, "COMPANY_LOCATIONS_UPDATE")], "pageInfo": END}},
    ]
    shop = ScriptedShop().script("WebhookSubscriptions", *pages)

    found = shop.store.list_subscriptions()

    assert found == [
        Subscription("orders/create", ADDRESS, "gid://shopify/WebhookSubscription/1", "2026-07"),
        Subscription("company_locations/update", ADDRESS, "gid://shopify/WebhookSubscription/2", "2026-07"),
    ]
    assert [one["after"] for one in shop.sent("WebhookSubscriptions")] == [None, "c1"]


@pytest.mark.parametrize(
    ("changes", "restriction"),
    [
        ({"format": "XML"}, "format XML"),
        ({"includeFields": ["id", "name"]}, "only the fields id, name"),
        ({"filter": "total_price:>=10"}, "only where total_price:>=10"),
        ({"filter": "id:1", "format": "XML"}, "format XML, only where id:1"),
        ({"filter": ""}, ""),
    ],
)
def test_what_cuts_a_delivery_is_told(changes, restriction):
    page = {"webhookSubscriptions": {"nodes": [node(1, **changes)], "pageInfo": END}}
    shop = ScriptedShop().script("WebhookSubscriptions", page)

    [found] = shop.store.list_subscriptions()

    assert found.restriction == restriction


def test_one_is_created():
    payload = {"webhookSubscriptionCreate": {"webhookSubscription": node(1), "userErrors": []}}
    shop = ScriptedShop().script("CreateWebhookSubscription", payload)

    subscribed = shop.store.create_subscriptions([Subscription("orders/create", ADDRESS)])

    assert shop.sent("CreateWebhookSubscription") == [{"topic": "ORDERS_CREATE", "uri": ADDRESS}]
    assert [made.external_id for made in subscribed.made] == ["gid://shopify/WebhookSubscription/1"]
    assert subscribed.refused == {}


def test_a_refused_address_is_told_in_shopifys_words_and_does_not_stop_the_others():
    rows = [{"field": ["uri"], "message": "Address for this topic has already been taken"}]
    payloads = [
        {"webhookSubscriptionCreate": {"webhookSubscription": None, "userErrors": rows}},
        {"webhookSubscriptionCreate": {"webhookSubscription": node(2, "ORDERS_PAID"), "userErrors": []}},
    ]
    shop = ScriptedShop().script("CreateWebhookSubscription", *payloads)

    subscribed = shop.store.create_subscriptions(
        [Subscription("orders/create", ADDRESS), Subscription("orders/paid", ADDRESS)]
    )

    assert [made.topic for made in subscribed.made] == ["orders/paid"]
    assert list(subscribed.refused) == ["orders/create"]
    assert "already been taken" in subscribed.refused["orders/create"]


@pytest.mark.parametrize(
    "answer",
    [
        deleted(),
        deleted("Webhook subscription does not exist"),
        errors("RESOURCE_NOT_FOUND", "Invalid id", {"webhookSubscriptionDelete": None}),
    ],
)
def test_deleting_is_fine_when_it_is_gone(answer):
    shop = ScriptedShop().script("DeleteWebhookSubscription", answer)

    shop.store.delete_subscription("gid://shopify/WebhookSubscription/1")

    assert shop.sent("DeleteWebhookSubscription") == [{"id": "gid://shopify/WebhookSubscription/1"}]


def test_a_refused_deletion_is_rejected():
    shop = ScriptedShop().script("DeleteWebhookSubscription", deleted("Not today"))

    with pytest.raises(RecordRejected, match="Not today"):
        shop.store.delete_subscription("gid://shopify/WebhookSubscription/1")


@pytest.mark.parametrize(
    "topic",
    [*ShopifyStore.order_topics(), "app/uninstalled", "draft_orders/create", "company_contact_roles/assign"],
)
def test_topics_survive_the_way_to_shopify_and_back(topic):
    assert topic_of_enum(enum_of_topic(topic)) == topic
