"""Bring older orders of an ERP into a store, page by page, while everything else goes on.

Starts   somebody starts or resumes a backfill, or a page is done
Reads    ErpOrder mirrors from the backfill's day on, OfflineBackfill
Writes   tasks for orders that are not in the store, marks on mirrors to be read whole; the backfill's counters
Repeat   safe: the place is saved with its page, and an order that is in the store is left alone
Review   none: each order asks for itself
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from hub.errors import NotReadyYet
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, SyncTask
from orders.erp_documents import ask, document_of
from orders.models import ErpOrder, OfflineBackfill, OrderLink
from orders.offline.making import FLOW as PUSH

PAGE = 200
# So many orders may wait for the store before the next page is asked for: what is new is never behind a long history.
MOST_WAITING = 400
LOOK_AGAIN = 20.0
State = OfflineBackfill.State


def run(connection: Connection, record_id: int) -> str:
    """Go on with the store's backfills until each is done or paused; returns how far they are."""
    told: list[str] = []
    while True:
        running = OfflineBackfill.objects.filter(policy__store=connection, state=State.RUNNING)
        backfill = running.select_related("policy").order_by("pk").first()
        if backfill is None:
            return "; ".join(told) or "nothing to bring in"
        _wait_for_room(connection)
        if _page(backfill):
            told.append(f"{backfill}: {backfill.asked} asked for, {backfill.left_out} left out")


def _wait_for_room(connection: Connection) -> None:
    waiting = SyncTask.objects.filter(
        connection=connection, flow=PUSH, state__in=[SyncTask.State.WAITING, SyncTask.State.RUNNING]
    )
    if waiting[:MOST_WAITING].count() == MOST_WAITING:
        raise NotReadyYet(f"{MOST_WAITING} orders wait for the store already.", after=LOOK_AGAIN)


def _page(backfill: OfflineBackfill) -> bool:
    """Ask for one page of orders; whether it was the last one. A pause that came meanwhile stays."""
    with transaction.atomic():
        locked = OfflineBackfill.objects.select_for_update().get(pk=backfill.pk)
        if locked.state != State.RUNNING:
            return False
        rows = list(_rows(backfill).filter(pk__gt=locked.last_key).order_by("pk")[:PAGE])
        if not rows:
            locked.state, locked.finished_at = State.DONE, datetime.now(UTC)
        wanted = [row for row in rows if _is_wanted(row, backfill)]
        _ask(backfill, wanted)
        locked.last_key = rows[-1].pk if rows else locked.last_key
        locked.seen += len(rows)
        locked.asked += len(wanted)
        locked.left_out += len(rows) - len(wanted)
        locked.save()
    backfill.asked, backfill.left_out = locked.asked, locked.left_out
    return not rows


def _rows(backfill: OfflineBackfill) -> QuerySet[ErpOrder]:
    """The ERP's orders that may be meant; an order changes after its day, at most a time zone before it in UTC."""
    since = datetime.combine(backfill.orders_from, datetime.min.time(), UTC) - timedelta(days=1)
    return ErpOrder.objects.filter(connection=backfill.policy.erp_id, remote_updated_at__gte=since).annotate(
        is_linked=Exists(
            OrderLink.objects.filter(connection=OuterRef("connection"), external_id=OuterRef("external_id"))
        )
    )


def _is_wanted(row: ErpOrder, backfill: OfflineBackfill) -> bool:
    """Not what is in a store, came from one, is an invoice, or is dated before the backfill's day."""
    if row.is_linked or row.identity_order_id or row.is_posted_invoice:  # type: ignore[attr-defined]
        return False
    if row.document is None:
        return True
    day = document_of(row).order_date
    return day is None or day >= backfill.orders_from


def _ask(backfill: OfflineBackfill, rows: list[ErpOrder]) -> None:
    ask(backfill.policy.erp_id, [row.pk for row in rows if row.document is None])
    enqueue(
        PUSH,
        backfill.policy.store_id,
        [row.pk for row in rows if row.document is not None],
        priority=SyncTask.Priority.BACKGROUND,
    )
