"""Look for older orders of a store in the ERP, page by page, and again at those that stand there twice.

Starts   somebody starts or resumes a run, or a page is done; every 10 minutes by itself
Reads    StoreOrder mirrors that an adoption policy is about, AdoptionRun, the ERP's orders that open questions name
Writes   tasks that decide about orders which are in no ERP; the run's place; closes questions whose document is gone
Repeat   safe: the place is saved with its page, and an order that is linked is left alone
Review   none here: each order asks for itself
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction
from django.db.models import QuerySet

from hub.connectors.erp_parts import SalesOrders
from hub.errors import NotReadyYet
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, ReviewItem, SyncTask
from hub.sync.running import open_connector
from orders.adoption.hints import FLOW, LATE
from orders.models import AdoptionRun, ErpOrder, StoreOrder

PUSH = "push_order_to_erp"
PAGE = 200
# So many orders may wait for the ERP before the next page is asked for: what is new is never behind a long history.
MOST_WAITING = 400
LOOK_AGAIN = 20.0
State = AdoptionRun.State


def run(connection: Connection, record_id: int) -> str:
    """Go on with the ERP's runs until each is done or paused; returns how far they are."""
    _close_what_is_gone(connection)
    told: list[str] = []
    while True:
        going = AdoptionRun.objects.filter(policy__erp=connection, state=State.RUNNING)
        current = going.select_related("policy__store", "policy__erp").order_by("pk").first()
        if current is None:
            return "; ".join(told) or "nothing to look for"
        _wait_for_room(connection)
        if _page(current):
            told.append(f"{current}: {current.asked} asked for")


def _close_what_is_gone(connection: Connection) -> None:
    """A document that looked like a second one and is not there any more, or was linked since, is no question."""
    asked = ReviewItem.objects.filter(
        flow=FLOW, connection=connection, code=LATE, state=ReviewItem.State.OPEN
    )
    for item in asked:
        ids = item.evidence.get("external_ids", [])
        erp = open_connector(connection).supporting(SalesOrders)
        standing = {document.external_id for document in erp.read_sales_orders(ids)}
        if not standing:
            with transaction.atomic():
                ErpOrder.objects.filter(connection=connection, external_id__in=ids).update(is_gone=True)
                review.solve_items(FLOW, connection.pk, [item.record_id])


def _wait_for_room(connection: Connection) -> None:
    waiting = SyncTask.objects.filter(
        connection=connection, flow=PUSH, state__in=[SyncTask.State.WAITING, SyncTask.State.RUNNING]
    )
    if waiting[:MOST_WAITING].count() == MOST_WAITING:
        raise NotReadyYet(f"{MOST_WAITING} orders wait for the ERP already.", after=LOOK_AGAIN)


def _page(current: AdoptionRun) -> bool:
    """Ask for one page of orders; whether it was the last one. A pause that came meanwhile stays."""
    with transaction.atomic():
        locked = AdoptionRun.objects.select_for_update().get(pk=current.pk)
        if locked.state != State.RUNNING:
            return False
        keys = list(_orders(current).filter(pk__gt=locked.last_key).values_list("pk", flat=True)[:PAGE])
        if not keys:
            locked.state, locked.finished_at = State.DONE, datetime.now(UTC)
        enqueue(PUSH, current.policy.erp_id, keys, priority=SyncTask.Priority.BACKGROUND)
        locked.last_key = keys[-1] if keys else locked.last_key
        locked.asked += len(keys)
        locked.save()
    current.asked = locked.asked
    return not keys


def _orders(current: AdoptionRun) -> QuerySet[StoreOrder]:
    policy = current.policy
    return StoreOrder.objects.filter(
        connection=policy.store_id,
        placed_at__gte=policy.placed_from,
        placed_at__lt=policy.placed_until,
        links=None,
        cancelled_at=None,
    ).order_by("pk")
