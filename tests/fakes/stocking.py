"""An ERP in memory that has very many items, each with some stock in one warehouse."""

from __future__ import annotations

from decimal import Decimal

from hub.connectors.documents import Page
from hub.connectors.stock import CommitsFrom, Stock, StockLevel
from tests.fakes.silent import SilentErp


class StockingErp(SilentErp, Stock):
    """It has as many `items` as its settings say, and lists `page` of them at a time."""

    label = "Stocking"
    stock_batch = 5_000
    commits_from = CommitsFrom.CREATED
    page = 5_000

    def stocked_items(self, after):
        first, count = int(after or 0), int(self.config["items"])
        end = min(first + self.page, count)
        return Page(tuple(f"N-{n:06}" for n in range(first, end)), str(end) if end < count else None)

    def touched_items(self, since, after):
        return Page((), None)

    def read_stock(self, item_numbers):
        return [StockLevel(number, "Main", Decimal(int(number[2:]))) for number in item_numbers]
