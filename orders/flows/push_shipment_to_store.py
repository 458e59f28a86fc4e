"""Tell a store what the ERP shipped of an order: fulfilments, tracking, delivery, and what was taken back.

Starts   a shipment of the order was mirrored new or changed, its sales order was linked, a person answered
         or dismissed a question about one shipment
Reads    ErpShipment and ShipmentLink of the order, FulfilmentPolicy, mapping rows, the store's fulfilment orders
Writes   fulfilments in the store (an attempt before each), moves and releases before them; ShipmentLink
Repeat   safe: fulfilments and what remains are read first, and one that carries our pieces and parcels is adopted
Review   more shipped than ordered, held by others, lines that match none or several, warehouse without location,
         a fulfilment that somebody cancelled in the store
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import F

from hub.connectors.fulfilments import Fulfilments
from hub.sync import attempts
from hub.sync.models import Connection
from hub.sync.running import open_connector, this_run
from orders.models import ErpShipment, FulfilmentPolicy, StoreOrder
from orders.shipments.pushing import push_each
from orders.shipments.sending import OPERATIONS, Sender


def run(connection: Connection, record_id: int) -> str:
    """Bring the store's fulfilments of this order to what the ERP says was shipped; returns what happened."""
    policy = FulfilmentPolicy.objects.filter(store=connection, is_on=True).first()
    if policy is None:
        return "the store is not told of shipments"
    subject = this_run().task.subject
    shipments = ErpShipment.objects.filter(order=record_id).select_related("connection")
    due = list(shipments.exclude(pushed_hash=F("document_hash")).order_by("shipped_at", "pk"))
    lost = [one for one in attempts.open_attempts(connection.pk, subject) if one.operation in OPERATIONS]
    if not due and not lost:
        return "nothing new was shipped"
    order = StoreOrder.objects.get(pk=record_id)
    sender = Sender(open_connector(connection).supporting(Fulfilments), connection, order)
    if lost:
        sender.find_lost(lost, {shipment.pk: shipment for shipment in shipments})
    push_each(sender, policy, due)
    return ", ".join(sender.written) or "the store has it already"


def reads_dismissal(code: str, evidence: Mapping[str, object]) -> bool:
    """A shipment whose question was dismissed is left, and the others of its order go on."""
    return "document_hash" in evidence
