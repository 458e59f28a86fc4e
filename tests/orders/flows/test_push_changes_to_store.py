"""Changes that a clerk makes in the ERP reach the store where its policy says so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.sync.models import Attempt, ReviewItem
from inventory.models import ErpItem, ErpStockLevel, ItemMapping
from orders.models import OrderAgreement, OrderChangePolicy
from tests.orders.flows.test_sync_order_changes import TWO_LINES, settle

FLOW = "push_changes_to_store"
BOXED = {"number": "IT-0001", "displayName": "Table", "units": {"BOX": "12"}}


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


def test_a_lost_answer_to_an_edit_is_looked_at_and_nothing_is_edited_twice(hub, sent):
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "CommitOrderEdit", "times": 1})

    clerk_edits(hub, hub.link(sent).number, quantity=1)
    hub.hurry()
    hub.work(lambda: OrderAgreement.objects.filter(version=1, to_store__isnull=True).exists())

    assert quantities(hub, sent) == [1, 1]
    edits = Attempt.objects.filter(operation="edit_order_lines").values_list("state", flat=True)
    assert (list(edits), hub.reviews()) == ([Attempt.State.CONFIRMED], [])


def test_what_no_edit_can_do_is_asked_about_and_goes_on_when_the_erp_takes_it_back(hub, sent):
    clerk_edits(hub, hub.link(sent).number, unitPrice=3.333)

    assert hub.reviews() == [(FLOW, "store_edit_impossible")]
    assert quantities(hub, sent) == [3, 1]

    clerk_edits(hub, hub.link(sent).number, unitPrice=10)
    hub.hurry()
    settle(hub)

    assert hub.reviews() == []


def test_what_came_back_is_taken_off_what_the_store_is_told(hub, sent):
    policy = OrderChangePolicy.objects.get()
    policy.erp_edits_until = "invoiced"
    policy.save()
    hub.buyer("fulfil_by_hand", order=sent["id"], pieces=2)
    line = {"line": sent["lines"][0], "quantity": 1, "restock": "RETURN"}
    hub.buyer("refund_order", order=sent["id"], lines=[line])
    hub.pull()
    settle(hub)

    clerk_edits(hub, hub.link(sent).number, quantity=4)

    # Two were sent, one of them came back, two more are to be sent.
    assert quantities(hub, sent) == [3, 1]
    assert hub.reviews() == []


@pytest.fixture
def in_pcs(hub):
    """The items are mapped in their unit."""
    ItemMapping.objects.update(unit="PCS")


def test_a_line_that_the_erp_counts_in_another_unit_is_asked_about(hub, in_pcs, sent):
    hub.sandbox.seed("erp", hub.world.erp_name, {"items": [BOXED]})

    clerk_edits(hub, hub.link(sent).number, unitOfMeasureCode="BOX", quantity=1)

    assert quantities(hub, sent) == [3, 1]
    [asked] = ReviewItem.objects.filter(state="open")
    assert "in BOX now, which is PCS here" in asked.message + str(asked.evidence)


def test_a_line_that_a_clerk_adds_in_another_unit_than_the_items_own_is_asked_about(hub, sent):
    hub.sandbox.seed("erp", hub.world.erp_name, {"items": [BOXED]})
    number = BOXED["number"]
    assert not ItemMapping.objects.filter(item_number=number).exclude(unit="").exists()
    item = ErpItem.objects.create(
        connection=hub.erp, item_number=number, commits_from="created", read_at=datetime.now(UTC)
    )
    amounts = dict.fromkeys(("on_hand", "committed", "safety_stock", "on_order"), 0)
    ErpStockLevel.objects.create(item=item, warehouse="MAIN", unit="PCS", **amounts)
    before = quantities(hub, sent)

    row = {"lineType": "Item", "lineObjectNumber": number, "quantity": 2, "unitPrice": 120}
    hub.clerk("add_line", number=hub.link(sent).number, line=row | {"unitOfMeasureCode": "BOX"})
    heard(hub)

    assert quantities(hub, sent) == before
    [asked] = ReviewItem.objects.filter(state="open")
    assert "in BOX now, which is PCS here" in asked.message + str(asked.evidence)
