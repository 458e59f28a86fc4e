"""Look once more for a twin of an order that had to be created again after its first answer was lost.

Starts   the order was created anew after a lost attempt had settled; once, when that time has passed again
Reads    the ERP's orders and posted invoices that carry the order's reference
Writes   that the order's totals are to be compared once more: where a create is an upsert, one that lands late is no
         twin but writes over the document
Repeat   safe: reads only
Review   more than one document in the ERP
"""

from __future__ import annotations

from django.db import transaction

from hub.connectors.erp_parts import SalesOrders
from hub.errors import Conflict
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.models import OrderLink


def run(connection: Connection, record_id: int) -> str:
    """Look for documents with the order's identity; raises Conflict when there are several."""
    link = OrderLink.objects.select_related("order").filter(order_id=record_id, connection=connection).first()
    if link is None:
        return "not linked, nothing to compare"
    erp = open_connector(connection).supporting(SalesOrders)
    found = erp.find_sales_orders([link.reference])
    if len(found) > 1:
        numbers = ", ".join(document.number for document in found)
        raise Conflict(
            f"{link.order.name} exists {len(found)} times in the ERP: {numbers}. "
            f"{link.shown_number} is the linked one; "
            "delete the others there, then press Try again.",
            code="double_in_erp",
            evidence={
                "order": link.order.name,
                "linked": link.shown_number,
                "documents": [d.number for d in found],
            },
        )
    with transaction.atomic():
        OrderLink.objects.filter(pk=link.pk).update(totals=OrderLink.Totals.UNREAD)
        enqueue("check_order_totals", connection.pk)
    return "no twin"
