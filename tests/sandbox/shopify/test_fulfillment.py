"""What the simulated store refuses about fulfillments, and what its fulfillment orders become."""

from __future__ import annotations

import pytest

READ = """query Read($id: ID!) { order(id: $id) {
  closed displayFulfillmentStatus fulfillments { id status }
  fulfillmentOrders(first: 10) { nodes { id status supportedActions { action } assignedLocation { location { id } }
    lineItems(first: 10) { nodes { id totalQuantity remainingQuantity } } } } } }"""
CREATE = """mutation Create($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) {
  fulfillment { id status trackingInfo { number company url } } userErrors { field message } } }"""
CANCEL = "mutation Cancel($id: ID!) { fulfillmentCancel(id: $id) { fulfillment { status } userErrors { message } } }"
HOLD = """mutation Hold($id: ID!, $hold: FulfillmentOrderHoldInput!) {
  fulfillmentOrderHold(id: $id, fulfillmentHold: $hold) {
  fulfillmentHold { id } remainingFulfillmentOrder { id } userErrors { message code } } }"""
MOVE = """mutation Move($id: ID!, $to: ID!) { fulfillmentOrderMove(id: $id, newLocationId: $to) {
  movedFulfillmentOrder { id } userErrors { message code } } }"""


def orders_of(store, gid):
    return store.data(READ, id=gid)["order"]["fulfillmentOrders"]["nodes"]


def send(store, *sources, **facts):
    """Send pieces: (fulfillment order, pieces of its first line)."""
    groups = [
        {
            "fulfillmentOrderId": one["id"],
            "fulfillmentOrderLineItems": [{"id": one["lineItems"]["nodes"][0]["id"], "quantity": pieces}],
        }
        for one, pieces in sources
    ]
    return store.data(CREATE, f={"lineItemsByFulfillmentOrder": groups, **facts})["fulfillmentCreate"]


def words(payload):
    return [error["message"] for error in payload["userErrors"]]


def test_it_is_not_idempotent(store):
    gid = store.place()
    [source] = orders_of(store, gid)

    first, second = send(store, (source, 1)), send(store, (source, 1))

    assert first["fulfillment"]["id"] != second["fulfillment"]["id"]
    read = store.data(READ, id=gid)["order"]
    assert (read["displayFulfillmentStatus"], len(read["fulfillments"])) == ("FULFILLED", 2)


@pytest.mark.parametrize("pieces", [0, -1, 3])
def test_more_than_remains_and_less_than_one_is_refused(store, pieces):
    [source] = orders_of(store, store.place())

    assert words(send(store, (source, pieces))) == ["Invalid fulfillment order line item quantity requested."]


def test_what_is_closed_held_or_of_two_orders_is_refused(store):
    [one], [other] = (orders_of(store, store.place()) for _ in range(2))

    assert words(send(store, (one, 1), (other, 1))) == [
        "All fulfillment orders must belong to the same order."
    ]
    store.data(HOLD, id=one["id"], hold={"reason": "OTHER"})
    assert "unfulfillable status= on_hold" in words(send(store, (one, 1)))[0]
    send(store, (other, 2))
    assert "unfulfillable status= closed" in words(send(store, (other, 1)))[0]


def test_an_id_that_stands_for_nothing_is_an_error_beside_the_data(store):
    group = {"fulfillmentOrderId": "gid://shopify/FulfillmentOrder/0"}

    answer = store.ask(CREATE, f={"lineItemsByFulfillmentOrder": [group]})

    assert answer["errors"][0]["extensions"]["code"] == "RESOURCE_NOT_FOUND"


def test_a_cancelled_one_opens_again_under_new_ids_and_may_be_cancelled_twice(store):
    gid = store.place()
    [source] = orders_of(store, gid)
    made = send(store, (source, 2))["fulfillment"]

    for _ in range(2):
        assert store.data(CANCEL, id=made["id"])["fulfillmentCancel"]["fulfillment"]["status"] == "CANCELLED"

    old, new = orders_of(store, gid)
    assert (old["id"], old["status"], new["status"]) == (source["id"], "CLOSED", "OPEN")
    assert new["lineItems"]["nodes"][0]["remainingQuantity"] == 2


def test_a_part_that_comes_back_keeps_what_was_left(store):
    gid = store.place()
    [source] = orders_of(store, gid)
    made = send(store, (source, 1))["fulfillment"]

    store.data(CANCEL, id=made["id"])

    still = [one for one in orders_of(store, gid) if one["status"] == "OPEN"]
    assert [one["lineItems"]["nodes"][0]["remainingQuantity"] for one in still] == [2]


def test_an_order_that_was_sent_cannot_be_cancelled(store):
    gid = store.place()
    [source] = orders_of(store, gid)
    send(store, (source, 1))

    refused = store.data(
        "mutation C($id: ID!) { orderCancel(orderId: $id, reason: OTHER, restock: true) "
        "{ orderCancelUserErrors { message code } } }",
        id=gid,
    )

    [error] = refused["orderCancel"]["orderCancelUserErrors"]
    assert error == {"message": "Cannot cancel an order that has outstanding fulfillments", "code": "INVALID"}


def test_cut_lines_are_not_to_be_sent_any_more(store):
    placed = store.store.act(
        "place_order",
        {
            "company": "C-1",
            "contact": "buyer@acme.example",
            "lines": [{"sku": "A", "quantity": 3, "price": "1"}],
        },
    )
    orders_of(store, placed["id"])

    store.store.act("edit_order", {"order": placed["id"], "quantities": {placed["lines"][0]: 1}})

    [source] = orders_of(store, placed["id"])
    assert source["lineItems"]["nodes"][0]["remainingQuantity"] == 1


def test_a_location_that_does_not_stock_the_goods_gets_none(store):
    [source] = orders_of(store, store.place())
    made = store.store.seed({"locations": [{"name": "North", "address": {"country_code": "DE"}}]})

    payload = store.data(MOVE, id=source["id"], to=made["locations"]["North"])["fulfillmentOrderMove"]

    assert words(payload) == ["The new location does not stock the items of the fulfillment order."]


def test_the_store_makes_addresses_for_carriers_that_it_knows(store):
    [source] = orders_of(store, store.place())

    made = send(store, (source, 1), trackingInfo={"numbers": ["1", "2"], "company": "UPS"})["fulfillment"]

    assert [row["url"].rpartition("=")[2] for row in made["trackingInfo"]] == ["1", "2"]
    other = send(store, (source, 1), trackingInfo={"number": "3", "company": "Ups"})["fulfillment"]
    assert other["trackingInfo"] == [{"number": "3", "company": "Ups", "url": None}]


def test_webhooks_tell_of_what_was_sent(store):
    store.subscribe("FULFILLMENTS_CREATE", "FULFILLMENTS_UPDATE", "ORDERS_PARTIALLY_FULFILLED")
    [source] = orders_of(store, store.place())
    store.sent()

    made = send(store, (source, 1))["fulfillment"]
    store.data(CANCEL, id=made["id"])

    assert [one.topic for one in store.sent()] == [
        "fulfillments/create",
        "orders/partially_fulfilled",
        "fulfillments/update",
    ]


def test_without_its_scope_nothing_is_sent(make_store):
    store = make_store(scopes="read_orders write_orders read_customers read_companies")

    answer = store.ask(CREATE, f={"lineItemsByFulfillmentOrder": []})

    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
