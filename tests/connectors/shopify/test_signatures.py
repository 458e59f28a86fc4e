"""Webhook signatures and headers."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.store_parts import WebhookHeaders
from hub.connectors.stores.shopify.connector import ShopifyStore

BODY = b'{"id": 1}'


def signature(key, body=BODY):
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


@pytest.mark.parametrize("key", ["current", "previous"])
def test_current_and_previous_secret_are_accepted_D3(key):
    headers = {"x-shopify-hmac-sha256": signature(key)}

    assert ShopifyStore.is_signed(headers, BODY, ["current", "previous"])


@pytest.mark.parametrize(
    ("headers", "keys"),
    [
        ({}, ["current"]),
        ({"x-shopify-hmac-sha256": ""}, ["current"]),
        ({"x-shopify-hmac-sha256": signature("another")}, ["current"]),
        ({"x-shopify-hmac-sha256": signature("current", BODY + b" ")}, ["current"]),
        ({"x-shopify-hmac-sha256": signature("current")}, []),
        ({"x-shopify-hmac-sha256": signature("")}, [""]),
        ({"x-shopify-hmac-sha256": "ünï\ud800"}, ["current"]),
    ],
)
def test_everything_else_is_not_signed_I1(headers, keys):
    assert not ShopifyStore.is_signed(headers, BODY, keys)


@given(st.text(), st.binary(), st.lists(st.text(), max_size=3))
def test_garbage_never_raises(header, body, keys):
    assert not ShopifyStore.is_signed({"x-shopify-hmac-sha256": header}, body, keys)


def test_headers_are_read():
    headers = {
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": "w1",
        "x-shopify-event-id": "e1",
        "x-shopify-shop-domain": "Example.myshopify.com",
        "x-shopify-api-version": "2026-07",
        "x-shopify-triggered-at": "2026-11-01T14:15:30.123456789Z",
    }

    read = ShopifyStore.read_headers(headers)

    assert read == WebhookHeaders(
        "orders/create",
        "w1",
        "e1",
        "example.myshopify.com",
        "2026-07",
        datetime(2026, 11, 1, 14, 15, 30, 123456, UTC),
    )


@pytest.mark.parametrize("triggered_at", ["", "soon", "2026-11-01T14:15:30"])
def test_missing_headers_are_empty(triggered_at):
    read = ShopifyStore.read_headers({"x-shopify-triggered-at": triggered_at})

    assert read == WebhookHeaders("", "", "", "", "", None)
