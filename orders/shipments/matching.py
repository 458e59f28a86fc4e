"""Which lines of the store's order are those of a shipment? By their item, then by their place; never by a guess.

Pure: documents in, pieces by order line out. An ERP counts in its own units: what is shipped becomes pieces by the
item of each line (`orders.units`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from hub.connectors.documents import LineKind, PlacedLine
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine
from hub.connectors.shipment_documents import ErpShipment, ShippedLine
from hub.errors import AmbiguousMatch, Conflict
from orders.units import ItemRow, in_pieces, is_in_unit, is_same_unit, is_whole, lines_in, said

Items = Mapping[str, ItemRow]
"""What each line of the store's order is in the ERP, by the line's id."""


def pieces_shipped(
    shipment: ErpShipment,
    lines: Sequence[PlacedLine],
    items: Items,
    document: ErpDocument | None,
    still: Mapping[str, int],
) -> dict[str, int]:
    """Pieces by order line. `items` are those of the order's lines, `still` what each line may still take, in pieces.

    Raises AmbiguousMatch where a line of the shipment is of no order line, or of one of several; Conflict where it is
    in another unit than the item is mapped in, or what was shipped is no whole number of pieces.
    """
    shipped: dict[str, Decimal] = {}
    for number, rows in _by_number(shipment.lines).items():
        candidates = [
            line for line in lines if line.external_id in items and items[line.external_id].number == number
        ]
        if not candidates:
            if _is_no_item(number, document):
                continue
            raise AmbiguousMatch(
                f"Shipment {shipment.number} holds {number or rows[0].description!r}, which is on no line of the "
                "order in the store. Map the item, or dismiss this and tell the store by hand.",
                code="shipment_line_unknown",
                evidence={"shipment": shipment.number, "item": number, "description": rows[0].description},
            )
        for unit, some in _by_unit(rows).items():
            of_unit = _in_unit(shipment, unit, some, candidates, items, _units_told(number, rows, document))
            for line, quantity in _assigned(shipment, some, of_unit, items, document, still):
                shipped[line.external_id] = shipped.get(line.external_id, Decimal(0)) + quantity
    skus = {line.external_id: line.sku or line.title for line in lines}
    return {
        key: _whole(shipment, quantity, items[key], skus[key])
        for key, quantity in shipped.items()
        if quantity
    }


def _by_number(lines: Sequence[ShippedLine]) -> dict[str, list[ShippedLine]]:
    found: dict[str, list[ShippedLine]] = {}
    for line in lines:
        if line.quantity:
            found.setdefault(line.number, []).append(line)
    return found


def _by_unit(rows: Iterable[ShippedLine]) -> dict[str, list[ShippedLine]]:
    found: dict[str, list[ShippedLine]] = {}
    for row in rows:
        found.setdefault(row.unit.strip().casefold(), []).append(row)
    return found


def _is_no_item(number: str, document: ErpDocument | None) -> bool:
    """Whether the order has this as a charge or an account: freight on a delivery note is no goods."""
    kinds = {line.kind for line in (document.lines if document else ()) if line.number == number}
    return bool(kinds) and LineKind.ITEM not in kinds


def _units_told(number: str, rows: Iterable[ShippedLine], document: ErpDocument | None) -> set[str]:
    """Every unit in which the shipment and the order say this item."""
    ordered = (line.unit for line in (document.lines if document else ()) if line.number == number)
    return {unit.strip().casefold() for unit in (*(row.unit for row in rows), *ordered)} - {""}


def _in_unit(
    shipment: ErpShipment,
    unit: str,
    rows: list[ShippedLine],
    candidates: list[PlacedLine],
    items: Items,
    told: set[str],
) -> list[PlacedLine]:
    """Those that count in this unit; one that names no unit counts in the item's own, where it has but one here."""
    counting = lines_in(unit, candidates, items)
    named = [line for line in candidates if items[line.external_id].unit]
    if not unit or any(line in named for line in counting):
        return counting
    others = {
        each for each in told if not any(is_same_unit(each, items[line.external_id].unit) for line in named)
    }
    if counting and others == {unit}:
        return counting
    mapped = sorted({items[line.external_id].unit for line in named}) or sorted(told - {unit})
    total = sum((row.quantity for row in rows), Decimal(0))
    raise Conflict(
        f"Shipment {shipment.number} holds {said(total, rows[0].unit)} of {rows[0].number}, which counts in "
        f"{', '.join(mapped)} here. Name the unit on the page Items (SKU) and press Try again, or tell the store by "
        "hand and dismiss this.",
        code="shipment_unit",
        evidence={
            "shipment": shipment.number,
            "item": rows[0].number,
            "quantity": str(total),
            "unit": rows[0].unit,
        },
    )


def _assigned(
    shipment: ErpShipment,
    rows: list[ShippedLine],
    candidates: list[PlacedLine],
    items: Items,
    document: ErpDocument | None,
    still: Mapping[str, int],
) -> list[tuple[PlacedLine, Decimal]]:
    """So much of the ERP's unit for each line."""
    total = sum((row.quantity for row in rows), Decimal(0))
    if len(candidates) == 1:
        return [(candidates[0], total)]
    by_place = _by_place(rows[0].number, candidates, items, document)
    if all(row.order_line_external_id in by_place for row in rows):
        return [(by_place[row.order_line_external_id], row.quantity) for row in rows]
    room = [
        (line, still.get(line.external_id, 0) * items[line.external_id].units_per_piece)
        for line in candidates
    ]
    if total == sum((quantity for _, quantity in room), Decimal(0)):
        return room
    raise AmbiguousMatch(
        f"Shipment {shipment.number} holds {said(total, rows[0].unit)} of {rows[0].number}, which is on "
        f"{len(candidates)} lines of the order, and the ERP does not say on which. Tell the store by hand, then "
        "dismiss this.",
        code="shipment_line_ambiguous",
        evidence={"shipment": shipment.number, "item": rows[0].number, "quantity": str(total)},
    )


def _by_place(
    number: str, candidates: list[PlacedLine], items: Items, document: ErpDocument | None
) -> dict[str, PlacedLine]:
    """Store lines by the ERP's line id: both sides hold the item's lines in the order in which they were sent."""
    rows = [items[line.external_id] for line in candidates]
    lines = [
        line
        for line in (document.lines if document else ())
        if line.number == number and any(is_in_unit(line.unit, row) for row in rows)
    ]
    if len(lines) != len(candidates):
        return {}
    pairs = list(zip(lines, candidates, strict=True))
    if not all(_is_as_many(line, one, items[one.external_id]) for line, one in pairs):
        return {}
    return {line.external_id: one for line, one in pairs}


def _is_as_many(line: ErpDocumentLine, one: PlacedLine, row: ItemRow) -> bool:
    """Whether the ERP's line is for the pieces of the store's, as they are now or were ordered."""
    return is_in_unit(line.unit, row) and in_pieces(line.quantity, row.units_per_piece) in (
        one.current_quantity,
        one.quantity,
    )


def _whole(shipment: ErpShipment, quantity: Decimal, row: ItemRow, sku: str) -> int:
    pieces = in_pieces(quantity, row.units_per_piece)
    if is_whole(pieces) and pieces > 0:
        return int(pieces)
    raise Conflict(
        f"Shipment {shipment.number} holds {said(quantity, row.unit)} of {row.number}; one piece of {sku} is "
        f"{said(row.units_per_piece, row.unit)}, which makes {said(pieces)} pieces; a store counts whole ones. Correct "
        "the page Items (SKU) and press Try again, or tell the store by hand and dismiss this.",
        code="shipment_fraction",
        evidence={
            "shipment": shipment.number,
            "item": row.number,
            "quantity": str(quantity),
            "pieces": str(pieces),
        },
    )
