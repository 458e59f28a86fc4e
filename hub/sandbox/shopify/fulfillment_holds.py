"""Holds on fulfillment orders: whoever placed one, nothing is sent until the last is released."""

from __future__ import annotations

from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.fulfillment_orders import brief, chosen, existing, is_open, settle, taken_out
from hub.sandbox.shopify.registry import mutation
from hub.sandbox.shopify.shop import Shop

MOST_HOLDS = 10
"""Holds of one app on one fulfillment order (schema 2026-07, fulfillmentOrderHold)."""
LONGEST_HANDLE = 64
_REASONS = {
    "AWAITING_PAYMENT": "Awaiting payment",
    "AWAITING_RETURN_ITEMS": "Exchange items awaiting return delivery",
    "HIGH_RISK_OF_FRAUD": "High risk of fraud",
    "INCORRECT_ADDRESS": "Incorrect address",
    "INVENTORY_OUT_OF_STOCK": "Inventory out of stock",
    "ONLINE_STORE_POST_PURCHASE_CROSS_SELL": "Post-purchase cross-sell",
    "OTHER": "Other",
    "UNKNOWN_DELIVERY_DATE": "Unknown delivery date",
}


@mutation("fulfillmentOrderHold")
def fulfillment_order_hold(shop: Shop, args: Args) -> Record:
    held, given = existing(shop, args["id"], ["id"]), args["fulfillmentHold"]
    _check_hold(shop, held, given)
    remaining = None
    if given.get("fulfillmentOrderLineItems"):
        picked = chosen(held, given["fulfillmentOrderLineItems"])
        pieces_of = {row["id"]: pieces for row, pieces in picked}
        rest = [(row, row["remainingQuantity"] - pieces_of.get(row["id"], 0)) for row in held["_lines"]]
        rest = [(row, pieces) for row, pieces in rest if pieces]
        remaining = taken_out(shop, held, rest, held["_locationId"]) if rest else None
    hold = add_hold(shop, held, given, is_ours=True)
    return {"fulfillmentHold": hold, "fulfillmentOrder": held, "remainingFulfillmentOrder": remaining}


def _check_hold(shop: Shop, held: Record, given: Record) -> None:
    path = ["fulfillmentHold"]
    if not is_open(held):
        raise Refused(["id"], "The fulfillment order is not in a state that can be held.", "TAKEN")
    own = [hold for hold in held["fulfillmentHolds"] if hold["heldByRequestingApp"]]
    if len(own) >= MOST_HOLDS:
        message = "The maximum number of fulfillment holds for this fulfillment order has been reached."
        raise Refused(["id"], message, "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED")
    if len(given.get("handle") or "") > LONGEST_HANDLE:
        raise Refused([*path, "handle"], f"Handle is too long (maximum is {LONGEST_HANDLE} characters)")
    if any(hold["handle"] == given.get("handle") for hold in own):
        message = (
            "The handle provided for the fulfillment hold is already in use by this app for another hold."
        )
        raise Refused([*path, "handle"], message, "DUPLICATE_FULFILLMENT_HOLD_HANDLE")
    if own and given.get("fulfillmentOrderLineItems"):
        message = "The fulfillment order is not in a splittable state."
        raise Refused([*path, "fulfillmentOrderLineItems"], message, "FULFILLMENT_ORDER_NOT_SPLITTABLE")


def add_hold(shop: Shop, held: Record, given: Record, *, is_ours: bool) -> Record:
    """Put a hold on it: by this app, or by somebody else."""
    hold: Record = {
        "__typename": "FulfillmentHold",
        "id": shop.new_gid("FulfillmentHold"),
        "handle": given.get("handle") or "",
        "reason": given.get("reason", "OTHER"),
        "reasonNotes": given.get("reasonNotes"),
        "displayReason": _REASONS[given.get("reason", "OTHER")],
        "heldByRequestingApp": is_ours,
        "heldByApp": {"id": f"gid://shopify/App/{shop.settings.app_id}", "title": "Sandbox app"}
        if is_ours
        else None,
        "_externalId": given.get("externalId"),
    }
    held["fulfillmentHolds"] = [*held["fulfillmentHolds"], hold]
    settle(held)
    shop.touch(held)
    body = {"fulfillment_order": brief(held), "created_fulfillment_hold": {"id": hold["id"]}}
    shop.emit("fulfillment_orders/placed_on_hold", lambda: body)
    return hold


@mutation("fulfillmentOrderReleaseHold")
def fulfillment_order_release_hold(shop: Shop, args: Args) -> Record:
    held = existing(shop, args["id"], ["id"])
    wanted, external = args.get("holdIds"), args.get("externalId")

    def goes(hold: Record) -> bool:
        if wanted:
            return hold["id"] in wanted
        return external is None or hold["_externalId"] == external

    held["fulfillmentHolds"] = [hold for hold in held["fulfillmentHolds"] if not goes(hold)]
    held["status"] = "OPEN" if held["status"] == "ON_HOLD" else held["status"]
    settle(held)
    shop.touch(held)
    body = {"fulfillment_order": brief(held)}
    shop.emit("fulfillment_orders/hold_released", lambda: body)
    return {"fulfillmentOrder": held}
