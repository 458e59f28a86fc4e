from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from hub.connectors.fulfilments import NewFulfilment, Taken, Tracking
from hub.connectors.stores.shopify.fulfilments import fulfilment_input
from hub.errors import OutcomeUnknown, RecordRejected
from tests.connectors.shopify.scripted import ScriptedShop

ORDER = "gid://shopify/Order/1"
AT = "2026-11-01T10:00:00Z"


def page(*nodes, after=None):
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": after is not None, "endCursor": after}}


def open_line(key, pieces):
    return {
        "id": f"gid://shopify/FulfillmentOrderLineItem/{key}",
        "remainingQuantity": pieces,
        "lineItem": {"id": f"gid://shopify/LineItem/{key}"},
    }


def fulfilment_order(key, lines, *, actions=("CREATE_FULFILLMENT", "MOVE"), holds=()):
    return {
        "id": f"gid://shopify/FulfillmentOrder/{key}",
        "status": "OPEN",
        "assignedLocation": {"name": "East", "location": {"id": "gid://shopify/Location/7"}},
        "supportedActions": [{"action": action} for action in actions],
        "fulfillmentHolds": list(holds),
        "lineItems": lines,
    }


def fulfilment(key, lines, *, status="SUCCESS"):
    return {
        "id": f"gid://shopify/Fulfillment/{key}",
        "status": status,
        "createdAt": AT,
        "deliveredAt": None,
        "location": {"id": "gid://shopify/Location/7"},
        "trackingInfo": [
            {"company": "UPS", "number": "1Z1", "url": "https://t.example/1"},
            {"company": "UPS", "number": "1Z2", "url": None},
        ],
        "fulfillmentLineItems": lines,
    }


def sent_line(row, line, pieces):
    return {
        "id": f"gid://shopify/FulfillmentLineItem/{row}",
        "quantity": pieces,
        "lineItem": {"id": f"gid://shopify/LineItem/{line}"},
    }


def an_order(orders, fulfilments):
    return {"id": ORDER, "fulfillmentOrders": orders, "fulfillments": list(fulfilments)}


def test_every_page_of_everything_is_read():
    hold = {"id": "gid://shopify/FulfillmentHold/5", "heldByRequestingApp": True, "displayReason": "Other"}
    shop = ScriptedShop()
    shop.script(
        "OrderFulfillments",
        {
            "nodes": [
                an_order(
                    page(fulfilment_order(1, page(open_line(1, 2), after="L")), after="F"),
                    [fulfilment(1, page(sent_line(1, 1, 3), after="S"))],
                ),
                None,
            ]
        },
    )
    second = fulfilment_order(2, page(open_line(3, 1)), actions=("RELEASE_HOLD",), holds=[hold])
    shop.script("MoreFulfillmentOrders", {"order": {"fulfillmentOrders": page(second)}})
    shop.script("FulfillmentOrderLines", {"fulfillmentOrder": {"lineItems": page(open_line(2, 4))}})
    shop.script("FulfillmentLines", {"fulfillment": {"fulfillmentLineItems": page(sent_line(2, 1, 2))}})

    found = shop.store.read_fulfilments([ORDER, "gid://shopify/Order/2"])

    [order] = found.values()
    assert [(one.can_fulfil, one.can_move, len(one.holds)) for one in order.orders] == [
        (True, True, 0),
        (False, False, 1),
    ]
    assert [line.remaining for line in order.orders[0].lines] == [2, 4]
    [made] = order.fulfilments
    assert made.lines == (("gid://shopify/LineItem/1", 5),), "two rows of one line are one"
    assert made.tracking == Tracking("UPS", ("1Z1", "1Z2"), ("https://t.example/1",))
    assert made.created_at == datetime(2026, 11, 1, 10, tzinfo=UTC)


def test_more_fulfilments_than_are_shown_are_read_by_id():
    shop = ScriptedShop()
    nodes = [fulfilment(key, page(sent_line(key, 1, 1))) for key in range(1, 8)]
    shop.script("OrderFulfillments", {"nodes": [an_order(page(), nodes[:5])]})
    shop.script("FulfillmentIds", {"order": {"fulfillments": [{"id": node["id"]} for node in nodes]}})
    shop.script("FulfillmentsById", {"nodes": nodes})

    found = shop.store.read_fulfilments([ORDER])

    assert len(found[ORDER].fulfilments) == 7


@pytest.mark.parametrize(("status", "expected"), [("SUCCESS", False), ("CANCELLED", True), ("FAILURE", True)])
def test_what_was_cancelled_or_failed_holds_nothing(status, expected):
    shop = ScriptedShop()
    shop.script(
        "OrderFulfillments",
        {"nodes": [an_order(page(), [fulfilment(1, page(sent_line(1, 1, 1)), status=status)])]},
    )

    assert shop.store.read_fulfilments([ORDER])[ORDER].fulfilments[0].is_cancelled is expected


NEW = NewFulfilment(
    (
        Taken("gid://shopify/FulfillmentOrder/1", "a", "x", 2),
        Taken("gid://shopify/FulfillmentOrder/2", "b", "x", 1),
        Taken("gid://shopify/FulfillmentOrder/1", "c", "y", 1),
    ),
    Tracking("UPS", ("1Z1", "1Z2")),
    notifies_buyer=True,
)


def test_lines_are_named_by_fulfilment_order_and_parcels_as_lists():
    assert fulfilment_input(NEW) == {
        "notifyCustomer": True,
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/1",
                "fulfillmentOrderLineItems": [{"id": "a", "quantity": 2}, {"id": "c", "quantity": 1}],
            },
            {
                "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/2",
                "fulfillmentOrderLineItems": [{"id": "b", "quantity": 1}],
            },
        ],
        "trackingInfo": {"numbers": ["1Z1", "1Z2"], "company": "UPS"},
    }


def test_a_refusal_is_told_in_shopifys_words():
    words = "Invalid fulfillment order line item quantity requested."
    answer = {
        "fulfillmentCreate": {
            "fulfillment": None,
            "userErrors": [{"field": ["fulfillment"], "message": words}],
        }
    }
    shop = ScriptedShop().script("CreateFulfillment", answer)

    with pytest.raises(RecordRejected, match="Invalid fulfillment order line item quantity"):
        shop.store.create_fulfilment(NEW)


def test_an_answer_without_fulfilment_and_refusal_is_unknown():
    shop = ScriptedShop().script(
        "CreateFulfillment", {"fulfillmentCreate": {"fulfillment": None, "userErrors": []}}
    )

    with pytest.raises(OutcomeUnknown):
        shop.store.create_fulfilment(NEW)


def test_releasing_names_its_holds_or_is_refused_here():
    shop = ScriptedShop()

    with pytest.raises(ValueError, match="all of them"):
        shop.store.release_holds("gid://shopify/FulfillmentOrder/1", [])


def test_a_write_is_bounded_as_every_call_is():
    assert ScriptedShop().store.fulfilment_deadline >= timedelta(seconds=1)
    assert json.dumps(fulfilment_input(NEW))
