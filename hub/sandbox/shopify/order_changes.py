"""What happens to an order after it was placed: updates, cancelling, closing, payment, deletion."""

from __future__ import annotations

from hub.sandbox.shopify import inventory, metafields
from hub.sandbox.shopify.addresses import mailing_address
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.money import ZERO, Pair, pair_of, rounded, total
from hub.sandbox.shopify.order_body import tip_of
from hub.sandbox.shopify.order_building import add_payment, currencies_of, received, settle
from hub.sandbox.shopify.order_events import order_cancelled, order_changed, order_deleted, order_paid
from hub.sandbox.shopify.registry import mutation
from hub.sandbox.shopify.shop import Shop
from hub.sandbox.shopify.tags import sorted_tags

LONGEST_STAFF_NOTE = 255
GONE = "Order does not exist"
_PLAIN = ["email", "phone", "note", "poNumber"]
# Brazil's tax credential is one number for taxes and shipping, so giving one sets both.
_LOCALIZED_TWINS = {"SHIPPING_CREDENTIAL_BR": "TAX_CREDENTIAL_BR"}


@mutation("orderUpdate")
def order_update(shop: Shop, args: Args) -> Record:
    given = args["input"]
    order = shop.get("Order", given["id"])
    if order is None:
        raise Refused(["id"], GONE)
    if len(given) == 1:
        raise Refused(None, "No valid update parameters have been provided", payload={"order": order})
    for index, row in enumerate(given.get("metafields") or []):
        metafields.check_row(shop, index, {**row, "ownerId": order["id"]})
    change(shop, order, given)
    return {"order": order}


def change(shop: Shop, order: Record, given: Record) -> None:
    """Write what an update or a clerk gives, stamp the order, and say so."""
    order.update({key: given[key] for key in _PLAIN if key in given})
    if given.get("tags") is not None:
        order["tags"] = sorted_tags(given["tags"])
    if given.get("customAttributes") is not None:
        order["customAttributes"] = given["customAttributes"]
    if "shippingAddress" in given:
        order["shippingAddress"] = mailing_address(shop, given["shippingAddress"])
    for row in given.get("metafields") or []:
        metafields.write(shop, order["id"], row)
    for row in given.get("localizedFields") or given.get("localizationExtensions") or []:
        _localize(order, row)
    stamped(shop, order)
    order_changed(shop, order)


def _localize(order: Record, row: Record) -> None:
    for key in (_LOCALIZED_TWINS.get(row["key"]), row["key"]):
        if key:
            order["_localized"] = [f for f in order["_localized"] if f["key"] != key]
            order["_localized"].append({"key": key, "value": row["value"]})


def stamped(shop: Shop, order: Record) -> None:
    """Stamp a change of an order."""
    order["_changed"] = True
    shop.touch(order)


def _cancel_refusal(shop: Shop, args: Args) -> Refused | None:
    order = shop.get("Order", args["orderId"])
    if order is None:
        return Refused(["orderId"], GONE, "NOT_FOUND")
    if len(args.get("staffNote") or "") > LONGEST_STAFF_NOTE:
        message = f"Staff note is too long. Maximum length is {LONGEST_STAFF_NOTE} characters."
        return Refused(["staffNote"], message, "INVALID")
    if args.get("refund") is not None and args.get("refundMethod") is not None:
        message = "Only one of the arguments `refund` or `refund_method` is allowed."
        return Refused(["refund"], message, "INVALID")
    if order["cancelledAt"]:
        return Refused(["orderId"], "Cannot cancel an order that has already been canceled", "INVALID")
    if any(line.get("_fulfilled") for line in order["_lines"]):
        return Refused(["orderId"], "Cannot cancel an order that has outstanding fulfillments", "INVALID")
    if any(one["status"] == "OPEN" for one in shop.where("Return", _orderId=order["id"])):
        return Refused(["orderId"], "Cannot cancel an order that has open returns", "INVALID")
    if (args.get("refundMethod") or {}).get("storeCreditRefund") and order["_companyId"]:
        words = "Refunding to store credit is not supported for B2B orders."
        return Refused(["refundMethod"], words, "STORE_CREDIT_REFUND_B2B_NOT_SUPPORTED")
    return None


@mutation("orderCancel")
def order_cancel(shop: Shop, args: Args) -> Record:
    refusal = _cancel_refusal(shop, args)
    if refusal:
        raise refusal
    refunds = bool(args.get("refund") or (args.get("refundMethod") or {}).get("originalPaymentMethodsRefund"))
    order = shop.tables["Order"][args["orderId"]]

    def work() -> None:
        # Somebody may have cancelled, deleted or sent it meanwhile: the job fails then, and says so to nobody.
        if _cancel_refusal(shop, args) is None:
            cancel(shop, order, args["reason"], is_refunded=refunds, is_restocked=args["restock"])

    return {"job": shop.job(work)}


def cancel(shop: Shop, order: Record, reason: str, *, is_refunded: bool, is_restocked: bool) -> None:
    """Cancel: nothing of the order remains to be delivered or paid."""
    stamp = shop.now()
    was_paid = order["displayFinancialStatus"] in ("PAID", "PARTIALLY_PAID")
    order |= {"cancelledAt": stamp, "cancelReason": reason, "closed": True, "closedAt": stamp}
    for line in order["_lines"]:
        inventory.release(shop, line, line["currentQuantity"], is_restocked=is_restocked)
        line["currentQuantity"] = 0
    recount(order)
    order["currentShippingPriceSet"] = order["currentTotalPriceSet"] = currencies_of(order).bag(ZERO)
    order["currentTotalTaxSet"] = order["currentTotalPriceSet"]
    order["currentTaxLines"] = []
    unpaid_status = None if order["displayFinancialStatus"] is None else "VOIDED"
    paid_status = "REFUNDED" if is_refunded else order["displayFinancialStatus"]
    settle(order, None)
    if is_refunded:
        order["_refunded"] = received(order)
    order["displayFinancialStatus"] = paid_status if was_paid else unpaid_status
    stamped(shop, order)
    order_cancelled(shop, order)


def recount(order: Record) -> None:
    """The current totals after quantities changed: value, discounts and taxes pro rata of each line."""
    currencies = currencies_of(order)

    def part(bag: Record, line: Record) -> Pair:
        amounts, kept, of = pair_of(bag), line["currentQuantity"], line["quantity"] or 1
        shop_part, buyer_part = amounts.shop * kept / of, amounts.presentment * kept / of
        return Pair(rounded(shop_part, currencies.shop), rounded(buyer_part, currencies.presentment))

    lines = order["_lines"]
    gross = total([pair_of(line["originalUnitPriceSet"]).times(line["currentQuantity"]) for line in lines])
    discounts = total(
        [part(a["allocatedAmountSet"], line) for line in lines for a in line["discountAllocations"]]
    )
    taxes = total([part(tax["priceSet"], line) for line in lines for tax in line["taxLines"]])
    shipping_taxes = total(
        [
            pair_of(tax["priceSet"])
            for s in order["_shippingLines"]
            if not s["isRemoved"]
            for tax in s["taxLines"]
        ]
    )
    shipping_taxes = shipping_taxes - order.get("_shippingTaxBack", ZERO)
    own_tax, tip, (duty, duty_tax) = taxes + shipping_taxes, tip_of(order), _duties(order)
    tax, subtotal = own_tax + duty_tax, gross - discounts - tip
    beside = duty + duty_tax + (ZERO if order["taxesIncluded"] else own_tax)
    whole = subtotal + tip + pair_of(order["currentShippingPriceSet"]) + beside
    order["currentSubtotalPriceSet"] = currencies.bag(subtotal)
    order["currentTotalDiscountsSet"] = currencies.bag(discounts)
    order["currentTotalTaxSet"] = currencies.bag(tax)
    order["currentTotalPriceSet"] = currencies.bag(whole)


def _duties(order: Record) -> tuple[Pair, Pair]:
    """The duties of an order and the taxes on them: beside all prices, and no edit changes them."""
    found = [duty for line in order["_lines"] for duty in line.get("duties", ())]
    taxes = [pair_of(tax["priceSet"]) for duty in found for tax in duty["taxLines"]]
    return total([pair_of(duty["price"]) for duty in found]), total(taxes)


@mutation("orderClose")
def order_close(shop: Shop, args: Args) -> Record:
    return _set_closed(shop, args, is_closed=True)


@mutation("orderOpen")
def order_open(shop: Shop, args: Args) -> Record:
    return _set_closed(shop, args, is_closed=False)


def _set_closed(shop: Shop, args: Args, *, is_closed: bool) -> Record:
    order = shop.get("Order", args["input"]["id"])
    if order is None:
        raise Refused(["id"], GONE)
    if order["closed"] != is_closed:
        order |= {"closed": is_closed, "closedAt": shop.now() if is_closed else None}
        stamped(shop, order)
        order_changed(shop, order)
    return {"order": order}


@mutation("orderMarkAsPaid")
def order_mark_as_paid(shop: Shop, args: Args) -> Record:
    order = shop.get("Order", args["input"]["id"])
    if order is None:
        raise Refused(["id"], GONE)
    outstanding = pair_of(order["totalOutstandingSet"])
    if order["cancelledAt"] or outstanding.shop <= 0:
        raise Refused(["id"], "Order cannot be marked as paid.")
    pay(shop, order, outstanding)
    return {"order": order}


def pay(shop: Shop, order: Record, amount: Pair, gateway: str = "manual") -> None:
    """Book a successful payment."""
    add_payment(shop, order, {"gateway": gateway, "amountSet": currencies_of(order).bag(amount)})
    stamped(shop, order)
    if order["displayFinancialStatus"] == "PAID":
        _complete_terms(shop, order)
        order_paid(shop, order)
    else:
        order_changed(shop, order)


def _complete_terms(shop: Shop, order: Record) -> None:
    for schedule in (order["_terms"] or {}).get("_schedules", []):
        schedule["completedAt"] = shop.now()
        schedule["balanceDue"] = {**schedule["balanceDue"], "amount": ZERO.shop}


@mutation("orderDelete")
def order_delete(shop: Shop, args: Args) -> Record:
    order = shop.get("Order", args["orderId"])
    if order is None:
        raise Refused(["orderId"], GONE, "NOT_FOUND")
    shop.remove(order)
    order_deleted(shop, order)
    return {"deletedId": order["id"]}
