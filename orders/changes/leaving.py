"""Which differences that a person left as they are still stand: both sides say the two values of that time. Pure.

Once a side has moved away from its value the answer is over: the same two values later are a difference as any other.
A line that the store took out, and that was left in the ERP, is one of the ERP's own from then on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from orders.changes.erp_views import OF_THE_ERP, has_moved, own_line, own_lines, standing_lines
from orders.changes.settling import left_trace, token
from orders.changes.sides import Documents, Sides
from orders.changes.three_way import HEAD, Difference
from orders.changes.views import OrderView


def left_traces(left: Iterable[Difference], documents: Documents) -> list[tuple[str, ...]]:
    """These differences, which a person leaves as they are, as they are known once both sides have agreed on it."""
    standing = standing_lines(documents.erp, documents.sent, documents.agreed)
    traces = []
    for found in left:
        behind = standing.get(found.key, ()) if found.field == "line" and found.store is None else ()
        # By what the ERP itself says: an invoice names its lines anew, and nobody tells then which was the store's.
        includes_tax = documents.now.prices_include_tax
        own = [own_line(line, documents.erp, includes_tax=includes_tax) for line in behind]
        traces += [left_trace(replace(found, key=OF_THE_ERP, erp=line)) for line in own] or [
            left_trace(found)
        ]
    return traces


def still_left(
    left: Collection[tuple[str, ...]], documents: Documents, seen: Sides
) -> frozenset[tuple[str, ...]]:
    """Those of `left` (as `orders.changes.settling.left_trace` tells them) whose two values still stand."""
    return frozenset(row for row in left if _stands(row, documents, seen))


def _stands(row: tuple[str, ...], documents: Documents, seen: Sides) -> bool:
    field, key, store, erp = row
    if key == OF_THE_ERP:
        return _is_own(erp, documents)
    if token(_value(seen.store, field, key)) != store:
        return False
    if token(_value(seen.erp, field, key)) == erp:
        return True
    # What has not moved in the ERP counts there as what was sent, whatever it is.
    agreed = documents.agreed
    return agreed is not None and not has_moved(documents.erp, documents.sent, agreed, field, key)


def _is_own(line: str, documents: Documents) -> bool:
    """Whether the ERP still has such a line of its own, and no more of them than were left."""
    now, then = (
        [token(one) for one in own_lines(document, documents.sent, documents.agreed)]
        for document in (documents.erp, documents.agreed or documents.erp)
    )
    return 0 < now.count(line) <= then.count(line)


def _value(view: OrderView, field: str, key: str) -> Any:
    if field in HEAD:
        return getattr(view, field)
    line = view.lines.get(key)
    return line if field == "line" or line is None else getattr(line, field)
