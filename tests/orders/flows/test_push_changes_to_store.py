"""Changes that a clerk makes in the ERP reach the store where its policy says so."""

from __future__ import annotations

import pytest

from hub.sync.models import Attempt
from orders.models import OrderAgreement, OrderChangePolicy
from tests.orders.flows.test_sync_order_changes import TWO_LINES, settle

FLOW = "push_changes_to_store"


@pytest.fixture
def sent(hub):
    """An order in the ERP, of a store that takes the ERP's changes."""
    OrderChangePolicy.objects.create(store=hub.euro, accepts_erp_edits=True, cancels_in_store=True)
    placed = hub.place(po_number="PO-1", lines=TWO_LINES)
    settle(hub)
    return placed


def clerk_edits(hub, number, sequence=0, **changes):
    [order] = [order for order in hub.erp_orders() if order["number"] == number]
    hub.clerk("edit_line", number=number, sequence=order["lines"][sequence]["sequence"], changes=changes)
    heard(hub)


def heard(hub):
    hub.pull_erp()
    settle(hub)


def in_store(hub, placed):
    [order] = [order for order in hub.truth("stores")["orders"] if order["id"] == placed["id"]]
    return order


def quantities(hub, placed):
    return [line["currentQuantity"] for line in hub.shop().get("Order", placed["id"])["_lines"]]


def test_another_quantity_reaches_the_store_once_and_both_agree(hub, sent):
    clerk_edits(hub, hub.link(sent).number, quantity=2)

    assert quantities(hub, sent) == [2, 1]
    link = hub.link(sent)
    assert (link.totals, OrderAgreement.objects.get(link=link).version) == ("equal", 1)
    assert hub.reviews() == []
    assert Attempt.objects.filter(operation="edit_order_lines").count() == 1

    hub.pull()
    heard(hub)

    assert Attempt.objects.filter(operation="edit_order_lines").count() == 1
    assert hub.reviews() == []
