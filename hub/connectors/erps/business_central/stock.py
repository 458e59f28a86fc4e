"""Stock by location: what lies there by the item ledger, what open sales orders want, what vendors owe.

API v2.0 has one number for the whole company. What lies where stands on page 38 (Item Ledger Entries), which an
administrator publishes as an OData web service and names on the connection's page: on hand is the sum of
`Remaining_Quantity` over an item's open entries, all variants together. No page of the vendor's promises `$apply`
there, so entries are read and added up here. Promised is what sales orders want that did not ship, whatever their
status, as Business Central itself counts it (Qty. on Sales Order); to come is what purchase orders want that was not
received.

Orders are in whatever unit their lines say; page 5404 (Item Units of Measure) tells how many of an item's base unit
that is. It is asked only where a line has another unit.

A shipment applies its entry to older ones and changes them, so counting entries up does not tell every move. The API's
own `itemLedgerEntries` carry the time of their last change, and say which items moved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from hub.connectors.documents import Page, PagePosition
from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central.client import Client, Json
from hub.connectors.erps.business_central.code_names import CodeNames
from hub.connectors.erps.business_central.published_pages import PublishedPage
from hub.connectors.erps.business_central.rows import amount_of, day, instant, required, text_of
from hub.connectors.erps.business_central.text import units
from hub.connectors.stock import CommitsFrom, Receipt, Stock, StockLevel, TouchedItems, soonest_first
from hub.errors import RecordRejected, Unreachable

STOCK_SETTING, UNITS_SETTING = "stock_page", "units_page"
PAGE_SIZE = 500
# Items have a Code[20]: what is longer is no number of one.
_LONGEST_NUMBER = 20
_KEPT, _GOODS = "Inventory", "Item"
LEDGER = PublishedPage(
    number=38,
    caption="Item Ledger Entries",
    columns=("Item_No", "Location_Code", "Remaining_Quantity", "Open"),
    records="Item Ledger Entry",
    setting="Stock page",
)
UNITS = PublishedPage(
    number=5404,
    caption="Item Units of Measure",
    columns=("Item_No", "Code", "Qty_per_Unit_of_Measure"),
    records="Item Unit of Measure",
    setting="Units page",
)
_Place = tuple[str, str]
"""An item's number and a location's code."""


@dataclass(frozen=True, slots=True)
class _Book:
    """Documents whose lines promise goods or announce them; `done` is what of a line was sent or received."""

    entity: str
    lines: str
    done: str = ""


_SALES = _Book("salesOrders", "salesOrderLines", "shippedQuantity")
_PURCHASES = _Book("purchaseOrders", "purchaseOrderLines", "receivedQuantity")
_ENTRIES = _Book("itemLedgerEntries", "")


@dataclass(frozen=True, slots=True)
class _OpenLine:
    """What is left of a line, in the line's unit."""

    place: _Place
    quantity: Decimal
    unit: str
    due: date | None


@dataclass(frozen=True, slots=True)
class _Moves:
    """What of one book changed, oldest first; `until` is the change behind the last of these, None at the end."""

    touched: list[TouchedItems]
    until: datetime | None


class BusinessCentralStock(Stock):
    """The part Stock, played with a client."""

    stock_batch: ClassVar[int] = 300
    commits_from: ClassVar[CommitsFrom] = CommitsFrom.CREATED
    stock_rows = PAGE_SIZE

    client: Client
    location_names: CodeNames
    stock_page: str
    """The name of the OData web service of page 38; empty where none is named."""
    units_page: str
    """That of page 5404."""

    def stocked_items(self, after: str | None) -> Page[str]:
        """Items of type Inventory that are not blocked, by number; `after` is Business Central's own next page."""
        kept = f"type eq '{_KEPT}' and blocked eq false"
        path = odata.query("items", {"$filter": kept, "$orderby": "number", "$select": "number"})
        page = self.client.page(after or path, operation="list items", page_size=self.stock_rows)
        return Page(tuple(number for row in page.items if (number := text_of(row, "number"))), page.next_link)

    def touched_items(self, since: PagePosition, after: str | None) -> Page[TouchedItems]:
        """Three requests a page: sales orders, purchase orders and ledger entries that changed, put into one order.

        Each is read from the same moment on, and shown up to the first change that one of them did not tell yet;
        `after` is that moment. Changes of one moment come together, however many they are.
        """
        operation = "read documents that move goods"
        start = after or odata.moment(since.updated_at)
        try:
            moves = [self._moves(book, start, operation) for book in (_SALES, _PURCHASES, _ENTRIES)]
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error
        cut = min((odata.moment(one.until) for one in moves if one.until), default=None)
        touched = [
            each
            for one in moves
            for each in one.touched
            if cut is None or odata.moment(each.position.updated_at) < cut
        ]
        touched.sort(key=lambda each: (each.position.updated_at, each.position.external_id))
        return Page(tuple(touched), cut)

    def read_stock(self, item_numbers: Sequence[str]) -> list[StockLevel]:
        """Some requests by 100 items, and the open sales and purchase orders, 500 with their lines a request.

        What is promised is read before what lies there, and what is to come after it: goods that move meanwhile are
        missing rather than counted twice. Lines and entries without a location are those of the location "".
        Raises RecordRejected where a page is needed that is not published.
        """
        operation = "read stock"
        if not self.stock_page:
            raise RecordRejected(
                f"{operation}: no page is named that tells stock by location. {LEDGER.advice('ItemLedgerEntries')}"
            )
        try:
            base_units = self._base_units(item_numbers, operation)
            if not base_units:
                return []
            wanted = list(self._open_lines(_SALES, base_units, operation))
            on_hand = self._on_hand(base_units, operation)
            owed = list(self._open_lines(_PURCHASES, base_units, operation))
            per_unit = self._per_unit([*wanted, *owed], base_units, operation)
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error
        committed: dict[_Place, Decimal] = defaultdict(Decimal)
        for line in wanted:
            committed[line.place] += line.quantity * per_unit[line.place[0], line.unit]
        coming: dict[_Place, list[Receipt]] = defaultdict(list)
        for line in owed:
            quantity = line.quantity * per_unit[line.place[0], line.unit]
            coming[line.place].append(Receipt(quantity, line.due))
        return [
            StockLevel(
                item_number=place[0],
                warehouse=place[1],
                on_hand=on_hand.get(place, Decimal(0)),
                committed=committed.get(place, Decimal(0)),
                unit=base_units[place[0]],
                receipts=soonest_first(coming.get(place, ())),
            )
            for place in sorted({*on_hand, *committed, *coming})
        ]

    def check_stock_page(self) -> None:
        """Read one row of the published page, with every column that is asked for; raises as `read_stock` would."""
        LEDGER.rows(self.client, self.stock_page, {"$top": "1"}, "read the stock page")

    def check_units_page(self) -> None:
        """As `check_stock_page`, for the page of units."""
        UNITS.rows(self.client, self.units_page, {"$top": "1"}, "read the units page")

    def _base_units(self, item_numbers: Iterable[str], operation: str) -> dict[str, str]:
        """The base unit of each item that is there and kept in stock, by number."""
        numbers = [n for n in dict.fromkeys(item_numbers) if n.strip() and units(n) <= _LONGEST_NUMBER]
        found: dict[str, str] = {}
        for chain in odata.any_of(f"number eq {odata.literal(n)}" for n in numbers):
            path = odata.query("items", {"$filter": chain, "$select": "number,type,baseUnitOfMeasureCode"})
            for row in self.client.items(path, operation=operation):
                if odata.enum_word(required(row, "type")) == _KEPT:
                    found[required(row, "number")] = text_of(row, "baseUnitOfMeasureCode")
        return found

    def _on_hand(self, items: Mapping[str, str], operation: str) -> dict[_Place, Decimal]:
        found: dict[_Place, Decimal] = defaultdict(Decimal)
        for chain in odata.any_of(f"Item_No eq {odata.literal(number)}" for number in items):
            wanted = {"$filter": f"Open eq true and ({chain})"}
            for row in LEDGER.rows(self.client, self.stock_page, wanted, operation):
                place = (required(row, "Item_No"), text_of(row, "Location_Code"))
                found[place] += amount_of(row, "Remaining_Quantity")
        return found

    def _open_lines(self, book: _Book, items: Mapping[str, str], operation: str) -> Iterator[_OpenLine]:
        """What is left of the lines of these items. Lines are not served but with their order."""
        path = odata.query(book.entity, {"$select": "id", "$expand": book.lines})
        for row in self.client.items(path, operation=operation, page_size=self.stock_rows):
            for line in self._item_lines(row, book, operation):
                number = required(line, "lineObjectNumber")
                left = amount_of(line, "quantity") - amount_of(line, book.done)
                if number in items and left > 0:
                    place = (number, self.location_names.code_of(line.get("locationId")))
                    unit = text_of(line, "unitOfMeasureCode") or items[number]
                    yield _OpenLine(place, left, unit, day(line, "expectedReceiptDate"))

    def _item_lines(self, row: Json, book: _Book, operation: str) -> list[Json]:
        lines = self.client.lines_of(row, book.lines, operation=operation)
        return [line for line in lines if odata.enum_word(required(line, "lineType")) == _GOODS]

    def _per_unit(
        self, lines: Sequence[_OpenLine], base_units: Mapping[str, str], operation: str
    ) -> dict[tuple[str, str], Decimal]:
        """How many of its base unit an item has in a unit, for the units of these lines."""
        found = {(number, unit): Decimal(1) for number, unit in base_units.items()}
        other = {key: None for line in lines if (key := (line.place[0], line.unit)) not in found}
        if not other:
            return found
        number, unit = next(iter(other))
        if not self.units_page:
            raise RecordRejected(
                f"{operation}: open orders hold item {number} in {unit}, and nothing tells how many "
                f"{base_units[number]} that is. {UNITS.advice('ItemUnitsOfMeasure')}",
                evidence={"item": number, "unit": unit},
            )
        for chain in odata.any_of(
            f"Item_No eq {odata.literal(n)}" for n in dict.fromkeys(n for n, _ in other)
        ):
            for row in UNITS.rows(self.client, self.units_page, {"$filter": chain}, operation):
                quantity = amount_of(row, "Qty_per_Unit_of_Measure")
                found[required(row, "Item_No"), required(row, "Code")] = quantity
        for number, unit in other:
            if (number, unit) not in found:
                raise RecordRejected(
                    f"{operation}: open orders hold item {number} in {unit}, which is none of its units any more. "
                    "Correct the unit on these orders, or add it to the item in Business Central.",
                    evidence={"item": number, "unit": unit},
                )
        return found

    def _moves(self, book: _Book, start: str, operation: str) -> _Moves:
        """`stock_rows` records from a moment on, or as many as changed in that moment if they are more."""
        options = {
            "$filter": f"lastModifiedDateTime ge {start}",
            "$orderby": "lastModifiedDateTime,id",
            "$select": "id,lastModifiedDateTime" if book.lines else "id,itemNumber,lastModifiedDateTime",
            "$expand": book.lines,
        }
        touched: list[TouchedItems] = []
        path = odata.query(book.entity, options)
        for row in self.client.items(path, operation=operation, page_size=self.stock_rows + 1):
            stamp = instant(row, "lastModifiedDateTime")
            if len(touched) >= self.stock_rows and odata.moment(stamp) > start:
                return _Moves(touched, stamp)
            items = (
                [required(line, "lineObjectNumber") for line in self._item_lines(row, book, operation)]
                if book.lines
                else [required(row, "itemNumber")]
            )
            position = PagePosition(stamp, required(row, "id"))
            touched.append(TouchedItems(tuple(dict.fromkeys(items)), position))
        return _Moves(touched, None)
