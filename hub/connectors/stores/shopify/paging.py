"""Nested connections, read to their end."""

from __future__ import annotations

from collections.abc import Callable

from hub.connectors.stores.shopify.shapes import Node, flag, member, members, required_text


def next_cursor(connection: Node) -> str | None:
    """The cursor of the next page, None after the last; raises ValueError where Shopify gives no cursor."""
    info = member(connection, "pageInfo")
    return required_text(info, "endCursor") if flag(info, "hasNextPage") else None


def completed(connection: Node, read_more: Callable[[str], Node]) -> dict[str, object]:
    """The connection with the nodes of all its pages; `read_more` reads the page after a cursor.

    Raises ValueError where a page ends at the cursor it began with, which would go on for ever.
    """
    nodes = list(members(connection, "nodes"))
    cursor = next_cursor(connection)
    while cursor is not None:
        page = read_more(cursor)
        nodes += members(page, "nodes")
        following = next_cursor(page)
        if following == cursor:
            raise ValueError(f"the page after {cursor[:40]!r} ends where it began")
        cursor = following
    return {"nodes": nodes, "pageInfo": {"hasNextPage": False, "endCursor": None}}
