"""Read the metafields of orders that are about to be sent, as far as mappings ask for them.

Starts   an order that is to be sent has none that were read within the last minute; the store tells of one that waits
Reads    metafields by name, of as many orders in a call as their cost allows; the store's risk assessment of each
         where a hold rule looks at it
Writes   OrderMetafields
Repeat   safe: reading changes nothing there, and what is marked again meanwhile is read again
Review   never: what fits no field is asked about when the order is mapped
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from hub.connectors.store_parts import OrderMetafields
from hub.errors import NotReadyYet
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, SyncTask
from hub.sync.running import open_connector
from orders import metafields
from orders.freshness import database_time
from orders.models import OrderLink, OrderPolicy, StoreOrder

PUSH, RELEASE = "push_order_to_erp", "release_held_order"
# Orders that were let go and not sent yet. Of a long backlog no more are read ahead than the ERP takes within a minute
# or two: their values would be too old when it is their turn, and be read again and again.
MOST_AHEAD = 500


def run(connection: Connection, record_id: int) -> str:
    """Read every marked order; returns how many were read."""
    store = open_connector(connection).supporting(OrderMetafields)
    names = metafields.needed_of(connection.pk)
    erp_id = OrderPolicy.objects.filter(store=connection).values_list("erp", flat=True).first()
    last = read = 0
    while batch := _next(connection, last, store.metafield_batch(len(names))):
        if erp_id is not None:
            _check_pace(erp_id)
        as_of = database_time()
        ids = [external_id for _, external_id in batch]
        found = store.read_metafields(ids, names) if names else dict.fromkeys(ids, {})
        with transaction.atomic():
            metafields.keep({key: found[gid] for key, gid in batch if gid in found}, names, as_of)
            _have_gone_looked_for(connection, [key for key, gid in batch if gid not in found], as_of)
            if erp_id is not None:
                enqueue(PUSH, erp_id, [key for key, gid in batch if gid in found])
                enqueue(RELEASE, erp_id, _held(erp_id, [key for key, gid in batch if gid in found]))
        last = batch[-1][0]
        read += len(found)
    return f"read {read}"


def _next(connection: Connection, last: int, size: int) -> list[tuple[int, str]]:
    """Keys and external ids of the orders to read after this one."""
    marked = metafields.marked(connection.pk).filter(pk__gt=last)
    return list(marked.values_list("pk", "order__external_id")[:size])


def _held(erp_id: int, keys: Sequence[int]) -> list[int]:
    """Those of these orders that wait in the ERP: hold rules may look at metafields."""
    held = OrderLink.objects.filter(connection=erp_id, order__in=keys, hold=OrderLink.Hold.HELD)
    return list(held.values_list("order_id", flat=True))


def _check_pace(erp_id: int) -> None:
    """Raises NotReadyYet while the ERP has enough to do with orders that are ready."""
    due = SyncTask.objects.filter(
        flow=PUSH, connection_id=erp_id, state=SyncTask.State.WAITING, due_at__lte=Now()
    )
    if due[: MOST_AHEAD + 1].count() > MOST_AHEAD:
        raise NotReadyYet("More orders are read when those before them are sent.", after=5.0)


def _have_gone_looked_for(connection: Connection, keys: Sequence[int], as_of: datetime) -> None:
    """What the store does not show is looked for by the flow that asks a person about it."""
    if not keys:
        return
    metafields.marked(connection.pk).filter(pk__in=keys, marked_at__lte=as_of).update(needs_read=False)
    StoreOrder.objects.filter(pk__in=keys).update(needs_read=True)
    enqueue("read_store_orders", connection.pk)
