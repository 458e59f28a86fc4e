"""Pull new and changed shipments of an ERP into the mirror, by cursor, and look again at those that may be taken back.

Starts   every 60 seconds by itself, where a store is told of shipments
Reads    the ERP's shipments changed since the cursor, with an overlap; known ones where taking back is not told: those
         of two weeks now and then, and of any age those whose order changed there; those of orders that were copied
         into a store, by the order, of any age and once
Writes   ErpShipment mirrors, the cursor; asks the stores of linked orders to be told
Repeat   safe: the mirror takes nothing older, and the cursor moves only after its page is stored
Review   nothing here: what the ERP refuses to show stops this flow alone
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Min, Q
from django.utils import timezone

from hub.connectors.documents import Page, PagePosition
from hub.connectors.shipment_documents import ErpShipment as Document
from hub.connectors.shipment_documents import Shipments, ShipmentStage
from hub.sync.models import Connection, Cursor
from hub.sync.running import open_connector
from orders.freshness import database_time
from orders.models import ErpShipment, FulfilmentPolicy, OfflineOrderPolicy, OrderLink
from orders.shipments.history import read_of_copies
from orders.shipments.mirroring import attach_shipments, mirror_shipments, note_gone, without_plans

FLOW = "pull_erp_shipments"
OVERLAP = timedelta(seconds=60)
# The first pass begins before anything of ours can have been shipped; the ERP's clock is not ours.
MARGIN = timedelta(days=1)
# How long a shipment is looked at by itself. The older it is, the longer it rests between two looks: a quarter of its
# age. Of any age it is looked at when its order has changed: what is taken back is to be delivered again.
MAY_BE_UNDONE, SHORTEST_REST, SHARE_OF_AGE = timedelta(days=14), timedelta(minutes=15), 4
READ_AGAIN_BATCHES = 2
# The two clocks may be a rest apart. What changed in the order's mirror longer ago was looked at then.
_OF_CHANGED_ORDERS = """
SELECT s.external_id
FROM orders_erporder o
JOIN orders_orderlink k ON k.connection_id = o.connection_id AND k.external_id = o.external_id
JOIN orders_erpshipment s ON s.order_id = k.order_id AND s.connection_id = k.connection_id
WHERE o.connection_id = %(erp)s AND o.remote_updated_at > %(since)s AND s.stage <> 'undone'
  AND s.observed_at < %(rested)s AND o.remote_updated_at > s.observed_at - %(rest)s
ORDER BY s.observed_at LIMIT %(most)s
"""


def run(connection: Connection, record_id: int) -> str:
    """Pull one pass; returns how many shipments were seen and how many known ones were read again."""
    if not has_listeners(connection):
        return "no store is told of shipments"
    erp = open_connector(connection)
    if not isinstance(erp, Shipments):
        return "it tells none"
    began_at = database_time()
    cursor, _ = Cursor.objects.get_or_create(connection=connection, flow=FLOW)
    since = PagePosition(cursor.stamp - OVERLAP, cursor.external_id) if cursor.stamp else _start(connection)
    # Those that were here before their order was linked.
    attach_shipments(connection)
    copies = read_of_copies(connection, erp)
    again = 0 if erp.tells_undone else _read_again(connection, erp)
    after: str | None = None
    seen = 0
    while True:
        page = erp.changed_shipments(since, after)
        _store_page(connection, cursor, page)
        seen += len(page.items)
        after = page.after
        if after is None:
            Cursor.objects.filter(pk=cursor.pk).update(covered_at=began_at)
            first = f", those of {copies} copies for the first time" if copies else ""
            return f"saw {seen}, read {again} again{first}"


def has_listeners(connection: Connection) -> bool:
    """Whether a store is told of shipments whose orders go to this ERP, or that shows the ERP's own."""
    shows = OfflineOrderPolicy.objects.filter(erp=connection).values("store")
    stores = Q(store__order_policy__erp=connection) | Q(store__in=shows)
    return FulfilmentPolicy.objects.filter(stores, is_on=True).exists()


def _start(connection: Connection) -> PagePosition:
    first: datetime | None = OrderLink.objects.filter(connection=connection).aggregate(at=Min("created_at"))[
        "at"
    ]
    return PagePosition((first or timezone.now()) - MARGIN, "")


def _store_page(connection: Connection, cursor: Cursor, page: Page[Document]) -> None:
    if not page.items:
        return
    with transaction.atomic():
        mirror_shipments(connection, without_plans(connection, page.items))
        last = page.items[-1]
        if cursor.stamp is None or (last.updated_at, last.external_id) > (cursor.stamp, cursor.external_id):
            cursor.stamp, cursor.external_id = last.updated_at, last.external_id
            cursor.save(update_fields=["stamp", "external_id"])


def _read_again(connection: Connection, erp: Shipments) -> int:
    """A few of the known shipments whose rest is over; those that are gone or undone are noted as such."""
    now = timezone.now()
    rest = ExpressionWrapper((now - F("remote_updated_at")) / SHARE_OF_AGE, output_field=DurationField())
    due = (
        ErpShipment.objects.filter(
            connection=connection,
            order__isnull=False,
            remote_updated_at__gte=now - MAY_BE_UNDONE,
            observed_at__lt=now - SHORTEST_REST,
        )
        .exclude(stage=ShipmentStage.UNDONE.value)
        .annotate(rest=rest)
        .filter(observed_at__lt=now - F("rest"))
        .order_by("observed_at")
    )
    most = READ_AGAIN_BATCHES * erp.shipment_batch
    of_changed = _of_changed_orders(connection, now, most)
    ids = list(dict.fromkeys([*of_changed, *due.values_list("external_id", flat=True)[:most]]))[:most]
    for start in range(0, len(ids), erp.shipment_batch):
        batch = ids[start : start + erp.shipment_batch]
        found = erp.read_shipments(batch)
        with transaction.atomic():
            mirror_shipments(connection, found)
            note_gone(connection, sorted(set(batch) - {one.external_id for one in found}))
            # Whatever came of it, others are due before them.
            ErpShipment.objects.filter(connection=connection, external_id__in=batch).update(observed_at=now)
    return len(ids)


def _of_changed_orders(connection: Connection, now: datetime, most: int) -> list[str]:
    """Ids of known shipments whose order changed in the ERP after they were looked at."""
    values: dict[str, Any] = {
        "erp": connection.pk,
        "since": now - MAY_BE_UNDONE,
        "rested": now - SHORTEST_REST,
        "rest": SHORTEST_REST,
        "most": most,
    }
    with database.cursor() as cursor:
        cursor.execute(_OF_CHANGED_ORDERS, values)
        return [external_id for (external_id,) in cursor.fetchall()]
