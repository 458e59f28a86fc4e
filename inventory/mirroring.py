"""An ERP's stock into the mirror: read in batches, never an older reading over a newer one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import connection as database
from django.db import transaction
from django.db.models import Exists, OuterRef

from hub.connectors.capabilities import Capability
from hub.connectors.stock import Receipt, Stock, StockLevel
from hub.lib.text import storable
from hub.sync.clock import database_time
from hub.sync.flows import missing_capabilities
from hub.sync.models import Connection
from hub.sync.running import open_connector
from inventory.models import ErpStockLevel, ItemMapping, StockMapping

LONGEST = 255
# All levels of an item are of one reading. Its row is what readings compete for: who comes with an older one gets none.
_READ = """
INSERT INTO inventory_erpitem AS i (connection_id, item_number, commits_from, read_at)
SELECT %(connection)s, n, %(commits_from)s, %(read_at)s FROM unnest(%(numbers)s::text[]) AS n ORDER BY n
ON CONFLICT (connection_id, item_number) DO UPDATE
SET read_at = EXCLUDED.read_at, commits_from = EXCLUDED.commits_from WHERE i.read_at < EXCLUDED.read_at
RETURNING i.id, i.item_number
"""
_VALUES = "on_hand, committed, safety_stock, on_order, unit, receipts, lead_days"
# What is as it was is not written; `is_new` tells a warehouse that may need its mapping.
_STORE = f"""
INSERT INTO inventory_erpstocklevel AS l (item_id, warehouse, {_VALUES}, changed_at)
SELECT item_id, warehouse, {_VALUES}, clock_timestamp()
FROM unnest(%(items)s::bigint[], %(warehouses)s::text[], %(on_hand)s::numeric[], %(committed)s::numeric[],
            %(safety_stock)s::numeric[], %(on_order)s::numeric[], %(units)s::text[], %(receipts)s::jsonb[],
            %(lead_days)s::int[])
     AS v(item_id, warehouse, {_VALUES})
ORDER BY item_id, warehouse
ON CONFLICT (item_id, warehouse) DO UPDATE
SET ({_VALUES}, changed_at) = ROW({", ".join(f"EXCLUDED.{name}" for name in _VALUES.split(", "))}, EXCLUDED.changed_at)
WHERE (l.{_VALUES.replace(", ", ", l.")})
      IS DISTINCT FROM ({", ".join(f"EXCLUDED.{name}" for name in _VALUES.split(", "))})
RETURNING l.item_id, l.warehouse, xmax = 0 AS is_new
"""
# A warehouse that an ERP leaves out holds none of the item, promises none and expects none.
_EMPTY = """
UPDATE inventory_erpstocklevel l
SET on_hand = 0, committed = 0, safety_stock = 0, on_order = 0, receipts = '[]', lead_days = NULL,
    changed_at = clock_timestamp()
WHERE l.item_id = ANY(%(read)s)
  AND NOT EXISTS (SELECT 1 FROM unnest(%(items)s::bigint[], %(warehouses)s::text[]) AS v(item_id, warehouse)
                  WHERE v.item_id = l.item_id AND v.warehouse = l.warehouse)
  AND (l.on_hand <> 0 OR l.committed <> 0 OR l.safety_stock <> 0 OR l.receipts <> '[]' OR l.lead_days IS NOT NULL)
RETURNING l.item_id
"""


def stock_part(connection: Connection, capability: Capability) -> Stock | None:
    """The ERP's connector, where it can do this with its stock; else None."""
    erp = open_connector(connection)
    return erp if isinstance(erp, Stock) and capability not in missing_capabilities(connection) else None


def read_into_mirror(connection: Connection, erp: Stock, item_numbers: Iterable[str]) -> int:
    """Read these items in batches and mirror each; returns how many of them are not as they were.

    A batch is a transaction of its own that no call of the ERP is part of. What is promised while a call runs may or
    may not be in its answer: the reading holds for the moment before it, and such a promise counts as not contained.
    """
    changed = 0
    numbers = list(dict.fromkeys(item_numbers))
    for start in range(0, len(numbers), erp.stock_batch):
        batch = numbers[start : start + erp.stock_batch]
        read_at = database_time()
        levels = erp.read_stock(batch)
        changed += len(mirror_stock(connection, erp, batch, levels, read_at=read_at))
    return changed


def mirror_stock(
    connection: Connection,
    erp: Stock,
    asked: Sequence[str],
    levels: Sequence[StockLevel],
    *,
    read_at: datetime,
) -> set[str]:
    """Mirror what `erp` answered about the items asked for; returns the numbers of those that are not as they were.

    `read_at` is the database's time just before it was asked. Items of which a later reading is known are left alone.
    Three statements, and two more where a warehouse holds an item that it did not hold before.
    """
    numbers = [_stored(number) for number in dict.fromkeys(asked)]
    with transaction.atomic(), database.cursor() as cursor:
        own = {
            "connection": connection.pk,
            "commits_from": erp.commits_from.value,
            "read_at": read_at,
            "numbers": numbers,
        }
        cursor.execute(_READ, own)
        keys = {number: key for key, number in cursor.fetchall()}
        held = {
            (keys[number], _stored(one.warehouse)): one
            for one in levels
            if (number := _stored(one.item_number)) in keys
        }
        values = _columns(held)
        cursor.execute(_STORE, values)
        stored = cursor.fetchall()
        cursor.execute(_EMPTY, values | {"read": list(keys.values())})
        emptied = cursor.fetchall()
        _note_warehouses(connection, {warehouse for _, warehouse, is_new in stored if is_new})
    changed = {row[0] for row in (*stored, *emptied)}
    return {number for number, key in keys.items() if key in changed}


def receipts_of(level: ErpStockLevel) -> tuple[Receipt, ...]:
    """What is to come into a mirrored stock level, the soonest first."""
    return tuple(
        Receipt(Decimal(each["quantity"]), date.fromisoformat(each["due"]) if each["due"] else None)
        for each in level.receipts
    )


def note_all_warehouses(connection: Connection) -> None:
    """Make empty mappings of every warehouse with stock, for stores whose first item was mapped since it was met."""
    known = ErpStockLevel.objects.filter(item__connection=connection).order_by()
    _note_warehouses(connection, known.values_list("warehouse", flat=True).distinct())


def _note_warehouses(connection: Connection, warehouses: Iterable[str]) -> None:
    """Make an empty mapping where a store that sells items of this ERP has none for a warehouse."""
    if not (met := sorted(set(warehouses))):
        return
    items = ItemMapping.objects.filter(store=OuterRef("pk"), erp=connection)
    stores = (
        Connection.objects.filter(Exists(items), side="store").order_by("pk").values_list("pk", flat=True)
    )
    mapped = StockMapping.objects.filter(erp=connection, warehouse__in=met)
    known = set(mapped.values_list("store", "warehouse"))
    StockMapping.objects.bulk_create(
        [
            StockMapping(store_id=store, erp=connection, warehouse=warehouse)
            for store in stores
            for warehouse in met
            if (store, warehouse) not in known
        ],
        ignore_conflicts=True,
    )


def _columns(held: dict[tuple[int, str], StockLevel]) -> dict[str, list[object]]:
    """The levels as arrays, one for each column."""
    levels = list(held.values())
    return {
        "items": [item for item, _ in held],
        "warehouses": [warehouse for _, warehouse in held],
        "on_hand": [one.on_hand for one in levels],
        "committed": [one.committed for one in levels],
        "safety_stock": [one.safety_stock for one in levels],
        "on_order": [one.on_order for one in levels],
        "units": [storable(one.unit)[:40] for one in levels],
        "receipts": [json.dumps(list(_receipts(one))) for one in levels],
        "lead_days": [one.lead_days for one in levels],
    }


def _receipts(level: StockLevel) -> Iterator[dict[str, str | None]]:
    for receipt in level.receipts:
        yield {
            "quantity": f"{receipt.quantity:f}",
            "due": receipt.due.isoformat() if receipt.due else None,
        }


def _stored(name: str) -> str:
    return storable(name)[:LONGEST]
