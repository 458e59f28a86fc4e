"""Webhooks: their shape against the published examples, their signature, and when they are sent."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[4] / "shared" / "specs" / "shopify" / "webhooks-2026-07"
needs_examples = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="the published examples are not beside this repository"
)

WRITE = """mutation Write($rows: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $rows) {
  metafields { key value } userErrors { field message code } } }"""
UPDATE = """mutation Update($input: OrderInput!) { orderUpdate(input: $input) {
  order { updatedAt } userErrors { field message } } }"""


def example(name):
    return json.loads((EXAMPLES / f"{name}.example.json").read_text())


def bodies(sent, topic):
    return [json.loads(out.body) for out in sent if out.topic == topic]


def test_a_delivery_is_signed_and_says_what_it_is(store):
    store.subscribe("ORDERS_CREATE")
    store.place()

    (out,) = store.sent()

    expected = base64.b64encode(hmac.new(b"sandbox-secret", out.body, hashlib.sha256).digest()).decode()
    assert out.url == "https://hub.example/hooks"
    assert out.headers["X-Shopify-Hmac-Sha256"] == expected
    assert out.headers["X-Shopify-Topic"] == "orders/create"
    assert out.headers["X-Shopify-Shop-Domain"] == "shop.myshopify.com"
    assert out.headers["X-Shopify-API-Version"] == "2026-07"
    assert out.headers["X-Shopify-Triggered-At"] == "2026-11-02T09:30:00.000000Z"
    assert out.key == json.loads(out.body)["admin_graphql_api_id"]


def test_two_subscriptions_share_the_event_but_not_the_delivery(store):
    store.subscribe("ORDERS_CREATE", uri="https://one.example/h")
    store.subscribe("ORDERS_CREATE", uri="http://127.0.0.1:8000/h")
    store.place()

    first, second = store.sent()

    assert first.headers["X-Shopify-Event-Id"] == second.headers["X-Shopify-Event-Id"]
    assert first.headers["X-Shopify-Webhook-Id"] != second.headers["X-Shopify-Webhook-Id"]


@needs_examples
def test_the_body_has_the_published_keys_and_the_company(store):
    store.subscribe("ORDERS_CREATE")
    store.place(
        shipping=[{"title": "Freight", "price": "5.00"}],
        taxes=[{"title": "VAT", "rate": "0.19"}],
        shipping_address={"address1": "Dock 4", "city": "Bonn", "country_code": "DE"},
        billing_address={"address1": "Main St 1", "city": "Bonn", "country_code": "DE"},
    )

    (body,) = bodies(store.sent(), "orders/create")

    published = example("orders/create")
    assert set(body) - {"company"} == set(published)
    assert set(body["line_items"][0]) == set(published["line_items"][0])
    assert set(body["shipping_lines"][0]) == set(published["shipping_lines"][0])
    assert set(body["billing_address"]) == set(published["billing_address"])
    assert set(body["customer"]) == set(published["customer"])
    assert sorted(body["company"]) == ["id", "location_id"]
    assert (body["total_price"], body["total_tax"], body["subtotal_price"]) == ("29.75", "4.75", "20.00")
    assert body["payment_terms"]["payment_terms_type"] == "net"


def test_times_are_in_the_shop_zone(make_store):
    store = make_store(timezone="America/New_York")
    store.subscribe("ORDERS_CREATE")
    store.place()

    (body,) = bodies(store.sent(), "orders/create")

    assert body["created_at"] == "2026-11-02T04:30:00-05:00"


def test_a_clerk_edit_and_a_cancel_are_told(store):
    store.subscribe("ORDERS_UPDATED", "ORDERS_CANCELLED", "ORDERS_PAID")
    store.place()

    store.store.act("edit_order", {"order": "#1001", "note": "Later", "po_number": "PO-8", "tags": ["late"]})
    store.store.act("pay_order", {"order": "#1001"})
    store.store.act("cancel_order", {"order": "#1001", "refund": True})

    sent = store.sent()
    assert [out.topic for out in sent] == [
        "orders/updated",
        "orders/paid",
        "orders/updated",
        "orders/cancelled",
        "orders/updated",
    ]
    first, last = bodies(sent, "orders/updated")[0], bodies(sent, "orders/cancelled")[0]
    assert (first["note"], first["po_number"], first["tags"]) == ("Later", "PO-8", "late")
    assert (last["financial_status"], last["cancel_reason"]) == ("refunded", "customer")


@needs_examples
def test_a_quantity_edit_has_the_published_shape(store):
    store.subscribe("ORDERS_EDITED")
    gid = store.place()
    line = store.store.truth()["orders"][0]["lines"][0]["id"]

    store.store.act("edit_order", {"order": gid, "quantities": {line: 1}})

    (body,) = bodies(store.sent(), "orders/edited")
    assert set(body["order_edit"]) == set(example("orders/edited")["order_edit"])
    assert body["order_edit"]["line_items"]["removals"] == [{"id": int(line.rpartition("/")[2]), "delta": 1}]


def test_a_metafield_write_of_the_app_comes_back_as_news(store):
    store.subscribe("ORDERS_UPDATED")
    gid = store.place()
    store.seconds = 60
    row = {
        "ownerId": gid,
        "namespace": "custom",
        "key": "erp_id",
        "type": "single_line_text_field",
        "value": "SO-1",
    }

    written = store.data(WRITE, rows=[row])

    assert written["metafieldsSet"]["userErrors"] == []
    (body,) = bodies(store.sent(), "orders/updated")
    assert body["updated_at"] == "2026-11-02T09:31:00+00:00"


def test_a_delivery_says_how_things_stood_when_it_was_triggered(store):
    store.subscribe("ORDERS_CREATE", "ORDERS_UPDATED")
    gid = store.place(note="before")

    store.data(UPDATE, input={"id": gid, "note": "after"})

    sent = store.sent()
    assert [b["note"] for b in bodies(sent, "orders/create") + bodies(sent, "orders/updated")] == [
        "before",
        "after",
    ]


def test_a_second_subscription_of_the_same_address_is_refused(store):
    store.subscribe("ORDERS_CREATE")
    again = """mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: {
      uri: "https://hub.example/hooks"}) { webhookSubscription { id } userErrors { field message } } }"""

    refused = store.data(again)["webhookSubscriptionCreate"]

    assert refused["webhookSubscription"] is None
    assert refused["userErrors"] == [
        {
            "field": ["webhookSubscription", "callbackUrl"],
            "message": "Address for this topic has already been taken",
        }
    ]


def test_plain_http_elsewhere_is_refused(store):
    wrong = """mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: {
      uri: "http://hub.example/hooks"}) { webhookSubscription { id } userErrors { message } } }"""

    refused = store.data(wrong)["webhookSubscriptionCreate"]

    assert refused == {"webhookSubscription": None, "userErrors": [{"message": "Address is invalid"}]}


SUBSCRIBE = """mutation Subscribe($topic: WebhookSubscriptionTopic!, $input: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $input) {
    webhookSubscription { id apiVersion { handle } } userErrors { field message } } }"""


def subscribed(store, topic="ORDERS_CREATE", **given):
    wanted = {"uri": "https://hub.example/hooks", **given}
    return store.data(SUBSCRIBE, topic=topic, input=wanted)["webhookSubscriptionCreate"]


@pytest.mark.parametrize("host", ["shop.myshopify.com", "admin.shopify.com", "shopify.com"])
def test_the_stores_own_domains_are_refused(store, host):
    refused = subscribed(store, uri=f"https://{host}/hooks")

    assert refused["webhookSubscription"] is None
    assert refused["userErrors"][0]["message"] == "Address cannot be a Shopify domain"


def test_a_topic_needs_a_scope_of_its_subject(make_store):
    store = make_store(scopes="read_customers")

    assert subscribed(store)["userErrors"][0]["field"] == ["topic"]
    assert subscribed(store, "COMPANY_LOCATIONS_UPDATE")["userErrors"] == []
    assert subscribed(store, "APP_UNINSTALLED")["userErrors"] == []


def test_a_topic_that_the_app_is_not_approved_for_is_refused(make_store):
    store = make_store(refused_topics=["ORDERS_CREATE"])

    refused = subscribed(store)

    assert "protected customer data" in refused["userErrors"][0]["message"]
    assert subscribed(store, "ORDERS_UPDATED")["userErrors"] == []


def test_another_format_or_filter_is_another_subscription_but_other_fields_are_not(store):
    subscribed(store)

    assert subscribed(store, format="XML")["userErrors"] == []
    assert subscribed(store, filter="total_price:>=10")["userErrors"] == []
    assert subscribed(store, uri="https://hub.example/hooks?n=2")["userErrors"] == []
    assert "already been taken" in subscribed(store, includeFields=["id"])["userErrors"][0]["message"]


def test_chosen_fields_cut_the_body(store):
    subscribed(store, includeFields=["id", "name"])
    store.place()

    (body,) = bodies(store.sent(), "orders/create")

    assert sorted(body) == ["id", "name"]


def test_the_version_is_the_apps_for_every_subscription(make_store):
    store = make_store(webhook_version="2026-04")

    made = subscribed(store)["webhookSubscription"]
    store.place()

    assert made["apiVersion"] == {"handle": "2026-04"}
    assert [out.headers["X-Shopify-API-Version"] for out in store.sent()] == ["2026-04"]


def test_a_subscription_whose_retries_are_spent_is_gone(store):
    store.subscribe("ORDERS_CREATE")
    store.place()
    (out,) = store.sent()

    store.store.gave_up(out)

    assert store.store.truth()["subscriptions"] == []


@needs_examples
def test_a_raw_order_is_sent_as_it_was_given(store):
    store.subscribe("ORDERS_CREATE", "ORDERS_UPDATED")
    payload = example("orders/create")

    store.store.act("place_raw_order", {"payload": copy.deepcopy(payload)})

    assert bodies(store.sent(), "orders/create") == [payload]


@needs_examples
def test_a_raw_order_reads_the_same_over_graphql(store):
    payload = example("orders/create")
    gid = store.store.act("place_raw_order", {"payload": payload})["id"]
    query = """query Read($id: ID!) { order(id: $id) { id name createdAt cancelledAt cancelReason tags
      displayFinancialStatus currencyCode totalPriceSet { shopMoney { amount } }
      totalDiscountsSet { shopMoney { amount } } totalOutstandingSet { shopMoney { amount } }
      shippingAddress { address1 provinceCode countryCodeV2 } customer { id email }
      lineItems(first: 10) { nodes { id sku quantity originalUnitPriceSet { shopMoney { amount } } } }
      shippingLines(first: 2) { nodes { title originalPriceSet { shopMoney { amount } } } } } }"""

    order = store.data(query, id=gid)["order"]

    lines = order["lineItems"]["nodes"]
    assert [line["sku"] for line in lines] == [row["sku"] for row in payload["line_items"]]
    assert [line["id"] for line in lines] == [row["admin_graphql_api_id"] for row in payload["line_items"]]
    assert order["createdAt"] == "2022-01-01T00:00:00Z"
    assert (order["totalPriceSet"]["shopMoney"]["amount"], order["name"]) == ("404.95", "#9999")
    assert order["totalOutstandingSet"]["shopMoney"]["amount"] == "414.95"
    assert (order["displayFinancialStatus"], order["cancelReason"]) == ("VOIDED", "CUSTOMER")
    assert order["tags"] == ["tag1", "tag2"]
    assert order["customer"] == {
        "id": "gid://shopify/Customer/115310627314723954",
        "email": "john@example.com",
    }
    assert order["shippingAddress"] == {
        "address1": "123 Shipping Street",
        "provinceCode": "KY",
        "countryCodeV2": "US",
    }


@needs_examples
def test_an_edited_raw_order_keeps_its_shape(store):
    store.subscribe("ORDERS_UPDATED")
    payload = example("orders/create")
    gid = store.store.act("place_raw_order", {"payload": payload})["id"]

    store.store.act("edit_order", {"order": gid, "note": "New", "tags": ["x"]})

    (body,) = bodies(store.sent(), "orders/updated")
    assert set(body) == set(payload)
    assert (body["note"], body["tags"], body["id"]) == ("New", "x", payload["id"])
    assert body["line_items"] == payload["line_items"]
    assert body["updated_at"] == "2026-11-02T09:30:00+00:00"


@needs_examples
def test_company_locations_are_told_in_the_published_shape(store):
    store.subscribe("COMPANY_LOCATIONS_UPDATE")
    location = store.store.truth()["company_locations"][0]["id"]
    change = """mutation Change($id: ID!) { companyLocationTaxSettingsUpdate(companyLocationId: $id,
      taxRegistrationId: "DE000") { companyLocation { taxSettings { taxRegistrationId } }
      userErrors { message } } }"""

    store.data(change, id=location)

    (body,) = bodies(store.sent(), "company_locations/update")
    assert set(body) == set(example("company_locations/update"))
    assert body["tax_registration"] == {"tax_id": "DE000"}


def test_text_without_a_utf8_form_is_escaped(store):
    store.subscribe("ORDERS_CREATE")
    gid = store.place(note="half \ud83d", tags=["\U0001f4a9"])

    (body,) = bodies(store.sent(), "orders/create")
    read = store.data("query($id: ID!) { order(id: $id) { note } }", id=gid)

    assert (body["note"], body["tags"]) == ("half \ud83d", "\U0001f4a9")
    assert read["order"]["note"] == "half \ud83d"
