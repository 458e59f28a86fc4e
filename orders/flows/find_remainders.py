"""Find orders of a store of which a part was shipped and the rest may be over, and have each looked at.

Starts   every half hour by itself, where the store's fulfilment policy says what becomes of a rest
Reads    ERP orders and shipments as mirrored, OrderLink
Writes   nothing: cancel_remainder is asked for each order
Repeat   safe: an order is asked for until its document, as it is, was settled
Review   never
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from hub.connectors.sales_documents import OrderStage
from hub.connectors.shipment_documents import ShipmentStage
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders.models import ErpOrder, ErpShipment, FulfilmentPolicy, OrderLink

ASKED = "cancel_remainder"
MOST = 1000
# What was shipped longer ago than this beyond the days of the policy was looked at often enough.
WATCHED_FOR = timedelta(days=60)
_SENT = (ShipmentStage.SHIPPED.value, ShipmentStage.DELIVERED.value)
_BEGUN = (OrderStage.SHIPPED.value, OrderStage.INVOICED.value, OrderStage.CLOSED.value)


def run(connection: Connection, record_id: int) -> str:
    """Ask for each order that may have a rest; returns how many."""
    policy = FulfilmentPolicy.objects.filter(store=connection, is_on=True).first()
    if policy is None or policy.remainder == FulfilmentPolicy.Remainder.KEEP:
        return "what is left is kept open"
    orders = list(_candidates(connection, policy).values_list("order", flat=True)[:MOST])
    enqueue(ASKED, connection.pk, orders)
    return f"{len(orders)} orders are looked at"


def _candidates(connection: Connection, policy: FulfilmentPolicy) -> QuerySet[OrderLink]:
    """Links of which something was shipped and whose document was not settled as it is."""
    since = timezone.now() - WATCHED_FOR - timedelta(days=policy.remainder_days)
    document = ErpOrder.objects.filter(
        connection=OuterRef("connection"), external_id=OuterRef("external_id"), stage__in=_BEGUN
    )
    sent = ErpShipment.objects.filter(order=OuterRef("order"), stage__in=_SENT, shipped_at__gte=since)
    links = OrderLink.objects.filter(
        Exists(sent),
        order__connection=connection,
        order__cancelled_at=None,
        origin=OrderLink.Origin.STORE,
        cancelled_at=None,
    )
    unsettled = document.exclude(document_hash=OuterRef("remainder_hash"))
    return links.filter(Exists(unsettled)).order_by("pk")
