"""How the tests here speak to a simulated store: straight to the system, no sockets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from hub.sandbox.shopify.store import ShopifyStore
from hub.sandbox.system import Request

GRAPHQL = "/admin/api/2026-07/graphql.json"


class Client:
    """One store with a clock that stands still until a test moves it."""

    def __init__(self, **options):
        self.store = ShopifyStore("shop", options)
        self.seconds = 0.0
        self.token = "sandbox"
        self.restart(options.get("profile", "empty"))

    def restart(self, profile):
        self.store.reset(profile)
        self.store.shop.clock = lambda: (
            datetime(2026, 11, 2, 9, 30, tzinfo=UTC) + timedelta(seconds=self.seconds)
        )
        self.store.shop.monotonic = lambda: self.seconds
        self.store.bucket._at = 0.0
        for record in self.store.shop.every("Order"):
            record["_unindexed"] = (0.0, None)

    def send(self, method, path, body=b"", **headers):
        return self.store.handle(Request(method, path, "", headers, body))

    def post(self, query, variables=None, lag=0.0):
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        headers = {"x-shopify-access-token": self.token}
        return self.store.handle(Request("POST", GRAPHQL, "", headers, body, lag=lag))

    def ask(self, query, /, lag=0.0, **variables):
        """The whole answer."""
        return json.loads(self.post(query, variables, lag).body)

    def data(self, query, /, **variables):
        """The data of an answer without errors."""
        answered = self.ask(query, **variables)
        assert "errors" not in answered, answered["errors"]
        return answered["data"]

    def place(self, **order):
        """A B2B order of one company with VAT of 19 %, unless told otherwise; its gid."""
        defaults = {
            "company": "C-1",
            "contact": "buyer@acme.example",
            "lines": [{"sku": "A", "quantity": 2, "price": "10.00"}],
            "payment_terms": "Net 30",
        }
        return self.store.act("place_order", defaults | order)["id"]

    def subscribe(self, *topics, uri="https://hub.example/hooks"):
        for topic in topics:
            made = self.data(SUBSCRIBE, topic=topic, input={"uri": uri})
            assert made["webhookSubscriptionCreate"]["userErrors"] == []

    def sent(self):
        """The webhooks since the last look, and forgets them."""
        taken, self.store.outbox = self.store.outbox, []
        return taken


SUBSCRIBE = """mutation Subscribe($topic: WebhookSubscriptionTopic!, $input: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $input) {
    webhookSubscription { id topic uri } userErrors { field message } } }"""

ACME = {
    "companies": [
        {
            "name": "Acme",
            "external_id": "C-1",
            "locations": [
                {
                    "name": "Acme HQ",
                    "external_id": "C-1-1",
                    "tax_registration_id": "DE999999999",
                    "address": {
                        "address1": "Main St 1",
                        "city": "Bonn",
                        "zip": "53111",
                        "country_code": "DE",
                    },
                }
            ],
            "contacts": [{"email": "buyer@acme.example", "first_name": "Robin", "last_name": "Buyer"}],
        }
    ],
    "products": [
        {"title": "Anvil", "sku": "A", "price": "12.50"},
        {"title": "Bellows", "sku": "B", "price": "7.35"},
    ],
}


def acme(**options):
    """A store with one company of one location and two products."""
    client = Client(**options)
    client.store.seed(ACME)
    client.sent()
    return client
