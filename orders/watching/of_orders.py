"""Detectors over the orders of one store. Each is one statement, whatever it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection as database

from orders.watching.findings import MOST_ASKED, Finding
from orders.watching.limits import Limits

DUPLICATE_PO, NET_DRIFT, FREIGHT_DIFFERS = "duplicate_po", "net_drift", "freight_drift"
LOST_INSTRUCTION, STALE_UPDATE, BLANK_SKU = "lost_instruction", "stale_update", "blank_sku"
TAX_BACKLOG = "tax_backlog"
# The comparison that follows every change gets this time to come to the same by itself.
GRACE_MINUTES = 15
# Questions about taxes alone; of totals that differ those count whose net value is equal.
TAX_CODES = ("channel_tax", "exempt_code", "tax_rate_missing")
# What compares documents that were read whole is a statement over their lines.
_LINKS = """
    FROM orders_orderlink k
    JOIN orders_storeorder o ON o.id = k.order_id AND o.connection_id = %(store)s AND o.cancelled_at IS NULL
    JOIN orders_erporder e ON e.connection_id = k.connection_id AND e.external_id = k.external_id AND NOT e.is_gone
        AND e.stage <> 'cancelled'
    WHERE k.cancelled_at IS NULL AND k.created_at >= now() - make_interval(days => %(days)s)
"""
_DUPLICATE = """
SELECT o.id, o.name, o.po_number, string_agg(DISTINCT b.name, ', ')
FROM orders_storeorder o
JOIN orders_orderpolicy p ON p.store_id = o.connection_id AND p.duplicate_po <> 'allow'
JOIN orders_orderlink k ON k.order_id = o.id AND k.connection_id = p.erp_id AND k.cancelled_at IS NULL
    AND k.gone_at IS NULL
JOIN orders_storeorder b ON b.po_key = o.po_key AND b.connection_id = o.connection_id AND b.cancelled_at IS NULL
    AND b.company_external_id = o.company_external_id AND (b.placed_at, b.id) < (o.placed_at, o.id)
JOIN orders_orderlink l ON l.order_id = b.id AND l.connection_id = p.erp_id AND l.cancelled_at IS NULL
    AND l.gone_at IS NULL
WHERE o.connection_id = %(store)s AND o.placed_at >= now() - make_interval(days => %(days)s)
  AND o.cancelled_at IS NULL AND o.po_key <> '' AND o.company_external_id <> ''
  AND NOT EXISTS (SELECT 1 FROM sync_reviewitem r LEFT JOIN orders_orderlink c ON c.order_id IN (o.id, b.id)
                  LEFT JOIN orders_erporder d ON d.connection_id = c.connection_id AND d.external_id = c.external_id
                  LEFT JOIN orders_partnerorder t ON t.order_id IN (o.id, b.id)
                  WHERE r.subject IN ('order:' || o.id, 'order:' || b.id, 'erp_order:' || d.id,
                                      'partner_order:' || t.id)
                    AND r.code = 'possible_duplicate' AND r.decision = 'approved')
  AND NOT EXISTS (SELECT 1 FROM orders_orderoverride v WHERE v.order_id IN (o.id, b.id) AND v.field = 'po_number')
GROUP BY o.id ORDER BY o.id LIMIT %(most)s
"""
_DRIFT = f"""
SELECT o.id, o.name, k.number, k.currency, k.erp_total, k.erp_tax, e.total_including_tax, e.total_tax
{_LINKS} AND k.totals = 'equal' AND NOT e.is_posted_invoice AND e.total_including_tax IS NOT NULL
  AND (e.currency, e.total_including_tax, e.total_tax) IS DISTINCT FROM (k.currency, k.erp_total, k.erp_tax)
  AND e.observed_at < now() - make_interval(mins => %(grace)s)
ORDER BY o.id LIMIT %(most)s
"""
# Freight is what the sent document has of the order's shipping lines; in the ERP it is what stands on lines of the same
# number (its own shipping charge: whatever it is called there). A number that goods have, too, tells nothing.
_FREIGHT = f"""
WITH sent AS (
    SELECT o.id, o.name, k.number, k.currency, e.document, l ->> 'kind' AS kind, l ->> 'number' AS line_number,
           sum((l ->> 'quantity')::numeric * (l ->> 'unit_price')::numeric - (l ->> 'discount_amount')::numeric)
               FILTER (WHERE s.is_freight) AS amount,
           bool_or(NOT s.is_freight) AS is_mixed
    {
    _LINKS.replace(
        "WHERE",
        '''
    CROSS JOIN LATERAL jsonb_array_elements(k.sent_document -> 'lines') l
    CROSS JOIN LATERAL (SELECT EXISTS (
        SELECT 1 FROM jsonb_array_elements(o.document -> 'shipping_lines') c
        WHERE c ->> 'external_id' = l ->> 'source_external_id') AS is_freight) s
    WHERE''',
    )
} AND jsonb_typeof(e.document) = 'object' AND l ->> 'kind' <> 'comment'
      AND e.document_updated_at < now() - make_interval(mins => %(grace)s)
      AND e.document -> 'prices_include_tax' = k.sent_document -> 'prices_include_tax'
    GROUP BY o.id, k.id, e.id, l ->> 'kind', l ->> 'number'),
compared AS (
    SELECT id, name, number, currency, amount, (
        SELECT COALESCE(sum((d ->> 'quantity')::numeric * (d ->> 'unit_price')::numeric
                            - (d ->> 'discount_amount')::numeric), 0)
        FROM jsonb_array_elements(sent.document -> 'lines') d
        WHERE d ->> 'kind' = sent.kind AND (d ->> 'number' = sent.line_number OR sent.kind = 'shipping')) AS there
    FROM sent WHERE amount IS NOT NULL AND NOT is_mixed)
SELECT id, name, number, currency, sum(amount), round(sum(there), 6) FROM compared
GROUP BY id, name, number, currency HAVING abs(sum(amount) - sum(there)) > %(tolerance)s
ORDER BY id LIMIT %(most)s
"""
# Letters and digits count: an ERP may write signs and blanks its own way, and break texts over lines.
_SQUEEZED = "regexp_replace(lower(normalize({}, NFKC)), '[^[:alnum:]]+', '', 'g')"
_INSTRUCTIONS = f"""
SELECT o.id, o.name, k.number, array_agg(l ->> 'description' ORDER BY l ->> 'description')
{
    _LINKS.replace(
        "WHERE",
        f'''
CROSS JOIN LATERAL jsonb_array_elements(k.sent_document -> 'lines') l
CROSS JOIN LATERAL (
    SELECT COALESCE(string_agg({_SQUEEZED.format("d.line ->> 'description'")}, '' ORDER BY d.place), '') AS words
    FROM jsonb_array_elements(e.document -> 'lines') WITH ORDINALITY d (line, place)) there
WHERE''',
    )
} AND jsonb_typeof(e.document) = 'object' AND l ->> 'kind' = 'comment' AND NOT e.is_posted_invoice
  AND k.connection_id = ANY(%(tell_comments)s)
  AND position({_SQUEEZED.format("l ->> 'description'")} IN there.words) = 0
GROUP BY o.id, k.id ORDER BY o.id LIMIT %(most)s
"""
_BLANK = f"""
SELECT o.id, o.name, k.number,
       (SELECT array_agg(l ->> 'title') FROM jsonb_array_elements(o.document -> 'lines') l
        WHERE l ->> 'sku' = '' AND (l ->> 'current_quantity')::int > 0)
{_LINKS} AND k.origin = 'erp'
  AND jsonb_path_exists(o.document, '$.lines[*] ? (@.sku == "" && @.current_quantity > 0)')
ORDER BY o.id LIMIT %(most)s
"""
_STALE = """
SELECT id, name, string_agg(DISTINCT why, '; ') FROM (
    SELECT o.id, o.name, 'it changed in the store after it was sent; the ERP was not told and nobody asked' AS why
    FROM orders_orderlink k
    JOIN orders_storeorder o ON o.id = k.order_id AND o.connection_id = %(store)s
    WHERE k.sent_content_hash NOT IN ('', o.content_hash) AND k.cancelled_at IS NULL
      AND o.remote_updated_at BETWEEN now() - make_interval(days => %(days)s)
                                  AND now() - make_interval(mins => %(minutes)s)
      AND NOT EXISTS (SELECT 1 FROM sync_synctask t WHERE t.subject = 'order:' || o.id AND t.state IN (0, 1, 2))
      AND NOT EXISTS (SELECT 1 FROM sync_reviewitem r WHERE r.subject = 'order:' || o.id AND r.flow <> %(flow)s
                      AND (r.state = 'open' OR r.evidence ->> 'content_hash' = o.content_hash))
  UNION
    SELECT o.id, o.name,
           replace(t.flow, '_', ' ') || ' has waited since ' || to_char(t.created_at, 'YYYY-MM-DD HH24:MI')
    FROM sync_synctask t
    JOIN orders_storeorder o ON o.connection_id = t.connection_id AND t.subject = 'order:' || o.id
    WHERE t.connection_id = %(store)s AND t.state IN (0, 2)
      AND t.created_at < now() - make_interval(mins => %(minutes)s)
  UNION
    SELECT o.id, o.name, 'the store was not told that it is ' || k.number || ' in the ERP'
    FROM orders_orderlink k
    JOIN orders_storeorder o ON o.id = k.order_id AND o.connection_id = %(store)s
    WHERE k.reference_pushed_at IS NULL AND k.reference_error = '' AND k.number > ''
      AND k.created_at < now() - make_interval(mins => %(minutes)s)) late
GROUP BY id, name ORDER BY id LIMIT %(most)s
"""
_TAX = """
SELECT count(*), (array_agg(o.name ORDER BY r.created_at))[1:20], array_agg(r.id ORDER BY r.id)
FROM sync_reviewitem r
JOIN orders_storeorder o ON r.subject = 'order:' || o.id AND o.connection_id = %(store)s
LEFT JOIN orders_orderlink k ON k.order_id = o.id AND k.connection_id = r.connection_id
WHERE r.state = 'open' AND r.created_at < now() - make_interval(days => %(tax_days)s)
  AND (r.code = ANY(%(tax_codes)s)
       OR (r.code = 'totals_differ' AND k.erp_total - k.erp_tax = k.expected_total - k.expected_tax))
HAVING count(*) > 0
"""


@dataclass(frozen=True, slots=True)
class Detector:
    """A statement, what it needs to be asked at all, and how a row of it is said."""

    sql: str
    is_on: Callable[[Limits], bool]
    finding: Callable[..., Finding]


def found(store_id: int, limits: Limits, *, tell_comments: Sequence[int], flow: str) -> Iterator[Finding]:
    """Everything that is wrong with orders of this store, the gravest kind first."""
    parameters: Mapping[str, Any] = {
        "store": store_id,
        "days": limits.looks_back_days,
        "grace": GRACE_MINUTES,
        "most": MOST_ASKED,
        "tolerance": limits.freight_tolerance,
        "minutes": limits.stale_minutes,
        "tax_days": limits.tax_days,
        "tax_codes": list(TAX_CODES),
        "tell_comments": list(tell_comments),
        "flow": flow,
    }
    for detector in DETECTORS:
        if detector.is_on(limits):
            yield from (detector.finding(*row) for row in rows(detector.sql, parameters))


def rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The answer of one statement, whole: it is bounded."""
    with database.cursor() as cursor:
        cursor.execute(sql, dict(parameters))
        return list(cursor.fetchall())


# --------------------------------------------------------------------------------------------------- in words


def _duplicate(key: int, name: str, po_number: str, others: str) -> Finding:
    return Finding(
        DUPLICATE_PO,
        key,
        name,
        f"{name} and {others} of the same company have the PO number {po_number}, and both are in the ERP. Cancel the "
        "surplus one, or dismiss this.",
        "Decide it again",
        {"po_number": po_number, "also": others},
    )


def _drift(
    key: int,
    name: str,
    number: str,
    currency: str,
    total: Decimal,
    tax: Decimal,
    now: Decimal,
    tax_now: Decimal,
) -> Finding:
    before, after = f"{_plain(total)} with {_plain(tax)} tax", f"{_plain(now)} with {_plain(tax_now)} tax"
    return Finding(
        code="net_drift",
        record_id=key,
        name=name,
        sentence=f"{number} of {name} was {before} {currency} in the ERP when it was compared with the store, and is "
        f"{after}.",
        repair="Compare both sides again",
        values={"document": number, "compared": before, "now": after},
    )


def _freight(key: int, name: str, number: str, currency: str, charged: Decimal, there: Decimal) -> Finding:
    return Finding(
        code="freight_drift",
        record_id=key,
        name=name,
        sentence=f"The store charged {_plain(charged)} {currency} of freight on {name}; {number} has {_plain(there)} "
        "in the ERP.",
        repair="Read the document again",
        values={"document": number, "charged": _plain(charged), "in_the_erp": _plain(there)},
    )


def _instructions(key: int, name: str, number: str, texts: list[str]) -> Finding:
    return Finding(
        LOST_INSTRUCTION,
        key,
        name,
        f"{len(texts)} instructions that were sent with {name} are not in {number} any more, the first: {texts[0]!r}. "
        "Enter them there, or dismiss this.",
        "Read the document again",
        {"document": number, "missing": texts},
    )


def _blank(key: int, name: str, number: str, titles: list[str]) -> Finding:
    return Finding(
        BLANK_SKU,
        key,
        name,
        f"{name}, which the ERP took as {number}, has lines without SKU: {', '.join(titles)}. Nobody can tell what was "
        "sold. Correct the item in the ERP.",
        "Read both sides again",
        {"document": number, "lines": titles},
    )


def _stale(key: int, name: str, why: str) -> Finding:
    return Finding(
        STALE_UPDATE, key, name, f"{name} is behind: {why}.", "Bring both sides up to date", {"why": why}
    )


def _taxes(count: int, names: list[str], items: list[int]) -> Finding:
    return Finding(
        code="tax_backlog",
        record_id=0,
        name=f"{count} orders",
        sentence=f"{count} questions about tax have waited too long, the oldest about {names[0]}.",
        repair="Try all of them again",
        values={"orders": names, "items": items},
    )


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


DETECTORS = (
    Detector(_DUPLICATE, lambda limits: limits.duplicates, _duplicate),
    Detector(_DRIFT, lambda limits: limits.totals, _drift),
    Detector(_FREIGHT, lambda limits: limits.freight_tolerance is not None, _freight),
    Detector(_INSTRUCTIONS, lambda limits: limits.instructions, _instructions),
    Detector(_BLANK, lambda limits: limits.skus, _blank),
    Detector(_STALE, lambda limits: limits.stale_minutes is not None, _stale),
    Detector(_TAX, lambda limits: limits.tax_days is not None, _taxes),
)
CODES = (
    DUPLICATE_PO,
    NET_DRIFT,
    FREIGHT_DIFFERS,
    LOST_INSTRUCTION,
    BLANK_SKU,
    STALE_UPDATE,
    TAX_BACKLOG,
)
