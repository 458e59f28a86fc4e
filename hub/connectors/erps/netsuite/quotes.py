"""Estimates: create by external id, find, read, and make the order of one.

Record service: `estimate`, whose header was published for release 2020.2, and the transformation
`estimate/{id}/!transform/salesOrder`. An estimate stays when an order was made of it: it is Processed then. Its field
Expires is `dueDate`; sales close one that is lost.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import ClassVar

from hub.connectors.documents import ErpSalesOrder, OrderIdentity, SalesOrder
from hub.connectors.erp_parts import CreatedOrder
from hub.connectors.erps.netsuite import document_queries, quote_queries
from hub.connectors.erps.netsuite.client import Json
from hub.connectors.erps.netsuite.order_body import order_body
from hub.connectors.erps.netsuite.sales_documents import NetSuiteDocuments, address_in, document_lines
from hub.connectors.erps.netsuite.sales_orders import CANCELLED, letter_of
from hub.connectors.quotes import ErpQuote, Quotes, QuoteStatus, identity_of_quote, quote_token
from hub.errors import NotReadyYet, OutcomeUnknown, RecordRejected, SyncError, Unreachable

ESTIMATE, ORDER = "estimate", "salesOrder"
# The published schema has the letters; what people see for them is NetSuite's own.
STATUSES = {
    "A": ("Open", QuoteStatus.OPEN),
    "B": ("Processed", QuoteStatus.ORDERED),
    "C": ("Closed", QuoteStatus.LOST),
    "V": ("Voided", QuoteStatus.LOST),
    "X": ("Expired", QuoteStatus.EXPIRED),
}
# Of an order only. `dueDate` is another field of an estimate: the day on which it expires.
_NOT_OF_QUOTES = ("orderStatus", "shipComplete", "dueDate")
_LAGS_FOR = 15.0


class NetSuiteQuotes(NetSuiteDocuments, Quotes):
    """The part Quotes, played with a client."""

    quote_batch: ClassVar[int] = 100

    def quote_reference(self, identity: OrderIdentity, po_number: str) -> str:
        """The quote's token alone: the PO number has a field of its own."""
        return quote_token(identity)

    def create_quote(self, document: SalesOrder, *, valid_until: date | None) -> CreatedOrder:
        """One PUT with all lines, as an order's; number and totals are read back."""
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        reference = document.reference
        operation = f"create estimate {reference}"
        if document.prices_include_tax:
            raise RecordRejected(
                "NetSuite's estimates hold prices without tax, so theirs could not be put back on a request that "
                "counts taxes in. Make the estimate there by hand.",
                evidence={"reference": reference},
            )
        # Lines of estimates are published without a location.
        stated = replace(document, lines=tuple(replace(line, warehouse="") for line in document.lines))
        whole = order_body(stated, self.choices, self._ids(stated)).fields
        body = {name: value for name, value in whole.items() if name not in _NOT_OF_QUOTES}
        if valid_until is not None:
            body |= {"dueDate": valid_until.isoformat(), "expectedCloseDate": valid_until.isoformat()}
        try:
            made = self.client.upsert(
                ESTIMATE, reference, body, sublists="item", operation=operation, ends_at=ends_at
            )
        except RecordRejected as error:
            raise self.explained(error, document) from error
        return CreatedOrder(made.internal_id or self._made(reference, operation), "", reference, None)

    def find_quotes(self, references: Sequence[str]) -> list[ErpQuote]:
        """By external id, as it was sent."""
        wanted = list(dict.fromkeys(text.strip() for text in references if text.strip()))
        return self._quotes(quote_queries.by_reference(wanted), "look up estimates") if wanted else []

    def read_quotes(self, external_ids: Sequence[str]) -> list[ErpQuote]:
        """Two requests for up to `quote_batch` ids; ids that are no numbers cannot exist and are left out.

        SuiteQL lags behind, and a role that may not see estimates finds none of them: of what it does not show, the
        record service must say that it is gone.
        """
        ids = list(dict.fromkeys(each for each in external_ids if each.isascii() and each.isdigit()))
        found = self._quotes(quote_queries.by_id(ids), "read estimates") if ids else []
        for missing in set(ids) - {quote.external_id for quote in found}:
            self._check_gone(missing)
        return found

    def order_quote(self, external_id: str) -> None:
        """The transformation, of an estimate that is open; the order's external id keeps it from being made twice."""
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        estimate = self._estimate(external_id)
        letter = _letter_in(estimate)
        if letter != "A":
            word, _ = STATUSES.get(letter, (letter, None))
            raise RecordRejected(
                f"No order was made of the estimate: it is {word} in NetSuite.",
                evidence={"external_id": external_id, "status": word},
            )
        body: Json = {"orderStatus": {"id": self.choices.status}}
        if reference := str(estimate.get("externalId") or ""):
            body["externalId"] = quote_queries.orders_external_id(reference)
        self.client.transform(
            ESTIMATE, external_id, ORDER, body, operation="make the order of an estimate", ends_at=ends_at
        )

    def find_sales_orders(self, references: Sequence[str]) -> list[ErpSalesOrder]:
        """An order that was made of an estimate of ours is found by the estimate's reference; no cancelled one is."""
        wanted = list(dict.fromkeys(text.strip() for text in references if text.strip()))
        quotes = [text for text in wanted if identity_of_quote(text)]
        found = super().find_sales_orders([text for text in wanted if text not in quotes])
        if not quotes:
            return found
        rows = self.client.rows(quote_queries.made_of(quotes), operation="look up orders of estimates")
        made = self.read_sales_orders([str(row["id"]) for row in rows])
        return found + [order for order in made if order.status != CANCELLED]

    def _made(self, reference: str, operation: str) -> str:
        """The id, where the answer to an upsert does not say it."""
        try:
            found = self.find_quotes([reference])
        except SyncError as error:
            raise OutcomeUnknown(f"{operation}: done, but not which estimate it is. {error}") from error
        if not found:
            raise OutcomeUnknown(f"{operation}: done, but the estimate is not found yet.")
        return found[0].external_id

    def _estimate(self, external_id: str) -> Json:
        path = f"record/v1/{ESTIMATE}/{int(external_id)}?fields=externalId,status"
        return self.client.get(path, operation="read an estimate")

    def _check_gone(self, external_id: str) -> None:
        try:
            self._estimate(external_id)
        except RecordRejected as error:
            if error.evidence.get("code") == "NONEXISTENT_ID":
                return
            raise
        raise NotReadyYet(
            f"Estimate {external_id} is in NetSuite, and SuiteQL does not show it yet.", after=_LAGS_FOR
        )

    def _quotes(self, query: str, operation: str) -> list[ErpQuote]:
        headers = list(self.client.rows(query, operation=operation))
        ids = [str(row.get("id")) for row in headers]
        lines: dict[str, list[Json]] = {}
        for row in self._shown(document_queries.lines, ids) if ids else ():
            lines.setdefault(str(row.get("transaction")), []).append(row)
        try:
            return [self._quote(row, lines.get(str(row["id"]), [])) for row in headers]
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error

    def _quote(self, row: Json, rows: Iterable[Json]) -> ErpQuote:
        header, totals = self._order(row), self._totals(row)
        letter, last = letter_of(row), str(row.get("duedate") or "")
        word, status = STATUSES.get(letter, (letter, QuoteStatus.OPEN))
        return ErpQuote(
            external_id=header.external_id,
            number=header.number,
            reference=header.reference,
            status=status,
            status_text=word,
            customer_number=header.customer_number,
            lines=document_lines(rows, totals),
            totals=totals,
            updated_at=header.updated_at,
            valid_until=date.fromisoformat(last) if last else None,
            ship_to=address_in(row, "ship"),
        )


def _letter_in(record: Json) -> str:
    """The status as the record service writes it: an object with id, or the letter alone."""
    status = record.get("status")
    return str(status.get("id") if isinstance(status, dict) else status or "")
