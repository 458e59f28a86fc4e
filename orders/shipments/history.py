"""What an ERP shipped of an order before the order stood in a store: read once by the order, and told to no buyer.

The pull over the changes begins a day before the first order was linked. An order that is copied into a store may have
left the ERP's warehouse long before that.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db import transaction

from hub.connectors.shipment_documents import Shipments
from hub.sync.models import Connection
from orders.models import ErpShipment, OrderLink
from orders.shipments.mirroring import mirror_shipments, without_plans

# Batches of orders a pass: a long history does not keep what is shipped now waiting.
MOST_BATCHES = 2


def read_of_copies(connection: Connection, erp: Shipments) -> int:
    """Mirror the shipments of orders that were copied into a store since; returns of how many orders.

    A mark goes with what was read. Orders of stores that are not told of shipments keep theirs.
    """
    marked = OrderLink.objects.filter(connection=connection, needs_shipments=True)
    told = marked.filter(order__connection__fulfilment_policy__is_on=True)
    due = list(told.order_by("pk")[: MOST_BATCHES * erp.shipment_order_batch])
    for start in range(0, len(due), erp.shipment_order_batch):
        batch = due[start : start + erp.shipment_order_batch]
        found = erp.shipments_of_orders({link.external_id: link.number for link in batch})
        with transaction.atomic():
            mirror_shipments(connection, without_plans(connection, found))
            marked.filter(pk__in=[link.pk for link in batch]).update(needs_shipments=False)
    return len(due)


def left_before_copy(shipment: ErpShipment) -> bool:
    """Whether it was posted before its order, which only a backfill brought, stood in the store: buyers know of it.

    One that was not changed since the copy was linked was. One that was (another tracking number) counts by its day,
    on the clock of the ERP's connection: no ERP tells the hour, so what left on the copy's own day is new.
    """
    copies = OrderLink.objects.filter(order=shipment.order_id, is_history=True).select_related("connection")
    link = copies.first()
    if link is None:
        return False
    if shipment.remote_updated_at < link.created_at:
        return True
    zone = ZoneInfo(link.connection.time_zone)
    left = shipment.shipped_at
    return left is not None and left.astimezone(zone).date() < link.created_at.astimezone(zone).date()
