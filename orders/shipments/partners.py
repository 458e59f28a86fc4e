"""Shipments that a warehouse tells through the API. They stand in the mirror under the store itself.

Their lines name SKUs, their warehouse is the store's own location, and their carriers have the store's names: nothing
of it is mapped.
"""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from hub.connectors.shipment_documents import ErpShipment as Document
from hub.errors import Conflict
from hub.sync.enqueue import enqueue
from orders.models import ErpShipment, StoreOrder
from orders.shipments.mirroring import FLOW, WRITTEN, row_of


def receive_shipment(order: StoreOrder, told: Document) -> ErpShipment:
    """Mirror a shipment of this order as a partner tells it now, and ask for the store to be told.

    Raises Conflict where the same shipment was told for another order before.
    """
    row = row_of(order.connection, replace(told, order_number=order.name))
    row.order = order
    with transaction.atomic():
        known = (
            ErpShipment.objects.select_for_update()
            .filter(connection=order.connection, external_id=row.external_id)
            .first()
        )
        if known is None:
            row.save()
        elif known.order_id != order.pk:
            raise Conflict(f"Shipment {told.number} was told for another order before.", code="other_order")
        else:
            row.pk = known.pk
            row.save(update_fields=WRITTEN)
        enqueue(FLOW, order.connection_id, [order.pk])
    return row
