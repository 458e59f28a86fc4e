"""The door itself: whatever comes signed is answered 200 with rates that can be read; all else 401 or 404."""

from __future__ import annotations

import json
import uuid

import pytest
from django.db import DatabaseError
from django.test import Client

from hub.sandbox.shopify.webhooks import signature
from orders.freight import standing, traffic
from orders.freight.views import BODY_LIMIT
from orders.models import FreightPolicy, FreightRate
from tests.admin.rows import make_pair

SECRET = "the app's secret"
GOOD = {
    "rate": {
        "origin": {"country": "DE", "postal_code": "10115"},
        "destination": {"country": "DE", "postal_code": "20095", "address1": None},
        "items": [
            {
                "sku": "A",
                "quantity": 1,
                "grams": 1000,
                "price": 1999,
                "variant_id": 7,
                "requires_shipping": True,
            }
        ],
        "currency": "EUR",
        "locale": "en",
    }
}


def with_rate(**changes):
    return {"rate": GOOD["rate"] | changes}


def with_item(**changes):
    return with_rate(items=[GOOD["rate"]["items"][0] | changes])


HOSTILE = {
    "nothing": b"",
    "no JSON": b"<xml/>",
    "cut off": json.dumps(GOOD).encode()[:-20],
    "not UTF-8": b'{"rate": "\xff\xfe"}',
    "NaN": b'{"rate": NaN}',
    "Infinity": b'{"rate": {"items": [{"quantity": Infinity}]}}',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "a list": b"[1, 2]",
    "a number": b"7",
    "null": b"null",
    "no rate": b"{}",
    "rate of another type": b'{"rate": [1]}',
    "huge number": b'{"rate": {"currency": ' + b"9" * 5000 + b"}}",
    "no items": with_rate(items=[]),
    "items of another type": with_rate(items={"a": 1}),
    "an item of another type": with_rate(items=["A"]),
    "very many items": with_rate(items=GOOD["rate"]["items"] * 2001),
    "no destination": with_rate(destination=None),
    "destination of another type": with_rate(destination=7),
    "country of another type": with_rate(destination={"country": ["DE"]}),
    "currency of another type": with_rate(currency=5),
    "quantity below zero": with_item(quantity=-1),
    "quantity as a fraction": with_item(quantity=1.5),
    "quantity beyond counting": with_item(quantity=10**30),
    "quantity as true": with_item(quantity=True),
}
ODD = {
    "weight as text": with_item(grams="900"),
    "weight below zero": with_item(grams=-1),
    "weight of another type": with_item(grams={"a": 1}),
    "price of another type": with_item(price=[1]),
    "variant of another type": with_item(variant_id={"a": 1}),
    "NUL in a text": with_item(sku="\0", name="\0"),
    "totals of another type": with_rate(order_totals=[7]),
    "customer of another type": with_rate(customer="Kim"),
    "customer with an odd id": with_rate(customer={"id": "'; DROP TABLE orders_storeorder"}),
    "fields nobody knows": GOOD | {"brand new": 1},
    "address of other types": with_rate(destination={"country": "de", "postal_code": 20095, "city": None}),
}


@pytest.fixture
def store(db):
    store, _ = make_pair()
    FreightPolicy.objects.create(store=store, owner="erp", sources="table_only")
    FreightRate.objects.create(
        store=store, method_code="STD", title="Standard", price="12.50", currency="EUR"
    )
    yield store
    standing.forget()
    traffic.forget()


def ask(store, body, *, secret=SECRET, path=None, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client().post(
        path or f"/carrier/{store.public_id}/rates",
        data=raw,
        content_type="application/json",
        headers={"X-Shopify-Hmac-Sha256": signature(secret, raw), **headers},
    )


def codes(answer):
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    return [rate["service_code"] for rate in json.loads(answer.content)["rates"]]


def test_scenario_23_hostile_bodies_are_answered_with_no_rates(store):
    answers = {name: codes(ask(store, body)) for name, body in HOSTILE.items()}

    assert answers == dict.fromkeys(HOSTILE, [])


def test_scenario_23_odd_bodies_are_answered_with_rates(store):
    answers = {name: codes(ask(store, body)) for name, body in ODD.items()}

    assert answers == dict.fromkeys(ODD, ["erp-freight:STD"])


def test_only_the_store_is_answered(store):
    good = json.dumps(GOOD).encode()

    assert codes(ask(store, GOOD, **{"X-Shopify-Shop-Domain": "EU.myshopify.com"})) == ["erp-freight:STD"]
    assert ask(store, GOOD, secret="another").status_code == 401
    assert ask(store, GOOD, **{"X-Shopify-Hmac-Sha256": ""}).status_code == 401
    assert ask(store, GOOD, **{"X-Shopify-Shop-Domain": "other.myshopify.com"}).status_code == 401
    assert ask(store, b" " * BODY_LIMIT + good).status_code == 401
    assert ask(store, GOOD, path=f"/carrier/{uuid.uuid4()}/rates").status_code == 404
    assert Client().get(f"/carrier/{store.public_id}/rates").status_code == 405


def test_a_secret_that_is_being_rotated_is_accepted(store):
    store.secrets = {"client_secret": "the new one", "previous_client_secret": SECRET}
    store.save()

    assert codes(ask(store, GOOD)) == ["erp-freight:STD"]


def test_a_store_that_is_switched_off_is_told_no_rates(store):
    store.is_enabled = False
    store.save()

    assert codes(ask(store, GOOD)) == []


def test_the_table_is_known_while_the_database_is_away(store):
    ask(store, GOOD)
    known = dict(standing._known)
    standing._known[store.public_id] = (0.0, known[store.public_id][1])

    with _no_database():
        answer = ask(store, GOOD)

    assert codes(answer) == ["erp-freight:STD"]


def test_without_database_and_knowledge_the_store_uses_its_backup_rates(store):
    with _no_database():
        answer = ask(store, GOOD)

    assert answer.status_code == 503


def _no_database():
    """Every statement of this session fails, as it does while the server is away."""
    from django.db import connection

    def refuse(execute, sql, params, many, context):
        raise DatabaseError("the server is away")

    return connection.execute_wrapper(refuse)
