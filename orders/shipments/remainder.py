"""Pieces of an order that will not be sent any more: the ERP has closed it short, or too much time passed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.connectors.documents import LineKind, PlacedLine
from hub.connectors.sales_documents import ErpDocument, OrderStage
from hub.connectors.store_changes import EditableLine, EditableOrder


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


def closed_pieces(document: ErpDocument, skus: Mapping[str, str]) -> dict[str, int]:
    """Whole pieces by SKU of lines that the ERP has closed after a part, or nothing, of them was shipped.

    `skus` are the store's by item number, one to one.
    """
    closed: dict[str, int] = {}
    for line in document.lines:
        sku = skus.get(line.number, "") if line.kind is LineKind.ITEM and line.is_closed else ""
        if sku:
            closed[sku] = closed.get(sku, 0) + int(line.quantity - line.shipped_quantity)
    return closed


def rest_of(
    order: EditableOrder, placed: Iterable[PlacedLine], *, closed: Mapping[str, int] | None
) -> tuple[Rest, ...]:
    """What is to be taken off the store's order: everything that is open, or what of it is `closed` by SKU.

    Gift cards and services are left: the store sends them, or they go along with a shipment. An item that stands on
    several lines is taken off the last of them first: the first are sent first.
    """
    about = {line.external_id: line for line in placed}
    due = dict(closed or {})
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


def _open(line: EditableLine) -> int:
    return min(line.unfulfilled, line.quantity)
