from __future__ import annotations

import pytest

from hub.sync.enqueue import enqueue
from hub.sync.inbox import receive_batch
from hub.sync.models import ApiCall, Schedule, SyncTask
from orders.models import StoreOrder


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
