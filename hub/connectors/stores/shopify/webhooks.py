"""How Shopify signs and shapes its webhooks. Plain functions: nothing here needs a connection to the shop."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from hub.connectors.http import parse_json
from hub.connectors.store_parts import ReceivedOrder, WebhookHeaders
from hub.connectors.stores.shopify.order_body import order_from_webhook
from hub.connectors.stores.shopify.shapes import clean, gid_of_number, optional_member, parse_moment

# Not orders/edited (its body is the edit alone) and not orders/delete (the id alone).
ORDER_TOPICS = (
    "orders/create",
    "orders/updated",
    "orders/cancelled",
    "orders/paid",
    "orders/fulfilled",
    "orders/partially_fulfilled",
)
QUOTE_TOPICS = ("draft_orders/create", "draft_orders/update")
URGENT_TOPICS = ("orders/create",)
# Their bodies say too little of money and fees: they only tell which order is to be looked at.
RETURN_TOPICS = (
    "refunds/create",
    "returns/request",
    "returns/approve",
    "returns/decline",
    "returns/update",
    "returns/process",
    "returns/close",
    "returns/reopen",
    "returns/cancel",
)


def read_headers(headers: Mapping[str, str]) -> WebhookHeaders:
    """What a delivery says of itself; header names in lower case, missing values empty. Raises nothing."""
    return WebhookHeaders(
        topic=headers.get("x-shopify-topic", ""),
        delivery_id=headers.get("x-shopify-webhook-id", ""),
        event_id=headers.get("x-shopify-event-id", ""),
        account=account_name(headers.get("x-shopify-shop-domain", "")),
        api_version=headers.get("x-shopify-api-version", ""),
        triggered_at=_moment(headers.get("x-shopify-triggered-at", "")),
    )


def account_name(shop_domain: str) -> str:
    """The shop domain as everything compares it: lower case, without scheme and slashes."""
    return shop_domain.strip().lower().removeprefix("https://").removeprefix("http://").strip("/")


def is_signed(headers: Mapping[str, str], body: bytes, keys: Sequence[str]) -> bool:
    """Whether one of the keys made the base64 HMAC-SHA256 of the raw body; constant time. Raises nothing."""
    given = headers.get("x-shopify-hmac-sha256", "").strip().encode("utf-8", "replace")
    signed = False
    for key in filter(None, keys):
        digest = hmac.new(key.encode("utf-8", "replace"), body, hashlib.sha256).digest()
        signed |= hmac.compare_digest(base64.b64encode(digest), given)
    return signed


def parse_order(body: bytes) -> ReceivedOrder:
    """The order in a webhook body; NUL and lone surrogates in its texts become U+FFFD.

    Raises ValueError with the reason for everything that is not a usable order.
    """
    document = parse_json(body)
    if not isinstance(document, dict):
        raise ValueError("the body is not a JSON object")
    cleaned = clean(document)
    return ReceivedOrder(order=order_from_webhook(cleaned), payload=cleaned)


def order_told_of(body: bytes) -> str:
    """The global id of the order that the body of a refund or return names; raises ValueError where it names none."""
    document = parse_json(body)
    if not isinstance(document, dict):
        raise ValueError("the body is not a JSON object")
    found = gid_of_number(document, "order_id", "Order") or gid_of_number(
        optional_member(document, "order") or {}, "id", "Order"
    )
    if not found:
        raise ValueError("the body names no order")
    return found


def _moment(words: str) -> datetime | None:
    with suppress(ValueError):
        return parse_moment(words)
    return None
