"""A database as it is after years: orders with all that the engine leaves around them, made by the server itself.

One real order of the sandbox is the pattern: its document, payload and body stand in every row, copied as they are
stored, so that pages carry what they carry in life. Some things are as awkward as they come: stores of very different
sizes, one of them closed years ago; PO numbers that changed their form; old orders that all changed an hour ago.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from django.db import connection as database
from django.db import transaction

from benchmarks import stage
from hub.connectors.store_parts import OrderHistory
from hub.demo.sandbox import Sandbox
from hub.sync.running import open_connector
from orders.freshness import database_time
from orders.mirroring import mirror_orders
from orders.models import StoreOrder

# The part of all orders that each store has, in percent; the last store's are the oldest of all.
SHARES = (60, 25, 10, 4, 1)
LINES = 10


@dataclass(frozen=True, slots=True)
class Million:
    """What is there: orders by number 1 … `count`, of which number n has the key `base` + n."""

    count: int
    base: int
    pairs: tuple[stage.Pair, ...]

    def order(self, number: int) -> int:
        """The key of an order by its number."""
        return self.base + number

    @property
    def eventful(self) -> int:
        """The number of the order to which most happened."""
        return self.count - self.count // 20 + 7


# What stands for what, by an order's number g: g % 100 = 0 is kept out, or held where g % 1000 = 0; g % 100 = 50 was
# cancelled before it was sent; the newest half percent waits; everything else is in the ERP.
_IS_SENT = "mod(g, 50) <> 0 AND g <= %(count)s - %(count)s / 200"

# What is another in each order; the rest is the pattern's.
_ORDER = {
    "id": "%(base)s + g",
    "connection_id": "o.store",
    "external_id": "'gid://shopify/Order/' || 5000000000 + g",
    "identity_id": "(5000000000 + g)::text",
    "name": "'#' || 1000 + g",
    "po_number": "po",
    "po_key": "replace(lower(po), ' ', '')",
    "location_id": "CASE WHEN mod(g, 20) > 0"
    " THEN o.first_place + floor(o.places * power(mod(g * 7919, 10007) / 10007.0, 3)) END",
    "company_external_id": "CASE WHEN mod(g, 20) > 0 THEN t.company_external_id ELSE '' END",
    "is_test": "mod(g, 500) = 7",
    "placed_at": "placed",
    "cancelled_at": "CASE WHEN mod(g, 100) = 50 OR mod(g, 200) = 3 THEN placed + interval '2 hours' END",
    "remote_updated_at": "CASE WHEN g BETWEEN %(count)s / 10 AND %(count)s / 8 THEN now() - interval '1 hour'"
    " ELSE LEAST(now(), placed + make_interval(secs => mod(g * 7919, 86400))) END",
    "needs_read": "g > %(count)s - 20",
    "observed_at": "now()",
    "content_hash": "md5(g::text)",
    "document_hash": "md5(g::text)",
}
_COLUMNS = [field.attname for field in StoreOrder._meta.concrete_fields]

_STATEMENTS = (
    # company locations
    """
    INSERT INTO companies_storecompanylocation (connection_id, external_id, name, company_external_id, company_name,
        merchant_id, company_merchant_id, tax_registration_id, emails, read_at, requires_po_number)
    SELECT p.store, 'gid://shopify/CompanyLocation/' || p.n || '-' || g, 'Branch ' || g,
           'gid://shopify/Company/' || p.n || '-' || g / 3, 'Company ' || p.n || '-' || g / 3,
           'M' || p.n || g, '', 'DE' || lpad(g::text, 9, '0'), '["purchasing@example.com"]', now(), mod(g, 50) = 0
    FROM pairs p, generate_series(1, p.places) g
    """,
    # where each store's company locations begin
    """
    UPDATE pairs SET first_place = (
        SELECT min(id) FROM companies_storecompanylocation WHERE connection_id = store AND name = 'Branch 1')
    """,
    # their customers
    """
    INSERT INTO companies_companylocationlink
        (location_id, connection_id, customer_external_id, customer_number, matched_by)
    SELECT l.id, p.erp, md5(l.id::text), 'C' || l.id, 'number'
    FROM companies_storecompanylocation l JOIN pairs p ON p.store = l.connection_id WHERE mod(l.id, 20) <> 0
    """,
    # company location mappings
    """
    INSERT INTO companies_companylocationmapping (location_id, connection_id, customer_number)
    SELECT l.id, p.erp, CASE WHEN mod(l.id, 200) = 0 THEN '' ELSE 'C' || l.id END
    FROM companies_storecompanylocation l JOIN pairs p ON p.store = l.connection_id WHERE mod(l.id, 20) = 0
    """,
    # item mappings
    """
    INSERT INTO inventory_itemmapping (store_id, erp_id, sku, title, item_number, unit)
    SELECT p.store, p.erp, 'BULK-' || lpad(g::text, 6, '0'), 'Table ' || g || ', oak, 180 × 90 cm',
           CASE WHEN mod(g, 200) = 0 THEN '' ELSE 'I' || g END, 'PCS'
    FROM pairs p, generate_series(1, %(count)s / 200) g
    """,
    # store orders
    f"""
    INSERT INTO orders_storeorder ({", ".join(_COLUMNS)})
    SELECT {", ".join(_ORDER.get(name, f"t.{name}") for name in _COLUMNS)}
    FROM (SELECT g, p.*, now() - (%(count)s - g) * (interval '3 years' / %(count)s) AS placed,
                 CASE WHEN mod(g, 33) = 0 THEN '' WHEN mod(g, 200) = 1 THEN 'Verbal'
                      WHEN g <= %(count)s * 0.3 THEN 'PO ' || g
                      ELSE '4500' || lpad(g::text, 8, '0') END AS po
          FROM generate_series(1::bigint, %(count)s) g
          JOIN pairs p ON p.n = CASE WHEN g <= %(count)s / 100 THEN 4 WHEN mod(g, 100) < 60 THEN 0
                                     WHEN mod(g, 100) < 85 THEN 1 WHEN mod(g, 100) < 95 THEN 2 ELSE 3 END
          ORDER BY g OFFSET 0) o
    CROSS JOIN orders_storeorder t WHERE t.id = %(pattern)s
    """,
    # their ERP documents
    f"""
    INSERT INTO orders_erporder (connection_id, external_id, number, reference, identity_store_code,
        identity_order_id, status, customer_number, currency, total_excluding_tax, total_tax, total_including_tax,
        is_posted_invoice, remote_updated_at)
    SELECT p.erp, md5(g::text)::uuid::text,
           CASE WHEN g <= %(count)s * 0.9 THEN 'PSI-' ELSE 'SO-' END || lpad(g::text, 7, '0'),
           o.po_number || '/' || p.code || '-' || o.identity_id, p.code, o.identity_id, 'Open',
           concat('C', o.location_id), o.currency, o.total / 1.19, o.total - o.total / 1.19, o.total,
           g <= %(count)s * 0.9, o.placed_at
    FROM (SELECT o.*, o.id - %(base)s AS g FROM orders_storeorder o WHERE o.id > %(base)s) o
    JOIN pairs p ON p.store = o.connection_id WHERE {_IS_SENT} ORDER BY g
    """,
    # links
    f"""
    INSERT INTO orders_orderlink (order_id, connection_id, kind, external_id, number, reference, is_adopted,
        sent_content_hash, currency, expected_total, expected_tax, erp_total, erp_tax, totals, reference_pushed_at,
        reference_error, created_at)
    SELECT o.id, p.erp, 'sales_order', md5(g::text)::uuid::text, 'SO-' || lpad(g::text, 7, '0'),
           o.po_number || '/' || p.code || '-' || o.identity_id, false, o.content_hash, o.currency, o.total,
           o.total - o.total / 1.19, o.total, o.total - o.total / 1.19,
           CASE WHEN mod(g, 5000) = 1 THEN 'differ' WHEN g > %(count)s * 0.994 THEN 'unread' ELSE 'equal' END,
           o.placed_at, '', o.placed_at
    FROM (SELECT o.*, o.id - %(base)s AS g FROM orders_storeorder o WHERE o.id > %(base)s) o
    JOIN pairs p ON p.store = o.connection_id WHERE {_IS_SENT} ORDER BY g
    """,
    # attempts
    """
    INSERT INTO sync_attempt (task_id, flow, connection_id, subject, operation, key, "values", fence, state,
        external_id, started_at, deadline_at, settle_at, finished_at)
    SELECT k.order_id, 'push_order_to_erp', k.connection_id, 'order:' || k.order_id, 'create_sales_order',
           k.reference, jsonb_build_object('number', k.number, 'lines', (SELECT jsonb_agg(i) FROM
           generate_series(1, 40) i)), 1, CASE WHEN mod(k.order_id, 50000) = 11 THEN 'open' ELSE 'confirmed' END,
           k.external_id, k.created_at, k.created_at, k.created_at, k.created_at + interval '1 second'
    FROM orders_orderlink k ORDER BY k.id
    """,
    # task history
    """
    INSERT INTO sync_taskhistory (task_id, flow, connection_id, record_id, subject, outcome, message, hints, attempts,
        created_at, claimed_at, finished_at)
    SELECT g, CASE WHEN mod(g, 10) < 8 THEN 'push_order_to_erp' WHEN mod(g, 10) = 8 THEN 'read_store_orders'
                   ELSE 'push_erp_references' END, p.erp, CASE WHEN mod(g, 10) < 8 THEN %(base)s + g ELSE 0 END,
           CASE WHEN mod(g, 10) < 8 THEN 'order:' || %(base)s + g ELSE 'read_store_orders:' || p.store END,
           CASE WHEN mod(g, 97) = 0 THEN 'retry' ELSE 'done' END, 'created SO-' || g, 1, 0, at, at, at
    FROM (SELECT g, now() - (%(count)s - g) * (interval '29 days' / %(count)s) AS at
          FROM generate_series(1::bigint, %(count)s) g) h JOIN pairs p ON p.n = mod(g, 5) ORDER BY g
    """,
    # what happened to one order
    """
    INSERT INTO sync_taskhistory (task_id, flow, connection_id, record_id, subject, outcome, message, hints, attempts,
        created_at, claimed_at, finished_at)
    SELECT g, 'push_order_to_erp', connection_id, record_id, 'order:' || %(eventful)s, 'retry', 'The ERP is busy.',
           1, g, created_at, claimed_at, finished_at
    FROM sync_taskhistory, generate_series(1, 300) g WHERE task_id = 1
    """,
    # deliveries
    """
    INSERT INTO sync_webhookdelivery (connection_id, topic, webhook_id, event_id, api_version, triggered_at,
        received_at, body, state, reason)
    SELECT d.store, CASE WHEN mod(g, 2) = 0 THEN 'orders/create' ELSE 'orders/updated' END,
           md5(g::text)::uuid::text, md5(g::text), '2026-10', at, at, b.body,
           CASE WHEN mod(g, 1000) = 1 THEN 2 ELSE 1 END, CASE WHEN mod(g, 1000) = 1 THEN 'unreadable' ELSE '' END
    FROM (SELECT g, p.*, now() - (%(count)s * 3 / 10 - g) * (interval '14 days' / (%(count)s * 3 / 10)) AS at
          FROM generate_series(1::bigint, %(count)s * 3 / 10) g
          JOIN pairs p ON p.n = CASE WHEN mod(g, 100) < 60 THEN 0 WHEN mod(g, 100) < 85 THEN 1
                                     WHEN mod(g, 100) < 96 THEN 2 ELSE 3 END
          ORDER BY g OFFSET 0) d
    CROSS JOIN pattern b
    """,
    # calls
    """
    INSERT INTO sync_apicall (connection_id, task_id, subject, operation, kind, method, url, status, started_at,
        duration_ms, cost, request_id, request_body, response_body, error)
    SELECT CASE WHEN mod(g, 3) = 0 THEN d.store ELSE d.erp END, g,
           CASE WHEN mod(g, 3) > 0 AND mod(g, 1000) <> 1 THEN 'order:' || %(base)s + %(count)s - g / 2
                ELSE 'order:' || %(eventful)s END,
           'create sales order', CASE WHEN mod(g, 3) = 0 THEN 'read' ELSE 'write' END, 'POST',
           'https://api.example.com/v2.0/tenant/Production/api/v2.0/companies/salesOrders', 201, at, 180, 1, '',
           b.request, b.response, ''
    FROM (SELECT g, p.*, now() - (%(count)s * 3 / 10 - g) * (interval '14 days' / (%(count)s * 3 / 10)) AS at
          FROM generate_series(1::bigint, %(count)s * 3 / 10) g
          JOIN pairs p ON p.n = CASE WHEN mod(g, 100) < 60 THEN 0 WHEN mod(g, 100) < 85 THEN 1
                                     WHEN mod(g, 100) < 96 THEN 2 ELSE 3 END
          ORDER BY g OFFSET 0) d
    CROSS JOIN pattern b
    """,
    # review items
    """
    INSERT INTO sync_reviewitem (connection_id, flow, record_id, subject, code, message, evidence, state, decision,
        changed_at, closed_at)
    SELECT p.erp, 'push_order_to_erp', %(base)s + g, 'order:' || %(base)s + g,
           CASE WHEN mod(g, 3000) = 0 THEN 'mapping_missing' ELSE 'possible_duplicate' END,
           'Order #' || 1000 + g || ' has the PO number of another order.',
           jsonb_build_object('order', '#' || g, 'store_total', '119.00', 'erp_total', '118.00', 'lines', (
               SELECT jsonb_agg(jsonb_build_object('sku', 'BULK-' || i, 'quantity', i)) FROM generate_series(1, 20) i)),
           CASE WHEN mod(g, 1000) = 0 THEN 'open' ELSE 'decided' END,
           CASE WHEN mod(g, 1000) = 0 THEN '' ELSE 'approved' END, now(),
           CASE WHEN mod(g, 1000) = 0 THEN NULL ELSE now() END
    FROM generate_series(200::bigint, %(count)s, 200) g JOIN pairs p ON p.n = 0
    UNION ALL
    SELECT p.erp, 'match_company_location', first_place + g, 'location:' || first_place + g, 'no_match',
           'No customer is like Branch ' || g, '{}', 'open', '', now(), NULL
    FROM pairs p, generate_series(100, 104) g
    """,
    # tasks
    """
    INSERT INTO sync_synctask
        (flow, connection_id, record_id, subject, priority, state, hints, attempts, last_error, evidence)
    SELECT 'push_order_to_erp', p.erp, %(base)s + g, 'order:' || %(base)s + g, 20,
           CASE WHEN mod(g, 1000) = 0 THEN 3 WHEN g <= %(count)s - %(count)s / 200 THEN 4 ELSE 0 END, 1, 0, '', ''
    FROM generate_series(1::bigint, %(count)s) g JOIN pairs p ON p.n = 0
    WHERE mod(g, 1000) = 0 OR mod(g, 10000) = 300 OR g > %(count)s - %(count)s / 200
    """,
)


def fill(count: int) -> Million:
    """Make that many orders in the empty database of the benchmarks; takes minutes at a million."""
    with stage.sandbox_process() as (sandbox, _):
        pairs = tuple(stage.connect(sandbox, number) for number in range(len(SHARES)))
        pattern = _pattern(sandbox, pairs[0])
    made = Million(count, pattern.pk, pairs)
    values = {
        "count": count,
        "base": made.base,
        "pattern": pattern.pk,
        "eventful": made.order(made.eventful),
    }
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")
        cursor.execute("SET LOCAL work_mem TO '256MB'")
        cursor.execute(
            "CREATE TEMPORARY TABLE pairs (n int, store bigint, erp bigint, code text, places bigint,"
            " first_place bigint) ON COMMIT DROP"
        )
        cursor.executemany(
            "INSERT INTO pairs VALUES (%s, %s, %s, %s, %s)",
            [
                (pair.number, pair.store.pk, pair.erp.pk, pair.store.code, max(200, count * share // 5000))
                for pair, share in zip(pairs, SHARES, strict=True)
            ],
        )
        cursor.execute(
            "CREATE TEMPORARY TABLE pattern ON COMMIT DROP AS"
            " SELECT convert_to(payload::text, 'UTF8') AS body, left(document::text, 3000) AS request,"
            " left(payload::text, 3000) AS response FROM orders_storeorder WHERE id = %s",
            [pattern.pk],
        )
        for statement in _STATEMENTS:
            cursor.execute(statement, values)
    _settle()
    return made


def _pattern(sandbox: Sandbox, pair: stage.Pair) -> StoreOrder:
    """An order that was placed in the sandbox, read from it and mirrored."""
    placed = stage.place(sandbox, pair, 0, LINES)
    with closing(open_connector(pair.store)) as connector:
        found = connector.supporting(OrderHistory).read_orders([placed["id"]])
    mirror_orders(pair.store, list(found.values()), read_at=database_time())
    return StoreOrder.objects.get(connection=pair.store)


def _settle() -> None:
    """Sequences behind the keys that were given, statistics, and what autovacuum would have done by now."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('orders_storeorder', 'id'), max(id)) FROM orders_storeorder"
        )
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
