"""Read the variants and levels of a store that something said may be different.

Starts   a webhook told of them, or told something else while they were read
Reads    those variants by id, those levels by item and location, many in a call
Writes   StoreVariant and StoreStockLevel mirrors
Repeat   safe: reads only; what is asked for while it is read stays asked for
Review   the app may not read stock
"""

from __future__ import annotations

from hub.connectors.store_stock import StoreStock
from hub.sync.models import Connection
from inventory.models import StoreLocation, StoreStockLevel, StoreVariant
from inventory.store_mirroring import Count, read_levels, read_variants, store_stock_part

FLOW = "read_store_stock"


def run(connection: Connection, record_id: int) -> str:
    """Read each once; returns how many, and how many of them are not as they were."""
    store = store_stock_part(connection)
    if store is None:
        return "it does not tell its stock"
    variants, levels = Count(), Count()
    _variants(connection, store, variants)
    for location in StoreLocation.objects.filter(connection=connection).order_by("pk"):
        _levels(location, store, levels)
    return (
        f"read {variants.read} variants and {levels.read} levels, {variants.changed + levels.changed} changed"
    )


def _variants(connection: Connection, store: StoreStock, count: Count) -> None:
    asked = StoreVariant.objects.filter(connection=connection, asked_at__isnull=False).order_by("pk")
    last = 0
    while rows := list(asked.filter(pk__gt=last).values_list("pk", "external_id")[: store.variant_batch]):
        last = rows[-1][0]
        ids = [external_id for _, external_id in rows]
        count.add(len(ids), read_variants(connection, store, ids))


def _levels(location: StoreLocation, store: StoreStock, count: Count) -> None:
    asked = StoreStockLevel.objects.filter(location=location, asked_at__isnull=False).order_by("pk")
    last = 0
    while rows := list(asked.filter(pk__gt=last).values_list("pk", "item_external_id")[: store.level_batch]):
        last = rows[-1][0]
        items = [item for _, item in rows]
        count.add(len(items), read_levels(location, store, items))
