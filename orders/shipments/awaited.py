"""Pieces that a vendor sends straight to the buyer, and what is not known of them: such a rest is asked about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from hub.connectors.documents import LineKind, PlacedLine
from hub.connectors.sales_documents import ErpDocument
from hub.connectors.store_changes import EditableOrder
from orders.shipments.remainder import Rest

ANY = ""
"""Stands among SKUs for an item of which no SKU is known."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """`pieces` by SKU are awaited from vendors; of `unknown` SKUs the ERP does not say whether they are."""

    pieces: Mapping[str, int]
    unknown: frozenset[str]


def awaited_of(document: ErpDocument, skus: Mapping[str, str]) -> Awaited:
    """What is open of a document's lines. `skus` are the store's by item number, one to one, in whole units."""
    pieces: dict[str, int] = {}
    unknown = set()
    for line in document.lines:
        rest = line.quantity - line.shipped_quantity
        if line.kind is not LineKind.ITEM or line.is_closed or rest <= 0 or line.awaits_vendor is False:
            continue
        sku = skus.get(line.number, ANY)
        if line.awaits_vendor is None or sku == ANY:
            unknown.add(sku)
        else:
            pieces[sku] = pieces.get(sku, 0) + int(rest.to_integral_value(ROUND_CEILING))
    return Awaited(pieces, frozenset(unknown))


def pieces_without(
    awaited: Awaited, order: EditableOrder, placed: Iterable[PlacedLine]
) -> dict[str, int] | None:
    """Open pieces by SKU that no vendor is to send; None where all of them are such."""
    if not awaited.pieces:
        return None
    skus = {line.external_id: line.sku for line in placed}
    found: dict[str, int] = {}
    for line in order.lines:
        sku = skus.get(line.external_id, ANY)
        found[sku] = found.get(sku, 0) + min(line.unfulfilled, line.quantity)
    return {sku: max(pieces - awaited.pieces.get(sku, 0), 0) for sku, pieces in found.items()}


def doubt_about(
    rest: Iterable[Rest],
    awaited: Awaited,
    document: ErpDocument,
    skus: Mapping[str, str],
    order: EditableOrder,
    placed: Iterable[PlacedLine],
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
    shipped: dict[str, Decimal] = {}
    for row in document.lines:
        sku = skus.get(row.number, ANY) if row.kind is LineKind.ITEM else ANY
        shipped[sku] = shipped.get(sku, Decimal(0)) + row.shipped_quantity
    more = sorted(sku for sku in about - {ANY} if shipped.get(sku, Decimal(0)) > told.get(sku, 0))
    return f"it has shipped more of {', '.join(more)} than the store was told of" if more else ""
