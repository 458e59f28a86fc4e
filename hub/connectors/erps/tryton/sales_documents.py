"""Sales whole, lines, shipments and invoices included: one call for many, answered as of one moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import ClassVar

from hub.connectors.documents import Address, LineKind
from hub.connectors.erps.tryton.records import id_of, rows_at, text_at
from hub.connectors.erps.tryton.sales_orders import FIELDS, SALE, TrytonOrders, amount_of, numbers_of, sale_of
from hub.connectors.erps.tryton.wire import Json
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage, SalesDocuments
from hub.errors import Unreachable

_ADDRESS = (
    *("party_name", "street", "postal_code", "city", "country.code", "subdivision.code", "subdivision.name"),
)
_LINE = (
    *(
        "type",
        "product.code",
        "product.name",
        "description",
        "quantity",
        "unit.symbol",
        "unit_price",
        "amount",
        "warehouse.code",
    ),
    *("shipping_date", "taxes.name", "taxes.rate", "taxes.type", "moves.state", "moves.quantity"),
    "moves.from_location.type",
    *("invoice_lines.quantity", "invoice_lines.invoice.state"),
)
_SALE = (
    *FIELDS,
    *("reference", "sale_date", "shipping_date", "payment_term.name", "party.name", "web_shop.name"),
    *("shipments.state", "_timestamp"),
    *(f"shipment_address.{name}" for name in _ADDRESS),
    *(f"invoice_address.{name}" for name in _ADDRESS),
    *(f"lines.{name}" for name in _LINE),
)
_WITH_CARRIER = ("carrier.party.code", "lines.shipment_cost")
STAGES = {
    "draft": OrderStage.DRAFT,
    "quotation": OrderStage.DRAFT,
    "confirmed": OrderStage.OPEN,
    # The shipments are made: the warehouse sees them.
    "processing": OrderStage.RELEASED,
    "done": OrderStage.CLOSED,
    "cancelled": OrderStage.CANCELLED,
}
QUOTATION = "quotation"
"""A sale that waits to be confirmed."""
_PICKED = ("picked", "packed", "shipped", "done")
_INVOICED = ("posted", "paid")
_MOVED = ("done", "cancelled")
_OPERATION = "read sales whole"


class TrytonDocuments(TrytonOrders, SalesDocuments):
    """The part SalesDocuments, played with a client."""

    document_batch: ClassVar[int] = 50

    def read_sales_documents(self, external_ids: Sequence[str]) -> list[ErpDocument]:
        """One request; ids that are no numbers cannot exist and are left out. A sale stays one when it is invoiced."""
        ids = numbers_of(external_ids)
        if not ids:
            return []
        rows = self.whole_rows([["id", "in", ids]], _OPERATION)
        try:
            return [document_of(row) for row in rows]
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{_OPERATION}: an answer that cannot be read ({error!r}).") from error

    def whole_rows(self, domain: Sequence[object], operation: str, *more: str) -> list[Json]:
        """Sales with every field that a whole document is read from, and `more`."""
        settings = self.lookups.settings()
        with_carrier = _WITH_CARRIER if settings.has_carrier else ()
        fields = (*_SALE, *more, *with_carrier, *settings.vendor_fields)
        return self.client.records(SALE, domain, fields, operation=operation, order=[["id", "ASC"]])


def document_of(row: Json) -> ErpDocument:
    """A sale from a row of `whole_rows`; raises KeyError, TypeError or ValueError for what cannot be read."""
    sale = sale_of(row)
    lines = tuple(_line(each) for each in rows_at(row, "lines"))
    return ErpDocument(
        external_id=sale.external_id,
        number=sale.number,
        reference=sale.reference,
        po_number=text_at(row, "reference"),
        status=sale.status,
        stage=_stage(row, lines),
        is_held=sale.status == QUOTATION,
        customer_number=sale.customer_number,
        currency=text_at(row, "currency.code"),
        prices_include_tax=False,
        lines=lines,
        totals=sale.totals,
        updated_at=sale.updated_at,
        order_date=_day(row, "sale_date"),
        requested_date=_day(row, "shipping_date"),
        payment_terms_code=text_at(row, "payment_term.name"),
        shipping_method_code=text_at(row, "carrier.party.code"),
        ship_to=_address(row, "shipment_address"),
        bill_to=_address(row, "invoice_address"),
        source=text_at(row, "web_shop.name"),
        revision=text_at(row, "_timestamp"),
    )


def _line(row: Json) -> ErpDocumentLine:
    """A line without a product is sold by its words, one without words is its product's; titles, subtotals and comments
    are for people only."""
    line = ErpDocumentLine(str(id_of(row)), LineKind.COMMENT, "", text_at(row, "description"))
    if row["type"] != "line":
        return line
    is_freight = row.get("shipment_cost") is not None
    taxes = rows_at(row, "taxes")
    return replace(
        line,
        kind=LineKind.SHIPPING if is_freight else LineKind.ITEM,
        number=text_at(row, "product.code"),
        description=line.description or text_at(row, "product.name"),
        quantity=_number(row, "quantity"),
        unit=text_at(row, "unit.symbol"),
        unit_price=_number(row, "unit_price"),
        tax_code=text_at(taxes[0], "name") if taxes else "",
        tax_rate=rate_of(taxes),
        amount_excluding_tax=amount_of(row, "amount"),
        shipped_quantity=_sum(each for each in rows_at(row, "moves") if each.get("state") == "done"),
        invoiced_quantity=_sum(
            each for each in rows_at(row, "invoice_lines") if text_at(each, "invoice.state") in _INVOICED
        ),
        warehouse=text_at(row, "warehouse.code"),
        promised_date=_day(row, "shipping_date"),
        awaits_vendor=any(map(_comes_from_vendor, rows_at(row, "moves"))),
    )


def _comes_from_vendor(move: Json) -> bool:
    """Whether a vendor is to send this to the customer: it passes the drop location, and has not yet."""
    return text_at(move, "from_location.type") == "drop" and move.get("state") not in _MOVED


def rate_of(taxes: Sequence[Json]) -> Decimal | None:
    """The fraction that all taxes of a line come to; None where one of them is no percentage."""
    rates = [tax.get("rate") for tax in taxes if tax.get("type") == "percentage"]
    plain = [rate for rate in rates if isinstance(rate, Decimal)]
    return sum(plain, Decimal(0)) if len(plain) == len(taxes) else None


def _sum(rows: Iterable[Json]) -> Decimal:
    return sum((_number(row, "quantity") for row in rows), Decimal(0))


def _number(row: Json, name: str) -> Decimal:
    """A quantity or a price: with as many decimals as Tryton keeps."""
    value = row[name]
    if not isinstance(value, Decimal | int):
        raise TypeError(f"{name} is {value!r}, not a number")
    return Decimal(value)


def _stage(row: Json, lines: Iterable[ErpDocumentLine]) -> OrderStage:
    stage = STAGES.get(str(row["state"]), OrderStage.OPEN)
    if stage.is_at_least(OrderStage.CLOSED):
        return stage
    goods = list(lines)
    if any(line.invoiced_quantity for line in goods):
        return OrderStage.INVOICED
    if any(line.shipped_quantity for line in goods):
        return OrderStage.SHIPPED
    shipments = (each for name in ("shipments", "drop_shipments") for each in rows_at(row, name))
    is_picked = any(each.get("state") in _PICKED for each in shipments)
    return OrderStage.PICKED if is_picked else stage


def _address(row: Json, name: str) -> Address | None:
    """Who receives: the name on the address, else the party's."""
    found = row.get(f"{name}.")
    if not isinstance(found, dict):
        return None
    first, _, more = text_at(found, "street").partition("\n")
    return Address(
        company=text_at(found, "party_name") or text_at(row, "party.name"),
        line1=first.strip(),
        line2=", ".join(part.strip() for part in more.splitlines() if part.strip()),
        city=text_at(found, "city"),
        province_code=text_at(found, "subdivision.code").rpartition("-")[2],
        province=text_at(found, "subdivision.name"),
        postal_code=text_at(found, "postal_code"),
        country_code=text_at(found, "country.code"),
    )


def _day(row: Json, name: str) -> date | None:
    value = row.get(name)
    return value if isinstance(value, date) else None
