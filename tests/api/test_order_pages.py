"""Pages of orders where few changed, or hardly any is what is asked for: quick, and none is left out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.api.paging import place_of
from orders.api_finding import found, page_of
from orders.models import StoreOrder
from orders.states import OrderState

pytestmark = pytest.mark.django_db


def pages(asked, **limits):
    """The orders of each page, as a partner reads them who follows `next` to its end."""
    read, cursor = [], {}
    while True:
        asked_now = {"page_size": 2, **asked, **cursor}
        page = page_of(found(StoreOrder.objects.all(), asked_now), asked_now, **limits)
        read.append([order.pk for order in page.items])
        if not page.next_cursor:
            return read
        cursor = {"cursor": page.next_cursor}


def keys(orders):
    return [order.pk for order in orders]


@pytest.mark.parametrize("few", [0, 3, 4, 100])
@pytest.mark.parametrize("only", [{}, {"state": OrderState.WAITING}, {"state": OrderState.KEPT_OUT}])
def test_orders_that_changed_are_the_same_however_many_did(world, few, only):
    orders = [world.settled() for _ in range(7)]
    moment = orders[0].remote_updated_at
    changed = [orders[n] for n in (5, 3, 2, 0)]
    StoreOrder.objects.filter(pk__in=keys(changed)).update(remote_updated_at=moment + timedelta(days=900))

    read = pages({"updated_after": moment + timedelta(days=800), **only}, few=few)

    wanted = [] if only.get("state") == OrderState.WAITING else keys(changed)
    assert [key for page in read for key in page] == wanted


@pytest.mark.parametrize("most", [1, 2, 3, 8, 100])
def test_the_few_that_are_kept_out_are_found_whatever_a_request_looks_through(world, most):
    orders = [world.settled() if n in (0, 4, 5, 6) else world.sent() for n in range(9)]
    same_moment = orders[5].placed_at
    StoreOrder.objects.filter(pk__in=keys(orders[4:7])).update(placed_at=same_moment)

    read = pages({"state": OrderState.KEPT_OUT}, most=most)

    assert [key for page in read for key in page] == keys([orders[n] for n in (6, 5, 4, 0)])


def test_a_page_of_what_is_rare_may_be_empty_while_there_is_a_next_one(world):
    rare = world.settled()
    for _ in range(5):
        world.sent()

    assert pages({"state": OrderState.KEPT_OUT}, most=2) == [[], [], [rare.pk], []]
    assert pages({"state": OrderState.KEPT_OUT}) == [[rare.pk]]


def test_what_is_rare_is_looked_for_among_the_orders_of_that_store_and_time(world):
    rare = world.settled(store=world.dollar)
    others = [world.sent() for _ in range(5)]
    asked = {"state": OrderState.KEPT_OUT}

    assert pages({**asked, "store": world.dollar.public_id}, most=2) == [[rare.pk]]
    assert pages({**asked, "placed_before": others[0].placed_at}, most=2) == [[rare.pk]]
    assert pages({**asked, "placed_after": others[1].placed_at}, most=2) == [[], []]


def test_an_order_found_by_its_number_is_not_looked_for_in_parts(world):
    rare = world.settled()
    for _ in range(5):
        world.sent()

    assert pages({"state": OrderState.KEPT_OUT, "name": rare.name}, most=1) == [[rare.pk]]


def test_a_cursor_of_one_way_goes_on_in_the_other(world):
    orders = [world.settled() for _ in range(4)]
    asked = {"page_size": 2, "cursor": place_of(orders[2], "placed_at")}
    asked |= {"updated_after": orders[0].remote_updated_at - timedelta(days=1)}

    ways = [page_of(StoreOrder.objects.all(), asked, few=few) for few in (0, 100)]

    assert [keys(page.items) for page in ways] == [keys([orders[1], orders[0]])] * 2
