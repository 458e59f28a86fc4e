"""Credit memos: a return sale that is confirmed, and the credit note that Tryton makes of it, posted.

What people credit there is told by its credit note, whether the wizard on an invoice made it or a return sale. To post
needs the group Accounting.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from hub.connectors.base import CallKind
from hub.connectors.credits import Credits, ErpCredit, NewCredit, refund_of
from hub.connectors.documents import Page, PagePosition
from hub.connectors.erp_parts import Confirmed
from hub.connectors.erps.tryton.confirmation import TrytonConfirmation
from hub.connectors.erps.tryton.credit_rows import (
    INVOICE_LINE_FIELDS,
    NOTE,
    NOTE_FIELDS,
    POSTED,
    SALE_LINE_FIELDS,
    Behind,
    note_as_credit,
    notes_of,
    of_others,
    origins,
    sales_behind,
    totals_of,
)
from hub.connectors.erps.tryton.records import id_of, rows_at, text_at
from hub.connectors.erps.tryton.return_sales import (
    AT_ONCE,
    Place,
    ReturnSales,
    parsed,
    start_of,
    told_of_returns,
    unreadable_rows,
)
from hub.connectors.erps.tryton.sales_orders import OLDEST_FIRST, is_below_zero, numbers_of
from hub.connectors.erps.tryton.wire import Json, number
from hub.errors import (
    Conflict,
    NeedsReview,
    NotReadyYet,
    OutcomeUnknown,
    RecordRejected,
    SyncError,
    Unreachable,
)
from hub.lib.money import round_money

INVOICE, INVOICE_LINE, SALE_LINE = "account.invoice", "account.invoice.line", "sale.line"
# A page's notes come before its sales of the same stamp.
_NOTE_RANK, _SALE_RANK = 0, 1
# Tryton's queue makes shipment and credit note a moment after the confirmation.
_PROCESSED_AFTER = 5.0
_OURS: list[object] = [["web_id", "like", "R-%"], ["invoice_method", "=", AT_ONCE]]
# A credit note is known by its lines: its total is no column there.
_NOTES: list[object] = [
    ["type", "=", "out"],
    ["OR", ["lines.quantity", "<", 0], ["lines.unit_price", "<", number(Decimal(0))]],
]


class TrytonCredits(ReturnSales, TrytonConfirmation, Credits):
    """The part Credits, played with a client."""

    settle_after = timedelta(minutes=5)
    call_deadline = timedelta(seconds=60)
    credit_batch: ClassVar[int] = 50
    credits_begin_as_drafts: ClassVar[bool] = True
    credit_page_rows = 100

    def create_credit(self, document: NewCredit) -> ErpCredit:
        """A draft sale that is invoiced as soon as it is confirmed."""
        return self.make_return_sale(document, AT_ONCE)

    def post_credits(self, external_ids: Sequence[str]) -> list[Confirmed]:
        """Quoted and confirmed as orders are, then the credit notes that Tryton made of them; what is done stays."""
        confirmed = self.confirm_sales_orders(external_ids)
        results = {one.external_id: told_of_returns(one) for one in confirmed}
        ready = [external_id for external_id, one in results.items() if one.failure is None]
        for row in self._credit_sales(ready):
            results[str(id_of(row))] = self._post(row)
        notes = self.read_credits([text for text in external_ids if text.startswith(NOTE)])
        return [*results.values(), *(Confirmed(one.external_id, one.status) for one in notes)]

    def find_credits(self, references: Sequence[str]) -> list[ErpCredit]:
        """By web id, in any web shop. Cancelled ones, too."""
        wanted = list(dict.fromkeys(text.strip() for text in references if text.strip()))
        domain = [["web_id", "in", wanted], ["invoice_method", "=", AT_ONCE]]
        operation = "look up credits"
        return parsed(self.sale_rows(domain, operation), operation) if wanted else []

    def read_credits(self, external_ids: Sequence[str]) -> list[ErpCredit]:
        """Sales of ours by their numbers, credit notes of people by `invoice:` and theirs."""
        operation = "read credits"
        sales = parsed(self._credit_sales(external_ids), operation)
        ids = numbers_of([text.removeprefix(NOTE) for text in external_ids if text.startswith(NOTE)])
        notes = self._note_rows([["id", "in", ids]], operation) if ids else []
        return [*sales, *self._notes(notes, operation)]

    def changed_credits(self, since: PagePosition | None, after: str | None) -> Page[ErpCredit]:
        """Credit notes and our sales in one run, ordered by stamp; stamps are those of a transaction's start."""
        operation, size = "read changed credits", self.credit_page_rows
        notes = self._note_rows([*_NOTES, *start_of(since, after, _NOTE_RANK)], operation, size + 1)
        sales = self.sale_rows([*_OURS, *start_of(since, after, _SALE_RANK)], operation, size + 1)
        try:
            placed = [(Place.of(row, _NOTE_RANK), row) for row in notes]
            placed += [(Place.of(row, _SALE_RANK), row) for row in sales]
        except ValueError as error:
            raise unreadable_rows(operation, error) from error
        shown = sorted(placed, key=lambda each: each[0].order)[:size]
        found = [
            *self._notes([row for place, row in shown if place.rank == _NOTE_RANK], operation),
            *(
                one
                for one in parsed([row for place, row in shown if place.rank == _SALE_RANK], operation)
                if refund_of(one.reference)
            ),
        ]
        found.sort(key=lambda one: one.updated_at)
        return Page(tuple(found), str(shown[-1][0]) if len(placed) > size else None)

    # ------------------------------------------------------------------------------------------- posting

    def _credit_sales(self, external_ids: Sequence[str]) -> list[Json]:
        ids = numbers_of(external_ids)
        return self.sale_rows([["id", "in", ids]], "read credits") if ids else []

    def _post(self, row: Json) -> Confirmed:
        """The credit notes of a sale that is confirmed; raises nothing that is this sale's own."""
        external_id, state = str(id_of(row)), text_at(row, "state")
        notes = notes_of(row)
        drafts = [id_of(one) for one in notes if one.get("state") not in POSTED]
        if not notes:
            return Confirmed(external_id, state, _not_invoiced(external_id, state))
        try:
            if drafts:
                self._check_only_its_own(row, notes)
                self.client.call(
                    CallKind.WRITE, f"model.{INVOICE}.post", drafts, operation="post a credit note"
                )
        except OutcomeUnknown as error:
            raise Unreachable(f"{error} Its state is read before the next try.") from error
        except NeedsReview as refusal:
            return Confirmed(external_id, state, refusal)
        return Confirmed(external_id, "posted")

    def _check_only_its_own(self, row: Json, notes: Sequence[Json]) -> None:
        """Posting credits all that a note holds. Raises Conflict where that is another amount than the sale's."""
        others, currency = of_others(row, notes), text_at(row, "currency.code")
        own, held = (totals_of(currency, rows).including_tax for rows in ([row], notes))
        if own == held and not others:
            return
        found = self._lines(SALE_LINE, origins(others, SALE_LINE), ("sale.number",), "read what is credited")
        sales = sorted({text_at(line, "sale.number") for line in found.values()} - {""})
        number = text_at(row, "number") or str(id_of(row))
        raise Conflict(
            f"Return sale {number} gives back {round_money(own, currency)} {currency}, but the credit note that Tryton "
            f"put it on comes to {round_money(held, currency)} {currency}"
            + (f", with {len(others)} lines of other sales ({', '.join(sales)})" if others else "")
            + ". It was not posted. Take off it what is not to be credited yet, or post it there as it is; then press "
            "Try again.",
            code="totals_differ",
            evidence={
                "external_id": str(id_of(row)),
                "return_sale": str(own),
                "credit_note": str(held),
                "other_sales": sales,
            },
        )

    # ------------------------------------------------------------------------------------------- reading

    def _note_rows(self, domain: Sequence[object], operation: str, limit: int | None = None) -> list[Json]:
        return self.client.records(
            INVOICE, domain, NOTE_FIELDS, operation=operation, limit=limit, order=OLDEST_FIRST
        )

    def _notes(self, rows: Sequence[Json], operation: str) -> list[ErpCredit]:
        """Credit notes of people: what is below zero, and not made from a credit of ours, which is told by its sale."""
        below = [row for row in rows if is_below_zero(row)]
        behind = self._behind(below, operation)
        try:
            return [
                note_as_credit(row, behind)
                for row in below
                if not any(_is_credit_of_ours(sale) for sale in sales_behind(row, behind))
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise unreadable_rows(operation, error) from error

    def _behind(self, notes: Sequence[Json], operation: str) -> Behind:
        """What their lines came from: two requests for all of them."""
        lines = [line for row in notes for line in rows_at(row, "lines")]
        credited = self._lines(INVOICE_LINE, origins(lines, INVOICE_LINE), INVOICE_LINE_FIELDS, operation)
        sold = {*origins(lines, SALE_LINE), *origins(credited.values(), SALE_LINE)}
        return Behind(self._lines(SALE_LINE, sorted(sold), SALE_LINE_FIELDS, operation), credited)

    def _lines(
        self, model: str, ids: Sequence[int], fields: Sequence[str], operation: str
    ) -> dict[int, Json]:
        if not ids:
            return {}
        rows = self.client.records(model, [["id", "in", list(ids)]], fields, operation=operation)
        return {id_of(row): row for row in rows}


def _is_credit_of_ours(sale: Json) -> bool:
    return refund_of(text_at(sale, "web_id")) is not None and sale.get("invoice_method") == AT_ONCE


def _not_invoiced(external_id: str, state: str) -> SyncError:
    """Tryton's queue is still at it, or somebody has cancelled the credit note."""
    if state == "confirmed":
        return NotReadyYet("Tryton is just making the credit note.", after=_PROCESSED_AFTER)
    return RecordRejected(
        f"The return sale is {state} in Tryton and has no credit note. Make it there again (Handle Invoice Exception), "
        "then press Try again; or dismiss this where it is credited another way.",
        evidence={"external_id": external_id, "state": state},
    )
