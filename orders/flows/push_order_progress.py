"""Tell a store how far the ERP is with its orders, many in a call: status, promised day, what is still to come.

Starts   a document or a shipment of a store's order says something new, where its buyers are to see that
Reads    ErpOrder and ErpShipment mirrors of the orders that were asked for, ItemMapping
Writes   metafields of orders in the store that customers may read, those withdrawn deleted; what was told on OrderLink
Repeat   safe: the same values change nothing there, and what was told as it is causes no call
Review   an order that the store refuses to write to
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection as database
from django.db.models.functions import Now

from hub.connectors.sales_documents import ErpDocument
from hub.connectors.store_orders import OrderWriting, StoreMetafield
from hub.errors import NotReadyYet, RecordRejected
from hub.lib.hashing import content_hash
from hub.sync import review
from hub.sync.models import Connection
from hub.sync.running import open_connector
from inventory.models import ItemMapping
from orders.erp_documents import document_of
from orders.models import ErpOrder, ErpShipment, OrderLink
from orders.offline.mapping import with_withdrawn
from orders.shipments.mirroring import document_of as shipment_of
from orders.shipments.progress import FLOW, Items, progress_metafields
from orders.units import ItemRow

LOOKED_AT_AT_ONCE = 500
_SETTLE = """
UPDATE orders_orderlink l SET shown_hash = v.becomes,
    progress_asked_at = CASE WHEN l.progress_asked_at = v.asked_at THEN NULL ELSE l.progress_asked_at END
FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS v(id, asked_at, becomes)
WHERE l.id = v.id
"""


@dataclass(frozen=True, slots=True)
class _Told:
    """What one order's buyer is to see, and its hash as OrderLink keeps it."""

    link: OrderLink
    shown: tuple[StoreMetafield, ...]
    becomes: str


def run(connection: Connection, record_id: int) -> str:
    """Tell everything that was asked for; returns how many orders say something new and how many were refused."""
    if not connection.may_write:
        raise NotReadyYet(f"Writing to {connection} is switched off on the connection's page.", after=600.0)
    store = open_connector(connection).supporting(OrderWriting)
    told = refused = 0
    while links := _asked(connection):
        due = _due(links)
        known = [link for link in links if link.pk not in {one.link.pk for one in due}]
        _settle((link, link.shown_hash) for link in known)
        for batch in _batches(due, store.metafield_rows):
            bad = _tell(store, batch)
            refused, told = refused + bad, told + len(batch) - bad
    return f"told {told}, refused {refused}"


def again(connection_id: int, record_id: int) -> None:
    """A person corrected something: tell of this order anew."""
    links = OrderLink.objects.filter(order=record_id, order__connection=connection_id)
    links.update(progress_asked_at=Now(), shown_hash="")


def _asked(connection: Connection) -> list[OrderLink]:
    asked = OrderLink.objects.filter(order__connection=connection, progress_asked_at__isnull=False)
    return list(asked.select_related("order").order_by("pk")[:LOOKED_AT_AT_ONCE])


def _due(links: Sequence[OrderLink]) -> list[_Told]:
    """Those whose buyers see something else now. What was never read whole has nothing to say yet."""
    documents = {
        (row.connection_id, row.external_id): row
        for row in ErpOrder.objects.filter(
            connection__in={link.connection_id for link in links},
            external_id__in=[link.external_id for link in links],
            document__isnull=False,
        )
    }
    shipments = defaultdict(list)
    for row in ErpShipment.objects.filter(order__in=[link.order_id for link in links]).order_by("pk"):
        shipments[row.order_id].append(shipment_of(row))
    read = {key: document_of(row) for key, row in documents.items()}
    items = _items(links[0].order.connection_id, read)
    due = []
    for link in links:
        document = read.get((link.connection_id, link.external_id))
        if document is None:
            continue
        shown = progress_metafields(document, shipments[link.order_id], items[link.connection_id])
        becomes = content_hash([[one.key, one.value] for one in shown])
        if becomes != link.shown_hash:
            due.append(_Told(link, with_withdrawn(shown), becomes))
    return due


def _items(store_id: int, read: Mapping[tuple[int, str], ErpDocument]) -> Mapping[int, Items]:
    """What the store sells of these documents' items, by ERP."""
    found: defaultdict[int, defaultdict[str, list[ItemRow]]] = defaultdict(lambda: defaultdict(list))
    numbers = {line.number for document in read.values() for line in document.lines if line.number}
    rows = ItemMapping.objects.filter(
        store=store_id, erp__in={erp_id for erp_id, _ in read}, item_number__in=numbers
    )
    for erp_id, number, unit, units in rows.values_list("erp", "item_number", "unit", "units_per_piece"):
        item = ItemRow(number, unit, units)
        found[erp_id][item.number].append(item)
    return found


def _batches(due: Sequence[_Told], rows: int) -> Iterable[list[_Told]]:
    """As many orders a call as their metafields fit."""
    batch: list[_Told] = []
    for one in due:
        if batch and sum(bool(row.value) for each in (*batch, one) for row in each.shown) > rows:
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _tell(store: OrderWriting, batch: list[_Told]) -> int:
    """Write these; returns how many the store refuses."""
    refused = store.write_order_metafields({one.link.order.external_id: one.shown for one in batch})
    good = [one for one in batch if one.link.order.external_id not in refused]
    if refused and good:
        # The call is atomic: one bad row and none was written.
        again = store.write_order_metafields({one.link.order.external_id: one.shown for one in good})
        refused |= again
        good = [one for one in good if one.link.order.external_id not in again]
    _settle((one.link, one.becomes) for one in good)
    for store_id in {one.link.order.connection_id for one in good}:
        review.solve_items(FLOW, store_id, [one.link.order_id for one in good])
    for one in batch:
        if one not in good:
            _refuse(one, refused[one.link.order.external_id])
    return len(batch) - len(good)


def _settle(told: Iterable[tuple[OrderLink, str]]) -> None:
    """Keep what was told; who asked again meanwhile stays asked for."""
    rows = [(link.pk, link.progress_asked_at, becomes) for link, becomes in told]
    with database.cursor() as cursor:
        cursor.execute(_SETTLE, [list(column) for column in zip(*rows, strict=True)] or [[], [], []])


def _refuse(one: _Told, words: str) -> None:
    link = one.link
    error = RecordRejected(
        f"The store refused what {link.order.name} is to show of {link.shown_number}: {words or 'no reason given'}",
        evidence={"order": link.order.name, "document": link.shown_number, "message": words},
    )
    review.open_item(FLOW, link.order.connection_id, link.order_id, f"order:{link.order_id}", error)
    OrderLink.objects.filter(pk=link.pk).update(progress_asked_at=None)
