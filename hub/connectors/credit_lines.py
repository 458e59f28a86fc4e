"""A document's lines without tax, for those of an ERP that never take prices that include it: credits, quotes."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from typing import TypeVar

from hub.connectors.credits import NewCredit
from hub.connectors.documents import LineKind, SalesOrder, SalesOrderLine
from hub.lib.money import round_money

DocumentT = TypeVar("DocumentT", NewCredit, SalesOrder)
# What ERPs keep of a unit price (Business Central: 5 decimals).
_PRICE_STEP = Decimal("0.00001")


def without_tax(document: DocumentT) -> DocumentT:
    """The document with prices that are without tax, the same amounts to the minor unit; its totals stay."""
    if not document.prices_include_tax:
        return document
    lines = tuple(_net(line, document.currency) for line in document.lines)
    return replace(document, prices_include_tax=False, lines=lines)


def net_amount(line: SalesOrderLine, document: NewCredit) -> Decimal:
    """What the line comes to without tax, after its discount, in major units."""
    gross = round_money(line.quantity * line.unit_price, document.currency) - line.discount_amount
    return gross - line.tax_amount if document.prices_include_tax else gross


def _net(line: SalesOrderLine, currency: str) -> SalesOrderLine:
    """A price that does not divide is rounded up, and the discount takes back what that is too much."""
    if line.kind is LineKind.COMMENT or not line.tax_amount:
        return line
    amount = round_money(line.quantity * line.unit_price, currency) - line.discount_amount - line.tax_amount
    price = (amount / line.quantity).quantize(_PRICE_STEP, rounding=ROUND_CEILING)
    above = round_money(line.quantity * price, currency) - amount
    return replace(line, unit_price=price, discount_amount=above)
