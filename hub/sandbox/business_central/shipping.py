"""Posting shipments of sales orders, undoing them, and correcting how they travel.

After the base application: a posted shipment is of one order and its lines keep the sequence of the order's lines.
Undoing adds a line with the quantity below zero behind each line and leaves the header's stamp as it was; what was
invoiced cannot be undone. What is shipped leaves the item ledger, what is undone comes back. API v2.0 shows neither
tracking number nor agent nor location: page 130 does.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hub.sandbox.business_central.entities import ENTITIES, NULL_GUID
from hub.sandbox.business_central.errors import not_valid
from hub.sandbox.business_central.state import State
from hub.sandbox.business_central.stock import Stock
from hub.sandbox.business_central.values import Record, blank

ORDERS, ORDER_LINES = "salesOrders", "salesOrderLines"
SHIPMENTS, LINES = "salesShipments", "salesShipmentLines"
FIRST_SHIPMENT = 102001
ZERO = Decimal(0)
# Names of the enum Sales Line Type where those of the order's lines differ.
_LINE_TYPES = {
    "Comment": "_x0020_",
    "Account": "G_x002F_L_x0020_Account",
    "Charge": "Charge_x0020__x0028_Item_x0029_",
}
TRAVEL = {"tracking": "_tracking", "agent": "_agent", "agent_service": "_agentService"}


class Shipping:
    """The posting routine's half that ships."""

    def __init__(self, state: State, stock: Stock) -> None:
        self.state = state
        self.stock = stock

    def post(
        self,
        order: Record,
        quantities: Mapping[int, Decimal] | None,
        travel: Mapping[str, str],
        location: str,
        *,
        by_vendor: bool = False,
    ) -> Record | None:
        """Ship these quantities by line sequence, or all that is outstanding; None where nothing is.

        What a vendor sends is posted with its purchase order: it is a posted shipment too, and leaves no location.

        Raises Refusal for more than is outstanding.
        """
        lines = self._order_lines(order)
        wanted = self._outstanding(lines) if quantities is None else _checked(lines, quantities)
        if not any(wanted.values()):
            return None
        shipment = self.state.save(SHIPMENTS, self._header(order, travel, location))
        for line in lines:
            quantity = wanted.get(line["sequence"], ZERO)
            if quantity or line["lineType"] == "Comment":
                self.state.save(LINES, self._line(shipment, line, quantity, line["sequence"]))
            if quantity:
                shipped = line["shippedQuantity"] + quantity
                self.state.save(ORDER_LINES, line | {"shippedQuantity": shipped})
                if not by_vendor:
                    self._move(shipment, line, -quantity)
        self._settle(order)
        return shipment

    def undo(self, shipment: Record, sequences: set[int] | None) -> None:
        """Take back these lines, or all. Raises Refusal where one was invoiced."""
        order = self.state[ORDERS].one("number", shipment["orderNumber"])
        if order is None:
            raise not_valid(
                "This shipment has already been invoiced. Undo Shipment can be applied only before."
            )
        kept = sorted(self.state[LINES].having("documentId", shipment["id"]), key=lambda x: x["sequence"])
        undone = {line["_undoes"] for line in kept if "_undoes" in line}
        for line in kept:
            is_asked = sequences is None or line["sequence"] in sequences
            if is_asked and line["quantity"] > 0 and line["sequence"] not in undone:
                self._undo_line(order, shipment, line)
        self._settle(order)

    def correct(self, shipment: Record, travel: Mapping[str, str]) -> Record:
        """Update Document: another tracking number, another agent."""
        return self.state.save(SHIPMENTS, shipment | _kept(travel))

    def _undo_line(self, order: Record, shipment: Record, line: Record) -> None:
        found = [one for one in self._order_lines(order) if one["sequence"] == line["sequence"]]
        if not found or found[0]["shippedQuantity"] - found[0]["invoicedQuantity"] < line["quantity"]:
            raise not_valid("You cannot undo line because it has already been invoiced.")
        shipped = found[0]["shippedQuantity"] - line["quantity"]
        self.state.save(ORDER_LINES, found[0] | {"shippedQuantity": shipped})
        # Half way to the next line, as the application does.
        correction = self._line(shipment, found[0], -line["quantity"], line["sequence"] + 5000)
        self.state.save(LINES, correction | {"_undoes": line["sequence"]})
        self._move(shipment, found[0], line["quantity"])

    def _move(self, shipment: Record, line: Record, quantity: Decimal) -> None:
        posted = ("Sales_x0020_Shipment", shipment["number"])
        self.stock.move(line, quantity, shipment["_location"], kind="Sale", posted=posted)

    def _settle(self, order: Record) -> None:
        lines = self._order_lines(order)
        is_whole = not any(self._outstanding(lines).values())
        self.state.save(ORDERS, self.state[ORDERS].records[order["id"]] | {"fullyShipped": is_whole})

    def _order_lines(self, order: Record) -> list[Record]:
        found = self.state[ORDER_LINES].having("documentId", order["id"])
        return sorted(found, key=lambda line: line["sequence"])

    def _outstanding(self, lines: list[Record]) -> dict[int, Decimal]:
        return {line["sequence"]: line["quantity"] - line["shippedQuantity"] for line in lines}

    def _header(self, order: Record, travel: Mapping[str, str], location: str) -> Record:
        number = self.state.next_number(SHIPMENTS, FIRST_SHIPMENT, "S-SHPT")
        fields = ENTITIES[SHIPMENTS].fields
        header = blank(ENTITIES[SHIPMENTS]) | {name: value for name, value in order.items() if name in fields}
        return header | {
            "id": self.state.new_id(SHIPMENTS, number),
            "number": number,
            "orderNumber": order["number"],
            "invoiceDate": order["postingDate"],
            "dueDate": order["postingDate"],
            "paymentTermsCode": self._code("paymentTerms", order["paymentTermsId"]),
            "shipmentMethodCode": self._code("shipmentMethods", order["shipmentMethodId"]),
            "_location": location,
            **_kept(dict.fromkeys(TRAVEL, "") | dict(travel)),
        }

    def _code(self, set_name: str, record_id: str) -> str:
        found = self.state[set_name].records.get(record_id) if record_id != NULL_GUID else None
        return str(found["code"]) if found else ""

    def _line(self, shipment: Record, line: Record, quantity: Decimal, sequence: int) -> Record:
        fields = ENTITIES[LINES].fields
        kept = blank(ENTITIES[LINES]) | {name: value for name, value in line.items() if name in fields}
        return kept | {
            "id": self.state.new_id(LINES, f"{shipment['number']}/{sequence}"),
            "documentId": shipment["id"],
            "documentNo": shipment["number"],
            "sequence": sequence,
            "lineType": _LINE_TYPES.get(line["lineType"], line["lineType"]),
            "quantity": quantity,
            "shipmentDate": shipment["postingDate"],
        }


def _checked(lines: list[Record], quantities: Mapping[int, Decimal]) -> dict[int, Decimal]:
    by_sequence = {line["sequence"]: line for line in lines}
    for sequence, quantity in quantities.items():
        line = by_sequence.get(sequence)
        outstanding = line["quantity"] - line["shippedQuantity"] if line else ZERO
        if quantity <= 0 or quantity > outstanding:
            raise not_valid(f"You cannot ship more than {outstanding} units.")
    return dict(quantities)


def _kept(travel: Mapping[str, str]) -> Record:
    """Raises Refusal for a tracking number that does not fit into its field."""
    if len(travel.get("tracking", "")) > 50:
        raise not_valid("The length of the string is more than 50 characters: Package Tracking No.")
    return {TRAVEL[name]: str(value) for name, value in travel.items()}
