"""What becomes of returned goods in the simulated store: money, shelves, exchanges, and what is refused."""

from __future__ import annotations

import pytest

from tests.sandbox.shopify.client import acme

TAX = [{"title": "VAT", "rate": "0.19"}]
READ = """query R($id: ID!, $lines: [SuggestedOutcomeReturnLineItemInput!]!,
                $swapped: [SuggestedOutcomeExchangeLineItemInput!]!) {
  return(id: $id) { status
    refunds(first: 5) { nodes { refundLineItems(first: 5) { nodes { quantity restockType } }
                                orderAdjustments(first: 5) { nodes { id } }
                                totalRefundedSet { shopMoney { amount } } } }
    exchangeLineItems(first: 5) { nodes { id unprocessedQuantity lineItems { sku } } }
    reverseFulfillmentOrders(first: 5) { nodes { status lineItems(first: 5) { nodes {
      id dispositions { type quantity } } } } }
    suggestedFinancialOutcome(returnLineItems: $lines, exchangeLineItems: $swapped) { financialTransfer {
      __typename ... on RefundReturnOutcome { amount { shopMoney { amount } } }
                 ... on InvoiceReturnOutcome { amount { shopMoney { amount } } } } } } }"""
PROCESS = """mutation P($input: ReturnProcessInput!) { returnProcess(input: $input) {
  return { status } userErrors { message code } } }"""
DISPOSE = """mutation D($rows: [ReverseFulfillmentOrderDisposeInput!]!) {
  reverseFulfillmentOrderDispose(dispositionInputs: $rows) {
    reverseFulfillmentOrderLineItems { id } userErrors { message code } } }"""


class Returned:
    """Three of A at 10.00 with VAT, paid and sent; two of them under way back."""

    def __init__(self, **more):
        self.client = acme()
        lines = [{"sku": "A", "quantity": 3, "price": "10.00"}]
        self.order = self.client.place(lines=lines, paid=True, payment_terms=None, taxes=TAX)
        self.client.store.act("fulfil_by_hand", {"order": self.order, "pieces": 3})
        line = self.record["_lines"][0]["id"]
        given = {"order": self.order, "lines": [{"line": line, "quantity": 2}], **more}
        self.id = self.client.store.act("open_return", given)["id"]
        made = self.client.store.shop.tables["Return"][self.id]
        self.line, self.place = made["_lines"][0]["id"], made["_reverse"][0]["_lines"][0]["id"]
        self.swapped = made["_exchanged"][0]["id"] if made["_exchanged"] else ""

    @property
    def record(self):
        return self.client.store.shop.tables["Order"][self.order]

    def read(self, pieces=1, swapped=0):
        lines = [{"id": self.line, "quantity": pieces}]
        exchanged = [{"id": self.swapped, "quantity": swapped}] if swapped else []
        return self.client.data(READ, id=self.id, lines=lines, swapped=exchanged)["return"]

    def outcome(self, **more):
        found = self.read(**more)["suggestedFinancialOutcome"]["financialTransfer"]
        return found and (found["__typename"], found["amount"]["shopMoney"]["amount"])

    def process(self, pieces, *, ends=(), money=None, swapped=0):
        given = {"returnId": self.id, "returnLineItems": []}
        if pieces:
            given["returnLineItems"] = [
                {"id": self.line, "quantity": pieces, "dispositions": [self.end(*end) for end in ends]}
            ]
        if swapped:
            given["exchangeLineItems"] = [{"id": self.swapped, "quantity": swapped}]
        if money:
            amount = {"amount": money, "currencyCode": "EUR"}
            row = {"transactionAmount": amount, "parentId": self.record["_transactions"][0]["id"]}
            given["financialTransfer"] = {"issueRefund": {"orderTransactions": [row]}}
        return self.client.data(PROCESS, input=given)["returnProcess"]

    def end(self, kind, pieces, location=None):
        row = {"dispositionType": kind, "quantity": pieces, "reverseFulfillmentOrderLineItemId": self.place}
        return {**row, "locationId": location} if location else row

    def dispose(self, *ends):
        rows = [self.end(*end) for end in ends]
        return self.client.data(DISPOSE, rows=rows)["reverseFulfillmentOrderDispose"]

    @property
    def shelf(self):
        return self.client.store.shop.every("Location")[0]["id"]

    def owed(self):
        return str(self.record["totalOutstandingSet"]["shopMoney"]["amount"])


def test_processed_pieces_are_refunded_with_the_return_and_go_where_they_are_said_to():
    returned = Returned()

    ends = [("RESTOCKED", 1, returned.shelf), ("NOT_RESTOCKED", 1)]
    answer = returned.process(2, ends=ends, money="23.80")

    assert answer == {"return": {"status": "OPEN"}, "userErrors": []}
    found = returned.client.store.shop.tables["Return"][returned.id]
    refund = returned.client.store.shop.every("Refund")[0]
    assert [(row["quantity"], row["restockType"]) for row in refund["_lines"]] == [
        (1, "RETURN"),
        (1, "NO_RESTOCK"),
    ]
    assert (refund["_returnId"], refund["_adjustments"], returned.owed()) == (returned.id, [], "0.00")
    kinds = [row["type"] for row in found["_reverse"][0]["_lines"][0]["dispositions"]]
    assert kinds == ["RESTOCKED", "NOT_RESTOCKED"]


def test_fees_are_in_the_outcome_pro_rata_and_are_no_adjustment():
    returned = Returned(restocking_percent="10", return_shipping="3.00")
    assert returned.outcome(pieces=1) == ("RefundReturnOutcome", "7.9")

    returned.process(1, money="7.9")

    assert returned.outcome(pieces=1) == ("RefundReturnOutcome", "10.9")
    assert returned.client.store.shop.every("Refund")[0]["_adjustments"] == []
    assert returned.owed() == "0.00"


def test_exchanged_pieces_become_lines_of_the_order_and_pay_for_themselves():
    returned = Returned(exchange=[{"sku": "B", "quantity": 1}])
    assert returned.outcome(pieces=2, swapped=1) == ("RefundReturnOutcome", "15.05")

    returned.process(2, money="15.05", swapped=1)

    line = returned.record["_lines"][1]
    assert (line["sku"], line["quantity"], returned.owed()) == ("B", 1, "0.00")
    assert returned.client.store.shop.every("Refund")[0]["_adjustments"] == []


def test_an_exchange_for_more_is_owed_by_the_buyer():
    returned = Returned(exchange=[{"sku": "A", "quantity": 2}])
    assert returned.outcome(pieces=1, swapped=2) == ("InvoiceReturnOutcome", "17.85")

    returned.process(1, swapped=2)

    assert returned.owed() == "17.85"


@pytest.mark.parametrize(
    ("call", "refusal"),
    [
        (lambda one: one.process(3), ("Return line item has an invalid quantity.", "INVALID")),
        (lambda one: one.process(1, swapped=1), ("Exchange line item was not found.", "NOT_FOUND")),
        (
            lambda one: one.process(1, ends=[("MISSING", 2)]),
            ("Dispositions exceed the quantity.", "INVALID"),
        ),
        (lambda one: one.dispose(("RESTOCKED", 1)), ("Location is required to restock.", "BLANK")),
        (lambda one: one.dispose(("MISSING", 3)), ("Disposition has an invalid quantity.", "INVALID")),
    ],
)
def test_what_cannot_be_is_refused(call, refusal):
    returned = Returned()

    error = call(returned)["userErrors"][0]

    assert (error["message"], error["code"]) == refusal


def test_pieces_are_put_aside_once_and_end_once():
    returned = Returned()

    assert returned.dispose(("PROCESSING_REQUIRED", 2))["userErrors"] == []
    assert returned.dispose(("PROCESSING_REQUIRED", 1))["userErrors"] != []
    assert returned.dispose(("NOT_RESTOCKED", 2))["userErrors"] == []

    assert returned.dispose(("MISSING", 1))["userErrors"] != []


def test_nothing_is_disposed_of_once_the_return_is_closed_until_it_is_opened_again():
    returned = Returned()
    returned.client.store.act("decide_return", {"return": returned.id, "decision": "close"})
    assert returned.dispose(("MISSING", 1))["userErrors"][0]["code"] == "INVALID_STATE"

    returned.client.store.act("decide_return", {"return": returned.id, "decision": "reopen"})

    assert returned.dispose(("MISSING", 1))["userErrors"] == []
