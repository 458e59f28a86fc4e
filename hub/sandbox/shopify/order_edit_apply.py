"""What an edit makes of an order: the same for the preview that a calculated order is, and for the commit.

The order's own totals (`totalPriceSet` …) follow what is added and discounted, not what is taken out: that shows in the
`current…` ones alone. Taxes of what is taken out go pro rata; a line that grew or was discounted is taxed anew at its
rates, and an added one at those of the other lines.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal

from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.money import ZERO, Currencies, Pair, pair_of, rounded, total
from hub.sandbox.shopify.order_building import currencies_of, line_record, shipping_record, summed_taxes
from hub.sandbox.shopify.order_changes import recount
from hub.sandbox.shopify.order_edit_sessions import is_manual, order_of
from hub.sandbox.shopify.pricing import Basket, Charge, Tax
from hub.sandbox.shopify.shop import Shop

_GROWING = ("subtotalPriceSet", "totalDiscountsSet", "totalShippingPriceSet", "totalTaxSet", "totalPriceSet")


def preview(shop: Shop, session: Record) -> Record:
    """A copy of the order as it would be."""
    order: Record = copy.deepcopy(order_of(shop, session))
    by_id = {line["id"]: line for line in order["_lines"]}
    apply(shop, order, session, lambda line: by_id[line["id"]])
    return order


def apply(shop: Shop, order: Record, session: Record, own: Callable[[Record], Record]) -> None:
    """Change the order's lines, charges and totals; `own` finds the order's line of one that the session names."""
    before = _sums(order)
    taxes = _rates([line["taxLines"] for line in order["_lines"]])
    freight_taxes = _rates([one["taxLines"] for one in order["_shippingLines"]])
    for change in session["_lines"]:
        if change["_line"] is not None:
            _change(order, own(change["_line"]), change)
        else:
            order["_lines"].append(_new_line(shop, order, change, taxes))
    removed = {one["_line"]["id"] for one in session["_shipping"] if one["stagedStatus"] == "REMOVED"}
    zero = currencies_of(order).bag(ZERO)
    for charge in order["_shippingLines"]:
        if charge["id"] in removed:
            charge |= {"isRemoved": True, "currentDiscountedPriceSet": zero}
    added = [one for one in session["_shipping"] if one["stagedStatus"] == "ADDED"]
    order["_shippingLines"] += [_new_charge(shop, order, one, freight_taxes) for one in added]
    _total(order, before)


def _rates(tax_lines: list[list[Record]]) -> list[Tax]:
    """The taxes of the first charge that has any."""
    first: list[Record] = next((taxes for taxes in tax_lines if taxes), [])
    return [
        Tax(tax["title"], Decimal(str(tax["rate"])), is_channel_liable=tax["channelLiable"]) for tax in first
    ]


def _change(order: Record, line: Record, change: Record) -> None:
    growth = max(0, change["quantity"] - line["currentQuantity"])
    line["quantity"] += growth
    line["currentQuantity"] = change["quantity"]
    if growth or change["_discountIsStaged"]:
        _discount(order, line, change, line["quantity"] - growth)
        _tax(order, line)


def _discount(order: Record, line: Record, change: Record, pieces_before: int) -> None:
    """The manual discounts for all pieces; those of codes stay as they were."""
    currencies = currencies_of(order)
    kept, stood = [], {}
    for allocation in line["discountAllocations"]:
        if is_manual(allocation["discountApplication"]):
            stood[allocation["discountApplication"]["index"]] = pair_of(allocation["allocatedAmountSet"])
        else:
            kept.append(allocation)
    for manual in change["_manual"]:
        application = manual["_application"]
        if application is None:
            amount = _amount_of(currencies, line, manual)
            application = _application(order, manual)
        else:
            amount = _grown(currencies, stood[application["index"]], line["quantity"], pieces_before)
        kept.append({"allocatedAmountSet": currencies.bag(amount), "discountApplication": application})
    line["discountAllocations"] = kept


def _grown(currencies: Currencies, amount: Pair, pieces: int, pieces_before: int) -> Pair:
    of = pieces_before or 1
    return Pair(
        rounded(amount.shop * pieces / of, currencies.shop),
        rounded(amount.presentment * pieces / of, currencies.presentment),
    )


def _amount_of(currencies: Currencies, line: Record, manual: Record) -> Pair:
    if manual["_perPiece"] is not None:
        return Pair(manual["_perPiece"], manual["_perPiece"]).times(line["quantity"])
    gross = pair_of(line["originalUnitPriceSet"]).times(line["quantity"])
    return currencies.part(gross, manual["_percent"] / 100)


def _application(order: Record, manual: Record) -> Record:
    made = {
        "__typename": "ManualDiscountApplication",
        "index": len(order["_discountApplications"]),
        "allocationMethod": "EACH" if manual["_perPiece"] is not None else "ONE",
        "targetSelection": "EXPLICIT",
        "targetType": "LINE_ITEM",
        "value": manual["value"],
        "title": manual["description"] or "Discount",
        "description": manual["description"],
        "code": None,
    }
    order["_discountApplications"].append(made)
    return made


def _tax(order: Record, line: Record) -> None:
    """The line's taxes anew, at their rates, on what all its pieces cost."""
    currencies = currencies_of(order)
    net = pair_of(line["originalUnitPriceSet"]).times(line["quantity"]) - total(
        [pair_of(one["allocatedAmountSet"]) for one in line["discountAllocations"]]
    )
    rates = [Decimal(str(tax["rate"])) for tax in line["taxLines"]]
    divisor = 1 + sum(rates) if order["taxesIncluded"] else Decimal(1)
    line["taxLines"] = [
        {**tax, "priceSet": currencies.bag(currencies.part(net, rate / divisor))}
        for tax, rate in zip(line["taxLines"], rates, strict=True)
    ]


def _basket(order: Record) -> Basket:
    return Basket(currencies_of(order), order["taxesIncluded"], [], [])


def _new_line(shop: Shop, order: Record, change: Record, taxes: list[Tax]) -> Record:
    basket, price = _basket(order), pair_of(change["originalUnitPriceSet"])
    facts = {
        "sku": change["sku"],
        "variant": shop.get("ProductVariant", change["_variantId"]),
        "variantTitle": change["variantTitle"],
        "vendor": change["vendor"],
        "taxable": change["taxable"],
        "requiresShipping": change["requiresShipping"],
    }
    own_taxes = taxes if change["taxable"] and not order["taxExempt"] else []
    charge = Charge(change["title"], price, change["quantity"], taxes=list(own_taxes), facts=facts)
    basket.lines.append(charge)
    basket.price()
    line = line_record(shop, basket, charge)
    if change["_manual"]:
        _discount(order, line, change, line["quantity"])
        _tax(order, line)
    return line


def _new_charge(shop: Shop, order: Record, charge: Record, taxes: list[Tax]) -> Record:
    basket = _basket(order)
    own_taxes = [] if order["taxExempt"] else list(taxes)
    made = Charge(charge["title"], pair_of(charge["price"]), taxes=own_taxes)
    basket.shipping.append(made)
    basket.price()
    return {**shipping_record(shop, basket, made), "custom": True, "code": "custom"}


# -------------------------------------------------------------------------------------------------- totals


def _sums(order: Record) -> dict[str, Pair]:
    """What the lines and charges add up to, with all that was taken out."""
    lines, shipping = order["_lines"], order["_shippingLines"]
    gross = total([pair_of(line["originalUnitPriceSet"]).times(line["quantity"]) for line in lines])
    off = total([pair_of(a["allocatedAmountSet"]) for line in lines for a in line["discountAllocations"]])
    freight_off = total(
        [pair_of(a["allocatedAmountSet"]) for one in shipping for a in one["discountAllocations"]]
    )
    freight = total([pair_of(one["originalPriceSet"]) for one in shipping])
    tax = total([pair_of(tax["priceSet"]) for one in [*lines, *shipping] for tax in one["taxLines"]])
    beside = ZERO if order["taxesIncluded"] else tax
    return {
        "_lineItemsPriceSet": gross,
        "subtotalPriceSet": gross - off,
        "totalDiscountsSet": off + freight_off,
        "totalShippingPriceSet": freight,
        "totalTaxSet": tax,
        "totalPriceSet": gross - off + freight - freight_off + beside,
        "_standing": _standing(order),
    }


def _total(order: Record, before: dict[str, Pair]) -> None:
    """The order's totals by what its parts grew; the current ones anew."""
    currencies, after = currencies_of(order), _sums(order)
    for name in ("_lineItemsPriceSet", *_GROWING):
        order[name] = currencies.bag(pair_of(order[name]) + after[name] - before[name])
    order["taxLines"] = summed_taxes(currencies, [*order["_lines"], *order["_shippingLines"]])
    freight = pair_of(order["currentShippingPriceSet"]) + _standing(order) - before["_standing"]
    order["currentShippingPriceSet"] = currencies.bag(freight)
    recount(order)


def _standing(order: Record) -> Pair:
    """What the charges cost that were not taken out."""
    return total([pair_of(one["currentDiscountedPriceSet"]) for one in order["_shippingLines"]])
