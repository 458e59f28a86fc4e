"""What lines of an ERP's credit become in the store: shipping wherever it was posted, and what is no fee is asked."""

from __future__ import annotations

from decimal import Decimal

from hub.connectors.credits import ErpCreditLine
from hub.connectors.documents import LineKind
from hub.sync.models import ReviewItem
from orders.models import OrderPolicy, ShippingMethodMapping
from tests.orders.returning import FLOW, Crediting, work
from tests.world import release


def test_shipping_that_was_posted_to_the_default_charge_is_a_shipping_refund(hub):
    account = ShippingMethodMapping.objects.filter(store=hub.euro).first().charge_number
    OrderPolicy.objects.filter(store=hub.euro).update(
        default_charge_kind=LineKind.ACCOUNT.value, default_charge_number=account
    )
    crediting = Crediting(hub, shipping=[{"title": "Drone", "price": "6.00"}])

    crediting.credits(crediting.tables(1), crediting.amount("6.00", number=account, tax="1.14"))

    assert (crediting.refunds()[0][:2], hub.reviews()) == (([(1, "RETURN")], ["19.04"]), [])
    (shipping,) = crediting.order["_refunds"][0]["_shipping"]
    assert shipping["subtotalAmountSet"]["shopMoney"]["amount"] == Decimal("6.00")


def test_goods_that_are_sold_inside_a_credit_are_asked_about_and_no_fee_by_themselves(hub):
    crediting = Crediting(hub)
    sold = ErpCreditLine(
        "3", LineKind.ITEM, crediting.item, "Table", Decimal(-1), Decimal("-10.00"), Decimal("-1.90")
    )

    crediting.credits(crediting.tables(2), sold)
    asked = ReviewItem.objects.get(state="open")
    before = crediting.calls()
    release("credit_line_below_zero")
    work(hub)

    assert (asked.flow, asked.code, before) == (FLOW, "credit_line_below_zero", 0)
    assert f"-1 of {crediting.item!r} (-11.90 EUR)" in asked.message
    assert (crediting.refunds()[0][:2], hub.reviews()) == (([(2, "RETURN")], ["11.90"]), [])
