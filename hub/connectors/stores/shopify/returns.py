"""Returns of one shop: found by search or by order, read by id, approved, declined, closed, cancelled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from hub.connectors.store_returns import Decline, ExchangeLine, ReturnLine, Returns, ReturnState, StoreReturn
from hub.connectors.stores.shopify.client import AdminClient, Reply, ScopeMissing, payload_of, refusal
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.paging import completed, next_cursor
from hub.connectors.stores.shopify.refunds import bag, present
from hub.connectors.stores.shopify.shapes import (
    Node,
    clean,
    gid,
    integer,
    member,
    members,
    moment,
    optional_gid,
    optional_member,
    required_text,
    sum_of,
    text,
)
from hub.errors import NeedsReview, OutcomeUnknown

# Eight returns of ten lines keep within 1000 points.
RETURNS_AT_ONCE = 8
FOUND_AT_ONCE = 250

# Where it began: with an ERP's return order, or with what a partner asked for.
_MARK = re.compile(r"\[((?:erp[A-Z0-9]{1,4}|partner):[^\s\]]{1,100})\]\s*$", re.ASCII)
_STATES = {
    "REQUESTED": ReturnState.REQUESTED,
    "OPEN": ReturnState.OPEN,
    "CLOSED": ReturnState.CLOSED,
    "DECLINED": ReturnState.DECLINED,
    "CANCELED": ReturnState.CANCELLED,
}
_REASONS = {
    Decline.PERIOD_ENDED: "RETURN_PERIOD_ENDED",
    Decline.FINAL_SALE: "FINAL_SALE",
    Decline.OTHER: "OTHER",
}


class ReturnKeeper(Returns):
    """How one shop's returns are read and decided. Safe to share between threads."""

    client: AdminClient

    def orders_with_returns(self) -> list[str]:
        """By the search for the return status; every page of it, by id: no change of a return moves an order."""

        def page(after: str | None) -> Node:
            variables = {"first": FOUND_AT_ONCE, "after": after}
            return member(self._ask("OrdersWithReturns", variables).data, "orders")

        return [gid(node, "id", "Order") for node in members(completed(page(None), page), "nodes")]

    def read_returns_of(self, order_external_ids: Sequence[str]) -> dict[str, list[StoreReturn]]:
        """First the ids of the orders' returns, then these whole."""
        reply = self._ask("OrderReturns", {"ids": list(order_external_ids)})
        ids = {gid(node, "id", "Order"): self._ids(node) for node in present(reply.data, "nodes")}
        wanted = [one for returns in ids.values() for one in returns]
        found: dict[str, StoreReturn] = {}
        for start in range(0, len(wanted), RETURNS_AT_ONCE):
            chosen = wanted[start : start + RETURNS_AT_ONCE]
            answer = self._ask("ReturnsById", {"ids": chosen})
            for node in present(clean(answer.data), "nodes"):
                read = self._return(node)
                found[read.external_id] = read
        return {
            order_id: [found[one] for one in returns if one in found] for order_id, returns in ids.items()
        }

    def approve_return(self, external_id: str, *, notifies_buyer: bool) -> StoreReturn:
        """By `returnApproveRequest`."""
        given = {"id": external_id, "notifyCustomer": notifies_buyer}
        return self._decide("ApproveReturn", "returnApproveRequest", {"input": given})

    def decline_return(
        self, external_id: str, *, reason: Decline, note: str, notifies_buyer: bool
    ) -> StoreReturn:
        """By `returnDeclineRequest`."""
        given = {"id": external_id, "declineReason": _REASONS[reason], "notifyCustomer": notifies_buyer}
        if note:
            given["declineNote"] = note
        return self._decide("DeclineReturn", "returnDeclineRequest", {"input": given})

    def close_return(self, external_id: str) -> StoreReturn:
        """By `returnClose`, which answers the same for one that is closed."""
        return self._decide("CloseReturn", "returnClose", {"id": external_id})

    def cancel_return(self, external_id: str) -> StoreReturn:
        """By `returnCancel`, which answers the same for one that is cancelled."""
        return self._decide("CancelReturn", "returnCancel", {"id": external_id})

    def _ask(self, name: str, variables: Mapping[str, object]) -> Reply:
        """A shop that shows no returns goes on with everything else."""
        try:
            return self.client.run(operation(name), variables)
        except ScopeMissing as error:
            raise NeedsReview(str(error), code="scope_missing") from error

    def _decide(self, name: str, root: str, variables: Mapping[str, object]) -> StoreReturn:
        writing = operation(name)
        payload = payload_of(writing, self._ask(name, variables), root)
        errors = members(payload, "userErrors")
        if errors:
            raise refusal(writing, errors)
        decided = optional_member(payload, "return")
        if decided is None:
            raise OutcomeUnknown(f"{name}: the answer holds neither a return nor a refusal.")
        return self._return(clean(decided))

    def _ids(self, order: Node) -> list[str]:
        def more(cursor: str) -> Node:
            reply = self._ask("MoreReturns", {"id": order["id"], "after": cursor})
            return member(member(reply.data, "order"), "returns")

        returns = completed(member(order, "returns"), more)
        # A return that is made between two pages may move one onto both.
        return list(dict.fromkeys(gid(one, "id", "Return") for one in members(returns, "nodes")))

    def _return(self, node: Node) -> StoreReturn:
        def more(cursor: str) -> Node:
            reply = self._ask("ReturnLines", {"id": node["id"], "after": cursor})
            return member(member(clean(reply.data), "return"), "returnLineItems")

        return return_from_node(node, members(completed(member(node, "returnLineItems"), more), "nodes"))


def return_from_node(node: Node, lines: Sequence[Node]) -> StoreReturn:
    """The return in a node, with all of its lines. Raises ValueError where its shape is not that of 2026-07."""
    status = required_text(node, "status")
    if status not in _STATES:
        raise ValueError(f"a return is {status[:40]!r}, which API 2026-07 does not know")
    fees = [bag(member(fee, "amountSet")) for fee in members(node, "returnShippingFees")]
    return StoreReturn(
        external_id=gid(node, "id", "Return"),
        name=required_text(node, "name"),
        order_external_id=gid(member(node, "order"), "id", "Order"),
        state=_STATES[status],
        lines=tuple(_line(line) for line in lines),
        created_at=moment(node, "createdAt"),
        return_shipping_fee=sum_of(fees[1:], fees[0]) if fees else None,
        decline_note=text(optional_member(node, "decline") or {}, "note"),
        exchanged=_exchanged(member(node, "exchangeLineItems")),
        mark=next(filter(None, (_mark_in(text(line, "returnReasonNote")) for line in lines)), ""),
    )


def _mark_in(note: str) -> str:
    """Our mark at the end of a line's note, "" where there is none."""
    found = _MARK.search(note)
    return found[1] if found else ""


def _exchanged(connection: Node) -> tuple[ExchangeLine, ...]:
    if next_cursor(connection) is not None:
        raise ValueError("the return has more exchanged lines than are read")
    return tuple(
        ExchangeLine(
            external_id=required_text(node, "id"),
            variant_external_id=text(node, "variantId"),
            quantity=integer(node, "quantity"),
            processed=integer(node, "processedQuantity"),
            line_external_ids=tuple(
                gid(one, "id", "LineItem") for one in members({"rows": node.get("lineItems") or []}, "rows")
            ),
        )
        for node in members(connection, "nodes")
    )


def _line(node: Node) -> ReturnLine:
    sent = optional_member(node, "fulfillmentLineItem")
    fee = optional_member(node, "restockingFee")
    reason = optional_member(node, "returnReasonDefinition") or {}
    return ReturnLine(
        external_id=required_text(node, "id"),
        # Returns of goods that the store cannot trace name no line of the order.
        line_external_id=optional_gid(member(sent, "lineItem"), "id", "LineItem") if sent else "",
        quantity=integer(node, "quantity"),
        refundable=integer(node, "refundableQuantity"),
        reason=text(reason, "name"),
        note=text(node, "returnReasonNote") or text(node, "customerNote"),
        restocking_percentage=_percentage(fee.get("percentage")) if fee else None,
        restocking_fee=bag(member(fee, "amountSet")) if fee else None,
    )


def _percentage(found: object) -> Decimal:
    """A share of a hundred; JSON's numbers are read as Decimal or int."""
    if isinstance(found, bool) or not isinstance(found, (int, Decimal)) or not 0 <= found <= 100:
        raise ValueError(f"percentage {str(found)[:40]!r} is not between 0 and 100")
    return Decimal(found)
