"""Scenario 6: an exchange with a price difference: what came back is credited whole, what was sent pays for it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hub.connectors.store_returns import RefundPayment
from tests.acceptance.credits import invoice, memos, prepare
from tests.orders.credits.refunds import bag
from tests.orders.credits.rows import mirror, one_back, push, shrink
from tests.world import VAT


def exchanged(hub, placed):
    """A desk for 11.90 comes back, something for 5.95 was sent in exchange: 5.95 went back to the buyer."""
    whole = one_back(hub, placed)
    payment = RefundPayment("t1", whole.payments[0].state, bag("5.95"), bag("0"))
    return replace(whole, payments=(payment,), return_external_id="gid://shopify/Return/1")


def test_before_the_invoice_the_order_is_to_be_changed_and_after_it_the_goods_are_credited_whole(hub):
    prepare(hub)
    placed = hub.place(taxes=VAT, paid=True, payment_terms=None)
    hub.work_through()
    shrink(hub, placed)
    mirror(hub, placed, exchanged(hub, placed))
    push(hub, placed)
    assert hub.reviews(flow="push_refund_to_erp") == [("push_refund_to_erp", "refund_before_invoice")]
    assert memos(hub) == []

    invoice(hub, placed)
    push(hub, placed)

    (memo,) = memos(hub)
    assert Decimal(memo["totalAmountIncludingTax"]) == Decimal("11.90")
    assert memo["invoiceNumber"] == hub.truth()["salesInvoices"][0]["number"]
    assert hub.reviews(flow="push_refund_to_erp") == []
