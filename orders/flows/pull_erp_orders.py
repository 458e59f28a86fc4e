"""Pull changed sales orders of an ERP into the mirror, by cursor, and find doubles of ours among them.

Starts   every 60 seconds by itself
Reads    the ERP's orders changed since the cursor, with an overlap
Writes   ErpOrder mirrors, the cursor, a review item for each identity that stands on several documents; asks the flows
         that found doubles to look again, and for whole documents where something is decided by them
Repeat   safe: the mirror takes nothing older, and the cursor moves only after its page is stored
Review   one store order on several ERP documents
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Count

from hub.connectors.documents import ErpSalesOrder, Page, PagePosition
from hub.connectors.erp_parts import SalesOrders
from hub.errors import Conflict
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, Cursor, ReviewItem
from hub.sync.running import open_connector
from orders.adoption.hints import announce as look_for_carried
from orders.changes.hints import compared_links
from orders.erp_documents import ask_for_changed
from orders.erp_mirroring import mirror_erp_orders
from orders.freshness import database_time
from orders.looking_again import ask_for_linked
from orders.models import ErpOrder, OrderLink, StoreOrder
from orders.models.offline import hold_policies_still

FLOW = "pull_erp_orders"
OVERLAP = timedelta(seconds=60)


def run(connection: Connection, record_id: int) -> str:
    """Pull one pass; returns how many documents were seen and how many doubles were found."""
    erp = open_connector(connection).supporting(SalesOrders)
    began_at = database_time()
    cursor, _ = Cursor.objects.get_or_create(connection=connection, flow=FLOW)
    since = PagePosition(cursor.stamp - OVERLAP, cursor.external_id) if cursor.stamp else None
    after: str | None = None
    seen = doubles = 0
    _forget_deleted(connection, erp)
    _ask_again(connection)
    while True:
        page = erp.changed_sales_orders(since, after)
        doubles += _store_page(connection, cursor, page)
        seen += len(page.items)
        after = page.after
        if after is None:
            Cursor.objects.filter(pk=cursor.pk).update(covered_at=began_at)
            return f"saw {seen}, {doubles} doubles"


def _store_page(connection: Connection, cursor: Cursor, page: Page[ErpSalesOrder]) -> int:
    if not page.items:
        return 0
    with transaction.atomic():
        # A policy that is saved meanwhile either is seen by what follows, or sees these rows itself.
        hold_policies_still(connection.pk)
        rows = mirror_erp_orders(connection, page.items)
        last = page.items[-1]
        if cursor.stamp is None or (last.updated_at, last.external_id) > (cursor.stamp, cursor.external_id):
            cursor.stamp, cursor.external_id = last.updated_at, last.external_id
            cursor.save(update_fields=["stamp", "external_id"])
        _compare_again(connection, rows)
        ask_for_changed(connection, rows)
        look_for_carried(connection, rows)
        return _report_doubles(connection, rows)


def _forget_deleted(connection: Connection, erp: SalesOrders) -> None:
    """Reported doubles that a clerk has deleted leave the mirror; with the last of them goes the question.

    Where it was the one that is ours, whoever reads it finds it gone, and has somebody told.
    """
    asked = ReviewItem.objects.filter(flow=FLOW, connection=connection, state=ReviewItem.State.OPEN)
    for item in asked:
        references = item.evidence.get("references", [])
        # Orders and posted invoices: a double that was posted meanwhile is one still.
        standing = [document.external_id for document in erp.find_sales_orders(references)]
        # Of an order that was cancelled there no document may be left but that one, if it still shows.
        cancelled = OrderLink.objects.filter(
            connection=connection, reference__in=references, cancelled_at__isnull=False
        )
        over = set(cancelled.values_list("external_id", flat=True))
        if len([one for one in standing if one not in over]) > (0 if over else 1):
            continue
        with transaction.atomic():
            documents = ErpOrder.objects.filter(connection=connection, reference__in=references)
            deleted = documents.exclude(external_id__in=standing)
            gone = list(deleted.values_list("external_id", flat=True))
            deleted.delete()
            ask_for_linked(connection, gone)
            review.solve_items(FLOW, connection.pk, [item.record_id])


def _ask_again(connection: Connection) -> None:
    """Doubles that other flows found are looked at again by these: a clerk may have deleted one meanwhile."""
    asked = ReviewItem.objects.filter(
        connection=connection, state=ReviewItem.State.OPEN, code="double_in_erp"
    ).exclude(flow=FLOW)
    for flow, record_id in asked.values_list("flow", "record_id"):
        enqueue(flow, connection.pk, [record_id])


def _compare_again(connection: Connection, rows: list[ErpOrder]) -> None:
    """A clerk changed a document whose totals differ: perhaps they are equal now. Or one whose totals were equal:
    where they are not what they were, it is compared with the store again.
    """
    seen = {row.external_id: row for row in rows}
    links = OrderLink.objects.filter(connection=connection, external_id__in=seen, cancelled_at=None).exclude(
        totals=OrderLink.Totals.UNREAD
    )
    known = links.values_list("pk", "external_id", "totals", "currency", "erp_total", "erp_tax")
    # Where both sides are compared whole, a drift is told by that.
    whole = set(compared_links(connection).filter(external_id__in=seen).values_list("pk", flat=True))
    changed = [
        pk
        for pk, external_id, totals, *noted in known
        if totals == OrderLink.Totals.DIFFER or (pk not in whole and _has_drifted(seen[external_id], noted))
    ]
    if OrderLink.objects.filter(pk__in=changed).update(totals=OrderLink.Totals.UNREAD):
        enqueue("check_order_totals", connection.pk)


def _has_drifted(row: ErpOrder, noted: Sequence[object]) -> bool:
    """Whether the ERP tells other totals now than it did when they were compared."""
    told = [row.currency, row.total_including_tax, row.total_tax]
    return None not in told and told != list(noted)


def _report_doubles(connection: Connection, rows: list[ErpOrder]) -> int:
    """Ask a person about every identity of these rows that stands on more than one document."""
    identities = {row.identity_order_id for row in rows if row.identity_order_id}
    doubles = (
        ErpOrder.objects.filter(
            connection=connection, identity_order_id__in=identities, is_posted_invoice=False
        )
        .values("identity_store_code", "identity_order_id")
        .annotate(documents=Count("pk"))
        .filter(documents__gt=1)
        .order_by("identity_order_id")
    )
    for double in doubles:
        _ask(connection, double["identity_store_code"], double["identity_order_id"])
    return len(doubles)


def _ask(connection: Connection, store_code: str, order_id: str) -> None:
    documents = ErpOrder.objects.filter(
        connection=connection, identity_store_code=store_code, identity_order_id=order_id
    )
    numbers = list(documents.order_by("pk").values_list("number", flat=True))
    references = sorted(set(documents.values_list("reference", flat=True)))
    order = StoreOrder.objects.filter(connection__code=store_code, identity_id=order_id).first()
    name = order.name if order else order_id
    error = Conflict(
        f"{name} stands on {len(numbers)} documents in the ERP: {', '.join(numbers)}. "
        "Keep the linked one, delete the others there.",
        code="double_in_erp",
        evidence={"order": name, "documents": numbers, "references": references},
    )
    record_id = order.pk if order else documents.order_by("pk")[0].pk
    review.open_item(FLOW, connection.pk, record_id, f"order:{record_id}", error)
