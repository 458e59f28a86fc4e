"""What Shopify answers on the wire, and what becomes of it."""

from __future__ import annotations

import json

import httpx
import pytest

from hub.connectors.base import ObservedLimits
from hub.connectors.documents import ErpReference
from hub.connectors.stores.shopify.client import QueryRefused, QueryTooCostly
from hub.errors import ConnectionBroken, NotReadyYet, OutcomeUnknown, RateLimited, Unreachable
from tests.connectors.shopify.scripted import ScriptedShop, cost, errors, good

REFERENCE = ErpReference("gid://shopify/Order/1", "BC", "id-1", "SO-1", "open")
EMPTY = {"nodes": []}
DONE = {"metafieldsSet": {"metafields": [{"id": "gid://shopify/Metafield/1"}], "userErrors": []}}


def read(shop):
    return shop.store.read_orders(["gid://shopify/Order/1"])


def write(shop):
    return shop.store.write_references([REFERENCE])


def raw(text, status=200):
    return httpx.Response(status, text=text)


LOST = [
    httpx.ReadTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("cut"),
    raw("<html>We'll be right back</html>"),
    raw('{"data": {"metafie'),
    raw(""),
    raw("[]"),
    raw("{}"),
    raw('{"data": null}'),
    raw("oops", 500),
    raw("oops", 502),
    raw("oops", 503),
    raw("oops", 504),
    errors("INTERNAL_SERVER_ERROR"),
    errors("TIMEOUT"),
]


@pytest.mark.parametrize("answer", LOST, ids=str)
def test_a_read_without_usable_answer_is_unreachable_A3(answer):
    shop = ScriptedShop().script("OrdersById", answer)

    with pytest.raises(Unreachable):
        read(shop)


@pytest.mark.parametrize(
    "answer",
    [*LOST, errors("NEW_CODE", data={"metafieldsSet": None}), good({"metafieldsSet": None})],
    ids=str,
)
def test_a_write_without_usable_answer_is_unknown_A1_A3(answer):
    shop = ScriptedShop().script("WriteReferences", answer)

    with pytest.raises(OutcomeUnknown):
        write(shop)
    assert len(shop.sent("WriteReferences")) == 1


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")])
def test_a_write_that_never_left_is_unreachable(error):
    shop = ScriptedShop().script("WriteReferences", error)

    with pytest.raises(Unreachable):
        write(shop)


def test_an_empty_bucket_waits_until_it_holds_the_cost_E1():
    shop = ScriptedShop().script("OrdersById", errors("THROTTLED", "Throttled"))

    with pytest.raises(RateLimited) as caught:
        read(shop)

    assert caught.value.after == pytest.approx(4.0)
    assert shop.hooks.observed == [
        ObservedLimits(
            available=100,
            burst=2000,
            points_per_second=100,
            was_throttled=True,
            refund=217.0,
        )
    ]


def test_an_empty_bucket_of_unknown_size_waits_a_second():
    body = {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}
    shop = ScriptedShop().script("WriteReferences", httpx.Response(200, json=body))

    with pytest.raises(RateLimited) as caught:
        write(shop)

    assert caught.value.after == 1.0
    assert shop.hooks.observed == [ObservedLimits(blocked_for=1.0, was_throttled=True, refund=20.0)]


def test_http_429_is_a_rate_limit_for_writes_too():
    shop = ScriptedShop().script("WriteReferences", httpx.Response(429, headers={"Retry-After": "2.0"}))

    with pytest.raises(RateLimited) as caught:
        write(shop)

    assert caught.value.after == 2.0


def test_unused_points_are_given_back():
    shop = ScriptedShop().script("WriteReferences", good(DONE, cost=cost(requested=20, actual=12)))

    write(shop)

    assert shop.hooks.acquired == [20.0]
    assert shop.hooks.observed == [
        ObservedLimits(available=1900, burst=2000, points_per_second=100, refund=8.0)
    ]


def test_a_missing_scope_is_named_D6():
    answer = errors(
        "ACCESS_DENIED", "Access denied", {"nodes": None}, requiredAccess="`read_orders` access scope."
    )
    shop = ScriptedShop().script("OrdersById", answer)

    with pytest.raises(ConnectionBroken, match="read_orders"):
        read(shop)


@pytest.mark.parametrize("status", [402, 403, 404, 423, 301])
def test_a_shop_that_is_closed_to_us_breaks_the_connection(status):
    shop = ScriptedShop().script("WriteReferences", raw("no", status))

    with pytest.raises(ConnectionBroken, match=f"status {status}"):
        write(shop)


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("undefinedField", None),
        ("INVALID_VARIABLE", None),
        ("BAD_REQUEST", {"metafieldsSet": None}),
        ("MAX_INPUT_SIZE_EXCEEDED", {"metafieldsSet": None}),
    ],
)
def test_a_query_that_shopify_refuses_is_a_fault_of_ours_H1(code, data):
    shop = ScriptedShop().script("WriteReferences", errors(code, "Field 'x' doesn't exist", data))

    with pytest.raises(QueryRefused, match="Field 'x'"):
        write(shop)


def test_a_query_above_the_maximum_cost_is_a_fault_of_ours():
    shop = ScriptedShop().script("OrdersById", errors("MAX_COST_EXCEEDED"))

    with pytest.raises(QueryTooCostly):
        read(shop)


def test_search_warnings_are_failures():
    warnings = [
        {
            "path": ["orders"],
            "warnings": [{"field": "updatd_at", "code": "invalid_field", "message": "Invalid"}],
        }
    ]
    page = {"orders": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}
    shop = ScriptedShop().script("ChangedOrders", good(page, search=warnings))

    with pytest.raises(QueryRefused, match="updatd_at Invalid"):
        shop.store.changed_orders(None, None)


def test_an_expired_token_is_renewed_once_and_the_write_sent_again_D1():
    shop = ScriptedShop().script("WriteReferences", raw("", 401), DONE)

    refused = write(shop)

    assert refused == {}
    assert shop.tokens == ["token-1", "token-2"]
    assert [name for name, _ in shop.calls] == [
        "FetchToken",
        "WriteReferences",
        "FetchToken",
        "WriteReferences",
    ]
    assert len(shop.hooks.deadlines) == 2


def test_a_token_is_fetched_once_for_many_calls():
    shop = ScriptedShop().script("OrdersById", EMPTY)

    read(shop)
    read(shop)

    assert shop.sent("FetchToken") == [
        {"grant_type": "client_credentials", "client_id": "app1", "client_secret": "s3cret"}
    ]


def test_a_fresh_token_that_is_refused_breaks_the_connection_D4():
    shop = ScriptedShop().script("OrdersById", raw("", 401))

    with pytest.raises(ConnectionBroken, match="fresh access token"):
        read(shop)
    assert len(shop.sent("OrdersById")) == 2


def test_wrong_client_credentials_break_the_connection():
    shop = ScriptedShop().script("FetchToken", raw('{"error": "application_cannot_be_found"}', 400))

    with pytest.raises(ConnectionBroken, match="application_cannot_be_found"):
        read(shop)


@pytest.mark.parametrize(
    "answer", ["{}", "[]", "<html>", '{"access_token": "", "expires_in": 1}', '{"access_token": "x"}']
)
def test_a_token_answer_without_token_is_tried_later(answer):
    shop = ScriptedShop().script("FetchToken", raw(answer))

    with pytest.raises(Unreachable):
        read(shop)


def test_a_static_token_is_used_and_not_renewed():
    shop = ScriptedShop({"auth": "static_token"}, {"client_secret": "s", "access_token": "shpat_1"})
    shop.script("OrdersById", raw("", 401))

    with pytest.raises(ConnectionBroken, match="Install the app again"):
        read(shop)
    assert shop.tokens == ["shpat_1"]


def test_a_write_does_not_start_on_a_lease_that_ends_too_soon():
    shop = ScriptedShop().script("WriteReferences", DONE)
    shop.hooks.lease_left = 1.0

    with pytest.raises(NotReadyYet):
        write(shop)
    assert shop.sent("WriteReferences") == []


def test_secrets_stay_out_of_the_call_log_I10():
    shop = ScriptedShop().script("OrdersById", EMPTY)

    read(shop)

    written = json.dumps([[r.url, r.request_body, r.response_body, r.error] for r in shop.hooks.records])
    assert [record.operation for record in shop.hooks.records] == ["FetchToken", "OrdersById"]
    assert "s3cret" not in written
    assert "token-1" not in written


def test_a_base_address_with_a_path_is_kept():
    shop = ScriptedShop({"api_base_url": "http://127.0.0.1:9100/stores/east"}).script("OrdersById", EMPTY)

    read(shop)

    assert shop.hooks.records[1].url == "http://127.0.0.1:9100/stores/east/admin/api/2026-07/graphql.json"
