"""Which quote an order's shipping charge came of. Pure: quotes and facts in, one quote or the reason for none out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

# A buyer may sit before a checkout, and a store may have kept the answer for a quarter of an hour.
KEPT_FOR = timedelta(days=30)
# The order's time is the store's clock, the quote's is ours.
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Quoted:
    """One price that was offered; `offered_at` is the last time it was."""

    id: int
    method_code: str
    destination_hash: str
    lines_hash: str
    price: Decimal
    currency: str
    offered_at: datetime
    first_offered_at: datetime


@dataclass(frozen=True, slots=True)
class ChargeFacts:
    """What the order says of a shipping charge. `prices` are before discounts, by currency: shop's and buyer's."""

    method_code: str
    destination_hash: str
    lines_hash: str
    prices: Mapping[str, Decimal]
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """`quote` where one was found for certain; else `code` and `reason` for a person."""

    quote: Quoted | None = None
    code: str = ""
    reason: str = ""


def matched(quotes: Sequence[Quoted], charge: ChargeFacts) -> Verdict:
    """The quote of this charge: by method first, then by destination, lines, price and time.

    A quote that agrees in all of them is certain. Where an address was corrected or lines were changed after the
    quote, one that agrees in the price and one of the two is taken if it is the only one.
    """
    known = [
        quote
        for quote in quotes
        if quote.method_code == charge.method_code
        and quote.currency in charge.prices
        and quote.first_offered_at <= charge.placed_at + CLOCKS_DIFFER
        and quote.offered_at >= charge.placed_at - KEPT_FOR
    ]
    same_basket = [quote for quote in known if _agrees(quote, charge) == 2]
    if exact := [quote for quote in same_basket if _costs_the_same(quote, charge)]:
        return Verdict(max(exact, key=lambda quote: (quote.first_offered_at, quote.id)))
    if same_basket:
        told = ", ".join(sorted({f"{quote.price.normalize():f} {quote.currency}" for quote in same_basket}))
        return Verdict(
            code="freight_differs",
            reason=f"the order was charged {_told(charge)}, but quoted were {told}",
        )
    near = [quote for quote in known if _costs_the_same(quote, charge) and _agrees(quote, charge) == 1]
    if len({(quote.destination_hash, quote.lines_hash) for quote in near}) == 1:
        return Verdict(near[0])
    if near:
        return Verdict(
            code="freight_ambiguous",
            reason=f"{len(near)} quotes of {_told(charge)} agree with it in part, none wholly",
        )
    return Verdict(code="freight_unmatched", reason="nothing like it was quoted")


def _costs_the_same(quote: Quoted, charge: ChargeFacts) -> bool:
    return quote.price == charge.prices[quote.currency]


def _agrees(quote: Quoted, charge: ChargeFacts) -> int:
    """In how many of destination and lines they agree."""
    return (quote.destination_hash == charge.destination_hash) + (quote.lines_hash == charge.lines_hash)


def _told(charge: ChargeFacts) -> str:
    return " = ".join(f"{price.normalize():f} {currency}" for currency, price in charge.prices.items())
