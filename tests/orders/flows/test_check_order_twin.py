from __future__ import annotations

import pytest

from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from orders.models import OrderLink
from tests.world import release


@pytest.fixture
def linked(hub):
    """An order that is in the ERP."""
    placed = hub.place(po_number="PO-1")
    hub.work()
    return hub, placed


def look(hub, placed):
    enqueue("check_order_twin", hub.erp.pk, [hub.order(placed).pk])
    hub.work()


def test_finds_no_twin_and_sends_nothing(linked):
    hub, placed = linked

    look(hub, placed)
    look(hub, placed)

    assert hub.messages("check_order_twin") == ["no twin", "no twin"]
    assert (hub.sent(), hub.reviews()) == (1, [])


def test_A4_a_twin_goes_to_review_and_solves_itself_when_the_clerk_deleted_it(linked):
    hub, placed = linked
    [order] = hub.erp_orders()
    twin = hub.clerk(
        "create_order",
        order={"customerNumber": "10000", "externalDocumentNumber": order["externalDocumentNumber"]},
    )
    look(hub, placed)
    assert hub.reviews() == [("check_order_twin", "double_in_erp")]
    assert twin["number"] in ReviewItem.objects.get().message
    assert len(hub.erp_orders()) == 2

    hub.clerk("delete_order", number=twin["number"])
    release("double_in_erp", "try_again")
    hub.work()

    assert hub.reviews() == []


def test_A4_a_twin_that_the_clerk_deleted_is_seen_by_the_next_pass_without_anybody_pressing_anything(linked):
    hub, placed = linked
    [order] = hub.erp_orders()
    wanted = {"customerNumber": "10000", "externalDocumentNumber": order["externalDocumentNumber"]}
    twin = hub.clerk("create_order", order=wanted)
    look(hub, placed)
    hub.pull_erp()
    asked = {("check_order_twin", "double_in_erp"), ("pull_erp_orders", "double_in_erp")}
    assert set(hub.reviews()) == asked
    hub.pull_erp()
    assert set(hub.reviews()) == asked

    hub.clerk("delete_order", number=twin["number"])
    hub.pull_erp()

    assert hub.reviews() == []
    assert set(ReviewItem.objects.values_list("state", flat=True)) == {"solved"}


def test_A4_a_lost_create_that_lands_late_on_the_same_document_is_seen_by_its_totals(linked):
    hub, placed = linked
    hub.work_through()
    link = hub.link(placed)
    assert link.totals == "equal"
    # Where creates are upserts, the late one is no twin: it writes what it held over what was compared.
    OrderLink.objects.update(expected_total=link.expected_total + 1)

    look(hub, placed)
    hub.work(lambda: hub.link(placed).totals == "differ")

    assert hub.reviews() == [("check_order_totals", "totals_differ")]


def test_a_posted_order_is_no_twin_of_itself(linked):
    hub, placed = linked
    hub.clerk("post_order", number=hub.link(placed).number)

    look(hub, placed)

    assert (hub.messages("check_order_twin"), hub.reviews()) == (["no twin"], [])


def test_an_order_that_is_not_linked_has_no_twin(hub):
    placed = hub.place(po_number="PO-1", lines=[{"title": "Sample", "price": "1.00"}])
    hub.work()

    look(hub, placed)

    assert hub.messages("check_order_twin") == ["not linked, nothing to compare"]
    assert OrderLink.objects.count() == 0


def test_erp_down_then_up(linked):
    hub, placed = linked
    hub.faults({"kind": "down", "system": "erp", "mode": "503"})
    look(hub, placed)
    assert hub.messages("check_order_twin") == []

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: hub.messages("check_order_twin"))

    assert hub.messages("check_order_twin") == ["no twin"]
