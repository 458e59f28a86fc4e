"""Which differences that a person left as they are still stand: both sides say the two values of that time. Pure.

Once a side has moved away from its value the answer is over: the same two values later are a difference as any other.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from orders.changes.erp_views import OF_THE_ERP, has_moved, own_lines
from orders.changes.settling import token
from orders.changes.sides import Documents, Sides
from orders.changes.three_way import HEAD
from orders.changes.views import OrderView


def still_left(
    left: Collection[tuple[str, ...]], documents: Documents, seen: Sides
) -> frozenset[tuple[str, ...]]:
    """Those of `left` (as `orders.changes.settling.left_trace` tells them) whose two values still stand."""
    return frozenset(row for row in left if _stands(row, documents, seen))


def _stands(row: tuple[str, ...], documents: Documents, seen: Sides) -> bool:
    field, key, store, erp = row
    if key == OF_THE_ERP:
        own = own_lines(documents.erp, documents.sent, documents.agreed)
        return erp in (token(line) for line in own)
    if token(_value(seen.store, field, key)) != store:
        return False
    if token(_value(seen.erp, field, key)) == erp:
        return True
    # What has not moved in the ERP counts there as what was sent, whatever it is.
    agreed = documents.agreed
    return agreed is not None and not has_moved(documents.erp, documents.sent, agreed, field, key)


def _value(view: OrderView, field: str, key: str) -> Any:
    if field in HEAD:
        return getattr(view, field)
    line = view.lines.get(key)
    return line if field == "line" or line is None else getattr(line, field)
