"""What happened to one order, newest first and page by page, for partners. Read from what is kept; nothing is added.

The order page of the back office shows more and all at once (orders/timeline.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection as database

# A union of everything that carries the order's key, or a subject of it or of its documents in the ERP. `source` and
# `id` make the order of one moment stable.
# People's names stay in the house: a partner may show this to buyers.
# Attempts are indexed by connection and subject, and are therefore asked for connection by connection.
_READ = """
WITH own AS MATERIALIZED (
    SELECT 'order:' || %(order)s::bigint AS subject
  UNION ALL
    SELECT 'partner_order:' || p.id FROM orders_partnerorder p WHERE p.order_id = %(order)s
  UNION ALL
    SELECT 'erp_order:' || e.id FROM orders_orderlink k
    JOIN orders_erporder e ON e.connection_id = k.connection_id AND e.external_id = k.external_id
    WHERE k.order_id = %(order)s
  UNION ALL
    SELECT 'store_return:' || t.id FROM orders_storereturn t WHERE t.order_id = %(order)s
)
SELECT at, source, id, kind, flow, outcome, words, who FROM (
    SELECT placed_at AS at, 1 AS source, id, 'placed' AS kind, '' AS flow, '' AS outcome,
           'The order was placed in the store.' AS words, '' AS who
    FROM orders_storeorder WHERE id = %(order)s
  UNION ALL
    SELECT received_at, 0, id, 'told', '', '', told_by || ' told it as ' || number || '.', told_by
    FROM orders_partnerorder WHERE order_id = %(order)s
  UNION ALL
    SELECT cancelled_at, 2, id, 'cancelled', '', '', 'The order was cancelled in the store.', ''
    FROM orders_storeorder WHERE id = %(order)s AND cancelled_at IS NOT NULL
  UNION ALL
    SELECT a.started_at, 3, a.id, 'write_intended', a.flow, '', a.operation, ''
    FROM sync_connection c CROSS JOIN own JOIN sync_attempt a ON a.connection_id = c.id AND a.subject = own.subject
  UNION ALL
    SELECT a.finished_at, 4, a.id, 'write_ended', a.flow, a.state, a.operation, ''
    FROM sync_connection c CROSS JOIN own JOIN sync_attempt a ON a.connection_id = c.id AND a.subject = own.subject
    WHERE a.finished_at IS NOT NULL
  UNION ALL
    SELECT k.created_at, 5, k.id, 'linked', '', CASE WHEN k.is_adopted THEN 'adopted' ELSE 'created' END,
           'It is ' || k.number || ' in ' || c.name || '.', ''
    FROM orders_orderlink k JOIN sync_connection c ON c.id = k.connection_id WHERE k.order_id = %(order)s
  UNION ALL
    SELECT reference_pushed_at, 6, id, 'reference_written', '', '', 'The store has the number ' || number || '.', ''
    FROM orders_orderlink WHERE order_id = %(order)s AND reference_pushed_at IS NOT NULL
  UNION ALL
    SELECT finished_at, 7, h.id, 'task_ended', flow, outcome, message, ''
    FROM own JOIN sync_taskhistory h ON h.subject = own.subject
  UNION ALL
    SELECT created_at, 8, r.id, 'question_opened', flow, code, message, ''
    FROM own JOIN sync_reviewitem r ON r.subject = own.subject
  UNION ALL
    SELECT closed_at, 9, r.id, 'question_closed', flow, COALESCE(NULLIF(decision, ''), state),
           CASE WHEN reason = '' THEN code ELSE code || ': ' || reason END,
           CASE WHEN decided_through <> '' THEN decided_through WHEN decided_by_id IS NOT NULL THEN 'staff' ELSE '' END
    FROM own JOIN sync_reviewitem r ON r.subject = own.subject WHERE closed_at IS NOT NULL
  UNION ALL
    SELECT COALESCE(s.shipped_at, s.remote_updated_at), 10, s.id, 'shipped', '', s.stage,
           COALESCE(NULLIF(s.number, ''), 'A shipment') || ' of ' || c.name || '.', ''
    FROM orders_erpshipment s JOIN sync_connection c ON c.id = s.connection_id WHERE s.order_id = %(order)s
  UNION ALL
    SELECT f.created_at, 11, f.id, 'fulfilled', '', CASE WHEN f.is_adopted THEN 'adopted' ELSE 'created' END,
           'The store has ' || COALESCE(NULLIF(s.number, ''), 'a shipment') || ' as ' || f.external_id || '.', ''
    FROM orders_erpshipment s JOIN orders_shipmentlink f ON f.shipment_id = s.id WHERE s.order_id = %(order)s
  UNION ALL
    SELECT f.cancelled_at, 12, f.id, 'fulfilment_cancelled', '', '',
           f.external_id || ' was taken back in the store.', ''
    FROM orders_erpshipment s JOIN orders_shipmentlink f ON f.shipment_id = s.id
    WHERE s.order_id = %(order)s AND f.cancelled_at IS NOT NULL
  UNION ALL
    SELECT f.created_at, 13, f.id, 'refunded', '', CASE WHEN f.mark = '' THEN 'store' ELSE 'erp' END,
           'Refund ' || f.external_id || ' was made in the store.', ''
    FROM orders_storerefund f WHERE f.order_id = %(order)s
  UNION ALL
    SELECT t.created_at, 14, t.id, 'return_begun', '', t.state, 'The return ' || t.name || ' began in the store.', ''
    FROM orders_storereturn t WHERE t.order_id = %(order)s
  UNION ALL
    SELECT k.created_at, 15, k.id, 'return_linked', '', CASE WHEN k.is_adopted THEN 'adopted' ELSE 'created' END,
           t.name || ' is ' || COALESCE(NULLIF(k.number, ''), k.external_id) || ' in ' || c.name || '.', ''
    FROM orders_storereturn t JOIN orders_returnlink k ON k.returned_id = t.id
    JOIN sync_connection c ON c.id = k.connection_id WHERE t.order_id = %(order)s
  UNION ALL
    SELECT e.remote_updated_at, 16, e.id, 'credited', '', e.stage,
           CASE WHEN e.is_return THEN 'Return order ' ELSE 'Credit memo ' END
           || COALESCE(NULLIF(e.number, ''), e.external_id) || ' of ' || c.name || '.', ''
    FROM orders_erpcredit e JOIN sync_connection c ON c.id = e.connection_id WHERE e.order_id = %(order)s
  UNION ALL
    SELECT k.created_at, 17, k.id, 'credit_linked', '', CASE WHEN k.is_adopted THEN 'adopted' ELSE 'created' END,
           'The refund ' || f.external_id || ' is ' || COALESCE(NULLIF(k.number, ''), k.external_id) || ' in '
           || c.name || '.', ''
    FROM orders_storerefund f JOIN orders_creditlink k ON k.refund_id = f.id
    JOIN sync_connection c ON c.id = k.connection_id WHERE f.order_id = %(order)s
) happened
WHERE %(at)s::timestamptz IS NULL OR (at, source, id) < (%(at)s::timestamptz, %(source)s, %(id)s)
ORDER BY at DESC, source DESC, id DESC LIMIT %(limit)s
"""

KINDS = (
    "told",
    "placed",
    "cancelled",
    "write_intended",
    "write_ended",
    "linked",
    "reference_written",
    "task_ended",
    "question_opened",
    "question_closed",
    "shipped",
    "fulfilled",
    "fulfilment_cancelled",
    "refunded",
    "return_begun",
    "return_linked",
    "credited",
    "credit_linked",
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened; `at` in UTC. `source` and `id` place it among others of the same moment."""

    at: datetime
    source: int
    id: int
    kind: str
    flow: str
    outcome: str
    words: str
    who: str


def happenings(
    order_id: int, *, limit: int, before: tuple[datetime, int, int] | None = None
) -> list[Happening]:
    """The newest `limit` happenings of an order, those before (at, source, id) where given."""
    at, source, key = before or (None, 0, 0)
    with database.cursor() as cursor:
        cursor.execute(
            _READ,
            {
                "order": order_id,
                "at": at,
                "source": source,
                "id": key,
                "limit": limit,
            },
        )
        return [Happening(*row) for row in cursor.fetchall()]
