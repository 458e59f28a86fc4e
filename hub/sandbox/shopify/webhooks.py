"""Webhook subscriptions, and the signed deliveries that events turn into."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from urllib.parse import urlsplit

from hub.sandbox.shopify.access import scopes_for_topic
from hub.sandbox.shopify.encoding import json_bytes
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.paging import page
from hub.sandbox.shopify.registry import field, mutation, query
from hub.sandbox.shopify.shop import Shop, count_of
from hub.sandbox.system import Outgoing

LONGEST_ADDRESS = 65_535
OWN_DOMAINS = (".shopify.com", ".myshopify.com")
_SUBJECT = re.compile(rb'"admin_graphql_api_id":"([^"]+)"')
_FIELDS = ["format", "includeFields", "filter", "metafieldNamespaces", "name"]


@query("webhookSubscription")
def webhook_subscription(shop: Shop, args: Args) -> Record | None:
    return shop.read("WebhookSubscription", args["id"])


@query("webhookSubscriptions")
def webhook_subscriptions(shop: Shop, args: Args) -> Record:
    found = shop.every("WebhookSubscription")
    wanted_uri = args.get("uri") or args.get("callbackUrl")
    if args.get("topics"):
        found = [s for s in found if s["topic"] in args["topics"]]
    if wanted_uri:
        found = [s for s in found if s["uri"] == wanted_uri]
    if args.get("format"):
        found = [s for s in found if s["format"] == args["format"]]
    return page(found, args)


@query("webhookSubscriptionsCount")
def webhook_subscriptions_count(shop: Shop, _args: Args) -> Record:
    return count_of(shop.every("WebhookSubscription"))


@field("WebhookSubscription.callbackUrl")
def callback_url(_shop: Shop, subscription: Record, _args: Args) -> str:
    return str(subscription["uri"])


@field("WebhookSubscription.endpoint")
def endpoint(_shop: Shop, subscription: Record, _args: Args) -> Record:
    return {"__typename": "WebhookHttpEndpoint", "callbackUrl": subscription["uri"]}


@field("WebhookSubscription.apiVersion")
def api_version(shop: Shop, subscription: Record, _args: Args) -> Record:
    version = version_of(shop, subscription)
    return {"handle": version, "displayName": version, "supported": True}


def version_of(shop: Shop, subscription: Record) -> str:
    """The app's version, unless a test left this subscription behind at another one."""
    return str(subscription.get("left_at_version") or shop.settings.webhook_version)


def _checked_uri(given: Record) -> str:
    uri = str(given.get("uri") or given.get("callbackUrl") or "")
    path = ["webhookSubscription", "callbackUrl"]
    if not uri:
        raise Refused(path, "Address can't be blank")
    parts = urlsplit(uri)
    # The store itself takes https only; a sandbox's receiver may run beside it.
    is_local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    if len(uri) > LONGEST_ADDRESS or not parts.hostname or not (parts.scheme == "https" or is_local):
        raise Refused(path, "Address is invalid")
    if f".{parts.hostname}".endswith(OWN_DOMAINS):
        raise Refused(path, "Address cannot be a Shopify domain")
    return uri


def _check_topic(shop: Shop, topic: str) -> None:
    scopes = scopes_for_topic(topic)
    if topic in shop.settings.refused_topics or (scopes and not shop.settings.scopes.intersection(scopes)):
        raise Refused(
            ["topic"],
            f"You do not have permission to create or update webhooks with {topic.lower()} topic. "
            "This topic might require protected customer data approval.",
        )


def _check_unique(shop: Shop, wanted: Record, own_id: str | None) -> None:
    for other in shop.where("WebhookSubscription", topic=wanted["topic"], uri=wanted["uri"]):
        same = other["format"] == wanted["format"] and other["filter"] == wanted["filter"]
        if same and other["id"] != own_id:
            raise Refused(
                ["webhookSubscription", "callbackUrl"], "Address for this topic has already been taken"
            )


def _wanted(topic: str, given: Record, before: Record) -> Record:
    wanted = {
        "format": "JSON",
        "includeFields": [],
        "filter": None,
        "metafieldNamespaces": [],
        "name": None,
        **before,
    }
    wanted.update({key: given[key] for key in _FIELDS if given.get(key) is not None})
    return {**wanted, "topic": topic}


@mutation("webhookSubscriptionCreate")
def webhook_subscription_create(shop: Shop, args: Args) -> Record:
    given = args["webhookSubscription"]
    _check_topic(shop, args["topic"])
    wanted = {**_wanted(args["topic"], given, {}), "uri": _checked_uri(given)}
    _check_unique(shop, wanted, None)
    return {"webhookSubscription": shop.add("WebhookSubscription", wanted)}


@mutation("webhookSubscriptionUpdate")
def webhook_subscription_update(shop: Shop, args: Args) -> Record:
    record, given = shop.get("WebhookSubscription", args["id"]), args["webhookSubscription"]
    if record is None:
        raise Refused(["id"], "Webhook subscription does not exist")
    _check_topic(shop, record["topic"])
    wanted = _wanted(record["topic"], given, record)
    if given.get("uri") or given.get("callbackUrl"):
        wanted["uri"] = _checked_uri(given)
    _check_unique(shop, wanted, record["id"])
    record.update(wanted)
    shop.touch(record)
    return {"webhookSubscription": record}


@mutation("webhookSubscriptionDelete")
def webhook_subscription_delete(shop: Shop, args: Args) -> Record:
    record = shop.get("WebhookSubscription", args["id"])
    if record is None:
        raise Refused(["id"], "Webhook subscription does not exist")
    shop.remove(record)
    return {"deletedWebhookSubscriptionId": record["id"]}


def signature(secret: str, body: bytes) -> str:
    """X-Shopify-Hmac-Sha256 of a raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def deliveries(shop: Shop) -> list[Outgoing]:
    """The webhooks for all events noted so far, which are forgotten by this."""
    made: list[Outgoing] = []
    for event in shop.events:
        wanted = shop.where("WebhookSubscription", topic=event.topic.replace("/", "_").upper())
        if wanted:
            body = event.body()
            event_id, stamp = str(uuid.uuid4()), shop.clock().isoformat(timespec="microseconds")
            made += [_outgoing(shop, event.topic, s, body, event_id, stamp) for s in wanted]
    shop.events.clear()
    return made


def _outgoing(
    shop: Shop, topic: str, subscription: Record, told: Record, event_id: str, stamp: str
) -> Outgoing:
    fields = subscription["includeFields"]
    # Only top-level fields; the store knows paths into them as well.
    body = json_bytes({key: told[key] for key in told if key in fields} if fields else told)
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": signature(shop.settings.client_secret, body),
        "X-Shopify-Shop-Domain": shop.settings.domain,
        "X-Shopify-API-Version": version_of(shop, subscription),
        "X-Shopify-Webhook-Id": str(uuid.uuid4()),
        "X-Shopify-Event-Id": event_id,
        "X-Shopify-Triggered-At": stamp.replace("+00:00", "Z"),
    }
    return Outgoing(subscription["uri"], headers, body, topic, key=_subject(body))


def _subject(body: bytes) -> str:
    found = _SUBJECT.search(body)
    return found[1].decode() if found else ""


def forget_subscription(shop: Shop, topic: str, url: str) -> None:
    """A subscription whose deliveries failed for good is deleted by the store
    (https://shopify.dev/changelog/updates-to-webhook-retry-mechanism)."""
    for record in shop.where("WebhookSubscription", topic=topic.replace("/", "_").upper(), uri=url):
        shop.remove(record)
