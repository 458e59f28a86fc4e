"""Item fulfillments of sales orders: picked, packed, shipped, changed and deleted by people.

With Pick, Pack and Ship a fulfillment is picked (A), packed (B) or shipped (C). What is picked or packed cannot be
fulfilled again; the order counts what was shipped. One that is deleted gives everything back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.orders import ORDER, STATUSES
from hub.sandbox.netsuite.state import Record, State
from hub.sandbox.netsuite.stock_rows import is_drop_shipped

FULFILLMENT = "itemFulfillment"
PICKED, PACKED, SHIPPED = "A", "B", "C"
SHIP_STATUSES = {"A": "Picked", "B": "Packed", "C": "Shipped"}
_DATES = {"A": "pickedDate", "B": "packedDate", "C": "shippedDate"}
_OPEN = frozenset("BDE")
_GOODS = frozenset(("InvtPart", "NonInvtPart"))
ZERO = Decimal(0)


class Fulfillments:
    """The fulfillments of an account. Raises Refusal."""

    def __init__(self, state: State, options: dict[str, Any]) -> None:
        self.state = state
        self.zone = ZoneInfo(options["timezone"])

    def create(
        self,
        order: Record,
        lines: Sequence[Mapping[str, Any]] | None,
        *,
        status: str,
        packages: Sequence[str] = (),
        location: str = "",
        carrier: str = "",
    ) -> Record:
        """Fulfill these lines [{line, quantity, location, serialNumbers}], or all that is left."""
        if order["status"] not in _OPEN:
            raise errors.user_error(f"A transaction that is {STATUSES[order['status']]} cannot be fulfilled.")
        left = self._left(order)
        wanted = lines if lines is not None else [{"line": n, "quantity": q} for n, q in left.items() if q]
        if not wanted:
            raise errors.user_error(
                "You must have at least one valid line item for this transaction.", "item"
            )
        by_number = {line["line"]: line for line in order["item"]}
        entries = [
            self._entry(place, by_number.get(each["line"]), each, left, location)
            for place, each in enumerate(wanted, start=1)
        ]
        number = self.state.new_id("fulfillmentNumber")
        fulfillment = {
            # All transactions of an account count in one series.
            "id": self.state.new_id(ORDER),
            "tranId": f"IF{number}",
            "transactionNumber": f"ITEMSHIP{number}",
            "tranDate": self._today(),
            "createdFrom": order["id"],
            "orderId": int(order["id"]),
            "orderType": "SalesOrd",
            "entity": order["entity"],
            "subsidiary": order["subsidiary"],
            "location": location or None,
            "shipMethod": order.get("shipMethod"),
            "shipCarrier": carrier or None,
            "shippingAddress": order.get("shippingAddress") or None,
            "item": entries,
            "package": _packages(packages),
        }
        kept = self.state.save(FULFILLMENT, fulfillment | self._status(status))
        self._count(order["id"])
        return kept

    def change(
        self, fulfillment: Record, *, status: str = "", packages: Sequence[str] | None = None
    ) -> Record:
        """Another status, other parcels."""
        changed = dict(fulfillment)
        if status:
            changed |= self._status(status)
        if packages is not None:
            changed["package"] = _packages(packages)
        kept = self.state.save(FULFILLMENT, changed)
        self._count(kept["createdFrom"])
        return kept

    def delete(self, fulfillment: Record) -> None:
        """As if it had never been; what was billed stays."""
        order = self.state[ORDER].by_id[fulfillment["createdFrom"]]
        if any(line["quantityBilled"] for line in order["item"]):
            raise errors.user_error("This record cannot be deleted because it has dependent records.")
        self.state.remove(FULFILLMENT, fulfillment["id"])
        self._count(order["id"])

    def of(self, order_id: str) -> list[Record]:
        """The fulfillments of an order."""
        return [each for each in self.state[FULFILLMENT].by_id.values() if each["createdFrom"] == order_id]

    def can_go_on(self, order: Record) -> bool:
        """Whether there is anything left to fulfill, and the order may be."""
        order = self.state[ORDER].by_id[order["id"]]
        return order["status"] in _OPEN and any(self._left(order).values())

    def _left(self, order: Record) -> dict[int, Decimal]:
        """What of each line of goods nobody has picked yet."""
        done = _sums(self.of(order["id"]))
        return {
            line["line"]: line["quantity"] - done.get(line["line"], ZERO)
            for line in order["item"]
            if line["itemType"] in _GOODS and not line["isClosed"]
        }

    def _entry(
        self,
        place: int,
        line: Record | None,
        given: Mapping[str, Any],
        left: Mapping[int, Decimal],
        location: str,
    ) -> Record:
        quantity = Decimal(given["quantity"])
        if line is None or quantity <= 0 or quantity > left.get(line["line"], ZERO):
            raise errors.invalid_value(given["quantity"], "quantity", f"item.items[{place - 1}].quantity")
        return {
            "line": place,
            "orderLine": line["line"],
            "orderDoc": None,
            "itemReceive": True,
            "quantity": quantity,
            "item": line["item"],
            "itemName": self.state.name_of("item", line["item"]),
            "itemType": line["itemType"],
            "description": line["description"],
            "units": line.get("units"),
            "location": None if is_drop_shipped(line) else given.get("location") or location or None,
            "serialNumbers": given.get("serialNumbers"),
        }

    def _status(self, status: str) -> Record:
        if status not in SHIP_STATUSES:
            raise errors.invalid_value(status, "shipStatus", "shipStatus")
        return {"shipStatus": status, "status": status, _DATES[status]: self._today()}

    def _count(self, order_id: str) -> None:
        """What was shipped of each line of the order, and what the order is called for it."""
        order = self.state[ORDER].by_id[order_id]
        known = self.of(order_id)
        counts = {
            "quantityPicked": _sums(known),
            "quantityPacked": _sums(each for each in known if each["shipStatus"] != PICKED),
            "quantityFulfilled": _sums(each for each in known if each["shipStatus"] == SHIPPED),
        }
        lines = [
            line | {name: done.get(line["line"], ZERO) for name, done in counts.items()}
            for line in order["item"]
        ]
        goods = [line for line in lines if line["itemType"] in _GOODS and not line["isClosed"]]
        is_billed = any(line["quantityBilled"] for line in lines)
        status = "B"
        if any(line["quantityFulfilled"] for line in goods):
            is_whole = all(line["quantityFulfilled"] >= line["quantity"] for line in goods)
            status = "F" if is_whole else "E" if is_billed else "D"
        self.state.save(ORDER, order | {"item": lines, "status": status})

    def _today(self) -> str:
        return datetime.now(self.zone).date().isoformat()


def _packages(numbers: Sequence[str]) -> list[Record]:
    return [
        {"packageTrackingNumber": number, "packageWeight": Decimal(1), "packageCartonNumber": str(place)}
        for place, number in enumerate(numbers, start=1)
    ]


def _sums(fulfillments: Iterable[Record]) -> dict[int, Decimal]:
    sums: dict[int, Decimal] = {}
    for fulfillment in fulfillments:
        for entry in fulfillment["item"]:
            sums[entry["orderLine"]] = sums.get(entry["orderLine"], ZERO) + entry["quantity"]
    return sums
