from __future__ import annotations

from hub.sync.enqueue import enqueue
from orders.models import OrderReturns, RefundPolicy, StoreRefund
from tests.orders.returning import Crediting, work

FLOW = "read_store_returns"


def told(hub, crediting, topic="refunds/create"):
    return hub.post({"order_id": int(crediting.placed["id"].rpartition("/")[2])}, topic=topic)


def test_a_refund_that_is_told_is_mirrored_and_read_once(hub):
    crediting = Crediting(hub)
    hub.buyer(
        "refund_order", order=crediting.placed["id"], lines=[{"line": crediting.line}], status="PENDING"
    )

    told(hub, crediting)
    hub.work(lambda: StoreRefund.objects.exists())

    refund = StoreRefund.objects.get()
    assert (str(refund.explained), str(refund.moved), refund.money) == ("11.900000", "11.900000", "pending")
    assert (refund.currency, refund.presentment_currency, refund.is_ours) == ("EUR", "EUR", False)
    enqueue(FLOW, hub.euro.pk)
    work(hub, FLOW)
    assert hub.messages(FLOW)[-1] == "read 0, 0 new or changed"


def test_an_order_with_pieces_back_is_noticed_without_its_refund_being_told(hub):
    crediting = Crediting(hub)
    hub.buyer("refund_order", order=crediting.placed["id"], lines=[{"line": crediting.line}])

    hub.pull(until=lambda: StoreRefund.objects.exists())

    assert OrderReturns.objects.get().read_at is not None


def test_stores_without_a_policy_are_left_alone(hub):
    crediting = Crediting(hub)
    RefundPolicy.objects.update(is_on=False)

    assert told(hub, crediting).status_code == 200
    hub.work()

    assert (OrderReturns.objects.count(), hub.messages(FLOW)) == (0, [])
