"""An order as both sides can say it: the same words for the same things, so that three of them can be compared.

Made from a document that was mapped for the ERP, or read there (`orders.changes.erp_views`); codes and item numbers are
the ERP's, amounts are Decimal in major units of the document's currency and in its tax mode. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from hub.connectors.documents import Address, LineKind, SalesOrder, SalesOrderLine
from hub.lib.stored import Stored


@dataclass(frozen=True, slots=True)
class LineView:
    """One line. `price` is what one unit costs after its discount, exact: no rounding hides or makes a difference.

    `unit` is compared as a field of its own: empty and letters of another case are no difference.
    """

    kind: LineKind
    number: str
    quantity: Decimal
    price: Fraction
    unit: str = field(default="", compare=False)


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
    prices_include_tax: bool = False
    currency: str = ""


sent_orders = Stored(SentOrder)
"""Those that a link keeps."""


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
            line.source_external_id: line_view(line)
            for line in document.lines
            if line.kind is not LineKind.COMMENT and line.quantity
        },
    )


def line_view(line: SalesOrderLine) -> LineView:
    """A line as it was, or would be, sent."""
    amount = Fraction(line.unit_price) * Fraction(line.quantity) - Fraction(line.discount_amount)
    price = amount / Fraction(line.quantity) if line.quantity else Fraction(line.unit_price)
    return LineView(line.kind, line.number, line.quantity, price, line.unit)
