"""Cancelling a sales order: Business Central has no state for it, the order is deleted.

API v2.0: DELETE salesOrders({id}) with the etag that was read. An order of which something was shipped or invoiced is
not deleted: what was delivered is returned and credited there.
"""

from __future__ import annotations

import time
from decimal import Decimal, InvalidOperation

from hub.connectors.erp_parts import SalesOrders
from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central.client import Client, Json
from hub.connectors.order_changes import DELETED, CancelledOrder, OrderCancellation
from hub.errors import RecordRejected

OPERATION = "cancel a sales order"
_DELIVERED = ("shippedQuantity", "invoicedQuantity")


class BusinessCentralCancellation(OrderCancellation, SalesOrders):
    """The part OrderCancellation, played with a client."""

    client: Client

    def cancel_sales_order(self, external_id: str, reference: str) -> CancelledOrder:
        """Read with its lines, then deleted as it was read; one that changed in between is refused and tried again."""
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        order = self._with_lines(external_id)
        if order is None:
            self._check_not_invoiced(reference)
            return CancelledOrder(external_id, DELETED)
        number = order.get("number", external_id)
        if any(_is_positive(line.get(name)) for line in _lines(order) for name in _DELIVERED):
            raise RecordRejected(
                f"{number} was not cancelled: something of it was shipped or invoiced in Business Central. Settle it "
                "there (cancel what is left, take a return), then dismiss this.",
                evidence={"document": number, "reference": reference},
            )
        etag = str(order.get("@odata.etag", "*"))
        self.client.change(
            "DELETE", f"salesOrders({external_id})", etag=etag, operation=OPERATION, ends_at=ends_at
        )
        return CancelledOrder(external_id, DELETED)

    def _with_lines(self, external_id: str) -> Json | None:
        options = {"$filter": f"id eq {external_id}", "$expand": "salesOrderLines"}
        page = self.client.page(
            odata.query("salesOrders", options), operation="read an order before it is cancelled"
        )
        return page.items[0] if page.items else None

    def _check_not_invoiced(self, reference: str) -> None:
        """An order that was invoiced whole is gone as well."""
        invoiced = [found for found in self.find_sales_orders([reference]) if found.invoice_number]
        if invoiced:
            raise RecordRejected(
                f"The order was not cancelled: it was delivered and invoiced as {invoiced[0].invoice_number}. Credit "
                "the invoice in Business Central, then dismiss this.",
                evidence={"document": invoiced[0].invoice_number, "reference": reference},
            )


def _lines(order: Json) -> list[Json]:
    lines = order.get("salesOrderLines")
    return [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []


def _is_positive(value: object) -> bool:
    try:
        return Decimal(str(value or 0)) > 0
    except InvalidOperation:
        return False
