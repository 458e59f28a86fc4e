from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from hub.sync.models import SyncTask
from orders.flows import backfill_store_orders as backfill
from orders.models import ErpOrder, OfflineBackfill, OrderLink
from tests.orders.offline_orders import document, link_location, mirror, push, show_offline_orders

TODAY = datetime.now(UTC).date()


@pytest.fixture
def showing(hub):
    policy = show_offline_orders(hub)
    link_location(hub)
    hub.leave_to_webhooks()
    hub.policy = policy
    return hub


def old(hub, number, days=90, **more):
    return mirror(
        hub.erp, document(number=number, po_number=number, order_date=TODAY - timedelta(days=days), **more)
    )


def begin(hub, days=100):
    """A person adds a backfill on its page."""
    from django.contrib import admin

    row = OfflineBackfill(policy=hub.policy, orders_from=TODAY - timedelta(days=days))
    admin.site.get_model_admin(OfflineBackfill).save_model(None, row, None, False)
    return row


def act(action, rows):
    """A person presses the button on the list."""
    pages = Client()
    pages.force_login(User.objects.get_or_create(username="kim", is_staff=True, is_superuser=True)[0])
    answer = pages.post(
        "/admin/orders/offlinebackfill/", {"action": action, "_selected_action": [row.pk for row in rows]}
    )
    assert answer.status_code == 302


def test_brings_older_orders_once_and_counts_what_it_leaves_out(showing):
    hub = showing
    push(hub, mirror(hub.erp, document(po_number="NEW")))
    wanted, ancient = old(hub, "OLD-1"), old(hub, "OLD-2", days=400)
    mirror(hub.erp, document(is_posted_invoice=True))

    row = begin(hub)
    hub.work(lambda: OrderLink.objects.filter(external_id=wanted.external_id).exists())

    row.refresh_from_db()
    assert (row.state, row.seen, row.asked, row.left_out) == ("done", 4, 1, 3)
    assert OrderLink.objects.count() == 2
    assert not OrderLink.objects.filter(external_id=ancient.external_id).exists()


def test_pauses_between_pages_and_goes_on_behind_the_last_one(showing, monkeypatch):
    hub = showing
    monkeypatch.setattr(backfill, "PAGE", 1)
    first, second = old(hub, "OLD-1"), old(hub, "OLD-2")
    row = OfflineBackfill.objects.create(policy=hub.policy, orders_from=TODAY - timedelta(days=100))
    assert backfill._page(row) is False

    act("pause", [row])
    hub.work(lambda: OrderLink.objects.exists())
    row.refresh_from_db()
    assert (row.state, row.seen, [link.external_id for link in OrderLink.objects.all()]) == (
        "paused",
        1,
        [first.external_id],
    )

    act("resume", [row])
    hub.work(lambda: OrderLink.objects.count() == 2)

    row.refresh_from_db()
    assert (row.state, row.seen, row.asked) == ("done", 2, 2)
    assert OrderLink.objects.filter(external_id=second.external_id).exists()


def test_what_was_not_read_whole_is_marked_to_be_read(showing):
    hub = showing
    unread = old(hub, "OLD-1")
    ErpOrder.objects.filter(pk=unread.pk).update(document=None)

    begin(hub)
    hub.work(lambda: ErpOrder.objects.get(pk=unread.pk).is_gone)

    # It was asked for; the ERP's own tables hold no such order.
    row = OfflineBackfill.objects.get()
    assert (row.state, row.asked, OrderLink.objects.exists()) == ("done", 1, False)


def test_waits_while_many_orders_wait_for_the_store(showing, monkeypatch):
    hub = showing
    monkeypatch.setattr(backfill, "MOST_WAITING", 1)
    SyncTask.objects.create(
        connection=hub.euro,
        flow="push_order_to_store",
        record_id=0,
        subject="erp_order:0",
        due_at=datetime(2100, 1, 1, tzinfo=UTC),
    )
    old(hub, "OLD-1")

    row = begin(hub)
    hub.work()

    row.refresh_from_db()
    assert (row.state, row.seen) == ("running", 0)
    assert "wait for the store already" in SyncTask.objects.get(flow="backfill_store_orders").last_error


def test_the_day_of_an_order_counts_not_that_of_its_last_change(showing):
    hub = showing
    hub.policy.orders_from = date(2000, 1, 1)
    hub.policy.save()

    push(hub, old(hub, "OLD-1", days=4000))

    assert OrderLink.objects.count() == 1
