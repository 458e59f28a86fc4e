"""Rows of the order mirror, written in one statement a batch. Whole orders pass here, so their JSON is made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.sync.prepared import rows_of
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


@dataclass(frozen=True, slots=True)
class MirrorRow:
    """An order as it will be mirrored; `document` and `payload` are its JSON columns as text."""

    order: StoreOrder
    document: str
    payload: str


def upsert(rows: Sequence[MirrorRow]) -> None:
    """Insert or replace these orders of one connection, and give each its key."""
    if not rows:
        return
    values: list[Any] = []
    for row in rows:
        values += [getattr(row.order, name) for name in _PLAIN]
        values += [row.document, row.payload]
    keys: dict[str, int] = dict(rows_of(_UPSERT.format(rows=", ".join([_ROW] * len(rows))), values))
    for row in rows:
        row.order.pk = keys[row.order.external_id]
