"""Who is told that an order changed after both sides held it: the comparison, where the store's policy has one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from django.db.models import Q, QuerySet

from hub.sync.enqueue import enqueue
from hub.sync.flows import Priority
from hub.sync.models import Connection, SyncTask
from orders.models import ErpOrder, OrderChangePolicy, OrderLink, StoreOrder

FLOW = "sync_order_changes"
TOTALS = "check_order_totals"
_IS_ON = Q(accepts_erp_edits=True) | Q(corrects_erp=True)


def policies() -> QuerySet[OrderChangePolicy]:
    """Those under which store and ERP are compared."""
    return OrderChangePolicy.objects.filter(_IS_ON)


def are_compared(erp: Connection) -> bool:
    """Whether a store's orders are compared with this ERP's: its orders must be read whole then."""
    return policies().filter(store__order_policy__erp=erp).exists()


def compared_links(erp: Connection) -> QuerySet[OrderLink]:
    """Links of this ERP that are compared; copies of its own orders in a store whose orders go to it."""
    found = OrderLink.objects.filter(
        connection=erp,
        cancelled_at=None,
        order__connection__in=policies().values("store"),
    )
    is_own = Q(origin=OrderLink.Origin.STORE)
    return found.filter(is_own | Q(order__connection__order_policy__erp=erp))


def announce_changes(
    erp: Connection, orders: Sequence[ErpOrder], *, first_looks: Collection[str] = frozenset()
) -> None:
    """Have the orders behind these documents compared; part of the caller's transaction.

    Those that were looked at for the first time (their external ids) are compared when nothing else waits: seldom is
    one of them another than was sent, and they come by the thousand once a store's policy begins to compare.
    """
    for these, priority in (
        ([order for order in orders if order.external_id not in first_looks], None),
        ([order for order in orders if order.external_id in first_looks], Priority.BACKGROUND),
    ):
        if these:
            found = compared_links(erp).filter(external_id__in=[order.external_id for order in these])
            enqueue(FLOW, erp.pk, list(found.values_list("order_id", flat=True)), priority=priority)


def announce_gone(erp: Connection, external_ids: Collection[str]) -> None:
    """The ERP does not show these documents any more, or does again; part of the caller's transaction.

    The orders behind them are compared. Where a store's policy leaves changes to people, their totals count as not
    read: whoever reads them back looks for the document once more, and asks. Where the store has cancelled the order,
    too, both sides agree.
    """
    if not external_ids:
        return
    compared = compared_links(erp).filter(external_id__in=external_ids)
    enqueue(FLOW, erp.pk, list(compared.values_list("order_id", flat=True)))
    ours = OrderLink.objects.filter(
        connection=erp,
        external_id__in=external_ids,
        cancelled_at=None,
        order__cancelled_at=None,
    )
    if ours.exclude(pk__in=compared.values("pk")).update(totals=OrderLink.Totals.UNREAD):
        enqueue(TOTALS, erp.pk)


def has_it_compared(order: StoreOrder, erp: Connection) -> bool:
    """Have an order compared that changed in its store; False where the store's policy leaves that to people."""
    if not compared_links(erp).filter(order=order).exists():
        return False
    enqueue(FLOW, erp.pk, [order.pk])
    return True


def have_bases_taken(erp: Connection, links: Iterable[OrderLink]) -> None:
    """Have orders compared that were linked and not sent, once their totals are equal: what stands then is the base.

    Part of the caller's transaction. When nothing else waits: an adoption run links them by the thousand.
    """
    new = [
        link.order_id
        for link in links
        if link.totals == OrderLink.Totals.EQUAL
        and link.origin == OrderLink.Origin.STORE
        and link.sent_document is None
    ]
    if new:
        found = compared_links(erp).filter(order__in=new)
        enqueue(FLOW, erp.pk, list(found.values_list("order_id", flat=True)), priority=Priority.BACKGROUND)


def hurry(erp_id: int, orders: Iterable[int]) -> None:
    """Comparisons that wait for these orders to be read go on."""
    waiting = SyncTask.objects.filter(flow=FLOW, connection=erp_id, record_id__in=list(orders))
    enqueue(FLOW, erp_id, list(waiting.values_list("record_id", flat=True)))
