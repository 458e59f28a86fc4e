"""Tryton's credits as they are read: our own return sales, and the credit notes that people made there. Pure.

What we make is a sale of ours until the end, so that it keeps its id. What people credit is told by the credit note, an
invoice below zero, whether it came from the wizard on an invoice or from a return sale: its id begins with `invoice:`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from hub.connectors.credits import CreditStage, ErpCredit, ErpCreditLine
from hub.connectors.documents import ErpTotals, LineKind
from hub.connectors.erps.tryton.records import id_of, rows_at, text_at
from hub.connectors.erps.tryton.sales_documents import rate_of
from hub.connectors.erps.tryton.sales_orders import FIELDS, amount_of
from hub.connectors.erps.tryton.wire import Json
from hub.lib.money import round_money

NOTE = "invoice:"
POSTED = ("posted", "paid")
CANCELLED = "cancelled"
_UNDECIDED = ("draft", "quotation")
_AMOUNTS = ("untaxed_amount", "tax_amount", "total_amount")
_LINE = (
    "type",
    "product.code",
    "product.type",
    "description",
    "quantity",
    "unit.symbol",
    "amount",
    "taxes.rate",
    "taxes.type",
)
SALE_FIELDS = (
    *FIELDS,
    *("origin", "sale_date", "invoice_method", "shipment_returns.state"),
    *(f"invoices.{name}" for name in ("number", "state", "invoice_date", "lines.origin", *_AMOUNTS)),
    *(f"lines.{name}" for name in (*_LINE, "warehouse.code", "moves.state", "moves.quantity")),
)
NOTE_FIELDS = (
    *("number", "reference", "state", "party.code", "currency.code", "invoice_date", *_AMOUNTS),
    *("last_modified_at", "lines.origin", *(f"lines.{name}" for name in _LINE)),
)
SALE_LINE_FIELDS = (
    *(
        "sale.web_id",
        "sale.invoice_method",
        "sale.origin",
        "sale.total_amount",
        "warehouse.code",
        "moves.state",
        "moves.quantity",
    ),
)
INVOICE_LINE_FIELDS = ("origin", "invoice.number")
_REFERENCE = re.compile(r"(sale\.sale|sale\.line|account\.invoice\.line),(\d+)")


@dataclass(frozen=True, slots=True)
class Behind:
    """What lies behind the lines of credit notes: sale lines and invoice lines by id, with their `…_LINE_FIELDS`."""

    sale_lines: Mapping[int, Json] = field(default_factory=dict)
    invoice_lines: Mapping[int, Json] = field(default_factory=dict)


def origin_of(row: Json) -> tuple[str, int]:
    """Model and id of what a record came from; ("", 0) for nothing that is known here."""
    found = _REFERENCE.fullmatch(text_at(row, "origin"))
    return (found[1], int(found[2])) if found else ("", 0)


def origins(rows: Iterable[Json], model: str) -> list[int]:
    """Ids of that model that these rows came from, in order."""
    found = (origin_of(row) for row in rows)
    return sorted({number for name, number in found if name == model})


def notes_of(row: Json) -> list[Json]:
    """The invoices of a sale that were not cancelled."""
    return [one for one in rows_at(row, "invoices") if one.get("state") != CANCELLED]


def of_others(row: Json, notes: Iterable[Json]) -> list[Json]:
    """Lines of a sale's invoices that were made of something else: Tryton may put several sales on one invoice.

    The module sale_invoice_grouping looks for a draft of the same party, whatever its sign. What a person adds to a
    sale's own invoice was made of nothing.
    """
    own = {f"sale.line,{id_of(line)}" for line in rows_at(row, "lines")}
    lines = (line for note in notes for line in rows_at(note, "lines"))
    return [line for line in lines if text_at(line, "origin") and text_at(line, "origin") not in own]


def totals_of(currency: str, rows: Sequence[Json]) -> ErpTotals:
    """What these give back together; above zero for what is given back."""
    sums = [-sum((amount_of(row, name) for row in rows), Decimal(0)) for name in _AMOUNTS]
    return ErpTotals(currency, *sums)


def sale_as_credit(row: Json, *, is_return: bool = False) -> ErpCredit:
    """A return sale of ours; raises KeyError, TypeError or ValueError for what cannot be read.

    It is posted once its credit notes are, and has their number and their totals then; where those hold other sales as
    well, its own totals.
    """
    notes = notes_of(row)
    posted = [one for one in notes if one.get("state") in POSTED]
    is_credited = bool(posted) and len(posted) == len(notes)
    model, order = origin_of(row)
    shown = posted[0] if is_credited and not is_return else row
    is_told_by_notes = is_credited and not is_return and not of_others(row, posted)
    totals = totals_of(text_at(row, "currency.code"), posted if is_told_by_notes else [row])
    return ErpCredit(
        external_id=str(id_of(row)),
        number=text_at(shown, "number"),
        reference=text_at(row, "web_id"),
        is_return=is_return,
        status=str(row["state"]),
        stage=_stage(row, is_credited=is_credited, is_return=is_return),
        customer_number=text_at(row, "party.code"),
        currency=totals.currency,
        lines=tuple(_sale_line(each, totals.currency) for each in rows_at(row, "lines")),
        totals=totals,
        updated_at=_stamp(row),
        order_external_id=str(order) if model == "sale.sale" else "",
        document_date=_day(shown, "invoice_date") or _day(row, "sale_date"),
    )


def note_as_credit(row: Json, behind: Behind) -> ErpCredit:
    """A credit note that people made; raises KeyError, TypeError or ValueError for what cannot be read."""
    totals = totals_of(text_at(row, "currency.code"), [row])
    lines = rows_at(row, "lines")
    state = str(row["state"])
    return ErpCredit(
        external_id=f"{NOTE}{id_of(row)}",
        number=text_at(row, "number"),
        reference=text_at(row, "reference"),
        is_return=False,
        status=state,
        stage=_NOTE_STAGES.get(state, CreditStage.APPROVED),
        customer_number=text_at(row, "party.code"),
        currency=totals.currency,
        lines=tuple(_note_line(each, totals.currency, behind) for each in lines),
        totals=totals,
        updated_at=_stamp(row),
        order_external_id=_order_of(lines, behind),
        invoice_number=_invoice_of(lines, behind),
        document_date=_day(row, "invoice_date"),
        return_external_id=_return_behind(row, behind),
    )


_NOTE_STAGES = {
    **dict.fromkeys(POSTED, CreditStage.CREDITED),
    CANCELLED: CreditStage.CANCELLED,
}


def sales_behind(row: Json, behind: Behind) -> list[Json]:
    """The sales that a credit note was made from, as far as a line names one: rows of `sale.…` fields."""
    found = (behind.sale_lines.get(number, {}) for number in origins(rows_at(row, "lines"), "sale.line"))
    return [sale for line in found if isinstance(sale := line.get("sale."), dict)]


def _return_behind(row: Json, behind: Behind) -> str:
    """The return sale that it invoices, "" where it invoices several or none."""
    sales = {str(id_of(sale)) for sale in sales_behind(row, behind)}
    return sales.pop() if len(sales) == 1 else ""


def _order_of(lines: Sequence[Json], behind: Behind) -> str:
    """The one sale that is given back: what a return sale came from, or what the credited invoice was made from."""
    credited = [behind.invoice_lines.get(number, {}) for number in origins(lines, "account.invoice.line")]
    numbers = {*origins(lines, "sale.line"), *origins(credited, "sale.line")}
    orders = {_sold_by(behind.sale_lines.get(number, {})) for number in numbers} - {""}
    return orders.pop() if len(orders) == 1 else ""


def _sold_by(line: Json) -> str:
    """The sale in which a line was sold, "" where nothing tells."""
    sale = line.get("sale.")
    if not isinstance(sale, dict):
        return ""
    model, number = origin_of(sale)
    if model == "sale.sale":
        return str(number)
    return str(id_of(sale)) if amount_of(sale, "total_amount") >= 0 else ""


def _invoice_of(lines: Sequence[Json], behind: Behind) -> str:
    credited = [behind.invoice_lines.get(number, {}) for number in origins(lines, "account.invoice.line")]
    numbers = {text_at(line, "invoice.number") for line in credited} - {""}
    return numbers.pop() if len(numbers) == 1 else ""


# ---------------------------------------------------------------------------------------------------- lines


def _sale_line(row: Json, currency: str) -> ErpCreditLine:
    return _line(row, currency, row)


def _note_line(row: Json, currency: str, behind: Behind) -> ErpCreditLine:
    """Only a return sale brings goods back: the wizard on an invoice moves nothing."""
    model, number = origin_of(row)
    return _line(row, currency, behind.sale_lines.get(number) if model == "sale.line" else None)


def _line(row: Json, currency: str, sold: Json | None) -> ErpCreditLine:
    """`sold` is the line of the return sale that says where its goods are."""
    if row["type"] != "line":
        return ErpCreditLine(
            str(id_of(row)), LineKind.COMMENT, "", text_at(row, "description"), *(Decimal(0),) * 3
        )
    amount, quantity = -amount_of(row, "amount"), row["quantity"]
    if not isinstance(quantity, Decimal | int):
        raise TypeError(f"quantity is {quantity!r}, not a number")
    returns = sold is not None and text_at(row, "product.type") == "goods" and quantity < 0
    return ErpCreditLine(
        external_id=str(id_of(row)),
        kind=LineKind.ITEM,
        number=text_at(row, "product.code"),
        description=text_at(row, "description"),
        quantity=abs(Decimal(quantity)),
        amount_excluding_tax=amount,
        tax_amount=round_money(amount * (rate_of(rows_at(row, "taxes")) or Decimal(0)), currency),
        received_quantity=_received(sold or {}) if returns else Decimal(0),
        warehouse=text_at(sold or {}, "warehouse.code") if returns else "",
        restocks=returns,
        unit=text_at(row, "unit.symbol"),
    )


def _received(line: Json) -> Decimal:
    done = (move for move in rows_at(line, "moves") if move.get("state") == "done")
    return sum((amount_of(move, "quantity") for move in done), Decimal(0))


# ---------------------------------------------------------------------------------------------------- header


def _stage(row: Json, *, is_credited: bool, is_return: bool) -> CreditStage:
    """A credit is decided before it is made; a return order waits as a draft or a quotation for a clerk."""
    if row["state"] == CANCELLED:
        return CreditStage.CANCELLED
    if is_credited:
        return CreditStage.CREDITED
    if is_return and row["state"] in _UNDECIDED:
        return CreditStage.REQUESTED
    is_received = is_return and any(_received(line) for line in rows_at(row, "lines"))
    return CreditStage.RECEIVED if is_received else CreditStage.APPROVED


def _stamp(row: Json) -> datetime:
    stamp = row["last_modified_at"]
    if not isinstance(stamp, datetime):
        raise TypeError(f"last_modified_at is {stamp!r}")
    return stamp.astimezone(UTC)


def _day(row: Json, name: str) -> date | None:
    value = row.get(name)
    return value if isinstance(value, date) else None
