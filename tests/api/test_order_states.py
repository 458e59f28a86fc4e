"""The state of an order: one answer for every order, the same whether it is shown or searched for."""

from __future__ import annotations

import pytest
from django.utils import timezone

from hub.sync.models import SyncTask
from orders.models import StoreOrder
from orders.states import OrderState, in_state, with_state

State = SyncTask.State


def task(world, order, state):
    """A task of the order, in this state alone."""
    SyncTask.objects.filter(subject=f"order:{order.pk}").delete()
    SyncTask.objects.create(
        flow="push_order_to_erp",
        connection=world.erp,
        record_id=order.pk,
        subject=f"order:{order.pk}",
        state=state,
    )


def with_task(state):
    def make(world):
        order = world.settled()
        task(world, order, state)
        return order

    return make


def cancelled(world):
    return world.settled(cancelled_at=timezone.now())


def sent_then_cancelled(world):
    order = world.sent()
    StoreOrder.objects.filter(pk=order.pk).update(cancelled_at=timezone.now())
    return order


def gone(world, **also):
    """Its document was found deleted or cancelled in the ERP."""
    order = world.sent()
    order.links.update(gone_at=timezone.now(), **also)
    return order


def gone_and_asked_about(world):
    order = gone(world)
    world.ask(order, code="gone_in_erp")
    return order


def cancelled_on_both_sides(world):
    order = gone(world, cancelled_at=timezone.now())
    StoreOrder.objects.filter(pk=order.pk).update(cancelled_at=timezone.now())
    return order


def rejected_there(world):
    order = world.sent()
    order.links.update(cancelled_at=timezone.now())
    return order


def sent_with_a_question(world):
    order = world.sent()
    world.ask(order, code="changed_after_sending")
    return order


def cancelled_while_held(world):
    order = cancelled(world)
    world.ask(order)
    return order


def asked(world):
    order = world.settled()
    task(world, order, State.HELD)
    world.ask(order)
    return order


def asked_and_hinted_again(world):
    order = world.settled()
    task(world, order, State.WAITING)
    world.ask(order)
    return order


def company_asked(world):
    order = world.settled()
    task(world, order, State.WAITING)
    world.ask(
        order,
        flow="match_company_location",
        record_id=order.location_id,
        subject=f"location:{order.location_id}",
        code="ambiguous_match",
    )
    return order


def dismissed(world):
    order = world.settled()
    task(world, order, State.HELD)
    world.ask(order, state="decided", decision="dismissed")
    return order


def to_be_read(world):
    order = world.settled()
    StoreOrder.objects.filter(pk=order.pk).update(needs_read=True)
    return order


CASES = {
    "just mirrored": (lambda world: world.order(), OrderState.WAITING),
    "waiting": (with_task(State.WAITING), OrderState.WAITING),
    "running": (with_task(State.RUNNING), OrderState.WAITING),
    "behind its subject": (with_task(State.BLOCKED), OrderState.WAITING),
    "to be read again": (to_be_read, OrderState.WAITING),
    "a question is open": (asked, OrderState.HELD),
    "a question is open and it was hinted again": (asked_and_hinted_again, OrderState.HELD),
    "a question about its company is open": (company_asked, OrderState.HELD),
    "given up": (with_task(State.QUARANTINED), OrderState.HELD),
    "linked": (lambda world: world.sent(), OrderState.SENT),
    "linked, then cancelled": (sent_then_cancelled, OrderState.SENT),
    "linked, then changed": (sent_with_a_question, OrderState.SENT),
    "gone from the ERP": (gone, OrderState.KEPT_OUT),
    "gone from the ERP, and asked about": (gone_and_asked_about, OrderState.HELD),
    "cancelled on both sides": (cancelled_on_both_sides, OrderState.CANCELLED),
    "rejected, and cancelled in the ERP": (rejected_there, OrderState.KEPT_OUT),
    "cancelled": (cancelled, OrderState.CANCELLED),
    "cancelled while it was held": (cancelled_while_held, OrderState.CANCELLED),
    "nothing to do": (lambda world: world.settled(), OrderState.KEPT_OUT),
    "dismissed": (dismissed, OrderState.KEPT_OUT),
}


@pytest.mark.parametrize("case", CASES)
def test_an_order_is_in_one_state_shown_and_searched_for(case, world, key, ids):
    make, expected = CASES[case]
    order = make(world)

    shown = world.get(f"orders/{order.pk}", key).json()["state"]
    found = [state for state in OrderState if ids(world.get("orders", key, state=state.value))]

    assert shown == expected
    assert found == [expected]


def test_every_order_is_in_exactly_one_state(world):
    for make, _ in CASES.values():
        make(world)

    found = [order.pk for state in OrderState for order in in_state(StoreOrder.objects.all(), state)]

    shown = dict(with_state(StoreOrder.objects.all()).values_list("pk", "state"))
    assert sorted(found) == sorted(shown)
    for state in OrderState:
        assert {order.pk for order in in_state(StoreOrder.objects.all(), state)} == {
            pk for pk, its in shown.items() if its == state
        }
