"""Read the orders that a webhook told us only in part, or that must be fresh before they are sent.

Starts   a mirror is marked: parts unknown, same stamp with other content, or not observed within the last minute
Reads    stamps of those that were read whole before; whole what has changed since, as many in a call as the store takes
Writes   StoreOrder mirrors
Repeat   safe: reading changes nothing there, and a mirror that is marked again is read again
Review   an order that the store does not know any more and that is not in the ERP
"""

from __future__ import annotations

from django.db import transaction

from hub.connectors.store_parts import OrderHistory
from hub.errors import Conflict, NotReadyYet
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.changes.hints import hurry
from orders.freshness import confirm_orders, database_time
from orders.mirroring import mirror_orders
from orders.models import OrderPolicy, StoreOrder

FLOW = "read_store_orders"


def run(connection: Connection, record_id: int) -> str:
    """Read every marked order; returns how many were read, and of how many the stamp was enough."""
    store = open_connector(connection).supporting(OrderHistory)
    confirmed = _confirm(connection, store)
    last = read = 0
    while True:
        marked = list(
            StoreOrder.objects.filter(connection=connection, needs_read=True, pk__gt=last)
            .order_by("pk")
            .values_list("pk", "external_id")[: store.read_batch]
        )
        if not marked:
            break
        last = marked[-1][0]
        read_at = database_time()
        found = store.read_orders([external_id for _, external_id in marked])
        with transaction.atomic():
            mirror_orders(connection, list(found.values()), read_at=read_at)
            _unmark_gone(connection, [pk for pk, external_id in marked if external_id not in found])
            _go_on(connection, [pk for pk, external_id in marked if external_id in found])
        read += len(found)
    left = StoreOrder.objects.filter(connection=connection, needs_read=True).count()
    if left:
        raise NotReadyYet(
            f"{left} orders were answered older than we know them; they are read again.", after=10.0
        )
    return f"read {read}, {confirmed} had not changed" if confirmed else f"read {read}"


def _confirm(connection: Connection, store: OrderHistory) -> int:
    """A backlog is looked at again each minute: what the store has not changed since it was read is not read again."""
    marked = StoreOrder.objects.filter(connection=connection, needs_read=True, is_fetched=True).order_by("pk")
    last = confirmed = 0
    while batch := list(marked.filter(pk__gt=last).values_list("pk", "external_id")[: store.stamp_batch]):
        last = batch[-1][0]
        as_of = database_time()
        stamps = store.read_stamps([external_id for _, external_id in batch])
        with transaction.atomic():
            fresh = confirm_orders(connection, stamps, as_of)
            _go_on(connection, fresh)
        confirmed += len(fresh)
    return confirmed


def _unmark_gone(connection: Connection, keys: list[int]) -> None:
    """Orders that the store no longer has are not read again; the mirror keeps the last we knew.

    Nobody guesses whether such an order was deleted or is only out of our sight: what was not sent yet is shown.
    """
    gone = StoreOrder.objects.filter(connection=connection, pk__in=keys)
    gone.update(needs_read=False)
    for order in gone.filter(links=None).defer("payload", "document"):
        error = Conflict(
            f"{connection} does not show {order.name} any more, and it was not sent to the ERP. If it was deleted, "
            "dismiss this. If not, the app may lack the access read_all_orders; grant it, then press Try again.",
            code="order_gone",
            evidence={"order": order.name, "external_id": order.external_id, "po_number": order.po_number},
        )
        review.open_item(FLOW, connection.pk, order.pk, f"order:{order.pk}", error)


def again(connection_id: int, record_id: int) -> None:
    """A person corrected something: read this order anew."""
    StoreOrder.objects.filter(connection_id=connection_id, pk=record_id).update(needs_read=True)


def _go_on(connection: Connection, keys: list[int]) -> None:
    """What waited for a fresh mirror is decided now, whether its content changed or not."""
    review.solve_items(FLOW, connection.pk, keys)
    ready = StoreOrder.objects.filter(pk__in=keys, needs_read=False).values_list("pk", flat=True)
    policy = OrderPolicy.objects.filter(store=connection).first()
    if policy:
        enqueue("push_order_to_erp", policy.erp_id, ready)
        hurry(policy.erp_id, ready)
