"""Shipments into the mirror: never an older version over a newer one; the store's orders they are of are enqueued."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from django.db import connection as database
from django.db import transaction

from hub.connectors.shipment_documents import ErpShipment as Document
from hub.connectors.shipment_documents import ShipmentStage
from hub.lib.hashing import content_hash
from hub.lib.stored import Stored
from hub.lib.text import storable, stored_json
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders.models import ErpShipment
from orders.shipments.progress import ask_for_shipped

FLOW = "push_shipment_to_store"
WRITTEN = [
    "number",
    "order_external_id",
    "order_number",
    "status",
    "stage",
    "warehouse",
    "shipped_at",
    "remote_updated_at",
    "observed_at",
    "document",
    "document_hash",
]
# What a store is not told of does not make a shipment news to it.
_NOT_CONTENT = ("updated_at", "status")
_documents = Stored(Document)
# By the document's id where the shipment tells it; by its number only where no other document has that number.
_ATTACH = """
UPDATE orders_erpshipment s SET order_id = k.order_id
FROM orders_orderlink k
WHERE s.connection_id = %(erp)s AND s.order_id IS NULL AND k.connection_id = s.connection_id
  AND ((s.order_external_id <> '' AND k.external_id = s.order_external_id)
       OR (s.order_external_id = '' AND s.order_number <> '' AND k.number = s.order_number
           AND NOT EXISTS (SELECT 1 FROM orders_orderlink o WHERE o.connection_id = k.connection_id
                           AND o.number = k.number AND o.id <> k.id)))
RETURNING s.order_id
"""


def document_of(shipment: ErpShipment) -> Document:
    """The mirror's document."""
    return _documents.read(shipment.document)


def mirror_shipments(connection: Connection, documents: Sequence[Document]) -> list[ErpShipment]:
    """Mirror these shipments of an ERP; returns the rows that were new or newer.

    One transaction: the store's orders of rows that changed are enqueued with them.
    """
    newest = {one.external_id: one for one in sorted(documents, key=lambda one: one.updated_at)}
    with transaction.atomic():
        known = dict(
            ErpShipment.objects.filter(connection=connection, external_id__in=list(newest))
            .select_for_update()
            .values_list("external_id", "remote_updated_at")
        )
        rows = [
            row_of(connection, newest[key])
            for key in sorted(newest)
            if key not in known or known[key] <= newest[key].updated_at
        ]
        stored = ErpShipment.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["connection", "external_id"], update_fields=WRITTEN
        )
        attach_shipments(connection)
        _tell_stores(connection, [row.external_id for row in rows])
    return stored


def without_plans(connection: Connection, documents: Sequence[Document]) -> list[Document]:
    """Without those that are undone and were never anything else: plans, and what was taken back at once."""
    ids = [one.external_id for one in documents if one.stage is ShipmentStage.UNDONE]
    known = set(
        ErpShipment.objects.filter(connection=connection, external_id__in=ids).values_list(
            "external_id", flat=True
        )
    )
    return [one for one in documents if one.stage is not ShipmentStage.UNDONE or one.external_id in known]


def attach_shipments(connection: Connection) -> int:
    """Give shipments of sales orders that were linked meanwhile their store order; returns how many."""
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(_ATTACH, {"erp": connection.pk})
        orders = {row[0] for row in cursor.fetchall()}
        _enqueue(ErpShipment.objects.filter(order__in=orders).values_list("order__connection", "order"))
    return len(orders)


def note_gone(connection: Connection, external_ids: Sequence[str]) -> int:
    """Shipments that the ERP holds no more count as undone; returns how many were known as something else."""
    gone = ErpShipment.objects.filter(connection=connection, external_id__in=list(external_ids))
    with transaction.atomic():
        undone = [_as_undone(row) for row in gone.exclude(stage="undone").select_for_update()]
        ErpShipment.objects.bulk_update(undone, ["stage", "document", "document_hash", "observed_at"])
        _tell_stores(connection, [row.external_id for row in undone])
    return len(undone)


def _tell_stores(connection: Connection, external_ids: list[str]) -> None:
    told = ErpShipment.objects.filter(connection=connection, external_id__in=external_ids)
    _enqueue(told.exclude(order=None).values_list("order__connection", "order"))


def _enqueue(pairs: Iterable[tuple[int, int]]) -> None:
    by_store: dict[int, set[int]] = {}
    for store_id, order_id in pairs:
        by_store.setdefault(store_id, set()).add(order_id)
    for store_id, orders in sorted(by_store.items()):
        enqueue(FLOW, store_id, orders)
    ask_for_shipped({order for orders in by_store.values() for order in orders})


def _as_undone(row: ErpShipment) -> ErpShipment:
    row.stage = "undone"
    row.document = {**row.document, "stage": "undone"}
    row.document_hash = _hash(row.document)
    row.observed_at = datetime.now(UTC)
    return row


def _hash(document: dict[str, object]) -> str:
    return content_hash({key: value for key, value in document.items() if key not in _NOT_CONTENT})


def row_of(connection: Connection, document: Document) -> ErpShipment:
    """The mirror's row of a shipment, not stored yet."""
    built = json.loads(stored_json(document))
    return ErpShipment(
        connection=connection,
        external_id=document.external_id,
        number=storable(document.number)[:60],
        order_external_id=document.order_external_id,
        order_number=storable(document.order_number)[:60],
        status=storable(document.status)[:40],
        stage=document.stage.value,
        warehouse=storable(document.warehouse)[:60],
        shipped_at=document.shipped_at,
        remote_updated_at=document.updated_at,
        observed_at=datetime.now(UTC),
        document=built,
        document_hash=_hash(built),
    )
