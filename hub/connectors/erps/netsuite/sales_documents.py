"""Sales orders whole: two queries for many of them, headers first; a third where some were not sent by us.

An order that changes between the two is stamped anew, so that it is read again; the other way round old lines could
pass for new ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import ClassVar

from hub.connectors.documents import Address, ErpTotals, LineKind
from hub.connectors.erps.netsuite import document_queries
from hub.connectors.erps.netsuite.client import Json
from hub.connectors.erps.netsuite.quote_queries import with_references
from hub.connectors.erps.netsuite.sales_orders import NetSuiteOrders, amount_of, letter_of
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage, SalesDocuments
from hub.errors import ConnectionBroken, Unreachable
from hub.lib.money import round_money

KINDS = {
    "ShipItem": LineKind.SHIPPING,
    # What lessens or raises an order beside its goods.
    "Discount": LineKind.CHARGE,
    "Markup": LineKind.CHARGE,
    "Description": LineKind.COMMENT,
    "Subtotal": LineKind.COMMENT,
    # The members of a group are lines of their own.
    "Group": LineKind.COMMENT,
    "EndGroup": LineKind.COMMENT,
}
PENDING_APPROVAL = "A"
# An approved order can be fulfilled at once: NetSuite has no step between, so the warehouse's work is what shows.
STAGES = {
    "A": OrderStage.DRAFT,
    "B": OrderStage.OPEN,
    "C": OrderStage.CANCELLED,
    "D": OrderStage.SHIPPED,
    "E": OrderStage.SHIPPED,
    "F": OrderStage.SHIPPED,
    "G": OrderStage.CLOSED,
    "H": OrderStage.CLOSED,
}
_OPERATION = "read sales orders whole"
_HIDDEN = re.compile(r"Field '(\w+)' was not found", re.IGNORECASE)
# Of ISO 3166-2, after the country. What is longer is a name.
_LONGEST_PROVINCE_CODE = 3
_PRICE_PLACES = Decimal("1E-8")


class NetSuiteDocuments(NetSuiteOrders, SalesDocuments):
    """The part SalesDocuments, played with a client."""

    document_batch: ClassVar[int] = 100
    # They stand in header fields (comments.py), which are not among what is read.
    tells_comments: ClassVar[bool] = False
    hidden_columns: frozenset[str] = frozenset()
    """What this account does not show, as far as its refusals told."""

    def read_sales_documents(self, external_ids: Sequence[str]) -> list[ErpDocument]:
        """Two or three requests for up to `document_batch` ids; ids that are no numbers cannot exist and are left out.

        A billed order stays a sales order.
        """
        ids = list(dict.fromkeys(each for each in external_ids if each.isascii() and each.isdigit()))
        found: list[ErpDocument] = []
        for start in range(0, len(ids), self.document_batch):
            headers = self._shown(document_queries.headers, ids[start : start + self.document_batch])
            known = [str(row.get("id")) for row in headers]
            lines = self._shown(document_queries.lines, known) if known else []
            found += self._documents(headers, lines)
        return found

    def _shown(self, query: Callable[[Iterable[str], Collection[str]], str], ids: list[str]) -> list[Json]:
        """The rows; a column that this account does not show is left out from then on."""
        try:
            return list(self.client.rows(query(ids, self.hidden_columns), operation=_OPERATION))
        except ConnectionBroken as error:
            named = _HIDDEN.search(str(error))
            column = named[1].lower() if named else ""
            if column not in document_queries.OPTIONAL or column in self.hidden_columns:
                raise
            self.hidden_columns |= {column}
            return self._shown(query, ids)

    def _documents(self, headers: Iterable[Json], lines: Iterable[Json]) -> list[ErpDocument]:
        by_order: dict[str, list[Json]] = {}
        for row in lines:
            by_order.setdefault(str(row.get("transaction")), []).append(row)
        try:
            told = with_references(self.client, list(headers))
            return [self._document(row, by_order.get(str(row["id"]), [])) for row in told]
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{_OPERATION}: an answer that cannot be read ({error!r}).") from error

    def _document(self, row: Json, rows: list[Json]) -> ErpDocument:
        order, letter = self._order(row), letter_of(row)
        totals = self._totals(row)
        lines = document_lines(rows, totals)
        charges = [line.number for line in lines if line.kind is LineKind.SHIPPING]
        return ErpDocument(
            external_id=order.external_id,
            number=order.number,
            reference=order.reference,
            po_number=_text(row, "otherrefnum"),
            status=order.status,
            stage=_stage(letter, lines, is_picked=any(amount_of(each, "quantitypicked") for each in rows)),
            is_held=letter == PENDING_APPROVAL,
            customer_number=order.customer_number,
            currency=totals.currency,
            prices_include_tax=False,
            lines=lines,
            totals=totals,
            updated_at=order.updated_at,
            order_date=_day(row, "trandate"),
            promised_date=_day(row, "shipdate"),
            payment_terms_code=_text(row, "terms"),
            shipping_method_code=_text(row, "shipmethod") or next(iter(charges), ""),
            ship_to=address_in(row, "ship"),
            bill_to=address_in(row, "bill"),
            email=_text(row, "email"),
            salesperson=_text(row, "salesrep"),
            source=_text(row, "source"),
        )


def _line(row: Json, currency: str) -> ErpDocumentLine:
    """Amounts and quantities of a sale are below zero there."""
    kind = KINDS.get(_text(row, "itemtype"), LineKind.ITEM)
    line = ErpDocumentLine(str(row["id"]), kind, "", _text(row, "memo"))
    if kind is LineKind.COMMENT:
        return line
    amount = -amount_of(row, "foreignamount")
    # What has an amount only is one of it.
    quantity = Decimal(1) if row.get("quantity") is None else -amount_of(row, "quantity")
    return replace(
        line,
        number=_text(row, "item"),
        quantity=quantity,
        unit=_text(row, "units"),
        unit_price=_unit_price(quantity, _rate(row, "rate"), amount, currency),
        tax_code=_text(row, "taxcode"),
        amount_excluding_tax=amount,
        shipped_quantity=abs(amount_of(row, "quantityshiprecv")),
        invoiced_quantity=abs(amount_of(row, "quantitybilled")),
        warehouse=_text(row, "location"),
        requested_date=_day(row, "requesteddate"),
        promised_date=_day(row, "expectedshipdate"),
        is_closed=row.get("isclosed") == "T",
        awaits_vendor=_awaits_vendor(row),
    )


def _awaits_vendor(row: Json) -> bool | None:
    """A line that is drop-shipped and not closed; None where the account does not show the column."""
    told = row.get("dropship")
    return None if told is None else told == "T" and row.get("isclosed") != "T"


def _rate(row: Json, name: str) -> Decimal:
    """Rates have more decimals than amounts: eight."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal | None):
        raise TypeError(f"{name} is {value!r}, not a number")
    return Decimal(value or 0)


def _unit_price(quantity: Decimal, rate: Decimal, amount: Decimal, currency: str) -> Decimal:
    """The rate where it leads to the line's amount, which people may set apart from it; else what does."""
    if not quantity or round_money(quantity * rate, currency) == amount:
        return rate
    return (amount / quantity).quantize(_PRICE_PLACES)


def document_lines(rows: Iterable[Json], totals: ErpTotals) -> tuple[ErpDocumentLine, ...]:
    """Lines of any transaction as those of a sale, whose amounts and quantities are below zero there."""
    return _with_rates([(_line(each, totals.currency), each) for each in rows], totals)


def _with_rates(
    rows: Sequence[tuple[ErpDocumentLine, Json]], totals: ErpTotals
) -> tuple[ErpDocumentLine, ...]:
    """The lines with their tax rates as fractions.

    SuiteQL shows 19 % as 19 or as 0.19, which no published source tells: the order's own tax does.
    """
    rates = {
        line.external_id: _rate(row, "taxrate1") for line, row in rows if row.get("taxrate1") is not None
    }
    tax = sum(
        (rates.get(line.external_id, Decimal(0)) * (line.amount_excluding_tax or 0) for line, _ in rows),
        Decimal(0),
    )
    places = -2 if abs(tax) > 10 * abs(totals.tax) else 0
    return tuple(
        replace(line, tax_rate=rates[line.external_id].scaleb(places)) if line.external_id in rates else line
        for line, _ in rows
    )


def _stage(letter: str, lines: Iterable[ErpDocumentLine], *, is_picked: bool) -> OrderStage:
    stage = STAGES.get(letter, OrderStage.OPEN)
    if stage.is_at_least(OrderStage.CLOSED):
        return stage
    goods = list(lines)
    if any(line.invoiced_quantity for line in goods):
        return OrderStage.INVOICED
    if stage is OrderStage.SHIPPED or any(line.shipped_quantity for line in goods):
        return OrderStage.SHIPPED
    return OrderStage.PICKED if is_picked else stage


def address_in(row: Json, side: str) -> Address | None:
    """An address on an order: the addressee is taken for the company, attention for the person."""
    text = {name: _text(row, f"{side}_{name}") for name in document_queries.ADDRESS}
    is_code = len(text["state"]) <= _LONGEST_PROVINCE_CODE
    found = Address(
        company=text["addressee"],
        name=text["attention"],
        line1=text["addr1"],
        line2=", ".join(filter(None, (text["addr2"], text["addr3"]))),
        city=text["city"],
        province_code=text["state"] if is_code else "",
        province="" if is_code else text["state"],
        postal_code=text["zip"],
        country_code=text["country"],
        phone=text["addrphone"],
    )
    return None if found == Address() else found


def _text(row: Json, name: str) -> str:
    return str(row.get(name) or "").strip()


def _day(row: Json, name: str) -> date | None:
    text = _text(row, name)
    return date.fromisoformat(text) if text else None
