"""Draft orders: an order that a clerk or an app prepares, and its completion."""

from __future__ import annotations

from decimal import Decimal

from hub.sandbox.shopify import customers, inventory, metafields
from hub.sandbox.shopify.addresses import from_company_address, mailing_address
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.money import Currencies, Pair, pair_of, rounded
from hub.sandbox.shopify.order_building import build_order, payment_terms, priced_facts
from hub.sandbox.shopify.paging import by_id, page
from hub.sandbox.shopify.pricing import Basket, Charge, Discount, Tax
from hub.sandbox.shopify.registry import field, mutation, query
from hub.sandbox.shopify.search import id_field, searched, tag_field, text_field, time_field
from hub.sandbox.shopify.shop import Shop
from hub.sandbox.shopify.tags import sorted_tags

GONE = "Draft order not found"
LONGEST_TAG = 40
# What a draft comes to depends on these.
_PRICED = {"lineItems", "shippingLine", "appliedDiscount"}
_MATCHERS = {
    "": text_field("name"),
    "customer_id": id_field("_customerId"),
    "id": id_field(),
    "status": text_field("status"),
    "tag": tag_field,
    "updated_at": time_field("updatedAt"),
}


@query("draftOrder")
def draft_order(shop: Shop, args: Args) -> Record | None:
    return shop.read("DraftOrder", args["id"])


@query("draftOrders")
def draft_orders(shop: Shop, args: Args) -> Record:
    seen = [draft for draft in shop.every("DraftOrder") if shop.indexed_stamp(draft)]
    found = searched(shop, "draftOrders", seen, args.get("query"), _MATCHERS)
    return page(found, args, (lambda d: d["updatedAt"]) if args.get("sortKey") == "UPDATED_AT" else by_id)


@field("DraftOrder.order")
def completed_order(shop: Shop, draft: Record, _args: Args) -> Record | None:
    return shop.get("Order", draft["_orderId"])


def _line(shop: Shop, currencies: Currencies, row: Record, index: int) -> Charge:
    path = ["lineItems", str(index)]
    variant = shop.get("ProductVariant", row.get("variantId"))
    if row.get("variantId") and variant is None:
        raise Refused([*path, "variantId"], "Product with ID is no longer available.")
    if row["quantity"] < 1:
        raise Refused([*path, "quantity"], "Quantity must be greater than or equal to 1")
    product = shop.get("Product", variant["_productId"]) if variant else None
    title = product["title"] if product else row.get("title")
    if not title:
        raise Refused([*path, "title"], "Title can't be blank")
    facts = {
        "sku": variant["sku"] if variant else row.get("sku"),
        "variant": variant,
        "requiresShipping": row.get("requiresShipping", True),
        "taxable": row.get("taxable", True),
        "attributes": row.get("customAttributes") or [],
    }
    discounts = _discounts(currencies, row.get("appliedDiscount"), pieces=row["quantity"])
    taxes = _taxes(shop) if facts["taxable"] else []
    return Charge(title, _price(currencies, row, variant), row["quantity"], discounts, taxes, facts)


def _taxes(shop: Shop) -> list[Tax]:
    return [Tax(title, rate) for title, rate in shop.settings.taxes]


def _price(currencies: Currencies, row: Record, variant: Record | None) -> Pair:
    override, own = row.get("priceOverride"), row.get("originalUnitPriceWithCurrency")
    if override:
        return currencies.pair(override["amount"])
    if variant:
        return currencies.pair(variant["price"])
    return currencies.pair(own["amount"] if own else row.get("originalUnitPrice") or Decimal(0))


def _discounts(currencies: Currencies, given: Record | None, pieces: int = 1) -> list[Discount]:
    if not given:
        return []
    title = given.get("title") or given.get("description") or "Custom discount"
    value = Decimal(str(given["value"]))
    if given["valueType"] == "PERCENTAGE":
        return [Discount(title, percent=value)]
    return [Discount(title, amount=currencies.pair(rounded(value, currencies.shop) * pieces))]


def _facts(shop: Shop, given: Record) -> Record:
    currencies = Currencies(
        shop.settings.currency, given.get("presentmentCurrencyCode") or shop.settings.currency
    )
    shipping = given.get("shippingLine") or {}
    price = (shipping.get("priceWithCurrency") or {}).get("amount") or shipping.get("price") or Decimal(0)
    charged = Charge(shipping.get("title") or "Shipping", currencies.pair(price), taxes=_taxes(shop))
    charges = [charged] if shipping else []
    basket = Basket(
        currencies,
        shop.settings.taxes_included,
        [_line(shop, currencies, row, index) for index, row in enumerate(given.get("lineItems") or [])],
        charges,
        _discounts(currencies, given.get("appliedDiscount")),
    )
    return {**priced_facts(shop, basket), "_basket": basket}


def _buyer(shop: Shop, given: Record) -> Record:
    entity = given.get("purchasingEntity") or {}
    company = entity.get("purchasingCompany")
    if company:
        return _company_buyer(shop, company)
    gid = entity.get("customerId") or given.get("customerId")
    customer = shop.get("Customer", gid)
    if gid and customer is None:
        raise Refused(["customerId"], "Customer does not exist")
    customer = customer or customers.by_email(shop, given.get("email"))
    return {"_customerId": customer["id"] if customer else None, **_NO_COMPANY}


_NO_COMPANY: Record = {"_companyId": None, "_companyLocationId": None, "_companyContactId": None}


def _company_buyer(shop: Shop, given: Record) -> Record:
    company = shop.get("Company", given["companyId"])
    contact, location = shop.get("CompanyContact", given["companyContactId"]), None
    if company and contact and contact["_companyId"] == company["id"]:
        location = shop.get("CompanyLocation", given["companyLocationId"])
    if company is None or contact is None or location is None or location["_companyId"] != company["id"]:
        raise Refused(["purchasingEntity"], "Purchasing company is invalid")
    return {
        "_companyId": company["id"],
        "_companyLocationId": location["id"],
        "_companyContactId": contact["id"],
        "_customerId": contact["_customerId"],
    }


def _terms_template(shop: Shop, given: Record) -> Record | None:
    wanted = given.get("paymentTerms")
    if not wanted:
        return None
    template = shop.get("PaymentTermsTemplate", wanted.get("paymentTermsTemplateId"))
    if template is None:
        raise Refused(["paymentTerms"], "Payment terms template is invalid")
    schedule = (wanted.get("paymentSchedules") or [{}])[0]
    return {**template, "_issuedAt": schedule.get("issuedAt"), "_dueAt": schedule.get("dueAt")}


def _about(shop: Shop, given: Record) -> Record:
    """What the input says beside buyer and basket."""
    return {
        "email": given.get("email"),
        "phone": given.get("phone"),
        "note2": given.get("note"),
        "tags": sorted_tags(given.get("tags") or []),
        "poNumber": given.get("poNumber"),
        "taxExempt": bool(given.get("taxExempt")),
        "customAttributes": given.get("customAttributes") or [],
        "shippingAddress": mailing_address(shop, given.get("shippingAddress")),
        "billingAddress": mailing_address(shop, given.get("billingAddress")),
    }


@mutation("draftOrderCreate")
def draft_order_create(shop: Shop, args: Args) -> Record:
    given = args["input"]
    if not given.get("lineItems"):
        raise Refused(None, "Add at least 1 product")
    whole = {**_facts(shop, given), **_buyer(shop, given), **_about(shop, given)}
    template = _terms_template(shop, given)
    _check_tags(given)
    draft = shop.add(
        "DraftOrder",
        {
            "name": f"#D{shop.number('draft')}",
            "status": "OPEN",
            "ready": True,
            "completedAt": None,
            "invoiceUrl": f"https://{shop.settings.domain}/invoices/{shop.last_id}",
            "_orderId": None,
            "_sourceName": given.get("sourceName"),
            "_given": given,
            **whole,
        },
    )
    draft["_template"], draft["_terms"] = template, payment_terms(shop, draft, template) if template else None
    _as_draft_lines(draft)
    shop.hide_new(draft)
    _tell(shop, "draft_orders/create", draft)
    for row in given.get("metafields") or []:
        metafields.write(shop, draft["id"], row)
    return {"draftOrder": draft}


def _check_tags(given: Record) -> None:
    if any(len(tag) > LONGEST_TAG for tag in given.get("tags") or []):
        raise Refused(["tags"], f"Tag is too long (maximum is {LONGEST_TAG} characters)")


def _as_draft_lines(draft: Record) -> None:
    for line in draft["_lines"]:
        line["id"] = line["id"].replace("/LineItem/", "/DraftOrderLineItem/")
        line |= {"uuid": line["id"].rpartition("/")[2], "custom": line["_variantId"] is None}


@mutation("draftOrderUpdate")
def draft_order_update(shop: Shop, args: Args) -> Record:
    draft, given = shop.get("DraftOrder", args["id"]), args["input"]
    if draft is None:
        raise Refused(["id"], GONE)
    if draft["status"] == "COMPLETED":
        raise Refused(
            ["id"], "Draft order has been completed and cannot be updated", payload={"draftOrder": draft}
        )
    said = _about(shop, given)
    _check_tags(given)
    # What is not named stays as it is.
    whole = {**draft["_given"], **given}
    if "lineItems" in given and not given["lineItems"]:
        raise Refused(None, "Add at least 1 product")
    buyer = _buyer(shop, given) if "purchasingEntity" in given or "customerId" in given else {}
    template = _terms_template(shop, whole)
    if _PRICED & given.keys():
        draft.update(_facts(shop, whole))
        _as_draft_lines(draft)
    draft.update({key: said[key] for key in said if key in given or (key == "note2" and "note" in given)})
    draft.update({**buyer, "_given": whole, "_template": template})
    draft["_terms"] = payment_terms(shop, draft, template) if template else None
    shop.touch(draft)
    _tell(shop, "draft_orders/update", draft)
    return {"draftOrder": draft}


@mutation("draftOrderDelete")
def draft_order_delete(shop: Shop, args: Args) -> Record:
    draft = shop.get("DraftOrder", args["input"]["id"])
    if draft is None:
        raise Refused(["id"], GONE)
    shop.remove(draft)
    return {"deletedId": draft["id"]}


@mutation("draftOrderComplete")
def draft_order_complete(shop: Shop, args: Args) -> Record:
    draft = shop.get("DraftOrder", args["id"])
    if draft is None:
        raise Refused(["id"], GONE)
    if draft["status"] == "COMPLETED":
        raise Refused(None, "This order has been paid", payload={"draftOrder": draft})
    is_pending = bool(args.get("paymentPending")) or draft["_template"] is not None
    order = _order_of(shop, draft, is_pending=is_pending)
    draft |= {"status": "COMPLETED", "completedAt": shop.now(), "_orderId": order["id"]}
    shop.touch(draft)
    _tell(shop, "draft_orders/update", draft)
    return {"draftOrder": draft}


def _tell(shop: Shop, topic: str, draft: Record) -> None:
    """The head of the draft order, as it is when the webhook is triggered."""
    body = {
        "id": int(draft["id"].rpartition("/")[2]),
        "admin_graphql_api_id": draft["id"],
        "name": draft["name"],
        "note": draft["note2"],
        "email": draft["email"],
        "currency": shop.settings.currency,
        "status": draft["status"].lower(),
        "order_id": int(draft["_orderId"].rpartition("/")[2]) if draft["_orderId"] else None,
        "created_at": draft["createdAt"],
        "updated_at": draft["updatedAt"],
        "tags": ", ".join(draft["tags"]),
    }
    shop.emit(topic, lambda: body)


def _order_of(shop: Shop, draft: Record, *, is_pending: bool) -> Record:
    basket: Basket = draft["_basket"]
    for charge in [*basket.lines, *basket.shipping]:
        charge.allocations = []
    basket.applications = []
    copied = [
        "email",
        "phone",
        "poNumber",
        "taxExempt",
        "customAttributes",
        "shippingAddress",
        "billingAddress",
        "tags",
        "_customerId",
    ]
    header: Record = {key: draft[key] for key in (*copied, *_NO_COMPANY)}
    header |= {"note": draft["note2"], "sourceName": str(shop.settings.app_id)}
    location = shop.get("CompanyLocation", draft["_companyLocationId"])
    if location:
        name = shop.tables["Company"][location["_companyId"]]["name"]
        for key in ("shippingAddress", "billingAddress"):
            header[key] = header[key] or mailing_address(shop, from_company_address(location[key], name))
    if header["_customerId"] is None and draft["email"]:
        header["_customerId"] = customers.add_customer(shop, {"email": draft["email"]})["id"]
    amount = basket.currencies.bag(pair_of(draft["totalPriceSet"]))
    payment = {"gateway": "manual", "status": "PENDING" if is_pending else "SUCCESS", "amountSet": amount}
    order = build_order(shop, basket, header, terms=draft["_template"], payments=[payment])
    inventory.commit(shop, order)
    return order
