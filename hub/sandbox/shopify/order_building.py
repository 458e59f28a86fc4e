"""Makes order records out of a priced basket, with totals and payment; every way of ordering ends here."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from decimal import Decimal

from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.money import ZERO, Currencies, Pair, pair_of, rounded
from hub.sandbox.shopify.order_events import order_created
from hub.sandbox.shopify.pricing import Basket, Charge, Duty
from hub.sandbox.shopify.shop import Shop
from hub.sandbox.shopify.tags import sorted_tags

HEADER_DEFAULTS: Record = {
    "email": None,
    "phone": None,
    "note": None,
    "poNumber": None,
    "test": False,
    "sourceName": "web",
    "sourceIdentifier": None,
    "closed": False,
    "closedAt": None,
    "confirmed": True,
    "edited": False,
    "dutiesIncluded": False,
    "estimatedTaxes": False,
    "_refunded": ZERO,
    "displayFulfillmentStatus": "UNFULFILLED",
    "_changed": False,
    "cancelledAt": None,
    "cancelReason": None,
    "taxExempt": False,
    "billingAddress": None,
    "shippingAddress": None,
    "customerLocale": "en",
    "_customerId": None,
    "_companyId": None,
    "_companyLocationId": None,
    "_companyContactId": None,
}


def line_record(shop: Shop, basket: Basket, charge: Charge) -> Record:
    """One line of an order or draft order."""
    bag, quantity = basket.currencies.bag, charge.quantity
    variant = charge.facts.get("variant")
    product = shop.get("Product", variant["_productId"]) if variant else None
    variant_title = charge.facts.get("variantTitle")
    return {
        "id": shop.new_gid("LineItem"),
        "title": charge.title,
        "name": f"{charge.title} - {variant_title}" if variant_title else charge.title,
        "variantTitle": variant_title,
        "vendor": charge.facts.get("vendor") or (product["vendor"] if product else None),
        "sku": charge.facts.get("sku"),
        "quantity": quantity,
        "currentQuantity": quantity,
        "requiresShipping": bool(charge.facts.get("requiresShipping", True)),
        "taxable": bool(charge.facts.get("taxable", True)),
        "isGiftCard": bool(charge.facts.get("giftCard")),
        "customAttributes": list(charge.facts.get("attributes") or []),
        "originalUnitPriceSet": bag(charge.price),
        "discountAllocations": _allocations(basket, charge),
        "taxLines": _tax_lines(basket, charge),
        "duties": [_duty(shop, basket, duty) for duty in charge.duties],
        "_variantId": variant["id"] if variant else None,
        "_productId": product["id"] if product else None,
        "_grams": 0,
    }


def _allocations(basket: Basket, charge: Charge) -> list[Record]:
    return [
        {
            "allocatedAmountSet": basket.currencies.bag(amount),
            "discountApplication": basket.applications[index],
        }
        for index, amount in charge.allocations
    ]


def _duty(shop: Shop, basket: Basket, duty: Duty) -> Record:
    return {
        "id": shop.new_gid("Duty"),
        "harmonizedSystemCode": duty.harmonized_code,
        "countryCodeOfOrigin": duty.country_of_origin,
        "price": basket.currencies.bag(duty.price),
        "taxLines": _tax_lines(basket, duty),
    }


def _tax_lines(basket: Basket, charge: Charge | Duty) -> list[Record]:
    return [
        {
            "title": tax.title,
            "rate": float(tax.rate),
            "ratePercentage": float(tax.rate * 100),
            "priceSet": basket.currencies.bag(amount),
            "channelLiable": tax.is_channel_liable,
            "source": None,
        }
        for tax, amount in zip(charge.taxes, charge.tax_amounts, strict=True)
    ]


def shipping_record(shop: Shop, basket: Basket, charge: Charge) -> Record:
    """One shipping charge."""
    bag = basket.currencies.bag
    return {
        "id": shop.new_gid("ShippingLine"),
        "title": charge.title,
        "code": charge.facts.get("code"),
        "source": charge.facts.get("source") or "shopify",
        "carrierIdentifier": None,
        "deliveryCategory": None,
        "phone": None,
        "custom": False,
        "isRemoved": False,
        "originalPriceSet": bag(charge.gross),
        "discountedPriceSet": bag(charge.net),
        "currentDiscountedPriceSet": bag(charge.net),
        "discountAllocations": _allocations(basket, charge),
        "taxLines": _tax_lines(basket, charge),
    }


def summed_taxes(currencies: Currencies, charges: list[Record]) -> list[Record]:
    """The tax lines of the whole order: one for each title and rate."""
    sums: dict[tuple[str, float, bool], Pair] = {}
    for charge in charges:
        for tax in [*charge["taxLines"], *(t for duty in charge.get("duties", ()) for t in duty["taxLines"])]:
            key = (tax["title"], tax["rate"], tax["channelLiable"])
            sums[key] = sums.get(key, ZERO) + pair_of(tax["priceSet"])
    return [
        {
            "title": title,
            "rate": rate,
            "ratePercentage": float(Decimal(str(rate)) * 100),
            "priceSet": currencies.bag(amount),
            "channelLiable": liable,
            "source": None,
        }
        for (title, rate, liable), amount in sums.items()
    ]


def priced_facts(shop: Shop, basket: Basket) -> Record:
    """What the basket decides about an order or draft order."""
    basket.price()
    lines = [line_record(shop, basket, charge) for charge in basket.lines]
    shipping = [shipping_record(shop, basket, charge) for charge in basket.shipping]
    taxes = summed_taxes(basket.currencies, [*lines, *shipping])
    return {
        "currencyCode": basket.currencies.shop,
        "presentmentCurrencyCode": basket.currencies.presentment,
        "taxesIncluded": basket.taxes_included,
        "_lines": lines,
        "_shippingLines": shipping,
        "_discountApplications": basket.applications,
        "taxLines": taxes,
        "currentTaxLines": taxes,
        **{name: basket.currencies.bag(amounts) for name, amounts in basket.totals().items()},
    }


def build_order(
    shop: Shop,
    basket: Basket,
    header: Record,
    *,
    terms: Record | None = None,
    payments: list[Record] | None = None,
) -> Record:
    """Store the order. `terms`: a template with `_issuedAt`, `_dueAt`."""
    number = shop.number("order")
    stamp = shop.now()
    order = shop.add(
        "Order",
        {
            **HEADER_DEFAULTS,
            "name": f"#{number}",
            "number": number,
            "processedAt": stamp,
            "confirmationNumber": secrets.token_hex(5).upper()[:9],
            "_token": secrets.token_hex(16),
            **priced_facts(shop, basket),
            **header,
            "customAttributes": list(header.get("customAttributes") or []),
            "tags": sorted_tags(header.get("tags") or []),
            "_localized": [],
        },
    )
    order["_transactions"] = [_transaction(shop, order, payment) for payment in payments or []]
    order["_terms"] = payment_terms(shop, order, terms) if terms else None
    settle(order, header.get("displayFinancialStatus"))
    shop.hide_new(order)
    order_created(shop, order)
    return order


def _transaction(shop: Shop, order: Record, payment: Record) -> Record:
    currencies = currencies_of(order)
    return {
        "id": shop.new_gid("OrderTransaction"),
        "kind": payment.get("kind", "SALE"),
        "status": payment.get("status", "SUCCESS"),
        "gateway": payment.get("gateway") or "manual",
        "formattedGateway": (payment.get("gateway") or "manual").replace("_", " ").capitalize(),
        "manualPaymentGateway": (payment.get("gateway") or "manual") == "manual",
        "test": bool(payment.get("test")),
        "amountSet": payment.get("amountSet") or currencies.bag(pair_of(order["totalPriceSet"])),
        "createdAt": order["createdAt"],
        "processedAt": payment.get("processedAt") or order["processedAt"],
        "parentTransaction": None,
        "authorizationCode": payment.get("authorizationCode"),
        "paymentId": f"{order['name']}.1",
    }


def currencies_of(order: Record) -> Currencies:
    """The two currencies of an order."""
    return Currencies(order["currencyCode"], order["presentmentCurrencyCode"])


def add_payment(shop: Shop, order: Record, payment: Record) -> None:
    """Add one more transaction to an order and settle again."""
    order["_transactions"].append(_transaction(shop, order, payment))
    settle(order, None)


def received(order: Record) -> Pair:
    """What was paid: successful sales and captures."""
    paid = ZERO
    for transaction in order["_transactions"]:
        if transaction["status"] == "SUCCESS" and transaction["kind"] in ("SALE", "CAPTURE"):
            paid = paid + pair_of(transaction["amountSet"])
    return paid


def settle(order: Record, said: str | None) -> None:
    """Derive what is received and outstanding, and the financial status where nobody `said` it."""
    currencies, paid = currencies_of(order), received(order)
    due = pair_of(order["currentTotalPriceSet"])
    authorized = any(
        t["kind"] == "AUTHORIZATION" and t["status"] == "SUCCESS" for t in order["_transactions"]
    )
    # What a refund with money is for is settled by it, also where a fee is kept.
    owed = due - paid + order.get("_settledBack", ZERO)
    open_amount = ZERO if authorized or said == "PAID" or order["cancelledAt"] else owed
    order["totalReceivedSet"] = currencies.bag(paid)
    order["totalOutstandingSet"] = currencies.bag(open_amount)
    order["displayFinancialStatus"] = said or _status(order, paid, due, authorized)


def _status(order: Record, paid: Pair, due: Pair, authorized: bool) -> str | None:
    refunded = order["_refunded"].shop
    if refunded > 0:
        return "REFUNDED" if refunded >= paid.shop else "PARTIALLY_REFUNDED"
    if paid.shop > 0:
        return "PAID" if paid.shop >= due.shop else "PARTIALLY_PAID"
    if authorized:
        return "AUTHORIZED"
    is_pending = order["_terms"] or any(t["status"] == "PENDING" for t in order["_transactions"])
    return "PENDING" if is_pending else None


def payment_terms(shop: Shop, order: Record, template: Record) -> Record:
    """Terms by a template: one schedule over the whole, due by its days, on receipt, or on a fixed date.

    `_instalments` of the template are the parts that a buyer agreed to: an amount and a due date each.
    """
    issued = template.get("_issuedAt") or order.get("processedAt") or shop.now()
    whole = order["totalPriceSet"]["presentmentMoney"]["amount"]
    agreed: list[Record] = template.get("_instalments") or []
    parts = instalments(order, agreed, issued) if agreed else [(whole, _due(template, issued))]
    return {
        "id": shop.new_gid("PaymentTerms"),
        "paymentTermsName": template["name"],
        "translatedName": template["name"],
        "paymentTermsType": template["paymentTermsType"],
        "dueInDays": template["dueInDays"],
        "_schedules": [_schedule(shop, order, template, issued, part) for part in parts],
        "_createdAt": shop.now(),
    }


def instalments(order: Record, agreed: list[Record], issued: str) -> list[tuple[Decimal, str | None]]:
    """Amount and due date of each part, a deposit first; the last part is what is left of the whole."""
    currency = order["presentmentCurrencyCode"]
    left = whole = order["totalPriceSet"]["presentmentMoney"]["amount"]
    parts: list[tuple[Decimal, str | None]] = []
    for number, part in enumerate(agreed, start=1):
        given = part.get("amount")
        share = Decimal(given) if given else whole * Decimal(str(part.get("percent", 0))) / 100
        amount = left if number == len(agreed) else rounded(share, currency)
        if not 0 < amount <= left:
            raise ValueError(f"instalment {number} of {amount} does not fit into {left}")
        left -= amount
        moment = datetime.fromisoformat(issued) + timedelta(days=part.get("days", 0))
        parts.append((amount, moment.strftime("%Y-%m-%dT%H:%M:%SZ")))
    return parts


def _due(template: Record, issued: str) -> str | None:
    due_at: str | None = template.get("_dueAt")
    if due_at is None and template["paymentTermsType"] in ("NET", "RECEIPT"):
        moment = datetime.fromisoformat(issued) + timedelta(days=template["dueInDays"] or 0)
        due_at = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return due_at


def _schedule(
    shop: Shop, order: Record, template: Record, issued: str, part: tuple[Decimal, str | None]
) -> Record:
    owed, due_at = part
    amount = {"amount": owed, "currencyCode": order["presentmentCurrencyCode"]}
    return {
        "id": shop.new_gid("PaymentSchedule"),
        "amount": amount,
        "balanceDue": amount,
        "totalBalance": amount,
        "issuedAt": issued if template["paymentTermsType"] == "NET" else None,
        "dueAt": due_at,
        "completedAt": None,
    }
