"""Pieces that a vendor sends straight to the buyer, and what is not known of them: such a rest is asked about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from hub.connectors.documents import LineKind, PlacedLine
from hub.connectors.sales_documents import ErpDocument
from hub.connectors.store_changes import EditableOrder
from orders.shipments.remainder import Closed, Rest, skus_of
from orders.units import ItemRow, in_pieces

ANY = ""
"""Stands among SKUs for an item of which no SKU is known."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """`pieces` by SKU are awaited from vendors; of `unknown` SKUs the ERP does not say whether they are."""

    pieces: Mapping[str, int]
    unknown: frozenset[str]


def awaited_of(document: ErpDocument, placed: Sequence[PlacedLine], items: Mapping[str, ItemRow]) -> Awaited:
    """What is open of a document's lines. `items` are those of the store's lines, by the line's id."""
    units: dict[str, Decimal] = {}
    rows: dict[str, ItemRow] = {}
    unknown = set()
    for line in document.lines:
        rest = line.quantity - line.shipped_quantity
        if line.kind is not LineKind.ITEM or line.is_closed or rest <= 0 or line.awaits_vendor is False:
            continue
        found = skus_of(line, placed, items).in_unit
        if line.awaits_vendor is None:
            unknown |= set(found) or {ANY}
        elif len(found) == 1:
            [(sku, rows[sku])] = found.items()
            units[sku] = units.get(sku, Decimal(0)) + rest
        else:
            unknown |= set(found) or {ANY}
    # Of a piece in part nothing goes off.
    pieces = {sku: ceil(in_pieces(rest, rows[sku].units_per_piece)) for sku, rest in units.items()}
    return Awaited(pieces, frozenset(unknown))


def pieces_without(awaited: Awaited, order: EditableOrder, placed: Iterable[PlacedLine]) -> Closed | None:
    """Open pieces by SKU that no vendor is to send; None where all of them are such."""
    if not awaited.pieces:
        return None
    skus = {line.external_id: line.sku for line in placed}
    found: dict[str, int] = {}
    for line in order.lines:
        sku = skus.get(line.external_id, ANY)
        found[sku] = found.get(sku, 0) + min(line.unfulfilled, line.quantity)
    return Closed({sku: max(pieces - awaited.pieces.get(sku, 0), 0) for sku, pieces in found.items()}, {})


def doubt_about(
    rest: Iterable[Rest],
    awaited: Awaited,
    document: ErpDocument,
    items: Mapping[str, ItemRow],
    order: EditableOrder,
    placed: Sequence[PlacedLine],
) -> str:
    """Why pieces of this rest may be under way all the same, in words; empty where nothing speaks for it."""
    named = {line.external_id: line.sku for line in placed}
    about = {named.get(one.line_external_id, ANY) for one in rest}
    if about & awaited.unknown or (about and ANY in awaited.unknown):
        return "it does not say whether a vendor is to send them straight to the buyer"
    told: dict[str, int] = {}
    for line in order.lines:
        sku = named.get(line.external_id, ANY)
        told[sku] = told.get(sku, 0) + line.quantity - min(line.unfulfilled, line.quantity)
    shipped = _shipped(document, placed, items)
    more = sorted(sku for sku in about - {ANY} if shipped.get(sku, Decimal(0)) > told.get(sku, 0))
    return f"it has shipped more of {', '.join(more)} than the store was told of" if more else ""


def _shipped(
    document: ErpDocument, placed: Sequence[PlacedLine], items: Mapping[str, ItemRow]
) -> dict[str, Decimal]:
    """Pieces by SKU, of lines that are of one SKU."""
    units: dict[str, Decimal] = {}
    rows: dict[str, ItemRow] = {}
    for line in document.lines:
        found = skus_of(line, placed, items).in_unit if line.kind is LineKind.ITEM else {}
        if len(found) == 1:
            [(sku, rows[sku])] = found.items()
            units[sku] = units.get(sku, Decimal(0)) + line.shipped_quantity
    return {sku: in_pieces(quantity, rows[sku].units_per_piece) for sku, quantity in units.items()}
