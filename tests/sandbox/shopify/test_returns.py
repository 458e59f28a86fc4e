"""Returns of the simulated store, from the request to its end."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.shopify.client import acme

STATUS = (
    "status decline { reason note } returnLineItems(first: 5) { nodes { id quantity unprocessedQuantity } }"
)


@pytest.fixture
def store():
    return acme()


def sent_order(store):
    order = store.place(lines=[{"sku": "A", "quantity": 2, "price": "10.00"}])
    store.store.act("fulfil_by_hand", {"order": order, "pieces": 2})
    return order


def ask_for(store, order, **more):
    line = store.store.shop.tables["Order"][order]["_lines"][0]["id"]
    return store.store.act("request_return", {"order": order, "lines": [{"line": line, **more}]})["id"]


def decide(store, name, kind, given):
    document = f"""mutation D($input: {kind}!) {{ {name}(input: $input) {{
        return {{ {STATUS} }} userErrors {{ message code }} }} }}"""
    return store.data(document, input=given)[name]


def end(store, name, gid):
    document = (
        f"mutation E($id: ID!) {{ {name}(id: $id) {{ return {{ status }} userErrors {{ message code }} }} }}"
    )
    return store.data(document, id=gid)[name]


def test_a_request_is_approved_once_and_closed_as_often_as_one_likes(store):
    wanted = ask_for(store, sent_order(store))

    approved = decide(store, "returnApproveRequest", "ReturnApproveRequestInput", {"id": wanted})
    again = decide(store, "returnApproveRequest", "ReturnApproveRequestInput", {"id": wanted})

    assert approved["return"]["status"] == "OPEN"
    assert again["userErrors"] == [{"message": "Return status is invalid.", "code": "INVALID_STATE"}]
    assert [end(store, "returnClose", wanted)["return"]["status"] for _ in range(2)] == ["CLOSED", "CLOSED"]


def test_a_declined_request_says_why_and_goes_nowhere(store):
    wanted = ask_for(store, sent_order(store))
    given = {"id": wanted, "declineReason": "FINAL_SALE", "declineNote": "Sold as is"}

    declined = decide(store, "returnDeclineRequest", "ReturnDeclineRequestInput", given)

    assert declined["return"]["decline"] == {"reason": "FINAL_SALE", "note": "Sold as is"}
    assert end(store, "returnClose", wanted)["userErrors"][0]["code"] == "INVALID_STATE"


def test_what_is_on_its_way_back_cannot_be_asked_for_again(store):
    order = sent_order(store)
    ask_for(store, order, quantity=2)

    with pytest.raises(ValueError, match="invalid quantity"):
        ask_for(store, order)


def test_a_processed_return_cannot_be_cancelled(store):
    wanted = ask_for(store, sent_order(store))
    opened = decide(store, "returnApproveRequest", "ReturnApproveRequestInput", {"id": wanted})["return"]
    line = opened["returnLineItems"]["nodes"][0]["id"]

    given = {"returnId": wanted, "returnLineItems": [{"id": line, "quantity": 1}]}
    processed = decide(store, "returnProcess", "ReturnProcessInput", given)

    assert processed["return"]["returnLineItems"]["nodes"][0]["unprocessedQuantity"] == 0
    assert end(store, "returnCancel", wanted)["userErrors"] == [
        {"message": "Return is not cancelable.", "code": "INVALID_STATE"}
    ]


def test_a_return_leaves_the_stamp_of_its_order_and_is_found_by_its_status(store):
    order = sent_order(store)
    before = store.store.shop.tables["Order"][order]["updatedAt"]
    store.seconds += 60

    ask_for(store, order)

    found = store.data('{ orders(first: 5, query: "return_status:return_requested") { nodes { id } } }')
    assert found["orders"]["nodes"] == [{"id": order}]
    assert store.store.shop.tables["Order"][order]["updatedAt"] == before


def test_returns_are_told_by_their_own_topics(store):
    store.subscribe("RETURNS_REQUEST", "RETURNS_DECLINE")
    order = sent_order(store)

    wanted = ask_for(store, order)
    store.store.act("decide_return", {"return": wanted, "decision": "decline", "note": "Too late"})

    told = [(one.topic, json.loads(one.body)) for one in store.sent()]
    assert [(topic, body["status"]) for topic, body in told] == [
        ("returns/request", "requested"),
        ("returns/decline", "declined"),
    ]
    assert told[0][1]["order"]["admin_graphql_api_id"] == order


CREATE = """mutation C($input: ReturnInput!) { returnCreate(returnInput: $input) {
    return { status returnLineItems(first: 5) { nodes { quantity returnReasonNote } } }
    userErrors { field message code } } }"""


def begin(store, order, *rows):
    """Pieces of the order's fulfillments, each with what else the input says."""
    [sent] = [
        line["id"]
        for one in store.store.shop.tables["Order"][order]["_fulfillments"]
        for line in one["_lines"]
    ]
    about = {"returnReason": "OTHER", "returnReasonNote": "RMA 1"}
    given = {
        "orderId": order,
        "returnLineItems": [{"fulfillmentLineItemId": sent, **about, **row} for row in rows],
    }
    return store.data(CREATE, input=given)["returnCreate"]


def test_a_return_that_begins_approved_is_open_at_once(store):
    order = sent_order(store)

    made = begin(store, order, {"quantity": 2})

    assert made["return"] == {
        "status": "OPEN",
        "returnLineItems": {"nodes": [{"quantity": 2, "returnReasonNote": "RMA 1"}]},
    }
    assert begin(store, order, {"quantity": 1})["userErrors"] == [
        {
            "field": ["returnInput", "returnLineItems", "0", "quantity"],
            "message": "Return line item has an invalid quantity.",
            "code": "INVALID",
        }
    ]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"quantity": 0}], "INVALID"),
        ([{"quantity": 2}, {"quantity": 1}], "INVALID"),
        ([{"quantity": 1, "returnReasonNote": ""}], "BLANK"),
        ([{"quantity": 1, "returnReasonNote": "x" * 256}], "TOO_LONG"),
        ([{"quantity": 1, "fulfillmentLineItemId": "gid://shopify/FulfillmentLineItem/1"}], "INVALID"),
        ([], "BLANK"),
    ],
)
def test_what_cannot_be_returned_is_refused_and_makes_nothing(store, rows, code):
    order = sent_order(store)

    refused = begin(store, order, *rows)

    assert ([one["code"] for one in refused["userErrors"]], refused["return"]) == ([code], None)
    assert store.store.shop.where("Return", _orderId=order) == []


def test_what_was_refunded_without_a_return_cannot_be_returned_any_more(store):
    order = sent_order(store)
    line = store.store.shop.tables["Order"][order]["_lines"][0]["id"]
    store.store.act("refund_order", {"order": order, "lines": [{"line": line, "quantity": 1}]})

    codes = [[one["code"] for one in begin(store, order, {"quantity": n})["userErrors"]] for n in (2, 1)]

    assert codes == [["INVALID"], []]
