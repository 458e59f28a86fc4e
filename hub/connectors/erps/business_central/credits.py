"""Sales credit memos: drafts that are posted by an action, made out against the order's posted invoice if it is open.

API v2.0: entities salesCreditMemos and salesCreditMemoLines (the same up to version 28 and in 29). A posted one keeps
its id and gets another number. Prices never include tax there: `pricesIncludeTax` is read-only. Which order a memo
gives back is told by its invoice only.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from hub.connectors.credit_lines import without_tax
from hub.connectors.credits import Credits, CreditStage, ErpCredit, ErpCreditLine, NewCredit
from hub.connectors.documents import ErpTotals, LineKind, Page, PagePosition, SalesOrderLine
from hub.connectors.erp_parts import Confirmed
from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central.client import Client, Json
from hub.connectors.erps.business_central.code_names import CodeNames
from hub.connectors.erps.business_central.order_body import line_bodies
from hub.connectors.erps.business_central.rows import (
    amount_of,
    day,
    instant,
    is_posted,
    required,
    text_of,
)
from hub.connectors.erps.business_central.sales_documents import KINDS
from hub.errors import OutcomeUnknown, RecordRejected, Unreachable

MEMOS, LINES, INVOICES = "salesCreditMemos", "salesCreditMemoLines", "salesInvoices"
POST = "Microsoft.NAV.post"
PAGE_SIZE = 100
DRAFTS = ("Draft", "In Review")
_TOTALS = {
    "totalAmountExcludingTax": "netAmount",
    "totalTaxAmount": "netTaxAmount",
    "totalAmountIncludingTax": "netAmountIncludingTax",
}


class BusinessCentralCredits(Credits):
    """The part Credits, played with a client."""

    settle_after = timedelta(minutes=20)
    call_deadline = timedelta(seconds=60)
    credit_batch: ClassVar[int] = 50
    credits_begin_as_drafts: ClassVar[bool] = True

    client: Client
    currency: str
    location_names: CodeNames

    def create_credit(self, document: NewCredit) -> ErpCredit:
        """One POST with all lines, after a look at the order's invoices.

        The answer may show the header as it was inserted: totals count only where they are the sum of its lines.
        """
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        operation = f"create credit memo {document.reference}"
        body = self._credit_body(without_tax(document), self._open_invoice(document))
        path = odata.query(MEMOS, {"$expand": LINES})
        payload = self.client.create(path, body, operation=operation, ends_at=ends_at)
        try:
            made = self._credit(payload, {})
        except (KeyError, TypeError, ValueError) as error:
            raise OutcomeUnknown(f"{operation}: created, but the answer cannot be read ({error}).") from error
        is_final = len(made.lines) > len(document.lines) and _adds_up(payload)
        return replace(
            made, totals=made.totals if is_final else None, order_external_id=document.order_external_id
        )

    def post_credits(self, external_ids: Sequence[str]) -> list[Confirmed]:
        """Their states first, then one action for each draft; what Business Central refuses stays a draft."""
        return [self._post_credit(found) for found in self.read_credits(external_ids)]

    def find_credits(self, references: Sequence[str]) -> list[ErpCredit]:
        """By external document number; drafts and posted ones are one entity."""
        wanted = list(dict.fromkeys(text.strip().upper() for text in references if text.strip()))
        terms = (f"externalDocumentNumber eq {odata.literal(text)}" for text in wanted)
        rows = self._credit_rows(terms, "look up credit memos")
        return [one for one in self._read_credits(rows) if one.reference.upper() in wanted]

    def read_credits(self, external_ids: Sequence[str]) -> list[ErpCredit]:
        """Ids that are no GUIDs cannot exist and are left out."""
        ids = dict.fromkeys(i.lower() for i in external_ids if odata.is_guid(i))
        return self._read_credits(self._credit_rows((f"id eq {i}" for i in ids), "read credit memos"))

    def changed_credits(self, since: PagePosition | None, after: str | None) -> Page[ErpCredit]:
        """Ordered by stamp, then id; those at the stamp of `since` come again."""
        operation = "read changed credit memos"
        page = self.client.page(after or _changed_path(since), operation=operation, page_size=PAGE_SIZE)
        return Page(tuple(self._read_credits(page.items)), page.next_link)

    # ------------------------------------------------------------------------------------------- writing

    def _credit_body(self, document: NewCredit, invoice_number: str) -> Json:
        note = SalesOrderLine(LineKind.COMMENT, "", document.note or document.reference)
        day_text = document.credit_date.isoformat()
        fields: Json = {
            "externalDocumentNumber": document.reference,
            "creditMemoDate": day_text,
            "postingDate": day_text,
            "customerNumber": document.customer_number,
            "currencyCode": document.currency,
        }
        if invoice_number:
            fields["invoiceNumber"] = invoice_number
        fields[LINES] = line_bodies((*document.lines, note), [])
        return fields

    def _open_invoice(self, document: NewCredit) -> str:
        """The number of the order's invoice that has something open left, "" where none has: a memo cannot be applied
        to one that is paid, and stays open for the customer then.
        """
        if not odata.is_guid(document.order_external_id):
            return ""
        rows = self._credited_invoices([f"orderId eq {document.order_external_id}"])
        currency = (document.currency, "" if document.currency == self.currency else document.currency)
        opened = [
            row
            for row in rows
            if is_posted(row)
            and amount_of(row, "remainingAmount") > 0
            and text_of(row, "currencyCode") in currency
        ]
        return text_of(opened[0], "number") if opened else ""

    def _credited_invoices(self, terms: Iterable[str]) -> list[Json]:
        operation = "read invoices of credit memos"
        found: list[Json] = []
        for chain in odata.any_of(terms):
            found += self.client.items(odata.query(INVOICES, {"$filter": chain}), operation=operation)
        return sorted(found, key=lambda row: text_of(row, "number"))

    def _post_credit(self, found: ErpCredit) -> Confirmed:
        if found.status not in DRAFTS:
            return Confirmed(found.external_id, found.status)
        try:
            self.client.change(
                "POST",
                f"{MEMOS}({found.external_id})/{POST}",
                etag="*",
                operation=f"post credit memo {found.number}",
            )
        except RecordRejected as error:
            return Confirmed(found.external_id, found.status, error)
        return Confirmed(found.external_id, "Open")

    # ------------------------------------------------------------------------------------------- reading

    def _credit_rows(self, terms: Iterable[str], operation: str) -> list[Json]:
        found: dict[object, Json] = {}
        for chain in odata.any_of(terms):
            path = odata.query(MEMOS, {"$filter": chain, "$expand": LINES})
            found |= {row.get("id"): row for row in self.client.items(path, operation=operation)}
        return list(found.values())

    def _read_credits(self, rows: Sequence[Json]) -> list[ErpCredit]:
        """The memos with the orders that their invoices were posted from, one more request for all of them."""
        numbers = dict.fromkeys(text_of(row, "invoiceNumber") for row in rows if row.get("invoiceNumber"))
        try:
            invoices = self._credited_invoices(f"number eq {odata.literal(number)}" for number in numbers)
            orders = {text_of(row, "number"): text_of(row, "orderId").lower() for row in invoices}
            return [self._credit(row, orders) for row in rows]
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"read credit memos: an answer that cannot be read ({error!r}).") from error

    def _credit(self, row: Json, orders: dict[str, str]) -> ErpCredit:
        status = odata.enum_word(str(row["status"]))
        invoice_number = text_of(row, "invoiceNumber")
        order_id = orders.get(invoice_number, "")
        lines = row[LINES]
        if not isinstance(lines, list):
            raise TypeError(f"{LINES} is {lines!r}")
        ordered = sorted(lines, key=lambda line: amount_of(line, "sequence"))
        return ErpCredit(
            external_id=required(row, "id"),
            number=required(row, "number"),
            reference=text_of(row, "externalDocumentNumber"),
            is_return=False,
            status=status,
            stage=_stage(status),
            customer_number=text_of(row, "customerNumber"),
            currency=text_of(row, "currencyCode") or self.currency,
            lines=tuple(self._credit_line(line) for line in ordered),
            totals=ErpTotals(
                text_of(row, "currencyCode") or self.currency, *(amount_of(row, name) for name in _TOTALS)
            ),
            updated_at=instant(row, "lastModifiedDateTime"),
            # Blank where the invoice was not posted from an order.
            order_external_id="" if order_id.startswith("00000000-") else order_id,
            invoice_number=invoice_number,
            document_date=day(row, "creditMemoDate"),
        )

    def _credit_line(self, row: Json) -> ErpCreditLine:
        kind = KINDS.get(odata.enum_word(str(row["lineType"])), LineKind.ACCOUNT)
        quantity = amount_of(row, "quantity")
        return ErpCreditLine(
            external_id=required(row, "id"),
            kind=kind,
            number=text_of(row, "lineObjectNumber"),
            description=text_of(row, "description"),
            quantity=quantity,
            amount_excluding_tax=amount_of(row, "netAmount"),
            tax_amount=amount_of(row, "netTaxAmount"),
            received_quantity=quantity if kind is LineKind.ITEM else Decimal(0),
            warehouse=self.location_names.code_of(row.get("locationId")),
            restocks=kind is LineKind.ITEM,
            unit=text_of(row, "unitOfMeasureCode"),
        )


def _stage(status: str) -> CreditStage:
    if status in DRAFTS:
        return CreditStage.APPROVED
    return CreditStage.CANCELLED if status == "Canceled" else CreditStage.CREDITED


def _adds_up(row: Json) -> bool:
    lines = row[LINES]
    assert isinstance(lines, list)
    return all(
        amount_of(row, header) == sum((amount_of(line, name) for line in lines), Decimal(0))
        for header, name in _TOTALS.items()
    )


def _changed_path(since: PagePosition | None) -> str:
    wanted = f"lastModifiedDateTime ge {odata.moment(since.updated_at)}" if since else ""
    return odata.query(MEMOS, {"$filter": wanted, "$orderby": "lastModifiedDateTime,id", "$expand": LINES})
