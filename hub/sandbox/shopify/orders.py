"""Orders: reading them by id and by search."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hub.sandbox.shopify.errors import Args, Record, top_level
from hub.sandbox.shopify.money import Currencies, Pair, pair_of, rounded, total
from hub.sandbox.shopify.order_body import duties_of, gateways, tip_of
from hub.sandbox.shopify.order_building import currencies_of
from hub.sandbox.shopify.paging import by_id, page
from hub.sandbox.shopify.registry import field, query
from hub.sandbox.shopify.returns import return_status
from hub.sandbox.shopify.search import (
    Matcher,
    compare,
    id_field,
    searched,
    stamp_text,
    tag_field,
    text_field,
    time_field,
)
from hub.sandbox.shopify.shop import Shop

READABLE_DAYS = 60
"""Without read_all_orders only the orders of the last 60 days are seen."""


def _name_field(record: Record, operator: str, value: str) -> bool:
    return compare(str(record["name"]).lstrip("#").casefold(), operator, value.lstrip("#").casefold())


def _status_field(record: Record, _operator: str, value: str) -> bool:
    is_open = not record["closed"] and record["cancelledAt"] is None
    return {
        "open": is_open,
        "closed": bool(record["closed"]),
        "cancelled": record["cancelledAt"] is not None,
        "not_closed": not record["closed"],
        "any": True,
    }.get(value.casefold(), False)


def _updated_field(shop: Shop) -> Matcher:
    return lambda record, operator, value: compare(shop.indexed_stamp(record), operator, stamp_text(value))


def _return_field(shop: Shop) -> Matcher:
    return lambda record, _operator, value: return_status(shop, record, {}) == value.upper()


def _test_field(record: Record, _operator: str, value: str) -> bool:
    return bool(record["test"]) == (value.casefold() == "true")


_MATCHERS: dict[str, Matcher] = {
    "": text_field("name"),
    "created_at": time_field("createdAt"),
    "customer_id": id_field("_customerId"),
    "email": text_field("email"),
    "financial_status": text_field("displayFinancialStatus"),
    "id": id_field(),
    "name": _name_field,
    "po_number": text_field("poNumber"),
    "processed_at": time_field("processedAt"),
    "source_identifier": text_field("sourceIdentifier"),
    "source_name": text_field("sourceName"),
    "status": _status_field,
    "tag": tag_field,
    "test": _test_field,
}
_SORTS = {
    "CREATED_AT": "createdAt",
    "PROCESSED_AT": "processedAt",
    "ORDER_NUMBER": "number",
    "PO_NUMBER": "poNumber",
}


def _oldest_readable(shop: Shop) -> str:
    if "read_all_orders" in shop.settings.scopes:
        return ""
    return (shop.clock() - timedelta(days=READABLE_DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _found(shop: Shop, root: str, args: Args) -> list[Record]:
    oldest = _oldest_readable(shop)
    seen = [o for o in shop.every("Order") if shop.indexed_stamp(o) and o["createdAt"] >= oldest]
    known = {**_MATCHERS, "updated_at": _updated_field(shop), "return_status": _return_field(shop)}
    return searched(shop, root, seen, args.get("query"), known)


@query("order")
def order(shop: Shop, args: Args) -> Record | None:
    found = shop.read("Order", args["id"])
    return found if found is not None and found["createdAt"] >= _oldest_readable(shop) else None


@query("orders")
def orders(shop: Shop, args: Args) -> Record:
    key = args.get("sortKey") or "PROCESSED_AT"
    if key not in _SORTS and key not in ("ID", "RELEVANCE", "UPDATED_AT"):
        raise top_level(f"The sandbox does not sort orders by {key}.", "BAD_REQUEST")
    found = _found(shop, "orders", args)
    if key == "UPDATED_AT":
        return page(found, args, lambda o: shop.indexed_stamp(o))
    return page(found, args, (lambda o: o[_SORTS[key]] or "") if key in _SORTS else by_id)


@query("ordersCount")
def orders_count(shop: Shop, args: Args) -> Record:
    count, limit = len(_found(shop, "ordersCount", args)), args.get("limit")
    if limit is not None and count > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": count, "precision": "EXACT"}


@query("orderByIdentifier")
def order_by_identifier(shop: Shop, args: Args) -> Record | None:
    wanted = args["identifier"]
    if wanted.get("id"):
        by_gid: Record | None = order(shop, {"id": wanted["id"]})
        return by_gid
    custom = wanted.get("customId") or {}
    namespace = shop.full_namespace(custom.get("namespace"))
    for metafield in shop.every_metafield():
        identity = (metafield["namespace"], metafield["key"], metafield["value"])
        if identity == (namespace, custom.get("key"), custom.get("value")):
            found = shop.get("Order", metafield["_ownerId"])
            if found:
                return found
    return None


def _as_listed(rows: list[Record], args: Args) -> Record:
    """A page in the order's own sequence, whatever the ids."""
    places = {row["id"]: index for index, row in enumerate(rows)}
    return page(rows, args, lambda row: places[row["id"]])


@field("Order.lineItems", "DraftOrder.lineItems")
def line_items(_shop: Shop, order: Record, args: Args) -> Record:
    return _as_listed(order["_lines"], args)


@field("Order.shippingLines")
def shipping_lines(_shop: Shop, order: Record, args: Args) -> Record:
    standing = [line for line in order["_shippingLines"] if not line["isRemoved"]]
    return _as_listed(order["_shippingLines"] if args.get("includeRemovals") else standing, args)


@field("Order.shippingLine", "DraftOrder.shippingLine")
def shipping_line(_shop: Shop, order: Record, _args: Args) -> Record | None:
    return order["_shippingLines"][0] if order["_shippingLines"] else None


@field("Order.discountApplications")
def discount_applications(_shop: Shop, order: Record, args: Args) -> Record:
    rows = [
        {**a, "id": f"gid://shopify/DiscountApplication/{a['index']}"} for a in order["_discountApplications"]
    ]
    return page(rows, args)


@field("Order.discountCodes")
def discount_codes(_shop: Shop, order: Record, _args: Args) -> list[str]:
    return [a["code"] for a in order["_discountApplications"] if a["code"]]


@field("Order.discountCode")
def discount_code(shop: Shop, order: Record, args: Args) -> str | None:
    return next(iter(discount_codes(shop, order, args)), None)


@field("Order.customer", "DraftOrder.customer")
def customer(shop: Shop, order: Record, _args: Args) -> Record | None:
    return shop.get("Customer", order["_customerId"])


@field("Order.purchasingEntity", "DraftOrder.purchasingEntity")
def purchasing_entity(shop: Shop, order: Record, _args: Args) -> Record | None:
    if order["_companyId"] is None:
        return shop.get("Customer", order["_customerId"])
    return {
        "__typename": "PurchasingCompany",
        "company": shop.get("Company", order["_companyId"]),
        "contact": shop.get("CompanyContact", order["_companyContactId"]),
        "location": shop.get("CompanyLocation", order["_companyLocationId"]),
    }


@field("Order.transactions")
def transactions(_shop: Shop, order: Record, args: Args) -> list[Record]:
    found: list[Record] = order["_transactions"]
    return found[: args["first"]] if args.get("first") is not None else found


@field("Order.paymentGatewayNames")
def payment_gateway_names(_shop: Shop, order: Record, _args: Args) -> list[str]:
    return gateways(order)


@field("Order.paymentTerms", "DraftOrder.paymentTerms")
def payment_terms(_shop: Shop, order: Record, _args: Args) -> Record | None:
    terms: Record | None = order["_terms"]
    return terms


@field("PaymentTerms.paymentSchedules")
def payment_schedules(_shop: Shop, terms: Record, args: Args) -> Record:
    return page(terms["_schedules"], args)


@field("PaymentTerms.due", "PaymentTerms.overdue")
def terms_are_due(shop: Shop, terms: Record, _args: Args) -> bool:
    return any(schedule_is_due(shop, s, {}) for s in terms["_schedules"])


@field("PaymentSchedule.due")
def schedule_is_due(shop: Shop, schedule: Record, _args: Args) -> bool:
    return bool(schedule["completedAt"] is None and schedule["dueAt"] and schedule["dueAt"] <= shop.now())


@field("Order.app")
def order_app(shop: Shop, _order: Record, _args: Args) -> Record:
    return {"id": f"gid://shopify/App/{shop.settings.app_id}", "name": "Sandbox app"}


@field("Order.localizedFields", "Order.localizationExtensions")
def localized_fields(_shop: Shop, order: Record, args: Args) -> Record:
    rows = [
        {**f, "id": f"gid://shopify/LocalizedField/{n + 1}", "title": f["key"], "countryCode": f["key"][-2:]}
        for n, f in enumerate(order["_localized"])
    ]
    return page([{**row, "purpose": row["key"].split("_")[0]} for row in rows], args)


@field("Order.fullyPaid")
def fully_paid(_shop: Shop, order: Record, _args: Args) -> bool:
    return bool(order["displayFinancialStatus"] == "PAID")


@field("Order.unpaid")
def unpaid(_shop: Shop, order: Record, _args: Args) -> bool:
    return order["displayFinancialStatus"] in (None, "PENDING", "EXPIRED")


@field("Order.canMarkAsPaid")
def can_mark_as_paid(_shop: Shop, order: Record, _args: Args) -> bool:
    return (
        order["displayFinancialStatus"] in (None, "PENDING", "PARTIALLY_PAID")
        and order["cancelledAt"] is None
    )


@field("Order.billingAddressMatchesShippingAddress")
def same_addresses(_shop: Shop, order: Record, _args: Args) -> bool:
    left, right = order["billingAddress"] or {}, order["shippingAddress"] or {}
    return {**left, "id": None} == {**right, "id": None}


@field("Order.netPaymentSet")
def net_payment(_shop: Shop, order: Record, _args: Args) -> Record:
    return currencies_of(order).bag(pair_of(order["totalReceivedSet"]) - order["_refunded"])


@field("Order.totalRefundedSet")
def total_refunded(_shop: Shop, order: Record, _args: Args) -> Record:
    return currencies_of(order).bag(order["_refunded"])


@field("Order.totalTipReceivedSet")
def total_tip(_shop: Shop, order: Record, _args: Args) -> Record:
    return currencies_of(order).bag(tip_of(order))


@field("Order.originalTotalDutiesSet", "Order.currentTotalDutiesSet")
def total_duties(_shop: Shop, order: Record, _args: Args) -> Record | None:
    return duties_of(order)


@field("LineItem.duties")
def line_duties(_shop: Shop, line: Record, _args: Args) -> list[Record]:
    found: list[Record] = line.get("duties", [])
    return found


@field("Order.subtotalLineItemsQuantity")
def pieces(_shop: Shop, order: Record, _args: Args) -> int:
    return sum(line["quantity"] for line in order["_lines"])


@field("Order.currentSubtotalLineItemsQuantity")
def current_pieces(_shop: Shop, order: Record, _args: Args) -> int:
    return sum(line["currentQuantity"] for line in order["_lines"])


@field("Order.requiresShipping")
def requires_shipping(_shop: Shop, order: Record, _args: Args) -> bool:
    return any(line["requiresShipping"] for line in order["_lines"])


@field("Order.totalWeight")
def total_weight(_shop: Shop, order: Record, _args: Args) -> int:
    return sum(int(line["_grams"]) * int(line["quantity"]) for line in order["_lines"])


@field("Order.statusPageUrl")
def status_page(shop: Shop, order: Record, _args: Args) -> str:
    return f"https://{shop.settings.domain}/orders/{order['_token']}/authenticate?key=sandbox"


@field("LineItem.product", "DraftOrderLineItem.product")
def line_product(shop: Shop, line: Record, _args: Args) -> Record | None:
    return shop.get("Product", line["_productId"])


@field("LineItem.variant", "DraftOrderLineItem.variant")
def line_variant(shop: Shop, line: Record, _args: Args) -> Record | None:
    return shop.get("ProductVariant", line["_variantId"])


@field("LineItem.unfulfilledQuantity")
def unfulfilled_quantity(_shop: Shop, line: Record, _args: Args) -> int:
    return int(line["currentQuantity"] + line.get("_returned", 0) - line.get("_fulfilled", 0))


@field("LineItem.refundableQuantity")
def open_quantity(_shop: Shop, line: Record, _args: Args) -> int:
    return int(line["currentQuantity"])


@field("LineItem.taxLines")
def line_taxes(_shop: Shop, line: Record, args: Args) -> list[Record]:
    taxes: list[Record] = line["taxLines"]
    return taxes[: args["first"]] if args.get("first") is not None else taxes


def _line_currencies(line: Record) -> Currencies:
    bag = line["originalUnitPriceSet"]
    return Currencies(bag["shopMoney"]["currencyCode"], bag["presentmentMoney"]["currencyCode"])


def _gross(line: Record) -> Pair:
    return pair_of(line["originalUnitPriceSet"]).times(line["quantity"])


def _line_discounts(line: Record, *, with_order_level: bool) -> Pair:
    chosen = [
        pair_of(a["allocatedAmountSet"])
        for a in line["discountAllocations"]
        if with_order_level or a["discountApplication"]["allocationMethod"] != "ACROSS"
    ]
    return total(chosen)


@field("LineItem.originalTotalSet", "DraftOrderLineItem.originalTotalSet")
def original_total(_shop: Shop, line: Record, _args: Args) -> Record:
    return _line_currencies(line).bag(_gross(line))


@field("LineItem.totalDiscountSet", "DraftOrderLineItem.totalDiscountSet")
def line_discount(_shop: Shop, line: Record, _args: Args) -> Record:
    return _line_currencies(line).bag(_line_discounts(line, with_order_level=False))


@field("LineItem.discountedTotalSet", "DraftOrderLineItem.discountedTotalSet")
def discounted_total(_shop: Shop, line: Record, _args: Args) -> Record:
    return _line_currencies(line).bag(_gross(line) - _line_discounts(line, with_order_level=False))


@field("LineItem.discountedUnitPriceSet")
def discounted_unit_price(_shop: Shop, line: Record, _args: Args) -> Record:
    return _unit_price(line, with_order_level=False)


@field("LineItem.discountedUnitPriceAfterAllDiscountsSet")
def unit_price_after_all(_shop: Shop, line: Record, _args: Args) -> Record:
    return _unit_price(line, with_order_level=True)


def _unit_price(line: Record, *, with_order_level: bool) -> Record:
    currencies = _line_currencies(line)
    net = _gross(line) - _line_discounts(line, with_order_level=with_order_level)
    pieces = Decimal(line["quantity"] or 1)
    shop_price, buyer_price = rounded(net.shop / pieces, currencies.shop), net.presentment / pieces
    return currencies.bag(Pair(shop_price, rounded(buyer_price, currencies.presentment)))
