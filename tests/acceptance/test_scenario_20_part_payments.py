"""Scenario 20, the orders' part: an order on terms that is paid in parts, and what is given back of it."""

from __future__ import annotations

from decimal import Decimal

from hub.sync.models import ReviewItem
from tests.acceptance.credits import invoice, memos, prepare, refund
from tests.orders.returning import Crediting, work
from tests.world import VAT, release


def test_after_a_part_payment_and_a_refund_of_more_both_systems_say_the_same_is_owed(hub):
    prepare(hub)
    placed = hub.place(taxes=VAT, lines=[{"sku": "TAB-001", "quantity": 5, "price": "10.00"}])
    invoice(hub, placed)
    hub.buyer("fulfil_by_hand", order=placed["id"], pieces=5)
    hub.buyer("pay_order", order=placed["id"], amount="20.00")
    hub.pull()
    (line,) = placed["lines"]

    # Goods of 23.80: what was not paid is not given back, and the store names the difference.
    refund(hub, placed, lines=[{"line": line, "quantity": 2, "restock": "NO_RESTOCK"}], amount="20.00")

    (memo,) = memos(hub)
    assert Decimal(memo["totalAmountIncludingTax"]) == Decimal("20.00")
    (invoice_left,) = hub.truth()["salesInvoices"]
    order = hub.shop().get("Order", placed["id"])
    assert order["totalOutstandingSet"]["shopMoney"]["amount"] == Decimal("39.50")
    assert Decimal(invoice_left["remainingAmount"]) == Decimal("39.50")
    assert (hub.sent(), hub.reviews()) == (1, [])


def test_a_credit_of_more_than_was_paid_waits_until_the_rest_is_paid(hub):
    crediting = Crediting(hub, payment_terms="Net 30", paid=None)
    hub.buyer("pay_order", order=crediting.placed["id"], amount="20.00")

    crediting.credits(crediting.tables(2))

    assert crediting.refunds() == []
    item = ReviewItem.objects.get(state="open")
    assert (item.code, "23.80" in item.message, "20.00" in item.message) == (
        "refund_exceeds_payment",
        True,
        True,
    )

    hub.buyer("pay_order", order=crediting.placed["id"])
    hub.pull()
    release("refund_exceeds_payment", "try_again")
    work(hub)

    assert [(lines, money) for lines, money, _ in crediting.refunds()] == [
        ([(2, "RETURN")], ["20.00", "3.80"])
    ]
    assert hub.reviews() == []
