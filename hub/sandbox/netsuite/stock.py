"""Stock: what people adjust, order of vendors and receive, and what each item has in each location.

Field names are those of the published record schemas inventoryAdjustment, purchaseOrder and itemReceipt (release
2020.2) and of the `locations` element of inventoryItem (2026.1); of each only what stock needs is kept. What lies where
is not a number of its own: it is the sum of what all documents moved there, as in NetSuite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.orders import ORDER
from hub.sandbox.netsuite.state import Record, State
from hub.sandbox.stock_data import Data, due_in, quantity_in

ADJUSTMENT, PURCHASE, RECEIPT, SETTINGS = (
    "inventoryAdjustment",
    "purchaseOrder",
    "itemReceipt",
    "itemLocation",
)
PENDING_RECEIPT, PARTLY_RECEIVED, RECEIVED = "B", "D", "F"
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Stock:
    """The stock of an account. Raises Refusal, or ValueError for what nobody could enter."""

    state: State
    zone: ZoneInfo

    def adjust(self, item: str, location: str, quantity: Decimal) -> Record:
        """So many more, or fewer, of an item in a location."""
        if not quantity:
            raise errors.missing("Adjust Qty. By", "inventory.items[0].adjustQtyBy")
        entry = {"line": 1, "item": item, "location": location, "quantity": quantity}
        return self._save(ADJUSTMENT, "adjustmentNumber", "IA", {"item": [entry], "status": ""})

    def order(self, item: str, location: str, quantity: Decimal, due: date | None) -> Record:
        """Order so many of a vendor, expected there on a day."""
        if quantity <= 0:
            raise errors.invalid_value(quantity, "quantity", "item.items[0].quantity")
        entry = {
            "line": 1,
            "item": item,
            "location": location,
            "quantity": quantity,
            "quantityReceived": ZERO,
            "expectedReceiptDate": due.isoformat() if due else None,
        }
        return self._save(PURCHASE, "purchaseNumber", "PO", {"item": [entry], "status": PENDING_RECEIPT})

    def receive(self, purchase: Record, quantity: Decimal | None) -> Record:
        """So many of what a vendor was asked for arrive, or all that is missing."""
        [entry] = purchase["item"]
        missing = entry["quantity"] - entry["quantityReceived"]
        came = missing if quantity is None else quantity
        if not 0 < came <= missing:
            raise errors.invalid_value(came, "quantity", "item.items[0].quantity")
        received = entry | {"quantityReceived": entry["quantityReceived"] + came}
        status = RECEIVED if came == missing else PARTLY_RECEIVED
        self.state.save(PURCHASE, purchase | {"item": [received], "status": status})
        return self.arrive(purchase["id"], [entry | {"quantity": came}])

    def arrive(self, source: str, entries: list[Record]) -> Record:
        """An item receipt: these items lie in these locations now. What has no location lies nowhere."""
        kept = [entry for entry in entries if entry.get("location")]
        return self._save(RECEIPT, "receiptNumber", "IR", {"item": kept, "status": "", "createdFrom": source})

    def set_up(self, item: str, location: str, given: Mapping[str, Any]) -> Record:
        """What an item's page says of a location: safetyStockLevel, leadTime in days."""
        number = int(item) * 1000 + int(location)
        before = self.state[SETTINGS].by_id.get(str(number), {})
        return self.state.save(
            SETTINGS, {**before, "id": str(number), "item": item, "location": location, **given}
        )

    def _save(self, record_type: str, counter: str, prefix: str, record: Record) -> Record:
        number = self.state.new_id(counter)
        own = {
            "id": self.state.new_id(ORDER),
            "tranId": f"{prefix}{number}",
            "tranDate": datetime.now(self.zone).date().isoformat(),
        }
        return self.state.save(record_type, record | own)


def stock_of(state: State, options: Mapping[str, Any]) -> Stock:
    """The stock of an account with these options."""
    return Stock(state, ZoneInfo(options["timezone"]))


def came(before: Record, after: Record) -> list[Record]:
    """What of each line of a return came with a receipt, to the place of its line or of the whole."""
    known = {line["line"]: line["quantityFulfilled"] for line in before["item"]}
    return [
        line | {"quantity": quantity, "location": line.get("location") or after.get("location")}
        for line in after["item"]
        if (quantity := line["quantityFulfilled"] - known[line["line"]])
    ]


def _adjust(stock: Stock, data: Data) -> Data:
    """`quantity` more of `item` in `location`, or fewer where it is below zero."""
    return _told(stock.adjust(*_where(stock, data), quantity_in(data)))


def _order(stock: Stock, data: Data) -> Data:
    """`quantity` of `item` for `location` from a vendor, `due` on a day or none."""
    return _told(stock.order(*_where(stock, data), quantity_in(data), due_in(data)))


def _receive(stock: Stock, data: Data) -> Data:
    """Of the purchase order `id` all that is missing, or `quantity`."""
    found = stock.state[PURCHASE].by_id.get(str(data.get("id", "")))
    if found is None:
        raise ValueError(f"there is no purchase order {data.get('id')!r}")
    return _told(stock.receive(found, quantity_in(data) if "quantity" in data else None))


def _set_up(stock: Stock, data: Data) -> Data:
    """`safetyStockLevel` and `leadTime` (days) of `item` in `location`."""
    given: Record = {}
    for name in ("safetyStockLevel", "leadTime"):
        if name in data:
            given[name] = Decimal(str(data[name]))
    return {"id": stock.set_up(*_where(stock, data), given)["id"]}


STOCK_ACTIONS: dict[str, Callable[[Stock, Data], Data]] = {
    "adjust_stock": _adjust,
    "order_goods": _order,
    "receive_goods": _receive,
    "set_item_location": _set_up,
}


def _where(stock: Stock, data: Data) -> tuple[str, str]:
    item = stock.state["item"].named(str(data.get("item", "")))
    if item is None or item["itemType"] != "InvtPart":
        raise ValueError(f"no inventory item is called {data.get('item')!r}")
    location = stock.state["location"].named(str(data.get("location", "")))
    if location is None:
        raise ValueError(f"there is no location {data.get('location')!r}")
    return item["id"], location["id"]


def _told(record: Record) -> Data:
    return {"id": record["id"], "tranId": record["tranId"]}
