"""Look over an ERP's orders for what is wrong although every flow did its part.

Starts   every half hour by itself, the first time half an hour after the ERP was connected
Reads    mirrors of the ERP's orders, links, offline order policies, open tasks and questions, OrderWatch
Writes   a review item for each order that something is wrong with, an alert for each kind of finding
Repeat   safe: a question stands once, closes when its order is well again, and is not asked again once decided about
Review   one PO number on two orders of a customer, an order that is missing in a store, an item line without item
         number, a change that waits too long
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders import erp_documents
from orders.models import OfflineOrderPolicy
from orders.watching import of_erp_orders
from orders.watching.findings import ask
from orders.watching.limits import limits_of_erp

FLOW = "watch_erp_orders"
# A document is read before the question is looked at again.
READ_FIRST = 20.0


def run(connection: Connection, record_id: int) -> str:
    """Look once; returns how many findings people are asked about."""
    limits = limits_of_erp(connection)
    with transaction.atomic():
        found = list(of_erp_orders.found(connection.pk, limits, flow=FLOW))
        asked = ask(FLOW, connection, "erp_order", found, of_erp_orders.CODES)
    return f"{asked} findings"


def repair(connection_id: int, record_id: int, evidence: Mapping[str, object]) -> None:
    """What the button of a question does: the document is read again, and every store that shows it decides anew."""
    erp_documents.ask(connection_id, [record_id])
    policies = OfflineOrderPolicy.objects.filter(erp=connection_id, is_on=True)
    for store_id in policies.values_list("store_id", flat=True):
        enqueue("push_order_to_store", store_id, [record_id])
    enqueue(FLOW, connection_id, delay=READ_FIRST)
