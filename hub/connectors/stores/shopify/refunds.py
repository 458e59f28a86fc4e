"""Refunds of one shop: read by order and id, so that no search index lags behind a write; made once for a key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from hub.connectors.store_returns import (
    NewRefund,
    NewRefundLine,
    NewRefundPayment,
    PaymentState,
    RefundedLine,
    RefundedShipping,
    RefundPayment,
    Refunds,
    Restock,
    StoreRefund,
    SuggestedRefund,
)
from hub.connectors.stores.shopify.client import AdminClient, QueryRefused, payload_of, refusal
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.paging import completed, next_cursor
from hub.connectors.stores.shopify.shapes import (
    Node,
    clean,
    flag,
    gid,
    integer,
    member,
    members,
    moment,
    money,
    optional_gid,
    optional_member,
    required_text,
    sum_of,
    text,
    zero_bag,
)
from hub.errors import OutcomeUnknown, RecordRejected
from hub.lib.money import MoneyBag

ORDERS_AT_ONCE = 10
# Five refunds of ten lines keep within 1000 points.
REFUNDS_AT_ONCE = 5
# Shopify answers or gives up within ten seconds; what it still does then is seen by id soon after.
SETTLE_AFTER = timedelta(seconds=60)

_RESTOCKS = {
    "RETURN": Restock.RETURN,
    # "Restocked, without being identified as a return or cancelation": what was sent came back.
    "LEGACY_RESTOCK": Restock.RETURN,
    "CANCEL": Restock.CANCEL,
    "NO_RESTOCK": Restock.NO_RESTOCK,
}
_STATES = {
    "SUCCESS": PaymentState.DONE,
    "FAILURE": PaymentState.FAILED,
    "ERROR": PaymentState.FAILED,
}
_MARK = re.compile(r"\[(erp[A-Z0-9]{1,4}:[^\s\]]{1,100})\]\s*$", re.ASCII)


class RefundKeeper(Refunds):
    """How one shop's refunds are read and made. Safe to share between threads."""

    client: AdminClient
    refund_settle_after: ClassVar[timedelta] = SETTLE_AFTER
    refund_batch: ClassVar[int] = ORDERS_AT_ONCE

    @property
    def refund_deadline(self) -> timedelta:
        """Of one call."""
        return timedelta(seconds=self.client.http.deadline)

    def read_refunds(self, order_external_ids: Sequence[str]) -> dict[str, list[StoreRefund]]:
        """First the ids of the orders' refunds, which a list without pages holds, then these whole."""
        reply = self.client.run(operation("OrderRefunds"), {"ids": list(order_external_ids)})
        ids = {
            gid(node, "id", "Order"): [gid(one, "id", "Refund") for one in members(node, "refunds")]
            for node in present(reply.data, "nodes")
        }
        wanted = [one for refunds in ids.values() for one in refunds]
        found: dict[str, StoreRefund] = {}
        for start in range(0, len(wanted), REFUNDS_AT_ONCE):
            chosen = wanted[start : start + REFUNDS_AT_ONCE]
            answer = self.client.run(operation("RefundsById"), {"ids": chosen})
            for node in present(clean(answer.data), "nodes"):
                read = self._refund(node)
                found[read.external_id] = read
        return {
            order_id: [found[one] for one in refunds if one in found] for order_id, refunds in ids.items()
        }

    def suggest_refund(
        self, order_external_id: str, lines: Sequence[NewRefundLine], shipping: Decimal
    ) -> SuggestedRefund:
        """By `suggestedRefund` of the order."""
        variables = {
            "id": order_external_id,
            "lines": [_line_input(line) for line in lines],
            "shipping": str(shipping) if shipping else None,
        }
        asking = operation("SuggestRefund")
        try:
            reply = self.client.run(asking, variables)
        except QueryRefused as error:
            if error.code != "BAD_REQUEST":
                raise
            raise RecordRejected(str(error), evidence={"code": error.code}) from error
        order = optional_member(reply.data, "order")
        if order is None:
            raise RecordRejected(f"The store does not show the order {order_external_id} any more.")
        return _suggestion(member(order, "suggestedRefund"), left_of_payments(members(order, "transactions")))

    def create_refund(self, refund: NewRefund) -> StoreRefund:
        """By `refundCreate` under the key, which answers the refund that was made when it is sent again."""
        writing = operation("CreateRefund")
        try:
            reply = self.client.run(writing, {"input": refund_input(refund), "key": refund.key})
        except QueryRefused as error:
            # An id that has gone meanwhile is a fact about the record, not about the query.
            if error.code != "RESOURCE_NOT_FOUND":
                raise
            raise RecordRejected(str(error), evidence={"code": error.code}) from error
        payload = payload_of(writing, reply, "refundCreate")
        errors = members(payload, "userErrors")
        if errors:
            raise refusal(writing, errors)
        made = optional_member(payload, "refund")
        if made is None:
            raise OutcomeUnknown("CreateRefund: the answer holds neither a refund nor a refusal.")
        return self._refund(clean(made))

    def _refund(self, node: Node) -> StoreRefund:
        def more(cursor: str) -> Node:
            reply = self.client.run(operation("RefundLines"), {"id": node["id"], "after": cursor})
            return member(member(clean(reply.data), "refund"), "refundLineItems")

        return refund_from_node(node, members(completed(member(node, "refundLineItems"), more), "nodes"))


def present(node: Node, key: str) -> list[Node]:
    """The objects of a list that may hold nulls, where something is gone."""
    return members({key: [one for one in node.get(key) or () if one]}, key)


def refund_input(refund: NewRefund) -> dict[str, object]:
    """The `RefundInput` of a refund; without payments no money moves."""
    given: dict[str, object] = {
        "orderId": refund.order_external_id,
        # Must be the buyer's, and must be said where it is not the shop's.
        "currency": refund.currency,
        "note": f"{refund.note} [{refund.mark}]".strip(),
        "notify": refund.notifies_buyer,
        "refundLineItems": [_line_input(line) for line in refund.lines],
        "transactions": [
            {
                "orderId": refund.order_external_id,
                "parentId": payment.parent_external_id,
                "gateway": payment.gateway,
                "kind": "REFUND",
                "amount": str(payment.amount),
            }
            for payment in refund.payments
        ],
    }
    if refund.shipping:
        given["shipping"] = {"amount": str(refund.shipping)}
    return given


def _line_input(line: NewRefundLine) -> dict[str, object]:
    given: dict[str, object] = {
        "lineItemId": line.line_external_id,
        "quantity": line.quantity,
        "restockType": line.restock.name,
    }
    if line.location_external_id and line.restock is not Restock.NO_RESTOCK:
        given["locationId"] = line.location_external_id
    return given


def _suggestion(node: Node, payments: tuple[NewRefundPayment, ...]) -> SuggestedRefund:
    return SuggestedRefund(
        amount=bag(member(node, "amountSet")),
        tax=bag(member(node, "totalTaxSet")),
        refundable=bag(member(node, "maximumRefundableSet")),
        payments=payments,
    )


def left_of_payments(transactions: Sequence[Node]) -> tuple[NewRefundPayment, ...]:
    """What was paid and not given back, by payment, in the buyer's currency; refunds on their way count."""
    paid: dict[str, NewRefundPayment] = {}
    for node in transactions:
        amount, status = bag(member(node, "amountSet")).presentment.amount, text(node, "status")
        if text(node, "kind") in ("SALE", "CAPTURE") and status == "SUCCESS":
            key = gid(node, "id", "OrderTransaction")
            paid[key] = NewRefundPayment(key, text(node, "gateway"), amount)
        elif text(node, "kind") == "REFUND" and status not in ("FAILURE", "ERROR"):
            parent = text(optional_member(node, "parentTransaction") or {}, "id")
            if parent in paid:
                paid[parent] = replace(paid[parent], amount=paid[parent].amount - amount)
    return tuple(payment for payment in paid.values() if payment.amount > 0)


def bag(node: Node) -> MoneyBag:
    """A MoneyBag, major units."""
    return MoneyBag(
        money(member(node, "shopMoney"), "currencyCode"),
        money(member(node, "presentmentMoney"), "currencyCode"),
    )


def refund_from_node(node: Node, lines: Sequence[Node]) -> StoreRefund:
    """The refund in a node, with all of its lines. Raises ValueError where it has another shape than 2026-07 promises.

    What may have pages beside the lines holds a handful; more than the first page is refused, never cut.
    """
    order = member(node, "order")
    zero = zero_bag(required_text(order, "currencyCode"), required_text(order, "presentmentCurrencyCode"))
    shipping, adjustments = _few(node, "refundShippingLines"), _few(node, "orderAdjustments")
    note = text(node, "note")
    return StoreRefund(
        external_id=gid(node, "id", "Refund"),
        order_external_id=gid(order, "id", "Order"),
        return_external_id=text(optional_member(node, "return") or {}, "id"),
        taxes_included=flag(order, "taxesIncluded"),
        lines=tuple(_line(line) for line in lines),
        shipping=sum_of([bag(member(row, "subtotalAmountSet")) for row in shipping], zero),
        shipping_tax=sum_of([bag(member(row, "taxAmountSet")) for row in shipping], zero),
        duties=sum_of([bag(member(row, "amountSet")) for row in members(node, "duties")], zero),
        adjustment=sum_of(
            [bag(member(row, key)) for row in adjustments for key in ("amountSet", "taxAmountSet")], zero
        ),
        payments=tuple(_payment(row, zero) for row in _few(node, "transactions")),
        note=note,
        created_at=moment(node, "createdAt"),
        updated_at=moment(node, "updatedAt"),
        mark=mark_of(note),
        shipping_lines=tuple(_shipping(row) for row in shipping),
    )


def _shipping(node: Node) -> RefundedShipping:
    charge = member(node, "shippingLine")
    return RefundedShipping(
        line_external_id=optional_gid(charge, "id", "ShippingLine"),
        title=text(charge, "title"),
        code=text(charge, "code"),
        amount=bag(member(node, "subtotalAmountSet")),
        tax=bag(member(node, "taxAmountSet")),
    )


def mark_of(note: str) -> str:
    """Our mark at the end of a note, "" where there is none."""
    found = _MARK.search(note)
    return found[1] if found else ""


def _few(node: Node, key: str) -> list[Node]:
    connection = member(node, key)
    if next_cursor(connection) is not None:
        raise ValueError(f"the refund has more {key} than are read")
    return members(connection, "nodes")


def _line(node: Node) -> RefundedLine:
    return RefundedLine(
        external_id=text(node, "id"),
        line_external_id=gid(member(node, "lineItem"), "id", "LineItem"),
        quantity=integer(node, "quantity"),
        restock=_RESTOCKS.get(text(node, "restockType"), Restock.NO_RESTOCK),
        subtotal=bag(member(node, "subtotalSet")),
        tax=bag(member(node, "totalTaxSet")),
        location_external_id=text(optional_member(node, "location") or {}, "id"),
    )


def _payment(node: Node, zero: MoneyBag) -> RefundPayment:
    rounding = optional_member(node, "amountRoundingSet")
    return RefundPayment(
        external_id=gid(node, "id", "OrderTransaction"),
        # PENDING, AWAITING_RESPONSE and UNKNOWN may still go either way.
        state=_STATES.get(text(node, "status"), PaymentState.PENDING),
        amount=bag(member(node, "amountSet")),
        rounding=bag(rounding) if rounding else zero,
        gateway=text(node, "gateway"),
    )
