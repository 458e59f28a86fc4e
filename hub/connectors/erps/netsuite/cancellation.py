"""Cancelling a sales order: all its lines are closed, which closes the order.

The record service has no call that cancels: `orderStatus` is only written as A or B, and the state Cancelled is given
in the user interface to orders that wait for approval. A closed line is neither committed nor delivered. (Record
service schema salesOrder-itemElement: `line`, `isClosed`.)
"""

from __future__ import annotations

import time

from hub.connectors.erp_parts import SalesOrders
from hub.connectors.erps.netsuite.client import Client, Json
from hub.connectors.order_changes import DELETED, CancelledOrder, OrderCancellation
from hub.errors import RecordRejected

OPERATION = "close a sales order"
CLOSED = "Closed"
_OVER = ("Cancelled", CLOSED)
_UNTOUCHED = ("Pending Approval", "Pending Fulfillment")


class NetSuiteCancellation(OrderCancellation, SalesOrders):
    """The part OrderCancellation, played with a client."""

    client: Client

    def cancel_sales_order(self, external_id: str, reference: str) -> CancelledOrder:
        """Its state by SuiteQL, then its lines' numbers, then one PATCH that closes those that are open."""
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        standing = self.read_sales_orders([external_id])
        if not standing:
            return CancelledOrder(external_id, DELETED)
        order = standing[0]
        if order.status in _OVER:
            return CancelledOrder(external_id, order.status)
        if order.status not in _UNTOUCHED:
            raise RecordRejected(
                f"{order.number} was not cancelled: it is {order.status} in NetSuite, so something of it was delivered "
                "or billed. Close what is left of it there, or take a return, then dismiss this.",
                evidence={"document": order.number, "status": order.status, "reference": reference},
            )
        lines = [{"line": number, "isClosed": True} for number in self._open_lines(external_id)]
        closed = {"item": {"items": lines}}
        self.client.change("salesOrder", external_id, closed, operation=OPERATION, ends_at=ends_at)
        return CancelledOrder(external_id, CLOSED)

    def _open_lines(self, external_id: str) -> list[int]:
        record = self.client.get(
            f"record/v1/salesOrder/{external_id}?expandSubResources=true",
            operation="read an order before it is closed",
        )
        item = record.get("item")
        rows = item.get("items") if isinstance(item, dict) else None
        lines: list[Json] = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        numbers = (line.get("line") for line in lines if not line.get("isClosed"))
        return [number for number in numbers if isinstance(number, int)]
