"""An order and its lines as an edit finds them, made of GraphQL nodes."""

from __future__ import annotations

from decimal import Decimal

from hub.connectors.store_changes import EditableLine, EditableOrder, EditableShipping
from hub.connectors.store_orders import StoreTotals
from hub.connectors.stores.shopify.order_node import address_in
from hub.connectors.stores.shopify.shapes import (
    Node,
    flag,
    gid,
    integer,
    member,
    members,
    money,
    optional_member,
    required_text,
    text,
    texts,
)
from hub.lib.money import Money, round_money


def editable_order(node: Node) -> EditableOrder:
    """The order in a node whose lines are complete; raises ValueError where it has another shape."""
    total = _shop_money(node, "currentTotalPriceSet")
    return EditableOrder(
        external_id=gid(node, "id", "Order"),
        name=text(node, "name"),
        is_cancelled=bool(text(node, "cancelledAt")),
        is_unpaid=flag(node, "unpaid"),
        reasons=_reasons(node),
        lines=tuple(_line(line) for line in members(member(node, "lineItems"), "nodes")),
        totals=StoreTotals(total.currency, total.amount, _shop_money(node, "currentTotalTaxSet").amount),
        po_number=text(node, "poNumber"),
        note=text(node, "note"),
        ship_to=address_in(node, "shippingAddress"),
        shipping=tuple(
            _charge(charge)
            for charge in members(member(node, "shippingLines"), "nodes")
            if not flag(charge, "isRemoved")
        ),
    )


def _reasons(node: Node) -> tuple[str, ...]:
    """Shopify's own, else what we do not dare.

    No source says in which currency an order that was placed in another one than the shop's is edited.
    """
    found = texts(node, "merchantEditableErrors")
    if found or not flag(node, "merchantEditable", default=True):
        return found or ("Shopify does not let the order be edited and names no reason.",)
    shop, buyer = required_text(node, "currencyCode"), required_text(node, "presentmentCurrencyCode")
    if shop != buyer:
        return (f"The order was placed in {buyer}, not in the shop's {shop}: edit it in Shopify.",)
    if flag(member(member(node, "shippingLines"), "pageInfo"), "hasNextPage"):
        return ("The order has more shipping charges than are read here: edit it in Shopify.",)
    return ()


def _shop_money(node: Node, key: str) -> Money:
    return money(member(member(node, key), "shopMoney"), "currencyCode")


def _line(node: Node) -> EditableLine:
    price, pieces = _shop_money(node, "originalUnitPriceSet"), integer(node, "currentQuantity")
    manual, other = _discounts(node, price.currency)
    variant = optional_member(node, "variant")
    return EditableLine(
        external_id=gid(node, "id", "LineItem"),
        variant_external_id=gid(variant, "id", "ProductVariant") if variant else "",
        title=text(node, "title"),
        quantity=pieces,
        unfulfilled=integer(node, "unfulfilledQuantity"),
        amount=price.amount * pieces - manual - other,
        list_price=price.amount,
        other_discount=other,
        is_editable=flag(node, "merchantEditable", default=True),
    )


def _discounts(node: Node, currency: str) -> tuple[Decimal, Decimal]:
    """What manual discounts and what others take off the current pieces.

    Discounts are told "including discounts allocated to refunded and removed quantities", so of taken-out pieces too.
    """
    sums = [Decimal(0), Decimal(0)]
    pieces, of = integer(node, "currentQuantity"), integer(node, "quantity") or 1
    for allocation in members(node, "discountAllocations"):
        amount = _shop_money(allocation, "allocatedAmountSet").amount
        is_other = not is_manual(member(allocation, "discountApplication"), "ManualDiscountApplication")
        sums[is_other] += round_money(amount * pieces / of, currency)
    return sums[0], sums[1]


def is_manual(application: Node, kind: str) -> bool:
    """Whether a discount is a manual one of one line, which edits can change; `kind` is the name of its type."""
    facts = (
        text(application, "__typename"),
        text(application, "targetType"),
        text(application, "targetSelection"),
    )
    return facts == (kind, "LINE_ITEM", "EXPLICIT")


def _charge(node: Node) -> EditableShipping:
    price = _shop_money(node, "currentDiscountedPriceSet")
    return EditableShipping(gid(node, "id", "ShippingLine"), text(node, "title"), price.amount)
