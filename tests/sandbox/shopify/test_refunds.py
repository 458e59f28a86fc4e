"""Refunds of the simulated store: what they come to, what they change, what is refused, and once for a key."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.shopify.client import acme

TAX = [{"title": "VAT", "rate": "0.19"}]
REFUND = """mutation Refund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id totalRefundedSet { shopMoney { amount } }
             orderAdjustments(first: 5) { nodes { reason amountSet { shopMoney { amount } } } } }
    userErrors { field message } } }"""
SUGGEST = """query Suggest($id: ID!, $lines: [RefundLineItemInput!], $shipping: Money) { order(id: $id) {
  suggestedRefund(refundLineItems: $lines, shippingAmount: $shipping) {
    amountSet { shopMoney { amount } presentmentMoney { amount } }
    totalTaxSet { shopMoney { amount } } maximumRefundableSet { shopMoney { amount } }
    suggestedTransactions { kind gateway amountSet { presentmentMoney { amount } } parentTransaction { id } } } } }"""


@pytest.fixture
def store():
    return acme()


def paid(store, **order):
    """A paid order of three pieces at 10.01 and shipping of 5.00, with VAT of 19 %."""
    lines = [{"sku": "A", "quantity": 3, "price": "10.01"}]
    given = {"paid": True, "payment_terms": None, "taxes": TAX, "lines": lines}
    return store.place(**(given | {"shipping": [{"title": "Standard", "price": "5.00"}]} | order))


def record(store, order):
    return store.store.shop.tables["Order"][order]


def line_of(store, order):
    return record(store, order)["_lines"][0]["id"]


def back(store, order, amount, **more):
    """A payment back to the order's own."""
    payment = record(store, order)["_transactions"][0]
    return {
        "orderId": order,
        "parentId": payment["id"],
        "gateway": payment["gateway"],
        "kind": "REFUND",
        "amount": amount,
        **more,
    }


def refund(store, order, key="k1", **given):
    answer = store.ask(REFUND, input={"orderId": order, **given}, key=key)
    return answer["data"]["refundCreate"]


def words(payload):
    return [error["message"] for error in payload["userErrors"]]


def test_parts_of_a_line_add_up_to_the_line():
    store = acme()
    order = paid(store, shipping=[])
    line = line_of(store, order)
    parts = []

    for _ in range(3):
        rows = [{"lineItemId": line, "quantity": 1, "restockType": "CANCEL"}]
        told = store.data(SUGGEST, id=order, lines=rows)["order"]["suggestedRefund"]
        parts.append((told["amountSet"]["shopMoney"]["amount"], told["totalTaxSet"]["shopMoney"]["amount"]))
        store.store.act("refund_order", {"order": order, "lines": [{"line": line, "restock": "CANCEL"}]})

    assert parts == [("11.91", "1.9"), ("11.92", "1.91"), ("11.91", "1.9")]
    assert record(store, order)["displayFinancialStatus"] == "REFUNDED"
    assert record(store, order)["currentTotalPriceSet"]["shopMoney"]["amount"] == 0


def test_a_refund_without_its_key_is_refused_whole(store):
    order = paid(store)

    answer = store.ask(
        "mutation R($input: RefundInput!) { refundCreate(input: $input) { userErrors { message } } }",
        input={"orderId": order, "transactions": [back(store, order, "1.00")]},
    )

    assert answer["data"] == {"refundCreate": None}
    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert record(store, order)["displayFinancialStatus"] == "PAID"


def test_the_same_key_answers_the_same_refund_and_gives_nothing_back_again(store):
    order = paid(store)
    given = {"transactions": [back(store, order, "2.00")]}

    first, again = refund(store, order, **given), refund(store, order, **given)

    assert first["refund"]["id"] == again["refund"]["id"]
    assert len(record(store, order)["_refunds"]) == 1


def test_a_key_is_bound_to_its_values(store):
    order = paid(store)
    refund(store, order, transactions=[back(store, order, "2.00")])

    other = refund(store, order, transactions=[back(store, order, "3.00")])

    assert words(other) == ["The idempotency key was used before with other parameters."]
    assert len(record(store, order)["_refunds"]) == 1


def test_a_key_whose_attempt_was_refused_is_used_up(store):
    order = paid(store)
    given = {"transactions": [back(store, order, "999.00")]}
    assert words(refund(store, order, **given)) == ["Refund amount cannot exceed what is refundable"]

    again = refund(store, order, **given)

    assert words(again) == [
        "The previous attempt with this idempotency key failed. Use a new key to try again."
    ]


@pytest.mark.parametrize(
    ("row", "refusal"),
    [
        ({"quantity": 4}, "Quantity cannot refund more items than were purchased"),
        ({"quantity": 3, "restockType": "RETURN"}, "Unfulfilled items cannot be returned"),
        ({"quantity": 3, "restockType": "CANCEL"}, "Fulfilled items cannot be canceled"),
    ],
)
def test_pieces_that_cannot_come_back_are_refused(store, row, refusal):
    order = paid(store)
    store.store.act("fulfil_by_hand", {"order": order, "pieces": 1})

    told = refund(store, order, refundLineItems=[{"lineItemId": line_of(store, order), **row}])

    assert words(told) == [refusal]
    assert "_refunds" not in record(store, order)


def test_money_goes_back_to_a_payment_of_the_order_only(store):
    order, other = paid(store), paid(store)

    told = refund(store, order, transactions=[back(store, other, "1.00", orderId=order)])

    assert words(told) == ["Transactions require a parent_id associated with the order"]


def test_returned_pieces_stay_sent_and_go_on_the_shelf(store):
    order = paid(store)
    line = line_of(store, order)
    store.store.act("fulfil_by_hand", {"order": order, "pieces": 3})

    store.store.act("refund_order", {"order": order, "lines": [{"line": line, "quantity": 2}]})

    kept = record(store, order)["_lines"][0]
    assert (kept["currentQuantity"], kept["_returned"], kept["_fulfilled"]) == (1, 2, 3)
    assert record(store, order)["displayFinancialStatus"] == "PARTIALLY_REFUNDED"


def test_a_fee_that_is_kept_is_an_adjustment_and_owed_by_nobody(store):
    order = paid(store, shipping=[])
    store.store.act("fulfil_by_hand", {"order": order, "pieces": 3})
    rows = [{"lineItemId": line_of(store, order), "quantity": 3, "restockType": "RETURN"}]

    made = refund(store, order, refundLineItems=rows, transactions=[back(store, order, "30.00")])

    assert made["refund"]["orderAdjustments"]["nodes"] == [
        {"reason": "REFUND_DISCREPANCY", "amountSet": {"shopMoney": {"amount": "5.74"}}}
    ]
    assert record(store, order)["totalOutstandingSet"]["shopMoney"]["amount"] == 0


def test_a_refund_without_money_lessens_what_an_unpaid_order_owes(store):
    order = store.place(lines=[{"sku": "A", "quantity": 2, "price": "10.00"}])
    rows = [{"lineItemId": line_of(store, order), "quantity": 1, "restockType": "CANCEL"}]

    made = refund(store, order, refundLineItems=rows)

    assert made["refund"]["totalRefundedSet"]["shopMoney"]["amount"] == "0.0"
    assert record(store, order)["totalOutstandingSet"]["shopMoney"]["amount"] == 10
    assert record(store, order)["displayFinancialStatus"] == "PENDING"


def test_an_order_in_a_foreign_currency_is_refunded_in_it(store):
    order = paid(store, presentment_currency="ISK", presentment_rate="100", shipping=[])
    given = {"transactions": [back(store, order, "3574")]}
    assert words(refund(store, order, **given)) == ["Currency must be the presentment currency of the order"]

    made = refund(store, order, key="k2", currency="ISK", **given)

    assert made["refund"]["totalRefundedSet"]["shopMoney"]["amount"] == "35.74"


def test_a_refund_is_told_with_its_order(store):
    order = paid(store)
    store.subscribe("REFUNDS_CREATE", "ORDERS_UPDATED")

    refund(store, order, transactions=[back(store, order, "2.00")], note="Sorry")

    told = [(one.topic, json.loads(one.body)) for one in store.sent()]
    assert [topic for topic, _ in told] == ["refunds/create", "orders/updated"]
    assert told[0][1]["order_id"] == int(order.rpartition("/")[2])
    assert told[0][1]["order_adjustments"][0]["amount"] == "-2.00"
