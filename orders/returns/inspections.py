"""What people counted of a return, and what its reasons say beforehand. Rows are made by the return that needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from hub.connectors.documents import PlacedLine
from hub.connectors.return_processing import Disposition, ReturnedLine, ReturnInStore
from hub.connectors.store_returns import ReturnState
from hub.errors import NeedsReview
from orders.credits.mirroring import document_of as credit_document
from orders.mirroring import document_of as order_document
from orders.models import InspectedLine, ReturnReason, StoreReturn
from orders.returns.deciding import return_order_of
from orders.returns.inspecting import Outcome
from orders.shipments.items import item_numbers

CODE = "return_inspection"
_Reasons = Mapping[str, ReturnReason]


def inspected(row: StoreReturn, found: ReturnInStore) -> list[InspectedLine]:
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
            _by_reason(one, reasons.get(one.reason), received)
    return rows


def outcomes_of(rows: Sequence[InspectedLine]) -> dict[str, Outcome]:
    """What was counted, by the return's line."""
    return {
        row.line_external_id: Outcome(**{name: getattr(row, name) for name in InspectedLine.COUNTS})
        for row in rows
    }


def asked(row: StoreReturn, rows: Sequence[InspectedLine]) -> NeedsReview:
    """The question that pieces are which nobody has counted."""
    left = [one for one in rows if one.undecided]
    pieces = sum(one.undecided for one in left)
    return NeedsReview(
        f"{pieces} pieces of return {row.name} of {row.order.name} are on their way back, or here. Count them on the "
        "page Inspections; what is counted is restocked and refunded at once.",
        code=CODE,
        evidence={
            "return": row.name,
            "order": row.order.name,
            "lines": [{"sku": one.sku, "pieces": one.undecided, "reason": one.reason} for one in left],
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


def _by_reason(one: InspectedLine, reason: ReturnReason | None, received: Mapping[str, int] | None) -> None:
    """A reason decides about all pieces, or about those that were received; never over what was counted."""
    if reason is None or not reason.outcome or one.counted:
        return
    pieces = int(one.pieces)
    if reason.when == ReturnReason.When.RECEIVED:
        pieces = min(pieces, (received or {}).get(one.line_external_id, 0))
    if pieces:
        setattr(one, reason.outcome, pieces)
        one.save(update_fields=[reason.outcome])


def _received(row: StoreReturn, found: ReturnInStore, placed: Sequence[PlacedLine]) -> dict[str, int]:
    """Whole pieces that the ERP's return order received, by the return's line, the first lines first."""
    order = return_order_of(row)
    if order is None:
        return {}
    numbers = item_numbers(placed, row.connection, order.connection)
    skus = {line.external_id: line.sku for line in placed}
    left: dict[str, int] = {}
    for line in credit_document(order).lines:
        left[line.number] = left.get(line.number, 0) + int(line.received_quantity)
    received = {}
    for one in found.lines:
        number = numbers.get(skus.get(one.line_external_id, ""), "")
        received[one.external_id] = min(one.quantity, left.get(number, 0))
        left[number] = left.get(number, 0) - received[one.external_id]
    return received
