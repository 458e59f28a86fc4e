"""Return orders: return sales that are invoiced for what has come back.

One that waits for a clerk is a draft; confirming it approves it, cancelling it declines it. Its goods are awaited by a
customer return shipment, and the credit note that Tryton makes of what was received is told as a credit of the ERP's
own. A return sale that people began is a return order as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from hub.connectors.credits import ErpCredit, NewCredit, ReturnOrders, refund_of
from hub.connectors.documents import Page, PagePosition
from hub.connectors.erp_parts import Confirmed
from hub.connectors.erps.tryton.confirmation import TrytonConfirmation
from hub.connectors.erps.tryton.records import rows_at
from hub.connectors.erps.tryton.return_sales import (
    AFTER_RECEIPT,
    Place,
    ReturnSales,
    parsed,
    start_of,
    told_of_returns,
    unreadable_rows,
)
from hub.connectors.erps.tryton.sales_orders import is_below_zero
from hub.connectors.erps.tryton.wire import Json

_RANK = 0
_RETURNS: list[object] = [["lines.quantity", "<", 0]]


class TrytonReturns(ReturnSales, TrytonConfirmation, ReturnOrders):
    """The part ReturnOrders, played with a client."""

    settle_after = timedelta(minutes=5)
    call_deadline = timedelta(seconds=60)
    returns_begin_as_drafts: ClassVar[bool] = True
    return_page_rows: ClassVar[int] = 100

    def create_return(self, document: NewCredit) -> ErpCredit:
        """A draft. Where it is there already, that one."""
        return self.make_return_sale(document, AFTER_RECEIPT)

    def approve_returns(self, external_ids: Sequence[str]) -> list[Confirmed]:
        """Quoted and confirmed as orders are; what is confirmed stays."""
        return [told_of_returns(one) for one in self.confirm_sales_orders(external_ids)]

    def find_returns(self, references: Sequence[str]) -> list[ErpCredit]:
        """By web id, in any web shop. Cancelled ones, too."""
        wanted = list(dict.fromkeys(text.strip() for text in references if text.strip()))
        domain = [["web_id", "in", wanted], ["invoice_method", "=", AFTER_RECEIPT]]
        operation = "look up return orders"
        return parsed(self.sale_rows(domain, operation), operation, is_return=True) if wanted else []

    def changed_returns(self, since: PagePosition | None, after: str | None) -> Page[ErpCredit]:
        """Ordered by stamp, then id; credits of ours and sales that give back less than they sell are left out."""
        operation, size = "read changed return orders", self.return_page_rows
        domain = [*_RETURNS, *start_of(since, after, _RANK)]
        rows = self.sale_rows(domain, operation, size + 1)
        shown = rows[:size]
        try:
            last = str(Place.of(shown[-1], _RANK)) if len(rows) > size else None
        except ValueError as error:
            raise unreadable_rows(operation, error) from error
        wanted = [row for row in shown if _is_return_order(row)]
        return Page(tuple(parsed(wanted, operation, is_return=True)), last)


def _is_return_order(row: Json) -> bool:
    is_credit = refund_of(str(row.get("web_id") or "")) and row.get("invoice_method") != AFTER_RECEIPT
    return bool(rows_at(row, "lines")) and not is_credit and is_below_zero(row)
