"""Refunds: suggested, made once for a key, and what they change on the order, its stock and its payment."""

from __future__ import annotations

from decimal import Decimal

from hub.sandbox.shopify import inventory, order_changes
from hub.sandbox.shopify.errors import Args, Record, Refused, top_level
from hub.sandbox.shopify.money import ZERO, Pair, decimal_of, pair_of, total
from hub.sandbox.shopify.order_building import currencies_of, settle
from hub.sandbox.shopify.order_events import order_changed
from hub.sandbox.shopify.paging import number_of, page
from hub.sandbox.shopify.placing import order_named
from hub.sandbox.shopify.refund_amounts import (
    OF_NONE,
    LineRefund,
    Return,
    ShippingRefund,
    explained,
    in_both,
    left_of,
    line_refund,
    payments_of,
    refundable,
    shipping_by_line,
    shipping_refund,
    suggested_payments,
)
from hub.sandbox.shopify.refund_body import refund_body
from hub.sandbox.shopify.registry import action, field, mutation, query
from hub.sandbox.shopify.shop import Shop

PARENT = "Transactions require a parent_id associated with the order"
_RESTOCKED = ("RETURN", "CANCEL", "LEGACY_RESTOCK")


@field("Order.suggestedRefund")
def suggested_refund(_shop: Shop, order: Record, args: Args) -> Record:
    try:
        return _suggested(order, args)
    except Refused as refused:
        raise top_level(str(refused), "BAD_REQUEST") from refused


def _suggested(order: Record, args: Args) -> Record:
    rows = args.get("refundLineItems") or []
    if args.get("suggestFullRefund"):
        rows = [
            {"lineItemId": line["id"], "quantity": line["currentQuantity"]}
            for line in order["_lines"]
            if line["currentQuantity"]
        ]
    lines = [line_refund(order, row, _line(order, index, row)) for index, row in enumerate(rows)]
    shipping = shipping_refund(order, args.get("shippingAmount"), is_full=bool(args.get("refundShipping")))
    return _suggestion(order, lines, shipping)


def _suggestion(order: Record, lines: list[LineRefund], shipping: ShippingRefund) -> Record:
    bag, worth = currencies_of(order).bag, explained(order, lines, shipping)
    return {
        "amountSet": bag(worth),
        "discountedSubtotalSet": bag(total([row.subtotal for row in lines])),
        "subtotalSet": bag(total([row.gross for row in lines])),
        "totalTaxSet": bag(total([shipping.tax, *(row.tax for row in lines)])),
        "maximumRefundableSet": bag(refundable(order)),
        "refundLineItems": [_line_record(order, row, None) for row in lines],
        "shipping": {
            "amountSet": bag(shipping.amount),
            "taxSet": bag(shipping.tax),
            "maximumRefundableSet": bag(shipping.most),
        },
        "suggestedTransactions": [
            {
                "amountSet": bag(share),
                "gateway": payment["gateway"],
                "formattedGateway": payment["formattedGateway"],
                "kind": "SUGGESTED_REFUND",
                "maximumRefundableSet": bag(left_of(order, payment)),
                "parentTransaction": payment,
            }
            for payment, share in suggested_payments(order, worth)
        ],
    }


def _line(order: Record, index: int, row: Record) -> Record:
    path = ["refundLineItems", str(index)]
    line: Record | None = next((one for one in order["_lines"] if one["id"] == row["lineItemId"]), None)
    if line is None:
        raise Refused([*path, "lineItemId"], "Line item does not belong to the order")
    quantity = row["quantity"]
    if quantity < 1:
        raise Refused([*path, "quantity"], "Quantity must be greater than 0")
    if quantity > line["currentQuantity"]:
        raise Refused([*path, "quantity"], "Quantity cannot refund more items than were purchased")
    restock = row.get("restockType")
    unsent = line["currentQuantity"] + line.get("_returned", 0) - line.get("_fulfilled", 0)
    if restock == "LEGACY_RESTOCK":
        raise Refused([*path, "restockType"], "Restock type is not accepted for new refunds")
    if restock == "CANCEL" and quantity > unsent:
        raise Refused([*path, "restockType"], "Fulfilled items cannot be canceled")
    if restock == "RETURN" and quantity > line["currentQuantity"] - unsent:
        raise Refused([*path, "restockType"], "Unfulfilled items cannot be returned")
    return line


@mutation("refundCreate")
def refund_create(shop: Shop, args: Args) -> Record:
    given = args["input"]
    order = shop.get("Order", given["orderId"])
    if order is None:
        raise Refused(["orderId"], "Order does not exist")
    is_foreign = order["presentmentCurrencyCode"] != order["currencyCode"]
    if is_foreign and given.get("currency") != order["presentmentCurrencyCode"]:
        raise Refused(["currency"], "Currency must be the presentment currency of the order")
    return {"refund": make(shop, order, given), "order": order}


def make(shop: Shop, order: Record, given: Record, status: str = "SUCCESS", of: Return = OF_NONE) -> Record:
    """Refund as a RefundInput says; `status` is what becomes of its money. Everything is checked before."""
    rows = given.get("refundLineItems") or []
    lines = [line_refund(order, row, _line(order, index, row)) for index, row in enumerate(rows)]
    wanted = given.get("shipping") or {}
    shipping = shipping_refund(order, wanted.get("amount"), is_full=bool(wanted.get("fullRefund")))
    worth = explained(order, lines, shipping)
    payments = given.get("transactions") or []
    if not lines and not payments and shipping.amount == ZERO:
        raise Refused(None, "Refund must contain refund line items, shipping or transactions")
    money = _money(order, payments, worth, allows_more=bool(given.get("allowOverRefunding")))
    for row in lines:
        _take_back(shop, row)
    refund = _record(shop, order, given, lines, shipping)
    refund |= {"_returnId": of.id, "_rounding": given.get("rounding")}
    refund["_adjustments"] = _adjustments(shop, order, given, money, worth - of.exchanged - of.fees)
    refund["_transactions"] = [
        _transaction(shop, order, refund, parent, amount, status) for parent, amount in money
    ]
    order["_transactions"] += refund["_transactions"]
    order["_refunds"] = [*order.get("_refunds", []), refund]
    settled = worth - of.exchanged if money else of.fees
    order["_settledBack"] = order.get("_settledBack", ZERO) + settled
    _recount(order, shipping)
    _settle(order)
    order_changes.stamped(shop, order)
    tell(shop, order, refund)
    return refund


def tell(shop: Shop, order: Record, refund: Record) -> None:
    """The webhooks of a refund that was made."""
    body = refund_body(shop, order, refund)
    shop.emit("refunds/create", lambda: body)
    order_changed(shop, order)


def _money(
    order: Record, payments: list[Record], worth: Pair, *, allows_more: bool
) -> list[tuple[Record, Pair]]:
    found = []
    for row in payments:
        parent = next((one for one in payments_of(order) if one["id"] == row.get("parentId")), None)
        if parent is None or row["orderId"] != order["id"]:
            raise Refused(["transactions"], PARENT)
        if row["kind"] != "REFUND":
            raise Refused(["transactions"], "Transaction kind must be refund")
        amount = in_both(order, row["amount"], worth)
        if amount.presentment <= 0:
            raise Refused(["transactions"], "Transaction amount must be greater than 0")
        if amount.presentment > left_of(order, parent).presentment and not allows_more:
            raise Refused(["transactions"], "Refund amount cannot exceed what is refundable")
        found.append((parent, amount))
    return found


def _take_back(shop: Shop, row: LineRefund) -> None:
    """Pieces that were sent stay sent, whatever becomes of their money; only cancelled ones are not due any more."""
    line = row.line
    line["currentQuantity"] -= row.quantity
    if row.restock == "CANCEL":
        inventory.release(shop, line, row.quantity, is_restocked=True)
        return
    line["_returned"] = line.get("_returned", 0) + row.quantity
    if row.restock == "RETURN":
        inventory.put_back(shop, line, row.quantity, row.location_id)


def _line_record(order: Record, row: LineRefund, gid: str | None) -> Record:
    bag = currencies_of(order).bag
    return {
        "id": gid,
        "lineItem": row.line,
        "quantity": row.quantity,
        "restockType": row.restock,
        "restocked": gid is not None and row.restock in _RESTOCKED,
        "priceSet": row.line["originalUnitPriceSet"],
        "subtotalSet": bag(row.subtotal),
        "totalTaxSet": bag(row.tax),
        "_locationId": row.location_id if row.restock != "NO_RESTOCK" else None,
    }


def _record(
    shop: Shop, order: Record, given: Record, lines: list[LineRefund], shipping: ShippingRefund
) -> Record:
    bag = currencies_of(order).bag
    back, sent = order.setdefault("_shippingBack", {}), []
    for line, amount, tax in shipping_by_line(order, shipping, (given.get("shipping") or {}).get("_line")):
        amounts = {"subtotalAmountSet": bag(amount), "taxAmountSet": bag(tax)}
        sent.append({"id": shop.new_gid("RefundShippingLine"), "shippingLine": line, **amounts})
        back[line["id"]] = back.get(line["id"], ZERO) + amount
    record = shop.add(
        "Refund",
        {
            "note": given.get("note"),
            "processedAt": given.get("processedAt") or shop.now(),
            "duties": [],
            "_orderId": order["id"],
            "_lines": [_line_record(order, row, shop.new_gid("RefundLineItem")) for row in lines],
            "_shipping": sent,
        },
    )
    record["legacyResourceId"] = number_of(record["id"])
    return record


def _adjustments(
    shop: Shop, order: Record, given: Record, money: list[tuple[Record, Pair]], worth: Pair
) -> list[Record]:
    """What is kept is above zero, what is given beyond below (as the REST resource words it)."""
    difference = worth - total([amount for _, amount in money])
    if not money or difference == ZERO:
        return []
    reason = given.get("discrepancyReason")
    bag = currencies_of(order).bag
    return [
        {
            "id": shop.new_gid("OrderAdjustment"),
            "amountSet": bag(difference),
            "taxAmountSet": bag(ZERO),
            "reason": reason if reason in ("RESTOCK", "DAMAGE", "CUSTOMER") else "REFUND_DISCREPANCY",
        }
    ]


def _transaction(
    shop: Shop, order: Record, refund: Record, parent: Record, amount: Pair, status: str
) -> Record:
    rounding = refund["_rounding"]
    return {
        **parent,
        "id": shop.new_gid("OrderTransaction"),
        "kind": "REFUND",
        "status": status,
        "amountSet": currencies_of(order).bag(amount),
        "amountRoundingSet": currencies_of(order).bag(in_both(order, rounding, ZERO)) if rounding else None,
        "createdAt": refund["createdAt"],
        "processedAt": refund["createdAt"],
        "parentTransaction": parent,
    }


def _recount(order: Record, shipping: ShippingRefund) -> None:
    bag = currencies_of(order).bag
    order["currentShippingPriceSet"] = bag(pair_of(order["currentShippingPriceSet"]) - shipping.amount)
    order["_shippingTaxBack"] = order.get("_shippingTaxBack", ZERO) + shipping.tax
    if not order["cancelledAt"]:
        order_changes.recount(order)


def _settle(order: Record) -> None:
    back = [one for one in order["_transactions"] if one["kind"] == "REFUND" and one["status"] == "SUCCESS"]
    order["_refunded"] = total([pair_of(one["amountSet"]) for one in back])
    settle(order, None)


# ------------------------------------------------------------------------------------------------- reading


@query("refund")
def refund_by_id(shop: Shop, args: Args) -> Record | None:
    return shop.read("Refund", args["id"])


@field("Order.refunds")
def refunds_of_order(_shop: Shop, order: Record, args: Args) -> list[Record]:
    found: list[Record] = order.get("_refunds", [])
    return found[: args["first"]] if args.get("first") is not None else found


@field("Refund.order")
def order_of_refund(shop: Shop, refund: Record, _args: Args) -> Record | None:
    return shop.get("Order", refund["_orderId"])


@field("Refund.return")
def return_of_refund(shop: Shop, refund: Record, _args: Args) -> Record | None:
    return shop.get("Return", refund["_returnId"])


@field("Refund.totalRefundedSet")
def total_refunded(shop: Shop, refund: Record, _args: Args) -> Record:
    done = [pair_of(one["amountSet"]) for one in refund["_transactions"] if one["status"] == "SUCCESS"]
    return currencies_of(shop.tables["Order"][refund["_orderId"]]).bag(total(done))


@field("Refund.refundLineItems")
def lines_of_refund(_shop: Shop, refund: Record, args: Args) -> Record:
    return page(refund["_lines"], args)


@field("Refund.refundShippingLines")
def shipping_of_refund(_shop: Shop, refund: Record, args: Args) -> Record:
    return page(refund["_shipping"], args)


@field("Refund.orderAdjustments")
def adjustments_of_refund(_shop: Shop, refund: Record, args: Args) -> Record:
    return page(refund["_adjustments"], args)


@field("Refund.transactions")
def transactions_of_refund(_shop: Shop, refund: Record, args: Args) -> Record:
    return page(refund["_transactions"], args)


@field("RefundLineItem.location")
def location_of_line(shop: Shop, line: Record, _args: Args) -> Record | None:
    return shop.get("Location", line["_locationId"])


# -------------------------------------------------------------------------------------------------- people


@action("refund_order")
def refund_order(shop: Shop, data: Record) -> Record:
    """A clerk refunds `lines` ({line, quantity, restock}) and `shipping` ("all" or an amount, of `shipping_line`).

    Money: what is suggested, or `amount` in the buyer's currency, "0" for none; `status` PENDING or FAILURE where it
    does not go through at once; `rounding` is what cash was rounded by; `return` the return that it belongs to.
    """
    order = order_named(shop, data)
    given: Record = {"note": data.get("note"), "rounding": _decimal(data, "rounding")}
    given["refundLineItems"] = [
        {
            "lineItemId": row["line"],
            "quantity": row.get("quantity", 1),
            "restockType": row.get("restock", "RETURN"),
            "locationId": row.get("location"),
        }
        for row in data.get("lines", [])
    ]
    if data.get("shipping"):
        whole = data["shipping"] == "all"
        given["shipping"] = {"fullRefund": True} if whole else {"amount": _decimal(data, "shipping")}
        given["shipping"]["_line"] = data.get("shipping_line", "")
    try:
        given["transactions"] = _by_hand(order, given, _decimal(data, "amount"))
        made = make(shop, order, given, data.get("status", "SUCCESS"), Return(data.get("return", "")))
    except Refused as refused:
        raise ValueError(str(refused)) from refused
    return {"id": made["id"]}


def _decimal(data: Record, key: str) -> Decimal | None:
    return decimal_of(data[key], key) if data.get(key) is not None else None


def _by_hand(order: Record, given: Record, amount: Decimal | None) -> list[Record]:
    rows = given["refundLineItems"]
    lines = [line_refund(order, row, _line(order, index, row)) for index, row in enumerate(rows)]
    wanted = given.get("shipping") or {}
    shipping = shipping_refund(order, wanted.get("amount"), is_full=bool(wanted.get("fullRefund")))
    worth = explained(order, lines, shipping)
    back = worth if amount is None else in_both(order, amount, worth)
    return [
        {
            "orderId": order["id"],
            "parentId": payment["id"],
            "gateway": payment["gateway"],
            "kind": "REFUND",
            "amount": share.presentment,
        }
        for payment, share in suggested_payments(order, back)
    ]


@action("settle_refund")
def settle_refund(shop: Shop, data: Record) -> Record:
    """Money of `refund` that was on its way has arrived, or not: `status` SUCCESS or FAILURE."""
    refund = shop.tables["Refund"][data["refund"]]
    order = shop.tables["Order"][refund["_orderId"]]
    for one in refund["_transactions"]:
        one["status"] = data.get("status", "SUCCESS")
    shop.touch(refund)
    _settle(order)
    order_changes.stamped(shop, order)
    order_changed(shop, order)
    return {}
