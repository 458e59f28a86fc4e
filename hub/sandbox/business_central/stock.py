"""Stock: item ledger entries, what applies to what, and what is ordered of vendors.

After the base application: whatever moves goods posts an entry, and an entry that takes goods away is applied to the
oldest open ones that brought them to the same location. Their `Remaining Quantity` falls, so old entries change, too.
What lies in a location is the sum of its open entries. Below zero is allowed: an entry that finds nothing stays open,
and the next one that brings goods is applied to it (`Prevent Negative Inventory` is off). No variants, no lots.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

from hub.sandbox.business_central.entities import ENTITIES, NULL_DATE, NULL_GUID
from hub.sandbox.business_central.errors import not_valid
from hub.sandbox.business_central.state import State
from hub.sandbox.business_central.values import Record, blank
from hub.sandbox.stock_data import Data, due_in, quantity_in

ENTRIES, PURCHASES, PURCHASE_LINES = "itemLedgerEntries", "purchaseOrders", "purchaseOrderLines"
FIRST_PURCHASE, FIRST_RECEIPT, FIRST_ADJUSTMENT = 106001, 107001, 1
ADDED, TAKEN = "Positive_x0020_Adjmt_x002E_", "Negative_x0020_Adjmt_x002E_"
ONE, ZERO = Decimal(1), Decimal(0)


class Stock:
    """The item ledger of a company, and its purchase orders. Raises Refusal for what cannot be posted."""

    def __init__(self, state: State) -> None:
        self.state = state

    def move(
        self, line: Record, quantity: Decimal, location: str, *, kind: str, posted: tuple[str, str]
    ) -> None:
        """So many of a line's item in the line's unit come (above zero) or go, as a posted document says it.

        Lines of anything but an item that is kept in stock move nothing. `posted` is the document's type and number;
        the line's own location comes before `location`.
        """
        item = self.state["items"].records.get(line["itemId"]) if line["lineType"] == "Item" else None
        if item is None or item["type"] != "Inventory" or not quantity:
            return
        place = self.state["locations"].records.get(line["locationId"])
        unit = line["unitOfMeasureCode"]
        self._post(item, place["code"] if place else location, quantity, unit, kind, posted)

    def adjust(self, item: Record, location: str, quantity: Decimal) -> Record:
        """So many more, or fewer, in the base unit, by an item journal."""
        if not quantity:
            raise not_valid("Quantity must have a value in Item Journal Line.")
        number = self.state.next_number("itemJournal", FIRST_ADJUSTMENT, "T")
        posted = ("_x0020_", number)
        kind = ADDED if quantity > 0 else TAKEN
        return self._post(item, location, quantity, item["baseUnitOfMeasureCode"], kind, posted)

    def order(self, item: Record, location: Record, quantity: Decimal, due: date | None, unit: str) -> Record:
        """Order so many of a vendor, expected there on a day."""
        if quantity <= 0:
            raise not_valid("Quantity must be positive in Purchase Line.")
        per_unit(item, unit)
        number = self.state.next_number(PURCHASES, FIRST_PURCHASE, "")
        header = blank(ENTITIES[PURCHASES]) | {"id": self.state.new_id(PURCHASES, number), "number": number}
        today = _today()
        made = self.state.save(
            PURCHASES, header | {"orderDate": today, "postingDate": today, "status": "Open"}
        )
        line = blank(ENTITIES[PURCHASE_LINES]) | {
            "id": self.state.new_id(PURCHASE_LINES, f"{number}/10000"),
            "documentId": made["id"],
            "sequence": 10000,
            "lineType": "Item",
            "itemId": item["id"],
            "lineObjectNumber": item["number"],
            "description": item["displayName"],
            "unitOfMeasureCode": unit,
            "quantity": quantity,
            "expectedReceiptDate": due.isoformat() if due else NULL_DATE,
            "locationId": location["id"] if location else NULL_GUID,
        }
        self.state.save(PURCHASE_LINES, line)
        return made

    def receive(self, purchase: Record, quantity: Decimal | None) -> Record:
        """So many of what a vendor was asked for arrive, or all that is missing."""
        [line] = self.state[PURCHASE_LINES].having("documentId", purchase["id"])
        missing = line["quantity"] - line["receivedQuantity"]
        came = missing if quantity is None else quantity
        if not 0 < came <= missing:
            raise not_valid(f"You cannot receive more than {missing} units.")
        self.state.save(PURCHASE_LINES, line | {"receivedQuantity": line["receivedQuantity"] + came})
        number = self.state.next_number("purchaseReceipts", FIRST_RECEIPT, "")
        self.move(line, came, "", kind="Purchase", posted=("Purchase_x0020_Receipt", number))
        return self.state.save(PURCHASES, purchase | {"fullyReceived": came == missing})

    def _post(
        self, item: Record, location: str, quantity: Decimal, unit: str, kind: str, posted: tuple[str, str]
    ) -> Record:
        in_base = quantity * per_unit(item, unit)
        left = self._applied(item["number"], location, in_base)
        entry_number = int(self.state.next_number(ENTRIES, 1, ""))
        entry = blank(ENTITIES[ENTRIES]) | {
            "id": self.state.new_id(ENTRIES, str(entry_number)),
            "entryNumber": entry_number,
            "itemNumber": item["number"],
            "postingDate": _today(),
            "entryType": kind,
            "documentType": posted[0],
            "documentNumber": posted[1],
            "description": item["displayName"],
            "quantity": in_base,
            "_location": location,
            "_unit": unit,
            "_perUnit": per_unit(item, unit),
        }
        return self.state.save(ENTRIES, entry | _remaining(entry, left))

    def _applied(self, number: str, location: str, quantity: Decimal) -> Decimal:
        """What is left of a quantity once it was applied to open entries of the other sign, the oldest first."""
        others = self.state[ENTRIES].having("_open", _place(number, location, -quantity))
        for other in sorted(others, key=lambda entry: entry["entryNumber"]):
            if not quantity:
                break
            both = min(abs(quantity), abs(other["_remaining"])).copy_sign(quantity)
            self.state.save(ENTRIES, other | _remaining(other, other["_remaining"] + both))
            quantity -= both
        return quantity


def per_unit(item: Record, unit: str) -> Decimal:
    """How many of its base unit one unit of an item holds; units seeded without a number hold one. Raises Refusal."""
    units = item.get("_units", ())
    if unit == item["baseUnitOfMeasureCode"]:
        return ONE
    if unit not in units:
        raise not_valid(f"The Item Unit of Measure does not exist: Item No.='{item['number']}',Code='{unit}'")
    return Decimal(str(units[unit])) if isinstance(units, dict) else ONE


def _remaining(entry: Record, left: Decimal) -> Record:
    return {
        "_remaining": left,
        "_open": _place(entry["itemNumber"], entry["_location"], left) if left else "",
    }


def _place(number: str, location: str, quantity: Decimal) -> str:
    return f"{'+' if quantity > 0 else '-'}/{location}/{number}"


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _adjust(stock: Stock, data: Data) -> Data:
    """`quantity` more of `item` in `location`, or fewer where it is below zero, by an item journal."""
    item, location = _where(stock, data)
    entry = stock.adjust(item, location.get("code", ""), quantity_in(data))
    return {"id": entry["id"], "entryNumber": entry["entryNumber"]}


def _order(stock: Stock, data: Data) -> Data:
    """`quantity` of `item` for `location` from a vendor, in `unit` or the base unit, `due` on a day or none."""
    item, location = _where(stock, data)
    unit = str(data.get("unit", item["baseUnitOfMeasureCode"]))
    made = stock.order(item, location, quantity_in(data), due_in(data), unit)
    return {"id": made["id"], "number": made["number"]}


def _receive(stock: Stock, data: Data) -> Data:
    """Of the purchase order `id` all that is missing, or `quantity`."""
    found = stock.state[PURCHASES].records.get(str(data.get("id", "")))
    if found is None:
        raise ValueError(f"there is no purchase order {data.get('id')!r}")
    received = stock.receive(found, quantity_in(data) if "quantity" in data else None)
    return {"id": received["id"], "number": received["number"]}


STOCK_ACTIONS: dict[str, Callable[[Stock, Data], Data]] = {
    "adjust_stock": _adjust,
    "order_goods": _order,
    "receive_goods": _receive,
}


def _where(stock: Stock, data: Data) -> tuple[Record, Record]:
    """The item `item`, and the location `location`: an empty record for the blank one."""
    item = stock.state["items"].one("number", str(data.get("item", "")).upper())
    if item is None or item["type"] != "Inventory":
        raise ValueError(f"no inventory item is called {data.get('item')!r}")
    code = str(data.get("location", "")).upper()
    location = stock.state["locations"].one("code", code) if code else {}
    if location is None:
        raise ValueError(f"there is no location {code!r}")
    return item, location
