"""Fulfillments: what was sent, with tracking; created, cancelled, corrected, and followed on their way."""

from __future__ import annotations

from collections.abc import Sequence

from hub.sandbox.shopify import fulfillment_holds, fulfillment_orders, inventory
from hub.sandbox.shopify.errors import Args, Record, Refused, top_level
from hub.sandbox.shopify.fulfillment_orders import is_open, order_of, orders_of, settle
from hub.sandbox.shopify.order_events import order_changed, order_fulfilled
from hub.sandbox.shopify.paging import number_of, page
from hub.sandbox.shopify.placing import order_named
from hub.sandbox.shopify.registry import action, field, mutation, query
from hub.sandbox.shopify.shop import Shop, count_of

GONE = "Fulfillment does not exist."
TRACKING_PAGES = {
    "UPS": "https://www.ups.com/WebTracking?loc=en_US&requester=ST&trackNums={}",
    "FedEx": "https://www.fedex.com/fedextrack/?trknbr={}",
    "DHL Express": "https://www.dhl.com/track?tracking-id={}",
    "USPS": "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
}
"""Where the store makes the address itself: the company's name must be exactly one that it knows."""
SHIPPED_MAIL, TRACKING_MAIL, DELIVERED_MAIL = "shipped", "tracking", "delivered"
_ON_THE_WAY = ("CONFIRMED", "CARRIER_PICKED_UP", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED")


@mutation("fulfillmentCreate")
def fulfillment_create(shop: Shop, args: Args) -> Record:
    given = args["fulfillment"]
    groups = given["lineItemsByFulfillmentOrder"]
    if not groups:
        raise Refused(["fulfillment"], "Fulfillment must have at least one line item.")
    sources = [_source(shop, group["fulfillmentOrderId"]) for group in groups]
    _check_sources(sources)
    picked = [
        (source, row, pieces)
        for source, group in zip(sources, groups, strict=True)
        for row, pieces in fulfillment_orders.chosen(source, group.get("fulfillmentOrderLineItems"))
    ]
    made = _send(shop, sources, picked, given.get("trackingInfo") or {})
    _mail(made, SHIPPED_MAIL, is_asked=given.get("notifyCustomer"))
    return {"fulfillment": made}


def _source(shop: Shop, gid: str) -> Record:
    found = shop.read("FulfillmentOrder", gid)
    if found is None:
        raise top_level("invalid id", "RESOURCE_NOT_FOUND")
    orders_of(shop, order_of(shop, found))
    return found


def _check_sources(sources: list[Record]) -> None:
    path = ["fulfillment"]
    if len({source["orderId"] for source in sources}) > 1:
        raise Refused(path, "All fulfillment orders must belong to the same order.")
    if len({source["_locationId"] for source in sources}) > 1:
        raise Refused(path, "All fulfillment orders must be assigned to the same location.")
    for source in sources:
        if source["status"] not in ("OPEN", "IN_PROGRESS"):
            status, number = source["status"].lower(), number_of(source["id"])
            raise Refused(path, f"Fulfillment order {number} has an unfulfillable status= {status}.")


def _send(
    shop: Shop, sources: list[Record], picked: list[tuple[Record, Record, int]], tracking: Record
) -> Record:
    order = order_of(shop, sources[0])
    lines = []
    for _, row, pieces in picked:
        row["remainingQuantity"] -= pieces
        line = row["_line"]
        line["_fulfilled"] = line.get("_fulfilled", 0) + pieces
        inventory.send_out(shop, line, pieces)
        lines.append(
            {
                "__typename": "FulfillmentLineItem",
                "id": shop.new_gid("FulfillmentLineItem"),
                "lineItem": line,
                "quantity": pieces,
                "_row": row,
            }
        )
    made = _record(shop, order, sources, lines, tracking)
    order["_fulfillments"] = [*order.get("_fulfillments", []), made]
    for source in sources:
        settle(source)
        shop.touch(source)
    _changed(shop, order, made, "fulfillments/create")
    order_fulfilled(shop, order)
    return made


def _record(
    shop: Shop, order: Record, sources: list[Record], lines: list[Record], tracking: Record
) -> Record:
    made = shop.add(
        "Fulfillment",
        {
            "name": f"{order['name']}-F{len(order.get('_fulfillments', [])) + 1}",
            "status": "SUCCESS",
            "displayStatus": "FULFILLED",
            "deliveredAt": None,
            "inTransitAt": None,
            "estimatedDeliveryAt": None,
            "totalQuantity": sum(line["quantity"] for line in lines),
            "requiresShipping": any(line["lineItem"]["requiresShipping"] for line in lines),
            "trackingInfo": tracked(tracking),
            "location": shop.get("Location", sources[0]["_locationId"]),
            "_orderId": order["id"],
            "_sources": [source["id"] for source in sources],
            "_lines": lines,
            "_events": [],
            "_mails": [],
        },
    )
    made["legacyResourceId"] = number_of(made["id"])
    return made


def tracked(given: Record) -> list[Record]:
    """Tracking as it is kept: one entry a number; the address is made for the companies that the store knows."""
    numbers = given.get("numbers") or ([given["number"]] if given.get("number") else [])
    urls = given.get("urls") or ([given["url"]] if given.get("url") else [])
    company = given.get("company")
    rows = []
    for index in range(max(len(numbers), len(urls))):
        number = numbers[index] if index < len(numbers) else None
        known = TRACKING_PAGES.get(company or "")
        own = known.format(number) if known and number else None
        rows.append({"company": company, "number": number, "url": urls[index] if index < len(urls) else own})
    return rows


def _mail(fulfillment: Record, mail: str, *, is_asked: bool | None) -> None:
    """What the buyer is told of it by e-mail, in the order of its sending."""
    if is_asked:
        fulfillment["_mails"].append(mail)


def _existing(shop: Shop, gid: str, path: list[str]) -> Record:
    found = shop.read("Fulfillment", gid)
    if found is None:
        raise Refused(path, GONE)
    return found


def _order(shop: Shop, fulfillment: Record) -> Record:
    return shop.tables["Order"][fulfillment["_orderId"]]


@mutation("fulfillmentCancel")
def fulfillment_cancel(shop: Shop, args: Args) -> Record:
    fulfillment = _existing(shop, args["id"], ["id"])
    if fulfillment["status"] != "CANCELLED":
        cancel(shop, fulfillment)
    return {"fulfillment": fulfillment}


def cancel(shop: Shop, fulfillment: Record) -> None:
    """Take it back: what it held stands in new fulfillment orders at the same location."""
    order = _order(shop, fulfillment)
    again: list[tuple[Record, int]] = []
    for line in fulfillment["_lines"]:
        line["lineItem"]["_fulfilled"] -= line["quantity"]
        inventory.send_out(shop, line["lineItem"], -line["quantity"])
        again.append((line["lineItem"], line["quantity"]))
        line["_row"]["remainingQuantity"] += line["quantity"]
    for gid in fulfillment["_sources"]:
        # The old ones are not used again, whatever they still held goes along (ids change).
        source = shop.tables["FulfillmentOrder"][gid]
        again += _left(source, fulfillment)
        source["status"] = "CLOSED"
        shop.touch(source)
    fulfillment_orders.add(shop, order, _summed(again), fulfillment["location"]["id"])
    fulfillment |= {"status": "CANCELLED", "displayStatus": "CANCELED"}
    shop.touch(fulfillment)
    _changed(shop, order, fulfillment, "fulfillments/update")


def _left(source: Record, fulfillment: Record) -> list[tuple[Record, int]]:
    """What an open fulfillment order held beside what comes back."""
    if not is_open(source):
        return []
    back: dict[str, int] = {}
    for line in fulfillment["_lines"]:
        back[line["_row"]["id"]] = back.get(line["_row"]["id"], 0) + line["quantity"]
    rows = [(row["_line"], row["remainingQuantity"] - back.get(row["id"], 0)) for row in source["_lines"]]
    return [(line, pieces) for line, pieces in rows if pieces > 0]


def _summed(pairs: Sequence[tuple[Record, int]]) -> list[tuple[Record, int]]:
    lines: dict[str, tuple[Record, int]] = {}
    for line, pieces in pairs:
        lines[line["id"]] = (line, lines.get(line["id"], (line, 0))[1] + pieces)
    return list(lines.values())


@mutation("fulfillmentTrackingInfoUpdate")
def fulfillment_tracking_info_update(shop: Shop, args: Args) -> Record:
    fulfillment = _existing(shop, args["fulfillmentId"], ["fulfillmentId"])
    fulfillment["trackingInfo"] = tracked(args["trackingInfoInput"])
    _mail(fulfillment, TRACKING_MAIL, is_asked=args.get("notifyCustomer"))
    shop.touch(fulfillment)
    _changed(shop, _order(shop, fulfillment), fulfillment, "fulfillments/update")
    return {"fulfillment": fulfillment}


@mutation("fulfillmentEventCreate")
def fulfillment_event_create(shop: Shop, args: Args) -> Record:
    given = args["fulfillmentEvent"]
    fulfillment = _existing(shop, given["fulfillmentId"], ["fulfillmentEvent", "fulfillmentId"])
    names = ("address1", "city", "country", "latitude", "longitude", "message", "province", "zip")
    event = {
        **{name: given.get(name) for name in names},
        "id": shop.new_gid("FulfillmentEvent"),
        "status": given["status"],
        "createdAt": shop.now(),
        "happenedAt": given.get("happenedAt") or shop.now(),
        "estimatedDeliveryAt": given.get("estimatedDeliveryAt"),
    }
    fulfillment["_events"].append(event)
    if fulfillment["status"] != "CANCELLED":
        fulfillment["displayStatus"] = given["status"]
    if given["status"] in _ON_THE_WAY:
        fulfillment["inTransitAt"] = fulfillment["inTransitAt"] or event["happenedAt"]
    if given["status"] == "DELIVERED":
        fulfillment["deliveredAt"] = event["happenedAt"]
        # The mutation has no word on the buyer: the shop's own settings send this mail.
        _mail(fulfillment, DELIVERED_MAIL, is_asked=True)
    shop.touch(fulfillment)
    _changed(shop, _order(shop, fulfillment), fulfillment, "fulfillments/update")
    return {"fulfillmentEvent": event}


# ------------------------------------------------------------------------------------------------- reading


@query("fulfillment")
def fulfillment_by_id(shop: Shop, args: Args) -> Record | None:
    return shop.read("Fulfillment", args["id"])


@field("Order.fulfillments")
def fulfillments_of_order(_shop: Shop, order: Record, args: Args) -> list[Record]:
    found: list[Record] = order.get("_fulfillments", [])
    return found[: args["first"]] if args.get("first") is not None else found


@field("Order.fulfillmentsCount")
def fulfillments_count(_shop: Shop, order: Record, _args: Args) -> Record:
    return count_of(order.get("_fulfillments", []))


@field("FulfillmentOrder.fulfillments")
def fulfillments_of_fulfillment_order(shop: Shop, fulfillment_order: Record, args: Args) -> Record:
    made = order_of(shop, fulfillment_order).get("_fulfillments", [])
    return page([one for one in made if fulfillment_order["id"] in one["_sources"]], args)


@field("Fulfillment.order")
def order_of_fulfillment(shop: Shop, fulfillment: Record, _args: Args) -> Record:
    return _order(shop, fulfillment)


@field("Fulfillment.fulfillmentOrders")
def sources_of_fulfillment(shop: Shop, fulfillment: Record, args: Args) -> Record:
    return page([shop.tables["FulfillmentOrder"][gid] for gid in fulfillment["_sources"]], args)


@field("Fulfillment.fulfillmentLineItems")
def lines_of_fulfillment(_shop: Shop, fulfillment: Record, args: Args) -> Record:
    return page(fulfillment["_lines"], args)


@field("Fulfillment.events")
def events_of_fulfillment(_shop: Shop, fulfillment: Record, args: Args) -> Record:
    return page(fulfillment["_events"], args)


@field("Fulfillment.trackingInfo")
def tracking_of_fulfillment(_shop: Shop, fulfillment: Record, args: Args) -> list[Record]:
    rows: list[Record] = fulfillment["trackingInfo"]
    return rows[: args["first"]] if args.get("first") is not None else rows


@field("LineItem.fulfillableQuantity")
def fulfillable(shop: Shop, line: Record, _args: Args) -> int:
    return int(line["currentQuantity"] + line.get("_returned", 0) - line.get("_fulfilled", 0))


# -------------------------------------------------------------------------------------------------- events


def _changed(shop: Shop, order: Record, fulfillment: Record, topic: str) -> None:
    order["displayFulfillmentStatus"] = fulfillment_orders.status_of(order, orders_of(shop, order))
    _archive(shop, order)
    shop.touch(order)
    body = _body(fulfillment)
    shop.emit(topic, lambda: body)
    order_changed(shop, order)


def _archive(shop: Shop, order: Record) -> None:
    """An order that is paid and sent is closed, and open again when a fulfillment is taken back."""
    is_done = order["displayFulfillmentStatus"] == "FULFILLED" and order["displayFinancialStatus"] == "PAID"
    if is_done != bool(order.get("_archived")):
        order |= {"_archived": is_done, "closed": is_done, "closedAt": shop.now() if is_done else None}


def _body(fulfillment: Record) -> Record:
    tracking = fulfillment["trackingInfo"]
    return {
        "id": number_of(fulfillment["id"]),
        "admin_graphql_api_id": fulfillment["id"],
        "order_id": number_of(fulfillment["_orderId"]),
        "name": fulfillment["name"],
        "status": fulfillment["status"].lower(),
        "shipment_status": None
        if fulfillment["displayStatus"] in ("FULFILLED", "CANCELED")
        else fulfillment["displayStatus"].lower(),
        "created_at": fulfillment["createdAt"],
        "updated_at": fulfillment["updatedAt"],
        "location_id": number_of(fulfillment["location"]["id"]),
        "tracking_company": tracking[0]["company"] if tracking else None,
        "tracking_numbers": [row["number"] for row in tracking if row["number"]],
        "tracking_urls": [row["url"] for row in tracking if row["url"]],
        "line_items": [
            {"id": number_of(line["lineItem"]["id"]), "quantity": line["quantity"]}
            for line in fulfillment["_lines"]
        ],
    }


# ------------------------------------------------------------------------------------------------- people


@action("hold_fulfilment")
def hold_fulfilment(shop: Shop, data: Record) -> Record:
    """A person holds every open fulfillment order of `order`; `reason` as in FulfillmentHoldReason."""
    for fulfillment_order in orders_of(shop, order_named(shop, data)):
        if is_open(fulfillment_order):
            fulfillment_holds.add_hold(shop, fulfillment_order, data, is_ours=bool(data.get("by_app")))
    return {}


@action("release_fulfilment")
def release_fulfilment(shop: Shop, data: Record) -> Record:
    """A person releases every hold on the fulfillment orders of `order`."""
    for fulfillment_order in orders_of(shop, order_named(shop, data)):
        fulfillment_holds.fulfillment_order_release_hold(shop, {"id": fulfillment_order["id"]})
    return {}


@action("fulfil_by_hand")
def fulfil_by_hand(shop: Shop, data: Record) -> Record:
    """A person sends the first `pieces` of the first open fulfillment order, with `tracking` numbers if given."""
    source = next(fo for fo in orders_of(shop, order_named(shop, data)) if is_open(fo))
    row = source["_lines"][0]
    given = {
        "fulfillmentOrderId": source["id"],
        "fulfillmentOrderLineItems": [{"id": row["id"], "quantity": data["pieces"]}],
    }
    about = {"lineItemsByFulfillmentOrder": [given], "trackingInfo": {"numbers": data.get("tracking") or []}}
    made = fulfillment_create(shop, {"fulfillment": about})
    return {"id": made["fulfillment"]["id"]}


@action("cancel_fulfilment")
def cancel_fulfilment(shop: Shop, data: Record) -> Record:
    """A person takes every fulfillment of `order` back."""
    for fulfillment in order_named(shop, data).get("_fulfillments", []):
        fulfillment_cancel(shop, {"id": fulfillment["id"]})
    return {}
