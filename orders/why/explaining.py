"""Everything that led to one document, as it is about to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.connectors.documents import SalesOrder
from orders.holds.terms import Hold
from orders.known import KnownOrder
from orders.mapping import Side
from orders.mapping_rows import MappingRows
from orders.why.comments import comments
from orders.why.header import Case, Told, header
from orders.why.lines import lines
from orders.why.reasons import kept


@dataclass(frozen=True, slots=True)
class Explained:
    """A document to send, and why each of its values is what it is, as JSON."""

    document: SalesOrder
    reasons: list[dict[str, object]]


def explained(
    document: SalesOrder,
    known: KnownOrder,
    side: Side,
    rows: MappingRows,
    *,
    hold: Hold | None,
    cut: Sequence[str],
) -> Explained:
    """The document with the reasons that are kept with its link. Neither statements nor calls.

    `rows` are those that the document was mapped with, `cut` what the connector could not hold.
    """
    order = known.order
    told = Told(
        location=str(order.location) if order.location else "",
        location_id=order.location_id or 0,
        po_number=order.po_number,
        held_by=hold.rule.name if hold else "",
        cut=cut,
    )
    case = Case(document, known.placed, side, rows, told)
    return Explained(document, kept([*header(case), *lines(case), *comments(case)]))
