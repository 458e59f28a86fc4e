"""Look once more for a twin of an order that had to be created again in the store after its first answer was lost.

Starts   the order was created anew after a lost attempt had settled; once, when that time has passed again
Reads    the store's orders that carry the mark of the ERP's order
Writes   nothing
Repeat   safe: reads only
Review   more than one order in the store
"""

from __future__ import annotations

from hub.connectors.store_orders import OrderWriting
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.models import ErpOrder
from orders.offline.drafts import double
from orders.offline.marks import mark_for


def run(connection: Connection, record_id: int) -> str:
    """Look for orders with the mark of this ERP order; raises Conflict when there are several."""
    order = ErpOrder.objects.select_related("connection").get(pk=record_id)
    store = open_connector(connection).supporting(OrderWriting)
    found = store.find_orders(mark_for(order.connection.code, order.external_id))
    if len(found) > 1:
        raise double(order.number, [one.name for one in found])
    return "no twin"
