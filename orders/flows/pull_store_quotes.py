"""Pull changed quote requests of a store into the mirror, by cursor.

Starts   every 60 seconds by itself
Reads    ids and stamps of requests changed since the cursor, with an overlap; each one that we do not know so, whole
Writes   StoreQuote mirrors of companies' requests, and the cursor; has what is new decided
Repeat   safe: what is mirrored is not read again, and the cursor moves only after its page is mirrored
Review   never: each request asks for itself
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hub.connectors.documents import OrderStamp, PagePosition
from hub.connectors.quotes import QuoteRequests
from hub.sync.models import Connection, Cursor
from hub.sync.running import open_connector
from orders.freshness import database_time
from orders.mirroring import SETTLED_AFTER
from orders.models import QuotePolicy, StoreQuote
from orders.quotes.mirroring import mirror_request

FLOW = "pull_store_quotes"
# Longer than a transaction of the store, and than its index may lag behind.
OVERLAP = timedelta(minutes=3)


def run(connection: Connection, record_id: int) -> str:
    """Pull one pass; returns how many requests had changed."""
    policy = QuotePolicy.objects.filter(store=connection, is_on=True).first()
    if policy is None:
        return "the store has no quote policy"
    store = open_connector(connection).supporting(QuoteRequests)
    began_at = database_time()
    cursor, _ = Cursor.objects.get_or_create(
        connection=connection, flow=FLOW, defaults={"stamp": policy.requests_from}
    )
    since = PagePosition(cursor.stamp - OVERLAP, cursor.external_id) if cursor.stamp else None
    after: str | None = None
    changed = 0
    while True:
        page = store.changed_quotes(since, after)
        for stamp in _unknown(connection, page.items):
            read_at = database_time()
            request = store.read_quote(stamp.external_id)
            changed += bool(request and mirror_request(connection, request, read_at=read_at))
        _move(cursor, page.items)
        after = page.after
        if after is None:
            Cursor.objects.filter(pk=cursor.pk).update(covered_at=began_at)
            return f"{changed} changed"


def _unknown(connection: Connection, stamps: Sequence[OrderStamp]) -> list[OrderStamp]:
    """Those that we do not know so. Stamps are whole seconds: what was read in the second of its own is read again."""
    known = StoreQuote.objects.filter(
        connection=connection, external_id__in=[stamp.external_id for stamp in stamps]
    )
    settled = {
        external_id: updated_at
        for external_id, updated_at, observed_at in known.values_list(
            "external_id", "remote_updated_at", "observed_at"
        )
        if observed_at > updated_at + SETTLED_AFTER
    }
    return [
        one for one in stamps if one.external_id not in settled or settled[one.external_id] < one.updated_at
    ]


def _move(cursor: Cursor, stamps: Sequence[OrderStamp]) -> None:
    if not stamps:
        return
    last = stamps[-1]
    if cursor.stamp is None or (last.updated_at, last.external_id) > (cursor.stamp, cursor.external_id):
        cursor.stamp, cursor.external_id = last.updated_at, last.external_id
        cursor.save(update_fields=["stamp", "external_id"])
