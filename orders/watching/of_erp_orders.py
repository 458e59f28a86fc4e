"""Detectors over the orders of one ERP. Each is one statement, whatever it finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.connectors.sales_documents import OrderStage
from orders.watching.findings import MOST_ASKED, Finding
from orders.watching.limits import Limits
from orders.watching.of_orders import BLANK_SKU, DUPLICATE_PO, STALE_UPDATE, Detector, rows

MISSING_OFFLINE = "missing_offline_order"
_STAGES = [stage.value for stage in OrderStage]
_OVER = [OrderStage.CLOSED.value, OrderStage.CANCELLED.value]
# A document that we made has the PO number of the store's order; others tell theirs once they were read whole. Two that
# came of the store were decided about before they were sent, and one store's order on two documents is asked about by
# the pass over the ERP's changes.
_DUPLICATE = """
WITH known AS (
    SELECT e.id, e.number, e.customer_number, e.identity_order_id, k.origin = 'store' AS is_of_store,
           COALESCE(NULLIF(e.po_key, ''), o.po_key, '') AS po_key,
           COALESCE(NULLIF(e.po_number, ''), o.po_number, '') AS po_number
    FROM orders_erporder e
    LEFT JOIN orders_orderlink k ON k.connection_id = e.connection_id AND k.external_id = e.external_id
    LEFT JOIN orders_storeorder o ON o.id = k.order_id
    WHERE e.connection_id = %(erp)s AND NOT e.is_gone AND NOT e.is_posted_invoice AND e.customer_number <> ''
      AND e.stage <> ALL(%(over)s) AND e.remote_updated_at >= now() - make_interval(days => %(days)s)
      AND (k.id IS NULL OR k.cancelled_at IS NULL))
SELECT max(id), (array_agg(number ORDER BY id DESC))[1], max(po_number), customer_number,
       array_agg(number ORDER BY id)
FROM known WHERE po_key <> ''
GROUP BY customer_number, po_key
HAVING count(*) > 1 AND NOT bool_and(COALESCE(is_of_store, identity_order_id <> ''))
   AND NOT EXISTS (SELECT 1 FROM sync_reviewitem r WHERE r.code = 'possible_duplicate' AND r.state <> 'solved'
                   AND r.subject = ANY(array_agg('erp_order:' || known.id)))
ORDER BY 1 LIMIT %(most)s
"""
# In the scope of a policy as `orders.offline.rules` says it, and nothing is under way, asked or decided about it.
_MISSING = """
SELECT e.id, e.number, min(s.name), array_agg(s.id ORDER BY s.id)
FROM orders_offlineorderpolicy p
JOIN sync_connection s ON s.id = p.store_id AND s.is_enabled AND s.may_write AND s.paused_at IS NULL
JOIN orders_erporder e ON e.connection_id = p.erp_id
WHERE p.erp_id = %(erp)s AND p.is_on AND e.identity_order_id = '' AND NOT e.is_posted_invoice AND NOT e.is_gone
  AND e.stage <> 'cancelled' AND jsonb_typeof(e.document) = 'object'
  AND array_position(%(stages)s, e.stage) >= array_position(%(stages)s, p.from_stage)
  AND COALESCE((e.document ->> 'order_date')::date, p.orders_from) >= p.orders_from
  AND e.document_updated_at BETWEEN now() - make_interval(days => %(days)s)
                                AND now() - make_interval(mins => %(minutes)s)
  AND NOT EXISTS (SELECT 1 FROM orders_orderlink k
                  WHERE k.connection_id = e.connection_id AND k.external_id = e.external_id)
  AND NOT EXISTS (SELECT 1 FROM sync_reviewitem r WHERE r.subject = 'erp_order:' || e.id
                  AND r.flow <> %(flow)s AND r.connection_id = p.store_id AND r.state <> 'solved')
  AND NOT EXISTS (SELECT 1 FROM sync_synctask t WHERE t.flow = 'push_order_to_store'
                  AND t.connection_id = p.store_id AND t.record_id = e.id)
  -- whose customer buys in another store that shows the ERP's orders belongs there
  AND (NOT EXISTS (SELECT 1 FROM orders_offlineorderpolicy q
                   JOIN companies_storecompanylocation l ON l.connection_id = q.store_id
                   JOIN companies_companylocationlink c ON c.location_id = l.id AND c.connection_id = p.erp_id
                   WHERE q.erp_id = p.erp_id AND q.is_on AND q.id <> p.id AND c.customer_number = e.customer_number)
       OR EXISTS (SELECT 1 FROM companies_storecompanylocation l
                  JOIN companies_companylocationlink c ON c.location_id = l.id AND c.connection_id = p.erp_id
                  WHERE l.connection_id = p.store_id AND c.customer_number = e.customer_number))
GROUP BY e.id ORDER BY e.id LIMIT %(most)s
"""
_BLANK = """
SELECT e.id, e.number, (SELECT array_agg(l ->> 'description') FROM jsonb_array_elements(e.document -> 'lines') l
                        WHERE l ->> 'kind' = 'item' AND l ->> 'number' = '')
FROM orders_erporder e
WHERE e.connection_id = %(erp)s AND e.identity_order_id = '' AND NOT e.is_posted_invoice AND NOT e.is_gone
  AND e.stage <> ALL(%(over)s) AND e.remote_updated_at >= now() - make_interval(days => %(days)s)
  AND EXISTS (SELECT 1 FROM orders_offlineorderpolicy p WHERE p.erp_id = e.connection_id AND p.is_on)
  AND jsonb_path_exists(e.document, '$.lines[*] ? (@.kind == "item" && @.number == "")')
ORDER BY e.id LIMIT %(most)s
"""
_STALE = """
SELECT id, number, string_agg(DISTINCT why, '; ') FROM (
    SELECT e.id, e.number, 'it changed in the ERP and has not been read since' AS why
    FROM orders_erporder e
    WHERE e.connection_id = %(erp)s AND e.needs_read
      AND e.read_asked_at < now() - make_interval(mins => %(minutes)s)
  UNION
    SELECT e.id, e.number,
           replace(t.flow, '_', ' ') || ' has waited since ' || to_char(t.created_at, 'YYYY-MM-DD HH24:MI')
    FROM sync_synctask t
    JOIN sync_connection s ON s.id = t.connection_id AND s.side = 'store' AND s.is_enabled AND s.may_write
        AND s.paused_at IS NULL
    JOIN orders_erporder e ON t.subject = 'erp_order:' || e.id AND e.connection_id = %(erp)s
    WHERE t.state IN (0, 2) AND t.created_at < now() - make_interval(mins => %(minutes)s)) late
GROUP BY id, number ORDER BY id LIMIT %(most)s
"""


def found(erp_id: int, limits: Limits, *, flow: str) -> Iterator[Finding]:
    """Everything that is wrong with orders of this ERP, the gravest kind first."""
    parameters: Mapping[str, Any] = {
        "erp": erp_id,
        "days": limits.looks_back_days,
        "most": MOST_ASKED,
        "over": _OVER,
        "stages": _STAGES,
        "flow": flow,
    }
    for detector in DETECTORS:
        if detector.is_on(limits):
            minutes = limits.offline_minutes if detector.sql is _MISSING else limits.stale_minutes
            found_rows = rows(detector.sql, {**parameters, "minutes": minutes})
            yield from (detector.finding(*row) for row in found_rows)


# --------------------------------------------------------------------------------------------------- in words


def _duplicate(key: int, name: str, po_number: str, customer: str, numbers: list[str]) -> Finding:
    return Finding(
        DUPLICATE_PO,
        key,
        name,
        f"{', '.join(numbers)} of customer {customer} have the PO number {po_number} in the ERP: one order may have "
        "been entered twice. Cancel the surplus one there, or dismiss this.",
        "Read the documents again",
        {"po_number": po_number, "customer": customer, "documents": numbers},
    )


def _missing(key: int, name: str, store: str, stores: list[int]) -> Finding:
    return Finding(
        MISSING_OFFLINE,
        key,
        name,
        f"{name}, which the ERP took, is not in {store}, although its offline order policy shows such orders.",
        "Put it into the store",
        {"document": name, "stores": stores},
    )


def _blank(key: int, name: str, lines: list[str]) -> Finding:
    return Finding(
        BLANK_SKU,
        key,
        name,
        f"{name} has item lines that name no item: {', '.join(lines)}. Enter the item number in the ERP.",
        "Read the document again",
        {"document": name, "lines": lines},
    )


def _stale(key: int, name: str, why: str) -> Finding:
    return Finding(
        STALE_UPDATE, key, name, f"{name} is behind: {why}.", "Bring both sides up to date", {"why": why}
    )


DETECTORS = (
    Detector(_DUPLICATE, lambda limits: limits.duplicates, _duplicate),
    Detector(_MISSING, lambda limits: limits.offline_minutes is not None, _missing),
    Detector(_BLANK, lambda limits: limits.skus, _blank),
    Detector(_STALE, lambda limits: limits.stale_minutes is not None, _stale),
)
CODES = (DUPLICATE_PO, MISSING_OFFLINE, BLANK_SKU, STALE_UPDATE)
