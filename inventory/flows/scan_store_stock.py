"""Read every variant of a store, and its level in each location that a warehouse is mapped to, page by page.

Starts   once a day by itself; a location was mapped that no scan has read; somebody asks for one; a part of it is done
Reads    the store's locations and all its variants; those that it lists no more by id; levels by item, a location
         after the other
Writes   StoreLocation, StoreVariant and StoreStockLevel mirrors; the scan's place, after each page
Repeat   safe: no older reading is kept over a newer one, and what was interrupted goes on behind its last page
Review   the app may not read stock
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models.functions import Now

from hub.connectors.store_stock import StoreStock
from hub.sync.clock import database_time
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, SyncTask
from inventory.models import StoreLocation, StoreScan, StoreVariant
from inventory.store_mirroring import (
    followed_locations,
    mapped_locations,
    mirror_variants,
    read_levels,
    read_variants,
    short,
    store_stock_part,
)

FLOW = "scan_store_stock"
# After so many records a run makes room for whatever is due on the connection besides, and goes on after it.
RECORDS_A_RUN = 20_000
State = StoreScan.State


def run(connection: Connection, record_id: int) -> str:
    """Go on with the store's scan, or begin one; returns how far it is."""
    store = store_stock_part(connection)
    if store is None:
        return "it does not tell its stock"
    mapped = mapped_locations(connection)
    if not mapped:
        return "no warehouse is mapped to a location of it"
    _locations(connection, store, mapped)
    scan = StoreScan.objects.filter(store=connection).exclude(state=State.DONE).first()
    scan = scan or StoreScan.objects.create(store=connection)
    scan.refresh_from_db(fields=["started_at"])
    most = _read(scan) + RECORDS_A_RUN
    while scan.state != State.DONE and _read(scan) < most:
        _STEPS[State(scan.state)](scan, store)
        scan.save(update_fields=["changed", "levels", "position", "state", "variants"])
    if scan.state != State.DONE:
        enqueue(FLOW, connection.pk, priority=SyncTask.Priority.BACKGROUND)
    how = "all" if scan.state == State.DONE else "so far"
    return f"{how} {scan.variants} variants and {scan.levels} levels, {scan.changed} were different"


def _read(scan: StoreScan) -> int:
    return scan.variants + scan.levels


def _locations(connection: Connection, store: StoreStock, mapped: set[str]) -> None:
    """Mirror the store's locations. What is mapped and not among them is kept as not active."""
    found = {one.external_id: one for one in store.stock_locations()}
    rows = [
        StoreLocation(
            connection=connection, external_id=one.external_id, name=short(one.name), is_active=one.is_active
        )
        for one in found.values()
    ]
    rows += [
        StoreLocation(connection=connection, external_id=external_id, is_active=False)
        for external_id in mapped - set(found)
    ]
    with transaction.atomic():
        gone = StoreLocation.objects.filter(connection=connection).exclude(external_id__in=found)
        gone.update(is_active=False)
        StoreLocation.objects.bulk_create(
            sorted(rows, key=lambda row: row.external_id),
            update_conflicts=True,
            unique_fields=["connection", "external_id"],
            update_fields=["name", "is_active"],
        )


def _variants(scan: StoreScan, store: StoreStock) -> None:
    read_at = database_time()
    page = store.every_variant(scan.position or None)
    scan.changed += mirror_variants(scan.store, page.items, read_at=read_at)
    scan.variants += len(page.items)
    scan.position = page.after or ""
    scan.state = State.VARIANTS if page.after else State.UNLISTED


def _unlisted(scan: StoreScan, store: StoreStock) -> None:
    """Read what we know and the store did not list. Whatever is read leaves the set, whatever is not waits for it."""
    left = StoreVariant.objects.filter(
        connection=scan.store,
        gone_at__isnull=True,
        read_at__lt=scan.started_at,
        pk__gt=int(scan.position or 0),
    )
    rows = list(left.order_by("pk").values_list("pk", "external_id")[: store.variant_batch])
    if not rows:
        scan.position, scan.state = "", State.LEVELS
        return
    scan.changed += read_variants(scan.store, store, [external_id for _, external_id in rows])
    scan.variants += len(rows)
    scan.position = str(rows[-1][0])


def _levels(scan: StoreScan, store: StoreStock) -> None:
    """Read the next items at the location in hand; the position names it and the last variant."""
    place, _, last = (scan.position or "0:0").partition(":")
    location = followed_locations(scan.store).filter(pk__gte=int(place)).first()
    if location is None:
        scan.state, scan.position = State.DONE, ""
        StoreScan.objects.filter(pk=scan.pk).update(finished_at=Now())
        return
    behind = int(last) if location.pk == int(place) else 0
    items = StoreVariant.objects.filter(connection=scan.store, gone_at__isnull=True, pk__gt=behind)
    known = items.exclude(item_external_id="").order_by("pk").values_list("pk", "item_external_id")
    rows = list(known[: store.level_batch])
    if not rows:
        StoreLocation.objects.filter(pk=location.pk).update(scanned_at=scan.started_at)
        scan.position = f"{location.pk + 1}:0"
        return
    scan.changed += read_levels(location, store, [item for _, item in rows])
    scan.levels += len(rows)
    scan.position = f"{location.pk}:{rows[-1][0]}"


_STEPS: dict[StoreScan.State, Callable[[StoreScan, StoreStock], None]] = {
    State.VARIANTS: _variants,
    State.UNLISTED: _unlisted,
    State.LEVELS: _levels,
}
