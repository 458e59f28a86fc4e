"""Who may call, how often, and what it costs."""

from __future__ import annotations

import json

import pytest

TOKEN = "/admin/oauth/access_token"
FORM = {"content-type": "application/x-www-form-urlencoded"}
GRANT = b"client_id=sandbox&client_secret=sandbox-secret&grant_type=client_credentials"
WRITE = """mutation Write($rows: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $rows) {
  metafields { key } userErrors { message } } }"""


def cost(answered):
    return answered["extensions"]["cost"]


def row(owner):
    return {
        "ownerId": owner,
        "namespace": "custom",
        "key": "ref",
        "type": "single_line_text_field",
        "value": "1",
    }


def test_an_unknown_token_is_refused(store):
    store.token = "wrong"

    answered = store.post("{ shop { name } }")

    assert answered.status == 401
    assert json.loads(answered.body) == {
        "errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"
    }


@pytest.mark.parametrize("form", ["form", "json"])
def test_client_credentials_are_granted_a_token_that_expires(make_store, form):
    store = make_store(token_life=60, scopes="read_orders,write_orders")
    pairs = dict(pair.split("=") for pair in GRANT.decode().split("&"))
    headers = FORM if form == "form" else {"content-type": "application/json"}

    granted = store.send("POST", TOKEN, GRANT if form == "form" else json.dumps(pairs).encode(), **headers)

    body = json.loads(granted.body)
    assert (body["scope"], body["expires_in"]) == ("read_orders,write_orders", 60)
    store.token = body["access_token"]
    assert store.post("{ shop { name } }").status == 200
    store.seconds = 61
    assert store.post("{ shop { name } }").status == 401


def test_a_wrong_secret_gets_no_token(store):
    answered = store.send("POST", TOKEN, GRANT.replace(b"sandbox-secret", b"guess"), **FORM)

    assert (answered.status, json.loads(answered.body)) == (401, {"error": "invalid_client"})


def test_revoked_tokens_end_at_once(store):
    store.token = json.loads(store.send("POST", TOKEN, GRANT, **FORM).body)["access_token"]

    store.store.act("revoke_tokens", {})

    assert store.post("{ shop { name } }").status == 401


def test_a_missing_scope_is_named(make_store):
    store = make_store(scopes="read_products")

    answered = store.ask("{ orders(first: 1) { nodes { id } } }")

    assert answered["data"] is None
    (error,) = answered["errors"]
    assert error["path"] == ["orders"]
    assert error["extensions"] == {
        "code": "ACCESS_DENIED",
        "documentation": "https://shopify.dev/api/usage/access-scopes",
        "requiredAccess": "`read_orders` access scope.",
    }


def test_any_version_falls_forward(store):
    body = json.dumps({"query": "{ shop { currencyCode } }"}).encode()
    headers = {"x-shopify-access-token": "sandbox"}

    answered = store.send("POST", "/admin/api/2024-01/graphql.json", body, **headers)

    assert answered.status == 200
    assert answered.headers["X-Shopify-API-Version"] == "2026-07"


def test_pages_cost_by_their_size_and_are_refunded_by_what_came(store):
    store.place()

    answered = store.ask("{ orders(first: 50) { nodes { id totalPriceSet { shopMoney { amount } } } } }")

    assert (cost(answered)["requestedQueryCost"], cost(answered)["actualQueryCost"]) == (150, 3)
    assert cost(answered)["throttleStatus"] == {
        "maximumAvailable": 2000.0,
        "currentlyAvailable": 1997,
        "restoreRate": 100.0,
    }


def test_a_query_above_a_thousand_points_is_refused(store):
    answered = store.ask("{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { id } } } } }")

    assert "data" not in answered
    assert answered["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert answered["errors"][0]["extensions"]["maxCost"] == 1000


def test_metafields_cost_by_their_distinct_owners(store):
    orders = [store.place() for _ in range(3)]
    product = store.store.truth()["products"][0]["id"]

    one = store.ask(WRITE, rows=[row(orders[0]), {**row(orders[0]), "key": "other"}])
    many = store.ask(WRITE, rows=[row(owner) for owner in [*orders, product]])

    assert cost(one)["actualQueryCost"] == 20
    assert cost(many)["actualQueryCost"] == 44


def test_an_empty_bucket_throttles_and_refills(store):
    query = "{ orders(first: 250) { nodes { id purchasingEntity { __typename } customer { id } } } }"
    store.store.bucket.take(1990)

    throttled = store.ask(query)
    store.seconds = 10
    later = store.ask(query)

    assert throttled["errors"] == [
        {
            "message": "Throttled",
            "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"},
        }
    ]
    assert cost(throttled)["throttleStatus"]["currentlyAvailable"] == 10
    assert "errors" not in later
    assert store.store.truth()["counters"]["throttled"] == 1


@pytest.mark.parametrize(("plan", "rate"), [("standard", 100.0), ("advanced", 200.0), ("plus", 1000.0)])
def test_the_plan_sets_the_rate(make_store, plan, rate):
    status = cost(make_store(plan=plan).ask("{ shop { name } }"))["throttleStatus"]

    assert (status["restoreRate"], status["maximumAvailable"]) == (rate, 20 * rate)


def test_unknown_fields_are_refused_before_anything_runs(store):
    answered = store.ask("{ shop { nmae } }")

    assert "data" not in answered
    assert answered["errors"][0]["message"] == "Field 'nmae' doesn't exist on type 'Shop'"
    assert answered["errors"][0]["extensions"]["code"] == "undefinedField"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (
            'mutation @idempotent(key: "a") { orderClose(input: {id: "x"}) { order { id } } }',
            "directiveCannotBeApplied",
        ),
        ("{ orders(first: 1, where: 2) { nodes { id } } }", "argumentNotAccepted"),
        ("{ order { id } }", "missingRequiredArguments"),
        ("{ orders(first: 1, sortKey: SIZE) { nodes { id } } }", "argumentLiteralsIncompatible"),
        ("{ orders(first: 1) { nodes { id } }", "parseError"),
    ],
)
def test_mistakes_in_a_document_have_the_store_codes(store, document, code):
    answered = store.ask(document)

    assert "data" not in answered
    assert answered["errors"][0]["extensions"]["code"] == code


def test_the_operation_is_named_for_fault_rules(store):
    from hub.sandbox.system import Request

    def name(query, **more):
        body = json.dumps({"query": query, **more}).encode()
        return store.store.operation(Request("POST", "/admin/api/2026-07/graphql.json", "", {}, body))

    assert name("query Orders { shop { name } }") == "Orders"
    assert name("{ shop { name } }") == "shop"
    assert store.store.operation(Request("POST", TOKEN, "", {}, GRANT)) == "POST access_token"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"colour": "red"}, "no option colour"),
        ({"plan": "gold"}, "plan is one of standard"),
        ({"timezone": "Mars/Base"}, "timezone is an IANA name"),
    ],
)
def test_impossible_options_are_refused_in_words(make_store, options, words):
    with pytest.raises(ValueError, match=words):
        make_store(**options)
