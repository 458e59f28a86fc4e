"""Pull new and changed credit memos and return orders of an ERP into the mirror, by cursor.

Starts   every 120 seconds by itself, where a store's refunds and credits are kept equal
Reads    the ERP's credit memos and return orders changed since the cursors, with an overlap
Writes   ErpCredit mirrors, the cursors; asks for the store's refund of what the ERP credited itself, and for a look at
         refunds whose credit was cancelled
Repeat   safe: the mirror takes nothing older, and a cursor moves only after its page is stored
Review   nothing here: what the ERP refuses to show stops this flow alone
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from hub.connectors.credits import Credits, ErpCredit, ReturnOrders
from hub.connectors.documents import Page, PagePosition
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, Cursor, ReviewItem
from hub.sync.running import open_connector
from orders.credits.deciding import CODE
from orders.credits.mirroring import attach_credits, mirror_credits
from orders.credits.pulled import FLOW, RETURNS, has_listeners
from orders.freshness import database_time
from orders.models import OrderLink

TO_STORE, NOT_POSSIBLE = "push_return_to_store", "return_not_possible"
TO_ERP = "push_refund_to_erp"
OVERLAP = timedelta(seconds=60)
# The first pass begins before anything of ours can have been credited; the ERP's clock is not ours.
MARGIN = timedelta(days=1)
LOOKED_AT_AGAIN_AFTER = timedelta(minutes=15)
Changes = Callable[[PagePosition | None, str | None], Page[ErpCredit]]


def run(connection: Connection, record_id: int) -> str:
    """Pull one pass; returns how many documents were seen."""
    if not has_listeners(connection):
        return "no store is told of credits"
    erp = open_connector(connection)
    attach_credits(connection)
    seen = _pull(connection, erp.changed_credits, FLOW) if isinstance(erp, Credits) else 0
    seen += _pull(connection, erp.changed_returns, RETURNS) if isinstance(erp, ReturnOrders) else 0
    _look_again(connection)
    return f"saw {seen}"


def _pull(connection: Connection, changes: Changes, name: str) -> int:
    began_at = database_time()
    cursor, _ = Cursor.objects.get_or_create(connection=connection, flow=name)
    since = PagePosition(cursor.stamp - OVERLAP, cursor.external_id) if cursor.stamp else _start(connection)
    after: str | None = None
    seen = 0
    while True:
        page = changes(since, after)
        _store_page(connection, cursor, page)
        seen += len(page.items)
        after = page.after
        if after is None:
            Cursor.objects.filter(pk=cursor.pk).update(covered_at=began_at)
            return seen


def _start(connection: Connection) -> PagePosition:
    first: datetime | None = OrderLink.objects.filter(connection=connection).aggregate(at=Min("created_at"))[
        "at"
    ]
    return PagePosition((first or timezone.now()) - MARGIN, "")


def _store_page(connection: Connection, cursor: Cursor, page: Page[ErpCredit]) -> None:
    if not page.items:
        return
    with transaction.atomic():
        mirror_credits(connection, page.items)
        last = page.items[-1]
        if cursor.stamp is None or (last.updated_at, last.external_id) > (cursor.stamp, cursor.external_id):
            cursor.stamp, cursor.external_id = last.updated_at, last.external_id
            cursor.save(update_fields=["stamp", "external_id"])


def _look_again(connection: Connection) -> None:
    """Refunds that wait for an invoice, return orders whose goods the store has not sent: nobody tells of either."""
    _enqueue_waiting(TO_ERP, CODE, connection)
    stores = Connection.objects.filter(order_policy__erp=connection)
    for store in stores:
        _enqueue_waiting(TO_STORE, NOT_POSSIBLE, store)


def _enqueue_waiting(flow: str, code: str, connection: Connection) -> None:
    waiting = ReviewItem.objects.filter(
        flow=flow,
        connection=connection,
        code=code,
        state=ReviewItem.State.OPEN,
        changed_at__lt=timezone.now() - LOOKED_AT_AGAIN_AFTER,
    )
    with transaction.atomic():
        enqueue(flow, connection.pk, set(waiting.values_list("record_id", flat=True)))
        waiting.update(changed_at=timezone.now())
