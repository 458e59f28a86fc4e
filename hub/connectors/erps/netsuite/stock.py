"""Stock by SuiteQL: what each location has of each item, what vendors owe, and which documents moved any of it.

`aggregateItemLocation` holds the numbers of an item's page by location. What open sales orders want is committed there
as far as there is any, and back-ordered beyond: both are promised. An order that waits for approval promises nothing,
and a line without a location nothing at any: those are added up beside, as promised in the warehouse "".
No published source lists SuiteQL's own columns; these are named as the record catalogue names its fields.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import ClassVar
from zoneinfo import ZoneInfo

from hub.connectors.documents import Page, PagePosition
from hub.connectors.erps.netsuite import suiteql
from hub.connectors.erps.netsuite.client import Client, Json
from hub.connectors.stock import CommitsFrom, Receipt, Stock, StockLevel, TouchedItems, soonest_first
from hub.errors import Unreachable

# Assemblies and lots lie in locations like anything else; kits have no stock of their own.
_KEPT = "i.itemtype IN ('InvtPart', 'Assembly')"
_DOCUMENTS = f"SELECT t.id, {suiteql.STAMP} AS stamp FROM transaction t WHERE t.id > 0"
# Pending receipt, partially received, and that with a bill already.
_COMING = frozenset("BDE")
_AFTER = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\|(\d+)")
_Place = tuple[str, str]


class NetSuiteStock(Stock):
    """The part Stock, played with a client."""

    stock_batch: ClassVar[int] = 300
    commits_from: ClassVar[CommitsFrom] = CommitsFrom.CONFIRMED
    stock_rows = suiteql.PAGE_ROWS

    client: Client
    zone: ZoneInfo

    def stocked_items(self, after: str | None) -> Page[str]:
        """By internal id, each page a query of its own: the 100,000 rows that a query shows are no limit."""
        rows = self.client.query(_items_after(int(after or 0)), operation="list items", limit=self.stock_rows)
        last = str(rows.items[-1]["id"]) if rows.has_more and rows.items else None
        return Page(tuple(str(row["code"]) for row in rows.items), last)

    def touched_items(self, since: PagePosition, after: str | None) -> Page[TouchedItems]:
        """Two queries a page: documents that changed, and the goods on their lines."""
        operation = "read documents that move goods"
        found = _AFTER.fullmatch(after) if after else None
        stamp = found[1] if found else suiteql.local_text(since.updated_at, self.zone)
        rows = self.client.query(
            suiteql.changed(_DOCUMENTS, stamp, found[2] if found else None),
            operation=operation,
            limit=self.stock_rows,
        )
        items = self._items_of([str(row["id"]) for row in rows.items])
        try:
            touched = [
                TouchedItems(
                    tuple(items[str(row["id"])]),
                    PagePosition(
                        suiteql.utc(str(row["stamp"]), self.zone, datetime.now(UTC)), str(row["id"])
                    ),
                )
                for row in rows.items
            ]
        except (KeyError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error
        last = rows.items[-1] if rows.has_more and rows.items else None
        return Page(tuple(touched), f"{last['stamp']}|{last['id']}" if last else None)

    def read_stock(self, item_numbers: Sequence[str]) -> list[StockLevel]:
        """Three queries, whatever they find: the vendors' open lines, what is promised without a location, and the
        locations' numbers. What gets its location between the last two is counted twice until the next reading."""
        operation = "read stock"
        if not item_numbers:
            return []
        coming = self._coming(item_numbers)
        nowhere = self.client.rows(_unplaced(item_numbers), operation="read what is promised nowhere")
        rows = self.client.rows(_levels(item_numbers), operation=operation)
        try:
            levels = [_level(row, coming) for row in rows if row.get("warehouse")]
            return levels + [_promised_nowhere(row) for row in nowhere]
        except (KeyError, ValueError, TypeError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error

    def _items_of(self, ids: Sequence[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        if ids:
            for row in self.client.rows(_goods_on(ids), operation="read goods of documents"):
                found[str(row["document"])].append(str(row["code"]))
        return found

    def _coming(self, item_numbers: Sequence[str]) -> dict[_Place, list[Receipt]]:
        operation = "read goods that vendors owe"
        found: dict[_Place, list[Receipt]] = defaultdict(list)
        try:
            for row in self.client.rows(_owed(item_numbers), operation=operation):
                left = _number(row, "quantity") - _number(row, "received")
                if row.get("status") in _COMING and left > 0:
                    due = date.fromisoformat(str(row["due"])) if row.get("due") else None
                    found[str(row["code"]), str(row.get("warehouse") or "")].append(Receipt(left, due))
        except (KeyError, ValueError, TypeError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error
        return found


def _items_after(item_id: int) -> str:
    return (
        f"SELECT i.id, i.itemid AS code FROM item i WHERE {_KEPT} AND i.isinactive = 'F' AND i.id > {item_id} "
        "ORDER BY i.id"
    )


def _goods_on(ids: Iterable[str]) -> str:
    return (
        "SELECT DISTINCT l.transaction AS document, i.itemid AS code FROM transactionline l "
        f"JOIN item i ON i.id = l.item WHERE l.transaction IN ({suiteql.numbers(ids)}) AND {_KEPT} "
        "ORDER BY l.transaction, i.itemid"
    )


def _levels(item_numbers: Iterable[str]) -> str:
    return (
        "SELECT i.itemid AS code, BUILTIN.DF(a.location) AS warehouse, a.quantityonhand, a.quantitycommitted, "
        "a.quantitybackordered, a.safetystocklevel, a.leadtime FROM aggregateitemlocation a "
        f"JOIN item i ON i.id = a.item WHERE {_KEPT} AND i.itemid IN ({suiteql.texts(item_numbers)}) "
        "ORDER BY i.id, a.location"
    )


def _owed(item_numbers: Iterable[str]) -> str:
    return (
        "SELECT l.uniquekey, i.itemid AS code, BUILTIN.DF(l.location) AS warehouse, l.quantity, "
        "l.quantityshiprecv AS received, t.status, TO_CHAR(l.expectedreceiptdate, 'YYYY-MM-DD') AS due "
        "FROM transactionline l JOIN transaction t ON t.id = l.transaction JOIN item i ON i.id = l.item "
        f"WHERE t.type = 'PurchOrd' AND l.isclosed = 'F' AND {_KEPT} "
        f"AND i.itemid IN ({suiteql.texts(item_numbers)}) ORDER BY l.expectedreceiptdate, t.id, l.id"
    )


def _unplaced(item_numbers: Iterable[str]) -> str:
    """What approved orders want on lines without a location. A sale's quantities are below zero."""
    return (
        "SELECT i.itemid AS code, SUM(-l.quantity - l.quantityshiprecv) AS wanted FROM transactionline l "
        "JOIN transaction t ON t.id = l.transaction JOIN transactionline m ON m.transaction = t.id "
        "JOIN item i ON i.id = l.item WHERE t.type = 'SalesOrd' AND t.status IN ('B', 'D', 'E') "
        "AND m.mainline = 'T' AND l.mainline = 'F' AND l.location IS NULL AND m.location IS NULL "
        f"AND l.isclosed = 'F' AND l.dropship = 'F' AND {_KEPT} AND i.itemid IN ({suiteql.texts(item_numbers)}) "
        "GROUP BY i.id, i.itemid ORDER BY i.id"
    )


def _promised_nowhere(row: Json) -> StockLevel:
    return StockLevel(str(row["code"]), "", Decimal(0), _number(row, "wanted"))


def _level(row: Json, coming: dict[_Place, list[Receipt]]) -> StockLevel:
    number, warehouse = str(row["code"]), str(row["warehouse"])
    lead = row.get("leadtime")
    receipts = coming.get((number, warehouse), [])
    return StockLevel(
        item_number=number,
        warehouse=warehouse,
        on_hand=_number(row, "quantityonhand"),
        committed=_number(row, "quantitycommitted") + _number(row, "quantitybackordered"),
        safety_stock=_number(row, "safetystocklevel"),
        receipts=soonest_first(receipts),
        lead_days=None if lead is None else int(Decimal(str(lead))),
    )


def _number(row: Json, name: str) -> Decimal:
    """A column without a value is left out of its row: nothing of it."""
    value = row.get(name)
    found = Decimal(0) if value is None else Decimal(str(value))
    if not found.is_finite():
        raise ValueError(f"{name} is {value!r}")
    return found
