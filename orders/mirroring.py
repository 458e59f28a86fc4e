"""Store orders into the mirror: never an older version over a newer one, and a partial source erases nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import connection as database
from django.db.models.functions import Now

from companies.models import StoreCompanyLocation
from hub.connectors.base import ReceivedOrder
from hub.connectors.documents import PlacedOrder
from hub.lib.gid import tail
from hub.lib.hashing import content_hash
from hub.lib.text import storable_json
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, Cursor
from orders.models import OrderPolicy, StoreOrder

# What an order's counterpart in the ERP does not depend on: it moves with payments, tags and our own write-backs.
_NOT_CONTENT = (
    "updated_at",
    "unknown_parts",
    "tags",
    "financial_status",
    "payment_gateways",
    "total",
    "subtotal",
)
# msgspec learns a dataclass at its first use, and two threads that begin with it at once crash the process (seen with
# 0.22 as a segmentation fault in get_dataclass_info): it is learnt here, before there are threads.
msgspec.json.Decoder(PlacedOrder)
FRESH_FOR = timedelta(seconds=60)
_WRITTEN = [
    field.attname.removesuffix("_id") if field.is_relation else field.attname
    for field in StoreOrder._meta.concrete_fields
    if field.name not in ("id", "connection", "external_id")
]


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What the mirror took: keys of orders whose content is new, and of those that must be read whole."""

    changed: tuple[int, ...]
    to_read: tuple[int, ...]


def document_of(order: StoreOrder) -> PlacedOrder:
    """The mirror's document."""
    return msgspec.convert(order.document, PlacedOrder)


def po_key(po_number: str) -> str:
    """A PO number for comparison: without case, blanks and compatibility forms."""
    return "".join(unicodedata.normalize("NFKC", po_number).casefold().split())[:255]


def mirror_orders(connection: Connection, received: Sequence[ReceivedOrder], *, is_fetched: bool) -> Mirrored:
    """Mirror these orders and enqueue what follows; part of the caller's transaction.

    A fetch beats a webhook body of the same stamp. A body with the same stamp but other content, or one that lacks
    a part that the mirror does not know, marks the order to be read whole.
    """
    newest = {r.order.external_id: r for r in sorted(received, key=lambda r: r.order.updated_at)}
    batch = [newest[key] for key in sorted(newest)]
    now = _lock(connection, [r.order.external_id for r in batch])
    known = {
        order.external_id: order
        for order in StoreOrder.objects.filter(connection=connection, external_id__in=list(newest)).defer(
            "payload"
        )
    }
    batch = [
        replace(item, order=_without_holes(item.order, known.get(item.order.external_id))) for item in batch
    ]
    locations = _locations(connection, batch)
    verdicts = {
        item.order.external_id: _verdict(known.get(item.order.external_id), item.order, is_fetched)
        for item in batch
    }
    rows = [
        _row(connection, known.get(item.order.external_id), item, locations, is_fetched, now)
        for item in batch
        if verdicts[item.order.external_id] == "newer"
    ]
    if not is_fetched:
        _mark_torn(received, newest, rows, verdicts)
    StoreOrder.objects.bulk_create(
        rows,
        # Of several rows at once Django makes arrays, and escaping whole orders for these takes longest of all.
        batch_size=1,
        update_conflicts=True,
        unique_fields=["connection", "external_id"],
        update_fields=_WRITTEN,
    )
    _touch(known, verdicts, is_fetched)
    unclear = [known[key].pk for key, verdict in verdicts.items() if verdict == "unclear"]
    changed = [row.pk for row in rows if _is_changed(known.get(row.external_id), row)]
    mirrored = Mirrored(tuple(changed), (*unclear, *(row.pk for row in rows if row.needs_read)))
    _enqueue(connection, mirrored)
    return mirrored


def _mark_torn(
    received: Sequence[ReceivedOrder],
    newest: dict[str, ReceivedOrder],
    rows: Sequence[StoreOrder],
    verdicts: dict[str, str],
) -> None:
    """Bodies of one stamp that differ, in one batch: which is the later one only the store can tell."""
    torn = {
        other.order.external_id
        for other in received
        if other.order != (last := newest[other.order.external_id].order)
        and other.order.updated_at == last.updated_at
    }
    for row in rows:
        row.needs_read = row.needs_read or row.external_id in torn
    verdicts.update({key: "unclear" for key in torn if verdicts[key] == "same"})


def _is_changed(old: StoreOrder | None, row: StoreOrder) -> bool:
    return old is None or old.content_hash != row.content_hash or (old.needs_read and not row.needs_read)


def _touch(known: dict[str, StoreOrder], verdicts: dict[str, str], is_fetched: bool) -> None:
    """What was seen again unchanged is fresh; what is unclear must be read whole."""
    same = [known[key].pk for key, verdict in verdicts.items() if verdict == "same"]
    if same and is_fetched:
        # A body that came again was worded when it came first: it makes nothing fresh.
        StoreOrder.objects.filter(pk__in=same).update(observed_at=Now(), is_fetched=True)
    unclear = [known[key].pk for key, verdict in verdicts.items() if verdict == "unclear"]
    if unclear:
        StoreOrder.objects.filter(pk__in=unclear).update(needs_read=True)


def _lock(connection: Connection, external_ids: list[str]) -> datetime:
    """Serialise writers of the same order: a row that does not exist yet cannot be locked itself.

    Returns the database's time: freshness must not depend on the clocks of several hosts.
    """
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(v, %s)) FROM unnest(%s::text[]) WITH ORDINALITY AS k(v, n)"
            " ORDER BY n",
            [connection.pk, external_ids],
        )
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now


def _verdict(old: StoreOrder | None, order: PlacedOrder, is_fetched: bool) -> str:
    if old is None or order.updated_at > old.remote_updated_at:
        return "newer"
    if order.updated_at < old.remote_updated_at:
        return "older"
    if is_fetched:
        # A read settles every doubt, also when the store's stamp has not moved.
        return (
            "newer" if old.needs_read or not old.is_fetched or _hash(order) != old.document_hash else "same"
        )
    merged = _without_holes(order, old)
    if _hash(merged) == old.document_hash:
        return "same"
    # Stamps are whole seconds: even after a read the body may be the later one, so the store is asked again.
    return "unclear"


def _without_holes(order: PlacedOrder, old: StoreOrder | None) -> PlacedOrder:
    """The order with the parts that its source does not contain taken from what is known already."""
    if old is None or not order.unknown_parts:
        return order
    known = document_of(old)
    still_unknown = tuple(part for part in order.unknown_parts if part in known.unknown_parts)
    parts: dict[str, Any] = {
        part: getattr(known, part) for part in order.unknown_parts if part not in still_unknown
    }
    return replace(order, **parts, unknown_parts=still_unknown)


def _hash(order: PlacedOrder) -> str:
    return content_hash(storable_json(msgspec.to_builtins(order)))


def _row(
    connection: Connection,
    old: StoreOrder | None,
    item: ReceivedOrder,
    locations: dict[str, StoreCompanyLocation],
    is_fetched: bool,
    observed_at: datetime,
) -> StoreOrder:
    order = _without_holes(item.order, old)
    document = storable_json(msgspec.to_builtins(order))
    content = {key: value for key, value in document.items() if key not in _NOT_CONTENT}
    return StoreOrder(
        connection=connection,
        external_id=order.external_id,
        identity_id=tail(order.external_id),
        name=document["name"][:100],
        po_number=document["po_number"][:255],
        po_key=po_key(document["po_number"]),
        location=locations.get(order.company_location_external_id),
        company_external_id=order.company_external_id,
        is_test=order.is_test,
        placed_at=order.created_at,
        cancelled_at=order.cancelled_at,
        currency=order.shop_currency,
        total=order.current_total.shop.amount,
        presentment_currency=order.presentment_currency,
        presentment_total=order.current_total.presentment.amount,
        financial_status=order.financial_status[:40],
        remote_updated_at=order.updated_at,
        is_fetched=is_fetched,
        needs_read=bool(order.unknown_parts) and not is_fetched,
        observed_at=item.told_at or observed_at,
        content_hash=content_hash(content),
        document_hash=content_hash(document),
        document=document,
        payload=storable_json(item.payload),
    )


def _locations(connection: Connection, batch: Sequence[ReceivedOrder]) -> dict[str, StoreCompanyLocation]:
    """Location mirrors of these orders; new ones are made with their id only and read later."""
    wanted = {
        r.order.company_location_external_id: r.order.company_external_id
        for r in batch
        if r.order.company_location_external_id
    }
    if not wanted:
        return {}
    found = {
        location.external_id: location
        for location in StoreCompanyLocation.objects.filter(
            connection=connection, external_id__in=list(wanted)
        )
    }
    missing = sorted(set(wanted) - set(found))
    if missing:
        StoreCompanyLocation.objects.bulk_create(
            [
                StoreCompanyLocation(connection=connection, external_id=key, company_external_id=wanted[key])
                for key in missing
            ],
            ignore_conflicts=True,
        )
        enqueue("pull_company_locations", connection.pk)
        for location in StoreCompanyLocation.objects.filter(connection=connection, external_id__in=missing):
            found[location.external_id] = location
    return found


def _enqueue(connection: Connection, mirrored: Mirrored) -> None:
    if mirrored.to_read:
        enqueue("read_store_orders", connection.pk)
    policy = OrderPolicy.objects.filter(store=connection).first()
    if policy:
        # What must be read first is decided by that read: a push now would only ask for it once more.
        known_whole = set(mirrored.changed) - set(mirrored.to_read)
        enqueue("push_order_to_erp", policy.erp_id, known_whole)


def is_fresh(order: StoreOrder) -> bool:
    """Whether the mirror was observed within the last minute, or a cursor pass that began then has covered it."""
    oldest = -FRESH_FOR.total_seconds()
    if attempts.seconds_until(order.observed_at) >= oldest:
        return True
    cursor = Cursor.objects.filter(connection_id=order.connection_id, flow="pull_store_orders").first()
    return bool(cursor and cursor.covered_at and attempts.seconds_until(cursor.covered_at) >= oldest)
