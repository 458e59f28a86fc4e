"""Item numbers of an order's SKUs in an ERP, as people mapped them: read only, nothing is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from hub.connectors.documents import PlacedLine
from hub.sync.models import Connection
from inventory.models import ItemMapping
from orders.models import OrderPolicy


def item_numbers(lines: Sequence[PlacedLine], store: Connection, erp: Connection) -> dict[str, str]:
    """Item numbers by SKU; where the policy says so, a SKU without a row is the number itself."""
    skus = {line.sku for line in lines if line.sku}
    rows = ItemMapping.objects.filter(store=store, erp=erp, sku__in=skus)
    numbers = dict(rows.values_list("sku", "item_number"))
    rule = OrderPolicy.objects.filter(store=store).values_list("sku_rule", flat=True).first()
    if rule == OrderPolicy.SkuRule.SAME:
        numbers |= {sku: sku for sku in skus - set(numbers)}
    return {sku: number for sku, number in numbers.items() if number}
