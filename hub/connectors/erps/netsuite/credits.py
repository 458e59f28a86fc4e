"""Credit memos: one PUT by external id, which posts them; read by SuiteQL as orders are.

Record service: creditMemo (header as published for release 2020.2; its lines are taken to be those of a sales order).
It has no drafts: what the ERP made of one is compared afterwards. The same call applies it to the order's open
invoices; what is beyond them stays open for the customer. What a credit was created from leads to the order.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import ClassVar

from hub.connectors.credits import Credits, CreditStage, ErpCredit, ErpCreditLine, NewCredit
from hub.connectors.documents import (
    ErpTotals,
    LineKind,
    OrderIdentity,
    Page,
    PagePosition,
    SalesOrder,
    SalesOrderLine,
)
from hub.connectors.erp_parts import Confirmed
from hub.connectors.erps.netsuite import credit_queries, document_queries, suiteql
from hub.connectors.erps.netsuite.applying import applications
from hub.connectors.erps.netsuite.client import Json
from hub.connectors.erps.netsuite.order_body import order_body
from hub.connectors.erps.netsuite.sales_documents import NetSuiteDocuments, document_lines
from hub.connectors.erps.netsuite.sales_orders import amount_of, letter_of, position_of
from hub.connectors.sales_documents import ErpDocumentLine
from hub.errors import OutcomeUnknown, SyncError, Unreachable
from hub.lib.money import round_money

MEMO = "creditMemo"
STATUSES = {"A": "Open", "B": "Fully Applied", "V": "Voided"}
VOIDED = "V"
RETURN_TYPE = "RtnAuth"
RETURN_STATUSES = {
    "A": "Pending Approval",
    "B": "Pending Receipt",
    "C": "Cancelled",
    "D": "Partially Received",
    "E": "Pending Refund/Partially Received",
    "F": "Pending Refund",
    "G": "Refunded",
    "H": "Closed",
}
RETURN_STAGES = {
    "A": CreditStage.REQUESTED,
    "B": CreditStage.APPROVED,
    "C": CreditStage.CANCELLED,
    "D": CreditStage.RECEIVED,
    "E": CreditStage.RECEIVED,
    "F": CreditStage.RECEIVED,
    "G": CreditStage.CREDITED,
    # Closed: nothing more will come of it, neither goods nor money.
    "H": CreditStage.CANCELLED,
}
# Credit memo, return authorization, invoice, order: no chain is longer.
_LONGEST_WAY = 3
_ORDER_TYPE = "SalesOrd"
# What of an order's body a credit memo has.
FIELDS = ("entity", "tranDate", "currency", "subsidiary", "location", "department", "class", "memo", "item")
_SHIPPING = ("shipMethod", "shippingCost", "shippingTaxCode")


@dataclass(frozen=True, slots=True)
class Behind:
    """By the id of what a credit was created from: the sales order, and which of them are return authorizations."""

    orders: Mapping[str, str]
    returns: Collection[str]


class NetSuiteCredits(NetSuiteDocuments, Credits):
    """The part Credits, played with a client."""

    credit_batch: ClassVar[int] = 100
    credits_begin_as_drafts: ClassVar[bool] = False

    def create_credit(self, document: NewCredit) -> ErpCredit:
        """An upsert with all lines; the same again changes nothing. It answers without a body: it is read back."""
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        operation = f"create credit memo {document.reference}"
        order = as_order(document)
        ids = self._ids(order)
        whole = order_body(order, self.choices, ids).fields
        body = {name: value for name, value in whole.items() if name in (*FIELDS, *_SHIPPING)}
        total = document.total_including_tax
        if applied := applications(self.client, document.order_external_id, ids.currency, total):
            body["apply"] = {"items": applied}
        self.client.upsert(
            MEMO, document.reference, body, sublists="item", operation=operation, ends_at=ends_at
        )
        try:
            found = self.find_credits([document.reference])
        except SyncError as error:
            raise OutcomeUnknown(f"{operation}: done, but not what became of it. {error}") from error
        if not found:
            raise OutcomeUnknown(f"{operation}: done, but it is not found yet.")
        return replace(found[0], order_external_id=document.order_external_id)

    def post_credits(self, external_ids: Sequence[str]) -> list[Confirmed]:
        """They were posted when they were made."""
        return [Confirmed(found.external_id, found.status) for found in self.read_credits(external_ids)]

    def find_credits(self, references: Sequence[str]) -> list[ErpCredit]:
        """By external id, as it was sent."""
        wanted = list(dict.fromkeys(text.strip() for text in references if text.strip()))
        return self._read_all(credit_queries.by_reference(wanted)) if wanted else []

    def read_credits(self, external_ids: Sequence[str]) -> list[ErpCredit]:
        """Ids that are no numbers cannot exist and are left out."""
        ids = list(dict.fromkeys(each for each in external_ids if each.isascii() and each.isdigit()))
        return self._read_all(credit_queries.by_id(ids)) if ids else []

    def changed_credits(self, since: PagePosition | None, after: str | None) -> Page[ErpCredit]:
        """Ordered by stamp, then id; each page is a query of its own from the last row on."""
        stamp, after_id = position_of(after) if after else (self._since(since), None)
        query = credit_queries.changed(stamp, after_id)
        rows = self.client.query(query, operation="read changed credit memos", limit=self.page_rows)
        last = rows.items[-1] if rows.has_more and rows.items else None
        return Page(tuple(self._whole_credits(rows.items)), f"{last['stamp']}|{last['id']}" if last else None)

    # ------------------------------------------------------------------------------------------- reading

    def _read_all(self, query: str) -> list[ErpCredit]:
        return self._whole_credits(list(self.client.rows(query, operation="read credit memos")))

    def _whole_credits(self, headers: Sequence[Json]) -> list[ErpCredit]:
        """Headers with their lines, and the orders that they lead to: a query each for all of them."""
        if not headers:
            return []
        ids = [str(row["id"]) for row in headers]
        lines: dict[str, list[Json]] = {}
        for row in self._shown(document_queries.lines, ids):
            lines.setdefault(str(row.get("transaction")), []).append(row)
        behind = self._behind(headers)
        try:
            return [self._credit(row, lines.get(str(row["id"]), []), behind) for row in headers]
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"read credit memos: an answer that cannot be read ({error!r}).") from error

    def _behind(self, headers: Sequence[Json]) -> Behind:
        """What lies behind each record that credits were created from, where the way leads there."""
        behind = {
            str(row["createdfrom"]): str(row["createdfrom"]) for row in headers if row.get("createdfrom")
        }
        orders: dict[str, str] = {}
        returns: set[str] = set()
        for _ in range(_LONGEST_WAY):
            asked = {source for first, source in behind.items() if first not in orders}
            if not asked:
                break
            rows = self.client.rows(
                credit_queries.sources(sorted(asked)), operation="read what credits were made from"
            )
            known = {str(row["id"]): row for row in rows}
            for first, source in list(behind.items()):
                row = known.get(source, {})
                if row.get("type") == RETURN_TYPE:
                    returns.add(source)
                if row.get("type") == _ORDER_TYPE:
                    orders[first] = source
                behind[first] = str(row.get("createdfrom") or "")
            behind = {first: source for first, source in behind.items() if source or first in orders}
        return Behind(orders, returns)

    def _credit(self, row: Json, rows: Sequence[Json], behind: Behind) -> ErpCredit:
        including, tax = abs(amount_of(row, "foreigntotal")), abs(amount_of(row, "taxtotal"))
        totals = ErpTotals(self._currency_code(row), including - tax, tax, including)
        letter, source = letter_of(row), str(row.get("createdfrom") or "")
        is_return = row.get("type") == RETURN_TYPE
        day = str(row.get("trandate") or "")
        return ErpCredit(
            external_id=str(row["id"]),
            number=str(row.get("tranid") or ""),
            reference=str(row.get("externalid") or ""),
            is_return=is_return,
            status=(RETURN_STATUSES if is_return else STATUSES).get(letter, letter),
            stage=RETURN_STAGES.get(letter, CreditStage.APPROVED) if is_return else _stage(letter),
            customer_number=str(row.get("customer") or ""),
            currency=totals.currency,
            lines=_lines(rows, totals, is_return=is_return),
            totals=totals,
            updated_at=suiteql.utc(str(row["stamp"]), self.zone, datetime.now(UTC)),
            order_external_id=behind.orders.get(source, ""),
            document_date=date.fromisoformat(day) if day else None,
            return_external_id=source if source in behind.returns else "",
        )


def _stage(letter: str) -> CreditStage:
    return CreditStage.CANCELLED if letter == VOIDED else CreditStage.CREDITED


def _lines(rows: Iterable[Json], totals: ErpTotals, *, is_return: bool) -> tuple[ErpCreditLine, ...]:
    """Which sign a credit's lines have there no source tells: that with which they come to the total is taken."""
    read = document_lines(rows, totals)
    net = sum((line.amount_excluding_tax or Decimal(0) for line in read), Decimal(0))
    sign = -1 if net < 0 else 1
    found = []
    for line in read:
        amount = sign * (line.amount_excluding_tax or Decimal(0))
        found.append(
            ErpCreditLine(
                external_id=line.external_id,
                kind=line.kind,
                number=line.number,
                description=line.description,
                quantity=abs(line.quantity),
                amount_excluding_tax=amount,
                tax_amount=round_money(amount * (line.tax_rate or Decimal(0)), totals.currency),
                received_quantity=line.shipped_quantity if is_return else _goods(line),
                warehouse=line.warehouse,
                restocks=line.kind is LineKind.ITEM,
                unit=line.unit,
            )
        )
    return tuple(found)


def _goods(line: ErpDocumentLine) -> Decimal:
    """How much of a credited line came back: a memo says nothing else of it."""
    return abs(line.quantity) if line.kind is LineKind.ITEM else Decimal(0)


def as_order(document: NewCredit) -> SalesOrder:
    """The document with the names of an order's, whose body it shares."""
    note = SalesOrderLine(LineKind.COMMENT, "", document.note or document.reference)
    return SalesOrder(
        identity=OrderIdentity("", ""),
        reference=document.reference,
        po_number="",
        customer_number=document.customer_number,
        order_date=document.credit_date,
        currency=document.currency,
        prices_include_tax=document.prices_include_tax,
        lines=(*document.lines, note),
        total_excluding_tax=document.total_excluding_tax,
        total_tax=document.total_tax,
        total_including_tax=document.total_including_tax,
    )
