"""An order as both sides can say it: the same words for the same things, so that three of them can be compared.

Made from a document that was mapped for the ERP, or from the ERP's own; codes and item numbers are the ERP's, amounts
are Decimal in major units of the document's currency and in its tax mode. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from hub.connectors.documents import Address, LineKind, SalesOrder, SalesOrderLine
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage


@dataclass(frozen=True, slots=True)
class LineView:
    """One line. `price` is what one unit costs after its discount, exact: no rounding hides or makes a difference."""

    kind: LineKind
    number: str
    quantity: Decimal
    price: Fraction


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with its lines by key. The key of a line is the store's id of it, or the ERP's with "erp:" before it
    where the store has no such line. Comments are no part of it, cancelled orders have none of their lines.
    """

    po_number: str
    ship_to: Address | None
    shipping_method: str
    payment_terms: str
    requested_date: date | None
    is_cancelled: bool
    lines: Mapping[str, LineView]


@dataclass(frozen=True, slots=True)
class SentOrder:
    """Of a SalesOrder that was sent, what later changes are compared with; fields are named as there."""

    reference: str
    po_number: str
    customer_number: str
    lines: tuple[SalesOrderLine, ...]
    payment_terms_code: str = ""
    shipping_method_code: str = ""
    ship_to: Address | None = None


def sent_view(document: SalesOrder | SentOrder) -> OrderView:
    """The order as it was, or would be, sent."""
    return OrderView(
        po_number=document.po_number,
        ship_to=document.ship_to,
        shipping_method=document.shipping_method_code,
        payment_terms=document.payment_terms_code,
        requested_date=None,
        is_cancelled=False,
        lines={
            line.source_external_id: _line(line)
            for line in document.lines
            if line.kind is not LineKind.COMMENT and line.quantity
        },
    )


def erp_view(document: ErpDocument, keys: Mapping[str, str]) -> OrderView:
    """The order as the ERP holds it; `keys` are the store's line ids by the ERP's (`paired`)."""
    is_cancelled = document.stage is OrderStage.CANCELLED
    return OrderView(
        po_number=document.po_number,
        ship_to=document.ship_to,
        shipping_method=document.shipping_method_code,
        payment_terms=document.payment_terms_code,
        requested_date=document.requested_date,
        is_cancelled=is_cancelled,
        lines={}
        if is_cancelled
        else {
            keys.get(line.external_id, f"erp:{line.external_id}"): _line(line)
            for line in document.lines
            if line.kind is not LineKind.COMMENT and line.quantity
        },
    )


def paired(sent: Sequence[SalesOrderLine], standing: Sequence[ErpDocumentLine]) -> dict[str, str]:
    """The store's line id for each line of the ERP that came from it, by the ERP's line id.

    Taken right after the create, when the document is as it was sent: each line is the first of its kind and number
    that is left, equal in quantity and price where there are several. A line that the ERP added has none.
    """
    left = [line for line in standing if line.kind is not LineKind.COMMENT]
    keys: dict[str, str] = {}
    for wanted in sent:
        if wanted.kind is LineKind.COMMENT or not wanted.source_external_id:
            continue
        alike = [line for line in left if (line.kind, line.number) == (wanted.kind, wanted.number)]
        if not alike:
            continue
        found = next((line for line in alike if _line(line) == _line(wanted)), alike[0])
        left.remove(found)
        keys[found.external_id] = wanted.source_external_id
    return keys


def _line(line: SalesOrderLine | ErpDocumentLine) -> LineView:
    amount = Fraction(line.unit_price) * Fraction(line.quantity) - Fraction(line.discount_amount)
    price = amount / Fraction(line.quantity) if line.quantity else Fraction(line.unit_price)
    return LineView(line.kind, line.number, line.quantity, price)
