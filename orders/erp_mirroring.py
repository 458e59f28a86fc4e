"""ERP orders into the mirror: never an older version over a newer one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db.models.functions import Now

from hub.connectors.documents import ErpSalesOrder
from hub.connectors.erp_parts import SalesOrders
from hub.lib.text import storable
from hub.sync.models import Connection, Cursor
from hub.sync.running import open_connector
from orders.models import ErpOrder

READ_LATELY = timedelta(minutes=10)
# What comes with the whole document (`ErpOrder`'s docstring) stays as it is.
_WRITTEN = [
    "number",
    "reference",
    "identity_store_code",
    "identity_order_id",
    "status",
    "customer_number",
    "currency",
    "total_excluding_tax",
    "total_tax",
    "total_including_tax",
    "is_posted_invoice",
    "remote_updated_at",
    "observed_at",
]


def mirror_erp_orders(connection: Connection, orders: Sequence[ErpSalesOrder]) -> list[ErpOrder]:
    """Mirror these documents; returns the rows that were new or newer."""
    erp = open_connector(connection).supporting(SalesOrders)
    newest = {order.external_id: order for order in sorted(orders, key=lambda order: order.updated_at)}
    known = dict(
        ErpOrder.objects.filter(connection=connection, external_id__in=list(newest))
        .select_for_update()
        .values_list("external_id", "remote_updated_at")
    )
    rows = [
        _row(connection, erp, newest[key])
        for key in sorted(newest)
        if key not in known or known[key] <= newest[key].updated_at
    ]
    return ErpOrder.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["connection", "external_id"], update_fields=_WRITTEN
    )


def was_erp_read_lately(connection: Connection) -> bool:
    """Whether a whole pass over the ERP's changes began within the last ten minutes."""
    return Cursor.objects.filter(
        connection=connection, flow="pull_erp_orders", covered_at__gte=Now() - READ_LATELY
    ).exists()


def _row(connection: Connection, erp: SalesOrders, order: ErpSalesOrder) -> ErpOrder:
    identity = erp.identity_of(order.reference)
    totals = order.totals
    return ErpOrder(
        connection=connection,
        external_id=order.external_id,
        number=storable(order.number)[:60],
        reference=storable(order.reference)[:120],
        identity_store_code=identity.store_code if identity else "",
        identity_order_id=identity.order_id if identity else "",
        status=order.status[:40],
        customer_number=order.customer_number[:60],
        currency=totals.currency if totals else "",
        total_excluding_tax=totals.excluding_tax if totals else None,
        total_tax=totals.tax if totals else None,
        total_including_tax=totals.including_tax if totals else None,
        is_posted_invoice=order.is_posted_invoice,
        remote_updated_at=order.updated_at,
        observed_at=datetime.now(UTC),
    )
