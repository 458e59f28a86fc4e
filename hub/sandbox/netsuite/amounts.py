"""The amounts of a sales order: line taxes, header discount, shipping and totals.

All amounts are in the order's currency and major units; percentages are whole percents (19 for 19 %).
NetSuite rounds half away from zero to the currency's precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from hub.sandbox.netsuite.state import Record

ZERO = Decimal(0)
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides rounding: decimal places of the currency, and whether the tax's rounding rest is carried on."""

    precision: int
    carries_tax: bool = False

    def rounded(self, amount: Decimal) -> Decimal:
        """`amount` to the currency's precision."""
        return amount.quantize(Decimal(1).scaleb(-self.precision), rounding=ROUND_HALF_UP)


@dataclass(slots=True)
class Taxing:
    """Computes taxes one after the other; with carried rests the sum per rate is that of the whole, rounded once."""

    rules: Rules
    rests: dict[Decimal, Decimal]

    def tax(self, base: Decimal, percent: Decimal) -> Decimal:
        """The tax on one base."""
        exact = base * percent / HUNDRED
        if not self.rules.carries_tax:
            return self.rules.rounded(exact)
        exact += self.rests.get(percent, ZERO)
        tax = self.rules.rounded(exact)
        self.rests[percent] = exact - tax
        return tax


def spread(discount: Decimal, amounts: list[Decimal], rules: Rules) -> list[Decimal]:
    """A discount over amounts in proportion; the rounded shares sum up exactly."""
    total = sum(amounts, ZERO)
    if not total:
        return [ZERO] * len(amounts)
    shares, seen, given = [], ZERO, ZERO
    for amount in amounts:
        seen += amount
        share = rules.rounded(discount * seen / total) - given
        given += share
        shares.append(share)
    return shares


def taxed(lines: list[Record], discount: Decimal, taxing: Taxing) -> list[Record]:
    """The lines with their taxes; `discount` (below zero) is what lessens their tax bases, 0 for none."""
    shares = spread(discount, [line["amount"] for line in lines], taxing.rules)
    done = []
    for line, share in zip(lines, shares, strict=True):
        tax = taxing.tax(line["amount"] + share, line["taxRate1"])
        done.append({**line, "tax1Amt": tax, "grossAmt": line["amount"] + tax})
    return done


def totals(order: Record, lines: list[Record]) -> Record:
    """The header's sums. Shipping and handling are in no line."""
    subtotal = sum((line["amount"] for line in lines), ZERO)
    tax = sum((line["tax1Amt"] for line in lines), ZERO)
    tax += order["shippingTaxAmount"] + order["handlingTaxAmount"]
    freight = (order["shippingCost"] or ZERO) + (order["handlingCost"] or ZERO)
    return {
        "subtotal": subtotal,
        "taxTotal": tax,
        "total": subtotal + order["discountTotal"] + freight + tax,
    }
