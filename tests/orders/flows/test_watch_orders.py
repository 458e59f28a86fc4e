from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client

from hub.sync.enqueue import enqueue
from hub.sync.models import Alert, ReviewItem, Schedule
from hub.sync.sweep import plan_schedules
from orders.models import ErpOrder, OrderLink, OrderWatch, StoreOrder
from tests.world import VAT

LONG = timedelta(hours=3)
WATCHES = ("watch_orders", "watch_erp_orders")


def hours_pass():
    """What happened so far happened three hours ago."""
    StoreOrder.objects.update(
        placed_at=F("placed_at") - LONG, remote_updated_at=F("remote_updated_at") - LONG
    )
    OrderLink.objects.update(created_at=F("created_at") - LONG)
    ErpOrder.objects.update(
        observed_at=F("observed_at") - LONG, document_updated_at=F("document_updated_at") - LONG
    )


def look(hub):
    enqueue("watch_orders", hub.euro.pk)
    enqueue("watch_erp_orders", hub.erp.pk)
    hub.work()


def test_nobody_is_asked_about_orders_that_went_well_only_of_an_instruction_that_a_clerk_deletes(hub):
    OrderWatch.objects.create(store=hub.euro, reads_documents=True)
    placed = hub.place(
        po_number="PO-1",
        note="Ring twice – Tor 3, „hinten“ 🚚",
        attributes={"Gate": "3"},
        taxes=VAT,
        shipping=[{"title": "Standard", "price": "12.50"}],
    )
    hub.place(po_number="PO-2", taxes=VAT)
    hub.work_through()
    hub.pull_erp()
    look(hub)
    assert ErpOrder.objects.filter(document__isnull=False).count() == 2, "they are read once to be compared"
    hours_pass()

    look(hub)

    assert (hub.reviews(), Alert.objects.filter(closed_at=None).count()) == ([], 0)
    order = ErpOrder.objects.get(external_id=hub.link(placed).external_id)
    without = [one for one in order.document["lines"] if not one["description"].startswith("Note: ")]
    ErpOrder.objects.filter(pk=order.pk).update(document={**order.document, "lines": without})
    look(hub)
    [item] = ReviewItem.objects.filter(state="open")
    assert (item.code, item.evidence["order"]) == ("lost_instruction", placed["name"])
    assert Alert.objects.get(closed_at=None).message.startswith("1 findings (lost instruction)")

    desk = Client()
    desk.force_login(User.objects.get_or_create(username="kim", is_staff=True, is_superuser=True)[0])
    page = desk.get(f"/admin/sync/reviewitem/{item.pk}/change/").content.decode()
    pressed = {"action": "repair", "_selected_action": item.pk}
    assert "Read the document again" in page
    assert desk.post("/admin/sync/reviewitem/", pressed).status_code == 302
    hub.work()
    # What was read anew is looked at again when it has had its time.
    hub.hurry()
    hub.work()

    item.refresh_from_db()
    assert (item.state, hub.reviews()) == ("solved", [])
    assert Alert.objects.filter(closed_at=None).count() == 0


def test_it_begins_half_an_hour_after_the_connection_was_made(hub):
    Schedule.objects.all().delete()

    plan_schedules()

    store, other, erp = Schedule.objects.filter(flow__in=WATCHES).order_by("flow", "connection").reverse()
    assert {store.every_seconds, other.every_seconds, erp.every_seconds} == {1800}
    assert all(
        Schedule.objects.get(pk=s.pk).next_at > s.connection.created_at + timedelta(minutes=29)
        for s in (store, other, erp)
    )
    assert Schedule.objects.get(flow="check_order_ledger", connection=hub.euro).next_at < erp.next_at
