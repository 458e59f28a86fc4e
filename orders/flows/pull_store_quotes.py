"""Pull changed quote requests of a store into the mirror, by cursor.

Starts   every 60 seconds by itself
Reads    stamps of what changed since the cursor, with an overlap; whole, many in a call, requests not known so
Writes   StoreQuote mirrors of companies' requests, and the cursor; has what is new decided
Repeat   safe: what is mirrored is not read again, and the cursor moves only after its page is mirrored
Review   never: each request asks for itself
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hub.connectors.documents import PagePosition
from hub.connectors.quotes import QuoteRequests, QuoteStamp
from hub.sync.models import Connection, Cursor
from hub.sync.running import open_connector
from orders.freshness import database_time
from orders.mirroring import SETTLED_AFTER
from orders.models import QuotePolicy, StoreQuote
from orders.quotes.mirroring import is_request, mirror_request

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
        read_at = database_time()
        for request in store.read_quotes(_unknown(connection, page.items)):
            changed += mirror_request(connection, request, read_at=read_at) is not None
        _move(cursor, page.items)
        after = page.after
        if after is None:
            Cursor.objects.filter(pk=cursor.pk).update(covered_at=began_at)
            return f"{changed} changed"


def _unknown(connection: Connection, stamps: Sequence[QuoteStamp]) -> list[str]:
    """Requests that we do not know so. Stamps are whole seconds: what was read in its own second is read again."""
    changed_at = {one.external_id: one.updated_at for one in stamps if is_request(one)}
    known = StoreQuote.objects.filter(connection=connection, external_id__in=list(changed_at))
    settled = {
        external_id: updated_at
        for external_id, updated_at, observed_at in known.values_list(
            "external_id", "remote_updated_at", "observed_at"
        )
        if observed_at > updated_at + SETTLED_AFTER
    }
    return [one for one, at in changed_at.items() if one not in settled or settled[one] < at]


def _move(cursor: Cursor, stamps: Sequence[QuoteStamp]) -> None:
    if not stamps:
        return
    last = stamps[-1]
    if cursor.stamp is None or (last.updated_at, last.external_id) > (cursor.stamp, cursor.external_id):
        cursor.stamp, cursor.external_id = last.updated_at, last.external_id
        cursor.save(update_fields=["stamp", "external_id"])
