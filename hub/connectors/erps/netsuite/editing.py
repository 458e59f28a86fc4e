"""Changing a sales order that stands: one PATCH of its header and of the lines that are named by their numbers.

Record service of release 2026.1: salesOrder and salesOrder-itemElement (`line`, `isClosed`). It knows no conditional
write: what somebody else has changed is seen by reading right before. A line is not removed, which takes a list of all
lines that are to stay and drops one that a clerk adds at that moment: it is closed at no cost.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import ClassVar

from hub.connectors.changing import (
    as_order,
    check_changeable,
    check_fields,
    gone,
    is_nothing,
    left_to_do,
    something_else,
)
from hub.connectors.documents import Address, LineKind, OrderIdentity, SalesOrder, SalesOrderLine
from hub.connectors.erps.netsuite.client import Json
from hub.connectors.erps.netsuite.order_body import (
    CUSTOM_PRICE,
    Ids,
    address_fields,
    goods_of,
    line_body,
    net_amount,
    shipping_fields,
)
from hub.connectors.erps.netsuite.sales_documents import NetSuiteDocuments, address_in
from hub.connectors.erps.netsuite.text import fitted
from hub.connectors.order_changes import ChangedLine, DocumentChange, OrderEditing
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from hub.errors import Conflict, OutcomeUnknown, RecordRejected

OPERATION = "change a sales order"
_PRICING = ("quantity", "price", "rate", "amount")


class NetSuiteEditing(OrderEditing, NetSuiteDocuments):
    """The part OrderEditing, played with a client."""

    changeable_until: ClassVar[OrderStage] = OrderStage.INVOICED
    fixed_fields: ClassVar[Mapping[str, str]] = {
        "requested_date": "NetSuite's orders have a requested date on each line only"
    }

    def change_sales_order(self, external_id: str, reference: str, change: DocumentChange) -> ErpDocument:
        """Read by SuiteQL, changed in one request, and read again."""
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        standing = self._standing(external_id, reference)
        check_fields(change, self.fixed_fields, standing.number)
        wished = as_order(change, standing, OrderIdentity("", ""))
        ids = self.named_ids(wished)
        left = self._left(change, standing, wished, ids)
        if is_nothing(left):
            return standing
        check_changeable(left, standing, self.changeable_until)
        body = self._body(left, standing, as_order(left, standing, OrderIdentity("", "")), ids)
        try:
            self.client.change("salesOrder", external_id, body, operation=OPERATION, ends_at=ends_at)
        except RecordRejected as error:
            raise self.explained(error, wished) from error
        return self._changed_order(change, standing, wished, ids)

    def _standing(self, external_id: str, reference: str) -> ErpDocument:
        found = self.read_sales_documents([external_id])
        if not found:
            raise gone(reference, external_id)
        return found[0]

    def _left(
        self, change: DocumentChange, standing: ErpDocument, wished: SalesOrder, ids: Ids
    ) -> DocumentChange:
        codes, method = self.codes, ids.ship_items.get(wished.shipping_method_code, "")
        done = {
            "po_number": standing.po_number == fitted("otherRefNum", wished.po_number, []),
            "ship_to": change.ship_to is not None and standing.ship_to == _kept(change.ship_to),
            "payment_terms_code": change.payment_terms_code is not None
            and codes.terms.is_named(ids.terms, standing.payment_terms_code),
            # The order names one shipping item: a charge's own, as when it was created.
            "shipping_method_code": any(line.kind is LineKind.SHIPPING for line in wished.lines)
            or codes.ship_items.is_named(method, standing.shipping_method_code),
        }
        names = {name for name, is_so in done.items() if is_so}
        return left_to_do(change, standing, done=names, stands=partial(_stands, wished))

    def _changed_order(
        self, change: DocumentChange, before: ErpDocument, wished: SalesOrder, ids: Ids
    ) -> ErpDocument:
        """As it stands now. A look-up that lags behind shows it as it was: then nobody knows yet."""
        standing = self._standing(before.external_id, before.reference)
        try:
            is_done = is_nothing(self._left(change, standing, wished, ids))
        except Conflict:
            is_done = False
        if is_done:
            return standing
        if standing.updated_at == before.updated_at:
            raise OutcomeUnknown(f"{OPERATION}: {before.number} was changed, but is not shown so yet.")
        raise something_else(standing)

    def _body(self, left: DocumentChange, standing: ErpDocument, wished: SalesOrder, ids: Ids) -> Json:
        fields: Json = {}
        if left.po_number is not None:
            fields["otherRefNum"] = fitted("otherRefNum", left.po_number, [])
        if left.ship_to is not None:
            fields["shippingAddress"] = address_fields(left.ship_to, left.ship_to.phone, [])
        if left.payment_terms_code is not None:
            fields["terms"] = {"id": ids.terms} if ids.terms else None
        fields |= self._shipping(left, standing, wished, ids)
        lines = self._lines(left, standing, wished, ids)
        return fields | {"item": {"items": lines}} if lines else fields

    def _shipping(self, left: DocumentChange, standing: ErpDocument, wished: SalesOrder, ids: Ids) -> Json:
        """Method and cost. A cost that is to stay is said beside a new method, which would compute one otherwise."""
        costs = [line for line in standing.lines if line.kind is LineKind.SHIPPING]
        if any(line.kind is LineKind.SHIPPING for line in wished.lines):
            return shipping_fields(wished, self.choices, ids, [])
        freight = {line.external_id for line in costs}
        is_out = any(each.external_id in freight for each in left.lines)
        cost = Decimal(0) if is_out else sum((_cost(line) for line in costs), Decimal(0))
        if left.shipping_method_code is not None:
            return shipping_fields(wished, self.choices, ids, []) | {"shippingCost": cost}
        return {"shippingCost": cost} if is_out else {}

    def _lines(self, left: DocumentChange, standing: ErpDocument, wished: SalesOrder, ids: Ids) -> list[Json]:
        goods_of(wished)
        there = {line.external_id: line for line in standing.lines}
        bodies = []
        for each in left.lines:
            known = there.get(each.external_id)
            kind = each.line.kind if each.line else known.kind if known else None
            if kind is not LineKind.SHIPPING:
                bodies.append(self._line(each, known, wished, ids))
        return bodies

    def _line(self, each: ChangedLine, known: ErpDocumentLine | None, wished: SalesOrder, ids: Ids) -> Json:
        number: Json = {"line": int(each.external_id)} if each.external_id else {}
        if each.line is None:
            nothing = {"price": {"id": CUSTOM_PRICE}, "rate": Decimal(0), "amount": Decimal(0)}
            return number | {"isClosed": True} | nothing
        body = line_body(each.line, wished, self.choices, ids, [])
        if known is not None and known.is_closed:
            number["isClosed"] = False
        if known is not None and known.number == each.line.number:
            # Of a line that stays what it is only how much and for what price.
            return number | {name: body[name] for name in _PRICING}
        return number | body


def _stands(wished: SalesOrder, there: ErpDocumentLine, line: SalesOrderLine) -> bool:
    """Whether the line is what NetSuite makes of that one."""
    is_same = there.number == line.number and there.quantity == line.quantity and not there.is_closed
    return is_same and there.amount_excluding_tax == net_amount(line, wished)


def _cost(line: ErpDocumentLine) -> Decimal:
    return line.amount_excluding_tax or Decimal(0)


def _kept(address: Address) -> Address | None:
    """The address as it is read from an order that was given it."""
    fields = {name.lower(): value for name, value in address_fields(address, address.phone, []).items()}
    fields["country"] = address.country_code
    return address_in({f"ship_{name}": value for name, value in fields.items()}, "ship")
