"""From where the store sent the pieces of an order: where they go back unless somebody says otherwise."""

from __future__ import annotations

from hub.connectors.fulfilments import Fulfilments


def sent_from(fulfilments: Fulfilments, order_external_id: str) -> dict[str, str]:
    """The location by order line, of what was sent; lines of which nothing was are left out."""
    found = fulfilments.read_fulfilments([order_external_id]).get(order_external_id)
    return {
        line: one.location_external_id
        for one in (found.fulfilments if found else ())
        for line, _ in one.lines
        if not one.is_cancelled and one.location_external_id
    }
