"""Which warehouses the lines of a document name: what its ERP can hold, and what was said before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hub.connectors.documents import SalesOrder, SalesOrderLine
from hub.errors import NeedsReview

CODE = "warehouses"


def warehouses_kept(
    document: SalesOrder, *, by_line: bool, is_approved: bool, evidence: Mapping[str, object]
) -> SalesOrder:
    """The document as the ERP can hold it; without any warehouse where that was approved.

    `by_line` is whether each of its lines may name another (`SalesOrders.has_warehouse_by_line`). Lines that name none
    go with those that do. Raises NeedsReview where lines of an ERP that keeps one warehouse name several.
    """
    named = [line for line in document.lines if line.warehouse]
    if by_line or len({line.warehouse.strip().casefold() for line in named}) < 2:
        return document
    if is_approved:
        return replace(document, lines=tuple(replace(line, warehouse="") for line in document.lines))
    said = [f"{line.number} from {line.warehouse}" for line in named]
    raise NeedsReview(
        f"The ERP keeps one warehouse for all lines of an order, and these name several: {', '.join(said)}. Name one "
        "on the page Items (SKU), and it goes on by itself; or approve to send none, and the ERP decides; or split it "
        "there by hand.",
        code=CODE,
        evidence={**evidence, "lines": said},
    )


def said_before(document: SalesOrder, sent: Iterable[SalesOrderLine]) -> SalesOrder:
    """The document whose lines name the warehouse that they were sent with: no row that changed since moves them.

    Lines that were not sent, or with another item, name their own row's.
    """
    known = {(line.source_external_id, line.number): line for line in sent if line.source_external_id}

    def kept(line: SalesOrderLine) -> SalesOrderLine:
        before = known.get((line.source_external_id, line.number), line)
        return replace(line, warehouse=before.warehouse)

    return replace(document, lines=tuple(kept(line) for line in document.lines))
