"""Returns: requested by buyers, approved or declined, closed, opened again, cancelled.

A return changes nothing of its order, not even the order's stamp (recorded); only a refund does.
"""

from __future__ import annotations

from decimal import Decimal

from hub.sandbox.shopify import exchanges
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.money import ZERO
from hub.sandbox.shopify.order_building import currencies_of
from hub.sandbox.shopify.paging import page
from hub.sandbox.shopify.refund_amounts import in_both, line_refund
from hub.sandbox.shopify.refund_body import return_body
from hub.sandbox.shopify.registry import field, mutation, query
from hub.sandbox.shopify.shop import Shop

WRONG_STATE = "Return status is invalid."
_COUNTS = ("REQUESTED", "OPEN", "CLOSED")
LONGEST_NOTE = 255


def _existing(shop: Shop, gid: str, path: list[str]) -> Record:
    found = shop.get("Return", gid)
    if found is None:
        raise Refused(path, "Return not found.", "NOT_FOUND")
    return found


def in_state(shop: Shop, gid: str, path: list[str], *states: str) -> Record:
    found = _existing(shop, gid, path)
    if found["status"] not in states:
        raise Refused(path, WRONG_STATE, "INVALID_STATE")
    return found


def order_of(shop: Shop, record: Record) -> Record:
    return shop.tables["Order"][record["_orderId"]]


def tell(shop: Shop, record: Record, topic: str) -> None:
    shop.touch(record)
    body = return_body(shop, order_of(shop, record), record)
    shop.emit(f"returns/{topic}", lambda: body)


# ----------------------------------------------------------------------------------------------- beginning


@mutation("returnRequest")
def return_request(shop: Shop, args: Args) -> Record:
    made = _new(shop, args["input"], ["input"], "REQUESTED")
    tell(shop, made, "request")
    return {"return": made}


@mutation("returnCreate")
def return_create(shop: Shop, args: Args) -> Record:
    given = args["returnInput"]
    for index, row in enumerate(given["returnLineItems"]):
        if row.get("returnReason") == "OTHER" and not row.get("returnReasonNote"):
            path = ["returnInput", "returnLineItems", str(index), "returnReasonNote"]
            raise Refused(path, "Return reason note can't be blank", "BLANK")
    made = _new(shop, given, ["returnInput"], "OPEN")
    _open(shop, made)
    # There is no topic for a return that begins approved.
    tell(shop, made, "approve")
    return {"return": made}


def _new(shop: Shop, given: Record, path: list[str], status: str) -> Record:
    order = shop.get("Order", given["orderId"])
    if order is None:
        raise Refused([*path, "orderId"], "Order not found.", "NOT_FOUND")
    rows = given["returnLineItems"]
    if not rows:
        raise Refused([*path, "returnLineItems"], "Return line items can't be blank", "BLANK")
    lines: list[Record] = []
    for index, row in enumerate(rows):
        lines.append(_line(shop, order, row, [*path, "returnLineItems", str(index)], lines))
    exchanged = exchanges.lines_of(shop, given.get("exchangeLineItems") or [], path)
    fee = (given.get("returnShippingFee") or {}).get("amount")
    number = len(shop.where("Return", _orderId=order["id"])) + 1
    return shop.add(
        "Return",
        {
            "name": f"{order['name']}-R{number}",
            "status": status,
            "closedAt": None,
            "requestApprovedAt": shop.now() if status == "OPEN" else None,
            "decline": None,
            "totalQuantity": sum(line["quantity"] for line in lines),
            "_orderId": order["id"],
            "_lines": lines,
            "_exchanged": exchanged,
            "_fee": _shipping_fee(shop, order, fee) if fee else None,
            "_reverse": [],
        },
    )


def _line(shop: Shop, order: Record, given: Record, path: list[str], before: list[Record]) -> Record:
    sent = sent_lines(order).get(given["fulfillmentLineItemId"])
    if sent is None:
        message = "Return line item has an invalid fulfillment line item."
        raise Refused([*path, "fulfillmentLineItemId"], message, "INVALID")
    quantity = given["quantity"]
    asked = sum(line["quantity"] for line in before if line["fulfillmentLineItem"]["id"] == sent["id"])
    if not 0 < quantity <= _returnable(shop, order, sent) - asked:
        message = "Return line item has an invalid quantity."
        raise Refused([*path, "quantity"], message, "INVALID")
    if len(given.get("returnReasonNote") or "") > LONGEST_NOTE:
        message = f"Return reason note is too long (maximum is {LONGEST_NOTE} characters)"
        raise Refused([*path, "returnReasonNote"], message, "TOO_LONG")
    return {
        "__typename": "ReturnLineItem",
        "id": shop.new_gid("ReturnLineItem"),
        "fulfillmentLineItem": sent,
        "quantity": quantity,
        "returnReason": given.get("returnReason") or "UNKNOWN",
        "returnReasonNote": given.get("returnReasonNote") or "",
        "customerNote": given.get("customerNote"),
        "processedQuantity": 0,
        "restockingFee": _restocking_fee(shop, order, sent, quantity, given.get("restockingFee")),
    }


def sent_lines(order: Record) -> dict[str, Record]:
    """What of an order was sent and not taken back, by the id of the fulfillment's line."""
    return {
        line["id"]: line
        for fulfillment in order.get("_fulfillments", [])
        if fulfillment["status"] != "CANCELLED"
        for line in fulfillment["_lines"]
    }


def _returnable(shop: Shop, order: Record, sent: Record) -> int:
    """Pieces of a fulfillment's line that are in no return, and that no refund took without one."""
    item = sent["lineItem"]
    refunded_apart = int(item.get("_returned", 0)) - _refunded_in_returns(shop, order, item)
    for line in sent_lines(order).values():
        left = int(line["quantity"]) - _in_returns(shop, order, line)
        apart = min(max(refunded_apart, 0), left)
        if line["id"] == sent["id"]:
            return left - apart
        if line["lineItem"]["id"] == item["id"]:
            refunded_apart -= apart
    return 0


def _in_returns(shop: Shop, order: Record, sent: Record) -> int:
    taken: int = sum(
        line["quantity"]
        for record in shop.where("Return", _orderId=order["id"])
        if record["status"] in _COUNTS
        for line in record["_lines"]
        if line["fulfillmentLineItem"]["id"] == sent["id"]
    )
    return taken


def _refunded_in_returns(shop: Shop, order: Record, item: Record) -> int:
    back: int = sum(
        row["quantity"]
        for refund in order.get("_refunds", [])
        if refund["_returnId"]
        for row in refund["_lines"]
        if row["lineItem"]["id"] == item["id"]
    )
    return back


def _restocking_fee(
    shop: Shop, order: Record, sent: Record, quantity: int, given: Record | None
) -> Record | None:
    """A share of what the pieces are worth, rounded once for the line."""
    if not given:
        return None
    worth = line_refund(order, {"quantity": quantity}, sent["lineItem"]).subtotal
    part = currencies_of(order).part(worth, Decimal(str(given["percentage"])) / 100)
    return {
        "__typename": "RestockingFee",
        "id": shop.new_gid("RestockingFee"),
        "percentage": given["percentage"],
        "amountSet": currencies_of(order).bag(part),
    }


def _shipping_fee(shop: Shop, order: Record, money: Record) -> Record:
    bag = currencies_of(order).bag(in_both(order, Decimal(str(money["amount"])), ZERO))
    return {"__typename": "ReturnShippingFee", "id": shop.new_gid("ReturnShippingFee"), "amountSet": bag}


def _open(shop: Shop, record: Record) -> None:
    record |= {"status": "OPEN", "requestApprovedAt": shop.now()}
    record["_reverse"] = [
        shop.add(
            "ReverseFulfillmentOrder",
            {
                "status": "OPEN",
                "_orderId": record["_orderId"],
                "_lines": [
                    {
                        "__typename": "ReverseFulfillmentOrderLineItem",
                        "id": shop.new_gid("ReverseFulfillmentOrderLineItem"),
                        "totalQuantity": line["quantity"],
                        "fulfillmentLineItem": line["fulfillmentLineItem"],
                        "dispositions": [],
                    }
                    for line in record["_lines"]
                ],
            },
        )
    ]


# ------------------------------------------------------------------------------------------------ going on


@mutation("returnApproveRequest")
def return_approve_request(shop: Shop, args: Args) -> Record:
    record = in_state(shop, args["input"]["id"], ["input", "id"], "REQUESTED")
    _open(shop, record)
    tell(shop, record, "approve")
    return {"return": record}


@mutation("returnDeclineRequest")
def return_decline_request(shop: Shop, args: Args) -> Record:
    given = args["input"]
    record = in_state(shop, given["id"], ["input", "id"], "REQUESTED")
    record |= {"status": "DECLINED"}
    record["decline"] = {"reason": given["declineReason"], "note": given.get("declineNote")}
    tell(shop, record, "decline")
    return {"return": record}


@mutation("returnClose")
def return_close(shop: Shop, args: Args) -> Record:
    record = in_state(shop, args["id"], ["id"], "OPEN", "CLOSED")
    if record["status"] == "OPEN":
        record |= {"status": "CLOSED", "closedAt": shop.now()}
        _settle_reverse(record, "CLOSED")
        tell(shop, record, "close")
    return {"return": record}


@mutation("returnReopen")
def return_reopen(shop: Shop, args: Args) -> Record:
    record = in_state(shop, args["id"], ["id"], "OPEN", "CLOSED")
    if record["status"] == "CLOSED":
        record |= {"status": "OPEN", "closedAt": None}
        _settle_reverse(record, "OPEN")
        tell(shop, record, "reopen")
    return {"return": record}


@mutation("returnCancel")
def return_cancel(shop: Shop, args: Args) -> Record:
    record = _existing(shop, args["id"], ["id"])
    if record["status"] == "CANCELED":
        return {"return": record}
    has_begun = any(line["processedQuantity"] or refunded(shop, record, line) for line in record["_lines"])
    has_begun = has_begun or any(row["dispositions"] for one in record["_reverse"] for row in one["_lines"])
    if record["status"] not in ("REQUESTED", "OPEN") or has_begun:
        raise Refused(["id"], "Return is not cancelable.", "INVALID_STATE")
    record["status"] = "CANCELED"
    _settle_reverse(record, "CANCELED")
    tell(shop, record, "cancel")
    return {"return": record}


def _settle_reverse(record: Record, status: str) -> None:
    for reverse in record["_reverse"]:
        reverse["status"] = status


# ------------------------------------------------------------------------------------------------- reading


def refunded(shop: Shop, record: Record, line: Record) -> int:
    """Pieces of a line that refunds of this return took."""
    item = line["fulfillmentLineItem"]["lineItem"]["id"]
    return sum(
        row["quantity"]
        for refund in shop.where("Refund", _returnId=record["id"])
        for row in refund["_lines"]
        if row["lineItem"]["id"] == item
    )


def _of_line(shop: Shop, line: Record) -> Record:
    return next(record for record in shop.every("Return") if any(one is line for one in record["_lines"]))


@query("return")
def return_by_id(shop: Shop, args: Args) -> Record | None:
    return shop.read("Return", args["id"])


@query("returnableFulfillments")
def returnable_fulfillments(shop: Shop, args: Args) -> Record:
    order = shop.get("Order", args["orderId"])
    found = []
    for fulfillment in (order or {}).get("_fulfillments", []):
        if fulfillment["status"] == "CANCELLED":
            continue
        rows = [
            {"id": line["id"], "fulfillmentLineItem": line, "quantity": _returnable(shop, order or {}, line)}
            for line in fulfillment["_lines"]
        ]
        gid = fulfillment["id"].replace("/Fulfillment/", "/ReturnableFulfillment/")
        left = [row for row in rows if row["quantity"] > 0]
        found += [{"id": gid, "fulfillment": fulfillment, "_lines": left}] if left else []
    return page(found, args)


@field("ReturnableFulfillment.returnableFulfillmentLineItems")
def returnable_lines(_shop: Shop, record: Record, args: Args) -> Record:
    return page(record["_lines"], args)


@field("Order.returns")
def returns_of_order(shop: Shop, order: Record, args: Args) -> Record:
    return page(shop.where("Return", _orderId=order["id"]), args)


@field("Order.returnStatus")
def return_status(shop: Shop, order: Record, _args: Args) -> str:
    """What the returns of an order come to."""
    states = {record["status"] for record in shop.where("Return", _orderId=order["id"])}
    if "REQUESTED" in states:
        return "RETURN_REQUESTED"
    if "OPEN" in states:
        return "IN_PROGRESS"
    return "RETURNED" if "CLOSED" in states else "NO_RETURN"


@field("Return.order", "ReverseFulfillmentOrder.order")
def order_of_return(shop: Shop, record: Record, _args: Args) -> Record:
    return order_of(shop, record)


@field("Return.returnLineItems")
def lines_of_return(_shop: Shop, record: Record, args: Args) -> Record:
    return page(record["_lines"], args)


@field("Return.refunds")
def refunds_of_return(shop: Shop, record: Record, args: Args) -> Record:
    return page(shop.where("Refund", _returnId=record["id"]), args)


@field("Return.returnShippingFees")
def shipping_fees(_shop: Shop, record: Record, _args: Args) -> list[Record]:
    return [record["_fee"]] if record["_fee"] else []


@field("ReturnLineItem.returnReasonDefinition")
def reason_definition(_shop: Shop, line: Record, _args: Args) -> Record:
    """The shop's own list of reasons is not simulated: each of the API's has a definition of its name."""
    handle = line["returnReason"].lower().replace("_", "-")
    name = handle.replace("-", " ").capitalize()
    return {"id": f"gid://shopify/ReturnReasonDefinition/{handle}", "handle": handle, "name": name}


@field("ReturnLineItem.refundedQuantity")
def refunded_quantity(shop: Shop, line: Record, _args: Args) -> int:
    return refunded(shop, _of_line(shop, line), line)


@field("ReturnLineItem.refundableQuantity")
def refundable_quantity(shop: Shop, line: Record, _args: Args) -> int:
    return int(line["quantity"]) - refunded(shop, _of_line(shop, line), line)


@field("ReturnLineItem.unprocessedQuantity", "ReturnLineItem.processableQuantity")
def unprocessed_quantity(_shop: Shop, line: Record, _args: Args) -> int:
    return int(line["quantity"] - line["processedQuantity"])
