from __future__ import annotations

from hub.sync.enqueue import enqueue
from orders.models import RefundPolicy, StoreRefund, StoreReturn
from tests.orders.returning import Crediting


def test_money_that_arrived_since_is_read_again(hub):
    crediting = Crediting(hub)
    made = hub.buyer("refund_order", order=crediting.placed["id"], amount="3.00", status="PENDING")
    hub.post({"order_id": int(crediting.placed["id"].rpartition("/")[2])}, topic="refunds/create")
    hub.work(lambda: StoreRefund.objects.exists())

    hub.buyer("settle_refund", refund=made["id"], status="FAILURE")
    enqueue("pull_store_returns", hub.euro.pk)
    hub.work(lambda: StoreRefund.objects.filter(money="failed").exists())

    assert StoreRefund.objects.get().moved == 0


def test_a_return_that_nobody_told_is_found_by_the_search(hub):
    crediting = Crediting(hub, policy={"approval": RefundPolicy.Approval.STORE})
    hub.buyer("request_return", order=crediting.placed["id"], lines=[{"line": crediting.line}])

    enqueue("pull_store_returns", hub.euro.pk)
    hub.work(lambda: StoreReturn.objects.exists())

    assert StoreReturn.objects.get().state == "requested"
