"""Scenario 4: shipping refunded in the buyer's currency is credited in the one that the order was booked in."""

from __future__ import annotations

from decimal import Decimal

from orders.models import OrderPolicy
from tests.acceptance.credits import amounts, invoice, memos, prepare, refund
from tests.world import VAT

KRONA = {"code": "ISK", "displayName": "Króna", "amountDecimalPlaces": "0:0", "amountRoundingPrecision": "1"}


def test_the_credit_is_in_the_currency_of_the_order_whatever_the_policy_says_now(hub):
    prepare(hub)
    hub.sandbox.seed("erp", hub.world.erp_name, {"currencies": [KRONA]})
    placed = hub.place(
        presentment_currency="ISK",
        presentment_rate="142.37",
        taxes=VAT,
        paid=True,
        payment_terms=None,
        shipping=[{"title": "Standard", "price": "12.50"}],
    )
    invoice(hub, placed)
    OrderPolicy.objects.update(money="presentment")

    refund(hub, placed, shipping="all")

    (memo,) = memos(hub)
    assert (memo["currencyCode"], Decimal(memo["totalAmountIncludingTax"])) == ("EUR", Decimal("14.88"))
    assert [amount for _, amount in amounts(memo)] == [Decimal("12.50")]
    assert memo["status"] in ("Open", "Paid")
    assert hub.reviews(flow="push_refund_to_erp") == []
