"""What every flow needs that maps an order of a store for an ERP: its side of it, and a fresh mirror."""

from __future__ import annotations

from django.db import transaction

from hub.connectors.erp_parts import SalesOrders
from hub.errors import NotReadyYet
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, ReviewItem
from orders import mapping
from orders.holds.deciding import evidence_of
from orders.known import KnownOrder
from orders.models import StoreOrder


def side_of(known: KnownOrder, connection: Connection, erp: SalesOrders) -> mapping.Side:
    """The two connections and all that was decided about the order between them."""
    return mapping.Side(
        known.order.connection,
        connection,
        known.policy,
        erp.charge_kinds,
        erp.comment_length,
        known.store_fields,
        known.approved,
        evidence_of(known.order)
        | ({"metafields_hash": known.metafields_hash} if known.metafields_hash else {}),
        known.metafields or {},
        known.holds.values,
        erp.determines_taxes,
    )


def check_fresh(known: KnownOrder) -> str:
    """Raises NotReadyYet where the mirror is incomplete or old; reading it is enqueued.

    Empty where the mirror is fresh; the reason not to ask again where a person gave the order up.
    """
    if known.is_fresh:
        return ""
    order = known.order
    gone = ReviewItem.objects.filter(connection=order.connection, record_id=order.pk, code="order_gone")
    if gone.filter(decision="dismissed").exists():
        return "gone from the store, given up by a person"
    with transaction.atomic():
        # What was observed since we loaded it is not asked for once more.
        is_as_seen = StoreOrder.objects.filter(pk=order.pk, observed_at=order.observed_at).update(
            needs_read=True
        )
        if is_as_seen:
            enqueue("read_store_orders", order.connection_id)
    raise NotReadyYet(
        "The order is read again from the store before it is sent.", after=60.0 if is_as_seen else 1.0
    )
