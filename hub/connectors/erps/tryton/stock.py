"""Stock by moves: what each warehouse holds, what of it customers are promised, and what is to come.

On hand is what a product's `quantity` says of a warehouse today, what waits in its output zone included: it leaves, and
is promised no more, when its shipment is done. Promised are the moves to customers that were not done, which a sale
makes when it is processed: drafts, quotations and confirmed sales promise nothing yet. Quantities are in the product's
default unit.

What was deleted (an amendment deletes the moves of a sale and makes others) is not told as touched; the moves that it
makes are.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import ClassVar

from hub.connectors.base import CallKind
from hub.connectors.documents import Page, PagePosition
from hub.connectors.erps.tryton.client import Client
from hub.connectors.erps.tryton.records import id_of, text_at
from hub.connectors.erps.tryton.wire import Json, moment
from hub.connectors.stock import CommitsFrom, Receipt, Stock, StockLevel, TouchedItems, soonest_first
from hub.errors import Unreachable

PRODUCT, MOVE, LOCATION = "product.product", "stock.move", "stock.location"
PAGE_SIZE = 500
QUANTITY_PLACES = 6
_OPEN = ["state", "in", ["draft", "assigned"]]
_KEPT = [["type", "=", "goods"], ["consumable", "=", False]]
_OLDEST_FIRST = [["last_modified_at", "ASC"], ["id", "ASC"]]
_AFTER = re.compile(r"(\S+)\|(\d+)")
_Place = tuple[int, int]
"""A product and a warehouse."""


@dataclass(frozen=True, slots=True)
class _Locations:
    """The warehouses' names, and what every location lies in, by id."""

    warehouses: Mapping[int, str]
    parents: Mapping[int, int]

    def place(self, move: Json, end: str) -> _Place | None:
        """The product of a move and the warehouse at one end of it; None where that end lies in none."""
        location, product = move[end], move["product"]
        while isinstance(location, int) and location not in self.warehouses:
            location = self.parents.get(location)
        return (product, location) if isinstance(product, int) and isinstance(location, int) else None


class TrytonStock(Stock):
    """The part Stock, played with a client."""

    stock_batch: ClassVar[int] = 200
    commits_from: ClassVar[CommitsFrom] = CommitsFrom.CONFIRMED
    stock_rows = PAGE_SIZE

    client: Client

    def stocked_items(self, after: str | None) -> Page[str]:
        """Goods that have a code and are no consumables, by id."""
        domain = [*_KEPT, ["code", "!=", None], ["id", ">", int(after or 0)]]
        rows = self.client.records(
            PRODUCT, domain, ["code"], operation="list items", limit=self.stock_rows, order=[["id", "ASC"]]
        )
        codes = tuple(dict.fromkeys(text_at(row, "code") for row in rows))
        return Page(codes, str(id_of(rows[-1])) if len(rows) == self.stock_rows else None)

    def touched_items(self, since: PagePosition, after: str | None) -> Page[TouchedItems]:
        """Moves by stamp, then id; `after` is those of the page's last one. Stamps are of a transaction's start."""
        operation = "read moves"
        rows = self.client.records(
            MOVE,
            _changed_since(since, after),
            ["product.code", "last_modified_at"],
            operation=operation,
            limit=self.stock_rows,
            order=_OLDEST_FIRST,
        )
        try:
            touched = [
                TouchedItems(
                    (code,) if (code := text_at(row, "product.code")) else (),
                    PagePosition(_stamp(row), str(id_of(row))),
                )
                for row in rows
            ]
            last = touched[-1].position if len(rows) == self.stock_rows else None
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error
        return Page(tuple(touched), f"{last.updated_at.isoformat()}|{last.external_id}" if last else None)

    def read_stock(self, item_numbers: Sequence[str]) -> list[StockLevel]:
        """Four requests and one for each warehouse, however many items a batch has.

        A code that several active products have is left out: nobody can say which of them a store sells.
        """
        operation = "read stock"
        products = self.client.records(
            PRODUCT,
            [*_KEPT, ["code", "in", list(item_numbers)]],
            ["code", "default_uom.symbol"],
            operation=operation,
        )
        if not products:
            return []
        try:
            shared = Counter(text_at(row, "code") for row in products)
            products = [row for row in products if shared[text_at(row, "code")] == 1]
            codes = {id_of(row): text_at(row, "code") for row in products}
            units = {id_of(row): text_at(row, "default_uom.symbol") for row in products}
            locations = self._locations(operation)
            on_hand = self._on_hand(codes, locations.warehouses, operation)
            promised = self._promised(codes, locations, operation)
            coming = self._coming(codes, locations, operation)
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error
        places = sorted({*on_hand, *promised, *coming})
        return [
            StockLevel(
                item_number=codes[product],
                warehouse=locations.warehouses[warehouse],
                on_hand=on_hand.get((product, warehouse), Decimal(0)),
                committed=promised.get((product, warehouse), Decimal(0)),
                unit=units[product],
                receipts=soonest_first(coming.get((product, warehouse), ())),
            )
            for product, warehouse in places
        ]

    def _locations(self, operation: str) -> _Locations:
        rows = self.client.records(LOCATION, [], ["type", "code", "name", "parent"], operation=operation)
        return _Locations(
            # What shipments call them.
            {
                id_of(row): text_at(row, "code") or text_at(row, "name")
                for row in rows
                if row["type"] == "warehouse"
            },
            {id_of(row): parent for row in rows if isinstance(parent := row["parent"], int)},
        )

    def _on_hand(
        self, products: Mapping[int, str], warehouses: Iterable[int], operation: str
    ) -> dict[_Place, Decimal]:
        found: dict[_Place, Decimal] = {}
        for warehouse in warehouses:
            rows = self.client.call(
                CallKind.READ,
                f"model.{PRODUCT}.read",
                sorted(products),
                ["quantity"],
                operation=operation,
                place={"locations": [warehouse], "with_childs": True},
            )
            if not isinstance(rows, list):
                raise TypeError(f"quantities are {rows!r}")
            for row in rows:
                if quantity := _quantity(row["quantity"]):
                    found[id_of(row), warehouse] = quantity
        return found

    def _promised(
        self, products: Iterable[int], locations: _Locations, operation: str
    ) -> dict[_Place, Decimal]:
        """Moves to customers, by the warehouse that they leave; those of drop shipments leave none."""
        found: dict[_Place, Decimal] = defaultdict(Decimal)
        for row in self._moves(products, ["to_location.type", "=", "customer"], operation):
            if place := locations.place(row, "from_location"):
                found[place] += _quantity(row["internal_quantity"])
        return found

    def _coming(
        self, products: Iterable[int], locations: _Locations, operation: str
    ) -> dict[_Place, list[Receipt]]:
        """Moves from suppliers and from production, by the warehouse that they come to."""
        found: dict[_Place, list[Receipt]] = defaultdict(list)
        sources = ["from_location.type", "in", ["supplier", "production"]]
        for row in self._moves(products, sources, operation):
            if place := locations.place(row, "to_location"):
                due = row.get("planned_date")
                quantity = _quantity(row["internal_quantity"])
                found[place].append(Receipt(quantity, due if isinstance(due, date) else None))
        return found

    def _moves(self, products: Iterable[int], domain: Sequence[object], operation: str) -> list[Json]:
        fields = ["product", "internal_quantity", "planned_date", "from_location", "to_location"]
        return self.client.records(
            MOVE, [["product", "in", sorted(products)], _OPEN, domain], fields, operation=operation
        )


def _changed_since(since: PagePosition, after: str | None) -> list[object]:
    found = _AFTER.fullmatch(after) if after else None
    if found is None:
        return [["last_modified_at", ">=", moment(since.updated_at)]]
    stamp = moment(datetime.fromisoformat(found[1]).astimezone(UTC))
    same = [["last_modified_at", "=", stamp], ["id", ">", int(found[2])]]
    return ["OR", ["last_modified_at", ">", stamp], same]


def _stamp(row: Json) -> datetime:
    found = row["last_modified_at"]
    if not isinstance(found, datetime):
        raise TypeError(f"last_modified_at is {found!r}")
    return found


def _quantity(value: object) -> Decimal:
    """A float there: no more digits than a quantity has here."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError(f"quantity is {value!r}, not a number")
    return round(Decimal(str(value)), QUANTITY_PLACES).normalize() + 0
