"""Rows of the order mirror, written in one statement a batch. Whole orders pass here, so their JSON is made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.connectors.documents import PlacedLine
from hub.lib.text import storable
from hub.sync.prepared import prepared_cursor, rows_of
from orders.models import StoreOrder

_JSON = ("document", "payload")
_PLAIN = [field.attname for field in StoreOrder._meta.concrete_fields if field.attname not in ("id", *_JSON)]
_KEY = ("connection_id", "external_id")
_ROW = f"({', '.join(['%s'] * len(_PLAIN))}, %s::jsonb, %s::jsonb)"
# Django's own bulk insert makes arrays of several rows, and escaping whole documents for these takes longest of all.
_UPSERT = f"""
INSERT INTO orders_storeorder ({", ".join([*_PLAIN, *_JSON])}) VALUES {{rows}}
ON CONFLICT ({", ".join(_KEY)})
DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in [*_PLAIN, *_JSON] if name not in _KEY)}
RETURNING external_id, id
"""
# What is as it was is not written: most news of an order say nothing of its pieces.
_LINES = """
WITH said AS (
    SELECT * FROM unnest(%(orders)s::bigint[], %(lines)s::text[], %(skus)s::text[], %(pieces)s::int[])
        AS l (order_id, external_id, sku, pieces)
), taken AS (
    DELETE FROM orders_orderedline o WHERE o.order_id = ANY(%(written)s::bigint[])
        AND NOT EXISTS (SELECT 1 FROM said s WHERE s.order_id = o.order_id AND s.external_id = o.external_id)
)
INSERT INTO orders_orderedline AS o (connection_id, order_id, external_id, sku, pieces)
SELECT %(connection)s::bigint, order_id, external_id, sku, pieces FROM said
ON CONFLICT (order_id, external_id) DO UPDATE SET sku = EXCLUDED.sku, pieces = EXCLUDED.pieces
WHERE (o.sku, o.pieces) IS DISTINCT FROM (EXCLUDED.sku, EXCLUDED.pieces)
"""


@dataclass(frozen=True, slots=True)
class MirrorRow:
    """An order as it will be mirrored: `document` and `payload` are its JSON columns as text."""

    order: StoreOrder
    document: str
    payload: str
    lines: tuple[PlacedLine, ...]


def upsert(rows: Sequence[MirrorRow]) -> None:
    """Insert or replace these orders of one connection with what their lines take from stock; give each its key."""
    if not rows:
        return
    values: list[Any] = []
    for row in rows:
        values += [getattr(row.order, name) for name in _PLAIN]
        values += [row.document, row.payload]
    keys: dict[str, int] = dict(rows_of(_UPSERT.format(rows=", ".join([_ROW] * len(rows))), values))
    for row in rows:
        row.order.pk = keys[row.order.external_id]
    _upsert_lines(rows)


def _upsert_lines(rows: Sequence[MirrorRow]) -> None:
    lines = [
        (row.order.pk, line)
        for row in rows
        for line in row.lines
        if line.sku.strip() and line.current_quantity > 0
    ]
    values: dict[str, Any] = {
        "connection": rows[0].order.connection_id,
        "written": [row.order.pk for row in rows],
        "orders": [key for key, _ in lines],
        "lines": [line.external_id for _, line in lines],
        "skus": [storable(line.sku)[:255] for _, line in lines],
        "pieces": [line.current_quantity for _, line in lines],
    }
    with prepared_cursor() as cursor:
        cursor.execute(_LINES, values)
