"""Which webhooks a change of an order sends."""

from __future__ import annotations

import copy

from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.order_body import order_body
from hub.sandbox.shopify.shop import Shop


def _emit(shop: Shop, topic: str, order: Record) -> None:
    # The body is worded at once: a webhook says how things stood when it was triggered.
    body = copy.deepcopy(order_body(shop, order))
    shop.emit(topic, lambda: body)


def order_created(shop: Shop, order: Record) -> None:
    """A new order."""
    _emit(shop, "orders/create", order)
    if order["displayFinancialStatus"] == "PAID":
        _emit(shop, "orders/paid", order)


def order_changed(shop: Shop, order: Record) -> None:
    """A changed order, also when the app itself wrote a metafield."""
    _emit(shop, "orders/updated", order)


def order_paid(shop: Shop, order: Record) -> None:
    """An order that became fully paid."""
    _emit(shop, "orders/paid", order)
    _emit(shop, "orders/updated", order)


def order_fulfilled(shop: Shop, order: Record) -> None:
    """An order of which something was sent: all of it, or a part."""
    is_whole = order["displayFulfillmentStatus"] == "FULFILLED"
    _emit(shop, "orders/fulfilled" if is_whole else "orders/partially_fulfilled", order)


def order_cancelled(shop: Shop, order: Record) -> None:
    """A cancelled order."""
    _emit(shop, "orders/cancelled", order)
    _emit(shop, "orders/updated", order)


def order_edited(shop: Shop, order: Record, edit: Record) -> None:
    """An order whose lines, discounts or charges were edited; `edit` is what its body says of that."""
    body = {
        "order_edit": {
            "id": int(shop.new_gid("OrderEdit").rpartition("/")[2]),
            "created_at": order["updatedAt"],
            "committed_at": order["updatedAt"],
            "order_id": int(order["id"].rpartition("/")[2]),
            "user_id": None,
            **edit,
        }
    }
    shop.emit("orders/edited", lambda: body)
    _emit(shop, "orders/updated", order)


def order_deleted(shop: Shop, order: Record) -> None:
    """A deleted order."""
    body = {"id": int(order["id"].rpartition("/")[2])}
    shop.emit("orders/delete", lambda: body)
