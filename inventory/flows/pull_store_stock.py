"""Pull the variants and levels of a store that changed into the mirror, by cursor: what no webhook told.

Starts   every five minutes by itself, while a warehouse is mapped to a location of the store; a subscription is new
Reads    variants changed since the cursor, with an overlap; changed levels of each mapped location
Writes   StoreVariant and StoreStockLevel mirrors; the cursor
Repeat   safe: no older reading is kept over a newer one, and the cursor moves only after all is stored
Review   the app may not read stock
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from hub.connectors.documents import Page
from hub.connectors.store_stock import StockVariant, StoreLevel, StoreStock
from hub.sync.clock import database_time
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, Cursor, SyncTask
from inventory.models import StoreLocation
from inventory.store_mirroring import (
    Count,
    followed_locations,
    mapped_locations,
    mirror_levels,
    mirror_variants,
    store_stock_part,
)

FLOW = "pull_store_stock"
# The first pass begins before anything that the first scan may not have seen; the store's clock is not ours.
MARGIN = timedelta(days=1)
Item = TypeVar("Item", StockVariant, StoreLevel)


def run(connection: Connection, record_id: int) -> str:
    """Pull one pass; returns how many variants and levels were read, and how many of them are not as they were."""
    store = store_stock_part(connection)
    if store is None:
        return "it does not tell its stock"
    mapped = mapped_locations(connection)
    if not mapped:
        return "no warehouse is mapped to a location of it"
    began_at = database_time()
    cursor, _ = Cursor.objects.get_or_create(connection=connection, flow=FLOW)
    since = (cursor.stamp - store.search_lag) if cursor.stamp else began_at - MARGIN
    variants, levels = Count(), Count()
    stamps = _variants(connection, store, since, variants)
    for location in followed_locations(connection):
        stamps += _levels(location, store, since, levels)
    is_cut = max(variants.read, levels.read) >= store.longest_run
    if is_cut or _is_unscanned(connection, mapped):
        enqueue("scan_store_stock", connection.pk, priority=SyncTask.Priority.BACKGROUND)
    _move(cursor, stamps, None if is_cut else began_at)
    return (
        f"read {variants.read} variants and {levels.read} levels, {variants.changed + levels.changed} changed"
    )


def _is_unscanned(connection: Connection, mapped: set[str]) -> bool:
    """Whether a location was mapped whose levels no scan has read: the cursor tells only of what changes."""
    known = StoreLocation.objects.filter(connection=connection, external_id__in=mapped)
    scanned = known.filter(scanned_at__isnull=False) | known.filter(is_active=False)
    return scanned.count() < len(mapped)


def _variants(connection: Connection, store: StoreStock, since: datetime, count: Count) -> list[datetime]:
    def keep(page: Page[StockVariant], read_at: datetime) -> int:
        return mirror_variants(connection, page.items, read_at=read_at)

    return _run(store, count, lambda after: store.changed_variants(since, after), keep)


def _levels(location: StoreLocation, store: StoreStock, since: datetime, count: Count) -> list[datetime]:
    def keep(page: Page[StoreLevel], read_at: datetime) -> int:
        return mirror_levels(location, page.items, read_at=read_at)

    external_id = location.external_id
    return _run(store, count, lambda after: store.changed_levels(external_id, since, after), keep)


def _run(
    store: StoreStock,
    count: Count,
    read: Callable[[str | None], Page[Item]],
    keep: Callable[[Page[Item], datetime], int],
) -> list[datetime]:
    """All pages, or as many as the store gives: a scan reads the rest. Returns the latest stamp of each page."""
    after: str | None = None
    stamps: list[datetime] = []
    seen = 0
    while True:
        read_at = database_time()
        page = read(after)
        count.add(len(page.items), keep(page, read_at))
        stamps += [max(one.updated_at for one in page.items)] if page.items else []
        seen += len(page.items)
        after = page.after
        if after is None or seen >= store.longest_run:
            return stamps


def _move(cursor: Cursor, stamps: list[datetime], covered_at: datetime | None) -> None:
    """Pages are in no order: the cursor moves once all are stored, or a scan is to read the rest."""
    if stamps and (cursor.stamp is None or max(stamps) > cursor.stamp):
        cursor.stamp = max(stamps)
    cursor.covered_at = covered_at or cursor.covered_at
    cursor.save(update_fields=["stamp", "covered_at"])
