"""orderCreate: an order made by an app, with prices, taxes and payments as the app says."""

from __future__ import annotations

from decimal import Decimal

from hub.sandbox.shopify import company_contacts, customers, inventory, metafields
from hub.sandbox.shopify.addresses import from_company_address, mailing_address
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.money import ZERO, Currencies, Pair, rounded, shares
from hub.sandbox.shopify.order_building import build_order
from hub.sandbox.shopify.pricing import Basket, Charge, Discount, Tax
from hub.sandbox.shopify.registry import mutation
from hub.sandbox.shopify.shop import Shop

_COPIED = ["email", "phone", "note", "poNumber", "sourceIdentifier", "test", "tags", "customAttributes"]


@mutation("orderCreate")
def order_create(shop: Shop, args: Args) -> Record:
    given = args["order"]
    lines = given.get("lineItems") or []
    if not lines:
        raise Refused(["order", "lineItems"], "Line items must have at least one line item", "INVALID")
    if given.get("processedAt") and given["processedAt"] > shop.now():
        raise Refused(["order", "processedAt"], "Processed at must be in the past", "PROCESSED_AT_INVALID")
    currencies = _currencies(shop, given)
    basket = Basket(
        currencies,
        bool(given.get("taxesIncluded")),
        [_line(shop, currencies, row, index) for index, row in enumerate(lines)],
        [_shipping(currencies, row) for row in given.get("shippingLines") or []],
        _discounts(currencies, given.get("discountCode") or {}),
    )
    _check_taxes(given)
    _spread_taxes(basket, given.get("taxLines") or [])
    header = _header(shop, given)
    _check_metafields(shop, given)
    order = build_order(shop, basket, header, payments=_payments(currencies, given))
    if (args.get("options") or {}).get("inventoryBehaviour", "BYPASS") != "BYPASS":
        inventory.commit(shop, order)
    for row in given.get("metafields") or []:
        metafields.write(shop, order["id"], row)
    return {"order": order}


def _check_metafields(shop: Shop, given: Record) -> None:
    for index, row in enumerate(given.get("metafields") or []):
        try:
            metafields.check_row(shop, index, {**row, "ownerId": "gid://shopify/Order/0"})
        except Refused as refused:
            raise Refused(["order", "metafields", str(index)], str(refused), "INVALID") from refused


def _check_taxes(given: Record) -> None:
    on_lines = [
        row for key in ("lineItems", "shippingLines") for row in given.get(key) or [] if row.get("taxLines")
    ]
    if given.get("taxLines") and on_lines:
        message = (
            "Tax lines can be specified on the order or on its line items and shipping lines, but not both"
        )
        raise Refused(["order", "taxLines"], message, "INVALID")


def _currencies(shop: Shop, given: Record) -> Currencies:
    currency = given.get("currency") or shop.settings.currency
    return Currencies(currency, given.get("presentmentCurrency") or currency)


def _pair(currencies: Currencies, bag: Record | None) -> Pair | None:
    if bag is None:
        return None
    amount = rounded(bag["shopMoney"]["amount"], currencies.shop)
    presentment = bag.get("presentmentMoney")
    return Pair(amount, rounded(presentment["amount"], currencies.presentment) if presentment else amount)


def _taxes(currencies: Currencies, rows: list[Record], path: list[str]) -> list[Tax]:
    for row in rows:
        if row["rate"] is None:
            raise Refused([*path, "taxLines"], "Tax line rate is missing", "TAX_LINE_RATE_MISSING")
    return [
        Tax(row["title"], row["rate"], _pair(currencies, row.get("priceSet")), bool(row.get("channelLiable")))
        for row in rows
    ]


def _line(shop: Shop, currencies: Currencies, row: Record, index: int) -> Charge:
    path = ["order", "lineItems", str(index)]
    variant = shop.get("ProductVariant", row.get("variantId"))
    if row.get("variantId") and variant is None:
        raise Refused([*path, "variantId"], "Variant does not exist", "INVALID")
    product = shop.get("Product", variant["_productId"]) if variant else None
    title = row.get("title") or (product["title"] if product else None)
    if not title:
        raise Refused([*path, "title"], "Title can't be blank", "INVALID")
    if row["quantity"] < 1:
        raise Refused([*path, "quantity"], "Quantity must be greater than 0", "INVALID")
    price = _pair(currencies, row.get("priceSet"))
    if price and price.shop < 0:
        raise Refused([*path, "priceSet"], "Price must be greater than or equal to 0", "INVALID")
    facts = {
        "sku": row.get("sku") or (variant["sku"] if variant else None),
        "variant": variant,
        "variantTitle": row.get("variantTitle"),
        "vendor": row.get("vendor"),
        "requiresShipping": row.get("requiresShipping", False),
        "taxable": row.get("taxable", True),
        "giftCard": row.get("giftCard", False),
        "attributes": [{"key": p["name"], "value": p["value"]} for p in row.get("properties") or []],
    }
    catalog = currencies.pair(variant["price"]) if variant else ZERO
    taxes = _taxes(currencies, row.get("taxLines") or [], path)
    return Charge(title, price or catalog, row["quantity"], taxes=taxes, facts=facts)


def _shipping(currencies: Currencies, row: Record) -> Charge:
    price = _pair(currencies, row["priceSet"]) or ZERO
    taxes = _taxes(currencies, row.get("taxLines") or [], ["order", "shippingLines"])
    return Charge(
        row["title"], price, taxes=taxes, facts={"code": row.get("code"), "source": row.get("source")}
    )


def _discounts(currencies: Currencies, given: Record) -> list[Discount]:
    percent, fixed = given.get("itemPercentageDiscountCode"), given.get("itemFixedDiscountCode")
    if percent:
        return [Discount(percent["code"], percent=Decimal(str(percent["percentage"])), code=percent["code"])]
    if fixed:
        return [Discount(fixed["code"], amount=_pair(currencies, fixed.get("amountSet")), code=fixed["code"])]
    return []


def _spread_taxes(basket: Basket, rows: list[Record]) -> None:
    """Taxes given for the whole order are split over the taxable lines by their value."""
    taxable = [line for line in basket.lines if line.facts["taxable"]]
    for row in rows:
        whole = _pair(basket.currencies, row.get("priceSet"))
        if whole is None:
            for line in taxable:
                line.taxes.append(Tax(row["title"], row["rate"], None, bool(row.get("channelLiable"))))
            continue
        in_shop = shares(whole.shop, [line.gross.shop for line in taxable], basket.currencies.shop)
        buyers = shares(
            whole.presentment, [line.gross.presentment for line in taxable], basket.currencies.presentment
        )
        for line, shop_share, share in zip(taxable, in_shop, buyers, strict=True):
            line.taxes.append(
                Tax(row["title"], row["rate"], Pair(shop_share, share), bool(row.get("channelLiable")))
            )


def _header(shop: Shop, given: Record) -> Record:
    header: Record = {key: given[key] for key in _COPIED if given.get(key) is not None}
    header["sourceName"] = given.get("sourceName") or str(shop.settings.app_id)
    for key in ("name", "processedAt"):
        if given.get(key):
            header[key] = given[key]
    if given.get("closedAt"):
        header |= {"closed": True, "closedAt": given["closedAt"]}
    if given.get("financialStatus"):
        header["displayFinancialStatus"] = given["financialStatus"]
    header["shippingAddress"] = mailing_address(shop, given.get("shippingAddress"))
    header["billingAddress"] = mailing_address(shop, given.get("billingAddress"))
    customer = _customer(shop, given)
    if customer:
        header["_customerId"] = customer["id"]
        header.setdefault("email", customer["email"])
    return header | _company(shop, given, customer)


def _customer(shop: Shop, given: Record) -> Record | None:
    wanted = given.get("customer") or {}
    if given.get("customerId") and wanted:
        message = "Only one of customerId and customer can be given"
        raise Refused(["order", "customer"], message, "REDUNDANT_CUSTOMER_FIELDS")
    associate, upsert = wanted.get("toAssociate") or {}, wanted.get("toUpsert") or {}
    gid = given.get("customerId") or associate.get("id") or upsert.get("id")
    found = shop.get("Customer", gid)
    if gid and found is None:
        raise Refused(["order", "customer"], "Customer does not exist", "INVALID")
    email = associate.get("email") or upsert.get("email") or given.get("email")
    found = found or customers.by_email(shop, email)
    if found is None and email:
        found = customers.add_customer(shop, {**upsert, "email": email})
    return found


def _company(shop: Shop, given: Record, customer: Record | None) -> Record:
    if not given.get("companyLocationId"):
        return {}
    location = shop.get("CompanyLocation", given["companyLocationId"])
    if location is None:
        raise Refused(["order", "companyLocationId"], "Company location does not exist", "INVALID")
    contacts = shop.where("CompanyContact", _companyId=location["_companyId"])
    mine = [c for c in contacts if customer and c["_customerId"] == customer["id"]]
    if not mine or not company_contacts.may_order_at(shop, mine[0]["id"], location["id"]):
        message = "Customer does not have the permissions to place this order"
        raise Refused(["order", "companyLocationId"], message, "INVALID")
    header = {
        "_companyId": location["_companyId"],
        "_companyLocationId": location["id"],
        "_companyContactId": mine[0]["id"],
    }
    name = shop.tables["Company"][location["_companyId"]]["name"]
    for key in ("shippingAddress", "billingAddress"):
        if not given.get(key):
            header[key] = mailing_address(shop, from_company_address(location[key], name))
    return header


def _payments(currencies: Currencies, given: Record) -> list[Record]:
    return [
        {**row, "amountSet": currencies.bag(_pair(currencies, row["amountSet"]) or ZERO)}
        for row in given.get("transactions") or []
    ]
