"""Read ERP orders whole, many in a call: lines, dates, addresses, how far each has come.

Starts   a mirror is marked: its order changed where whole documents are wanted, or somebody asks; every 5 minutes by
         itself, for unfinished orders that were not looked at for an hour, those that were linked an hour ago and those
         that were gone and are asked about
Reads    the ERP's orders, and the posted invoices that they became, by id
Writes   document, stage, hold and PO number on ErpOrder mirrors, and which of them the ERP does not show any more;
         tells the stores that show the ERP's orders, or how far it is with theirs; has orders compared that changed,
         are gone or there again, and where nothing is compared the totals read again of the last two
Repeat   safe: reading changes nothing there, and nothing older is kept over anything newer
Review   none: what a document means for a store is decided by the flows that follow it. Of an order that is gone a
         person is told by sync_order_changes, or by check_order_totals where the store's policy does not compare
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from hub.connectors.sales_documents import SalesDocuments
from hub.errors import NotReadyYet
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.adoption.hints import announce as look_for_carried
from orders.changes.hints import announce_changes, announce_gone
from orders.erp_documents import keep, keep_gone, never_read, were_gone
from orders.freshness import database_time
from orders.looking_again import look_again
from orders.models import ErpOrder
from orders.models.offline import hold_policies_still
from orders.offline.hints import announce
from orders.shipments.progress import ask_for_orders

FLOW = "read_erp_orders"


def run(connection: Connection, record_id: int) -> str:
    """Read every marked order; returns how many were read, how many of them say something new, how many are gone."""
    look_again(connection)
    counts = _Counts()
    marked = ErpOrder.objects.filter(connection=connection, needs_read=True)
    if marked.exists():
        _read_marked(connection, marked, counts)
    left = marked.count()
    if left:
        raise NotReadyYet(
            f"{left} orders may have changed in the moment they were read; they are read again.", after=10.0
        )
    return f"read {counts.read}, {counts.news} with news, {counts.gone} gone"


@dataclass(slots=True)
class _Counts:
    read: int = 0
    news: int = 0
    gone: int = 0


def _read_marked(connection: Connection, marked: QuerySet[ErpOrder], counts: _Counts) -> None:
    erp = open_connector(connection).supporting(SalesDocuments)
    ordered, last = marked.order_by("pk").values_list("pk", "external_id"), 0
    while batch := list(ordered.filter(pk__gt=last)[: erp.document_batch]):
        last = batch[-1][0]
        external_ids = [external_id for _, external_id in batch]
        read_at = database_time()
        found = erp.read_sales_documents(external_ids)
        missing = sorted(set(external_ids) - {document.external_id for document in found})
        with transaction.atomic():
            # Before any row is locked: who saves a policy locks in this order, too.
            hold_policies_still(connection.pk)
            first_looks, before = never_read(connection, external_ids), were_gone(connection, external_ids)
            news = keep(connection, found, read_at=read_at)
            announce(connection, news)
            ask_for_orders(connection, [order.external_id for order in news])
            look_for_carried(connection, news)
            gone = keep_gone(connection, missing, read_at=read_at)
            announce_changes(connection, news, first_looks=first_looks)
            announce_gone(connection, {*(order.external_id for order in gone), *(before - {*missing})})
            counts.gone += len(gone)
        counts.read, counts.news = counts.read + len(found), counts.news + len(news)
