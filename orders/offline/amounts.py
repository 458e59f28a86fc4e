"""What the lines of an ERP's order come to in a store: net, tax and rate of each, to the minor unit. Pure.

Sources: "net prices must be baked into priceSet", "taxLines need title and rate" (orderCreate of the 2026-07 API). What
cannot be said exactly is never said roughly: it raises NeedsReview with the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal

from hub.connectors.documents import LineKind
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine
from hub.connectors.store_orders import StoreTax
from hub.errors import Conflict, NeedsReview, NotReadyYet
from hub.lib.money import minor_units, round_money

# Decimals of a rate as a fraction that are tried, the shortest first: 19 % … 8.875 %.
RATE_PLACES = (2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Amounts:
    """What one line comes to. `net` is after its discount, in the document's tax mode; `rate` is a fraction, None
    only where there is no tax."""

    line: ErpDocumentLine
    net: Decimal
    tax: Decimal
    rate: Decimal | None
    is_stated: bool
    """Whether the ERP says the tax of this line; else it was computed by the rate."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line that has one price: `unit_price` times `quantity` is `net`."""

    quantity: int
    unit_price: Decimal
    net: Decimal


def amounts_of(document: ErpDocument, rates: Mapping[str, frozenset[Decimal]]) -> list[Amounts]:
    """The amounts of every line but comments; `rates` are those that the tax code mappings know for each code.

    A line of no quantity and no amount, as clerks leave it behind, is nothing that was sold and is left out.
    Raises NotReadyYet where the ERP has not summed the order up, NeedsReview for what a store's order cannot state,
    Conflict with both numbers where the lines do not add up to the ERP's totals.
    """
    if document.totals is None:
        raise NotReadyYet(f"{document.number} has no final totals in the ERP yet.", after=300.0)
    lines = [line for line in document.lines if line.kind is not LineKind.COMMENT]
    found = _settled(document, [_amounts(document, line, rates) for line in lines])
    _check_sums(document, found)
    return [one for one in found if one.line.quantity or one.net or one.tax]


def pieces(quantity: Decimal, net: Decimal, currency: str) -> list[Piece]:
    """The line in at most two prices that add up to `net` exactly: 10.00 for 3 is 2 at 3.33 and 1 at 3.34.

    A quantity that is no whole number is one piece at the whole amount.
    """
    if quantity != quantity.to_integral_value() or quantity < 1:
        return [Piece(1, net, net)]
    count, unit = int(quantity), Decimal(1).scaleb(-minor_units(currency))
    lower = (net / count).quantize(unit, rounding=ROUND_FLOOR)
    dearer = int((net - lower * count) / unit)
    parts = ((count - dearer, lower), (dearer, lower + unit))
    return [Piece(pcs, price, price * pcs) for pcs, price in parts if pcs]


def taxes_of(title: str, whole: Amounts, parts: Sequence[Piece], currency: str) -> list[tuple[StoreTax, ...]]:
    """The line's tax spread over its pieces by their net, nothing lost; empty where it bears none."""
    if whole.rate is None or (not whole.tax and not whole.rate):
        return [() for _ in parts]
    left = whole.tax
    found: list[tuple[StoreTax, ...]] = []
    for index, part in enumerate(parts):
        is_last = index == len(parts) - 1
        share = left if is_last else round_money(whole.tax * part.net / (whole.net or Decimal(1)), currency)
        left -= share
        found.append((StoreTax(title, whole.rate, share),))
    return found


def exact_rate(base: Decimal, tax: Decimal, currency: str) -> Decimal | None:
    """The rate of the fewest decimals by which `base` (without tax) bears this tax to the minor unit; None where there
    is none."""
    if base <= 0:
        return None
    for places in RATE_PLACES:
        rate = round(tax / base, places)
        if round_money(base * rate, currency) == tax:
            return rate.normalize() if rate else Decimal(0)
    return None


# -------------------------------------------------------------------------------------------------- one line


def _amounts(
    document: ErpDocument, line: ErpDocumentLine, rates: Mapping[str, frozenset[Decimal]]
) -> Amounts:
    currency = document.currency
    net = _net(document, line)
    if net < 0 or line.quantity < 0:
        raise NeedsReview(
            f"{document.number}: the line {line.description or line.number!r} comes to {net} {currency}; no line of a "
            "store's order can be below zero. Take the credit as a document of its own in the ERP, or dismiss this and "
            "enter the order in the store by hand.",
            code="negative_line",
            evidence={"order": document.number, "line": line.description, "amount": str(net)},
        )
    rate = _known_rate(line, rates)
    if line.tax_amount is None:
        return Amounts(line, net, _computed(document, net, rate), rate, is_stated=False)
    if rate is None and line.tax_amount:
        base = net - line.tax_amount if document.prices_include_tax else net
        rate = exact_rate(base, line.tax_amount, currency)
        if rate is None:
            raise _no_rate(document, line)
    return Amounts(line, net, line.tax_amount, rate, is_stated=True)


def _net(document: ErpDocument, line: ErpDocumentLine) -> Decimal:
    excluding = line.amount_excluding_tax
    if excluding is not None and not document.prices_include_tax:
        return excluding
    if excluding is not None and line.tax_amount is not None:
        return excluding + line.tax_amount
    return round_money(line.quantity * line.unit_price, document.currency) - line.discount_amount


def _known_rate(line: ErpDocumentLine, rates: Mapping[str, frozenset[Decimal]]) -> Decimal | None:
    if line.tax_rate is not None:
        return line.tax_rate.normalize() if line.tax_rate else Decimal(0)
    known = rates.get(line.tax_code, frozenset())
    return next(iter(known)).normalize() if len(known) == 1 else None


def _computed(document: ErpDocument, net: Decimal, rate: Decimal | None) -> Decimal:
    if rate is None:
        return Decimal(0)
    divisor = 1 + rate if document.prices_include_tax else Decimal(1)
    return round_money(net * rate / divisor, document.currency)


def _no_rate(document: ErpDocument, line: ErpDocumentLine) -> NeedsReview:
    return NeedsReview(
        f"{document.number}: no tax rate is known of the line {line.description or line.number!r} (tax "
        f"{line.tax_amount} {document.currency}, code {line.tax_code or 'none'}), and no rate explains the amount. "
        "Enter a row with the rate for that code on the page Tax codes, then press Try again.",
        code="tax_rate_missing",
        evidence={"order": document.number, "line": line.description, "tax": str(line.tax_amount)},
    )


# -------------------------------------------------------------------------------------------- the whole order


def _settled(document: ErpDocument, found: list[Amounts]) -> list[Amounts]:
    """With what rounding left over on the largest tax that we computed: at most a minor unit for each such line.

    ERPs that round the tax of the whole order say no tax of a line.
    """
    assert document.totals is not None
    computed = [one for one in found if not one.is_stated and one.rate]
    left = document.totals.tax - sum((one.tax for one in found), Decimal(0))
    unit = Decimal(1).scaleb(-minor_units(document.currency))
    if not left or not computed or abs(left) > unit * len(computed):
        return found
    largest = max(computed, key=lambda one: one.tax)
    return [replace(one, tax=one.tax + left) if one is largest else one for one in found]


def _check_sums(document: ErpDocument, found: Sequence[Amounts]) -> None:
    assert document.totals is not None
    tax = sum((one.tax for one in found), Decimal(0))
    net = sum((one.net for one in found), Decimal(0))
    total = net if document.prices_include_tax else net + tax
    if (total, tax) == (document.totals.including_tax, document.totals.tax):
        return
    currency = document.currency
    raise Conflict(
        f"{document.number} was not put into the store. Its lines add up to {total} {currency} with {tax} tax, the ERP "
        f"says {document.totals.including_tax} with {document.totals.tax} tax. Look for a discount or charge of the "
        "whole order in the ERP, and for lines whose tax code has no rate on the page Tax codes.",
        code="sums_differ",
        evidence={
            "order": document.number,
            "lines_total": str(total),
            "lines_tax": str(tax),
            "erp_total": str(document.totals.including_tax),
            "erp_tax": str(document.totals.tax),
        },
    )
