"""Orders registered from a webhook body: the webhook is that body then, and GraphQL reads the same facts."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from hub.sandbox.shopify import customers
from hub.sandbox.shopify.addresses import input_of_body, mailing_address
from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.money import ZERO, Currencies, Pair, decimal_of, pair_of, total
from hub.sandbox.shopify.order_building import HEADER_DEFAULTS
from hub.sandbox.shopify.order_events import order_created
from hub.sandbox.shopify.registry import action
from hub.sandbox.shopify.shop import Shop, utc_stamp

_TOTALS = {
    "subtotalPriceSet": "subtotal_price_set",
    "totalDiscountsSet": "total_discounts_set",
    "totalShippingPriceSet": "total_shipping_price_set",
    "totalTaxSet": "total_tax_set",
    "totalPriceSet": "total_price_set",
    "originalTotalPriceSet": "total_price_set",
    "currentSubtotalPriceSet": "current_subtotal_price_set",
    "currentTotalDiscountsSet": "current_total_discounts_set",
    "currentShippingPriceSet": "current_shipping_price_set",
    "currentTotalTaxSet": "current_total_tax_set",
    "currentTotalPriceSet": "current_total_price_set",
    "_lineItemsPriceSet": "total_line_items_price_set",
}


@action("place_raw_order")
def place_raw_order(shop: Shop, data: Record) -> Record:
    """Register `payload`, shaped as the body of orders/create, under the id that it gives itself."""
    body = data.get("payload")
    if not isinstance(body, dict) or not body.get("admin_graphql_api_id"):
        raise ValueError("payload must be an order webhook's body with admin_graphql_api_id")
    if shop.get("Order", body["admin_graphql_api_id"]):
        raise ValueError(f"the order {body['admin_graphql_api_id']} exists already")
    order = shop.add(
        "Order", {**HEADER_DEFAULTS, **_header(body), **_buyer(shop, body), **_parts(shop, body)}
    )
    order |= {"createdAt": stamp(body["created_at"]), "updatedAt": stamp(body["updated_at"])}
    order |= {"_body": copy.deepcopy(body), "_bodyAt": order["updatedAt"]}
    shop.hide_new(order)
    order_created(shop, order)
    return {"id": order["id"], "name": order["name"], "lines": [line["id"] for line in order["_lines"]]}


def stamp(text: Any) -> Any:
    """A webhook's time as stamps are kept; None stays None."""
    return None if text is None else utc_stamp(text)


def _upper(text: Any) -> Any:
    return text.upper() if text else None


def _bag(worded: Record) -> Record:
    def money(side: Record) -> Record:
        return {"amount": decimal_of(side["amount"], "an amount"), "currencyCode": side["currency_code"]}

    return {"shopMoney": money(worded["shop_money"]), "presentmentMoney": money(worded["presentment_money"])}


def _pairs(rows: Any, key: str) -> list[Record]:
    return [{"key": row[key], "value": row["value"]} for row in rows or []]


def _header(body: Record) -> Record:
    return {
        "id": body["admin_graphql_api_id"],
        "name": body["name"],
        "number": body["order_number"],
        "email": body["email"] or None,
        "phone": body["phone"],
        "note": body["note"],
        "poNumber": body["po_number"],
        "tags": [tag.strip() for tag in body["tags"].split(",") if tag.strip()],
        "customAttributes": _pairs(body["note_attributes"], "name"),
        "test": body["test"],
        "sourceName": body["source_name"],
        "sourceIdentifier": body["source_identifier"],
        "processedAt": stamp(body["processed_at"]),
        "cancelledAt": stamp(body["cancelled_at"]),
        "cancelReason": _upper(body["cancel_reason"]),
        "closed": body["closed_at"] is not None,
        "closedAt": stamp(body["closed_at"]),
        "confirmed": body["confirmed"],
        "confirmationNumber": body["confirmation_number"],
        "customerLocale": body["customer_locale"],
        "taxExempt": body["tax_exempt"],
        "taxesIncluded": body["taxes_included"],
        "currencyCode": body["currency"],
        "presentmentCurrencyCode": body["presentment_currency"],
        "displayFinancialStatus": _upper(body["financial_status"]),
        "_token": body["token"],
        "_localized": [],
    }


def _buyer(shop: Shop, body: Record) -> Record:
    buyer: Record = {}
    customer = body.get("customer")
    if customer:
        gid = customer["admin_graphql_api_id"]
        names = {
            "email": "email",
            "firstName": "first_name",
            "lastName": "last_name",
            "phone": "phone",
            "note": "note",
        }
        known = shop.get("Customer", gid) or customers.add_customer(
            shop, {"id": gid, **{ours: customer.get(theirs) for ours, theirs in names.items()}}
        )
        buyer["_customerId"] = known["id"]
    company = body.get("company")
    if company:
        buyer["_companyId"] = f"gid://shopify/Company/{company['id']}"
        buyer["_companyLocationId"] = f"gid://shopify/CompanyLocation/{company['location_id']}"
        if shop.get("Company", buyer["_companyId"]) is None:
            raise ValueError(f"the company {company['id']} of the payload does not exist in this store")
        if shop.get("CompanyLocation", buyer["_companyLocationId"]) is None:
            raise ValueError(f"the company location {company['location_id']} of the payload does not exist")
    for key, ours in (("shipping_address", "shippingAddress"), ("billing_address", "billingAddress")):
        buyer[ours] = mailing_address(shop, input_of_body(body.get(key)))
    return buyer


def _parts(shop: Shop, body: Record) -> Record:
    currencies = Currencies(body["currency"], body["presentment_currency"])
    applications = [_application(n, row, currencies) for n, row in enumerate(body["discount_applications"])]
    lines = [_line(shop, row, applications) for row in body["line_items"]]
    shipping = [_shipping(row, applications) for row in body["shipping_lines"]]
    totals = {ours: _bag(body[theirs]) for ours, theirs in _TOTALS.items()}
    outstanding = decimal_of(body["total_outstanding"], "total_outstanding")
    due = pair_of(totals["currentTotalPriceSet"])
    open_amount = Pair(outstanding, due.presentment if outstanding == due.shop else outstanding)
    cart = total([share for line in lines for share in _across(line)])
    return {
        **totals,
        "cartDiscountAmountSet": currencies.bag(cart),
        "currentCartDiscountAmountSet": currencies.bag(cart),
        "totalOutstandingSet": currencies.bag(open_amount),
        "totalReceivedSet": currencies.bag(due - open_amount if due.shop else ZERO),
        "taxLines": [_tax(row) for row in body["tax_lines"]],
        "currentTaxLines": [_tax(row) for row in body["tax_lines"]],
        "_lines": lines,
        "_shippingLines": shipping,
        "_discountApplications": applications,
        "_transactions": [_transaction(shop, body, gateway) for gateway in body["payment_gateway_names"]],
        "_terms": _terms(body["payment_terms"]) if body.get("payment_terms") else None,
    }


def _across(line: Record) -> list[Pair]:
    shares = line["discountAllocations"]
    return [
        pair_of(s["allocatedAmountSet"])
        for s in shares
        if s["discountApplication"]["allocationMethod"] == "ACROSS"
    ]


def _application(index: int, row: Record, currencies: Currencies) -> Record:
    value: Record = {"__typename": "MoneyV2", "currencyCode": currencies.presentment}
    value["amount"] = decimal_of(row["value"], "a discount")
    if row["value_type"] == "percentage":
        value = {"__typename": "PricingPercentageValue", "percentage": float(Decimal(row["value"]))}
    return {
        "__typename": "DiscountCodeApplication" if row.get("code") else "ManualDiscountApplication",
        "index": index,
        "allocationMethod": _upper(row["allocation_method"]),
        "targetSelection": _upper(row["target_selection"]),
        "targetType": _upper(row["target_type"]),
        "value": value,
        "title": row.get("title") or row.get("description") or "",
        "description": row.get("description"),
        "code": row.get("code"),
    }


def _allocations(rows: list[Record], applications: list[Record]) -> list[Record]:
    return [
        {
            "allocatedAmountSet": _bag(row["amount_set"]),
            "discountApplication": applications[row["discount_application_index"]],
        }
        for row in rows
    ]


def _tax(row: Record) -> Record:
    return {
        "title": row["title"],
        "rate": float(row["rate"]),
        "ratePercentage": float(Decimal(str(row["rate"])) * 100),
        "priceSet": _bag(row["price_set"]),
        "channelLiable": bool(row.get("channel_liable")),
        "source": None,
    }


def _line(shop: Shop, row: Record, applications: list[Record]) -> Record:
    variant = shop.get("ProductVariant", f"gid://shopify/ProductVariant/{row['variant_id']}")
    product = shop.get("Product", f"gid://shopify/Product/{row['product_id']}")
    return {
        "id": row["admin_graphql_api_id"],
        "title": row["title"],
        "name": row["name"],
        "variantTitle": row["variant_title"],
        "vendor": row["vendor"],
        "sku": row["sku"],
        "quantity": row["quantity"],
        "currentQuantity": row["current_quantity"],
        "requiresShipping": row["requires_shipping"],
        "taxable": row["taxable"],
        "isGiftCard": row["gift_card"],
        "customAttributes": _pairs(row["properties"], "name"),
        "originalUnitPriceSet": _bag(row["price_set"]),
        "discountAllocations": _allocations(row["discount_allocations"], applications),
        "taxLines": [_tax(tax) for tax in row["tax_lines"]],
        "_variantId": variant["id"] if variant else None,
        "_productId": product["id"] if product else None,
        "_grams": row["grams"],
    }


def _shipping(row: Record, applications: list[Record]) -> Record:
    return {
        "id": f"gid://shopify/ShippingLine/{row['id']}",
        "title": row["title"],
        "code": row["code"],
        "source": row["source"],
        "carrierIdentifier": row["carrier_identifier"],
        "deliveryCategory": None,
        "phone": row["phone"],
        "custom": False,
        "isRemoved": row["is_removed"],
        "originalPriceSet": _bag(row["price_set"]),
        "discountedPriceSet": _bag(row["discounted_price_set"]),
        "currentDiscountedPriceSet": _bag(row["current_discounted_price_set"]),
        "discountAllocations": _allocations(row["discount_allocations"], applications),
        "taxLines": [_tax(tax) for tax in row["tax_lines"]],
    }


def _transaction(shop: Shop, body: Record, gateway: str) -> Record:
    is_paid = body["financial_status"] in ("paid", "partially_paid", "refunded", "partially_refunded")
    return {
        "id": shop.new_gid("OrderTransaction"),
        "kind": "SALE",
        "status": "SUCCESS" if is_paid else "PENDING",
        "gateway": gateway,
        "formattedGateway": gateway.replace("_", " ").capitalize(),
        "manualPaymentGateway": gateway == "manual",
        "test": body["test"],
        "amountSet": _bag(body["total_price_set"]),
        "createdAt": stamp(body["created_at"]),
        "processedAt": stamp(body["processed_at"]),
        "parentTransaction": None,
        "authorizationCode": None,
        "paymentId": f"{body['name']}.1",
    }


def _terms(row: Record) -> Record:
    return {
        "id": f"gid://shopify/PaymentTerms/{row['id']}",
        "paymentTermsName": row["payment_terms_name"],
        "translatedName": row["payment_terms_name"],
        "paymentTermsType": _upper(row["payment_terms_type"]),
        "dueInDays": row["due_in_days"],
        "_createdAt": stamp(row["created_at"]),
        "_schedules": [_schedule(schedule) for schedule in row["payment_schedules"]],
    }


def _schedule(row: Record) -> Record:
    money = {"amount": decimal_of(row["amount"], "a schedule's amount"), "currencyCode": row["currency"]}
    return {
        "id": f"gid://shopify/PaymentSchedule/{row['id']}",
        "amount": money,
        "balanceDue": {**money, "amount": decimal_of(row["balance_due"], "balance_due")},
        "totalBalance": {**money, "amount": decimal_of(row["total_balance"], "total_balance")},
        "issuedAt": stamp(row["issued_at"]),
        "dueAt": stamp(row["due_at"]),
        "completedAt": stamp(row["completed_at"]),
    }
