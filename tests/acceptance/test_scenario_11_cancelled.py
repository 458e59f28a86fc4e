"""Scenario 11: the ERP cancels an order that the store still holds, before and after a part of it has left."""

from __future__ import annotations

import pytest

from hub.sync.models import ReviewItem
from orders.changes.asking import answer
from orders.models import OrderAgreement, OrderChangePolicy


@pytest.fixture
def sent(make_hub):
    """A hub with NetSuite, where an order is cancelled by closing it, and an order of five pieces that it holds."""
    hub = make_hub(erp="netsuite")
    OrderChangePolicy.objects.create(store=hub.euro, accepts_erp_edits=True, cancels_in_store=True)
    placed = hub.place(po_number="PO-1", lines=[{"sku": "TAB-001", "quantity": 5, "price": "10.00"}])
    hub.work(horizon=0.5)
    return hub, placed


def closed(hub):
    [document] = hub.documents()
    hub.clerk("close_order", id=document.external_id)
    hub.pull_erp()
    hub.work(horizon=0.5)


def test_scenario_11_what_the_erp_cancels_before_anything_left_is_cancelled_in_the_store(sent):
    hub, placed = sent

    closed(hub)

    order = hub.shop().get("Order", placed["id"])
    assert order["cancelledAt"] is not None
    assert [line["currentQuantity"] for line in order["_lines"]] == [0]
    assert hub.link(placed).cancelled_at is not None
    assert hub.reviews() == []


def test_scenario_11_after_a_part_has_left_a_person_cancels_the_rest(sent):
    hub, placed = sent
    [document] = hub.documents()
    hub.clerk("fulfill_order", id=document.external_id, lines=[{"line": 1, "quantity": 2}])

    closed(hub)

    item = ReviewItem.objects.get(state="open")
    [row] = item.evidence["changes"]
    assert (item.code, row["store"], row["erp"]) == ("order_conflict", "5", "2")
    assert hub.shop().get("Order", placed["id"])["cancelledAt"] is None

    agreement = OrderAgreement.objects.get(link=hub.link(placed))
    assert answer(item, agreement, ["erp"], shown=item.fingerprint, user_id=None) == ""
    hub.work(horizon=0.5)

    order = hub.shop().get("Order", placed["id"])
    assert [line["currentQuantity"] for line in order["_lines"]] == [2]
    assert order["cancelledAt"] is None
    assert ("sync_order_changes", "order_conflict") not in hub.reviews()
