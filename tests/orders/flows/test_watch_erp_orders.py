from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.sync.enqueue import enqueue
from hub.sync.flows import repair
from hub.sync.models import ReviewItem, SyncTask
from orders.models import ErpOrder, OfflineOrderPolicy, OrderLink
from tests.orders.offline_orders import document, link_location, mirror, show_offline_orders


def test_an_order_that_never_came_to_the_store_is_put_there_by_the_button(hub):
    show_offline_orders(hub)
    link_location(hub)
    order = mirror(hub.erp, document())
    ErpOrder.objects.update(document_updated_at=datetime.now(UTC) - timedelta(hours=3))
    enqueue("watch_erp_orders", hub.erp.pk)
    hub.work()
    [item] = ReviewItem.objects.filter(state="open")
    assert (item.flow, item.code, item.record_id) == ("watch_erp_orders", "missing_offline_order", order.pk)
    assert item.evidence["repair"] == "Put it into the store"

    # It stands in the mirror only: the ERP would say that it is gone.
    SyncTask.objects.filter(flow="read_erp_orders").delete()
    repair(item.flow, item.connection_id, item.record_id, item.evidence)
    SyncTask.objects.filter(flow="read_erp_orders").delete()
    ErpOrder.objects.update(needs_read=False)
    hub.work()
    hub.hurry()
    hub.work()

    assert OrderLink.objects.get().external_id == order.external_id
    item.refresh_from_db()
    assert item.state == "solved"


def test_an_erp_that_no_store_shows_misses_nothing(hub):
    mirror(hub.erp, document())
    ErpOrder.objects.update(document_updated_at=datetime.now(UTC) - timedelta(hours=3))
    assert not OfflineOrderPolicy.objects.exists()

    enqueue("watch_erp_orders", hub.erp.pk)
    hub.work()

    assert hub.reviews() == []
    assert hub.messages("watch_erp_orders") == ["0 findings"]
