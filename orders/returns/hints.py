"""Which orders have refunds or returns to be read: told by the store, or seen on the order itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection as database

from hub.connectors.documents import PlacedOrder
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection

FLOW = "read_store_returns"
# Only of stores whose policy has them read.
_ASK = """
INSERT INTO orders_orderreturns AS r (order_id, connection_id, asked_at)
SELECT o.id, o.connection_id, clock_timestamp() FROM orders_storeorder o
WHERE o.connection_id = %(store)s AND (o.id = ANY(%(keys)s) OR o.external_id = ANY(%(external_ids)s))
  AND EXISTS (SELECT 1 FROM orders_refundpolicy p WHERE p.store_id = %(store)s AND p.is_on)
ORDER BY o.id
ON CONFLICT (order_id) DO UPDATE SET asked_at = EXCLUDED.asked_at
"""


def shows_returns(order: PlacedOrder) -> bool:
    """Whether an order looks like one of which something came back or was taken off."""
    return (
        "refunded" in order.financial_status.lower()
        or order.current_total != order.total
        or any(line.current_quantity < line.quantity for line in order.lines)
    )


def ask_for_returns(
    connection: Connection, *, keys: Iterable[int] = (), external_ids: Sequence[str] = ()
) -> int:
    """Have refunds and returns of these orders read; returns how many. Orders that are not mirrored are left out."""
    wanted: dict[str, Any] = {
        "store": connection.pk,
        "keys": sorted(keys),
        "external_ids": list(external_ids),
    }
    if not wanted["keys"] and not external_ids:
        return 0
    with database.cursor() as cursor:
        cursor.execute(_ASK, wanted)
        asked = int(cursor.rowcount)
    if asked:
        enqueue(FLOW, connection.pk)
    return asked
