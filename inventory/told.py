"""What stores tell of their stock by webhook: a level's number is taken, everything else only asks for a reading.

A body that says what is known already costs nothing more than looking: products are told with every order.
Called inside the transaction that takes the deliveries.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import connection as database
from django.db.backends.utils import CursorWrapper

from hub.connectors.store_stock import ToldItem, ToldLevel, ToldProduct, ToldStock
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from inventory.store_mirroring import READ, lock_stock, mapped_locations, short

# Only of locations that are followed. Of two bodies of one second nobody knows which is later: the level is read.
_TELL = """
INSERT INTO inventory_storestocklevel AS l
    (location_id, item_external_id, is_stocked, available, committed, damaged, incoming, on_hand, quality_control,
     reserved, safety_stock, remote_updated_at, told_at, asked_at, changed_at)
SELECT p.id, t.item, TRUE, t.available, 0, 0, 0, 0, 0, 0, 0, t.updated_at, t.told_at, clock_timestamp(),
       clock_timestamp()
FROM unnest(%(items)s::text[], %(locations)s::text[], %(available)s::int[], %(stamps)s::timestamptz[],
            %(told_at)s::timestamptz[]) AS t(item, location, available, updated_at, told_at)
JOIN inventory_storelocation p ON p.connection_id = %(store)s AND p.external_id = t.location
WHERE p.is_active AND t.location = ANY(%(mapped)s::text[])
ORDER BY p.id, t.item
ON CONFLICT (location_id, item_external_id) DO UPDATE
SET available = CASE WHEN l.is_stocked AND EXCLUDED.remote_updated_at > l.remote_updated_at
                     THEN EXCLUDED.available ELSE l.available END,
    changed_at = CASE WHEN l.is_stocked AND EXCLUDED.remote_updated_at > l.remote_updated_at
                           AND l.available <> EXCLUDED.available THEN EXCLUDED.changed_at ELSE l.changed_at END,
    asked_at = CASE WHEN NOT l.is_stocked OR l.read_at IS NULL OR EXCLUDED.remote_updated_at = l.remote_updated_at
                    THEN COALESCE(l.asked_at, EXCLUDED.asked_at) ELSE l.asked_at END,
    remote_updated_at = EXCLUDED.remote_updated_at, told_at = EXCLUDED.told_at
WHERE EXCLUDED.remote_updated_at > l.remote_updated_at
   OR EXCLUDED.remote_updated_at = l.remote_updated_at AND EXCLUDED.available <> l.available
RETURNING l.asked_at IS NOT NULL
"""
_ASK_LEVELS = """
UPDATE inventory_storestocklevel l SET asked_at = clock_timestamp()
FROM inventory_storelocation p, unnest(%(items)s::text[], %(locations)s::text[]) AS t(item, location)
WHERE p.id = l.location_id AND p.connection_id = %(store)s AND p.external_id = t.location
  AND l.item_external_id = t.item AND p.is_active AND t.location = ANY(%(mapped)s::text[])
"""
_ASK_ITEMS = """
UPDATE inventory_storevariant v SET asked_at = clock_timestamp()
FROM unnest(%(items)s::text[], %(skus)s::text[], %(are_tracked)s::bool[]) AS t(item, sku, is_tracked)
WHERE v.connection_id = %(store)s AND v.item_external_id = t.item AND v.gone_at IS NULL
  AND (t.is_tracked IS NULL OR (v.sku, v.is_tracked) IS DISTINCT FROM (t.sku, t.is_tracked))
"""
# A product describes its first hundred variants; of the others only what is new is seen here (`sku` is null).
_ASK_VARIANTS = """
INSERT INTO inventory_storevariant AS v
    (connection_id, external_id, product_external_id, item_external_id, sku, barcode, title, is_tracked, oversells,
     asked_at, changed_at)
SELECT %(store)s, t.variant, t.product, '', '', '', '', FALSE, FALSE, clock_timestamp(), clock_timestamp()
FROM unnest(%(variants)s::text[], %(products)s::text[], %(items)s::text[], %(skus)s::text[], %(barcodes)s::text[],
            %(oversell)s::bool[]) AS t(variant, product, item, sku, barcode, oversells)
LEFT JOIN inventory_storevariant k ON k.connection_id = %(store)s AND k.external_id = t.variant
WHERE k.id IS NULL
   OR t.sku IS NOT NULL AND k.read_at IS NOT NULL
      AND (k.gone_at IS NOT NULL OR (k.sku, k.barcode, k.oversells, k.product_external_id)
           IS DISTINCT FROM (t.sku, t.barcode, t.oversells, t.product) OR k.item_external_id <> t.item AND t.item <> '')
ORDER BY t.variant
ON CONFLICT (connection_id, external_id) DO UPDATE SET asked_at = EXCLUDED.asked_at
"""
_ASK_UNLISTED = """
UPDATE inventory_storevariant v SET asked_at = clock_timestamp()
WHERE v.connection_id = %(store)s AND v.product_external_id = ANY(%(whole)s::text[])
  AND v.external_id <> ALL(%(variants)s::text[]) AND v.gone_at IS NULL
"""


def take_stock(connection: Connection, told: Sequence[tuple[ToldStock, datetime]]) -> None:
    """Take what was told, each with the database's time at which it came in. At most seven statements and a task.

    Nothing is kept of a store whose stock is not followed.
    """
    mapped = mapped_locations(connection) if told else None
    if not mapped:
        return
    about = {"store": connection.pk, "mapped": sorted(mapped)}
    lock_stock(connection.pk)
    with database.cursor() as cursor:
        is_asked = [
            _tell_levels(cursor, about, [(one, at) for one, at in told if isinstance(one, ToldLevel)]),
            _ask_items(cursor, about, [one for one, _ in told if isinstance(one, ToldItem)]),
            _ask_variants(cursor, about, [one for one, _ in told if isinstance(one, ToldProduct)]),
        ]
    if any(is_asked):
        enqueue(READ, connection.pk)


def _tell_levels(
    cursor: CursorWrapper, about: dict[str, Any], told: Sequence[tuple[ToldLevel, datetime]]
) -> bool:
    counted, unsure = _latest(told)
    is_asked = False
    if counted:
        columns: dict[str, Any] = {
            "items": [one.item_external_id for one, _ in counted],
            "locations": [one.location_external_id for one, _ in counted],
            "available": [one.available for one, _ in counted],
            "stamps": [one.updated_at for one, _ in counted],
            "told_at": [at for _, at in counted],
        }
        cursor.execute(_TELL, about | columns)
        is_asked = any(asked for (asked,) in cursor.fetchall())
    if unsure:
        columns = {
            "items": [one.item_external_id for one in unsure],
            "locations": [one.location_external_id for one in unsure],
        }
        cursor.execute(_ASK_LEVELS, about | columns)
        is_asked = is_asked or cursor.rowcount > 0
    return is_asked


def _latest(
    told: Sequence[tuple[ToldLevel, datetime]],
) -> tuple[list[tuple[ToldLevel, datetime]], list[ToldLevel]]:
    """Of each level the word with the latest stamp; and the levels that must be read, whatever stamp is latest.

    Those are no more stocked or not counted, or were told two different numbers for one second.
    """
    counted, unsure = [], []
    rows = sorted(told, key=lambda row: (row[0].item_external_id, row[0].location_external_id))
    for _, group in groupby(rows, key=lambda row: (row[0].item_external_id, row[0].location_external_id)):
        same = list(group)
        numbers = [(one, at) for one, at in same if one.available is not None and one.updated_at is not None]
        if numbers:
            last = max(one.updated_at for one, _ in numbers if one.updated_at)
            newest = [row for row in numbers if row[0].updated_at == last]
            counted.append(newest[-1])
            if len({one.available for one, _ in newest}) > 1:
                unsure.append(newest[-1][0])
        if len(numbers) < len(same):
            unsure.append(same[-1][0])
    return counted, unsure


def _ask_items(cursor: CursorWrapper, about: dict[str, Any], told: Sequence[ToldItem]) -> bool:
    if not told:
        return False
    columns = {
        "items": [one.external_id for one in told],
        "skus": [short(one.sku) for one in told],
        "are_tracked": [one.is_tracked for one in told],
    }
    cursor.execute(_ASK_ITEMS, about | columns)
    return bool(cursor.rowcount > 0)


def _ask_variants(cursor: CursorWrapper, about: dict[str, Any], told: Sequence[ToldProduct]) -> bool:
    """Have read what these products tell differently, what is new in them, and what they name no more."""
    if not told:
        return False
    # The last word of each product: an older one at worst has something read once too often.
    products = list({one.external_id: one for one in told}.values())
    described = {variant.external_id: variant for one in products for variant in one.variants}
    rows = {variant: one.external_id for one in products for variant in one.listed}
    known = [described.get(variant) for variant in rows]
    columns = {
        "variants": list(rows),
        "products": list(rows.values()),
        "items": [one.item_external_id if one else "" for one in known],
        "skus": [short(one.sku) if one else None for one in known],
        "barcodes": [short(one.barcode) if one else None for one in known],
        "oversell": [one.oversells if one else None for one in known],
        "whole": [one.external_id for one in products],
    }
    asked = 0
    if rows:
        cursor.execute(_ASK_VARIANTS, about | columns)
        asked += cursor.rowcount
    cursor.execute(_ASK_UNLISTED, about | columns)
    return bool(asked + cursor.rowcount > 0)
