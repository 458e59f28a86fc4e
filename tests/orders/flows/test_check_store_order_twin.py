from __future__ import annotations

from hub.sync.enqueue import enqueue
from orders.models import OrderLink
from tests.orders.offline_orders import document, link_location, mirror, push, show_offline_orders


def test_a_twin_in_the_store_is_asked_about_with_both_names(hub):
    show_offline_orders(hub)
    link_location(hub)
    hub.leave_to_webhooks()
    order = mirror(hub.erp, document())
    push(hub, order)
    [made] = hub.truth("stores")["orders"]
    hub.place(source_identifier=OrderLink.objects.get().reference)

    enqueue("check_store_order_twin", hub.euro.pk, [order.pk])
    hub.work()

    assert hub.reviews() == [("check_store_order_twin", "double_in_store")]
    assert [name for _, name in hub.outcomes("check_store_order_twin")] == []
    assert made["name"] in hub.story()["reviews"][0][1]
