"""ERP orders whole: which are wanted, how they are marked, and how what was read is kept.

A document is never overwritten by an older one. A mark stays while the document is older than what the pass over the
changes told, was read within the second of its stamp, or was asked for before the latest mark.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from hub.connectors.documents import ErpSalesOrder
from hub.connectors.sales_documents import ErpDocument
from hub.lib.hashing import content_hash
from hub.lib.stored import Stored
from hub.lib.text import storable, stored_json
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders.changes.erp_views import is_cancelled
from orders.changes.hints import are_compared
from orders.erp_mirroring import mirror_erp_orders
from orders.mirroring import SETTLED_AFTER, po_key
from orders.models import AdoptionPolicy, ErpOrder, OrderLink
from orders.offline.hints import are_shown
from orders.shipments.progress import has_remainders, is_shown

SEND = "push_order_to_erp"
_NOT_CONTENT = ("updated_at", "revision")
_WRITTEN = [
    "stage",
    "is_held",
    "po_number",
    "po_key",
    "needs_read",
    "is_gone",
    "document",
    "document_hash",
    "document_read_at",
    "document_updated_at",
]
sales_orders = Stored(ErpDocument)


def wanted(connection: Connection) -> bool:
    """Whether something is decided by the whole documents of this ERP: a store shows its orders, or how far it is with
    the store's, or has copies of some, or compares its own with them, or looks for orders by their PO number, or
    takes off its orders what will not be sent.

    Ask with the policies held still (`hold_policies_still`), or a policy that is saved meanwhile misses what is new.
    """
    copies = OrderLink.objects.filter(connection=connection, origin=OrderLink.Origin.ERP)
    by_po = AdoptionPolicy.objects.filter(erp=connection, is_on=True, way=AdoptionPolicy.Way.PO)
    is_followed = are_shown(connection) or is_shown(connection) or are_compared(connection)
    is_followed = is_followed or has_remainders(connection)
    return is_followed or copies.exists() or by_po.exists()


def document_of(order: ErpOrder) -> ErpDocument:
    """The order's document; raises ValueError where it was never read whole."""
    if order.document is None:
        raise ValueError(f"{order} was never read whole")
    return sales_orders.read(order.document)


def ask(connection_id: int, orders: Iterable[int]) -> None:
    """Have these rows (by their keys) read whole, whoever wants it; part of the caller's transaction."""
    _mark(ErpOrder.objects.filter(connection_id=connection_id, pk__in=list(orders)), connection_id)


def ask_for_changed(connection: Connection, rows: Sequence[ErpOrder]) -> None:
    """Mark those of these rows, as just mirrored, whose document is not known in this version, where it is wanted.

    One that was asked for before is kept as new as its row in any case: what was read then is shown and compared.
    """
    if not rows:
        return
    same = ErpOrder.objects.filter(
        connection=connection, external_id__in=[row.external_id for row in rows], is_posted_invoice=False
    )
    newer = Q(document_updated_at=None) | Q(document_updated_at__lt=F("remote_updated_at"))
    due = same.filter(newer, needs_read=False)
    _mark(due if wanted(connection) else due.filter(document_read_at__isnull=False), connection.pk)


def never_read(connection: Connection, external_ids: Sequence[str]) -> set[str]:
    """Those of these orders that nobody read whole yet."""
    rows = ErpOrder.objects.filter(connection=connection, external_id__in=external_ids, document_read_at=None)
    return set(rows.values_list("external_id", flat=True))


def were_gone(connection: Connection, external_ids: Sequence[str]) -> set[str]:
    """Those of these orders that the ERP did not show when it was asked last."""
    rows = ErpOrder.objects.filter(connection=connection, external_id__in=external_ids, is_gone=True)
    return set(rows.values_list("external_id", flat=True))


def keep(connection: Connection, documents: Sequence[ErpDocument], *, read_at: datetime) -> list[ErpOrder]:
    """Keep what was read, never an older version over a newer one; returns the rows whose content is new.

    `read_at` is the database's time before the documents were asked for. Part of the caller's transaction.
    """
    read = {document.external_id: document for document in documents}
    mirror_erp_orders(connection, _outlines(connection, read))
    rows = ErpOrder.objects.filter(connection=connection, external_id__in=list(read)).order_by("pk")
    known = [
        row for row in rows.select_for_update() if read[row.external_id].updated_at >= row.remote_updated_at
    ]
    before = {row.pk: row.document_hash for row in known}
    for row in known:
        _fill(row, read[row.external_id], read_at)
    ErpOrder.objects.bulk_update(known, _WRITTEN)
    over = {row.external_id for row in known if is_cancelled(read[row.external_id])}
    note_gone(connection, over)
    _note_standing(connection, {row.external_id for row in known} - over)
    return [row for row in known if row.document_hash != before[row.pk]]


def keep_gone(connection: Connection, external_ids: Sequence[str], *, read_at: datetime) -> list[ErpOrder]:
    """Note orders that the ERP did not show; returns those that were there before. Part of the caller's transaction.

    They keep what was known of them. Whether such an order was deleted or is only out of our sight is not guessed here.
    """
    rows = ErpOrder.objects.filter(connection=connection, external_id__in=external_ids)
    news = list(rows.filter(is_gone=False).order_by("pk").select_for_update())
    rows.filter(Q(read_asked_at=None) | Q(read_asked_at__lte=read_at)).update(needs_read=False)
    rows.update(is_gone=True, document_read_at=read_at)
    note_gone(connection, external_ids)
    return news


def note_gone(connection: Connection, external_ids: Collection[str]) -> None:
    """Links of these documents do not stand in the ERP any more: they are cancelled or gone there.

    Orders that their store has cancelled are decided once more: both sides agree now. Part of the caller's transaction.
    """
    links = _held_still(connection, external_ids, Q(gone_at=None))
    if links.update(gone_at=Now()):
        agreed = links.filter(cancelled_at=None, order__cancelled_at__isnull=False)
        sent = agreed.filter(order__connection__order_policy__erp=connection)
        enqueue(SEND, connection.pk, list(sent.values_list("order_id", flat=True)))


def _note_standing(connection: Connection, external_ids: Collection[str]) -> None:
    _held_still(connection, external_ids, Q(gone_at__isnull=False)).update(gone_at=None)


def _held_still(
    connection: Connection, external_ids: Collection[str], only: Q
) -> models.QuerySet[OrderLink, OrderLink]:
    """Links of these documents, locked by their keys: others take several at once, too."""
    if not external_ids:
        return OrderLink.objects.none()
    links = OrderLink.objects.filter(
        only, connection=connection, kind=OrderLink.Kind.SALES_ORDER, external_id__in=list(external_ids)
    )
    keys = list(links.order_by("pk").select_for_update().values_list("pk", flat=True))
    return OrderLink.objects.filter(pk__in=keys)


def _mark(rows: models.QuerySet[ErpOrder], connection_id: int) -> None:
    if rows.update(needs_read=True, read_asked_at=Now()):
        enqueue("read_erp_orders", connection_id)


def _fill(row: ErpOrder, document: ErpDocument, read_at: datetime) -> None:
    content: dict[str, Any] = msgspec.to_builtins(document)
    is_settled = read_at > document.updated_at + SETTLED_AFTER
    row.needs_read = not is_settled or (row.read_asked_at is not None and row.read_asked_at > read_at)
    row.is_gone = False
    row.stage = document.stage.value
    row.is_held = document.is_held
    row.po_number = storable(document.po_number)[:255]
    row.po_key = po_key(row.po_number)
    row.document = msgspec.json.decode(stored_json(content))
    row.document_hash = content_hash(
        {name: value for name, value in content.items() if name not in _NOT_CONTENT}
    )
    row.document_read_at, row.document_updated_at = read_at, document.updated_at


def _outlines(connection: Connection, read: Mapping[str, ErpDocument]) -> list[ErpSalesOrder]:
    """What the mirror's other columns say. The row of an order stays one when posted invoices have taken its place."""
    orders = ErpOrder.objects.filter(
        connection=connection, external_id__in=list(read), is_posted_invoice=False
    )
    known = set(orders.values_list("external_id", flat=True))
    return [
        ErpSalesOrder(
            external_id=key,
            number=document.number,
            reference=document.reference,
            status=document.status,
            customer_number=document.customer_number,
            updated_at=document.updated_at,
            totals=document.totals,
            is_posted_invoice=document.is_posted_invoice and key not in known,
        )
        for key, document in read.items()
    ]
