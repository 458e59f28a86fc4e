"""Open edits of orders: what is staged, and what of it is refused. Nothing here touches the order.

Words and fields of refusals are those of recorded conversations and their notes where there are any; the others are
ours. "One open session per order": a session ends with its commit, or when nobody has committed it for a while.
"""

from __future__ import annotations

import uuid
from decimal import Decimal

from hub.sandbox.shopify.errors import Record, Refused
from hub.sandbox.shopify.money import Currencies, Pair, pair_of, rounded
from hub.sandbox.shopify.order_building import currencies_of
from hub.sandbox.shopify.shop import Shop

KIND = "CalculatedOrder"
SESSION_SECONDS = 15.0
"""How long an edit that nobody commits keeps others out; how long the real store waits is not evidenced."""
LONGEST_TITLE = 255
NOT_EDITABLE = "The order cannot be edited."
BEGUN_ALREADY = "This order already has an order edit in progress."
NO_SUCH_LINE = "The line item does not exist on the order."
TOO_FEW = "must be greater than 0"
NEGATIVE = "must be greater than or equal to 0"


def reasons(shop: Shop, order: Record) -> list[str]:
    """Why nothing of the order can be edited, as `merchantEditableErrors`."""
    found = []
    if order["cancelledAt"]:
        found.append("The order is cancelled.")
    if order["displayFinancialStatus"] in ("REFUNDED", "VOIDED"):
        found.append(f"The order is {order['displayFinancialStatus'].lower()}.")
    if order["presentmentCurrencyCode"] != shop.settings.currency:
        found.append("The order was placed in another currency than the store's.")
    return found


def begin(shop: Shop, order: Record, *, by_staff: bool = False) -> Record:
    """Open an edit of the order. Staff in the admin do not wait for apps; who commits first wins."""
    if reasons(shop, order):
        raise Refused(None, NOT_EDITABLE)
    if not by_staff and any(_is_open(shop, one) for one in shop.where(KIND, _orderId=order["id"])):
        raise Refused(["base"], BEGUN_ALREADY)
    made = shop.add(
        KIND,
        {
            "_orderId": order["id"],
            "_openedAt": shop.monotonic(),
            "_isDone": False,
            "_editsBefore": order.get("_edits", 0),
            "_lines": [_existing(line) for line in order["_lines"]],
            "_shipping": [_existing_charge(one) for one in order["_shippingLines"] if not one["isRemoved"]],
        },
    )
    made["_sessionId"] = made["id"].replace(KIND, "OrderEditSession")
    return made


def _is_open(shop: Shop, session: Record) -> bool:
    return not session["_isDone"] and shop.monotonic() - session["_openedAt"] < SESSION_SECONDS


def opened(shop: Shop, gid: str, code: str | None = None) -> Record:
    """The open edit of this id, of the calculated order's or the session's."""
    found = shop.get(KIND, gid.replace("OrderEditSession", KIND))
    if found is None or not _is_open(shop, found) or shop.get("Order", found["_orderId"]) is None:
        raise Refused(["id"], "The calculated order does not exist.", code)
    return found


def order_of(shop: Shop, session: Record) -> Record:
    """The order that is edited, without the changes."""
    return shop.tables["Order"][session["_orderId"]]


def in_session(session: Record, line: Record) -> Record:
    """A calculated line as the fields of its type read it."""
    return {**line, "_session": session}


# --------------------------------------------------------------------------------------------------- lines


def _existing(line: Record) -> Record:
    return {
        "id": f"gid://shopify/CalculatedLineItem/{line['id'].rpartition('/')[2]}",
        "title": line["title"],
        "variantTitle": line["variantTitle"],
        "sku": line["sku"],
        "customAttributes": line["customAttributes"],
        "originalUnitPriceSet": line["originalUnitPriceSet"],
        "quantity": line["currentQuantity"],
        "_line": line,
        "_variantId": line["_variantId"],
        "_before": line["currentQuantity"],
        "_restocks": False,
        "_manual": [_manual(a) for a in line["discountAllocations"] if is_manual(a["discountApplication"])],
        "_discountIsStaged": False,
    }


def is_manual(application: Record) -> bool:
    """Whether it is a manual discount of one line: the kind that edits add, change and remove."""
    facts = (application["__typename"], application["targetType"], application["targetSelection"])
    return facts == ("ManualDiscountApplication", "LINE_ITEM", "EXPLICIT")


def _manual(allocation: Record) -> Record:
    application = allocation["discountApplication"]
    return {
        "id": f"gid://shopify/CalculatedManualDiscountApplication/{uuid.uuid4()}",
        "description": application["description"],
        "value": application["value"],
        "_application": application,
        "_perPiece": None,
        "_percent": None,
    }


def sent_of(line: Record | None) -> int:
    """How many pieces of an order's line were sent and did not come back."""
    return max(0, line.get("_fulfilled", 0) - line.get("_returned", 0)) if line else 0


def line_of(session: Record, gid: str, path: str = "lineItemId") -> Record:
    """The calculated line of this id."""
    for line in session["_lines"]:
        if line["id"] == gid:
            found: Record = line
            return found
    raise Refused([path], NO_SUCH_LINE)


def set_quantity(session: Record, line: Record, quantity: int, *, restocks: bool) -> None:
    """Stage a new quantity; a line that was added by this edit goes with its last piece."""
    sent = sent_of(line["_line"])
    if quantity < 0:
        raise Refused(["quantity"], NEGATIVE)
    if line["_line"] and not line["_before"] - sent:
        raise Refused(["lineItemId"], "The line item has no unfulfilled quantity to edit.")
    if quantity < sent:
        raise Refused(["quantity"], f"must be greater than or equal to the fulfilled quantity of {sent}")
    line["quantity"], line["_restocks"] = quantity, restocks
    if line["_line"] is None and quantity == 0:
        session["_lines"].remove(line)


def add_variant(
    shop: Shop, session: Record, variant: Record | None, quantity: int, *, may_repeat: bool
) -> Record:
    """Stage a line with a variant at the catalogue's price."""
    if variant is None:
        raise Refused(["variantId"], "The variant does not exist in the shop.")
    if quantity <= 0:
        raise Refused(["quantity"], TOO_FEW)
    if not may_repeat:
        for line in session["_lines"]:
            if line["_variantId"] == variant["id"] and line["quantity"]:
                raise Refused(["id"], f"{line['title']} was not added because it's already on the order.")
    product = shop.tables["Product"][variant["_productId"]]
    item = shop.get("InventoryItem", variant["_inventoryItemId"])
    is_plain = variant["title"] == "Default Title"
    return _added(
        shop,
        session,
        quantity,
        variant["price"],
        {
            "title": product["title"],
            "variantTitle": None if is_plain else variant["title"],
            "sku": variant["sku"],
            "vendor": product["vendor"],
            "taxable": variant["taxable"],
            "requiresShipping": bool(item["requiresShipping"]) if item else True,
            "_variantId": variant["id"],
            "_productId": variant["_productId"],
        },
    )


def add_custom(shop: Shop, session: Record, given: Record) -> Record:
    """Stage a line without a variant: no SKU, no tax lines, no properties can be given."""
    title, currencies = given["title"], currencies_of(order_of(shop, session))
    if not title.strip():
        raise Refused(["title"], "can't be blank")
    if len(title) > LONGEST_TITLE:
        raise Refused(["title"], f"is too long (maximum is {LONGEST_TITLE} characters)")
    if given["quantity"] <= 0:
        raise Refused(["quantity"], TOO_FEW)
    price = money_in(currencies, given["price"], ["price", "amount"], "Currency must be {}.")
    taxable = given.get("taxable")
    facts = {
        "title": title,
        "variantTitle": None,
        "sku": None,
        "vendor": None,
        "taxable": True if taxable is None else taxable,
        "requiresShipping": bool(given.get("requiresShipping")),
        "_variantId": None,
        "_productId": None,
    }
    return _added(shop, session, given["quantity"], price, facts)


def _added(shop: Shop, session: Record, quantity: int, price: Decimal, facts: Record) -> Record:
    line = {
        "id": f"gid://shopify/CalculatedLineItem/{uuid.uuid4()}",
        "customAttributes": [],
        "quantity": quantity,
        "originalUnitPriceSet": currencies_of(order_of(shop, session)).bag(Pair(price, price)),
        "_line": None,
        "_before": 0,
        "_restocks": False,
        "_manual": [],
        "_discountIsStaged": False,
        **facts,
    }
    session["_lines"].append(line)
    return line


def money_in(
    currencies: Currencies, money: Record, path: list[str], words: str, code: str | None = None
) -> Decimal:
    """An amount of the order's currency that is not below zero, to the minor unit; refused else."""
    amount: Decimal = money["amount"]
    if money["currencyCode"] != currencies.presentment:
        raise Refused(path, words.format(currencies.presentment), code)
    if amount < 0:
        raise Refused(path, NEGATIVE, code)
    if amount != rounded(amount, currencies.presentment):
        raise Refused(path, f"has more decimals than {currencies.presentment} has", code)
    return amount


# ----------------------------------------------------------------------------------------------- discounts


def add_discount(shop: Shop, session: Record, line: Record, given: Record) -> Record:
    """Stage a manual discount of a line. One line has one: another is given by changing it."""
    if sent_of(line["_line"]):
        raise Refused(["lineItemId"], "Discounts cannot be changed on fulfilled line items.")
    if line["_manual"]:
        raise Refused(["lineItemId"], "The line item already has a manual discount.")
    made = {
        "id": f"gid://shopify/CalculatedManualDiscountApplication/{uuid.uuid4()}",
        "_application": None,
        **_valued(shop, session, line, given),
    }
    line["_manual"], line["_discountIsStaged"] = [made], True
    return made


def update_discount(shop: Shop, session: Record, gid: str, given: Record) -> None:
    """Stage other terms for a manual discount."""
    line, found = _discount(session, gid)
    found.update(_valued(shop, session, line, given, "INVALID"), _application=None)
    line["_discountIsStaged"] = True


def remove_discount(session: Record, gid: str) -> Record:
    """Stage that a manual discount falls away; returns its line."""
    line, found = _discount(session, gid)
    line["_manual"].remove(found)
    line["_discountIsStaged"] = True
    return line


def _discount(session: Record, gid: str) -> tuple[Record, Record]:
    for line in session["_lines"]:
        for one in line["_manual"]:
            if one["id"] == gid:
                if sent_of(line["_line"]):
                    words = "Discounts cannot be changed on fulfilled line items."
                    raise Refused(["discountApplicationId"], words, "INVALID")
                return line, one
    raise Refused(["discountApplicationId"], "The discount does not exist on the order.", "INVALID")


def _valued(shop: Shop, session: Record, line: Record, given: Record, code: str | None = None) -> Record:
    currencies, path = currencies_of(order_of(shop, session)), ["discount"]
    fixed, percent = given.get("fixedValue"), given.get("percentValue")
    if (fixed is None) == (percent is None):
        raise Refused(path, "Either a fixed value or a percentage must be given.", code)
    value: Record
    if fixed is not None:
        amount = money_in(currencies, fixed, [*path, "fixedValue"], "Currency must be {}.", code)
        if not 0 < amount <= pair_of(line["originalUnitPriceSet"]).presentment:
            raise Refused([*path, "fixedValue"], "must be greater than 0 and at most the unit price", code)
        value = {"__typename": "MoneyV2", "amount": amount, "currencyCode": currencies.presentment}
        return {
            "description": given.get("description"),
            "value": value,
            "_perPiece": amount,
            "_percent": None,
        }
    if percent is None or not 0 < percent <= 100:
        raise Refused([*path, "percentValue"], "must be greater than 0 and at most 100", code)
    value = {"__typename": "PricingPercentageValue", "percentage": percent}
    return {
        "description": given.get("description"),
        "value": value,
        "_perPiece": None,
        "_percent": Decimal(str(percent)),
    }


# ------------------------------------------------------------------------------------------------ shipping


def _existing_charge(charge: Record) -> Record:
    return {
        "id": f"gid://shopify/CalculatedShippingLine/{charge['id'].rpartition('/')[2]}",
        "title": charge["title"],
        "price": charge["originalPriceSet"],
        "stagedStatus": "NONE",
        "_line": charge,
    }


def add_shipping(shop: Shop, session: Record, given: Record) -> Record:
    """Stage a custom shipping charge."""
    currencies = currencies_of(order_of(shop, session))
    path = ["shippingLine", "price"]
    price = money_in(currencies, given["price"], path, "The price must be in {}.", "INVALID")
    if not given["title"].strip():
        raise Refused(["shippingLine", "title"], "can't be blank", "INVALID")
    made = {
        "id": f"gid://shopify/CalculatedShippingLine/{uuid.uuid4()}",
        "title": given["title"],
        "price": currencies.bag(Pair(price, price)),
        "stagedStatus": "ADDED",
        "_line": None,
    }
    session["_shipping"].append(made)
    return made


def update_shipping(shop: Shop, session: Record, gid: str, given: Record) -> None:
    """Change a charge that this edit added; older ones can only be removed."""
    words = "The shipping line can't be updated because it doesn't exist or wasn't added during this edit."
    charge = _charge(session, gid, words, ("ADDED",))
    currencies = currencies_of(order_of(shop, session))
    if given.get("price"):
        path = ["shippingLine", "price"]
        price = money_in(currencies, given["price"], path, "The price must be in {}.", "INVALID")
        charge["price"] = currencies.bag(Pair(price, price))
    if given.get("title"):
        charge["title"] = given["title"]


def remove_shipping(session: Record, gid: str) -> None:
    """Stage that a charge falls away."""
    words = "The shipping line can't be removed because it doesn't exist or has already been removed."
    charge = _charge(session, gid, words, ("NONE", "ADDED"))
    if charge["_line"] is None:
        session["_shipping"].remove(charge)
    else:
        charge["stagedStatus"] = "REMOVED"


def _charge(session: Record, gid: str, words: str, states: tuple[str, ...]) -> Record:
    for charge in session["_shipping"]:
        if charge["id"] == gid and charge["stagedStatus"] in states:
            found: Record = charge
            return found
    raise Refused(["shippingLineId"], words, "INVALID")
