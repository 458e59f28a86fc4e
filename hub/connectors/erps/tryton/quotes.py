"""Quotations: sales that carry a quote request's token and that nobody has confirmed.

Tryton makes no second record of a quotation: confirmed, the sale itself is the order, under the number and the `web_id`
that it had. So it is a quote until then and an order from then on, and never both. Sales take a quotation back to draft
to change it: what it says then is no offer. It expires by `quotation_date` and `quotation_validity` of the module sale.
"""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import ClassVar

from hub.connectors.base import CallKind
from hub.connectors.documents import ErpSalesOrder, OrderIdentity, Page, PagePosition, SalesOrder
from hub.connectors.erp_parts import CreatedOrder
from hub.connectors.erps.tryton.confirmation import STEPS
from hub.connectors.erps.tryton.sale_body import sale_body
from hub.connectors.erps.tryton.sales_documents import TrytonDocuments, document_of
from hub.connectors.erps.tryton.sales_orders import SALE, numbers_of
from hub.connectors.erps.tryton.wire import Json, day, span
from hub.connectors.quotes import ErpQuote, Quotes, QuoteStatus, identity_of_quote, quote_token
from hub.errors import OutcomeUnknown, RecordRejected, Unreachable

DRAFT, QUOTATION, CANCELLED = "draft", "quotation", "cancelled"
_QUOTED = (DRAFT, QUOTATION, CANCELLED)
_EXPIRES = "quotation_expire"


class TrytonQuotes(TrytonDocuments, Quotes):
    """The part Quotes, played with a client."""

    quote_batch: ClassVar[int] = 50

    confirming: threading.Lock

    @abstractmethod
    def states_of(self, numbers: Sequence[int]) -> dict[int, str]:
        """The states of these sales; whoever confirms sales knows them."""

    def quote_reference(self, identity: OrderIdentity, po_number: str) -> str:
        """The quote's token alone: the PO number has a field of its own."""
        return quote_token(identity)

    def create_quote(self, document: SalesOrder, *, valid_until: date | None) -> CreatedOrder:
        """A draft in one call, then its button Quotation.

        Where Tryton refuses the draft because it is there already, that sale is the answer: its `web_id` is unique.
        """
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        if document.prices_include_tax:
            raise RecordRejected(
                "Tryton's sales hold prices without tax, so a quotation's could not be put back on a request that "
                "counts taxes in. Make the quotation there by hand.",
                evidence={"reference": document.reference},
            )
        external_id = self._draft(document, valid_until, ends_at)
        self._offer(int(external_id), ends_at)
        return CreatedOrder(external_id, "", document.reference, None)

    def find_quotes(self, references: Sequence[str]) -> list[ErpQuote]:
        """By `web_id`, in any web shop; not those that are orders now."""
        wanted = list(dict.fromkeys(text.strip() for text in references if text.strip()))
        return self._quotes(["web_id", "in", wanted], "look up quotations") if wanted else []

    def read_quotes(self, external_ids: Sequence[str]) -> list[ErpQuote]:
        """One request; those that were confirmed are orders and left out, as what was deleted."""
        ids = numbers_of(external_ids)
        return self._quotes(["id", "in", ids], "read quotations") if ids else []

    def order_quote(self, external_id: str) -> None:
        """Confirm it, and before that quote it where sales took it back. Tryton refuses to confirm an expired one."""
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        number = int(external_id)
        with self.confirming:
            state = self.states_of([number]).get(number, "not there any more")
            if state not in dict(STEPS):
                raise RecordRejected(
                    f"No order was made of the quotation: it is {state} in Tryton.",
                    evidence={"external_id": external_id, "state": state},
                )
            if state == DRAFT:
                self._offer(number, ends_at)
            self.client.call(
                CallKind.WRITE,
                f"model.{SALE}.confirm",
                [number],
                operation="confirm a quotation",
                ends_at=ends_at,
            )

    def find_sales_orders(self, references: Sequence[str]) -> list[ErpSalesOrder]:
        """What nobody confirmed of what was asked for as a quote is no order; cancelled ones neither."""
        found = super().find_sales_orders(references)
        return [sale for sale in found if not _is_quote(sale, _QUOTED)]

    def changed_sales_orders(self, since: PagePosition | None, after: str | None) -> Page[ErpSalesOrder]:
        """Without quotations. One that is cancelled is told: it may have been an order before."""
        page = super().changed_sales_orders(since, after)
        return replace(
            page, items=tuple(sale for sale in page.items if not _is_quote(sale, (DRAFT, QUOTATION)))
        )

    def _draft(self, document: SalesOrder, valid_until: date | None, ends_at: float) -> str:
        operation = f"create quotation {document.reference}"
        records = self.lookups.records_for(document, self._shop_name(document.identity))
        body = sale_body(document, records)
        # Tryton sets it when the quotation is confirmed.
        del body["sale_date"]
        if valid_until is not None:
            quoted_on = min(document.order_date, valid_until)
            body |= {"quotation_date": day(quoted_on), "quotation_validity": span(valid_until - quoted_on)}
        try:
            made = self.client.create(SALE, body, operation=operation, ends_at=ends_at)
        except RecordRejected:
            # The words are in the user's language; whether the constraint spoke is seen by looking.
            found = super().find_sales_orders([document.reference])
            if not found:
                self.lookups.forget(document)
                raise
            return found[0].external_id
        if not isinstance(made, list) or len(made) != 1 or not isinstance(made[0], int):
            raise OutcomeUnknown(f"{operation}: the answer does not say which sale was made ({made!r}).")
        return str(made[0])

    def _offer(self, number: int, ends_at: float) -> None:
        """What is no draft any more stays as it is. Raises RecordRejected in Tryton's words; it is a draft then."""
        if self.states_of([number]).get(number) != DRAFT:
            return
        try:
            self.client.call(
                CallKind.WRITE,
                f"model.{SALE}.quote",
                [number],
                operation="offer a quotation",
                ends_at=ends_at,
            )
        except OutcomeUnknown as error:
            raise Unreachable(f"{error} Its state is read before the next try.") from error

    def _quotes(self, clause: list[object], operation: str) -> list[ErpQuote]:
        domain = [clause, ["state", "in", list(_QUOTED)]]
        rows = self.whole_rows(domain, operation, _EXPIRES)
        try:
            return [_quote(row) for row in rows]
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error


def _is_quote(sale: ErpSalesOrder, states: Sequence[str]) -> bool:
    return sale.status in states and identity_of_quote(sale.reference) is not None


def _quote(row: Json) -> ErpQuote:
    sale, last = document_of(row), row.get(_EXPIRES)
    valid_until = last if isinstance(last, date) else None
    return ErpQuote(
        external_id=sale.external_id,
        number=sale.number,
        reference=sale.reference,
        status=_status(sale.status, valid_until),
        status_text=sale.status,
        customer_number=sale.customer_number,
        lines=sale.lines,
        totals=sale.totals,
        updated_at=sale.updated_at,
        valid_until=valid_until,
        ship_to=sale.ship_to,
    )


def _status(state: str, valid_until: date | None) -> QuoteStatus:
    """Tryton may cancel by itself what has expired."""
    if state == CANCELLED:
        is_over = valid_until is not None and valid_until < datetime.now(UTC).date()
        return QuoteStatus.EXPIRED if is_over else QuoteStatus.LOST
    return QuoteStatus.DRAFT if state == DRAFT else QuoteStatus.OPEN
