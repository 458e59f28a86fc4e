"""Scenario 3: a euro shop's order in krónur, with header and shipping discount, is equal in both money policies."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orders.models import OrderPolicy
from tests.world import VAT

KRONA = {"code": "ISK", "displayName": "Króna", "amountDecimalPlaces": "0:0", "amountRoundingPrecision": "1"}
ORDER = {
    "po_number": "PO-1",
    "taxes": VAT,
    "presentment_currency": "ISK",
    "presentment_rate": "142.37",
    "lines": [
        {"sku": "TAB-001", "quantity": 3, "price": "33.33"},
        {"sku": "LAM-002", "quantity": 7, "price": "0.99"},
    ],
    "discount": {"percent": 7},
    "shipping": [{"title": "Standard", "price": "12.50", "discount": {"percent": 30}}],
}


@pytest.mark.parametrize("policy", ["shop", "presentment"])
@pytest.mark.parametrize("taxes_included", [False, True])
def test_totals_are_equal_in_both_money_policies(hub, policy, taxes_included):
    hub.sandbox.seed("erp", hub.world.erp_name, {"currencies": [KRONA]})
    OrderPolicy.objects.update(money=policy)
    placed = hub.place(**ORDER, taxes_included=taxes_included)

    hub.work_through()

    body = hub.body(placed)
    money, tax = body["current_total_price_set"][f"{policy}_money"], body["total_tax_set"][f"{policy}_money"]
    [order] = hub.erp_orders()
    assert order["currencyCode"] == money["currency_code"] == {"shop": "EUR", "presentment": "ISK"}[policy]
    assert Decimal(str(order["totalAmountIncludingTax"])) == Decimal(money["amount"])
    assert Decimal(str(order["totalTaxAmount"])) == Decimal(tax["amount"])
    assert (hub.link(placed).totals, hub.reviews()) == ("equal", [])
