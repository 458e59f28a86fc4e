"""What people counted of a return, and what its reasons say beforehand. Rows are made by the return that needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction

from hub.connectors.credits import ErpCreditLine
from hub.connectors.documents import PlacedLine
from hub.connectors.return_processing import Disposition, ReturnedLine, ReturnInStore
from hub.connectors.store_returns import ReturnState
from hub.errors import NeedsReview
from orders.credits.mirroring import document_of as credit_document
from orders.mirroring import document_of as order_document
from orders.models import InspectedLine, ReturnReason, StoreReturn
from orders.returns.deciding import return_order_of
from orders.returns.inspecting import Outcome
from orders.shipments.items import items_of_lines
from orders.units import ItemRow, in_pieces, is_whole, lines_in, said

CODE = "return_inspection"
_Reasons = Mapping[str, ReturnReason]


@dataclass(frozen=True, slots=True)
class Inspected:
    """The lines of a return with what was said of their pieces, and receipts of the ERP that say no whole pieces."""

    rows: list[InspectedLine]
    unclear: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Received:
    """Pieces that the ERP has received, by the return's line, and in words what is no whole number of them."""

    pieces: Mapping[str, int] = field(default_factory=dict)
    unclear: tuple[str, ...] = ()


def inspected(row: StoreReturn, found: ReturnInStore) -> Inspected:
    """One row for each line of the return, with what its reason says where nobody has counted."""
    placed = {line.external_id: line for line in order_document(row.order).lines}
    told = {line.external_id: line.reason[:120] for line in found.returned.lines}
    with transaction.atomic():
        reasons = _reasons(row, sorted(set(told.values()) - {""}))
        made = [_made(row, line, placed, told) for line in found.lines]
        InspectedLine.objects.bulk_create(made, ignore_conflicts=True)
        rows = list(InspectedLine.objects.select_for_update().filter(returned=row).order_by("pk"))
        received = _received(row, found, list(placed.values()))
        # What staff have closed in the store is over: only people's counts open it again.
        for one in rows if found.returned.state is ReturnState.OPEN else ():
            _by_reason(one, reasons.get(one.reason), received.pieces)
    return Inspected(rows, received.unclear)


def outcomes_of(rows: Sequence[InspectedLine]) -> dict[str, Outcome]:
    """What was counted, by the return's line."""
    return {
        row.line_external_id: Outcome(**{name: getattr(row, name) for name in InspectedLine.COUNTS})
        for row in rows
    }


def asked(row: StoreReturn, found: Inspected) -> NeedsReview:
    """The question that pieces are which nobody has counted."""
    left = [one for one in found.rows if one.undecided]
    pieces = sum(one.undecided for one in left)
    unclear = f" The ERP has received {'; '.join(found.unclear)}." if found.unclear else ""
    return NeedsReview(
        f"{pieces} pieces of return {row.name} of {row.order.name} are on their way back, or here.{unclear} Count them "
        "on the page Inspections; what is counted is restocked and refunded at once.",
        code=CODE,
        evidence={
            "return": row.name,
            "order": row.order.name,
            "lines": [{"sku": one.sku, "pieces": one.undecided, "reason": one.reason} for one in left],
            "received": list(found.unclear),
        },
    )


def _reasons(row: StoreReturn, names: Sequence[str]) -> _Reasons:
    store = row.connection_id
    ReturnReason.objects.bulk_create(
        [ReturnReason(store_id=store, reason=name) for name in names], ignore_conflicts=True
    )
    return {one.reason: one for one in ReturnReason.objects.filter(store=store, reason__in=names)}


def _made(
    row: StoreReturn, line: ReturnedLine, placed: Mapping[str, PlacedLine], told: Mapping[str, str]
) -> InspectedLine:
    """With what the store's own staff have done already."""
    shelved = line.gone(Disposition.RESTOCKED)
    ordered = placed.get(line.line_external_id)
    return InspectedLine(
        returned=row,
        line_external_id=line.external_id,
        sku=(ordered.sku or ordered.title)[:255] if ordered else "",
        reason=told.get(line.external_id, ""),
        pieces=line.quantity,
        restocked=min(shelved, line.processed),
        not_restocked=max(line.processed - shelved, 0),
        missing=line.gone(Disposition.MISSING),
    )


def _by_reason(one: InspectedLine, reason: ReturnReason | None, received: Mapping[str, int]) -> None:
    """A reason decides about all pieces, or about those that were received; never over what was counted.

    What is received later is decided alike: of that only what neither the reason nor anybody has decided yet.
    """
    if reason is None or not reason.outcome or (one.counted and not one.by_reason):
        return
    pieces = int(one.pieces)
    if reason.when == ReturnReason.When.RECEIVED:
        pieces = min(pieces, received.get(one.line_external_id, 0))
    new = pieces - max(one.by_reason, one.counted)
    if new > 0:
        setattr(one, reason.outcome, getattr(one, reason.outcome) + new)
        one.by_reason = pieces
        one.save(update_fields=[reason.outcome, "by_reason"])


def _received(row: StoreReturn, found: ReturnInStore, placed: Sequence[PlacedLine]) -> _Received:
    """What the ERP's return order received, in pieces."""
    order = return_order_of(row)
    if order is None:
        return _Received()
    items = items_of_lines(row.order, placed, order.connection)
    ordered = {line.external_id: line for line in placed}
    pieces: dict[str, int] = {}
    unclear: list[str] = []
    for (number, unit), quantity in _by_item(credit_document(order).lines).items():
        of_item = [line for key, line in ordered.items() if key in items and items[key].number == number]
        ids = {line.external_id for line in lines_in(unit, of_item, items)}
        back = [
            (one, items[one.line_external_id].units_per_piece)
            for one in found.lines
            if one.line_external_id in ids
        ]
        taken = _in_pieces(quantity, back)
        if taken is None or (of_item and not ids):
            unclear.append(_unclear(quantity, unit, of_item, items))
        for key, count in (taken or {}).items():
            pieces[key] = pieces.get(key, 0) + count
    return _Received(pieces, tuple(unclear))


def _by_item(lines: Iterable[ErpCreditLine]) -> dict[tuple[str, str], Decimal]:
    """What was received, by item and unit."""
    found: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        if line.received_quantity:
            key = (line.number, line.unit)
            found[key] = found.get(key, Decimal(0)) + line.received_quantity
    return found


def _in_pieces(quantity: Decimal, back: Sequence[tuple[ReturnedLine, Decimal]]) -> dict[str, int] | None:
    """Pieces by the return's line, the first lines first; None where they are no whole pieces, or of which is open."""
    if quantity >= sum(one.quantity * units for one, units in back):
        return {one.external_id: one.quantity for one, _ in back}
    left = in_pieces(quantity, back[0][1])
    if len({units for _, units in back}) > 1 or not is_whole(left):
        return None
    taken: dict[str, int] = {}
    for one, _ in back:
        taken[one.external_id] = min(one.quantity, int(left))
        left -= taken[one.external_id]
    return taken


def _unclear(quantity: Decimal, unit: str, lines: Sequence[PlacedLine], items: Mapping[str, ItemRow]) -> str:
    rows = {line.sku or line.title: items[line.external_id] for line in lines}
    number = next(iter(rows.values())).number
    sizes = ", ".join(
        f"one piece of {sku} is {said(row.units_per_piece, row.unit)}" for sku, row in rows.items()
    )
    return f"{said(quantity, unit)} of {number} ({sizes})"
