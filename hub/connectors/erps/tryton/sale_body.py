"""A sale as Tryton's `create` takes it. Pure: the records that it names were looked up before.

Tryton computes nothing of a sale that comes by the interface: units, prices and taxes are sent for every line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from hub.connectors.documents import LineKind, SalesOrder, SalesOrderLine
from hub.connectors.erps.tryton.pricing import Goal, Priced, priced
from hub.connectors.erps.tryton.records import id_of
from hub.connectors.erps.tryton.wire import Json, day, number, quantity
from hub.connectors.filled_fields import FieldType, FilledField, OrderField
from hub.errors import RecordRejected
from hub.lib.money import minor_units, round_money

# Text fields without a limit; longer comments are broken so that a sale stays readable.
COMMENT_LENGTH = 500
ORDER_FIELDS = (
    OrderField("shipping_date", "Shipping date", FieldType.DATE),
    OrderField("description", "Description", FieldType.TEXT),
)


@dataclass(frozen=True, slots=True)
class SaleRecords:
    """Everything that a sale names, as Tryton's own ids or rows.

    `rounds_taxes_by_line` is whether the company rounds taxes on each line. `with_carrier` is whether its sales
    have carriers and shipping costs of their own (module sale_shipment_cost).
    """

    company: int
    party: Json
    invoice_address: int | None
    shipment_address: int | None
    currency: int
    shop: int
    products: Mapping[str, Json]
    units: Mapping[str, Json]
    taxes: Mapping[str, Json]
    payment_term: int | None
    carrier: int | None
    with_carrier: bool
    rounds_taxes_by_line: bool
    warehouse: int | None = None


def sale_body(document: SalesOrder, records: SaleRecords) -> Json:
    """The values of one sale, lines included.

    Raises RecordRejected for a line that a sale cannot hold.
    """
    lines = [values for line in document.lines for values in line_values(line, document, records)]
    values: Json = {
        "company": records.company,
        "party": id_of(records.party),
        "invoice_address": records.invoice_address,
        "shipment_address": records.shipment_address,
        "currency": records.currency,
        "payment_term": records.payment_term,
        "sale_date": day(document.order_date),
        "reference": document.po_number,
        "web_shop": records.shop,
        "web_id": document.reference,
        "comment": _comment(document),
        "lines": [["create", lines]],
    }
    if records.warehouse is not None:
        values["warehouse"] = records.warehouse
    if records.with_carrier:
        # Else `quote` asks for a carrier and adds its own charge to the one that the buyer paid.
        values |= {"carrier": records.carrier, "shipment_cost_method": None}
    return values | {field.name: _filled(field) for field in document.fields}


def _comment(document: SalesOrder) -> str:
    """Whom to ask about this order: Tryton's contacts are the party's, not the order's."""
    ship_to = document.ship_to
    texts = []
    if ship_to is not None and ship_to.company and ship_to.name:
        texts.append(f"Attention: {ship_to.name}")
    if ship_to is not None and ship_to.phone:
        texts.append(f"Phone at the delivery address: {ship_to.phone}")
    if document.email:
        texts.append(f"E-mail: {document.email}")
    if document.phone:
        texts.append(f"Phone: {document.phone}")
    return "\n".join(texts)


def _filled(field: FilledField) -> object:
    if isinstance(field.value, date):
        return day(field.value)
    return number(field.value) if isinstance(field.value, Decimal) else field.value


def line_values(line: SalesOrderLine, document: SalesOrder, records: SaleRecords) -> Iterator[Json]:
    """The values of a line, of two where one cannot come to its amount.

    Raises RecordRejected for a line that a sale cannot hold.
    """
    if line.kind is LineKind.COMMENT:
        yield {"type": "comment", "description": line.description}
        return
    parts = parts_of(line, document, records)
    product = records.products[line.number]
    taxes = [records.taxes[line.tax_code]] if line.tax_code else []
    for part in parts:
        yield {
            "type": "line",
            "product": id_of(product),
            "description": line.description,
            "quantity": quantity(part.quantity),
            "unit": id_of(records.units[line.unit]) if line.unit else product.get("sale_uom"),
            "unit_price": number(part.unit_price),
            "taxes": [["add", [id_of(tax) for tax in taxes]]],
            "note": _note(line, document, len(parts)),
        }


def parts_of(line: SalesOrderLine, document: SalesOrder, records: SaleRecords) -> list[Priced]:
    """How many at which net price a line of goods is there; raises as `line_values` does."""
    if line.kind is not LineKind.ITEM:
        raise RecordRejected(
            f"A Tryton sale has no lines of kind {line.kind.value}: {line.number!r}. Give the charge the number "
            "of a product in the shipping method mapping.",
            evidence={"line": line.number, "kind": line.kind.value},
        )
    taxes = [records.taxes[line.tax_code]] if line.tax_code else []
    return _priced(line, document, _rate(taxes, records))


def _rate(taxes: list[Json], records: SaleRecords) -> Decimal | None:
    """The fraction that Tryton will charge, None where lines are not looked at one by one or it is no plain rate."""
    if not taxes:
        return Decimal(0)
    rate = taxes[0].get("rate")
    is_plain = taxes[0].get("type") == "percentage" and not taxes[0].get("childs")
    return rate if isinstance(rate, Decimal) and is_plain and records.rounds_taxes_by_line else None


def _priced(line: SalesOrderLine, document: SalesOrder, rate: Decimal | None) -> list[Priced]:
    """Net prices that lead to what the store charged for the line, its tax taken out where prices include it."""
    charged = round_money(line.quantity * line.unit_price, document.currency) - line.discount_amount
    amount = charged - line.tax_amount if document.prices_include_tax else charged
    goal = Goal(
        quantity=line.quantity,
        natural=_natural(line, document, charged, rate),
        amount=amount,
        tax=line.tax_amount,
        rate=rate,
        step=Decimal(1).scaleb(-minor_units(document.currency)),
    )
    try:
        return priced(goal)
    except (ValueError, ArithmeticError) as error:
        raise RecordRejected(
            f"Line {line.number!r} cannot be stated in Tryton: {line.quantity} × a unit price with four decimals "
            f"never comes to {amount} {document.currency}. Enter the order there by hand.",
            evidence={"line": line.number, "quantity": str(line.quantity), "amount": str(amount)},
        ) from error


def _natural(line: SalesOrderLine, document: SalesOrder, charged: Decimal, rate: Decimal | None) -> Decimal:
    """The net unit price that a person would compute."""
    if not document.prices_include_tax:
        return charged / line.quantity if line.discount_amount else line.unit_price
    net = charged - line.tax_amount if rate is None else charged / (1 + rate)
    return net / line.quantity


def _note(line: SalesOrderLine, document: SalesOrder, parts: int) -> str:
    """What the line's price hides: the store's price, its discount, and that it is one of two."""
    texts = []
    if line.discount_amount:
        texts.append(f"Discount {line.discount_amount} {document.currency} is taken off the price.")
    if line.discount_amount or document.prices_include_tax:
        with_tax = " with tax" if document.prices_include_tax else ""
        texts.append(f"In the store: {line.quantity} × {line.unit_price} {document.currency}{with_tax}.")
    if parts > 1:
        texts.append("In two lines, so that they come to the store's amount.")
    return " ".join(texts)
