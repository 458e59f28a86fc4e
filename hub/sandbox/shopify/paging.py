"""Connections: keyset pages; cursors carry the last id and the last sort value, as the store's own do."""

from __future__ import annotations

import base64
import heapq
import json
from collections.abc import Callable, Iterable
from typing import Any

from hub.sandbox.shopify.errors import Args, Record, top_level

LARGEST_PAGE = 250

SortValue = Callable[[Record], Any]
Key = tuple[Any, int]


def number_of(gid: str) -> int:
    """The numeric tail of a global id."""
    tail = gid.rpartition("/")[2].partition("?")[0]
    return int(tail) if tail.isdigit() else 0


def by_id(record: Record) -> int:
    return number_of(record["id"])


def page(records: Iterable[Record], args: Args, sort_value: SortValue = by_id) -> Record:
    """One page of the records as a connection: first/after or last/before, `reverse` applied first."""
    size, is_backward = _size(args)
    descending = bool(args.get("reverse"))
    after, before = _position(args.get("after")), _position(args.get("before"))
    kept = [((sort_value(record), number_of(record["id"])), record) for record in records]
    if after or before:
        kept = [k for k in kept if _follows(k[0], after, descending) and _follows(before, k[0], descending)]
    # Lists grow long in load tests: only the page itself is put in order.
    pick = heapq.nlargest if descending != is_backward else heapq.nsmallest
    chosen = pick(size, kept, key=lambda entry: entry[0])
    if is_backward:
        chosen.reverse()
    return _connection(chosen, is_backward, len(kept) > size, bool(after), bool(before))


def _connection(
    chosen: list[tuple[Key, Record]], is_backward: bool, is_cut: bool, after: bool, before: bool
) -> Record:
    cursors = [_cursor(key) for key, _ in chosen]
    return {
        "edges": [{"cursor": c, "node": record} for c, (_, record) in zip(cursors, chosen, strict=True)],
        "nodes": [record for _, record in chosen],
        "pageInfo": {
            "hasNextPage": before if is_backward else is_cut,
            "hasPreviousPage": is_cut if is_backward else after,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def _size(args: Args) -> tuple[int, bool]:
    first, last = args.get("first"), args.get("last")
    if first is None and last is None:
        raise top_level("you must provide one of first or last", "BAD_REQUEST")
    size = int(last if first is None else first)  # type: ignore[arg-type]
    if size < 0 or size > LARGEST_PAGE:
        raise top_level(f"first and last must be between 0 and {LARGEST_PAGE}, not {size}", "BAD_REQUEST")
    return size, first is None


def _follows(key: Key | None, other: Key | None, descending: bool) -> bool:
    if key is None or other is None:
        return True
    return key < other if descending else key > other


def _cursor(key: Key) -> str:
    return base64.b64encode(json.dumps({"last_id": key[1], "last_value": key[0]}).encode()).decode()


def _position(cursor: str | None) -> Key | None:
    if cursor is None:
        return None
    try:
        parts = json.loads(base64.b64decode(cursor, validate=True))
        return parts["last_value"], int(parts["last_id"])
    except (ValueError, KeyError, TypeError) as error:
        raise top_level("Invalid cursor for current pagination sort.", "BAD_REQUEST") from error
