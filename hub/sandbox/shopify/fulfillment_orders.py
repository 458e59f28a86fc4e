"""Fulfillment orders: what of an order is to be sent from where; moved, held, released and split.

The store makes them itself. Here they are made when somebody looks: for each line, what is ordered now, less what was
sent, is what stands in its open fulfillment orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.sandbox.shopify import inventory
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.paging import page
from hub.sandbox.shopify.registry import field, mutation, query
from hub.sandbox.shopify.search import id_field, searched, text_field, time_field
from hub.sandbox.shopify.shop import Shop

_MATCHERS = {
    "": text_field("orderName"),
    "assigned_location_id": id_field("_locationId"),
    "id": id_field(),
    "status": text_field("status"),
    "updated_at": time_field("updatedAt"),
}
_DONE = ("CLOSED", "CANCELLED")


def orders_of(shop: Shop, order: Record) -> list[Record]:
    """The fulfillment orders of an order, as its lines stand now."""
    if order["cancelledAt"]:
        _close_all(shop, order)
    else:
        _balance(shop, order)
    return [shop.tables["FulfillmentOrder"][gid] for gid in order.get("_fulfillmentOrderIds", [])]


def is_open(fulfillment_order: Record) -> bool:
    """Whether something of it may still be sent."""
    return fulfillment_order["status"] not in _DONE


def _known(shop: Shop, order: Record) -> list[Record]:
    return [shop.tables["FulfillmentOrder"][gid] for gid in order.get("_fulfillmentOrderIds", [])]


def _close_all(shop: Shop, order: Record) -> None:
    if "_fulfillmentOrderIds" not in order:
        order["cancelledAt"], stamp = None, order["cancelledAt"]
        _balance(shop, order)
        order["cancelledAt"] = stamp
    for fulfillment_order in _known(shop, order):
        fulfillment_order["status"] = "CLOSED"


def _balance(shop: Shop, order: Record) -> None:
    missing: list[tuple[Record, int]] = []
    for line in order["_lines"]:
        rows = [
            row
            for fo in _known(shop, order)
            if is_open(fo)
            for row in fo["_lines"]
            if row["_line"]["id"] == line["id"]
        ]
        due = line["currentQuantity"] + line.get("_returned", 0) - line.get("_fulfilled", 0)
        surplus = sum(row["remainingQuantity"] for row in rows) - due
        if surplus < 0:
            missing.append((line, -surplus))
        for row in reversed(rows if surplus > 0 else []):
            cut = min(surplus, row["remainingQuantity"])
            row["remainingQuantity"] -= cut
            row["totalQuantity"] -= cut
            surplus -= cut
    add(shop, order, missing)
    for fulfillment_order in _known(shop, order):
        settle(fulfillment_order)


def add(
    shop: Shop, order: Record, quantities: Iterable[tuple[Record, int]], location_id: str | None = None
) -> list[Record]:
    """New fulfillment orders for these quantities of lines, one for each location and kind of goods."""
    grouped: dict[tuple[str, str], list[tuple[Record, int]]] = {}
    for line, quantity in quantities:
        kind = "gift_card" if line["isGiftCard"] else "goods" if line["requiresShipping"] else "service"
        place = location_id or _assigned(shop, line)
        grouped.setdefault((place, kind), []).append((line, quantity))
    return [_new(shop, order, place, rows) for (place, _), rows in grouped.items()]


def _assigned(shop: Shop, line: Record) -> str:
    """The location that stocks the item, else the first one that ships."""
    return inventory.location_of_line(shop, line) or str(shop.every("Location")[0]["id"])


def _new(shop: Shop, order: Record, location_id: str, rows: list[tuple[Record, int]]) -> Record:
    lines = [
        {
            "__typename": "FulfillmentOrderLineItem",
            "id": shop.new_gid("FulfillmentOrderLineItem"),
            "totalQuantity": quantity,
            "remainingQuantity": quantity,
            "_line": line,
        }
        for line, quantity in rows
    ]
    made = shop.add(
        "FulfillmentOrder",
        {
            "status": "OPEN",
            "requestStatus": "UNSUBMITTED",
            "fulfillAt": order["processedAt"],
            "fulfillBy": None,
            "orderId": order["id"],
            "orderName": order["name"],
            "orderProcessedAt": order["processedAt"],
            "fulfillmentHolds": [],
            "_locationId": location_id,
            "_lines": lines,
            "_progress": False,
        },
    )
    order.setdefault("_fulfillmentOrderIds", []).append(made["id"])
    return made


def settle(fulfillment_order: Record) -> None:
    """Derive the status from holds and what remains; a closed one stays closed."""
    if not is_open(fulfillment_order):
        return
    rows = fulfillment_order["_lines"]
    remaining = sum(row["remainingQuantity"] for row in rows)
    if fulfillment_order["fulfillmentHolds"]:
        fulfillment_order["status"] = "ON_HOLD"
    elif remaining == 0:
        fulfillment_order["status"] = "CLOSED"
    else:
        begun = fulfillment_order["_progress"] or remaining < sum(row["totalQuantity"] for row in rows)
        fulfillment_order["status"] = "IN_PROGRESS" if begun else "OPEN"


def order_of(shop: Shop, fulfillment_order: Record) -> Record:
    """The order that it belongs to."""
    return shop.tables["Order"][fulfillment_order["orderId"]]


def existing(shop: Shop, gid: str, path: list[str]) -> Record:
    """The fulfillment order of this id, brought up to date; refused where there is none."""
    found = shop.read("FulfillmentOrder", gid)
    if found is None or shop.get("Order", found["orderId"]) is None:
        raise Refused(path, "Fulfillment order does not exist.", "FULFILLMENT_ORDER_NOT_FOUND")
    orders_of(shop, order_of(shop, found))
    return found


# ------------------------------------------------------------------------------------------------- reading


@query("fulfillmentOrder")
def fulfillment_order_by_id(shop: Shop, args: Args) -> Record | None:
    found = shop.read("FulfillmentOrder", args["id"])
    if found is None or shop.get("Order", found["orderId"]) is None:
        return None
    orders_of(shop, order_of(shop, found))
    return found


@query("fulfillmentOrders")
def fulfillment_orders(shop: Shop, args: Args) -> Record:
    rows = [row for order in shop.every("Order") for row in orders_of(shop, order)]
    seen = [row for row in rows if args.get("includeClosed") or is_open(row)]
    return page(searched(shop, "fulfillmentOrders", seen, args.get("query"), _MATCHERS), args)


@field("Order.fulfillmentOrders")
def fulfillment_orders_of_order(shop: Shop, order: Record, args: Args) -> Record:
    found = searched(shop, "fulfillmentOrders", orders_of(shop, order), args.get("query"), _MATCHERS)
    return page(found, args)


@field("FulfillmentOrder.order")
def order_field(shop: Shop, fulfillment_order: Record, _args: Args) -> Record:
    return order_of(shop, fulfillment_order)


@field("FulfillmentOrder.lineItems")
def line_items(_shop: Shop, fulfillment_order: Record, args: Args) -> Record:
    return page(fulfillment_order["_lines"], args)


@field("FulfillmentOrder.merchantRequests")
def merchant_requests(_shop: Shop, _fulfillment_order: Record, args: Args) -> Record:
    return page([], args)


@field("FulfillmentOrder.assignedLocation")
def assigned_location(shop: Shop, fulfillment_order: Record, _args: Args) -> Record:
    place = shop.tables["Location"][fulfillment_order["_locationId"]]
    return {**place["address"], "name": place["name"], "location": place}


@field("FulfillmentOrder.deliveryMethod")
def delivery_method(_shop: Shop, fulfillment_order: Record, _args: Args) -> Record:
    ships = any(row["_line"]["requiresShipping"] for row in fulfillment_order["_lines"])
    gid = fulfillment_order["id"].replace("FulfillmentOrder", "DeliveryMethod")
    return {"id": gid, "methodType": "SHIPPING" if ships else "NONE"}


@field("FulfillmentOrder.supportedActions")
def supported_actions(_shop: Shop, fulfillment_order: Record, _args: Args) -> list[Record]:
    pieces = sum(row["remainingQuantity"] for row in fulfillment_order["_lines"])
    splits = ["SPLIT"] if pieces > 1 else []
    by_status = {
        "OPEN": ["CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", *splits],
        "IN_PROGRESS": ["CREATE_FULFILLMENT", "REPORT_PROGRESS", "HOLD", *splits],
        "ON_HOLD": ["RELEASE_HOLD", "HOLD", "MOVE"],
    }
    names = by_status.get(fulfillment_order["status"], [])
    if fulfillment_order["status"] == "IN_PROGRESS" and not fulfillment_order["_progress"]:
        names.insert(2, "MOVE")
    return [{"action": name, "externalUrl": None} for name in names]


@field("FulfillmentOrderLineItem.lineItem")
def ordered_line(_shop: Shop, row: Record, _args: Args) -> Record:
    line: Record = row["_line"]
    return line


@field("FulfillmentOrderLineItem.variant")
def variant_of_row(shop: Shop, row: Record, _args: Args) -> Record | None:
    return shop.get("ProductVariant", row["_line"]["_variantId"])


@field("FulfillmentOrderLineItem.inventoryItemId")
def item_of_row(shop: Shop, row: Record, args: Args) -> str | None:
    variant = variant_of_row(shop, row, args)
    return str(variant["_inventoryItemId"]) if variant else None


def _copied(name: str) -> None:
    own = {"productTitle": "title"}.get(name, name)
    field(f"FulfillmentOrderLineItem.{name}")(lambda _shop, row, _args: row["_line"][own])


for _name in ("productTitle", "requiresShipping", "sku", "variantTitle", "vendor"):
    _copied(_name)


# ----------------------------------------------------------------------------------------------- changing


def chosen(fulfillment_order: Record, given: Sequence[Record] | None) -> list[tuple[Record, int]]:
    """The rows and pieces that an input names, all that remains where it names none; refused where it is too much."""
    if not given:
        return [
            (row, row["remainingQuantity"]) for row in fulfillment_order["_lines"] if row["remainingQuantity"]
        ]
    rows = {row["id"]: row for row in fulfillment_order["_lines"]}
    picked = []
    for wanted in given:
        row = rows.get(wanted["id"])
        if row is None:
            raise Refused(None, "Fulfillment order line item does not exist.")
        if not 1 <= wanted["quantity"] <= row["remainingQuantity"]:
            message = "Invalid fulfillment order line item quantity requested."
            raise Refused(["fulfillment"], message, "INVALID_LINE_ITEM_QUANTITY")
        picked.append((row, wanted["quantity"]))
    return picked


def taken_out(
    shop: Shop, fulfillment_order: Record, picked: list[tuple[Record, int]], location_id: str
) -> Record:
    """A new fulfillment order with these pieces, which leave the old one."""
    for row, pieces in picked:
        row["remainingQuantity"] -= pieces
        row["totalQuantity"] -= pieces
    fulfillment_order["_lines"] = [row for row in fulfillment_order["_lines"] if row["totalQuantity"]]
    settle(fulfillment_order)
    shop.touch(fulfillment_order)
    lines = [(row["_line"], pieces) for row, pieces in picked]
    return _new(shop, order_of(shop, fulfillment_order), location_id, lines)


@mutation("fulfillmentOrderMove")
def fulfillment_order_move(shop: Shop, args: Args) -> Record:
    moved_from = existing(shop, args["id"], ["id"])
    target = shop.read("Location", args["newLocationId"])
    if target is None or not target["isActive"]:
        raise Refused(["newLocationId"], "The location to move the fulfillment order to was not found.")
    if not is_open(moved_from):
        raise Refused(["id"], "The fulfillment order is closed and cannot be moved.")
    if moved_from["_progress"]:
        code = "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS"
        raise Refused(["id"], "Cannot move a fulfillment order that has had progress reported.", code)
    picked = chosen(moved_from, args.get("fulfillmentOrderLineItems"))
    if any(not inventory.is_stocked(shop, row["_line"], target) for row, _ in picked):
        raise Refused(
            ["newLocationId"], "The new location does not stock the items of the fulfillment order."
        )
    source_id = moved_from["_locationId"]
    moved = _move(shop, moved_from, picked, target["id"])
    _tell_of_move(shop, args, moved_from, moved, source_id)
    remaining = moved_from if moved is not moved_from and is_open(moved_from) else None
    return {
        "movedFulfillmentOrder": moved,
        "originalFulfillmentOrder": moved_from,
        "remainingFulfillmentOrder": remaining,
    }


def _move(shop: Shop, moved_from: Record, picked: list[tuple[Record, int]], location_id: str) -> Record:
    pieces = sum(quantity for _, quantity in picked)
    if pieces == sum(row["totalQuantity"] for row in moved_from["_lines"]):
        moved_from["_locationId"] = location_id
        shop.touch(moved_from)
        return moved_from
    return taken_out(shop, moved_from, picked, location_id)


def _tell_of_move(shop: Shop, args: Args, original: Record, moved: Record, source_id: str) -> None:
    body = {
        "original_fulfillment_order": {**brief(original), "assigned_location_id": original["_locationId"]},
        "moved_fulfillment_order": {**brief(moved), "assigned_location_id": moved["_locationId"]},
        "destination_location_id": moved["_locationId"],
        "fulfillment_order_line_items_requested": list(args.get("fulfillmentOrderLineItems") or []),
        "source_location": {"id": source_id},
    }
    shop.emit("fulfillment_orders/moved", lambda: body)


def brief(fulfillment_order: Record) -> Record:
    """How webhooks name it."""
    return {"id": fulfillment_order["id"], "status": fulfillment_order["status"].lower()}


@mutation("fulfillmentOrderSplit")
def fulfillment_order_split(shop: Shop, args: Args) -> Record:
    results = []
    for given in args["fulfillmentOrderSplits"]:
        if not given["fulfillmentOrderLineItems"]:
            message = "You must select at least one item to split into a new fulfillment order."
            raise Refused(None, message, "NO_LINE_ITEMS_PROVIDED_TO_SPLIT")
        kept = existing(shop, given["fulfillmentOrderId"], ["fulfillmentOrderSplits"])
        picked = chosen(kept, given["fulfillmentOrderLineItems"])
        remaining = taken_out(shop, kept, picked, kept["_locationId"])
        results.append(
            {
                "fulfillmentOrder": kept,
                "remainingFulfillmentOrder": remaining,
                "replacementFulfillmentOrder": None,
            }
        )
    return {"fulfillmentOrderSplits": results}


def status_of(order: Record, rows: list[Record]) -> str:
    """The displayFulfillmentStatus of an order with these fulfillment orders."""
    sent = sum(line.get("_fulfilled", 0) for line in order["_lines"])
    still = [row for row in rows if is_open(row)]
    if sent:
        return "PARTIALLY_FULFILLED" if still else "FULFILLED"
    is_held = bool(still) and all(row["status"] == "ON_HOLD" for row in still)
    return "ON_HOLD" if is_held else "UNFULFILLED"


@field("Order.displayFulfillmentStatus")
def display_status(shop: Shop, order: Record, _args: Args) -> str:
    if not order.get("_fulfillmentOrderIds"):
        # Nobody has looked at what is to be sent: nothing was.
        return str(order["displayFulfillmentStatus"])
    return status_of(order, orders_of(shop, order))
