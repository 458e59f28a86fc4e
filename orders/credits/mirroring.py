"""An ERP's credits into the mirror: never an older version over a newer one; whose business one is, is enqueued."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from django.db import connection as database
from django.db import transaction

from hub.connectors.credits import CreditStage, refund_of, return_of
from hub.connectors.credits import ErpCredit as Document
from hub.lib.hashing import content_hash
from hub.lib.stored import Stored
from hub.lib.text import storable, stored_json
from hub.sync.enqueue import enqueue
from hub.sync.flows import FLOWS
from hub.sync.models import Connection
from orders.models import ErpCredit

TO_STORE, TO_ERP, BEGIN = "push_credit_to_store", "push_refund_to_erp", "push_return_to_store"
_WRITTEN = [
    "number",
    "reference",
    "status",
    "stage",
    "order_external_id",
    "invoice_number",
    "customer_number",
    "currency",
    "total_excluding_tax",
    "total_tax",
    "total_including_tax",
    "refund_external_id",
    "returned_external_id",
    "return_external_id",
    "remote_updated_at",
    "observed_at",
    "document",
    "document_hash",
]
_NOT_CONTENT = ("updated_at", "status")
_documents = Stored(Document)
# By the order's id where the ERP tells it, by our own reference where it is the credit of a refund that we know.
_ATTACH = """
UPDATE orders_erpcredit c SET order_id = k.order_id
FROM orders_orderlink k
WHERE c.connection_id = %(erp)s AND c.order_id IS NULL AND k.connection_id = c.connection_id
  AND c.order_external_id <> '' AND k.external_id = c.order_external_id
RETURNING c.order_id
"""
_ATTACH_OURS = """
UPDATE orders_erpcredit c SET order_id = r.order_id
FROM orders_creditlink k JOIN orders_storerefund r ON r.id = k.refund_id
WHERE c.connection_id = %(erp)s AND c.order_id IS NULL AND k.connection_id = c.connection_id
  AND k.external_id = c.external_id AND k.is_return = c.is_return
RETURNING c.order_id
"""
# What was made from a return order is of its order; and of its refund, where that led to the return order.
_ATTACH_CREDITED = """
UPDATE orders_erpcredit c SET order_id = COALESCE(c.order_id, r.order_id), refund_external_id = r.refund_external_id
FROM orders_erpcredit r
WHERE c.connection_id = %(erp)s AND NOT c.is_return AND c.return_external_id <> ''
  AND r.connection_id = c.connection_id AND r.is_return AND r.external_id = c.return_external_id
  AND ((c.order_id IS NULL AND r.order_id IS NOT NULL) OR c.refund_external_id <> r.refund_external_id)
RETURNING c.order_id
"""


def document_of(credit: ErpCredit) -> Document:
    """The mirror's document."""
    return _documents.read(credit.document)


def mirror_credits(connection: Connection, documents: Sequence[Document]) -> list[ErpCredit]:
    """Mirror these credits of an ERP; returns the rows that were new or newer.

    One transaction: the orders of rows that changed are enqueued with them, for the store where the ERP began it, for
    the ERP where we did.
    """
    newest = {(one.is_return, one.external_id): one for one in sorted(documents, key=lambda c: c.updated_at)}
    with transaction.atomic():
        mirrored = ErpCredit.objects.filter(
            connection=connection, external_id__in=[key for _, key in newest]
        ).select_for_update()
        known = {(row.is_return, row.external_id): row for row in mirrored}
        rows = [
            _still_adopted(row_of(connection, newest[key]), known.get(key))
            for key in sorted(newest)
            if key not in known or known[key].remote_updated_at <= newest[key].updated_at
        ]
        stored = ErpCredit.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["connection", "is_return", "external_id"],
            update_fields=_WRITTEN,
        )
        attach_credits(connection)
        hashes = {key: row.document_hash for key, row in known.items()}
        news = [row for row in rows if hashes.get((row.is_return, row.external_id)) != row.document_hash]
        _tell(connection, [row.external_id for row in news])
    return stored


def _still_adopted(row: ErpCredit, known: ErpCredit | None) -> ErpCredit:
    """The return whose it was found to be is not said in its own reference."""
    if known is not None and not row.returned_external_id:
        row.returned_external_id = known.returned_external_id
    return row


def attach_credits(connection: Connection) -> int:
    """Give credits of sales orders that were linked meanwhile their store order; returns how many orders."""
    orders: set[int] = set()
    with transaction.atomic(), database.cursor() as cursor:
        for statement in (_ATTACH, _ATTACH_OURS, _ATTACH_CREDITED):
            cursor.execute(statement, {"erp": connection.pk})
            orders |= {row[0] for row in cursor.fetchall() if row[0]}
        found = ErpCredit.objects.filter(connection=connection, order__in=orders)
        _enqueue(connection, found)
    return len(orders)


def _tell(connection: Connection, external_ids: list[str]) -> None:
    told = ErpCredit.objects.filter(connection=connection, external_id__in=external_ids)
    _enqueue(connection, told.exclude(order=None))


def _enqueue(connection: Connection, credits: Iterable[ErpCredit]) -> None:
    """Ours, and what was cancelled, are looked at by the flow that credits, the ERP's own by those that tell the
    store."""
    ours: set[int] = set()
    by_store: dict[int, set[int]] = {}
    begun: dict[int, set[int]] = {}
    for credit in credits:
        if credit.order is None:
            continue
        if credit.refund_external_id or (credit.stage == CreditStage.CANCELLED and not credit.is_return):
            ours.add(credit.order.pk)
            continue
        store_id = credit.order.connection_id
        if credit.is_return and not credit.returned_external_id:
            begun.setdefault(store_id, set()).add(credit.order.pk)
        if credit.stage == CreditStage.CREDITED or credit.is_return:
            by_store.setdefault(store_id, set()).add(credit.order.pk)
        is_over = credit.is_return and credit.stage in (CreditStage.CANCELLED, CreditStage.DECLINED)
        if is_over or (credit.stage == CreditStage.CREDITED and credit.return_external_id):
            # The store may have refunded the return by itself.
            ours.add(credit.order.pk)
    enqueue(TO_ERP, connection.pk, ours)
    # The return first: its credit takes back what it holds.
    _enqueue_each(BEGIN, begun)
    _enqueue_each(TO_STORE, by_store)


def _enqueue_each(flow: str, by_store: dict[int, set[int]]) -> None:
    if flow in FLOWS:
        for store_id, orders in sorted(by_store.items()):
            enqueue(flow, store_id, orders)


def row_of(connection: Connection, document: Document) -> ErpCredit:
    """The mirror's row of a credit, not stored yet."""
    built = json.loads(stored_json(document))
    identity, returned = refund_of(document.reference), return_of(document.reference)
    totals = document.totals
    return ErpCredit(
        connection=connection,
        external_id=document.external_id,
        number=storable(document.number)[:60],
        reference=storable(document.reference)[:120],
        is_return=document.is_return,
        status=storable(document.status)[:60],
        stage=document.stage.value,
        order_external_id=document.order_external_id,
        invoice_number=storable(document.invoice_number)[:60],
        customer_number=storable(document.customer_number)[:60],
        currency=document.currency,
        total_excluding_tax=totals.excluding_tax if totals else None,
        total_tax=totals.tax if totals else None,
        total_including_tax=totals.including_tax if totals else None,
        refund_external_id=identity.order_id if identity else "",
        returned_external_id=returned.order_id if returned else "",
        return_external_id=document.return_external_id,
        remote_updated_at=document.updated_at,
        observed_at=datetime.now(UTC),
        document=built,
        document_hash=_hash(built),
    )


def _hash(document: dict[str, object]) -> str:
    return content_hash({key: value for key, value in document.items() if key not in _NOT_CONTENT})
