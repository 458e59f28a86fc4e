"""Order editing as an app does it: begun, staged call by call, committed at once."""

from __future__ import annotations

from typing import Any

from hub.sandbox.shopify import inventory, order_edit_sessions
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.fulfillment_orders import orders_of, status_of
from hub.sandbox.shopify.order_building import settle
from hub.sandbox.shopify.order_changes import stamped
from hub.sandbox.shopify.order_edit_apply import apply
from hub.sandbox.shopify.order_edit_fields import changes, staged_discount
from hub.sandbox.shopify.order_edit_sessions import in_session, opened, order_of, sent_of
from hub.sandbox.shopify.order_events import order_edited
from hub.sandbox.shopify.paging import number_of
from hub.sandbox.shopify.registry import mutation
from hub.sandbox.shopify.shop import Shop

UPDATED, UNARCHIVED, NOTIFIED = "Order updated", "Order unarchived", "Notification sent"


@mutation("orderEditBegin")
def order_edit_begin(shop: Shop, args: Args) -> Record:
    order = shop.get("Order", args["id"])
    if order is None:
        raise Refused(["id"], "The order does not exist.")
    return _answer(order_edit_sessions.begin(shop, order))


def _answer(session: Record, **more: Any) -> Record:
    return {"calculatedOrder": session, "orderEditSession": {"id": session["_sessionId"]}, **more}


@mutation("orderEditSetQuantity")
def order_edit_set_quantity(shop: Shop, args: Args) -> Record:
    session = opened(shop, args["id"])
    line = order_edit_sessions.line_of(session, args["lineItemId"])
    order_edit_sessions.set_quantity(session, line, args["quantity"], restocks=bool(args.get("restock")))
    return _answer(session, calculatedLineItem=in_session(session, line))


@mutation("orderEditAddVariant")
def order_edit_add_variant(shop: Shop, args: Args) -> Record:
    session = opened(shop, args["id"])
    variant = shop.get("ProductVariant", args["variantId"])
    line = order_edit_sessions.add_variant(
        shop, session, variant, args["quantity"], may_repeat=bool(args.get("allowDuplicates"))
    )
    return _answer(session, calculatedLineItem=in_session(session, line))


@mutation("orderEditAddCustomItem")
def order_edit_add_custom_item(shop: Shop, args: Args) -> Record:
    session = opened(shop, args["id"])
    return _answer(
        session, calculatedLineItem=in_session(session, order_edit_sessions.add_custom(shop, session, args))
    )


@mutation("orderEditAddLineItemDiscount")
def order_edit_add_line_item_discount(shop: Shop, args: Args) -> Record:
    session = opened(shop, args["id"])
    line = order_edit_sessions.line_of(session, args["lineItemId"])
    made = order_edit_sessions.add_discount(shop, session, line, args["discount"])
    staged = staged_discount(made)
    return _answer(session, calculatedLineItem=in_session(session, line), addedDiscountStagedChange=staged)


@mutation("orderEditUpdateDiscount")
def order_edit_update_discount(shop: Shop, args: Args) -> Record:
    session = opened(shop, args["id"], "INVALID")
    order_edit_sessions.update_discount(shop, session, args["discountApplicationId"], args["discount"])
    return _answer(session)


@mutation("orderEditRemoveDiscount")
def order_edit_remove_discount(shop: Shop, args: Args) -> Record:
    session = opened(shop, args["id"], "INVALID")
    order_edit_sessions.remove_discount(session, args["discountApplicationId"])
    return _answer(session)


@mutation("orderEditRemoveLineItemDiscount")
def order_edit_remove_line_item_discount(shop: Shop, args: Args) -> Record:
    session = opened(shop, args["id"])
    line = order_edit_sessions.remove_discount(session, args["discountApplicationId"])
    return _answer(session, calculatedLineItem=in_session(session, line))


@mutation("orderEditAddShippingLine")
def order_edit_add_shipping_line(shop: Shop, args: Args) -> Record:
    session = opened(shop, args["id"], "INVALID")
    return _answer(
        session, calculatedShippingLine=order_edit_sessions.add_shipping(shop, session, args["shippingLine"])
    )


@mutation("orderEditUpdateShippingLine")
def order_edit_update_shipping_line(shop: Shop, args: Args) -> Record:
    session = opened(shop, args["id"], "INVALID")
    order_edit_sessions.update_shipping(shop, session, args["shippingLineId"], args["shippingLine"])
    return _answer(session)


@mutation("orderEditRemoveShippingLine")
def order_edit_remove_shipping_line(shop: Shop, args: Args) -> Record:
    session = opened(shop, args["id"], "INVALID")
    order_edit_sessions.remove_shipping(session, args["shippingLineId"])
    return _answer(session)


# -------------------------------------------------------------------------------------------------- commit


@mutation("orderEditCommit")
def order_edit_commit(shop: Shop, args: Args) -> Record:
    session = opened(shop, args["id"])
    order = order_of(shop, session)
    was_closed = order["closed"]
    commit(
        shop,
        session,
        app_id=shop.settings.app_id,
        notifies=bool(args.get("notifyCustomer")),
        note=args.get("staffNote") or "",
    )
    messages = [
        UPDATED,
        *([UNARCHIVED] if was_closed else []),
        *([NOTIFIED] if args.get("notifyCustomer") else []),
    ]
    return {"order": order, "successMessages": messages}


def commit(shop: Shop, session: Record, *, app_id: int | None, notifies: bool, note: str) -> None:
    """Carry out what is staged, unless the order moved on meanwhile."""
    order = order_of(shop, session)
    if order_edit_sessions.reasons(shop, order):
        raise Refused(None, order_edit_sessions.NOT_EDITABLE)
    if order.get("_edits", 0) != session["_editsBefore"]:
        raise Refused(None, "The order was edited by somebody else meanwhile.")
    if any(line["quantity"] < sent_of(line["_line"]) for line in session["_lines"]):
        raise Refused(None, "The order was fulfilled while it was being edited.")
    if not changes(session):
        raise Refused(["id"], "There are no changes to commit.")
    session["_isDone"] = True
    told = _told(session) | {"app_id": app_id, "notify_customer": notifies, "staff_note": note}
    known = len(order["_lines"])
    _move_stock(shop, session)
    apply(shop, order, session, lambda line: line)
    for line in order["_lines"][known:]:
        inventory.take(shop, line, line["currentQuantity"])
        told["line_items"]["additions"].append(
            {"id": number_of(line["id"]), "delta": line["currentQuantity"]}
        )
    order |= {"edited": True, "closed": False, "closedAt": None, "_edits": order.get("_edits", 0) + 1}
    if order["displayFulfillmentStatus"] != "UNFULFILLED":
        order["displayFulfillmentStatus"] = status_of(order, orders_of(shop, order))
    said = order["displayFinancialStatus"] if order["displayFinancialStatus"] in (None, "PENDING") else None
    settle(order, said)
    _follow_terms(order)
    stamped(shop, order)
    order_edited(shop, order, told)


def _move_stock(shop: Shop, session: Record) -> None:
    for change in session["_lines"]:
        delta = change["quantity"] - change["_before"]
        if change["_line"] is not None and delta > 0:
            inventory.take(shop, change["_line"], delta)
        elif delta < 0:
            inventory.release(shop, change["_line"], -delta, is_restocked=change["_restocks"])


def _told(session: Record) -> Record:
    """What the webhook says of changes to what was there before."""
    deltas = [
        (number_of(one["_line"]["id"]), one["quantity"] - one["_before"])
        for one in session["_lines"]
        if one["_line"]
    ]
    added = [m for one in session["_lines"] for m in one["_manual"] if m["_application"] is None]
    charges = [one for one in session["_shipping"] if one["stagedStatus"] == "REMOVED"]
    return {
        "line_items": {
            "additions": [{"id": gid, "delta": delta} for gid, delta in deltas if delta > 0],
            "removals": [{"id": gid, "delta": -delta} for gid, delta in deltas if delta < 0],
        },
        "discounts": {
            "line_item": {"additions": [{"description": m["description"]} for m in added], "removals": []}
        },
        "shipping_lines": {
            "additions": [
                {"title": one["title"]} for one in session["_shipping"] if one["stagedStatus"] == "ADDED"
            ],
            "removals": [{"id": number_of(one["_line"]["id"])} for one in charges],
        },
    }


def _follow_terms(order: Record) -> None:
    """What is owed on payment terms follows the order where it is due at one day."""
    schedules = (order["_terms"] or {}).get("_schedules", [])
    if len(schedules) == 1 and schedules[0]["completedAt"] is None:
        owed = order["totalOutstandingSet"]["presentmentMoney"]
        schedules[0] |= {"amount": owed, "balanceDue": owed, "totalBalance": owed}
