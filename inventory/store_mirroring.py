"""What a store reads out of its stock into the mirror: never an older reading over a newer one.

What webhooks tell is taken in `inventory.told`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import QuerySet

from hub.connectors.store_stock import StockVariant, StoreLevel, StoreStock
from hub.lib.text import storable
from hub.sync.clock import database_time
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.running import open_connector
from inventory.models import StockMapping, StoreLocation

READ = "read_store_stock"
LONGEST = 255
# An answer whose stamp is older than a known one comes of a copy that lags; after so long, it is how things are.
LAG = timedelta(minutes=5)
_VARIANT = "product_external_id, item_external_id, sku, barcode, title, is_tracked, oversells"
_QUANTITIES = "available, committed, damaged, incoming, on_hand, quality_control, reserved, safety_stock"


def _of(row: str, names: str) -> str:
    return ", ".join(f"{row}.{name}" for name in names.split(", "))


# `changed_at` becomes the statement's own time where anything is not as it was: that is what RETURNING tells by.
_STORE_VARIANTS = f"""
INSERT INTO inventory_storevariant AS v
    (connection_id, external_id, {_VARIANT}, remote_updated_at, read_at, changed_at)
SELECT %(connection)s, external_id, {_VARIANT}, updated_at, %(read_at)s, statement_timestamp()
FROM unnest(%(external_ids)s::text[], %(products)s::text[], %(items)s::text[], %(skus)s::text[], %(barcodes)s::text[],
            %(titles)s::text[], %(are_tracked)s::bool[], %(oversell)s::bool[], %(stamps)s::timestamptz[])
     AS t(external_id, {_VARIANT}, updated_at)
ORDER BY external_id
ON CONFLICT (connection_id, external_id) DO UPDATE
SET ({_VARIANT}) = ROW({_of("EXCLUDED", _VARIANT)}),
    remote_updated_at = EXCLUDED.remote_updated_at, read_at = EXCLUDED.read_at, gone_at = NULL,
    asked_at = CASE WHEN v.asked_at > EXCLUDED.read_at THEN v.asked_at END,
    changed_at = CASE WHEN v.read_at IS NULL OR v.gone_at IS NOT NULL
                        OR ({_of("v", _VARIANT)}) IS DISTINCT FROM ({_of("EXCLUDED", _VARIANT)})
                      THEN EXCLUDED.changed_at ELSE v.changed_at END
WHERE v.read_at IS NULL OR v.read_at < EXCLUDED.read_at
  AND (v.remote_updated_at IS NULL OR v.remote_updated_at <= EXCLUDED.remote_updated_at
       OR EXCLUDED.read_at > v.read_at + %(lag)s)
RETURNING v.changed_at = statement_timestamp()
"""
_GONE = """
UPDATE inventory_storevariant v
SET read_at = %(read_at)s, gone_at = COALESCE(v.gone_at, statement_timestamp()),
    asked_at = CASE WHEN v.asked_at > %(read_at)s THEN v.asked_at END,
    changed_at = CASE WHEN v.gone_at IS NULL THEN statement_timestamp() ELSE v.changed_at END
WHERE v.connection_id = %(connection)s AND v.external_id = ANY(%(gone)s::text[])
  AND (v.read_at IS NULL OR v.read_at < %(read_at)s)
RETURNING v.changed_at = statement_timestamp(), v.item_external_id
"""
# An item without a variant has no level either; another variant may share it, so that it is read.
_ASK_LEVELS = """
UPDATE inventory_storestocklevel l SET asked_at = clock_timestamp()
FROM inventory_storelocation p
WHERE p.id = l.location_id AND p.connection_id = %(connection)s
  AND l.item_external_id = ANY(%(items)s::text[]) AND l.is_stocked
"""
# What a webhook told while a reading ran is later than the reading: by its stamp, or, within one second, perhaps.
_STORE_LEVELS = f"""
INSERT INTO inventory_storestocklevel AS l
    (location_id, item_external_id, is_stocked, {_QUANTITIES}, remote_updated_at, read_at, changed_at)
SELECT %(location)s, item, TRUE, {_QUANTITIES}, updated_at, %(read_at)s, statement_timestamp()
FROM unnest(%(items)s::text[], %(available)s::int[], %(committed)s::int[], %(damaged)s::int[], %(incoming)s::int[],
            %(on_hand)s::int[], %(quality_control)s::int[], %(reserved)s::int[], %(safety_stock)s::int[],
            %(stamps)s::timestamptz[])
     AS t(item, {_QUANTITIES}, updated_at)
ORDER BY item
ON CONFLICT (location_id, item_external_id) DO UPDATE
SET ({_QUANTITIES}) = ROW({_of("EXCLUDED", _QUANTITIES)}), is_stocked = TRUE,
    remote_updated_at = EXCLUDED.remote_updated_at, read_at = EXCLUDED.read_at,
    asked_at = CASE WHEN l.asked_at > EXCLUDED.read_at THEN l.asked_at END,
    changed_at = CASE WHEN l.read_at IS NULL OR NOT l.is_stocked
                        OR ({_of("l", _QUANTITIES)}) IS DISTINCT FROM ({_of("EXCLUDED", _QUANTITIES)})
                      THEN EXCLUDED.changed_at ELSE l.changed_at END
WHERE (l.read_at IS NULL OR l.read_at < EXCLUDED.read_at)
  AND (l.remote_updated_at IS NULL OR EXCLUDED.remote_updated_at > l.remote_updated_at
       OR EXCLUDED.remote_updated_at = l.remote_updated_at
          AND (l.told_at IS NULL OR l.told_at <= EXCLUDED.read_at OR l.available = EXCLUDED.available)
       OR EXCLUDED.read_at > GREATEST(l.read_at, l.told_at) + %(lag)s)
RETURNING l.changed_at = statement_timestamp()
"""
_UNSTOCKED = f"""
UPDATE inventory_storestocklevel l
SET ({_QUANTITIES}) = ROW({", ".join("0" for _ in _QUANTITIES.split(", "))}), is_stocked = FALSE,
    read_at = %(read_at)s, asked_at = CASE WHEN l.asked_at > %(read_at)s THEN l.asked_at END,
    changed_at = CASE WHEN l.is_stocked THEN statement_timestamp() ELSE l.changed_at END
WHERE l.location_id = %(location)s AND l.item_external_id = ANY(%(absent)s::text[])
  AND (l.read_at IS NULL OR l.read_at < %(read_at)s) AND (l.told_at IS NULL OR l.told_at <= %(read_at)s)
RETURNING l.changed_at = statement_timestamp()
"""
_ASK_AGAIN = """
UPDATE inventory_storestocklevel l SET asked_at = COALESCE(l.asked_at, clock_timestamp())
WHERE l.location_id = %(location)s AND l.item_external_id = ANY(%(asked)s::text[])
  AND l.told_at > %(read_at)s AND (l.read_at IS NULL OR l.read_at < %(read_at)s)
"""


@dataclass(slots=True)
class Count:
    """How many records were read, and how many of them are not as they were."""

    read: int = 0
    changed: int = 0

    def add(self, read: int, changed: int) -> None:
        """A batch more."""
        self.read += read
        self.changed += changed


def store_stock_part(connection: Connection) -> StoreStock | None:
    """The store's connector, where it tells its stock; else None."""
    store = open_connector(connection)
    return store if isinstance(store, StoreStock) else None


def mapped_locations(store: Connection) -> set[str]:
    """The external ids of the locations that a warehouse is mapped to: those whose stock is followed."""
    rows = StockMapping.objects.filter(store=store, is_on=True).exclude(location_external_id="")
    return set(rows.order_by().values_list("location_external_id", flat=True).distinct())


def followed_locations(store: Connection) -> QuerySet[StoreLocation]:
    """The locations whose stock is followed, as far as the store has them and they are active."""
    mapped = mapped_locations(store)
    return StoreLocation.objects.filter(connection=store, is_active=True, external_id__in=mapped).order_by(
        "pk"
    )


def read_variants(connection: Connection, store: StoreStock, external_ids: Sequence[str]) -> int:
    """Read these variants by id and mirror them; returns how many are not as they were."""
    read_at = database_time()
    found = store.read_variants(external_ids)
    return mirror_variants(connection, found, read_at=read_at, asked=external_ids)


def read_levels(location: StoreLocation, store: StoreStock, items: Sequence[str]) -> int:
    """Read these items at a location and mirror them; returns how many levels are not as they were."""
    read_at = database_time()
    found = store.read_levels(location.external_id, items)
    return mirror_levels(location, found, read_at=read_at, asked=items)


def mirror_variants(
    connection: Connection, found: Sequence[StockVariant], *, read_at: datetime, asked: Sequence[str] = ()
) -> int:
    """Mirror variants; those that were asked for by id and not found are gone. Returns how many are not as they were.

    `read_at` is the database's time just before the store was asked. At most four statements and a task, whatever
    there is.
    """
    variants = list({one.external_id: one for one in found}.values())
    there = {one.external_id for one in variants}
    about: dict[str, Any] = {
        "connection": connection.pk,
        "read_at": read_at,
        "lag": LAG,
        "gone": sorted(set(asked) - there),
        **_variant_columns(variants),
    }
    with transaction.atomic(), database.cursor() as cursor:
        lock_stock(connection.pk)
        cursor.execute(_STORE_VARIANTS, about)
        stored = [is_changed for (is_changed,) in cursor.fetchall()]
        if about["gone"]:
            cursor.execute(_GONE, about)
            gone = cursor.fetchall()
            stored += [is_changed for is_changed, _ in gone]
            cursor.execute(_ASK_LEVELS, about | {"items": [item for is_new, item in gone if is_new and item]})
            if cursor.rowcount:
                enqueue(READ, connection.pk)
    return sum(stored)


def mirror_levels(
    location: StoreLocation, found: Sequence[StoreLevel], *, read_at: datetime, asked: Sequence[str] = ()
) -> int:
    """Mirror levels of one location; returns how many are not as they were.

    Items that were asked for and not found are not stocked there. `read_at` is the database's time just before the
    store was asked. What a webhook told meanwhile is kept, and the level read again. At most four
    statements and a task.
    """
    levels = list({one.item_external_id: one for one in found}.values())
    there = {one.item_external_id for one in levels}
    about: dict[str, Any] = {
        "location": location.pk,
        "read_at": read_at,
        "lag": LAG,
        "asked": sorted({*asked, *there}),
        "absent": sorted(set(asked) - there),
        **_level_columns(levels),
    }
    with transaction.atomic(), database.cursor() as cursor:
        lock_stock(location.connection_id)
        cursor.execute(_STORE_LEVELS, about)
        stored = [is_changed for (is_changed,) in cursor.fetchall()]
        if about["absent"]:
            cursor.execute(_UNSTOCKED, about)
            stored += [is_changed for (is_changed,) in cursor.fetchall()]
        if len(stored) < len(there | set(asked)):
            cursor.execute(_ASK_AGAIN, about)
            if cursor.rowcount:
                enqueue(READ, location.connection_id)
    return sum(stored)


def lock_stock(connection_id: int) -> None:
    """Until the transaction ends, no other one writes mirrors of this store's stock: several statements lock rows in
    several orders, and would wait for each other. No call is made meanwhile."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('stock of a store', %s))", [connection_id]
        )


def short(words: str) -> str:
    """As a column holds it."""
    return storable(words)[:LONGEST]


def _variant_columns(variants: Sequence[StockVariant]) -> dict[str, Any]:
    return {
        "external_ids": [one.external_id for one in variants],
        "products": [one.product_external_id for one in variants],
        "items": [one.item_external_id for one in variants],
        "skus": [short(one.sku) for one in variants],
        "barcodes": [short(one.barcode) for one in variants],
        "titles": [short(one.title) for one in variants],
        "are_tracked": [one.is_tracked for one in variants],
        "oversell": [one.oversells for one in variants],
        "stamps": [one.updated_at for one in variants],
    }


def _level_columns(levels: Sequence[StoreLevel]) -> dict[str, Any]:
    columns: dict[str, Any] = {
        name: [getattr(one, name) for one in levels] for name in _QUANTITIES.split(", ")
    }
    return columns | {
        "items": [one.item_external_id for one in levels],
        "stamps": [one.updated_at for one in levels],
    }
