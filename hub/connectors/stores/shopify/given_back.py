"""What of an order was given back after it had been sent: told by its fulfilments, of a body or of a node alike.

A line's `currentQuantity` leaves out every piece that was refunded, returned or removed. Pieces that are still to be
fulfilled or were fulfilled are what is ordered: an edit and a refund that cancels take theirs out of the first, and
what was sent stays sent whatever comes back. What both have more than `currentQuantity` was given back, at most what
was sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from hub.connectors.documents import GivenBack
from hub.connectors.stores.shopify.shapes import (
    Node,
    gid,
    gid_of_number,
    integer,
    member,
    members,
    money,
    optional_member,
    sum_of,
    text,
)
from hub.lib.money import MoneyBag

# What failed or was cancelled holds nothing.
EMPTY = ("CANCELLED", "ERROR", "FAILURE")
_PARTS = ("fulfillments", "refunds", "line_items")


def in_node(node: Node, zero: MoneyBag) -> GivenBack | None:
    """Of a node for which `OrderGivenBack` was read where `shows_less`; None for nothing."""
    if "fulfillments" not in node or node.get("cancelledAt"):
        return None
    sent: Counter[str] = Counter()
    for each in members(node, "fulfillments"):
        if text(each, "status") not in EMPTY:
            for line in members(member(each, "fulfillmentLineItems"), "nodes"):
                sent[gid(member(line, "lineItem"), "id", "LineItem")] += integer(line, "quantity")
    lines = [
        (
            gid(line, "id", "LineItem"),
            integer(line, "quantity"),
            integer(line, "currentQuantity"),
            integer(line, "unfulfilledQuantity"),
        )
        for line in members(member(node, "lineItems"), "nodes")
    ]
    has_taxes = not node.get("taxesIncluded")
    amounts = ("subtotalAmountSet", "taxAmountSet") if has_taxes else ("subtotalAmountSet",)
    back = [
        _bag(member(row, name), "shopMoney", "presentmentMoney", "currencyCode")
        for refund in members(node, "refunds")
        for row in members(member(refund, "refundShippingLines"), "nodes")
        for name in amounts
    ]
    return _given_back(lines, sent, sum_of(back, zero))


def in_body(body: Node, zero: MoneyBag) -> GivenBack | None:
    """Of a webhook body; None for nothing."""
    if not all(name in body for name in _PARTS) or body.get("cancelled_at"):
        return None
    sent: Counter[str] = Counter()
    for each in members(body, "fulfillments"):
        if text(each, "status").upper() not in EMPTY:
            for line in members(each, "line_items"):
                sent[gid_of_number(line, "id", "LineItem")] += integer(line, "quantity")
    lines = [
        (
            gid(line, "admin_graphql_api_id", "LineItem"),
            integer(line, "quantity"),
            integer(line, "current_quantity"),
            integer(line, "fulfillable_quantity"),
        )
        for line in members(body, "line_items")
    ]
    has_taxes = not body.get("taxes_included")
    amounts = ("subtotal_amount_set", "tax_amount_set") if has_taxes else ("subtotal_amount_set",)
    back = [
        _bag(found, "shop_money", "presentment_money", "currency_code")
        for refund in members(body, "refunds")
        for row in members(refund, "refund_shipping_lines")
        for name in amounts
        if (found := optional_member(row, name))
    ]
    return _given_back(lines, sent, sum_of(back, zero))


def is_told(body: Node) -> bool:
    """Whether a webhook body tells what was given back: by its parts, or because nothing is less than it was."""
    if all(name in body for name in _PARTS) or body.get("cancelled_at"):
        return True
    return body.get("current_total_price") == body.get("total_price") and all(
        integer(line, "current_quantity") == integer(line, "quantity") for line in members(body, "line_items")
    )


def shows_less(node: Node) -> bool:
    """Whether fewer pieces or less money are left of an order's node than there were."""
    whole, current = optional_member(node, "totalPriceSet"), optional_member(node, "currentTotalPriceSet")
    return (whole is not None and whole != current) or any(
        integer(line, "currentQuantity") < integer(line, "quantity")
        for line in members(member(node, "lineItems"), "nodes")
    )


def _given_back(
    lines: Iterable[tuple[str, int, int, int]], sent: Mapping[str, int], shipping: MoneyBag
) -> GivenBack | None:
    """Lines are id, quantity, current and unfulfilled quantity."""
    pieces = {
        key: min(sent.get(key, 0) + unfulfilled - current, sent.get(key, 0), quantity - current)
        for key, quantity, current, unfulfilled in lines
    }
    back = tuple((key, count) for key, count in pieces.items() if count > 0)
    return GivenBack(back, shipping) if back or shipping.shop.amount else None


def _bag(node: Node, shop: str, presentment: str, currency: str) -> MoneyBag:
    return MoneyBag(money(member(node, shop), currency), money(member(node, presentment), currency))
