"""Settings, limits and the connection test."""

from __future__ import annotations

import httpx
import pytest

from hub.connectors.base import Limits
from hub.connectors.erp_parts import SalesOrders
from hub.connectors.registry import connector_class
from hub.connectors.store_parts import (
    Companies,
    OrderHistory,
    OrderMetafields,
    OrderReferences,
    Webhooks,
)
from hub.connectors.stores.shopify.connector import ShopifyStore, base_url
from hub.connectors.subscriptions import Subscriptions
from hub.errors import ConnectionBroken, Unreachable
from tests.connectors.shopify.scripted import ScriptedShop, good

SCOPES = [
    "read_orders",
    "write_orders",
    "read_customers",
    "read_companies",
    "read_products",
    "write_merchant_managed_fulfillment_orders",
    "write_order_edits",
    "write_draft_orders",
    "write_inventory",
    "read_locations",
    "write_returns",
    "read_all_orders",
]


def shop_data(scopes, domain="example.myshopify.com"):
    shop = {
        "name": "Example",
        "currencyCode": "EUR",
        "ianaTimezone": "Europe/Berlin",
        "myshopifyDomain": domain,
        "plan": {"publicDisplayName": "Plus"},
    }
    return {"shop": shop, "currentAppInstallation": {"accessScopes": [{"handle": one} for one in scopes]}}


def checks(answer):
    return [
        (check.name, check.is_ok) for check in ScriptedShop().script("ConnectionTest", answer).store.test()
    ]


def test_a_good_connection_passes_every_check():
    shop = ScriptedShop().script("ConnectionTest", shop_data(SCOPES))

    found = shop.store.test()

    assert [(check.name, check.is_ok, check.detail) for check in found] == [
        ("Sign-in", True, "Shopify accepts the token."),
        ("Shop", True, "Example, EUR, Europe/Berlin, plan Plus"),
        ("API version", True, "2026-07"),
        ("Scopes", True, "Everything the hub needs is granted."),
    ]


@pytest.mark.parametrize("scope", ["write_orders", "read_customers", "read_companies", "read_products"])
def test_each_missing_scope_is_named_D6(scope):
    found = checks(shop_data([one for one in SCOPES if one != scope]))

    assert (f"Scope {scope}", False) in found


def test_writing_includes_reading():
    scopes = ["write_orders", "write_customers", "write_companies", "write_products", "read_all_orders"]

    assert ("Scopes", True) in checks(shop_data(scopes))


def test_sixty_days_of_orders_are_a_warning():
    shop = ScriptedShop().script("ConnectionTest", shop_data(SCOPES[:-1]))

    last = shop.store.test()[-1]

    assert (last.name, last.is_ok) == ("Scope read_all_orders", True)
    assert last.detail.startswith("Warning: ")


@pytest.mark.parametrize("scope", ["write_order_edits", "read_locations"])
def test_what_some_stores_do_not_use_is_a_warning(scope):
    found = checks(shop_data([one for one in SCOPES if one != scope]))

    assert found[-1] == (f"Scope {scope}", True)


def test_another_api_version_is_a_warning_H1():
    answer = good(shop_data(SCOPES))
    answer.headers["X-Shopify-API-Version"] = "2026-10"
    shop = ScriptedShop().script("ConnectionTest", answer)

    version = shop.store.test()[2]

    assert version.is_ok
    assert version.detail == "Warning: Shopify served 2026-10, not 2026-07. Update the hub soon."


def test_another_shop_fails():
    assert ("Shop", False) in checks(shop_data(SCOPES, domain="other.myshopify.com"))


def test_a_refused_token_is_a_failed_check_and_no_error():
    assert checks(httpx.Response(401)) == [("Sign-in", False)]


def test_a_shop_that_does_not_answer_is_unreachable():
    with pytest.raises(Unreachable):
        checks(httpx.ReadTimeout("slow"))


@pytest.mark.parametrize(
    ("plan", "points"),
    [("standard", 100), ("advanced", 200), ("Plus ", 1000), ("enterprise", 2000), ("", 100)],
)
def test_limits_begin_with_the_plan(plan, points):
    limits = ShopifyStore.limits({"plan": plan})

    assert limits == Limits(points, points * 20, limits.concurrency, "points")
    assert limits.concurrency >= 1


def test_limits_are_counted_by_app_and_shop():
    config = {"shop_domain": " HTTPS://Example.myshopify.com/ ".lower(), "client_id": "app1"}

    assert ShopifyStore.credential_name(config) == "shopify:example.myshopify.com:app1"
    assert ShopifyStore.account(config) == "example.myshopify.com"


@pytest.mark.parametrize(
    ("config", "address"),
    [
        ({"shop_domain": "Example.myshopify.com"}, "https://example.myshopify.com"),
        (
            {"shop_domain": "e.myshopify.com", "api_base_url": "http://127.0.0.1:9100"},
            "http://127.0.0.1:9100",
        ),
    ],
)
def test_the_api_is_at_the_shop_unless_told_otherwise(config, address):
    assert base_url(config) == address


def test_both_secrets_sign_during_a_rotation_D3():
    assert ShopifyStore.signing_keys({"client_secret": "new", "previous_client_secret": "old"}) == (
        "new",
        "old",
    )
    assert ShopifyStore.signing_keys({"client_secret": "new", "previous_client_secret": ""}) == ("new",)


def test_it_is_registered_and_plays_the_store_parts():
    store = ScriptedShop().store

    assert connector_class("shopify") is ShopifyStore
    for part in (OrderHistory, OrderMetafields, Companies, OrderReferences, Subscriptions, Webhooks):
        assert store.supporting(part) is store
    with pytest.raises(ConnectionBroken, match="Shopify cannot do SalesOrders"):
        store.supporting(SalesOrders)
