"""Batches: full ones in a backlog, a few while orders come one by one, and a lone order at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.errors import NotReadyYet
from hub.sync.enqueue import enqueue
from orders.batching import BACKLOG, gather
from orders.flows.push_erp_references import FEW
from orders.models import OrderLink
from tests.world import Hub

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.enable_socket]


def unpushed():
    return OrderLink.objects.filter(reference_pushed_at=None)


def linked(hub: Hub, *seconds_ago: float) -> list[OrderLink]:
    """Links that were made so long ago, none of them written back yet."""
    for number in range(len(seconds_ago)):
        hub.place(po_number=f"PO-{number}")
    hub.work_through()
    links = list(OrderLink.objects.order_by("pk"))
    for link, seconds in zip(links, seconds_ago, strict=True):
        link.created_at, link.reference_pushed_at = datetime.now(UTC) - timedelta(seconds=seconds), None
        link.save()
    return links


def write_back(hub: Hub, batch: int) -> None:
    gather(unpushed(), batch, FEW, flow="push_erp_references", waits_for_erp=hub.erp.pk)


def test_what_does_not_fill_a_batch_waits_while_enough_orders_are_due(hub):
    linked(hub, 1)
    enqueue("push_order_to_erp", hub.erp.pk, [4711])

    with pytest.raises(NotReadyYet, match="1 of 2 gathered"):
        write_back(hub, 2)

    write_back(hub, 1)


def test_nothing_waits_for_a_batch_that_the_due_orders_would_not_fill(hub):
    linked(hub, 1)
    enqueue("push_order_to_erp", hub.erp.pk, [4711])

    write_back(hub, 3)


def test_a_full_batch_is_waited_for_while_there_is_a_backlog(hub):
    linked(hub, 1)
    enqueue("push_order_to_erp", hub.erp.pk, range(4711, 4711 + BACKLOG))

    with pytest.raises(NotReadyYet, match="1 of 25 gathered"):
        write_back(hub, 25)


def test_nobody_waits_longer_than_twenty_seconds_in_a_backlog(hub):
    linked(hub, 21)
    enqueue("push_order_to_erp", hub.erp.pk, [4711])

    write_back(hub, 2)


def test_a_lone_order_waits_for_nothing(hub):
    linked(hub, 1)

    write_back(hub, 25)


def test_orders_that_come_one_by_one_are_written_back_a_few_at_a_time(hub):
    before, _ = linked(hub, 3, 1)
    OrderLink.objects.filter(pk=before.pk).update(reference_pushed_at=datetime.now(UTC))

    with pytest.raises(NotReadyYet, match=f"1 of {FEW.count} gathered") as waits:
        write_back(hub, 25)

    assert 0.5 <= waits.value.after <= FEW.longest.total_seconds()


def test_orders_that_come_one_by_one_wait_ten_seconds_at_most(hub):
    before, _ = linked(hub, 13, 10.1)
    OrderLink.objects.filter(pk=before.pk).update(reference_pushed_at=datetime.now(UTC))

    write_back(hub, 25)


def test_an_order_long_after_the_one_before_is_a_lone_one(hub):
    before, _ = linked(hub, 10, 1)
    OrderLink.objects.filter(pk=before.pk).update(reference_pushed_at=datetime.now(UTC))

    write_back(hub, 25)
