"""What lines of an ERP's credit or return order are in the store: items, units, shipping charges, as mapped."""

from __future__ import annotations

from hub.connectors.documents import PlacedOrder
from hub.sync.models import Connection
from orders.mapping_rows import mapping_rows
from orders.models import CreditLineMapping, StoreOrder
from orders.returns.crediting import Items
from orders.shipments.items import items_of_lines


def items_of(order: StoreOrder, placed: PlacedOrder, erp: Connection) -> Items:
    """Of the lines of one order. Read only: nothing is asked for."""
    store = order.connection
    charges = {row.charge_number for row in mapping_rows(placed, store.pk, erp.pk).shipping.values()} | set(
        CreditLineMapping.objects.filter(
            store=store, erp=erp, kind=CreditLineMapping.Kind.SHIPPING
        ).values_list("number", flat=True)
    )
    return Items(items_of_lines(order, placed.lines, erp), frozenset(filter(None, charges)))
