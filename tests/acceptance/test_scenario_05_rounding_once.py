"""Scenario 5: two refunds on an order with cash rounding: it is posted once, with the refund that it belongs to."""

from __future__ import annotations

from decimal import Decimal

from orders.credits.parts import Part
from tests.acceptance.credits import amounts, invoice, memos, prepare, refund
from tests.orders.credits.refunds import NUMBERS
from tests.world import VAT


def test_the_rounding_of_one_refund_is_not_posted_with_the_other(hub):
    prepare(hub)
    placed = hub.place(taxes=VAT, paid=True, payment_terms=None)
    invoice(hub, placed)
    (line,) = placed["lines"]

    refund(hub, placed, lines=[{"line": line, "quantity": 1, "restock": "CANCEL"}], rounding="0.02")
    refund(hub, placed, lines=[{"line": line, "quantity": 1, "restock": "NO_RESTOCK"}])

    first, second = memos(hub)
    assert [number for number, _ in amounts(first)] == [NUMBERS[Part.CANCELLED], NUMBERS[Part.ROUNDING]]
    assert [number for number, _ in amounts(second)] == [NUMBERS[Part.NOT_RESTOCKED]]
    totals = [Decimal(memo["totalAmountIncludingTax"]) for memo in (first, second)]
    assert totals == [Decimal("11.92"), Decimal("11.90")]
    (invoice_left,) = hub.truth()["salesInvoices"]
    assert Decimal(invoice_left["remainingAmount"]) == Decimal(0)
