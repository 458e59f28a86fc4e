"""What the mirror knows to be so without reading an order whole: by its stamp, or by a glance at it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection as database

from hub.connectors.documents import OrderOutline
from hub.sync.clock import database_time
from hub.sync.models import Connection
from orders.mirroring import SETTLED_AFTER, document_of
from orders.models import StoreOrder

__all__ = ["confirm_orders", "database_time", "settle_orders"]

_CONFIRM = """
UPDATE orders_storeorder o SET needs_read = false, observed_at = GREATEST(o.observed_at, %(as_of)s)
FROM unnest(%(external_ids)s::text[], %(stamps)s::timestamptz[]) AS s(external_id, updated_at)
WHERE o.connection_id = %(connection_id)s AND o.external_id = s.external_id AND o.remote_updated_at = s.updated_at
  AND o.needs_read AND o.is_fetched AND o.observed_at > o.remote_updated_at + make_interval(secs => %(settled_after)s)
RETURNING o.id
"""
# Only where nobody wrote another version meanwhile.
_SETTLE = """
UPDATE orders_storeorder o SET is_fetched = true, observed_at = GREATEST(o.observed_at, %(as_of)s)
FROM unnest(%(external_ids)s::text[], %(hashes)s::text[]) AS s(external_id, document_hash)
WHERE o.connection_id = %(connection_id)s AND o.external_id = s.external_id AND o.document_hash = s.document_hash
  AND NOT o.needs_read
RETURNING o.external_id
"""


def confirm_orders(connection: Connection, stamps: Mapping[str, datetime], as_of: datetime) -> list[int]:
    """Marked orders that the store has not changed since they were read whole are fresh as of then; returns their keys.

    `as_of` is the database's time before the stamps were asked for. What was told only, or read in the second of its
    stamp, stays marked: there the stamp alone says nothing.
    """
    with database.cursor() as cursor:
        cursor.execute(
            _CONFIRM,
            {
                "connection_id": connection.pk,
                "as_of": as_of,
                "settled_after": SETTLED_AFTER.total_seconds(),
                "external_ids": list(stamps),
                "stamps": list(stamps.values()),
            },
        )
        return [row[0] for row in cursor.fetchall()]


def settle_orders(connection: Connection, outlines: Mapping[str, OrderOutline], as_of: datetime) -> set[str]:
    """What these outlines show of orders told of in the second of their stamp is as we know it; returns those.

    `as_of` is the database's time before the outlines were asked for. An order that is settled counts as read.
    """
    known = StoreOrder.objects.filter(
        connection=connection, external_id__in=list(outlines), needs_read=False
    ).only("external_id", "document_hash", "document")
    holds = {
        order.external_id: order.document_hash
        for order in known
        if outlines[order.external_id].holds_for(document_of(order))
    }
    with database.cursor() as cursor:
        cursor.execute(
            _SETTLE,
            {
                "connection_id": connection.pk,
                "as_of": as_of,
                "external_ids": list(holds),
                "hashes": list(holds.values()),
            },
        )
        return {row[0] for row in cursor.fetchall()}
