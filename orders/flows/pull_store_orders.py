"""Pull changed orders of a store into the mirror, by cursor.

Starts   every 30 seconds by itself, and when a connection is resumed
Reads    ids and stamps of orders changed since the cursor, with an overlap, every two minutes a long one; whole only
         what we know older, and what a glance shows to differ from what we were told in the second of its stamp
Writes   StoreOrder mirrors, batch by batch, and the cursor
Repeat   safe: what is mirrored is not read again, and the cursor moves only after its page is mirrored
Review   never: what cannot be mirrored is a bug and quarantines the pull
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hub.connectors.documents import OrderStamp, PagePosition
from hub.connectors.store_parts import OrderHistory
from hub.sync.models import Connection, Cursor
from hub.sync.running import open_connector
from orders.freshness import database_time, settle_orders
from orders.reading import read_and_mirror, to_read

# Longer than the store's longest transaction.
OVERLAP = timedelta(seconds=30)
# A store's index may show an order minutes late, but hardly ever does: that far a pass looks back only so often. Where
# many orders come, such passes list thousands that are known.
DEEP_EVERY = timedelta(seconds=120)


def run(connection: Connection, record_id: int) -> str:
    """Pull one pass; returns how many orders had changed and how many of these were new to us."""
    store = open_connector(connection).supporting(OrderHistory)
    began_at = database_time()
    cursor, _ = Cursor.objects.get_or_create(
        connection=connection, flow="pull_store_orders", defaults={"deep_stamp": began_at}
    )
    began_with = cursor.stamp
    is_deep = cursor.covered_at is None or began_at - store.search_lag - cursor.covered_at > DEEP_EVERY
    since = _since(cursor, store.search_lag if is_deep else timedelta(0))
    after: str | None = None
    seen = changed = 0
    while True:
        page = store.changed_orders(since, after)
        news, doubtful = to_read(connection, page.items)
        changed += read_and_mirror(connection, store, [stamp.external_id for stamp in news])
        changed += read_and_mirror(connection, store, _changed_since_told(connection, store, doubtful))
        _move(cursor, page.items)
        seen += len(page.items)
        after = page.after
        if after is None:
            break
    if is_deep:
        # Not where it ended: a pass may take minutes, and behind the pages that it has read the index goes on filling.
        Cursor.objects.filter(pk=cursor.pk).update(
            covered_at=began_at - store.search_lag, deep_stamp=began_with or cursor.deep_stamp
        )
    return f"saw {seen}, {changed} changed"


def _since(cursor: Cursor, search_lag: timedelta) -> PagePosition | None:
    """Where a pass begins; one that looks back for a lagging index begins where the last such pass began."""
    stamp = cursor.stamp
    if stamp is None:
        return None
    if search_lag and cursor.deep_stamp:
        stamp = min(stamp, cursor.deep_stamp)
    return PagePosition(stamp - OVERLAP - search_lag, cursor.external_id)


def _changed_since_told(
    connection: Connection, store: OrderHistory, doubtful: Sequence[OrderStamp]
) -> list[str]:
    """Those of these that a glance does not show as they are known: nearly always none, webhooks tell of most."""
    changed: list[str] = []
    size = store.outline_batch
    ids = [stamp.external_id for stamp in doubtful]
    for batch in (ids[start : start + size] for start in range(0, len(ids), size)):
        as_of = database_time()
        settled = settle_orders(connection, store.read_outlines(batch), as_of)
        changed += [external_id for external_id in batch if external_id not in settled]
    return changed


def _move(cursor: Cursor, stamps: Sequence[OrderStamp]) -> None:
    """Everything up to the last of these is mirrored."""
    if not stamps:
        return
    last = stamps[-1]
    if cursor.stamp is None or (last.updated_at, last.external_id) > (cursor.stamp, cursor.external_id):
        cursor.stamp, cursor.external_id = last.updated_at, last.external_id
        cursor.save(update_fields=["stamp", "external_id"])
