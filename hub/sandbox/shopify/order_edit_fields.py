"""The fields of calculated orders: an order as it would be with what is staged, and the list of that."""

from __future__ import annotations

from collections.abc import Iterator

from hub.sandbox.shopify import order_edit_sessions
from hub.sandbox.shopify.errors import Args, Record
from hub.sandbox.shopify.money import Pair, pair_of, rounded, total
from hub.sandbox.shopify.order_building import currencies_of
from hub.sandbox.shopify.order_edit_apply import preview
from hub.sandbox.shopify.order_edit_sessions import in_session, is_manual, order_of, sent_of
from hub.sandbox.shopify.paging import page
from hub.sandbox.shopify.registry import field, query
from hub.sandbox.shopify.search import id_field, searched
from hub.sandbox.shopify.shop import Shop


@query("job")
def job(shop: Shop, args: Args) -> Record | None:
    return shop.read("Job", args["id"])


@field("Order.merchantEditable")
def merchant_editable(shop: Shop, order: Record, _args: Args) -> bool:
    return not order_edit_sessions.reasons(shop, order)


@field("Order.merchantEditableErrors")
def merchant_editable_errors(shop: Shop, order: Record, _args: Args) -> list[str]:
    return order_edit_sessions.reasons(shop, order)


@field("LineItem.merchantEditable")
def line_is_editable(_shop: Shop, line: Record, _args: Args) -> bool:
    return bool(line["currentQuantity"] - sent_of(line) > 0)


@field("CalculatedOrder.originalOrder")
def original_order(shop: Shop, session: Record, _args: Args) -> Record:
    return order_of(shop, session)


@field("CalculatedOrder.lineItems")
def calculated_lines(shop: Shop, session: Record, args: Args) -> Record:
    rows = [in_session(session, line) for line in session["_lines"] if line["_line"] is not None]
    return page(searched(shop, "lineItems", rows, args.get("query"), {"id": id_field()}), args)


@field("CalculatedOrder.addedLineItems")
def added_lines(_shop: Shop, session: Record, args: Args) -> Record:
    return page([in_session(session, line) for line in session["_lines"] if line["_line"] is None], args)


@field("CalculatedOrder.shippingLines")
def calculated_shipping(_shop: Shop, session: Record, _args: Args) -> list[Record]:
    found: list[Record] = session["_shipping"]
    return found


@field("CalculatedOrder.addedDiscountApplications")
def added_discounts(_shop: Shop, session: Record, args: Args) -> Record:
    rows = [one for line in session["_lines"] for one in line["_manual"] if one["_application"] is None]
    return page([_application(one) for one in rows], args)


@field("CalculatedOrder.stagedChanges")
def staged_changes(_shop: Shop, session: Record, args: Args) -> Record:
    return page([{"id": str(n), **change} for n, change in enumerate(changes(session))], args)


@field("CalculatedOrder.notificationPreviewTitle")
def notification_title(shop: Shop, session: Record, _args: Args) -> str:
    return f"Order {order_of(shop, session)['name']} was updated"


@field("CalculatedOrder.subtotalLineItemsQuantity")
def calculated_pieces(_shop: Shop, session: Record, _args: Args) -> int:
    return sum(line["quantity"] for line in session["_lines"])


@field("CalculatedOrder.taxLines")
def calculated_taxes(shop: Shop, session: Record, _args: Args) -> list[Record]:
    found: list[Record] = preview(shop, session)["taxLines"]
    return found


def _previewed(name: str, of: str) -> None:
    field(f"CalculatedOrder.{name}")(lambda shop, session, _args: preview(shop, session)[of])


for _name, _of_order in (
    ("cartDiscountAmountSet", "currentCartDiscountAmountSet"),
    ("subtotalPriceSet", "currentSubtotalPriceSet"),
    ("totalPriceSet", "currentTotalPriceSet"),
):
    _previewed(_name, _of_order)


@field("CalculatedOrder.totalOutstandingSet")
def calculated_outstanding(shop: Shop, session: Record, _args: Args) -> Record:
    order = preview(shop, session)
    due = pair_of(order["currentTotalPriceSet"]) - pair_of(order["totalReceivedSet"])
    return currencies_of(order).bag(due)


@field("CalculatedLineItem.variant")
def calculated_variant(shop: Shop, line: Record, _args: Args) -> Record | None:
    return shop.get("ProductVariant", line["_variantId"])


@field("CalculatedLineItem.editableQuantity")
def editable_quantity(_shop: Shop, line: Record, _args: Args) -> int:
    return int(line["quantity"] - sent_of(line["_line"]))


@field("CalculatedLineItem.editableQuantityBeforeChanges")
def editable_before(_shop: Shop, line: Record, _args: Args) -> int:
    return int(line["_before"] - sent_of(line["_line"]))


@field("CalculatedLineItem.hasStagedLineItemDiscount")
def has_staged_discount(_shop: Shop, line: Record, _args: Args) -> bool:
    return bool(line["_discountIsStaged"] and line["_manual"])


@field("CalculatedLineItem.restockable")
def restockable(_shop: Shop, line: Record, _args: Args) -> bool:
    return line["_line"] is not None


@field("CalculatedLineItem.restocking")
def restocking(_shop: Shop, line: Record, _args: Args) -> bool:
    return bool(line["_restocks"])


@field("CalculatedLineItem.discountedUnitPriceSet")
def calculated_price(shop: Shop, line: Record, _args: Args) -> Record:
    """Less the manual discounts of the line, for one piece."""
    order = order_of(shop, line["_session"])
    currencies, price = currencies_of(order), pair_of(line["originalUnitPriceSet"])
    for one in line["_manual"]:
        price = price - _per_piece(order, line, one)
    return currencies.bag(
        Pair(rounded(price.shop, currencies.shop), rounded(price.presentment, currencies.presentment))
    )


def _per_piece(order: Record, line: Record, manual: Record) -> Pair:
    price = pair_of(line["originalUnitPriceSet"])
    if manual["_perPiece"] is not None:
        return Pair(manual["_perPiece"], manual["_perPiece"])
    if manual["_percent"] is not None:
        return currencies_of(order).part(price, manual["_percent"] / 100)
    of = line["_line"]["quantity"] or 1
    shares = [
        pair_of(a["allocatedAmountSet"])
        for a in line["_line"]["discountAllocations"]
        if a["discountApplication"] is manual["_application"]
    ]
    return Pair(total(shares).shop / of, total(shares).presentment / of)


@field("CalculatedLineItem.calculatedDiscountAllocations")
def calculated_allocations(shop: Shop, line: Record, _args: Args) -> list[Record]:
    order, pieces = order_of(shop, line["_session"]), line["quantity"]
    currencies = currencies_of(order)
    found = []
    for one in line["_manual"]:
        amount = _per_piece(order, line, one).times(pieces)
        bag = currencies.bag(
            Pair(rounded(amount.shop, currencies.shop), rounded(amount.presentment, currencies.presentment))
        )
        found.append({"allocatedAmountSet": bag, "discountApplication": _application(one)})
    return found


def _application(manual: Record) -> Record:
    return {
        "__typename": "CalculatedManualDiscountApplication",
        "id": manual["id"],
        "description": manual["description"],
        "value": manual["value"],
        "allocationMethod": "EACH" if manual["_perPiece"] is not None else "ONE",
        "appliedTo": "LINE",
        "targetSelection": "EXPLICIT",
        "targetType": "LINE_ITEM",
    }


@field("CalculatedLineItem.stagedChanges")
def staged_of_line(_shop: Shop, line: Record, _args: Args) -> list[Record]:
    return list(_changes_of(line))


def changes(session: Record) -> list[Record]:
    """Every staged change, as the members of OrderStagedChange."""
    found = [change for line in session["_lines"] for change in _changes_of(line)]
    for charge in session["_shipping"]:
        if charge["stagedStatus"] == "ADDED":
            price = charge["price"]["presentmentMoney"]
            found.append(
                {
                    "__typename": "OrderStagedChangeAddShippingLine",
                    "title": charge["title"],
                    "presentmentTitle": charge["title"],
                    "price": price,
                    "phone": None,
                }
            )
        elif charge["stagedStatus"] == "REMOVED":
            found.append(
                {"__typename": "OrderStagedChangeRemoveShippingLine", "shippingLine": charge["_line"]}
            )
    return found


def _changes_of(line: Record) -> Iterator[Record]:
    delta = line["quantity"] - line["_before"]
    if line["_line"] is None:
        yield _addition(line)
    elif delta > 0:
        yield {"__typename": "OrderStagedChangeIncrementItem", "delta": delta, "lineItem": line["_line"]}
    elif delta < 0:
        yield {
            "__typename": "OrderStagedChangeDecrementItem",
            "delta": -delta,
            "lineItem": line["_line"],
            "restock": line["_restocks"],
        }
    if line["_discountIsStaged"]:
        yield from (staged_discount(one) for one in line["_manual"] if one["_application"] is None)
        if not line["_manual"]:
            for allocation in line["_line"]["discountAllocations"] if line["_line"] else ():
                if is_manual(allocation["discountApplication"]):
                    removed = allocation["discountApplication"]
                    yield {"__typename": "OrderStagedChangeRemoveDiscount", "discountApplication": removed}


def _addition(line: Record) -> Record:
    if line["_variantId"]:
        return {
            "__typename": "OrderStagedChangeAddVariant",
            "quantity": line["quantity"],
            "_variantId": line["_variantId"],
        }
    return {
        "__typename": "OrderStagedChangeAddCustomItem",
        "title": line["title"],
        "quantity": line["quantity"],
        "originalUnitPrice": line["originalUnitPriceSet"]["presentmentMoney"],
    }


@field("OrderStagedChangeAddVariant.variant")
def added_variant(shop: Shop, change: Record, _args: Args) -> Record | None:
    return shop.get("ProductVariant", change["_variantId"])


def staged_discount(manual: Record) -> Record:
    """A staged discount as OrderStagedChangeAddLineItemDiscount."""
    return {
        "__typename": "OrderStagedChangeAddLineItemDiscount",
        "id": manual["id"].replace(
            "CalculatedManualDiscountApplication", "OrderStagedChangeAddLineItemDiscount"
        ),
        "description": manual["description"] or "",
        "value": manual["value"],
    }
