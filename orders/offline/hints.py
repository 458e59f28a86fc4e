"""Who is told that an ERP's order was read whole and says something new: the stores that show this ERP's orders."""

from __future__ import annotations

from collections.abc import Sequence

from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders.models import ErpOrder, OfflineOrderPolicy
from orders.models.offline import hold_policies_still


def are_shown(erp: Connection) -> bool:
    """Whether a store shows orders that this ERP takes by itself: its orders must be read whole then."""
    return OfflineOrderPolicy.objects.filter(erp=erp, is_on=True).exists()


def announce(erp: Connection, orders: Sequence[ErpOrder]) -> None:
    """Have these orders decided in every store that shows them; part of the caller's transaction.

    A policy that is saved meanwhile either is seen here, or sees these orders itself.
    """
    hold_policies_still(erp.pk)
    own = [order.pk for order in orders if not order.identity_order_id and not order.is_posted_invoice]
    for store_id in OfflineOrderPolicy.objects.filter(erp=erp, is_on=True).values_list("store", flat=True):
        enqueue("push_order_to_store", store_id, own)


def decide_again(erp_id: int, store_id: int, external_ids: Sequence[str]) -> None:
    """Have these documents decided anew where the store shows the ERP's orders: what they may be is asked, or decided.

    Part of the caller's transaction.
    """
    if OfflineOrderPolicy.objects.filter(erp=erp_id, store=store_id, is_on=True).exists():
        found = ErpOrder.objects.filter(connection=erp_id, external_id__in=external_ids, identity_order_id="")
        enqueue("push_order_to_store", store_id, list(found.order_by("pk").values_list("pk", flat=True)))
