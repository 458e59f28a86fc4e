from __future__ import annotations

from hub.sync.enqueue import enqueue
from tests.orders.offline_orders import show_offline_orders


def test_defines_each_once_for_buyers_to_read(hub):
    show_offline_orders(hub)
    hub.work()
    enqueue("define_order_metafields", hub.euro.pk)
    hub.work()

    defined = {
        row["key"]: (row["namespace"], row["access"]["customerAccount"])
        for row in hub.shop().every("MetafieldDefinition")
    }
    keys = ["number", "status", "source", "requested_on", "promised_on", "outstanding", "lots"]
    assert defined == dict.fromkeys(keys, ("erp", "READ"))
    assert hub.messages("define_order_metafields") == ["7 are defined"] * 2
