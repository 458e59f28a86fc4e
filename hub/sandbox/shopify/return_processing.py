"""What becomes of returned goods: processed with their money, disposed of, exchanged.

`returnProcess` confirms pieces; its refund belongs to the return. Dispositions say where pieces went: a piece has one
final disposition, and may have been put aside (PROCESSING_REQUIRED) before.
"""

from __future__ import annotations

from decimal import Decimal

from hub.sandbox.shopify import exchanges, inventory, refunds
from hub.sandbox.shopify.errors import Args, Record, Refused, top_level
from hub.sandbox.shopify.money import ZERO, Pair, pair_of, rounded, total
from hub.sandbox.shopify.order_building import currencies_of, settle
from hub.sandbox.shopify.order_changes import stamped
from hub.sandbox.shopify.order_events import order_changed
from hub.sandbox.shopify.paging import page
from hub.sandbox.shopify.refund_amounts import (
    Return,
    explained,
    line_refund,
    refundable,
    shipping_refund,
    suggested_payments,
)
from hub.sandbox.shopify.registry import field, mutation
from hub.sandbox.shopify.returns import in_state, order_of, tell
from hub.sandbox.shopify.shop import Shop

PUT_ASIDE = "PROCESSING_REQUIRED"
INVALID_QUANTITY = "Return line item has an invalid quantity."
_Pieces = list[tuple[Record, int, list[Record]]]


@mutation("returnProcess")
def return_process(shop: Shop, args: Args) -> Record:
    given = args["input"]
    record = in_state(shop, given["returnId"], ["input", "returnId"], "OPEN")
    order = order_of(shop, record)
    pieces = _chosen(shop, record, given.get("returnLineItems") or [])
    exchanged = exchanges.chosen(record, given.get("exchangeLineItems") or [], ["input"])
    if not pieces and not exchanged:
        raise Refused(["input"], "At least one line item must be processed.", "BLANK")
    issue = (given.get("financialTransfer") or {}).get("issueRefund") or {}
    fees, swapped = _fees(record, pieces), exchanges.worth_of(shop, order, exchanged)
    made = _refund_input(order, given, pieces, issue) if pieces else None
    exchanges.add_to(shop, order, exchanged)
    if made is not None:
        refunds.make(shop, order, made, of=Return(record["id"], swapped, fees))
    else:
        settle(order, None)
        stamped(shop, order)
        order_changed(shop, order)
    for line, quantity, rows in pieces:
        line["processedQuantity"] += quantity
        for row in rows:
            # The refund has put them back on the shelf already.
            _note(shop, _reverse_line(shop, row, [], record), row)
    tell(shop, record, "process")
    return {"return": record}


def _chosen(shop: Shop, record: Record, rows: list[Record]) -> _Pieces:
    found = []
    for index, row in enumerate(rows):
        path = ["input", "returnLineItems", str(index)]
        line = next((one for one in record["_lines"] if one["id"] == row["id"]), None)
        if line is None:
            raise Refused([*path, "id"], "Return line item was not found.", "NOT_FOUND")
        if not 0 < row["quantity"] <= line["quantity"] - line["processedQuantity"]:
            raise Refused([*path, "quantity"], INVALID_QUANTITY, "INVALID")
        ends = row.get("dispositions") or []
        for number, end in enumerate(ends):
            where = [*path, "dispositions", str(number)]
            place = _reverse_line(shop, end, where, record)
            if place["fulfillmentLineItem"]["id"] != line["fulfillmentLineItem"]["id"]:
                raise Refused(where, "Disposition belongs to another return line item.", "INVALID")
        if sum(end["quantity"] for end in ends) > row["quantity"]:
            raise Refused([*path, "dispositions"], "Dispositions exceed the quantity.", "INVALID")
        found.append((line, row["quantity"], ends))
    return found


def _refund_input(order: Record, given: Record, pieces: _Pieces, issue: Record) -> Record:
    """The same as a RefundInput; what goes on the shelf apart from what does not."""
    lines = []
    for line, quantity, ends in pieces:
        item, shelved = line["fulfillmentLineItem"]["lineItem"]["id"], 0
        for end in ends:
            if end["dispositionType"] == "RESTOCKED":
                shelved += end["quantity"]
                place = {"restockType": "RETURN", "locationId": end["locationId"]}
                lines.append({"lineItemId": item, "quantity": end["quantity"], **place})
        if quantity > shelved:
            rest = quantity - shelved
            lines.append({"lineItemId": item, "quantity": rest, "restockType": "NO_RESTOCK"})
    shipping = given.get("refundShipping") or {}
    gateways = {one["id"]: one["gateway"] for one in order["_transactions"]}
    return {
        # Whether the note becomes the refund's is not published: it is not relied on.
        "note": None,
        "refundLineItems": lines,
        "shipping": {
            "fullRefund": shipping.get("fullRefund"),
            "amount": (shipping.get("shippingRefundAmount") or {}).get("amount"),
        },
        "allowOverRefunding": issue.get("allowOverRefunding"),
        "transactions": [
            {
                "orderId": order["id"],
                "parentId": row["parentId"],
                "gateway": gateways.get(row["parentId"], ""),
                "kind": "REFUND",
                "amount": row["transactionAmount"]["amount"],
            }
            for row in issue.get("orderTransactions") or []
        ],
    }


def _fees(record: Record, pieces: _Pieces) -> Pair:
    """Restocking fees pro rata of the pieces, rounded once a line; return shipping with the first that come."""
    kept = []
    for line, quantity, _ in pieces:
        fee = line["restockingFee"]
        if fee:
            bag = pair_of(fee["amountSet"])
            done, of = line["processedQuantity"], line["quantity"]
            code = fee["amountSet"]["shopMoney"]["currencyCode"]
            buyers = fee["amountSet"]["presentmentMoney"]["currencyCode"]
            kept.append(_part(bag, done, done + quantity, of, (code, buyers)))
    is_first = not any(line["processedQuantity"] for line in record["_lines"])
    if is_first and pieces and record["_fee"]:
        kept.append(pair_of(record["_fee"]["amountSet"]))
    return total(kept)


def _part(amount: Pair, done: int, then: int, of: int, codes: tuple[str, str]) -> Pair:
    def between(whole: Decimal, code: str) -> Decimal:
        return rounded(whole * then / of, code) - rounded(whole * done / of, code)

    return Pair(between(amount.shop, codes[0]), between(amount.presentment, codes[1]))


# ------------------------------------------------------------------------------------------------ disposing


@mutation("reverseFulfillmentOrderDispose")
def reverse_fulfillment_order_dispose(shop: Shop, args: Args) -> Record:
    """Where pieces went, without their money."""
    rows = args["dispositionInputs"]
    places = [_reverse_line(shop, row, ["dispositionInputs", str(n)]) for n, row in enumerate(rows)]
    for place, row in zip(places, rows, strict=True):
        _note(shop, place, row)
        if row["dispositionType"] == "RESTOCKED":
            item = place["fulfillmentLineItem"]["lineItem"]
            inventory.put_back(shop, item, row["quantity"], row.get("locationId"))
    return {"reverseFulfillmentOrderLineItems": places}


def _reverse_line(shop: Shop, given: Record, path: list[str], record: Record | None = None) -> Record:
    """The line of a reverse fulfillment order that a disposition names, checked."""
    if given["dispositionType"] == "RESTOCKED" and shop.get("Location", given.get("locationId")) is None:
        raise Refused([*path, "locationId"], "Location is required to restock.", "BLANK")
    for reverse in record["_reverse"] if record else shop.every("ReverseFulfillmentOrder"):
        for line in reverse["_lines"]:
            if line["id"] == given["reverseFulfillmentOrderLineItemId"]:
                if reverse["status"] != "OPEN":
                    raise Refused(path, "Reverse fulfillment order is not open.", "INVALID_STATE")
                if not 0 < given["quantity"] <= _left(line, given["dispositionType"]):
                    raise Refused([*path, "quantity"], "Disposition has an invalid quantity.", "INVALID")
                found: Record = line
                return found
    where = [*path, "reverseFulfillmentOrderLineItemId"]
    raise Refused(where, "Reverse fulfillment order line item was not found.", "NOT_FOUND")


def _left(line: Record, kind: str) -> int:
    """Pieces that this disposition may still be said of."""
    rows = line["dispositions"]
    ended = sum(row["quantity"] for row in rows if row["type"] != PUT_ASIDE)
    aside = sum(row["quantity"] for row in rows if row["type"] == PUT_ASIDE)
    return int(line["totalQuantity"] - (max(ended, aside) if kind == PUT_ASIDE else ended))


def _note(shop: Shop, line: Record, given: Record) -> None:
    line["dispositions"].append(
        {
            "id": shop.new_gid("ReverseFulfillmentOrderDisposition"),
            "createdAt": shop.now(),
            "location": shop.get("Location", given.get("locationId")),
            "quantity": given["quantity"],
            "type": given["dispositionType"],
        }
    )


# ------------------------------------------------------------------------------------------------- reading


@field("Return.suggestedFinancialOutcome")
def suggested_outcome(shop: Shop, record: Record, args: Args) -> Record:
    """What processing these pieces comes to: money back, or money that the buyer owes."""
    try:
        return _outcome(shop, record, args)
    except Refused as refused:
        raise top_level(str(refused), "BAD_REQUEST") from refused


def _outcome(shop: Shop, record: Record, args: Args) -> Record:
    order, bag = order_of(shop, record), currencies_of(order_of(shop, record)).bag
    pieces = _chosen(shop, record, args["returnLineItems"])
    wanted = args.get("refundShipping") or {}
    amount = (wanted.get("shippingRefundAmount") or {}).get("amount")
    shipping = shipping_refund(order, amount, is_full=bool(wanted.get("fullRefund")))
    parts = [
        line_refund(order, {"quantity": quantity}, line["fulfillmentLineItem"]["lineItem"])
        for line, quantity, _ in pieces
    ]
    swapped = exchanges.worth_of(shop, order, exchanges.chosen(record, args["exchangeLineItems"], []))
    net = explained(order, parts, shipping) - _fees(record, pieces) - swapped
    return {
        "discountedSubtotal": bag(total([one.subtotal for one in parts])),
        "financialTransfer": _transfer(order, net),
        "maximumRefundable": bag(refundable(order)),
        "shipping": {
            "amountSet": bag(shipping.amount),
            "taxSet": bag(shipping.tax),
            "maximumRefundableSet": bag(shipping.most),
        },
        "totalTax": bag(total([shipping.tax, *(one.tax for one in parts)])),
    }


def _transfer(order: Record, net: Pair) -> Record | None:
    bag = currencies_of(order).bag
    if net == ZERO:
        return None
    if net.presentment < 0:
        return {"__typename": "InvoiceReturnOutcome", "amount": bag(ZERO - net)}
    return {
        "__typename": "RefundReturnOutcome",
        "amount": bag(net),
        "suggestedTransactions": [
            {
                "amountSet": bag(share),
                "gateway": payment["gateway"],
                "formattedGateway": payment["formattedGateway"],
                "kind": "SUGGESTED_REFUND",
                "maximumRefundableSet": bag(pair_of(payment["amountSet"])),
                "parentTransaction": payment,
            }
            for payment, share in suggested_payments(order, net)
        ],
    }


@field("Return.reverseFulfillmentOrders")
def reverse_orders(_shop: Shop, record: Record, args: Args) -> Record:
    return page(record["_reverse"], args)


@field("ReverseFulfillmentOrder.lineItems")
def lines_of_reverse_order(_shop: Shop, record: Record, args: Args) -> Record:
    return page(record["_lines"], args)


@field("ReverseFulfillmentOrder.reverseDeliveries")
def reverse_deliveries(_shop: Shop, _record: Record, args: Args) -> Record:
    return page([], args)
