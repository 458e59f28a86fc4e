"""Batches while a backlog goes through: full ones go, what is left over waits for more."""

from __future__ import annotations

import pytest

from hub.errors import NotReadyYet
from hub.sync.enqueue import enqueue
from orders.batching import gather
from orders.models import OrderLink
from tests.world import Hub

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.enable_socket]


def unpushed(hub: Hub):
    return OrderLink.objects.filter(reference_pushed_at=None)


def test_what_does_not_fill_a_batch_waits_while_orders_are_due(hub):
    hub.place(po_number="PO-1")
    hub.work_through()
    OrderLink.objects.update(reference_pushed_at=None)
    enqueue("push_order_to_erp", hub.erp.pk, [4711])

    with pytest.raises(NotReadyYet):
        gather(unpushed(hub), 2, flow="push_erp_references", waits_for_erp=hub.erp.pk)

    gather(unpushed(hub), 1, flow="push_erp_references", waits_for_erp=hub.erp.pk)


def test_a_lone_order_waits_for_nothing(hub):
    hub.place(po_number="PO-1")
    hub.work_through()
    OrderLink.objects.update(reference_pushed_at=None)

    gather(unpushed(hub), 25, flow="push_erp_references", waits_for_erp=hub.erp.pk)
