"""Following an ERP's stock to the end, in tests."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.connectors.base import Connector
from hub.connectors.documents import PagePosition
from hub.connectors.stock import Stock, TouchedItems

LONG_AGO = PagePosition(datetime(2020, 1, 1, tzinfo=UTC), "")


def touched(connector: Connector, since: PagePosition = LONG_AGO) -> list[TouchedItems]:
    """Everything that moved goods since, page after page."""
    found: list[TouchedItems] = []
    after = None
    while True:
        page = connector.supporting(Stock).touched_items(since, after)
        found += page.items
        after = page.after
        if after is None:
            return found
