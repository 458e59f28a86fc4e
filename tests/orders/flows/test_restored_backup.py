"""G6: links and attempts of the last hour are gone, the ERP has the orders all the same."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from hub.sync.models import Attempt, Cursor
from orders.models import ErpOrder, OrderLink, OrderPolicy, StoreOrder


def forget_the_last_hour():
    OrderLink.objects.all().delete()
    Attempt.objects.all().delete()
    ErpOrder.objects.all().delete()
    Cursor.objects.filter(flow="pull_erp_orders").update(covered_at=None, stamp=None)
    StoreOrder.objects.update(placed_at=timezone.now() - timedelta(minutes=30))


def test_G6_what_the_ERP_has_is_adopted_after_a_restore_and_never_sent_again(hub):
    placed = hub.place(po_number="PO-1")
    hub.work_through()
    number = hub.link(placed).number
    OrderPolicy.objects.update(orders_from=timezone.now() - timedelta(days=1))
    forget_the_last_hour()

    hub.push(placed)
    hub.pull_erp()
    hub.hurry()
    hub.work_through()

    link = hub.link(placed)
    assert (link.number, link.is_adopted, link.totals) == (number, True, "equal")
    assert hub.sent() == 1


def test_G6_an_older_order_that_the_ERP_does_not_have_is_sent_once_the_ERP_was_read(hub):
    placed = hub.place(po_number="PO-1", company="Canal Interiors B.V.", test=True)
    hub.work_through()
    OrderPolicy.objects.update(orders_from=timezone.now() - timedelta(days=1), takes_test_orders=True)
    forget_the_last_hour()

    hub.push(placed)
    hub.pull_erp()
    hub.hurry()
    hub.work_through()

    assert (hub.sent(), hub.link(placed).is_adopted) == (1, False)


def test_orders_placed_before_the_policy_begins_are_kept_out(hub):
    OrderPolicy.objects.update(orders_from=timezone.now() + timedelta(days=1))
    hub.place(po_number="PO-1")

    hub.work()

    assert hub.sent() == 0
    assert set(hub.outcomes("push_order_to_erp")) == {
        ("done", "placed before the date that the store's order policy begins with")
    }
