"""What of a change is left to do on a document as it stands: shared by all ERPs, as no vendor decides it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hub.connectors.documents import LineKind, OrderIdentity, SalesOrder, SalesOrderLine
from hub.connectors.order_changes import CHANGED_MEANWHILE, ChangedLine, DocumentChange
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from hub.errors import Conflict, RecordRejected

HEAD = ("po_number", "ship_to", "requested_date", "payment_terms_code", "shipping_method_code")
"""Fields beside the lines, named alike in a change and in a document."""
Stands = Callable[[ErpDocumentLine, SalesOrderLine], bool]
"""Whether a line is as it is to be, by what the ERP makes of it."""


def left_to_do(
    change: DocumentChange, standing: ErpDocument, *, done: Collection[str], stands: Stands
) -> DocumentChange:
    """The change without what is so already. `done` are the fields of the head that are as they are to be.

    Raises Conflict where somebody changed since `change.base` what is to be changed.
    """
    wanted = [name for name in HEAD if getattr(change, name) is not None]
    for name in wanted:
        if name not in done and getattr(standing, name) != getattr(change.base, name):
            raise _changed(standing, name.replace("_", " ").removesuffix(" code"))
    left: dict[str, Any] = dict.fromkeys((name for name in wanted if name in done), None)
    return replace(change, lines=tuple(_lines_left(change, standing, stands)), **left)


def is_nothing(change: DocumentChange) -> bool:
    """Whether all of it is done."""
    return not change.lines and all(getattr(change, name) is None for name in HEAD)


def check_fields(change: DocumentChange, fixed: Mapping[str, str], number: str) -> None:
    """Raises RecordRejected for a field that this ERP never changes."""
    for name, why in fixed.items():
        if getattr(change, name) is not None:
            raise RecordRejected(
                f"{number} was not changed: {why}. Change it there by hand, then dismiss this.",
                evidence={"document": number, "field": name},
            )


def check_changeable(change: DocumentChange, standing: ErpDocument, until: OrderStage) -> None:
    """Raises RecordRejected where the document has come too far, or a line would have less than was delivered."""
    if standing.stage.is_at_least(until):
        raise RecordRejected(
            f"{standing.number} was not changed: it is {standing.status or standing.stage.value} in the ERP, which "
            "changes nothing any more. Settle it there, then dismiss this.",
            evidence={"document": standing.number, "stage": standing.stage.value, "status": standing.status},
        )
    there = {line.external_id: line for line in standing.lines}
    for each in change.lines:
        line = there.get(each.external_id)
        gone = max(line.shipped_quantity, line.invoiced_quantity) if line else Decimal(0)
        if line is not None and (each.line.quantity if each.line else Decimal(0)) < gone:
            raise RecordRejected(
                f"{standing.number} was not changed: {gone.normalize():f} of {line.number} were delivered, more than "
                "are to remain. Take a return there, then dismiss this.",
                evidence={"document": standing.number, "item": line.number, "delivered": str(gone)},
            )


def as_order(change: DocumentChange, standing: ErpDocument, identity: OrderIdentity) -> SalesOrder:
    """What is to stand, as if it were sent anew: for what makes requests of sales orders. It has no totals.

    Only lines that are added, or become another item's, name a warehouse: people may have moved the others.
    """
    there = {line.external_id: line.number.casefold() for line in standing.lines}
    return SalesOrder(
        identity=identity,
        reference=standing.reference,
        po_number=change.po_number if change.po_number is not None else standing.po_number,
        customer_number=standing.customer_number,
        order_date=standing.order_date or datetime.now(UTC).date(),
        currency=standing.currency,
        prices_include_tax=change.prices_include_tax,
        lines=tuple(
            replace(each.line, warehouse="")
            if there.get(each.external_id) == each.line.number.strip().casefold()
            else each.line
            for each in change.lines
            if each.line is not None
        ),
        total_excluding_tax=Decimal(0),
        total_tax=Decimal(0),
        total_including_tax=Decimal(0),
        payment_terms_code=change.payment_terms_code or "",
        shipping_method_code=change.shipping_method_code or "",
        ship_to=change.ship_to,
    )


def gone(reference: str, external_id: str) -> Conflict:
    """What to raise for an order that is there no more."""
    return Conflict(
        f"The order {reference} is no longer in the ERP. Cancel it in the store as well, or enter it anew.",
        code="gone_from_erp",
        evidence={"external_id": external_id, "reference": reference},
    )


def something_else(standing: ErpDocument) -> RecordRejected:
    """What to raise where the ERP took a change and did not do it."""
    return RecordRejected(
        f"The ERP took the change of {standing.number} and holds something else. Compare the order there, change it "
        "by hand, then dismiss this.",
        evidence={"document": standing.number},
    )


def _lines_left(change: DocumentChange, standing: ErpDocument, stands: Stands) -> Iterable[ChangedLine]:
    there = {line.external_id: line for line in standing.lines}
    base = {line.external_id: line for line in change.base.lines}
    new = [line for line in standing.lines if not _is_known(line, base.get(line.external_id))]
    for each in change.lines:
        if not each.external_id:
            added = next((line for line in new if each.line and stands(line, each.line)), None)
            if added is None:
                yield each
            else:
                new.remove(added)
            continue
        line = there.get(each.external_id)
        if _is_done(each, line, stands):
            continue
        before = base.get(each.external_id)
        if line is None or before is None or _content(line) != _content(before):
            raise _changed(standing, f"line {(line or before or each).external_id}")
        yield each


def _is_known(line: ErpDocumentLine, before: ErpDocumentLine | None) -> bool:
    """An ERP may give a line the number that its freight had before."""
    return before is not None and line.kind is before.kind


def _is_done(each: ChangedLine, line: ErpDocumentLine | None, stands: Stands) -> bool:
    if each.line is None:
        return line is None or is_out(line)
    return line is not None and stands(line, each.line)


def is_out(line: ErpDocumentLine) -> bool:
    """Whether nothing of a line will be delivered or charged."""
    has_only_an_amount = line.kind is LineKind.SHIPPING
    is_empty = not line.quantity or has_only_an_amount or (line.is_closed and not line.shipped_quantity)
    return is_empty and not line.amount_excluding_tax


def _content(line: ErpDocumentLine) -> tuple[object, ...]:
    return line.number, line.quantity, line.unit_price, line.discount_amount, line.is_closed


def _changed(standing: ErpDocument, what: str) -> Conflict:
    return Conflict(
        f"{standing.number} was changed in the ERP since it was read: {what} is no longer what it was.",
        code=CHANGED_MEANWHILE,
        evidence={"document": standing.number, "what": what},
    )
