"""Store orders into the mirror: never an older version over a newer one, and a partial source erases nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Greatest, Now

from companies.models import StoreCompanyLocation
from hub.connectors.documents import PlacedOrder
from hub.connectors.store_parts import ReceivedOrder
from hub.lib.gid import tail
from hub.lib.hashing import content_hash
from hub.lib.stored import Stored
from hub.lib.text import storable, stored_json
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.prepared import rows_of
from orders import metafields
from orders.given_back import as_ordered
from orders.holds.known import RULES_OF_THE_ORDER
from orders.mirror_rows import MirrorRow, upsert
from orders.models import StoreOrder
from orders.models.policies import POLICY_LOCK
from orders.returns.hints import ask_for_returns, shows_returns

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
# Parts that documents did not have from the first: where they are empty, the order is what it was before we knew them.
_ADDED_LATER: dict[str, object] = {"duties": [], "tip": None, "given_back": None}
# What a body may lack and what is known of it may be no more: such an order is read whole.
_NEVER_KEPT = ("given_back",)
_COMPARED = [
    "id",
    "external_id",
    "remote_updated_at",
    "is_fetched",
    "needs_read",
    "content_hash",
    "document_hash",
]
# Locked: whoever marks an order to be read does so without the lock of writers, and waits to be told of the read.
# A mark that came between our look and our write would be written over, and nobody would be told.
_KNOWN = f"""
SELECT {", ".join(f"o.{name}" for name in _COMPARED)},
    -- its metafields were asked for, and it is not sent yet
    EXISTS (SELECT 1 FROM orders_ordermetafields m WHERE m.order_id = o.id)
        AND NOT EXISTS (SELECT 1 FROM orders_orderlink k WHERE k.order_id = o.id),
    -- hold rules look at more than what the ERP depends on: payments, tags
    EXISTS (SELECT 1 FROM orders_holdrule r WHERE {RULES_OF_THE_ORDER})
        AND NOT EXISTS (SELECT 1 FROM orders_orderlink k WHERE k.order_id = o.id),
    EXISTS (SELECT 1 FROM orders_orderlink k WHERE k.order_id = o.id AND k.hold = 'held')
FROM orders_storeorder o
WHERE connection_id = %(connection_id)s::bigint AND external_id = ANY(%(external_ids)s::text[])
ORDER BY external_id FOR NO KEY UPDATE
"""
_documents = Stored(PlacedOrder)
# Stamps are whole seconds: what was observed this long after one holds for as long as the stamp stays. The rest is
# what the two clocks may differ by.
SETTLED_AFTER = timedelta(seconds=10)

_ERP = "SELECT erp_id FROM orders_orderpolicy WHERE store_id = %s"
_LOCATIONS = """
SELECT external_id, id FROM companies_storecompanylocation
WHERE connection_id = %s AND external_id = ANY(%s::text[])
"""
# The time is taken once every lock is held.
_LOCK = f"""
WITH policy AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared({POLICY_LOCK}) AS held
), locks AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended(v, %s::bigint)) AS held
    FROM unnest(%s::text[]) WITH ORDINALITY AS k(v, n) ORDER BY n)
SELECT clock_timestamp() FROM (SELECT count(held) FROM policy) AS first, (SELECT count(held) FROM locks) AS all_held
"""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What the mirror took: keys of orders whose content is new, and of those that must be read whole.

    `to_ask`: orders that wait with metafields that were read before the store told of them again. `to_release`: orders
    that wait in the ERP and of which anything is new.
    """

    changed: tuple[int, ...]
    to_read: tuple[int, ...]
    to_ask: tuple[int, ...] = ()
    to_release: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Before:
    """What the mirror knew, by external id; then which of these are not sent and wait for their metafields, are not
    sent and may be held by a rule, wait in the ERP."""

    orders: dict[str, StoreOrder]
    awaiting: list[str]
    unsent: set[str]
    held: set[str]


def document_of(order: StoreOrder) -> PlacedOrder:
    """The mirror's document."""
    return _documents.read(order.document)


def read_document(text: str) -> PlacedOrder:
    """The document from the JSON text of its column."""
    return _documents.decode(text)


def po_key(po_number: str) -> str:
    """A PO number for comparison: without case, blanks and compatibility forms."""
    return "".join(unicodedata.normalize("NFKC", po_number).casefold().split())[:255]


def mirror_orders(
    connection: Connection, received: Sequence[ReceivedOrder], *, read_at: datetime | None
) -> Mirrored:
    """Mirror these orders and enqueue what follows; part of the caller's transaction.

    `read_at` is the database's time before they were asked for, None where a webhook told of them. A read may take
    long, and only what was so when it began is sure: what it saw in the second of a stamp stays in doubt.
    A fetch beats a webhook body of the same stamp. A body with the same stamp but other content, or one that lacks
    a part that the mirror does not know, marks the order to be read whole.
    """
    newest = {r.order.external_id: r for r in sorted(received, key=lambda r: r.order.updated_at)}
    batch = [newest[key] for key in sorted(newest)]
    now = _lock(connection, [r.order.external_id for r in batch])
    # Documents are large, and only where the new one has holes is the old one needed.
    before = _known(connection, list(newest), with_documents=any(item.order.unknown_parts for item in batch))
    known = before.orders
    batch = [
        replace(item, order=_without_holes(item.order, known.get(item.order.external_id))) for item in batch
    ]
    locations = _locations(connection, batch)
    verdicts = {
        item.order.external_id: _verdict(known.get(item.order.external_id), item.order, read_at is not None)
        for item in batch
    }
    rows = [
        _row(connection, known.get(item.order.external_id), item, locations, read_at, now)
        for item in batch
        if verdicts[item.order.external_id] == "newer"
    ]
    if read_at is None:
        _mark_torn(received, newest, rows, verdicts)
    upsert(rows)
    _touch(known, verdicts, read_at)
    unclear = [known[key].pk for key, verdict in verdicts.items() if verdict == "unclear"]
    written = [row.order for row in rows]
    changed = [
        order.pk
        for order in written
        if order.external_id in before.unsent or _is_changed(known.get(order.external_id), order)
    ]
    # A read of ours that finds what we knew is no news of metafields, a webhook that says the same is.
    to_ask = [
        known[key].pk for key in before.awaiting if not (read_at is not None and verdicts[key] == "same")
    ]
    to_read = (*unclear, *(order.pk for order in written if order.needs_read))
    to_release = [order.pk for order in written if order.external_id in before.held and not order.needs_read]
    mirrored = Mirrored(tuple(changed), to_read, tuple(to_ask), tuple(to_release))
    _enqueue(connection, mirrored)
    told = {item.order.external_id for item in batch if shows_returns(item.order)}
    ask_for_returns(connection, keys=[order.pk for order in written if order.external_id in told])
    return mirrored


def _mark_torn(
    received: Sequence[ReceivedOrder],
    newest: dict[str, ReceivedOrder],
    rows: Sequence[MirrorRow],
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
        row.order.needs_read = row.order.needs_read or row.order.external_id in torn
    verdicts.update({key: "unclear" for key in torn if verdicts[key] == "same"})


def _is_changed(old: StoreOrder | None, new: StoreOrder) -> bool:
    return old is None or old.content_hash != new.content_hash or (old.needs_read and not new.needs_read)


def _touch(known: dict[str, StoreOrder], verdicts: dict[str, str], read_at: datetime | None) -> None:
    """What was seen again unchanged is fresh; what is unclear must be read whole."""
    same = [known[key].pk for key, verdict in verdicts.items() if verdict == "same"]
    if same and read_at is not None:
        # A body that came again was worded when it came first: it makes nothing fresh.
        has_rested = Q(remote_updated_at__lt=read_at - SETTLED_AFTER)
        seen_at = Case(When(has_rested, then=Now()), default=Greatest("observed_at", Value(read_at)))
        StoreOrder.objects.filter(pk__in=same).update(observed_at=seen_at, is_fetched=True)
    unclear = [known[key].pk for key, verdict in verdicts.items() if verdict == "unclear"]
    if unclear:
        # A read of before does not settle it any more.
        StoreOrder.objects.filter(pk__in=unclear).update(needs_read=True, is_fetched=False)


def _known(connection: Connection, external_ids: list[str], *, with_documents: bool) -> _Before:
    """What of the mirror decides whether a new version is newer and says something new."""
    rows = rows_of(_KNOWN, {"connection_id": connection.pk, "external_ids": external_ids})
    known = [StoreOrder.from_db("default", _COMPARED, row[: len(_COMPARED)]) for row in rows]
    awaiting, unsent, held = (
        [order.external_id for order, row in zip(known, rows, strict=True) if row[at]] for at in (-3, -2, -1)
    )
    if with_documents:
        documents = dict(
            StoreOrder.objects.filter(pk__in=[order.pk for order in known]).values_list("pk", "document")
        )
        for order in known:
            order.document = documents[order.pk]
    return _Before({order.external_id: order for order in known}, awaiting, set(unsent), set(held))


def _lock(connection: Connection, external_ids: list[str]) -> datetime:
    """Serialise writers of the same order: a row that does not exist yet cannot be locked itself. Nor does the store's
    policy change meanwhile.

    Returns the database's time: freshness must not depend on the clocks of several hosts.
    """
    now: datetime = rows_of(_LOCK, [connection.pk, connection.pk, external_ids])[0][0]
    return now


def _verdict(old: StoreOrder | None, order: PlacedOrder, is_fetched: bool) -> str:
    if old is None or order.updated_at > old.remote_updated_at:
        return "newer"
    if order.updated_at < old.remote_updated_at:
        return "older"
    if is_fetched:
        # A read settles every doubt, also when the store's stamp has not moved. Mostly it finds what was told.
        return "newer" if old.needs_read or _hash(order) != old.document_hash else "same"
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
    still_unknown = tuple(
        part for part in order.unknown_parts if part in (*known.unknown_parts, *_NEVER_KEPT)
    )
    parts: dict[str, Any] = {
        part: getattr(known, part) for part in order.unknown_parts if part not in still_unknown
    }
    return replace(order, **parts, unknown_parts=still_unknown)


def _hash(order: PlacedOrder) -> str:
    return content_hash(_builtins(order))


def _builtins(order: PlacedOrder) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(order)
    kept = (key for key in document if key not in _ADDED_LATER or document[key] != _ADDED_LATER[key])
    return {key: document[key] for key in kept}


def _row(
    connection: Connection,
    old: StoreOrder | None,
    item: ReceivedOrder,
    locations: dict[str, int],
    read_at: datetime | None,
    now: datetime,
) -> MirrorRow:
    order = _without_holes(item.order, old)
    document = _builtins(order)
    content = _content(order, document)
    mirrored = StoreOrder(
        connection=connection,
        external_id=order.external_id,
        identity_id=tail(order.external_id),
        name=storable(order.name)[:100],
        po_number=storable(order.po_number)[:255],
        po_key=po_key(storable(order.po_number)),
        location_id=locations.get(order.company_location_external_id),
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
        is_fetched=read_at is not None,
        needs_read=bool(order.unknown_parts) and read_at is None,
        observed_at=_observed_at(item, read_at, now),
        content_hash=content_hash(content),
        document_hash=content_hash(document),
    )
    return MirrorRow(mirrored, stored_json(document), stored_json(item.payload), order.lines)


def _content(order: PlacedOrder, document: dict[str, Any]) -> dict[str, Any]:
    """What an order's counterpart in the ERP depends on: what was given back after it was sent is credited there."""
    document = _builtins(as_ordered(order)) if order.given_back else document
    content = {key: value for key, value in document.items() if key not in _NOT_CONTENT}
    if document["payment_terms"]:
        content["payment_terms"] = _without_amounts(document["payment_terms"])
    return content


def _without_amounts(terms: dict[str, Any]) -> dict[str, Any]:
    """Payment terms without what each instalment comes to: how well stores tell that moves with payments."""
    return {**terms, "schedules": [{**one, "amount": None} for one in terms["schedules"]]}


def _observed_at(item: ReceivedOrder, read_at: datetime | None, now: datetime) -> datetime:
    """As of when it is so. A read that began in the second of the stamp settles nothing, however long it took."""
    if read_at is None:
        return item.told_at or now
    return now if read_at > item.order.updated_at + SETTLED_AFTER else read_at


def _locations(connection: Connection, batch: Sequence[ReceivedOrder]) -> dict[str, int]:
    """Keys of the location mirrors of these orders; new ones are made with their id only and read later."""
    wanted = {
        r.order.company_location_external_id: r.order.company_external_id
        for r in batch
        if r.order.company_location_external_id
    }
    if not wanted:
        return {}
    found = _location_keys(connection, wanted)
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
        found |= _location_keys(connection, missing)
    return found


def _location_keys(connection: Connection, external_ids: Iterable[str]) -> dict[str, int]:
    return dict(rows_of(_LOCATIONS, [connection.pk, list(external_ids)]))


def _enqueue(connection: Connection, mirrored: Mirrored) -> None:
    if mirrored.to_read:
        enqueue("read_store_orders", connection.pk)
    if mirrored.to_ask:
        metafields.ask(connection.pk, mirrored.to_ask, is_news=True)
    # What must be read first is decided by that read: a push now would only ask for it once more.
    known_whole = set(mirrored.changed) - set(mirrored.to_read) - set(mirrored.to_ask)
    if known_whole:
        for (erp_id,) in rows_of(_ERP, [connection.pk]):
            enqueue("push_order_to_erp", erp_id, known_whole)
    if mirrored.to_release:
        for (erp_id,) in rows_of(_ERP, [connection.pk]):
            enqueue("release_held_order", erp_id, mirrored.to_release)
