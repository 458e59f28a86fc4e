"""What lines of an ERP's credit or return order are in the store: item numbers, units, shipping charges, as mapped."""

from __future__ import annotations

from hub.connectors.documents import PlacedOrder
from hub.sync.models import Connection
from inventory.models import ItemMapping
from orders.mapping_rows import mapping_rows
from orders.models import CreditLineMapping
from orders.returns.crediting import Items
from orders.shipments.items import item_numbers


def items_of(placed: PlacedOrder, store: Connection, erp: Connection) -> Items:
    """Of the SKUs of one order. Read only: nothing is asked for."""
    charges = {row.charge_number for row in mapping_rows(placed, store.pk, erp.pk).shipping.values()} | set(
        CreditLineMapping.objects.filter(
            store=store, erp=erp, kind=CreditLineMapping.Kind.SHIPPING
        ).values_list("number", flat=True)
    )
    units = ItemMapping.objects.filter(store=store, erp=erp, sku__in=[one.sku for one in placed.lines])
    return Items(
        item_numbers(placed.lines, store, erp),
        dict(units.values_list("sku", "units_per_piece")),
        frozenset(filter(None, charges)),
    )
