from __future__ import annotations

from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from orders.models import PartnerRequest
from tests.world import release


def test_requests_of_one_order_are_asked_about_one_after_the_other(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()
    order = hub.order(placed)
    for number, kind in ((1, "cancel"), (2, "return")):
        told = {"external_id": f"partner:1:{number}", "told_by": "API key WMS", "reason": "Wrong colour."}
        PartnerRequest.objects.create(order=order, kind=kind, **told)
    enqueue("answer_partner_requests", hub.euro.pk, [order.pk])
    hub.work()
    assert hub.reviews() == [("answer_partner_requests", "cancel_requested")]

    release("cancel_requested")
    hub.work()

    assert hub.reviews() == [("answer_partner_requests", "return_requested")]
    assert "API key WMS wants to return all of" in ReviewItem.objects.get(state="open").message
    release("return_requested")
    hub.work()
    assert (hub.reviews(), hub.sent()) == ([], 1)
    assert set(PartnerRequest.objects.values_list("state", flat=True)) == {"accepted"}
