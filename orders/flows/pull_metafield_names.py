"""Make an empty mapping row for each metafield that the store defines for orders, so that a person can decide.

Starts   every hour by itself, and by the button Pull now
Reads    names of the store's metafield definitions, 250 a call; no value
Writes   empty OrderFieldMapping rows towards the ERP that the store's orders go to
Repeat   safe: a metafield has one row, and what a person decided stays
Review   never: an undecided metafield holds no order
"""

from __future__ import annotations

from hub.connectors.store_parts import OrderMetafields
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.mapping_rows import add_metafields
from orders.models import OrderPolicy


def run(connection: Connection, record_id: int) -> str:
    """Make the missing rows; returns how many are defined and how many were new."""
    erp_id = OrderPolicy.objects.filter(store=connection).values_list("erp", flat=True).first()
    if erp_id is None:
        return "the store's orders go to no ERP yet"
    store = open_connector(connection)
    if not isinstance(store, OrderMetafields):
        return "the store keeps no metafields"
    names = store.defined_metafields()
    made = add_metafields(names, connection.pk, erp_id)
    return f"saw {len(names)}, {len(made)} new"
