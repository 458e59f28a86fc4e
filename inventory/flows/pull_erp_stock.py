"""Pull the stock of an ERP's items that moved or were promised into the mirror, by cursor.

Starts   every 60 seconds by itself, where the ERP tells which items moved
Reads    the documents that touched items since the cursor, with an overlap; the stock of these items
Writes   ErpItem and ErpStockLevel mirrors, empty stock mappings of new warehouses, the cursor
Repeat   safe: no older reading is kept over a newer one, and the cursor moves only after its page is stored
Review   none: what the stock means for a store is decided by the flows that follow it
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hub.connectors.capabilities import Capability
from hub.connectors.documents import PagePosition
from hub.connectors.stock import TouchedItems
from hub.sync.clock import database_time
from hub.sync.models import Connection, Cursor
from inventory.mirroring import read_into_mirror, stock_part
from inventory.models import ErpItem

FLOW = "pull_erp_stock"
OVERLAP = timedelta(seconds=60)
# The first pass begins before anything that the first scan may not have seen; the ERP's clock is not ours.
MARGIN = timedelta(days=1)
# A reading so long after a document's stamp contains it, also where the ERP's clock is a little ahead of ours.
CONTAINED_AFTER = timedelta(minutes=5)


def run(connection: Connection, record_id: int) -> str:
    """Pull one pass; returns how many items were read and how many of them are not as they were."""
    erp = stock_part(connection, Capability.FOLLOW_STOCK)
    if erp is None:
        return "it does not tell which items moved"
    began_at = database_time()
    cursor, _ = Cursor.objects.get_or_create(connection=connection, flow=FLOW)
    since = PagePosition((cursor.stamp - OVERLAP) if cursor.stamp else began_at - MARGIN, cursor.external_id)
    after: str | None = None
    read = changed = 0
    while True:
        page = erp.touched_items(since, after)
        numbers = _unread(connection, cursor, page.items)
        changed += read_into_mirror(connection, erp, numbers)
        read += len(numbers)
        _move(cursor, page.items)
        after = page.after
        if after is None:
            Cursor.objects.filter(pk=cursor.pk).update(covered_at=began_at)
            return f"read {read}, {changed} changed"


def _unread(connection: Connection, cursor: Cursor, touched: Sequence[TouchedItems]) -> list[str]:
    """The items of these documents, without those that an earlier pass read for the same document for good.

    Every pass meets the documents of the overlap again, and would read their items for ever. Beyond the cursor nothing
    was read for its document yet, whatever the clocks of both sides say.
    """
    stamps = {number: one.position.updated_at for one in touched for number in one.item_numbers}
    passed = {number for number, stamp in stamps.items() if cursor.stamp and stamp <= cursor.stamp}
    known = ErpItem.objects.filter(connection=connection, item_number__in=passed)
    contained = {
        number
        for number, read_at in known.values_list("item_number", "read_at")
        if read_at >= stamps[number] + CONTAINED_AFTER
    }
    return [number for number in stamps if number not in contained]


def _move(cursor: Cursor, touched: Sequence[TouchedItems]) -> None:
    if not touched:
        return
    last = touched[-1].position
    if cursor.stamp is None or (last.updated_at, last.external_id) > (cursor.stamp, cursor.external_id):
        cursor.stamp, cursor.external_id = last.updated_at, last.external_id
        cursor.save(update_fields=["stamp", "external_id"])
