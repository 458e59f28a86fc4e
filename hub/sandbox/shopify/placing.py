"""A buyer at the checkout and a clerk in the admin: orders placed, paid and cancelled by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hub.sandbox.shopify import company_contacts, customers, inventory, order_changes
from hub.sandbox.shopify.addresses import from_company_address, input_of_person, mailing_address
from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.money import Currencies, Pair, decimal_of, rounded
from hub.sandbox.shopify.order_building import build_order
from hub.sandbox.shopify.pricing import Basket, Charge, Discount, Duty, Tax
from hub.sandbox.shopify.registry import action
from hub.sandbox.shopify.shop import Shop, utc_stamp

_ORDER_KEYS = frozenset(
    [
        "company",
        "location",
        "contact",
        "customer",
        "lines",
        "discount",
        "shipping",
        "taxes",
        "taxes_included",
        "presentment_currency",
        "presentment_rate",
        "note",
        "attributes",
        "po_number",
        "payment_terms",
        "paid",
        "test",
        "source_name",
        "source_identifier",
        "tags",
        "email",
        "phone",
        "shipping_address",
        "billing_address",
        "processed_at",
        "tax_exempt",
        "due_at",
        "instalments",
        "tip",
    ]
)
_LINE_KEYS = frozenset(
    [
        "sku",
        "variant",
        "title",
        "quantity",
        "price",
        "discount",
        "discounts",
        "taxes",
        "taxable",
        "requires_shipping",
        "attributes",
        "variant_title",
        "gift_card",
        "duty",
    ]
)

_HEADER_NAMES = {
    "email": "email",
    "note": "note",
    "phone": "phone",
    "po_number": "poNumber",
    "processed_at": "processedAt",
    "source_identifier": "sourceIdentifier",
    "source_name": "sourceName",
    "tags": "tags",
    "test": "test",
}


def known(data: Record, keys: frozenset[str], what: str) -> None:
    """Raises ValueError where `data` has another key."""
    unknown = sorted(set(data) - keys)
    if unknown:
        raise ValueError(f"{what} has no {', '.join(unknown)}; it knows {', '.join(sorted(keys))}")


@action("place_order")
def place_order(shop: Shop, data: Record) -> Record:
    """Place an order as a company's contact (`company`, `location`, `contact`) or as a `customer`."""
    known(data, _ORDER_KEYS, "an order")
    if not data.get("lines"):
        raise ValueError("an order needs at least one line")
    buyer = company_buyer(shop, data) if data.get("company") else _customer_buyer(shop, data)
    currencies = _currencies(shop, data)
    exempt = bool(data.get("tax_exempt", buyer.pop("taxExempt", False)))
    taxes = [] if exempt else data.get("taxes", [])
    basket = Basket(
        currencies,
        bool(data.get("taxes_included", shop.settings.taxes_included)),
        [*_tip(currencies, data), *(_line(shop, currencies, row, taxes) for row in data["lines"])],
        [_shipping(currencies, row, taxes) for row in data.get("shipping", [])],
        [_discount(currencies, data["discount"])] if data.get("discount") else [],
    )
    header = buyer | _header(shop, data, buyer) | {"taxExempt": exempt}
    terms, payments = _payment(shop, data)
    order = build_order(shop, basket, header, terms=terms, payments=payments)
    inventory.commit(shop, order)
    return _named(order)


def _named(order: Record) -> Record:
    return {"id": order["id"], "name": order["name"], "lines": [line["id"] for line in order["_lines"]]}


def _currencies(shop: Shop, data: Record) -> Currencies:
    presentment = data.get("presentment_currency") or shop.settings.currency
    rate = decimal_of(data.get("presentment_rate", "1"), "presentment_rate")
    if rate <= 0:
        raise ValueError(f"presentment_rate must be positive, not {rate}")
    if presentment != shop.settings.currency and "presentment_rate" not in data:
        raise ValueError(f"an order in {presentment} needs presentment_rate for {shop.settings.currency}")
    return Currencies(shop.settings.currency, presentment, rate)


def _one(shop: Shop, kind: str, wanted: object, keys: tuple[str, ...], **where: Any) -> Record:
    for key in ("id", *keys):
        found = [r for r in shop.where(kind, **where) if r.get(key) == wanted]
        if found:
            return found[0]
    raise ValueError(f"there is no {kind} {wanted!r} (looked in id, {', '.join(keys)})")


def company_buyer(shop: Shop, data: Record) -> Record:
    company = _one(shop, "Company", data["company"], ("externalId", "name"))
    location, contact = _location(shop, data, company), _contact(shop, data, company)
    if not company_contacts.may_order_at(shop, contact["id"], location["id"]):
        raise ValueError(f"{_email(shop, contact)} has no role at {location['name']} and cannot order there")
    return {
        "_companyId": company["id"],
        "_companyLocationId": location["id"],
        "_companyContactId": contact["id"],
        "_customerId": contact["_customerId"],
        "email": _email(shop, contact),
        "taxExempt": location["taxExempt"],
        "shippingAddress": mailing_address(
            shop, from_company_address(location["shippingAddress"], company["name"])
        ),
        "billingAddress": mailing_address(
            shop, from_company_address(location["billingAddress"], company["name"])
        ),
    }


def _location(shop: Shop, data: Record, company: Record) -> Record:
    places = shop.where("CompanyLocation", _companyId=company["id"])
    if data.get("location"):
        return _one(
            shop, "CompanyLocation", data["location"], ("externalId", "name"), _companyId=company["id"]
        )
    if len(places) != 1:
        raise ValueError(f"{company['name']} has {len(places)} locations; name one")
    return places[0]


def _contact(shop: Shop, data: Record, company: Record) -> Record:
    wanted = data.get("contact")
    people = shop.where("CompanyContact", _companyId=company["id"])
    for person in people:
        if wanted in (person["id"], _email(shop, person)) or (
            not wanted and person["id"] == company["_mainContactId"]
        ):
            return person
    raise ValueError(f"{company['name']} has no contact {wanted or '(main)'}")


def _email(shop: Shop, contact: Record) -> str:
    return str(shop.tables["Customer"][contact["_customerId"]]["email"])


def _customer_buyer(shop: Shop, data: Record) -> Record:
    given = data.get("customer") or ({"email": data["email"]} if data.get("email") else None)
    if given is None:
        return {}
    about = {
        "email": given.get("email"),
        "firstName": given.get("first_name"),
        "lastName": given.get("last_name"),
    }
    person = customers.by_email(shop, about["email"]) or customers.add_customer(shop, about)
    return {"_customerId": person["id"], "email": person["email"], "taxExempt": person["taxExempt"]}


def _line(shop: Shop, currencies: Currencies, row: Record, taxes: list[Record]) -> Charge:
    known(row, _LINE_KEYS, "a line")
    quantity = row.get("quantity", 1)
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
        raise ValueError(f"a line's quantity must be a whole number of at least 1, not {quantity!r}")
    variant = variant_named(shop, row)
    product = shop.get("Product", variant["_productId"]) if variant else None
    title = row.get("title") or (product["title"] if product else None)
    if not title:
        raise ValueError("a line needs a sku or variant of the catalogue, or a title")
    is_taxable = bool(row.get("taxable", variant["taxable"] if variant else True))
    is_default = variant is None or variant["title"] == "Default Title"
    facts = {
        "sku": variant["sku"] if variant else row.get("sku"),
        "variant": variant,
        "variantTitle": row.get("variant_title")
        or (None if is_default or variant is None else variant["title"]),
        "taxable": is_taxable,
        "requiresShipping": row.get("requires_shipping", True),
        "giftCard": row.get("gift_card", False),
        "attributes": attributes(row.get("attributes")),
    }
    price = _price(currencies, row, variant)
    discounts = [
        _discount(currencies, d)
        for d in row.get("discounts") or ([row["discount"]] if "discount" in row else [])
    ]
    own = row.get("taxes", taxes) if is_taxable else []
    duties = [_duty(currencies, row["duty"])] if row.get("duty") else []
    return Charge(title, price, quantity, discounts, [_tax(tax) for tax in own], facts, duties=duties)


def _duty(currencies: Currencies, row: Record) -> Duty:
    return Duty(
        _price(currencies, row, None),
        row.get("harmonized_code"),
        row.get("country_of_origin"),
        [_tax(tax) for tax in row.get("taxes", [])],
    )


def _tip(currencies: Currencies, data: Record) -> list[Charge]:
    """A tip is a line without product and tax, worded in the shop's language; the store puts it first or last."""
    tip = data.get("tip")
    if not tip:
        return []
    facts = {"sku": None, "taxable": False, "requiresShipping": False}
    return [Charge(tip.get("title", "Tip"), _price(currencies, tip, None), facts=facts, is_tip=True)]


def variant_named(shop: Shop, row: Record) -> Record | None:
    """The variant that a row names by `variant` or `sku`; None for a line of its own."""
    if row.get("variant"):
        return _one(shop, "ProductVariant", row["variant"], ("sku",))
    found = shop.where("ProductVariant", sku=row["sku"]) if row.get("sku") else []
    if row.get("sku") and not found and not row.get("title"):
        raise ValueError(f"there is no variant with the SKU {row['sku']!r}; a custom line needs a title")
    return found[0] if found else None


def _price(currencies: Currencies, row: Record, variant: Record | None) -> Pair:
    if "price" not in row and variant is None:
        raise ValueError("a custom line needs a price")
    amount = (
        decimal_of(row["price"], "price") if "price" in row else variant["price"] if variant else Decimal(0)
    )
    if amount < 0:
        raise ValueError(f"a price cannot be negative: {amount}")
    return currencies.pair(amount)


def _tax(row: Record) -> Tax:
    is_channel_liable = bool(row.get("channel_liable"))
    rate = decimal_of(row["rate"], "a tax rate")
    return Tax(str(row.get("title", "Tax")), rate, is_channel_liable=is_channel_liable)


def _discount(currencies: Currencies, given: Record) -> Discount:
    title = str(given.get("title") or given.get("code") or "Discount")
    if given.get("percent") is not None:
        percent = decimal_of(given["percent"], "percent")
        if not 0 <= percent <= 100:
            raise ValueError(f"a discount is 0 to 100 percent, not {percent}")
        return Discount(title, percent=percent, code=given.get("code"))
    amount = decimal_of(given.get("amount"), "a discount's amount")
    if amount < 0:
        raise ValueError(f"a discount cannot be negative: {amount}")
    return Discount(title, amount=currencies.pair(amount), code=given.get("code"))


def _shipping(currencies: Currencies, row: Record, taxes: list[Record]) -> Charge:
    facts = {"code": row.get("code", row.get("title")), "source": row.get("source")}
    discounts = [_discount(currencies, row["discount"])] if row.get("discount") else []
    charged = [_tax(tax) for tax in row.get("taxes", taxes)]
    return Charge(row.get("title", "Standard"), _price(currencies, row, None), 1, discounts, charged, facts)


def attributes(given: Any) -> list[Record]:
    """Attributes from a mapping or a list of {key, value}."""
    if isinstance(given, dict):
        return [{"key": str(key), "value": str(value)} for key, value in given.items()]
    return [{"key": row["key"], "value": row["value"]} for row in given or []]


def _header(shop: Shop, data: Record, buyer: Record) -> Record:
    header: Record = {ours: data[key] for key, ours in _HEADER_NAMES.items() if data.get(key) is not None}
    if "processedAt" in header:
        header["processedAt"] = utc_stamp(header["processedAt"])
    header["customAttributes"] = attributes(data.get("attributes"))
    for key, ours in (("shipping_address", "shippingAddress"), ("billing_address", "billingAddress")):
        header[ours] = mailing_address(shop, input_of_person(data.get(key))) or buyer.get(ours)
    return header


def _payment(shop: Shop, data: Record) -> tuple[Record | None, list[Record]]:
    if data.get("payment_terms"):
        if data.get("paid"):
            raise ValueError("an order is either on payment terms or paid")
        template = _one(shop, "PaymentTermsTemplate", data["payment_terms"], ("name",))
        if template["paymentTermsType"] == "FIXED" and not data.get("due_at"):
            raise ValueError("fixed payment terms need due_at")
        due_at = utc_stamp(data["due_at"]) if data.get("due_at") else None
        terms = {**template, "_dueAt": due_at, "_instalments": data.get("instalments")}
        return terms, [{"gateway": "manual", "status": "PENDING"}]
    if data.get("instalments"):
        raise ValueError("instalments need payment_terms")
    if data.get("paid"):
        gateway = data["paid"] if isinstance(data["paid"], str) else "shopify_payments"
        return None, [{"gateway": gateway, "status": "SUCCESS", "test": data.get("test")}]
    return None, [{"gateway": "manual", "status": "PENDING"}]


def order_named(shop: Shop, data: Record) -> Record:
    """The order that `order` names by id or name."""
    return _one(shop, "Order", data.get("order"), ("name",))


@action("cancel_order")
def cancel_order(shop: Shop, data: Record) -> Record:
    """Cancel an order; `reason` as in OrderCancelReason, `refund` gives the money back."""
    order = order_named(shop, data)
    if order["cancelledAt"]:
        raise ValueError(f"{order['name']} is already cancelled")
    order_changes.cancel(
        shop,
        order,
        data.get("reason", "CUSTOMER"),
        is_refunded=bool(data.get("refund")),
        is_restocked=bool(data.get("restock", True)),
    )
    return _named(order)


@action("pay_order")
def pay_order(shop: Shop, data: Record) -> Record:
    """Pay the whole outstanding amount, or `amount` of it in shop currency."""
    order = order_named(shop, data)
    bag = order["totalOutstandingSet"]
    outstanding = Pair(bag["shopMoney"]["amount"], bag["presentmentMoney"]["amount"])
    if outstanding.shop <= 0:
        raise ValueError(f"{order['name']} has nothing outstanding")
    amount = outstanding
    if data.get("amount") is not None:
        part = decimal_of(data["amount"], "amount")
        if not 0 < part <= outstanding.shop:
            raise ValueError(f"{order['name']} has {outstanding.shop} outstanding; {part} cannot be paid")
        amount = Pair(
            part, rounded(part * outstanding.presentment / outstanding.shop, order["presentmentCurrencyCode"])
        )
    order_changes.pay(shop, order, amount, str(data.get("gateway", "manual")))
    return _named(order)
