"""Webhook subscriptions of this app in one shop. Topics are written as deliveries carry them."""

from __future__ import annotations

from collections.abc import Sequence

from hub.connectors.stores.shopify.client import AdminClient, QueryRefused, payload_of, refusal
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.paging import completed
from hub.connectors.stores.shopify.shapes import Node, member, members, optional_member, text, texts
from hub.connectors.subscriptions import Subscribed, Subscription
from hub.errors import RecordRejected

JSON = "JSON"
# Resources of two and more words; a topic is its resource, "/", and what happened.
_LONG_RESOURCES = (
    "bulk_operations",
    "company_contact_roles",
    "company_contacts",
    "company_locations",
    "draft_orders",
    "fulfillment_holds",
    "fulfillment_orders",
    "inventory_items",
    "inventory_levels",
    "order_transactions",
    "payment_schedules",
    "payment_terms",
    "tender_transactions",
)


def enum_of_topic(topic: str) -> str:
    """WebhookSubscriptionTopic of a topic: "orders/create" is ORDERS_CREATE."""
    return topic.replace("/", "_").upper()


def topic_of_enum(enum: str) -> str:
    """The topic as deliveries carry it: ORDERS_CREATE is "orders/create"."""
    words = enum.lower()
    for resource in _LONG_RESOURCES:
        if words.startswith(resource + "_"):
            return f"{resource}/{words[len(resource) + 1 :]}"
    return words.replace("_", "/", 1)


class SubscriptionKeeper:
    """Lists, makes and deletes webhook subscriptions. Safe to share between threads."""

    def __init__(self, client: AdminClient) -> None:
        self.client = client

    def list_subscriptions(self) -> list[Subscription]:
        """Every subscription that this app made by the API in the shop."""
        whole = completed(self._page(None), self._page)
        return [_subscription(node) for node in members(whole, "nodes")]

    def _page(self, cursor: str | None) -> Node:
        reply = self.client.run(operation("WebhookSubscriptions"), {"after": cursor})
        return member(reply.data, "webhookSubscriptions")

    def create_subscriptions(self, wanted: Sequence[Subscription]) -> Subscribed:
        """Subscribe to each of these topics; what Shopify refuses is named and does not stop the others."""
        result = Subscribed(made=[], refused={})
        for subscription in wanted:
            try:
                result.made.append(self._create(subscription))
            except RecordRejected as error:
                result.refused[subscription.topic] = str(error)
        return result

    def _create(self, subscription: Subscription) -> Subscription:
        creating = operation("CreateWebhookSubscription")
        variables = {"topic": enum_of_topic(subscription.topic), "uri": subscription.address}
        payload = payload_of(creating, self.client.run(creating, variables), "webhookSubscriptionCreate")
        if errors := members(payload, "userErrors"):
            raise refusal(creating, errors)
        return _subscription(member(payload, "webhookSubscription"))

    def delete_subscription(self, external_id: str) -> None:
        """Delete one; one that is gone already is fine."""
        deleting = operation("DeleteWebhookSubscription")
        try:
            reply = self.client.run(deleting, {"id": external_id})
        except QueryRefused as error:
            if error.code != "RESOURCE_NOT_FOUND":
                raise
            return
        errors = members(payload_of(deleting, reply, "webhookSubscriptionDelete"), "userErrors")
        if errors and not all("does not exist" in text(error, "message") for error in errors):
            raise refusal(deleting, errors)


def _subscription(node: Node) -> Subscription:
    return Subscription(
        topic=topic_of_enum(text(node, "topic")),
        address=text(node, "uri"),
        external_id=text(node, "id"),
        api_version=text(optional_member(node, "apiVersion") or {}, "handle"),
        restriction=", ".join(_restrictions(node)),
    )


def _restrictions(node: Node) -> list[str]:
    """What makes this subscription tell less than every event with its whole body as JSON."""
    found = [] if text(node, "format") == JSON else [f"format {text(node, 'format')}"]
    if fields := texts(node, "includeFields"):
        found.append(f"only the fields {', '.join(fields)}")
    if chosen := text(node, "filter"):
        found.append(f"only where {chosen}")
    return found
