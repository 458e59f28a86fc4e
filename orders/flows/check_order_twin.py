"""Look once more for a twin of an order that had to be created again after its first answer was lost.

Starts   the order was created anew after a lost attempt had settled; once, when that time has passed again; every pass
         over the ERP's changes while it asks
Reads    the ERP's orders and posted invoices that carry the order's reference
Writes   that the order's totals are to be compared once more: where a create is an upsert, one that lands late is no
         twin but writes over the document
Repeat   safe: reads only
Review   more than one document in the ERP; any but the linked one where that was cancelled
"""

from __future__ import annotations

from django.db import transaction

from hub.connectors.documents import ErpSalesOrder
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
    others = [document for document in found if document.external_id != link.external_id]
    if link.cancelled_at is not None and others:
        raise _left_over(link, others)
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


def _left_over(link: OrderLink, others: list[ErpSalesOrder]) -> Conflict:
    """The linked document is cancelled, perhaps gone: what stands beside it would be delivered all the same."""
    numbers = [document.number for document in others]
    return Conflict(
        f"{link.order.name} was cancelled in the ERP ({link.shown_number}), and stands there as {', '.join(numbers)}, "
        "too. Delete that there, then press Try again.",
        code="double_in_erp",
        evidence={"order": link.order.name, "linked": link.shown_number, "documents": numbers},
    )
