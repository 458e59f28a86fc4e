"""Pull changed orders of a store into the mirror, by cursor.

Starts   every 30 seconds by itself, and when a connection is resumed
Reads    the store's orders changed since the cursor, with an overlap
Writes   StoreOrder mirrors, page by page, and the cursor
Repeat   safe: the mirror takes nothing older, and the cursor moves only after its page is stored
Review   never: what cannot be mirrored is a bug and quarantines the pull
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction

from hub.connectors.base import OrderHistory, ReceivedOrder
from hub.connectors.documents import Page, PagePosition, PlacedOrder
from hub.sync.models import Connection, Cursor
from hub.sync.running import open_connector
from orders.mirroring import mirror_orders

# Longer than the store's longest transaction; its search lag comes on top.
OVERLAP = timedelta(seconds=30)


def run(connection: Connection, record_id: int) -> str:
    """Pull one pass; returns how many orders were seen and how many were new to us."""
    store = open_connector(connection).supporting(OrderHistory)
    cursor, _ = Cursor.objects.get_or_create(connection=connection, flow="pull_store_orders")
    began_at = datetime.now(UTC)
    since = _since(cursor, store.search_lag)
    after: str | None = None
    seen = changed = 0
    while True:
        page = store.changed_orders(since, after)
        changed += _store_page(connection, cursor, page)
        seen += len(page.items)
        after = page.after
        if after is None:
            break
    Cursor.objects.filter(pk=cursor.pk).update(covered_at=began_at - store.search_lag)
    return f"saw {seen}, {changed} changed"


def _since(cursor: Cursor, search_lag: timedelta) -> PagePosition | None:
    if cursor.stamp is None:
        return None
    return PagePosition(cursor.stamp - OVERLAP - search_lag, cursor.external_id)


def _store_page(connection: Connection, cursor: Cursor, page: Page[PlacedOrder]) -> int:
    """Mirror a page and move the cursor to its last record, both or neither."""
    if not page.items:
        return 0
    received = [
        ReceivedOrder(order, payload) for order, payload in zip(page.items, page.payloads, strict=True)
    ]
    with transaction.atomic():
        mirrored = mirror_orders(connection, received, is_fetched=True)
        last = page.items[-1]
        if cursor.stamp is None or (last.updated_at, last.external_id) > (cursor.stamp, cursor.external_id):
            cursor.stamp, cursor.external_id = last.updated_at, last.external_id
            cursor.save(update_fields=["stamp", "external_id"])
    return len(mirrored.changed)
