"""Drafts that wait for a person, while what they were made of goes on."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hub.sync.models import Attempt, ReviewItem
from tests.orders.offline_orders import document, line, link_location, mirror, push, show_offline_orders
from tests.world import release


@pytest.fixture
def drafting(hub):
    """A store without taxes that shows what the ERP takes, by drafts whose sums must differ."""
    show_offline_orders(hub, way="draft")
    link_location(hub)
    hub.leave_to_webhooks()
    return hub


def in_store(hub):
    return hub.truth("stores")["orders"]


def differing(hub):
    """A draft that the store sums up otherwise, and the order as the ERP words it after somebody changed it there."""
    first = document(line(quantity="2"), payment_terms_code="30 DAYS")
    order = mirror(hub.erp, first)
    push(hub, order)
    later = document(line(quantity="3"), payment_terms_code="30 DAYS", number=first.number)
    return order, replace(later, external_id=first.external_id, po_number=first.po_number)


def test_a_draft_that_was_made_before_the_order_changed_is_changed_and_not_completed_as_it_was(drafting):
    hub = drafting
    order, changed = differing(hub)
    mirror(hub.erp, changed)
    push(hub, order)
    assert ReviewItem.objects.get(state="open").evidence["store"] == "30.00 EUR with 0.00 tax"

    release("draft_differs")
    hub.work()

    [made] = in_store(hub)
    assert [one["quantity"] for one in made["lines"]] == [3]
    assert Decimal(made["totalPriceSet"]["shopMoney"]["amount"]) == Decimal("30.00")
    assert len(hub.truth("stores")["draft_orders"]) == 1


def test_a_change_of_a_draft_whose_answer_was_lost_is_made_again(drafting):
    hub = drafting
    order, changed = differing(hub)
    mirror(hub.erp, changed)
    hub.faults({"system": "store", "operation": "UpdateDraftOrder", "kind": "drop_before", "first": 1})

    push(hub, order, until=lambda: hub.reviews() == [] or "30.00 EUR" in str(_asked().get("store")))

    states = (
        Attempt.objects.filter(operation="change_store_draft").order_by("pk").values_list("state", flat=True)
    )
    assert list(states) == ["lost", "confirmed"]


def _asked():
    return ReviewItem.objects.filter(state="open").values_list("evidence", flat=True).first() or {}


def test_an_approval_of_a_draft_that_differs_holds_for_the_difference_that_was_shown(drafting):
    hub = drafting
    order, changed = differing(hub)

    mirror(hub.erp, changed)
    release("draft_differs")
    hub.work()

    assert (hub.reviews(), in_store(hub)) == ([("push_order_to_store", "draft_differs")], [])
    assert ReviewItem.objects.get(state="open").evidence["erp"] == "35.70 EUR with 5.70 tax"
