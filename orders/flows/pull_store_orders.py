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

from django.db import transaction

from hub.connectors.documents import OrderStamp, PagePosition
from hub.connectors.store_parts import OrderHistory
from hub.sync.models import Connection, Cursor
from hub.sync.running import open_connector
from orders.freshness import database_time, settle_orders
from orders.mirroring import SETTLED_AFTER, mirror_orders
from orders.models import StoreOrder

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
        news, doubtful = _to_read(connection, page.items)
        changed += _mirror(connection, store, news)
        changed += _mirror(connection, store, _changed_since_told(connection, store, doubtful))
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


def _to_read(connection: Connection, stamps: Sequence[OrderStamp]) -> tuple[list[str], list[str]]:
    """The orders that we do not know or know older than the store's stamp says, and those seen too near their stamp.

    Stamps are whole seconds: what was seen in the second of its stamp may have changed once more in it. A look settles
    that once the order has rested; until then the overlap brings it again.
    """
    known = {
        external_id: (updated_at, observed_at > updated_at + SETTLED_AFTER)
        for external_id, updated_at, observed_at in StoreOrder.objects.filter(
            connection=connection, external_id__in=[stamp.external_id for stamp in stamps]
        ).values_list("external_id", "remote_updated_at", "observed_at")
    }
    news = [
        stamp.external_id
        for stamp in stamps
        if stamp.external_id not in known or known[stamp.external_id][0] < stamp.updated_at
    ]
    doubtful = [
        stamp.external_id for stamp in stamps if known.get(stamp.external_id) == (stamp.updated_at, False)
    ]
    return news, doubtful


def _changed_since_told(connection: Connection, store: OrderHistory, doubtful: Sequence[str]) -> list[str]:
    """Those of these that a glance does not show as they are known: nearly always none, webhooks tell of most."""
    changed: list[str] = []
    size = store.outline_batch
    for batch in (doubtful[start : start + size] for start in range(0, len(doubtful), size)):
        as_of = database_time()
        settled = settle_orders(connection, store.read_outlines(batch), as_of)
        changed += [external_id for external_id in batch if external_id not in settled]
    return changed


def _mirror(connection: Connection, store: OrderHistory, external_ids: Sequence[str]) -> int:
    """Read and mirror these orders request by request: what is done stays done when a later one fails.

    A pass over many orders that began anew at each fault would never end while the store answers badly.
    """
    changed = 0
    left = external_ids
    while left:
        size = store.read_batch
        batch, left = left[:size], left[size:]
        read_at = database_time()
        found = store.read_orders(batch)
        with transaction.atomic():
            changed += len(mirror_orders(connection, list(found.values()), read_at=read_at).changed)
    return changed


def _move(cursor: Cursor, stamps: Sequence[OrderStamp]) -> None:
    """Everything up to the last of these is mirrored."""
    if not stamps:
        return
    last = stamps[-1]
    if cursor.stamp is None or (last.updated_at, last.external_id) > (cursor.stamp, cursor.external_id):
        cursor.stamp, cursor.external_id = last.updated_at, last.external_id
        cursor.save(update_fields=["stamp", "external_id"])
