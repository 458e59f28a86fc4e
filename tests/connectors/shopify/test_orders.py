"""Orders are read complete, page by page, at whatever size Shopify lets through."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.connectors.documents import OrderStamp, PagePosition
from hub.connectors.http import parse_json
from hub.connectors.stores.shopify import orders as orders_module
from hub.connectors.stores.shopify.order_node import order_from_node
from hub.connectors.stores.shopify.webhooks import parse_order
from hub.errors import Unreachable
from tests.connectors.shopify.scripted import END, ScriptedShop, cost, errors, good, more

PAYLOADS = Path(__file__).parents[2] / "payloads" / "shopify"
SINCE = PagePosition(datetime(2026, 11, 1, 14, 15, 30, 900_000, UTC), "gid://shopify/Order/1")


def node_of(name):
    return json.loads((PAYLOADS / f"{name}.node.json").read_bytes())


def numbered(number, **values):
    return {**node_of("simple"), "id": f"gid://shopify/Order/{number}", **values}


def page(nodes, info=END):
    return {"orders": {"nodes": nodes, "pageInfo": info}}


def stamped(number, at="2026-11-01T14:20:00Z"):
    return {"id": f"gid://shopify/Order/{number}", "updatedAt": at}


def by_id(nodes):
    return lambda variables: {"nodes": [nodes.get(one) for one in variables["ids"]]}


def test_the_search_asks_for_ids_and_stamps_from_the_whole_second_on():
    shop = ScriptedShop().script("ChangedOrders", page([stamped(1)]))

    found = shop.store.changed_orders(SINCE, None)

    assert shop.sent("ChangedOrders") == [
        {"first": 250, "after": None, "query": "updated_at:>='2026-11-01T14:15:30Z'"}
    ]
    assert found.items == (OrderStamp("gid://shopify/Order/1", datetime(2026, 11, 1, 14, 20, tzinfo=UTC)),)
    assert found.after is None
    assert shop.hooks.acquired == [252.0]


def test_without_a_position_everything_is_listed():
    shop = ScriptedShop().script("ChangedOrders", page([]))

    found = shop.store.changed_orders(None, None)

    assert shop.sent("ChangedOrders") == [{"first": 250, "after": None, "query": None}]
    assert found.items == ()


def test_the_next_page_keeps_search_and_cursor():
    shop = ScriptedShop().script("ChangedOrders", page([stamped(1)], more("c1")), page([stamped(2)]))

    first = shop.store.changed_orders(SINCE, None)
    second = shop.store.changed_orders(None, first.after)

    assert [one["after"] for one in shop.sent("ChangedOrders")] == [None, "c1"]
    assert {one["query"] for one in shop.sent("ChangedOrders")} == {"updated_at:>='2026-11-01T14:15:30Z'"}
    assert second.after is None


def test_a_run_starts_anew_before_shopify_stops_paging():
    late = "2026-11-02T00:00:00Z"
    shop = ScriptedShop().script("ChangedOrders", page([stamped(1, at=late)], more("c9")), page([]))
    almost = json.dumps(["2026-11-01T14:15:30Z", "c8", orders_module.MAX_RUN - 1])

    found = shop.store.changed_orders(SINCE, almost)
    shop.store.changed_orders(SINCE, found.after)

    assert shop.sent("ChangedOrders")[1] == {"first": 250, "after": None, "query": f"updated_at:>='{late}'"}


def test_orders_are_read_by_id_in_batches_and_missing_ones_left_out():
    nodes = {f"gid://shopify/Order/{number}": numbered(number) for number in range(1, 10)}
    del nodes["gid://shopify/Order/3"]
    shop = ScriptedShop().script("OrdersById", by_id(nodes))

    found = shop.store.read_orders([f"gid://shopify/Order/{number}" for number in range(1, 10)])

    assert set(found) == set(nodes)
    assert [len(one["ids"]) for one in shop.sent("OrdersById")] == [4, 5]
    assert found["gid://shopify/Order/9"].payload["id"] == "gid://shopify/Order/9"


def test_a_batch_that_is_too_costly_is_halved_and_loses_nobody():
    nodes = {f"gid://shopify/Order/{number}": numbered(number) for number in range(1, 5)}

    def at_most_one(variables):
        return (
            errors("MAX_COST_EXCEEDED")
            if len(variables["ids"]) > 1
            else good(by_id(nodes)(variables), cost=cost(800))
        )

    shop = ScriptedShop().script("OrdersById", at_most_one)

    found = shop.store.read_orders(list(nodes))

    assert set(found) == set(nodes)
    assert [len(one["ids"]) for one in shop.sent("OrdersById")] == [4, 2, 1, 1, 1, 1]


def test_nobody_is_asked_for_no_orders():
    shop = ScriptedShop()

    assert shop.store.read_orders([]) == {}
    assert shop.calls == []


def cut(node, lines):
    """The node with its first lines only, and the pages that follow."""
    short, rest = copy.deepcopy(node), node["lineItems"]["nodes"][lines:]
    short["lineItems"] = {"nodes": node["lineItems"]["nodes"][:lines], "pageInfo": more("l0")}
    pages = [rest[start : start + 50] for start in range(0, len(rest), 50)]
    answers = [
        {
            "order": {
                "id": node["id"],
                "updatedAt": node["updatedAt"],
                "lineItems": {"nodes": part, "pageInfo": more(f"l{number}") if number < len(pages) else END},
            }
        }
        for number, part in enumerate(pages, 1)
    ]
    return short, answers


def test_every_line_of_a_long_order_is_read_F8():
    whole = node_of("many_lines")
    short, answers = cut(whole, 10)
    shop = ScriptedShop().script("OrdersById", {"nodes": [short]}).script("OrderLines", *answers)

    received = shop.store.read_orders([whole["id"]])[whole["id"]]

    body = parse_order((PAYLOADS / "many_lines.webhook.json").read_bytes())
    assert received.order == body.order
    assert len(received.payload["lineItems"]["nodes"]) == 120
    assert [one["after"] for one in shop.sent("OrderLines")] == ["l0", "l1", "l2"]


def test_an_order_that_changes_between_its_pages_is_read_again_later():
    short, answers = cut(node_of("many_lines"), 10)
    answers[1]["order"]["updatedAt"] = "2026-11-01T15:00:00Z"
    shop = ScriptedShop().script("OrdersById", {"nodes": [short]}).script("OrderLines", *answers)

    with pytest.raises(Unreachable, match="changed while"):
        shop.store.read_orders([short["id"]])


def test_an_order_that_vanishes_between_its_pages_is_read_again_later():
    short, _ = cut(node_of("many_lines"), 10)
    shop = ScriptedShop().script("OrdersById", {"nodes": [short]}).script("OrderLines", {"order": None})

    with pytest.raises(Unreachable, match="changed while"):
        shop.store.read_orders([short["id"]])


def test_a_page_that_does_not_move_on_stops_the_reading():
    short, answers = cut(node_of("many_lines"), 10)
    answers[0]["order"]["lineItems"]["pageInfo"] = more("l0")
    shop = ScriptedShop().script("OrdersById", {"nodes": [short]}).script("OrderLines", answers[0])

    with pytest.raises(ValueError, match="ends where it began"):
        shop.store.read_orders([short["id"]])


def test_shipping_lines_and_payment_schedules_are_paged_too():
    node = {**node_of("payment_terms"), "shippingLines": node_of("simple")["shippingLines"]}
    stamp = {"id": node["id"], "updatedAt": node["updatedAt"]}
    shipping, schedules = node["shippingLines"]["nodes"], node["paymentTerms"]["paymentSchedules"]["nodes"]
    short = copy.deepcopy(node)
    short["shippingLines"]["pageInfo"] = more("s0")
    short["paymentTerms"]["paymentSchedules"]["pageInfo"] = more("p0")
    more_schedules = {"paymentSchedules": {"nodes": schedules, "pageInfo": END}}
    shop = ScriptedShop().script("OrdersById", {"nodes": [short]})
    shop.script(
        "OrderShippingLines", {"order": {**stamp, "shippingLines": {"nodes": shipping, "pageInfo": END}}}
    )
    shop.script("OrderPaymentSchedules", {"order": {**stamp, "paymentTerms": more_schedules}})

    order = shop.store.read_orders([node["id"]])[node["id"]].order

    assert len(order.shipping_lines) == 2
    assert len(order.payment_terms.schedules) == 2


def test_an_order_of_another_shape_names_itself_H1():
    shop = ScriptedShop().script("OrdersById", {"nodes": [numbered(7, totalPriceSet=None)]})

    with pytest.raises(RuntimeError, match="gid://shopify/Order/7 cannot be read: totalPriceSet is missing"):
        shop.store.read_orders(["gid://shopify/Order/7"])


def test_null_totals_are_nothing():
    whole = parse_json((PAYLOADS / "simple.node.json").read_bytes())

    order = order_from_node({**whole, "subtotalPriceSet": None, "totalTaxSet": None})

    assert str(order.subtotal.shop) == "0.00 EUR"
    assert str(order.tax_total.presentment) == "0.00 EUR"
