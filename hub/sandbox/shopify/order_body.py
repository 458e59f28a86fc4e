"""An order in the shape of webhooks (2026-07), worded from the same record that GraphQL reads."""

from __future__ import annotations

import copy

from hub.sandbox.shopify.addresses import address_body
from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.money import ZERO, Currencies, Pair, pair_of, total
from hub.sandbox.shopify.paging import number_of
from hub.sandbox.shopify.shop import Shop
from hub.sandbox.shopify.worded import fulfillment_part, local_time, money_set, money_text, refund_part

LIVE_KEYS = [
    "updated_at",
    "cancelled_at",
    "cancel_reason",
    "closed_at",
    "tags",
    "note",
    "po_number",
    "note_attributes",
    "email",
    "contact_email",
    "financial_status",
    "total_outstanding",
    "shipping_address",
]
"""What may change on an order that was registered with a body of its own, beside its current totals."""
EDITED_PARTS = ("line_items", "shipping_lines", "discount_applications", "tax_lines", "payment_terms")
"""And what an edit of its lines changes, with all totals."""


def _both(name: str, bag: Record) -> Record:
    return {name: money_text(bag["shopMoney"]), f"{name}_set": money_set(bag)}


def _lower(value: str | None) -> str | None:
    return value.lower() if value else None


def order_body(shop: Shop, order: Record) -> Record:
    """The webhook body; a B2B order carries `company` beside the published keys."""
    body = _header(shop, order) | _totals(order) | _parts(shop, order)
    if order["_companyId"]:
        body["company"] = {
            "id": number_of(order["_companyId"]),
            "location_id": number_of(order["_companyLocationId"]),
        }
    if "_body" not in order:
        return body
    kept: Record = copy.deepcopy(order["_body"])
    if order["updatedAt"] != order["_bodyAt"] or order["_changed"]:
        totals = [key for key in _totals(order) if order["edited"] or key.startswith("current_")]
        parts = EDITED_PARTS if order["edited"] else ()
        kept.update({key: body[key] for key in [*LIVE_KEYS, *totals, *parts, "fulfillments", "refunds"]})
        for line, now in zip(kept["line_items"], body["line_items"], strict=True):
            line.update({key: now[key] for key in ("current_quantity", "fulfillable_quantity")})
    return kept


def _header(shop: Shop, order: Record) -> Record:
    return {
        "id": number_of(order["id"]),
        "admin_graphql_api_id": order["id"],
        "app_id": shop.settings.app_id,
        "browser_ip": None,
        "buyer_accepts_marketing": False,
        "cancel_reason": _lower(order["cancelReason"]),
        "cancelled_at": local_time(shop, order["cancelledAt"]),
        "cart_token": None,
        "checkout_token": None,
        "client_details": None,
        "closed_at": local_time(shop, order["closedAt"]),
        "confirmation_number": order["confirmationNumber"],
        "confirmed": True,
        "contact_email": order["email"],
        "created_at": local_time(shop, order["createdAt"]),
        "currency": order["currencyCode"],
        "customer_locale": order["customerLocale"],
        "device_id": None,
        "discount_codes": _discount_codes(order),
        "duties_included": False,
        "email": order["email"] or "",
        "estimated_taxes": False,
        "financial_status": _lower(order["displayFinancialStatus"]),
        "fulfillment_status": {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}.get(
            order["displayFulfillmentStatus"]
        ),
        "landing_site": None,
        "landing_site_ref": None,
        "location_id": None,
        "merchant_business_entity_id": "MTU0ODM4MDAwOQ",
        "merchant_of_record_app_id": None,
        "name": order["name"],
        "note": order["note"],
        "note_attributes": [{"name": a["key"], "value": a["value"]} for a in order["customAttributes"]],
        "number": order["number"] - 1000,
        "order_number": order["number"],
        "order_status_url": f"https://{shop.settings.domain}/orders/{order['_token']}/authenticate?key=sandbox",
        "payment_gateway_names": gateways(order),
        "phone": order["phone"],
        "po_number": order["poNumber"],
        "presentment_currency": order["presentmentCurrencyCode"],
        "processed_at": local_time(shop, order["processedAt"]),
        "reference": None,
        "referring_site": None,
        "source_identifier": order["sourceIdentifier"],
        "source_name": order["sourceName"],
        "source_url": None,
        "tags": ", ".join(order["tags"]),
        "tax_exempt": order["taxExempt"],
        "taxes_included": order["taxesIncluded"],
        "test": order["test"],
        "token": order["_token"],
        "updated_at": local_time(shop, order["updatedAt"]),
        "user_id": None,
    }


def gateways(order: Record) -> list[str]:
    """The payment gateways used, each once."""
    return list(dict.fromkeys(t["gateway"] for t in order["_transactions"]))


def _discount_codes(order: Record) -> list[Record]:
    codes = []
    for application in order["_discountApplications"]:
        if application["code"]:
            charges = [*order["_lines"], *order["_shippingLines"]]
            shares = [
                pair_of(a["allocatedAmountSet"])
                for c in charges
                for a in c["discountAllocations"]
                if a["discountApplication"] is application
            ]
            kind = "percentage" if "percentage" in application["value"] else "fixed_amount"
            amount = money_text({"amount": total(shares).shop, "currencyCode": order["currencyCode"]})
            codes.append({"code": application["code"], "amount": amount, "type": kind})
    return codes


def tip_of(order: Record) -> Pair:
    """What of the order is a tip."""
    return pair_of(order["totalTipReceivedSet"]) if order.get("totalTipReceivedSet") else ZERO


def duties_of(order: Record) -> Record | None:
    """The sum of the order's duties without taxes on them, as a MoneyBag; None where there are none."""
    found: Record | None = order.get("_dutiesSet")
    return found if found and pair_of(found) != ZERO else None


def _totals(order: Record) -> Record:
    zero = Currencies(order["currencyCode"], order["presentmentCurrencyCode"]).bag(ZERO)
    duties = duties_of(order)
    return {
        "current_shipping_price_set": money_set(order["currentShippingPriceSet"]),
        **_both("current_subtotal_price", order["currentSubtotalPriceSet"]),
        "current_total_additional_fees_set": None,
        **_both("current_total_discounts", order["currentTotalDiscountsSet"]),
        "current_total_duties_set": duties and money_set(duties),
        **_both("current_total_price", order["currentTotalPriceSet"]),
        **_both("current_total_tax", order["currentTotalTaxSet"]),
        "original_total_additional_fees_set": None,
        "original_total_duties_set": duties and money_set(duties),
        **_both("subtotal_price", order["subtotalPriceSet"]),
        "total_cash_rounding_payment_adjustment_set": money_set(zero),
        "total_cash_rounding_refund_adjustment_set": money_set(zero),
        **_both("total_discounts", order["totalDiscountsSet"]),
        **_both("total_line_items_price", order["_lineItemsPriceSet"]),
        "total_outstanding": money_text(order["totalOutstandingSet"]["shopMoney"]),
        **_both("total_price", order["totalPriceSet"]),
        "total_shipping_price_set": money_set(order["totalShippingPriceSet"]),
        **_both("total_tax", order["totalTaxSet"]),
        "total_tip_received": money_text(
            {"amount": tip_of(order).shop, "currencyCode": order["currencyCode"]}
        ),
        "total_weight": sum(line["_grams"] * line["quantity"] for line in order["_lines"]),
    }


def _parts(shop: Shop, order: Record) -> Record:
    return {
        "billing_address": address_body(order["billingAddress"]),
        "customer": _customer(shop, order),
        "discount_applications": [_application(a) for a in order["_discountApplications"]],
        "fulfillments": [fulfillment_part(one) for one in order.get("_fulfillments", ())],
        "line_items": [_line(order, line) for line in order["_lines"]],
        "payment_terms": _terms(shop, order),
        "refunds": [refund_part(one) for one in order.get("_refunds", ())],
        "returns": [],
        "line_item_groups": [],
        "shipping_address": address_body(order["shippingAddress"]),
        "shipping_lines": [_shipping_line(line) for line in order["_shippingLines"]],
        "tax_lines": [_tax(tax) for tax in order["taxLines"]],
    }


def _customer(shop: Shop, order: Record) -> Record | None:
    customer = shop.get("Customer", order["_customerId"])
    if customer is None:
        return None
    return {
        "id": number_of(customer["id"]),
        "created_at": local_time(shop, customer["createdAt"]),
        "updated_at": local_time(shop, customer["updatedAt"]),
        "first_name": customer["firstName"],
        "last_name": customer["lastName"],
        "state": customer["state"].lower(),
        "note": customer["note"],
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": customer["taxExempt"],
        "email": customer["email"],
        "phone": customer["phone"],
        "currency": order["currencyCode"],
        "tax_exemptions": customer["taxExemptions"],
        "admin_graphql_api_id": customer["id"],
        "default_address": _default_address(customer),
    }


def _default_address(customer: Record) -> Record | None:
    address = customer["defaultAddress"]
    worded = address_body(address)
    if worded is None:
        return None
    kept = {key: value for key, value in worded.items() if key not in ("latitude", "longitude")}
    more = {"id": number_of(address["id"]), "customer_id": number_of(customer["id"]), "default": True}
    return kept | more | {"country_name": worded["country"]}


def _application(application: Record) -> Record:
    value = application["value"]
    is_percent = "percentage" in value
    worded = {
        "target_type": application["targetType"].lower(),
        "type": "discount_code" if application["code"] else "manual",
        "value": str(value["percentage"]) if is_percent else money_text(value),
        "value_type": "percentage" if is_percent else "fixed_amount",
        "allocation_method": application["allocationMethod"].lower(),
        "target_selection": application["targetSelection"].lower(),
    }
    if application["code"]:
        return {**worded, "code": application["code"]}
    return {**worded, "title": application["title"], "description": application["description"]}


def _allocation(allocation: Record) -> Record:
    return {
        "amount": money_text(allocation["allocatedAmountSet"]["shopMoney"]),
        "amount_set": money_set(allocation["allocatedAmountSet"]),
        "discount_application_index": allocation["discountApplication"]["index"],
    }


def _tax(tax: Record) -> Record:
    return {
        "channel_liable": tax["channelLiable"],
        "price": money_text(tax["priceSet"]["shopMoney"]),
        "price_set": money_set(tax["priceSet"]),
        "rate": tax["rate"],
        "title": tax["title"],
    }


def _duty(duty: Record) -> Record:
    return {
        "id": str(number_of(duty["id"])),
        "admin_graphql_api_id": duty["id"],
        "harmonized_system_code": duty["harmonizedSystemCode"],
        "country_code_of_origin": duty["countryCodeOfOrigin"],
        **money_set(duty["price"]),
        "tax_lines": [_tax(tax) for tax in duty["taxLines"]],
    }


def _line(order: Record, line: Record) -> Record:
    zero = Currencies(order["currencyCode"], order["presentmentCurrencyCode"]).bag(ZERO)
    return {
        "id": number_of(line["id"]),
        "admin_graphql_api_id": line["id"],
        "attributed_staffs": [],
        "current_quantity": line["currentQuantity"],
        "fulfillable_quantity": line["currentQuantity"]
        + line.get("_returned", 0)
        - line.get("_fulfilled", 0),
        "fulfillment_service": "manual",
        "fulfillment_status": None,
        "gift_card": line["isGiftCard"],
        "grams": line["_grams"],
        "name": line["name"],
        **_both("price", line["originalUnitPriceSet"]),
        "product_exists": line["_productId"] is not None,
        "product_id": number_of(line["_productId"]) if line["_productId"] else None,
        "properties": [{"name": a["key"], "value": a["value"]} for a in line["customAttributes"]],
        "quantity": line["quantity"],
        "requires_shipping": line["requiresShipping"],
        "sales_line_item_group_id": None,
        "sku": line["sku"],
        "taxable": line["taxable"],
        "title": line["title"],
        # The store words a line's discounts as allocations; this total stays zero.
        **_both("total_discount", zero),
        "variant_id": number_of(line["_variantId"]) if line["_variantId"] else None,
        "variant_inventory_management": "shopify" if line["_variantId"] else None,
        "variant_title": line["variantTitle"],
        "vendor": line["vendor"],
        "tax_lines": [_tax(tax) for tax in line["taxLines"]],
        "duties": [_duty(duty) for duty in line.get("duties", ())],
        "discount_allocations": [_allocation(a) for a in line["discountAllocations"]],
    }


def _shipping_line(line: Record) -> Record:
    return {
        "id": number_of(line["id"]),
        "carrier_identifier": line["carrierIdentifier"],
        "code": line["code"],
        "current_discounted_price_set": money_set(line["currentDiscountedPriceSet"]),
        **_both("discounted_price", line["discountedPriceSet"]),
        "is_removed": line["isRemoved"],
        "phone": line["phone"],
        **_both("price", line["originalPriceSet"]),
        "requested_fulfillment_service_id": None,
        "source": line["source"],
        "title": line["title"],
        "tax_lines": [_tax(tax) for tax in line["taxLines"]],
        "discount_allocations": [_allocation(a) for a in line["discountAllocations"]],
    }


def _terms(shop: Shop, order: Record) -> Record | None:
    terms = order["_terms"]
    if terms is None:
        return None
    created = local_time(shop, terms["_createdAt"])
    return {
        "id": number_of(terms["id"]),
        "created_at": created,
        "updated_at": created,
        "payment_terms_name": terms["paymentTermsName"],
        "payment_terms_type": terms["paymentTermsType"].lower(),
        "due_in_days": terms["dueInDays"],
        "payment_schedules": [_schedule(shop, terms, s) for s in terms["_schedules"]],
    }


def _schedule(shop: Shop, terms: Record, schedule: Record) -> Record:
    amount, currency = money_text(schedule["amount"]), schedule["amount"]["currencyCode"]
    balance = money_text(schedule["balanceDue"])
    return {
        "id": number_of(schedule["id"]),
        "created_at": local_time(shop, terms["_createdAt"]),
        "updated_at": local_time(shop, terms["_createdAt"]),
        "payment_terms_id": number_of(terms["id"]),
        "issued_at": local_time(shop, schedule["issuedAt"]),
        "due_at": local_time(shop, schedule["dueAt"]),
        "completed_at": local_time(shop, schedule["completedAt"]),
        "amount": amount,
        "currency": currency,
        "total_price": amount,
        "balance_due": balance,
        "total_balance": balance,
        "presentment_currency": currency,
        "admin_graphql_api_id": schedule["id"],
    }
