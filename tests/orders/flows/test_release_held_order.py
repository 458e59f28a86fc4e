"""Orders that wait in the ERP: created held there once, and released once nothing holds them any more."""

from __future__ import annotations

import pytest

from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import ApiCall, ReviewItem
from orders.models import HoldCondition, HoldRule
from tests.world import release

FLOW = "release_held_order"


@pytest.fixture
def hub(make_hub):
    made = make_hub(erp="netsuite")
    made.link_companies()
    return made


def every_order(until="approved"):
    rule = HoldRule(name="New accounts", is_enabled=True, place="erp", until=until)
    rule.full_clean()
    rule.save()
    HoldCondition.objects.create(rule=rule, kind="every")
    return rule


def held(hub, **order):
    """An order that waits in the ERP, its question asked."""
    placed = hub.place(**{"po_number": "PO-1", **order})
    hub.pull()
    hub.work(lambda: hub.reviews(flow=FLOW))
    return placed


def status(hub, placed):
    [row] = [row for row in hub.truth()["salesOrders"] if row["id"] == hub.link(placed).external_id]
    return row["status"]


def run(hub, placed):
    enqueue(FLOW, hub.erp.pk, [hub.order(placed).pk])
    hub.work()


def test_sends_it_held_and_releases_it_once_approved(hub):
    rule = every_order()

    placed = held(hub)

    assert (status(hub, placed), hub.link(placed).hold, hub.reviews()) == ("A", "held", [(FLOW, rule.code)])
    assert ReviewItem.objects.get(state="open").evidence["waits_as"] == "Pending Approval"
    release(rule.code)
    hub.work()

    assert (status(hub, placed), hub.link(placed).hold, hub.reviews()) == ("B", "released", [])
    assert hub.sent() == 2
    assert hub.messages(FLOW)[-1].startswith("released ")


def test_second_run_sends_nothing(hub):
    rule = every_order()
    placed = held(hub)
    release(rule.code)
    hub.work()
    writes = ApiCall.objects.filter(kind="write", connection=hub.erp)
    before = writes.count()

    run(hub, placed)

    assert hub.messages(FLOW)[-1] == "nothing of it is held there"
    assert writes.count() == before


def test_its_payment_releases_it_and_no_person_is_needed(hub):
    every_order(until="paid")
    placed = held(hub)

    hub.buyer("pay_order", order=placed["id"])
    hub.pull()

    assert (status(hub, placed), hub.reviews()) == ("B", [])


def reject(hub, placed):
    item = ReviewItem.objects.get(state="open")
    review.decide(item.pk, "rejected", shown=item.fingerprint, user_id=None, reason="No credit.")
    run(hub, placed)
    return item


def test_a_rejected_order_is_cancelled_there_and_a_second_run_sends_nothing(hub):
    every_order()
    placed = held(hub)

    item = reject(hub, placed)

    assert hub.link(placed).cancelled_at is not None
    assert hub.messages(FLOW)[-1].startswith("rejected by a person: No credit.; ")
    [row] = [row for row in hub.truth()["salesOrders"] if row["id"] == hub.link(placed).external_id]
    assert row["status"] in ("C", "H")
    writes = ApiCall.objects.filter(kind="write", connection=hub.erp).count()
    run(hub, placed)
    assert (hub.messages(FLOW)[-1], hub.reviews()) == ("rejected by a person: No credit.", [])
    assert ApiCall.objects.filter(kind="write", connection=hub.erp).count() == writes

    review.take_back(item.pk, user_id=None, username="Kim")
    run(hub, placed)

    assert hub.reviews() == [(FLOW, "rejection_taken_back")]


def test_a_rejected_order_that_a_clerk_let_go_there_is_asked_about(hub):
    every_order()
    placed = held(hub)
    hub.clerk("approve_order", id=hub.link(placed).external_id)

    reject(hub, placed)

    assert (status(hub, placed), hub.reviews()) == ("B", [(FLOW, "rejected_but_released")])

    release("rejected_but_released")
    hub.work()

    assert (status(hub, placed), hub.reviews()) == ("H", [])


def test_one_that_a_clerk_cancelled_there_is_asked_about(hub):
    rule = every_order()
    placed = held(hub)
    hub.clerk("cancel_order", id=hub.link(placed).external_id)

    release(rule.code)
    hub.work()

    assert (status(hub, placed), hub.reviews()) == ("C", [(FLOW, "cancelled_in_erp")])


def test_one_that_a_clerk_approved_there_is_left_as_it_is(hub):
    rule = every_order()
    placed = held(hub)
    hub.clerk("approve_order", id=hub.link(placed).external_id)

    release(rule.code)
    hub.work()

    assert (status(hub, placed), hub.link(placed).hold, hub.reviews()) == ("B", "released", [])


def test_far_side_down_then_up(hub):
    rule = every_order()
    placed = held(hub)
    hub.faults({"kind": "down", "system": "erp", "mode": "503"})
    release(rule.code)
    hub.work()
    hub.forget_faults()
    assert status(hub, placed) == "A"

    hub.hurry()
    hub.work(lambda: hub.link(placed).hold == "released")

    assert (status(hub, placed), hub.reviews()) == ("B", [])
