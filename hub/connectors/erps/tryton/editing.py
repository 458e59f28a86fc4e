"""Changing a sale that stands: written anew while nobody works on it, amended once it is processed.

A draft is written in one call, a quotation and a confirmed sale are taken back to draft for it and brought forward
again. A sale that is processed takes no more lines, carriers and dates; its quantities, prices, payment terms and
addresses change by the module sale_amendment, as long as its shipments wait. The PO number is free at any time. The
first call shows Tryton the time stamp that was read, so that what somebody saves meanwhile is not written over.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from hub.connectors.base import CallKind
from hub.connectors.changing import (
    as_order,
    check_changeable,
    gone,
    is_nothing,
    left_to_do,
    something_else,
)
from hub.connectors.documents import OrderIdentity, SalesOrder, SalesOrderLine
from hub.connectors.erps.tryton.amending import Amendments
from hub.connectors.erps.tryton.places import is_at, place_of
from hub.connectors.erps.tryton.sale_body import SaleRecords, line_values, parts_of
from hub.connectors.erps.tryton.sales_documents import TrytonDocuments
from hub.connectors.erps.tryton.sales_orders import SALE
from hub.connectors.erps.tryton.wire import Json, day
from hub.connectors.order_changes import ChangedLine, DocumentChange, OrderEditing
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from hub.errors import Conflict, NotReadyYet, RecordRejected

OPERATION = "change a sale"
DRAFT, QUOTATION, CONFIRMED = "draft", "quotation", "confirmed"
# The buttons that lead from a draft to where it was.
FORWARD: dict[str, tuple[str, ...]] = {DRAFT: (), QUOTATION: ("quote",), CONFIRMED: ("quote", "confirm")}
# What of a line that stays what it is may change.
_PRICING = ("quantity", "unit_price", "note")


class TrytonEditing(OrderEditing, TrytonDocuments):
    """The part OrderEditing, played with a client."""

    changeable_until: ClassVar[OrderStage] = OrderStage.PICKED

    @abstractmethod
    def states_of(self, numbers: Sequence[int]) -> dict[int, str]:
        """The states of these sales; whoever confirms sales knows them."""

    def change_sales_order(self, external_id: str, reference: str, change: DocumentChange) -> ErpDocument:
        """Read, written or amended, brought back to its state, and read again."""
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        standing = self._standing_sale(external_id, reference)
        identity = self.identity_of(standing.reference) or OrderIdentity("", "")
        wished = as_order(change, standing, identity)
        shop = self._shop_name(identity) or next(iter(self.shop_names.values()), "")
        editing = _Editing(wished, self.lookups.records_for(wished, shop))
        left = editing.left(change, standing)
        # An earlier try may have ended between two buttons.
        goal = change.base.status if standing.status == DRAFT else standing.status
        if is_nothing(left) and standing.status == goal:
            return standing
        check_changeable(left, standing, self.changeable_until)
        if standing.status in FORWARD:
            self._rewrite(editing.values(left, standing), standing, FORWARD.get(goal, ()), ends_at)
        else:
            Amendments(self.client, self.lookups, ends_at).amend(
                left, standing, editing.wished, editing.records
            )
        return self._changed_sale(change, standing, editing)

    def _standing_sale(self, external_id: str, reference: str) -> ErpDocument:
        found = self.read_sales_documents([external_id])
        if not found:
            raise gone(reference, external_id)
        return found[0]

    def _changed_sale(self, change: DocumentChange, before: ErpDocument, editing: _Editing) -> ErpDocument:
        standing = self._standing_sale(before.external_id, before.reference)
        try:
            is_done = is_nothing(editing.left(change, standing))
        except Conflict:
            is_done = False
        if not is_done:
            raise something_else(standing)
        return standing

    def _rewrite(self, values: Json, standing: ErpDocument, forward: Sequence[str], ends_at: float) -> None:
        """To draft if need be, one write, and forward again."""
        sale = int(standing.external_id)
        guards = {f"{SALE},{sale}": standing.revision} if standing.revision else {}
        if standing.status != DRAFT:
            self._push_button("draft", sale, ends_at, guards)
            guards = {}
            if self.states_of([sale]).get(sale) != DRAFT:
                # Its own queue was faster: only what is processed can be amended.
                raise NotReadyYet("Tryton is just processing the sale that is to be changed.", after=5.0)
        if values:
            method = f"model.{SALE}.write"
            self.client.call(
                CallKind.WRITE, method, [sale], values, operation=OPERATION, ends_at=ends_at, guards=guards
            )
        for button in forward:
            try:
                self._push_button(button, sale, ends_at, {})
            except RecordRejected as error:
                raise RecordRejected(
                    f"{error} The sale has the change and is a draft now: see what keeps it there.",
                    evidence=error.evidence,
                ) from error

    def _push_button(self, button: str, sale: int, ends_at: float, guards: Mapping[str, str]) -> None:
        method, operation = f"model.{SALE}.{button}", f"{button} a sale that is changed"
        self.client.call(CallKind.WRITE, method, [sale], operation=operation, ends_at=ends_at, guards=guards)


class _Editing:
    """One change with the records that it names."""

    def __init__(self, wished: SalesOrder, records: SaleRecords) -> None:
        self.wished = wished
        self.records = records

    def left(self, change: DocumentChange, standing: ErpDocument) -> DocumentChange:
        """What is not so yet."""
        done = {
            "po_number": change.po_number == standing.po_number,
            "ship_to": change.ship_to is not None
            and standing.ship_to is not None
            and is_at(standing.ship_to, place_of(change.ship_to)),
            "requested_date": change.requested_date == standing.requested_date,
            "payment_terms_code": change.payment_terms_code == standing.payment_terms_code,
            "shipping_method_code": change.shipping_method_code == standing.shipping_method_code,
        }
        return left_to_do(
            change, standing, done={name for name, is_so in done.items() if is_so}, stands=self._stands
        )

    def values(self, left: DocumentChange, standing: ErpDocument) -> Json:
        """What a draft is written with."""
        values: Json = {}
        if left.po_number is not None:
            values["reference"] = left.po_number
        if left.ship_to is not None:
            values["shipment_address"] = self.records.shipment_address
        if left.requested_date is not None:
            values["shipping_date"] = day(left.requested_date)
        if left.payment_terms_code is not None:
            values["payment_term"] = self.records.payment_term
        if left.shipping_method_code is not None:
            values["carrier"] = self.records.carrier
        numbers = {line.external_id: line.number for line in standing.lines}
        lines = [step for each in left.lines for step in self._steps(each, numbers)]
        return values | {"lines": lines} if lines else values

    def _steps(self, each: ChangedLine, numbers: Mapping[str, str]) -> Iterator[list[object]]:
        """What becomes of a line: it is deleted, written, made."""
        bodies = list(line_values(each.line, self.wished, self.records)) if each.line else []
        stays = each.line is not None and numbers.get(each.external_id) == each.line.number
        if each.external_id and not stays:
            yield ["delete", [int(each.external_id)]]
        if stays:
            first = bodies.pop(0)
            yield ["write", [int(each.external_id)], {name: first[name] for name in _PRICING}]
        if bodies:
            yield ["create", bodies]

    def _stands(self, there: ErpDocumentLine, line: SalesOrderLine) -> bool:
        """Whether the line is what Tryton was given for that one; of two the first."""
        part = parts_of(line, self.wished, self.records)[0]
        is_priced = there.quantity == part.quantity and there.unit_price == part.unit_price
        return is_priced and there.number == line.number
