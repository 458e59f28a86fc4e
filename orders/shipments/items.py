"""What an order's lines are in an ERP, as people mapped them: read only, nothing is asked for.

Whoever reads a quantity of an ERP's document takes the item, its unit and how much of it one piece is from here.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.connectors.documents import PlacedLine
from hub.sync.models import Connection
from inventory.models import ItemMapping
from orders.changes.agreements import sent_document
from orders.changes.copies import items_of_copy
from orders.models import OrderLink, OrderPolicy, StoreOrder
from orders.units import ItemRow


def item_rows(lines: Sequence[PlacedLine], store: Connection, erp: Connection) -> dict[str, ItemRow]:
    """Items by SKU; where the policy says so, a SKU without a row is the number itself, in pieces."""
    skus = {line.sku for line in lines if line.sku}
    mapped = ItemMapping.objects.filter(store=store, erp=erp, sku__in=skus)
    found = mapped.values_list("sku", "item_number", "unit", "units_per_piece")
    rows = {sku: ItemRow(number, unit, units) for sku, number, unit, units in found}
    rule = OrderPolicy.objects.filter(store=store).values_list("sku_rule", flat=True).first()
    if rule == OrderPolicy.SkuRule.SAME:
        rows |= {sku: ItemRow(sku) for sku in skus - set(rows)}
    return {sku: row for sku, row in rows.items() if row.number}


def items_of_lines(order: StoreOrder, lines: Sequence[PlacedLine], erp: Connection) -> dict[str, ItemRow]:
    """Items by the order's line. Lines of a copy are what they were made of, whatever is mapped."""
    rows = item_rows(lines, order.connection, erp)
    found = {line.external_id: rows[line.sku] for line in lines if line.sku in rows}
    made = OrderLink.objects.filter(order=order, connection=erp, origin=OrderLink.Origin.ERP).first()
    sent = sent_document(made) if made else None
    return found | (items_of_copy(sent) if sent else {})
