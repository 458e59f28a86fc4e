"""What a refund of lines and shipping comes to, and which payments can bear it.

A line's refunded pieces are worth what the line was worth before less what it is worth after, each rounded, so that
refunds in any number of parts add up to the line to the minor unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from hub.sandbox.shopify.errors import Record, Refused
from hub.sandbox.shopify.money import ZERO, Currencies, Pair, pair_of, rounded, total
from hub.sandbox.shopify.order_building import currencies_of, received


@dataclass(frozen=True, slots=True)
class LineRefund:
    """Pieces of a line that are refunded, with what they are worth: `subtotal` in the order's tax mode."""

    line: Record
    quantity: int
    restock: str
    location_id: str | None
    gross: Pair
    subtotal: Pair
    tax: Pair


@dataclass(frozen=True, slots=True)
class ShippingRefund:
    """Shipping that is refunded, in the order's tax mode, and its tax."""

    amount: Pair
    tax: Pair
    most: Pair


@dataclass(frozen=True, slots=True)
class Return:
    """The return that a refund belongs to. Of its worth `exchanged` pays for other goods and `fees` are kept: neither
    is a difference."""

    id: str = ""
    exchanged: Pair = ZERO
    fees: Pair = ZERO


OF_NONE = Return()


def _kept(currencies: Currencies, bag: Record, left: int, of: int) -> Pair:
    return currencies.part(pair_of(bag), Decimal(left) / Decimal(of or 1))


def _gone(currencies: Currencies, bag: Record, line: Record, quantity: int) -> Pair:
    """What of an amount goes with these pieces, of those that the line has now."""
    left, of = line["currentQuantity"], line["quantity"]
    return _kept(currencies, bag, left, of) - _kept(currencies, bag, left - quantity, of)


def line_refund(order: Record, given: Record, line: Record) -> LineRefund:
    """One line of a RefundInput, its quantity checked already."""
    currencies, quantity = currencies_of(order), given["quantity"]
    gross = pair_of(line["originalUnitPriceSet"]).times(quantity)
    discounts = [
        _gone(currencies, a["allocatedAmountSet"], line, quantity) for a in line["discountAllocations"]
    ]
    taxes = [_gone(currencies, tax["priceSet"], line, quantity) for tax in line["taxLines"]]
    return LineRefund(
        line,
        quantity,
        given.get("restockType") or "NO_RESTOCK",
        given.get("locationId"),
        gross,
        gross - total(discounts),
        total(taxes),
    )


def shipping_refund(order: Record, wanted: Decimal | None, *, is_full: bool) -> ShippingRefund:
    """Shipping to refund: an amount in the buyer's currency without tax where prices are without, or all of it."""
    currencies, most = currencies_of(order), pair_of(order["currentShippingPriceSet"])
    taxes = total([pair_of(tax["priceSet"]) for row in order["_shippingLines"] for tax in row["taxLines"]])
    taxes = taxes - order.get("_shippingTaxBack", ZERO)
    if is_full:
        return ShippingRefund(most, taxes, most)
    amount = wanted or Decimal(0)
    if amount < 0 or amount > most.presentment:
        raise Refused(["shipping"], "Shipping refund amount cannot exceed the shipping that was charged.")
    fraction = amount / most.presentment if amount else Decimal(0)
    share = Pair(rounded(most.shop * fraction, currencies.shop), amount)
    return ShippingRefund(share, currencies.part(taxes, fraction), most)


def shipping_by_line(
    order: Record, shipping: ShippingRefund, chosen: str | None
) -> list[tuple[Record, Pair, Pair]]:
    """Which of the order's charges is refunded: the one that staff chose, by id, then the others in their order, each
    up to what is left of it. With amount and tax."""
    if shipping.amount == ZERO:
        return []
    back: dict[str, Pair] = order.get("_shippingBack", {})
    standing = [one for one in order["_shippingLines"] if not one.get("isRemoved")]
    lines = sorted(standing or order["_shippingLines"], key=lambda one: one["id"] != chosen)
    made: list[tuple[Record, Pair, Pair]] = []
    amount, tax = shipping.amount, shipping.tax
    for index, line in enumerate(lines, start=1):
        whole = pair_of(line["discountedPriceSet"])
        left = whole - back.get(line["id"], ZERO)
        is_last = index == len(lines) or amount.presentment <= left.presentment
        share = amount if is_last else left
        fraction = share.presentment / whole.presentment if whole.presentment else Decimal(0)
        taxes = total([pair_of(one["priceSet"]) for one in line["taxLines"]])
        tax_share = tax if is_last else currencies_of(order).part(taxes, fraction)
        if share != ZERO or (is_last and tax_share != ZERO):
            made.append((line, share, tax_share))
        amount, tax = amount - share, tax - tax_share
        if is_last:
            break
    return made


def explained(order: Record, lines: Iterable[LineRefund], shipping: ShippingRefund) -> Pair:
    """What lines and shipping are worth with tax."""
    amounts, taxes = [shipping.amount], [shipping.tax]
    for row in lines:
        amounts.append(row.subtotal)
        taxes.append(row.tax)
    return total(amounts) if order["taxesIncluded"] else total(amounts) + total(taxes)


def in_both(order: Record, amount: Decimal, worth: Pair) -> Pair:
    """An amount in the buyer's currency in both; what equals `worth` there equals it here."""
    if amount == worth.presentment:
        return worth
    whole = pair_of(order["totalPriceSet"])
    rate = whole.shop / whole.presentment if whole.presentment else Decimal(1)
    return Pair(rounded(amount * rate, order["currencyCode"]), amount)


def refundable(order: Record) -> Pair:
    """What was paid and not given back."""
    given_back: Pair = order["_refunded"]
    return received(order) - given_back


def left_of(order: Record, payment: Record) -> Pair:
    """What of one payment was not given back; refunds on their way count."""
    back = [
        pair_of(one["amountSet"])
        for one in order["_transactions"]
        if one["kind"] == "REFUND"
        and one["status"] in ("SUCCESS", "PENDING")
        and (one["parentTransaction"] or {}).get("id") == payment["id"]
    ]
    return pair_of(payment["amountSet"]) - total(back)


def payments_of(order: Record) -> list[Record]:
    """Payments that money can go back to."""
    return [
        one
        for one in order["_transactions"]
        if one["status"] == "SUCCESS" and one["kind"] in ("SALE", "CAPTURE")
    ]


def suggested_payments(order: Record, amount: Pair) -> list[tuple[Record, Pair]]:
    """The amount over the payments, first come first served, each to what is left of it."""
    found: list[tuple[Record, Pair]] = []
    missing = amount
    for payment in payments_of(order):
        left = left_of(order, payment)
        if missing.presentment <= 0 or left.presentment <= 0:
            continue
        share = missing if missing.presentment <= left.presentment else left
        found.append((payment, share))
        missing = missing - share
    return found
