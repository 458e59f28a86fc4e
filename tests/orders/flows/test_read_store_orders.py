from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from hub.sync.enqueue import enqueue
from hub.sync.inbox import receive_batch
from hub.sync.models import ApiCall, Connection, Cursor, Schedule, SyncTask
from orders.models import StoreOrder

A_WHILE_AGO = Now() - timedelta(seconds=70)


@pytest.fixture
def quiet_hub(hub):
    """Companies are matched and nothing runs by itself."""
    hub.link_companies()
    Schedule.objects.update(is_enabled=False)
    ApiCall.objects.all().delete()
    return hub


def post_partly(hub, placed, *lacking):
    body = hub.body(placed)
    for key in lacking:
        del body[key]
    hub.post(body, topic="orders/create")
    receive_batch(hub.euro)


def reads():
    return ApiCall.objects.filter(operation="OrdersById").count()


def test_reads_what_a_webhook_left_out_and_the_order_goes_on(quiet_hub):
    hub = quiet_hub
    placed = hub.place(po_number="PO-1", note="by noon")
    post_partly(hub, placed, "company", "note")
    assert hub.order(placed).needs_read

    hub.work()

    order = hub.order(placed)
    assert (order.needs_read, order.is_fetched, reads()) == (False, True, 1)
    assert "Note: by noon" in [line["description"] for line in hub.erp_orders()[-1]["lines"]]


def test_second_run_asks_nothing(quiet_hub):
    hub = quiet_hub
    post_partly(hub, hub.place(po_number="PO-1"), "company")
    hub.work()

    enqueue("read_store_orders", hub.euro.pk)
    hub.work()

    assert (reads(), hub.messages("read_store_orders")) == (1, ["read 1", "read 0"])
    assert hub.sent() == 2


def test_what_is_not_read_yet_is_not_sent(quiet_hub):
    hub = quiet_hub
    hub.faults({"kind": "down", "system": "store", "operation": "OrdersById", "mode": "503"})
    placed = hub.place(po_number="PO-1")
    post_partly(hub, placed, "company")

    hub.work()
    enqueue("push_order_to_erp", hub.erp.pk, [hub.order(placed).pk])
    hub.work()

    assert (hub.sent(), hub.reviews()) == (1, [])
    assert hub.order(placed).needs_read


def test_an_order_that_is_gone_from_the_store_is_shown_to_a_person_and_never_sent(quiet_hub):
    hub = quiet_hub
    placed = hub.place(po_number="PO-1")
    post_partly(hub, placed, "company")
    hub.shop().tables["Order"].pop(placed["id"])

    hub.work()

    assert (hub.sent(), hub.reviews()) == (1, [("read_store_orders", "order_gone")])


def test_store_down_then_up(quiet_hub):
    hub = quiet_hub
    hub.faults({"kind": "down", "system": "store", "operation": "OrdersById"})
    placed = hub.place(po_number="PO-1")
    post_partly(hub, placed, "company")
    hub.work()
    assert hub.sent() == 1

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: hub.sent() == 2)
    hub.work()

    assert hub.link(placed).totals == "equal"
    assert not StoreOrder.objects.filter(needs_read=True).exists()
    assert not SyncTask.objects.filter(flow="read_store_orders").exists()


def seen_lately_no_more(hub, placed, **facts):
    """The order was read whole long after its last change, and that was a while ago."""
    changed_at = datetime.now(UTC) - timedelta(minutes=2)
    hub.shop().get("Order", placed["id"])["updatedAt"] = changed_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    # The next pass looks back that far.
    Cursor.objects.update(covered_at=None)
    hub.pull()
    StoreOrder.objects.filter(external_id=placed["id"]).update(observed_at=A_WHILE_AGO, **facts)
    ApiCall.objects.all().delete()


def looks():
    return ApiCall.objects.filter(operation="OrderStamps").count()


@pytest.fixture
def waiting_order(quiet_hub):
    """An order that waits while the ERP is switched off, and the hub."""
    Connection.objects.filter(pk=quiet_hub.erp.pk).update(is_enabled=False)
    return quiet_hub, quiet_hub.place(po_number="PO-1")


def erp_is_back(hub):
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=True)
    hub.work()


def test_of_an_order_that_was_read_whole_the_stamp_is_enough(waiting_order):
    hub, placed = waiting_order
    seen_lately_no_more(hub, placed)

    erp_is_back(hub)

    assert (looks(), reads(), hub.sent()) == (1, 0, 2)
    assert hub.messages("read_store_orders")[-1] == "read 0, 1 had not changed"
    assert hub.order(placed).observed_at > datetime.now(UTC) - timedelta(seconds=30)


def test_an_order_that_was_changed_since_is_read_whole_and_sent_as_it_is_now(waiting_order):
    hub, placed = waiting_order
    seen_lately_no_more(hub, placed)
    hub.buyer("edit_order", order=placed["id"], note="by noon")

    erp_is_back(hub)

    assert (looks(), reads(), hub.sent()) == (1, 1, 2)
    assert "Note: by noon" in [line["description"] for line in hub.erp_orders()[-1]["lines"]]


def test_an_order_that_was_only_told_is_read_whole(waiting_order):
    hub, placed = waiting_order
    seen_lately_no_more(hub, placed, is_fetched=False)

    erp_is_back(hub)

    assert (looks(), reads(), hub.sent()) == (0, 1, 2)


def test_an_order_that_was_read_in_the_second_of_its_stamp_is_read_whole(waiting_order):
    hub, placed = waiting_order
    seen_lately_no_more(hub, placed)
    StoreOrder.objects.update(observed_at=F("remote_updated_at") + timedelta(seconds=5))

    erp_is_back(hub)

    assert (looks(), reads(), hub.sent()) == (1, 1, 2)


def test_a_doubt_that_a_webhook_raised_is_not_settled_by_the_stamp(waiting_order):
    hub, placed = waiting_order
    seen_lately_no_more(hub, placed)
    hub.post(hub.body(placed, note="in the same second"), topic="orders/updated")
    receive_batch(hub.euro)
    StoreOrder.objects.update(observed_at=A_WHILE_AGO)

    erp_is_back(hub)

    assert (reads(), hub.sent()) == (1, 2)
