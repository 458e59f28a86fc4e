"""A credit as Tryton's `create` of a sale takes it: quantities below zero come back. Pure.

Tryton's return sale is a sale like any other: what is given back has a quantity below zero, what is kept of it (a fee)
one above. Confirmed, it makes a customer return shipment for its goods and a credit note over all its lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from hub.connectors.credits import NewCredit
from hub.connectors.documents import LineKind, OrderIdentity, SalesOrder, SalesOrderLine
from hub.connectors.erps.tryton.sale_body import SaleRecords, line_values, sale_body
from hub.connectors.erps.tryton.wire import Json

ORIGIN = "sale.sale"


def as_order(document: NewCredit, identity: OrderIdentity) -> SalesOrder:
    """The document with the names of an order's, every price above zero: what a sale names is looked up with it."""
    return SalesOrder(
        identity=identity,
        reference=document.reference,
        po_number="",
        customer_number=document.customer_number,
        order_date=document.credit_date,
        currency=document.currency,
        prices_include_tax=document.prices_include_tax,
        lines=tuple(_above_zero(line) for line in document.lines),
        total_excluding_tax=document.total_excluding_tax,
        total_tax=document.total_tax,
        total_including_tax=document.total_including_tax,
    )


def credit_body(document: NewCredit, order: SalesOrder, records: SaleRecords, *, invoice_method: str) -> Json:
    """The values of one return sale of the order that it names; `order` is `as_order` of the document.

    `invoice_method` is when Tryton makes the credit note: "order" at once, "fulfillment" for what has come back. Raises
    RecordRejected for a line that a sale cannot hold.
    """
    lines = [values for line in document.lines for values in _lines(line, order, records)]
    origin = document.order_external_id
    return sale_body(replace(order, lines=()), records) | {
        "description": document.note,
        "origin": f"{ORIGIN},{origin}" if origin.isascii() and origin.isdigit() else None,
        "invoice_method": invoice_method,
        "shipment_method": "order",
        "lines": [["create", lines]],
    }


def _lines(line: SalesOrderLine, order: SalesOrder, records: SaleRecords) -> Iterator[Json]:
    is_kept = _is_kept(line)
    for values in line_values(_above_zero(line), order, records):
        quantity = values.get("quantity")
        yield values if is_kept or not isinstance(quantity, Decimal) else values | {"quantity": -quantity}


def _is_kept(line: SalesOrderLine) -> bool:
    """Whether it lessens what is given back."""
    return line.kind is not LineKind.COMMENT and line.unit_price < 0


def _above_zero(line: SalesOrderLine) -> SalesOrderLine:
    if not _is_kept(line):
        return line
    return replace(line, unit_price=-line.unit_price, tax_amount=-line.tax_amount)
