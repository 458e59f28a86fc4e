"""Which lines of the store's order are those of a shipment? By their item, then by their place; never by a guess.

Pure: documents in, pieces by order line out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hub.connectors.documents import LineKind, PlacedLine
from hub.connectors.sales_documents import ErpDocument
from hub.connectors.shipment_documents import ErpShipment, ShippedLine
from hub.errors import AmbiguousMatch, Conflict


def pieces_shipped(
    shipment: ErpShipment,
    lines: Sequence[PlacedLine],
    items: Mapping[str, str],
    document: ErpDocument | None,
    still: Mapping[str, int],
) -> dict[str, int]:
    """Pieces by order line. `items` are item numbers by SKU, `still` what each order line may still take.

    Raises AmbiguousMatch where a line of the shipment is of no order line, or of one of several; Conflict where
    what was shipped is no whole number of pieces.
    """
    shipped: dict[str, Decimal] = {}
    for number, rows in _by_number(shipment.lines).items():
        candidates = [line for line in lines if items.get(line.sku) == number]
        if not candidates:
            if _is_no_item(number, document):
                continue
            raise AmbiguousMatch(
                f"Shipment {shipment.number} holds {number or rows[0].description!r}, which is on no line of the "
                "order in the store. Map the item, or dismiss this and tell the store by hand.",
                code="shipment_line_unknown",
                evidence={"shipment": shipment.number, "item": number, "description": rows[0].description},
            )
        for line, quantity in _assigned(shipment, rows, candidates, document, still):
            shipped[line.external_id] = shipped.get(line.external_id, Decimal(0)) + quantity
    return {key: _whole(shipment, quantity) for key, quantity in shipped.items() if quantity}


def _by_number(lines: Sequence[ShippedLine]) -> dict[str, list[ShippedLine]]:
    found: dict[str, list[ShippedLine]] = {}
    for line in lines:
        if line.quantity:
            found.setdefault(line.number, []).append(line)
    return found


def _is_no_item(number: str, document: ErpDocument | None) -> bool:
    """Whether the order has this as a charge or an account: freight on a delivery note is no goods."""
    kinds = {line.kind for line in (document.lines if document else ()) if line.number == number}
    return bool(kinds) and LineKind.ITEM not in kinds


def _assigned(
    shipment: ErpShipment,
    rows: list[ShippedLine],
    candidates: list[PlacedLine],
    document: ErpDocument | None,
    still: Mapping[str, int],
) -> list[tuple[PlacedLine, Decimal]]:
    total = sum((row.quantity for row in rows), Decimal(0))
    if len(candidates) == 1:
        return [(candidates[0], total)]
    by_place = _by_place(rows[0].number, candidates, document)
    if all(row.order_line_external_id in by_place for row in rows):
        return [(by_place[row.order_line_external_id], row.quantity) for row in rows]
    room = [(line, Decimal(still.get(line.external_id, 0))) for line in candidates]
    if total == sum((pieces for _, pieces in room), Decimal(0)):
        return room
    raise AmbiguousMatch(
        f"Shipment {shipment.number} holds {total.normalize():f} of {rows[0].number}, which is on {len(candidates)} "
        "lines of the order, and the ERP does not say on which. Tell the store by hand, then dismiss this.",
        code="shipment_line_ambiguous",
        evidence={"shipment": shipment.number, "item": rows[0].number, "quantity": str(total)},
    )


def _by_place(
    number: str, candidates: list[PlacedLine], document: ErpDocument | None
) -> dict[str, PlacedLine]:
    """Store lines by the ERP's line id: both sides hold the item's lines in the order in which they were sent."""
    lines = [line for line in (document.lines if document else ()) if line.number == number]
    if len(lines) != len(candidates):
        return {}
    pairs = list(zip(lines, candidates, strict=True))
    if any(line.quantity != one.current_quantity and line.quantity != one.quantity for line, one in pairs):
        return {}
    return {line.external_id: one for line, one in pairs}


def _whole(shipment: ErpShipment, quantity: Decimal) -> int:
    if quantity == quantity.to_integral_value() and quantity > 0:
        return int(quantity)
    raise Conflict(
        f"Shipment {shipment.number} holds {quantity.normalize():f} of a line; a store counts whole pieces. "
        "Tell the store by hand, then dismiss this.",
        code="shipment_fraction",
        evidence={"shipment": shipment.number, "quantity": str(quantity)},
    )
