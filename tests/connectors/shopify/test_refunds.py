"""Refunds and returns by the connector, against the simulated store."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.connectors.store_returns import (
    Decline,
    NewRefund,
    NewRefundLine,
    PaymentState,
    Restock,
    ReturnState,
)
from hub.connectors.stores.shopify.webhooks import order_told_of, parse_order
from hub.errors import RecordRejected
from hub.sandbox.shopify.fulfillment_orders import orders_of
from hub.sandbox.shopify.fulfillments import fulfillment_create
from hub.sandbox.shopify.order_body import order_body
from tests.connectors.shopify.scripted import ScriptedShop, more
from tests.connectors.shopify.simulated import connected
from tests.sandbox.shopify.client import acme

TAX = [{"title": "VAT", "rate": "0.19"}]
MARK = "erpBC:CM-1001"


@pytest.fixture
def shop():
    return acme()


@pytest.fixture
def store(shop):
    return connected(shop)


def sent_order(shop, **more):
    """Three pieces at 10.00, with VAT and shipping, paid and sent; its id and that of its line."""
    lines = [{"sku": "A", "quantity": 3, "price": "10.00"}]
    given = {"lines": lines, "taxes": TAX, "shipping": [{"title": "Standard", "price": "5.00"}]}
    order = shop.place(**(given | {"paid": True, "payment_terms": None} | more))
    shop.store.act("fulfil_by_hand", {"order": order, "pieces": 3})
    return order, shop.store.shop.tables["Order"][order]["_lines"][0]["id"]


def new_refund(store, order, line, **more):
    lines = (NewRefundLine(line, 2, Restock.RETURN),)
    told = store.suggest_refund(order, lines, Decimal("5.00"))
    payments = (dataclasses.replace(told.payments[0], amount=told.amount.presentment.amount),)
    given = {"lines": lines, "shipping": Decimal("5.00"), "payments": payments, "currency": "CAD"}
    about = {"key": "k-1", "mark": MARK, "order_external_id": order, "note": "Credit CM-1001"}
    return NewRefund(**(given | about | more))


def test_a_refund_is_made_as_suggested_and_read_back_whole(shop, store):
    order, line = sent_order(shop)

    made = store.create_refund(new_refund(store, order, line))

    assert store.read_refunds([order]) == {order: [made]}
    assert made.mark == MARK
    assert made.note == f"Credit CM-1001 [{MARK}]"
    assert [(one.quantity, one.restock, one.subtotal.shop.amount) for one in made.lines] == [
        (2, Restock.RETURN, Decimal("20.00"))
    ]
    assert made.explained.shop.amount == Decimal("29.75")
    assert made.moved(PaymentState.DONE).shop.amount == Decimal("29.75")
    assert made.adjustment.shop.amount == 0
    assert made.created_at == datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def test_an_order_tells_what_was_given_back_after_it_was_sent_by_webhook_alike(shop, store):
    order, line = sent_order(shop)
    store.create_refund(new_refund(store, order, line))

    placed = store.read_orders([order])[order].order

    assert placed.given_back is not None
    assert (placed.given_back.pieces, placed.given_back.shipping.shop.amount) == (
        ((line, 2),),
        Decimal("5.95"),
    )
    body = order_body(shop.store.shop, shop.store.shop.tables["Order"][order])
    assert parse_order(json.dumps(body).encode()).order.given_back == placed.given_back


def test_pieces_that_were_never_sent_were_not_given_back_whatever_becomes_of_them(shop, store):
    order = shop.place(lines=[{"sku": "A", "quantity": 3, "price": "10.00"}], paid=True, payment_terms=None)
    line = shop.store.shop.tables["Order"][order]["_lines"][0]["id"]

    for restock in ("CANCEL", "NO_RESTOCK"):
        shop.store.act("refund_order", {"order": order, "lines": [{"line": line, "restock": restock}]})

    placed = store.read_orders([order])[order].order
    assert (placed.lines[0].current_quantity, placed.given_back) == (1, None)


def test_a_refund_says_of_which_charges_its_shipping_is(shop, store):
    shipping = [{"title": "Standard", "price": "5.00"}, {"title": "Express", "code": "EXP", "price": "9.00"}]
    order, _ = sent_order(shop, shipping=shipping)
    express = shop.store.shop.tables["Order"][order]["_shippingLines"][1]["id"]

    shop.store.act("refund_order", {"order": order, "shipping": "4.00", "shipping_line": express})
    shop.store.act("refund_order", {"order": order, "shipping": "all"})

    first, second = store.read_refunds([order])[order]
    told = [
        [
            (one.title, one.code, str(one.amount.shop.amount), str(one.tax.shop.amount))
            for one in each.shipping_lines
        ]
        for each in (first, second)
    ]
    assert told == [
        [("Express", "EXP", "4.00", "0.76")],
        [("Standard", "Standard", "5.00", "0.95"), ("Express", "EXP", "5.00", "0.95")],
    ]


def test_every_one_of_many_fulfilments_counts(shop, store):
    lines = [{"sku": "A", "quantity": 23, "price": "10.00"}]
    order = shop.place(lines=lines, paid=True, payment_terms=None)
    for _ in range(22):
        shop.store.act("fulfil_by_hand", {"order": order, "pieces": 1})
    line = shop.store.shop.tables["Order"][order]["_lines"][0]["id"]

    shop.store.act("refund_order", {"order": order, "lines": [{"line": line, "quantity": 22}]})

    placed = store.read_orders([order])[order].order
    assert placed.given_back is not None
    assert placed.given_back.pieces == ((line, 22),)


def test_the_same_key_again_is_the_same_refund(shop, store):
    order, line = sent_order(shop)
    refund = new_refund(store, order, line)

    assert store.create_refund(refund) == store.create_refund(refund)
    assert len(store.read_refunds([order])[order]) == 1


def test_what_was_not_given_back_of_each_payment_is_told(shop, store):
    order, line = sent_order(shop)
    store.create_refund(new_refund(store, order, line))

    told = store.suggest_refund(order, (NewRefundLine(line, 1, Restock.RETURN),), Decimal(0))

    assert (told.amount.shop.amount, told.refundable.shop.amount) == (Decimal("11.90"), Decimal("11.90"))
    assert [(one.gateway, one.amount) for one in told.payments] == [("shopify_payments", Decimal("11.90"))]


def test_a_refusal_is_told_in_the_stores_words(shop, store):
    order, line = sent_order(shop)
    refund = dataclasses.replace(
        new_refund(store, order, line), lines=(NewRefundLine(line, 9, Restock.RETURN),)
    )

    with pytest.raises(RecordRejected, match="cannot refund more items than were purchased"):
        store.create_refund(refund)
    with pytest.raises(RecordRejected, match="cannot refund more items than were purchased"):
        store.suggest_refund(order, refund.lines, Decimal(0))


def test_both_currencies_pending_money_and_cash_rounding_are_read(shop, store):
    order, line = sent_order(shop, presentment_currency="ISK", presentment_rate="100", shipping=[])
    by_hand = {"order": order, "lines": [{"line": line}], "status": "PENDING", "rounding": "3"}

    shop.store.act("refund_order", by_hand)

    (refund,) = store.read_refunds([order])[order]
    assert [str(one) for one in (refund.explained.shop, refund.explained.presentment)] == [
        "11.90 CAD",
        "1190 ISK",
    ]
    assert [one.state for one in refund.payments] == [PaymentState.PENDING]
    assert refund.rounding.presentment.amount == 3
    assert refund.mark == ""


def test_every_line_of_a_long_refund_is_read(shop, store):
    rows = [{"title": f"Part {n}", "quantity": 1, "price": "1.00"} for n in range(13)]
    order = shop.place(lines=rows, paid=True, payment_terms=None)
    lines = [
        {"line": one["id"], "restock": "CANCEL"} for one in shop.store.shop.tables["Order"][order]["_lines"]
    ]

    shop.store.act("refund_order", {"order": order, "lines": lines})

    (refund,) = store.read_refunds([order])[order]
    assert len({one.line_external_id for one in refund.lines}) == 13


def test_a_request_is_found_read_and_approved(shop, store):
    order, line = sent_order(shop)
    asked = {"order": order, "lines": [{"line": line, "quantity": 2, "reason": "DEFECTIVE", "note": "Bent"}]}
    shop.store.act("request_return", asked | {"restocking_percent": "12.5", "return_shipping": "4.00"})

    assert store.orders_with_returns() == [order]
    (requested,) = store.read_returns_of([order])[order]
    approved = store.approve_return(requested.external_id, notifies_buyer=False)

    (row,) = requested.lines
    assert (requested.name, requested.state) == ("#1001-R1", ReturnState.REQUESTED)
    assert (row.line_external_id, row.quantity, row.reason, row.note) == (line, 2, "Defective", "Bent")
    assert (row.restocking_percentage, row.restocking_fee.shop.amount) == (Decimal("12.5"), Decimal("2.50"))
    assert requested.return_shipping_fee.shop.amount == Decimal("4.00")
    assert approved == dataclasses.replace(requested, state=ReturnState.OPEN)


def test_a_long_return_that_is_worked_on_between_its_pages_is_read_to_its_end(shop):
    rows = [{"sku": "A", "quantity": 1, "price": f"{n}.00"} for n in range(1, 13)]
    order = shop.place(lines=rows, paid=True, payment_terms=None)
    record = shop.store.shop.tables["Order"][order]
    whole = [{"fulfillmentOrderId": one["id"]} for one in orders_of(shop.store.shop, record)]
    fulfillment_create(shop.store.shop, {"fulfillment": {"lineItemsByFulfillmentOrder": whole}})
    lines = [{"line": one["id"], "quantity": 1} for one in record["_lines"]]
    wanted = shop.store.act("open_return", {"order": order, "lines": lines})["id"]
    record = shop.store.shop.tables["Return"][wanted]

    def between(operation):
        if operation == "ReturnLines":
            # What was on the first page is gone from the return, the last line of it, too.
            del record["_lines"][8:10]

    (found,) = connected(shop, before=between).read_returns_of([order])[order]

    left = {one["id"] for one in record["_lines"]}
    assert (len(left), len(found.lines)) == (10, 12)
    assert left <= {one.external_id for one in found.lines}


def test_an_order_with_many_returns_is_read_to_its_end_and_holds_up_no_other(shop, store):
    order, line = sent_order(shop)
    other, other_line = sent_order(shop)
    for _ in range(51):
        wanted = shop.store.act("request_return", {"order": order, "lines": [{"line": line}]})["id"]
        shop.store.act("decide_return", {"return": wanted, "decision": "decline", "note": "No"})
    shop.store.act("request_return", {"order": other, "lines": [{"line": other_line}]})

    found = store.read_returns_of([order, other])

    assert {key: len({one.external_id for one in returns}) for key, returns in found.items()} == {
        order: 51,
        other: 1,
    }


def test_a_search_for_returns_that_does_not_come_to_its_end_is_no_answer():
    shop = ScriptedShop()
    page = {"nodes": [{"id": "gid://shopify/Order/1"}], "pageInfo": more("c1")}
    shop.script("OrdersWithReturns", {"orders": page})

    with pytest.raises(ValueError, match="ends where it began"):
        shop.store.orders_with_returns()


def test_a_request_is_declined_once(shop, store):
    order, line = sent_order(shop)
    wanted = shop.store.act("request_return", {"order": order, "lines": [{"line": line}]})["id"]
    about = {"reason": Decline.FINAL_SALE, "note": "Sold as is", "notifies_buyer": False}

    declined = store.decline_return(wanted, **about)

    assert (declined.state, declined.decline_note) == (ReturnState.DECLINED, "Sold as is")
    with pytest.raises(RecordRejected, match="Return status is invalid"):
        store.decline_return(wanted, **about)


def test_an_open_return_is_closed_or_cancelled(shop, store):
    order, line = sent_order(shop)
    ids = [shop.store.act("request_return", {"order": order, "lines": [{"line": line}]})["id"] for _ in "ab"]
    store.approve_return(ids[0], notifies_buyer=False)

    assert store.close_return(ids[0]).state is ReturnState.CLOSED
    assert store.cancel_return(ids[1]).state is ReturnState.CANCELLED


def test_webhooks_name_their_order(shop):
    shop.subscribe("REFUNDS_CREATE", "RETURNS_REQUEST")
    order, line = sent_order(shop)

    shop.store.act("request_return", {"order": order, "lines": [{"line": line}]})
    shop.store.act("refund_order", {"order": order, "lines": [{"line": line}]})

    assert [order_told_of(one.body) for one in shop.sent()] == [order, order]


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"order": {}}', b'{"order_id": "x"}', b"no"])
def test_a_body_that_names_no_order_is_refused(body):
    with pytest.raises(ValueError, match=r"\S"):
        order_told_of(body)
