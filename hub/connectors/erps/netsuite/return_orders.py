"""Return authorizations: one PUT by external id, approved or waiting for approval as it says; read as credit memos are.

Record service: returnAuthorization (header as published for release 2020.2). It has no shipping. A transform of the
sales order makes one as well, but by a POST, which a lost answer leaves in doubt; the PUT is safe to repeat, and names
no order: which one it is of tells its reference. The credit memo that a clerk makes of it names it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from hub.connectors.credits import ErpCredit, NewCredit, ReturnOrders
from hub.connectors.documents import LineKind, Page, PagePosition
from hub.connectors.erp_parts import Confirmed
from hub.connectors.erps.netsuite import credit_queries
from hub.connectors.erps.netsuite.credits import FIELDS, NetSuiteCredits, as_order
from hub.connectors.erps.netsuite.order_body import order_body
from hub.connectors.erps.netsuite.sales_orders import position_of
from hub.errors import OutcomeUnknown, RecordRejected, SyncError

RETURN = "returnAuthorization"
PENDING_APPROVAL, PENDING_RECEIPT = "A", "B"


class NetSuiteReturns(NetSuiteCredits, ReturnOrders):
    """The part ReturnOrders, played with a client."""

    returns_begin_as_drafts: ClassVar[bool] = False

    def create_return(self, document: NewCredit) -> ErpCredit:
        """An upsert with all lines; the same again changes nothing. It answers without a body: it is read back."""
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        operation = f"create return authorization {document.reference}"
        _check_no_shipping(document)
        order = as_order(document)
        whole = order_body(order, self.choices, self._ids(order)).fields
        body = {name: value for name, value in whole.items() if name in FIELDS}
        body["orderStatus"] = {"id": PENDING_RECEIPT if document.is_approved else PENDING_APPROVAL}
        self.client.upsert(
            RETURN, document.reference, body, sublists="item", operation=operation, ends_at=ends_at
        )
        try:
            found = self.find_returns([document.reference])
        except SyncError as error:
            raise OutcomeUnknown(f"{operation}: done, but not what became of it. {error}") from error
        if not found:
            raise OutcomeUnknown(f"{operation}: done, but it is not found yet.")
        return replace(found[0], order_external_id=document.order_external_id)

    def approve_returns(self, external_ids: Sequence[str]) -> list[Confirmed]:
        """They were approved when they were made."""
        ids = list(dict.fromkeys(each for each in external_ids if each.isascii() and each.isdigit()))
        found = self._read_all(credit_queries.by_id(ids, credit_queries.RETURNS)) if ids else []
        return [Confirmed(one.external_id, one.status) for one in found]

    def find_returns(self, references: Sequence[str]) -> list[ErpCredit]:
        """By external id, as it was sent."""
        wanted = list(dict.fromkeys(text.strip() for text in references if text.strip()))
        kind = credit_queries.RETURNS
        return self._read_all(credit_queries.by_reference(wanted, kind)) if wanted else []

    def changed_returns(self, since: PagePosition | None, after: str | None) -> Page[ErpCredit]:
        """Ordered by stamp, then id; each page is a query of its own from the last row on."""
        stamp, after_id = position_of(after) if after else (self._since(since), None)
        query = credit_queries.changed(stamp, after_id, credit_queries.RETURNS)
        rows = self.client.query(query, operation="read changed return orders", limit=self.page_rows)
        last = rows.items[-1] if rows.has_more and rows.items else None
        return Page(tuple(self._whole_credits(rows.items)), f"{last['stamp']}|{last['id']}" if last else None)


def _check_no_shipping(document: NewCredit) -> None:
    for line in document.lines:
        if line.kind is LineKind.SHIPPING:
            raise RecordRejected(
                f"NetSuite's return authorizations have no shipping charge ({line.number}). Map the charge to an item, "
                "or choose credit memos for such refunds in the credit policy."
            )
