"""Pieces of an order that will not be sent any more: the ERP has closed it short, or too much time passed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from hub.connectors.documents import LineKind, PlacedLine
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from hub.connectors.store_changes import EditableLine, EditableOrder
from orders.units import ItemRow, in_pieces, is_whole, lines_in, said


@dataclass(frozen=True, slots=True)
class Rest:
    """Pieces of one line that will not be sent: `left` is the line's new quantity."""

    line_external_id: str
    title: str
    pieces: int
    left: int


def is_over(document: ErpDocument) -> bool:
    """Whether the ERP will deliver nothing more of this order; a cancelled one is no matter of this."""
    return document.stage is OrderStage.CLOSED or document.is_posted_invoice


def is_late(last_sent: datetime | None, days: int, now: datetime) -> bool:
    """Whether the last shipment is so many days ago; never for 0 days."""
    return days > 0 and last_sent is not None and now - last_sent >= timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Closed:
    """Pieces by SKU that the ERP will not send, and in words what is no whole number of pieces of one SKU.

    `open` are pieces of these SKUs that the ERP will still send: with them in the store there is nothing to take off.
    """

    pieces: Mapping[str, int]
    open: Mapping[str, Decimal]
    unclear: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skus:
    """The SKUs that an ERP's line may be, with their rows: those of its item, and which of these count in its unit."""

    of_item: Mapping[str, ItemRow]
    in_unit: Mapping[str, ItemRow]


def skus_of(line: ErpDocumentLine, placed: Sequence[PlacedLine], items: Mapping[str, ItemRow]) -> Skus:
    """`items` are those of the store's lines, by the line's id."""
    of_item = [
        one for one in placed if one.external_id in items and items[one.external_id].number == line.number
    ]
    in_unit = lines_in(line.unit, of_item, items)
    return Skus(
        {one.sku: items[one.external_id] for one in of_item},
        {one.sku: items[one.external_id] for one in in_unit},
    )


def closed_pieces(
    document: ErpDocument, placed: Sequence[PlacedLine], items: Mapping[str, ItemRow]
) -> Closed:
    """What is left of lines that the ERP has closed after a part, or nothing, of them was shipped.

    `items` are those of the store's lines, by the line's id. Lines that are no goods of the store's order are left out.
    """
    left: dict[str, Decimal] = {}
    still: dict[str, Decimal] = {}
    rows: dict[str, ItemRow] = {}
    unclear: list[str] = []
    for line in document.lines:
        quantity = line.quantity - line.shipped_quantity
        if line.kind is not LineKind.ITEM or quantity <= 0:
            continue
        found = skus_of(line, placed, items)
        if len(found.in_unit) == 1:
            [(sku, rows[sku])] = found.in_unit.items()
            sums = left if line.is_closed else still
            sums[sku] = sums.get(sku, Decimal(0)) + quantity
        elif found.of_item and line.is_closed:
            unclear.append(_unclear(quantity, line.unit, found.of_item))
    pieces = {sku: in_pieces(quantity, rows[sku].units_per_piece) for sku, quantity in left.items()}
    unclear += [
        _unclear(left[sku], rows[sku].unit, {sku: rows[sku]}) for sku in left if not is_whole(pieces[sku])
    ]
    return Closed(
        {sku: int(count) for sku, count in pieces.items() if is_whole(count)},
        {sku: in_pieces(quantity, rows[sku].units_per_piece) for sku, quantity in still.items()},
        tuple(unclear),
    )


def _unclear(quantity: Decimal, unit: str, rows: Mapping[str, ItemRow]) -> str:
    number = next(iter(rows.values())).number
    sizes = (f"one piece of {sku} is {said(row.units_per_piece, row.unit)}" for sku, row in rows.items())
    return f"{said(quantity, unit)} of {number} ({', '.join(sizes)})"


def rest_of(order: EditableOrder, placed: Iterable[PlacedLine], *, closed: Closed | None) -> tuple[Rest, ...]:
    """What is to be taken off the store's order: everything that is open, or what of it is `closed`.

    Gift cards and services are left: the store sends them, or they go along with a shipment. An item that stands on
    several lines is taken off the last of them first: the first are sent first.
    """
    about = {line.external_id: line for line in placed}
    due = _due(order, about, closed) if closed else {}
    found = []
    for line in reversed(order.lines):
        known = about.get(line.external_id)
        if known is None or known.is_gift_card or not known.requires_shipping:
            continue
        pieces = _open(line) if closed is None else min(_open(line), due.get(known.sku, 0))
        if closed is not None:
            due[known.sku] = due.get(known.sku, 0) - pieces
        if pieces > 0:
            found.append(Rest(line.external_id, line.title, pieces, line.quantity - pieces))
    return tuple(reversed(found))


def _due(order: EditableOrder, about: Mapping[str, PlacedLine], closed: Closed) -> dict[str, int]:
    """Pieces by SKU that are open in the store and nowhere else: what was taken off before is not taken off again."""
    here: dict[str, int] = {}
    for line in order.lines:
        if line.external_id in about:
            sku = about[line.external_id].sku
            here[sku] = here.get(sku, 0) + _open(line)
    return {
        sku: max(min(pieces, here.get(sku, 0) - ceil(closed.open.get(sku, Decimal(0)))), 0)
        for sku, pieces in closed.pieces.items()
    }


def _open(line: EditableLine) -> int:
    return min(line.unfulfilled, line.quantity)
