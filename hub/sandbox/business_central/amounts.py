"""The amounts of a sales document: line discounts, VAT per line, the invoice discount over the lines.

All amounts are in the document's currency and major units; `precision` is the currency's amount rounding
precision.
Business Central rounds half away from zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from hub.sandbox.business_central.values import Record

HUNDRED = Decimal(100)
PERCENT_PRECISION = Decimal("0.00001")


@dataclass(frozen=True, slots=True)
class Rules:
    """What of the header decides the lines' amounts."""

    precision: Decimal
    prices_include_tax: bool
    carries_tax: bool = False
    """Whether the rounding rest of the VAT is carried to the next line of the same percentage."""


def rounded(amount: Decimal, precision: Decimal) -> Decimal:
    """`amount` to the nearest multiple of `precision`, half away from zero."""
    return (amount / precision).quantize(Decimal(1), rounding=ROUND_HALF_UP) * precision


def discounted(line: Record, rules: Rules, given: str) -> Record:
    """The line with discount amount and percent agreeing; `given` names the one that the caller set."""
    gross = gross_of(line, rules)
    if given == "discountAmount":
        amount = rounded(line["discountAmount"], rules.precision)
        percent = rounded(amount * HUNDRED / gross, PERCENT_PRECISION) if gross else Decimal(0)
    else:
        percent = line["discountPercent"]
        amount = rounded(gross * percent / HUNDRED, rules.precision)
    return {**line, "discountAmount": amount, "discountPercent": percent}


def gross_of(line: Record, rules: Rules) -> Decimal:
    """Quantity times price."""
    quantity, price = Decimal(line["quantity"]), Decimal(line["unitPrice"])
    return rounded(quantity * price, rules.precision)


def line_value(line: Record, rules: Rules) -> Decimal:
    """Quantity times price less line discount, with or without VAT as the prices are."""
    return gross_of(line, rules) - Decimal(line["discountAmount"])


def spread(discount: Decimal, values: list[Decimal], precision: Decimal) -> list[Decimal]:
    """The invoice discount over the lines in proportion; the rounded shares sum up exactly."""
    total = sum(values, Decimal(0))
    if not total:
        return [Decimal(0)] * len(values)
    shares, seen, given = [], Decimal(0), Decimal(0)
    for value in values:
        seen += value
        share = rounded(discount * seen / total, precision) - given
        given += share
        shares.append(share)
    return shares


def split(value: Decimal, percent: Decimal, rules: Rules) -> tuple[Decimal, Decimal]:
    """An amount in the document's tax mode as (excluding VAT, VAT)."""
    if rules.prices_include_tax:
        excluding = rounded(value / (1 + percent / HUNDRED), rules.precision)
        return excluding, value - excluding
    return value, rounded(value * percent / HUNDRED, rules.precision)


def priced(lines: list[Record], discount: Decimal, rules: Rules) -> list[Record]:
    """The lines with all their computed amounts."""
    values = [line_value(line, rules) for line in lines]
    shares = spread(discount, values, rules.precision)
    carried: dict[Decimal, Decimal] = {}
    return [
        _amounts(line, value, share, rules, carried)
        for line, value, share in zip(lines, values, shares, strict=True)
    ]


def _net(
    value: Decimal, percent: Decimal, rules: Rules, carried: dict[Decimal, Decimal]
) -> tuple[Decimal, Decimal]:
    """A line's net amount and VAT; with carried VAT the document's VAT is that of its sum, to a rounding."""
    if not rules.carries_tax:
        return split(value, percent, rules)
    base = HUNDRED + percent if rules.prices_include_tax else HUNDRED
    exact = value * percent / base + carried.get(percent, Decimal(0))
    tax = rounded(exact, rules.precision)
    carried[percent] = exact - tax
    return (value - tax if rules.prices_include_tax else value), tax


def _amounts(
    line: Record, value: Decimal, share: Decimal, rules: Rules, carried: dict[Decimal, Decimal]
) -> Record:
    excluding, tax = split(value, line["taxPercent"], rules)
    net, net_tax = _net(value - share, line["taxPercent"], rules, carried)
    return {
        **line,
        "amountExcludingTax": excluding,
        "totalTaxAmount": tax,
        "amountIncludingTax": excluding + tax,
        "invoiceDiscountAllocation": share,
        "netAmount": net,
        "netTaxAmount": net_tax,
        "netAmountIncludingTax": net + net_tax,
    }


def totals(lines: Iterable[Record]) -> Record:
    """The header's totals: the sums of the lines' net amounts."""
    kept = list(lines)
    excluding = sum((line["netAmount"] for line in kept), Decimal(0))
    tax = sum((line["netTaxAmount"] for line in kept), Decimal(0))
    return {
        "totalAmountExcludingTax": excluding,
        "totalTaxAmount": tax,
        "totalAmountIncludingTax": excluding + tax,
    }
