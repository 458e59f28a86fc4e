"""What the lines of a quote come to with their taxes, where its prices are without them. Pure.

A request of a store whose prices include tax is quoted without: no ERP's quote holds such prices. What comes back is
the amount of a whole line and the tax on it as the ERP rounds it, never a price times a rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from hub.connectors.documents import ErpTotals, LineKind
from hub.connectors.quotes import ErpQuote
from hub.connectors.sales_documents import ErpDocumentLine
from hub.lib.money import minor_units, round_money


class OfferUnclear(Exception):
    """The offer does not say what each line of the request costs; the message says why."""


@dataclass(frozen=True, slots=True)
class _Taxed:
    """A line's amount without tax, and its tax; whether the ERP says it, or its rate does."""

    external_id: str
    net: Decimal
    tax: Decimal
    is_stated: bool


def amounts_with_tax(quote: ErpQuote) -> Mapping[str, Decimal]:
    """What each line but comments comes to with its tax, by its id, in major units of the quote's currency.

    They add up to the quote's total. Where the ERP rounds the tax of the whole, the largest line bears what rounding
    left over: at most a minor unit for each line. Raises OfferUnclear, with both numbers where they do not add up.
    """
    if quote.totals is None:
        raise OfferUnclear("the ERP has no final totals of it yet")
    totals = quote.totals
    found = [_taxed(line, totals) for line in quote.lines if line.kind is not LineKind.COMMENT]
    left = totals.including_tax - sum((one.net + one.tax for one in found), Decimal(0))
    amounts = {one.external_id: one.net + one.tax for one in found}
    by_rate = [one for one in found if one.tax and not one.is_stated]
    if left and by_rate and abs(left) <= Decimal(1).scaleb(-minor_units(totals.currency)) * len(by_rate):
        amounts[max(by_rate, key=lambda one: one.tax).external_id] += left
        left = Decimal(0)
    if left:
        raise OfferUnclear(
            f"with their taxes its lines come to {totals.including_tax - left} {totals.currency}, "
            f"the whole quote to {totals.including_tax}"
        )
    return amounts


def _taxed(line: ErpDocumentLine, totals: ErpTotals) -> _Taxed:
    net = line.amount_excluding_tax
    if net is None:
        net = round_money(line.quantity * line.unit_price, totals.currency) - line.discount_amount
    if line.tax_amount is not None:
        return _Taxed(line.external_id, net, line.tax_amount, is_stated=True)
    if line.tax_rate is None and totals.tax and net:
        raise OfferUnclear(f"the ERP says neither tax nor rate of {line.number}")
    rate = line.tax_rate or Decimal(0)
    return _Taxed(line.external_id, net, round_money(net * rate, totals.currency), is_stated=False)
