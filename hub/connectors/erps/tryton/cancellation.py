"""Cancelling a sale: its button while it is a draft or a quotation, an amendment to zero once it is processed.

Tryton takes a confirmed sale back in no other way: `cancel` is refused then. The module sale_amendment changes the
quantities of a sale that is under way; with all of them at zero the waiting shipments and the draft invoice are deleted
and the sale is done.
"""

from __future__ import annotations

import time
from datetime import timedelta
from decimal import Decimal

from hub.connectors.base import CallKind
from hub.connectors.erps.tryton.client import Client
from hub.connectors.erps.tryton.lookups import Lookups, is_at_vendor
from hub.connectors.erps.tryton.records import id_of
from hub.connectors.erps.tryton.wire import Json, number
from hub.connectors.order_changes import DELETED, CancelledOrder, OrderCancellation
from hub.errors import NotReadyYet, RecordRejected

OPERATION = "cancel a sale"
CANCELLED, DONE = "cancelled", "done"
_BUTTON_STATES = ("draft", "quotation")
_NOTHING_SHIPPED = ("none", "waiting")
_NOTHING_INVOICED = ("none", "pending", "awaiting payment")
_FIELDS = (
    "number", "state", "shipment_state", "invoice_state", "total_amount", "lines.type", "lines.quantity",
    "lines.product", "lines.unit", "lines.unit_price", "invoices.state",
)  # fmt: skip


class TrytonCancellation(OrderCancellation):
    """The part OrderCancellation, played with a client."""

    client: Client
    lookups: Lookups
    call_deadline: timedelta

    def cancel_sales_order(self, external_id: str, reference: str) -> CancelledOrder:
        """One read, then the button, or an amendment that is made and validated."""
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        sale = self._sale(external_id)
        if sale is None:
            return CancelledOrder(external_id, DELETED)
        state = str(sale.get("state"))
        if state == CANCELLED or (state == DONE and not sale.get("total_amount")):
            return CancelledOrder(external_id, state)
        if state in _BUTTON_STATES:
            method = "model.sale.sale.cancel"
            self.client.call(CallKind.WRITE, method, [int(external_id)], operation=OPERATION, ends_at=ends_at)
            return CancelledOrder(external_id, CANCELLED)
        if state == "confirmed":
            # Tryton's own queue processes it in a moment; only then it can be amended.
            raise NotReadyYet("Tryton is just processing the sale that is to be cancelled.", after=5.0)
        self._check_untouched(sale, reference)
        self._check_amendments(sale, reference)
        self._bring_to_zero(int(external_id), sale, ends_at)
        return CancelledOrder(external_id, DONE)

    def _sale(self, external_id: str) -> Json | None:
        found = self.client.records(
            "sale.sale",
            [["id", "=", int(external_id)]],
            [*_FIELDS, *self.lookups.settings().vendor_fields],
            operation="read a sale before it is cancelled",
        )
        return found[0] if found else None

    def _check_untouched(self, sale: Json, reference: str) -> None:
        is_posted = any(invoice.get("state") in ("posted", "paid") for invoice in _rows(sale, "invoices."))
        if is_at_vendor(sale):
            raise RecordRejected(
                f"{sale.get('number')} was not cancelled: a vendor was asked to send goods of it straight to the "
                "customer, and Tryton takes no purchase back for a sale. Settle both there, then dismiss this.",
                evidence={"document": sale.get("number"), "reference": reference},
            )
        if sale.get("shipment_state") in _NOTHING_SHIPPED and not is_posted:
            return
        raise RecordRejected(
            f"{sale.get('number')} was not cancelled: something of it was delivered or invoiced in Tryton (shipment "
            f"{sale.get('shipment_state')}, invoice {sale.get('invoice_state')}). Settle it there, then dismiss this.",
            evidence={"document": sale.get("number"), "reference": reference},
        )

    def _check_amendments(self, sale: Json, reference: str) -> None:
        known = self.client.records(
            "ir.model",
            [["name", "=", "sale.amendment"]],
            ["name"],
            operation="look for the module sale_amendment",
        )
        if not known:
            raise RecordRejected(
                f"{sale.get('number')} was not cancelled: Tryton has it under way, and takes that back only with the "
                "module sale_amendment, which is not activated there. Cancel its shipments and its invoice there, then "
                "dismiss this; with the module, and the hub's user in the group Sale Amendment, it goes by itself.",
                evidence={"document": sale.get("number"), "reference": reference},
            )

    def _bring_to_zero(self, sale: int, found: Json, ends_at: float) -> None:
        lines = [
            {
                "action": "line",
                "line": id_of(line),
                "product": line.get("product"),
                "quantity": 0.0,
                "unit": line.get("unit"),
                "unit_price": number(_price(line)),
            }
            for line in _rows(found, "lines.")
            if line.get("type") == "line" and line.get("quantity")
        ]
        values: Json = {"sale": sale, "description": OPERATION, "lines": [["create", lines]]}
        made = self.client.create(
            "sale.amendment", values, operation="prepare a cancellation", ends_at=ends_at
        )
        validate = "model.sale.amendment.validate_amendment"
        self.client.call(CallKind.WRITE, validate, made, operation=OPERATION, ends_at=ends_at)


def _rows(record: Json, name: str) -> list[Json]:
    rows = record.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _price(line: Json) -> Decimal:
    price = line.get("unit_price")
    return price if isinstance(price, Decimal) else Decimal(0)
