"""A buyer who asks to send something back, and the staff who decide about it."""

from __future__ import annotations

from hub.sandbox.shopify.errors import Record, Refused
from hub.sandbox.shopify.placing import order_named
from hub.sandbox.shopify.registry import action
from hub.sandbox.shopify.returns import (
    return_approve_request,
    return_cancel,
    return_close,
    return_create,
    return_decline_request,
    return_reopen,
    return_request,
    sent_lines,
)
from hub.sandbox.shopify.shop import Shop


@action("request_return")
def request_return(shop: Shop, data: Record) -> Record:
    """A buyer asks to return `lines` ({line, quantity, reason, note}) of what was sent of `order`.

    The shop's rules keep `restocking_percent` of each line and `return_shipping` of the whole.
    """
    order = order_named(shop, data)
    given = _wanted(order, data, "customerNote")
    try:
        made = return_request(shop, {"input": given})["return"]
    except Refused as refused:
        raise ValueError(str(refused)) from refused
    return {"id": made["id"], "name": made["name"]}


@action("open_return")
def open_return(shop: Shop, data: Record) -> Record:
    """The shop's staff begin a return that is approved; `exchange` ({sku, quantity, percent_off}) is sent for it."""
    order = order_named(shop, data)
    given = _wanted(order, data, "returnReasonNote")
    given["exchangeLineItems"] = [_exchange(shop, row) for row in data.get("exchange", [])]
    try:
        made = return_create(shop, {"returnInput": given})["return"]
    except Refused as refused:
        raise ValueError(str(refused)) from refused
    return {"id": made["id"], "name": made["name"]}


def _exchange(shop: Shop, row: Record) -> Record:
    variant = next(one for one in shop.every("ProductVariant") if one["sku"] == row["sku"])
    found: Record = {"variantId": variant["id"], "quantity": row.get("quantity", 1)}
    if row.get("percent_off"):
        found["appliedDiscount"] = {"value": {"percentage": float(row["percent_off"])}}
    return found


def _wanted(order: Record, data: Record, note: str) -> Record:
    """A return's input, as the one mutation or the other words the note."""
    rows = []
    for row in data["lines"]:
        sent = next((one for one in sent_lines(order).values() if one["lineItem"]["id"] == row["line"]), None)
        if sent is None:
            raise ValueError(f"nothing of {row['line']} was sent")
        about = {"fulfillmentLineItemId": sent["id"], "quantity": row.get("quantity", 1)}
        about |= {"returnReason": row.get("reason", "UNWANTED"), note: row.get("note")}
        if data.get("restocking_percent"):
            about["restockingFee"] = {"percentage": float(data["restocking_percent"])}
        rows.append(about)
    given: Record = {"orderId": order["id"], "returnLineItems": rows}
    if data.get("return_shipping"):
        given["returnShippingFee"] = {"amount": {"amount": data["return_shipping"]}}
    return given


@action("decide_return")
def decide_return(shop: Shop, data: Record) -> Record:
    """The shop's staff decide about `return`: `decision` approve, decline, close, reopen or cancel."""
    about, note = {"id": data["return"]}, str(data.get("note", ""))
    decline = {**about, "declineReason": "OTHER", "declineNote": note}
    calls = {
        "approve": lambda: return_approve_request(shop, {"input": about}),
        "decline": lambda: return_decline_request(shop, {"input": decline}),
        "close": lambda: return_close(shop, about),
        "reopen": lambda: return_reopen(shop, about),
        "cancel": lambda: return_cancel(shop, about),
    }
    try:
        calls[data["decision"]]()
    except Refused as refused:
        raise ValueError(str(refused)) from refused
    return {}
