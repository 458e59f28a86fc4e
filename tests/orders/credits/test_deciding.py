"""What becomes of a refund in the ERP, as a table."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hub.connectors.documents import ErpTotals
from hub.connectors.sales_documents import OrderStage
from hub.connectors.store_returns import Restock
from orders.credits.deciding import Action, RefundFacts, after_the_invoice, is_return_order
from tests.fakes.telling import DESK, document

FACTS = RefundFacts(False, False, "done", Decimal("11.90"), frozenset({Restock.RETURN}))
CANCELLED = replace(FACTS, restocks=frozenset({Restock.CANCEL}))
TOTAL = Decimal("35.70")


def order(invoiced, **changes):
    """An order over three desks, so many of them invoiced; its total is 35.70."""
    totals = ErpTotals("EUR", Decimal("30.00"), Decimal("5.70"), TOTAL)
    return document(lines=(replace(DESK, invoiced_quantity=Decimal(invoiced)),), totals=totals, **changes)


@pytest.mark.parametrize(
    ("facts", "erp", "store_total", "action"),
    [
        (FACTS, order(3), "23.80", Action.SEND),
        (CANCELLED, order(3), "23.80", Action.SEND),
        # Of what was sent something is invoiced; what never was, is still on the order.
        (FACTS, order(1), "23.80", Action.SEND),
        (CANCELLED, order(1), "23.80", Action.HOLD),
        (FACTS, order(0), "23.80", Action.HOLD),
        (FACTS, order(0), TOTAL, Action.NOTHING),
        (replace(FACTS, has_goodwill=True), order(0), TOTAL, Action.HOLD),
        (replace(FACTS, is_order_current=False), order(0), TOTAL, Action.WAIT),
        (replace(FACTS, is_approved=True), order(0), "23.80", Action.SEND),
        (FACTS, order(0, stage=OrderStage.CANCELLED), "23.80", Action.NOTHING),
        (FACTS, None, "23.80", Action.NOTHING),
    ],
)
def test_credited_is_what_was_invoiced(facts, erp, store_total, action):
    assert after_the_invoice(facts, erp, Decimal(store_total)).action is action


def test_one_kind_of_goods_is_enough_for_a_return_order_and_money_alone_never_is():
    kinds = {Restock.RETURN, Restock.CANCEL}

    assert is_return_order(kinds, restocked=True, not_restocked=False)
    assert not is_return_order(kinds, restocked=False, not_restocked=True)
    assert not is_return_order(set(), restocked=True, not_restocked=True)
