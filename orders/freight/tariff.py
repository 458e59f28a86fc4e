"""The rate table: which rows answer a question, and at what price. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from hub.connectors.freight import FreightOffer, FreightQuestion
from hub.lib.money import round_money
from orders.freight.keys import postal_key

GRAMS_OF_A_KILO = Decimal(1000)


@dataclass(frozen=True, slots=True)
class Tariff:
    """One row of the table: what a method costs to a place, for weights and order values from … below to.

    Empty texts and None set no limit. Weights in kilograms, money in `currency`. `parcel_weight` is what one parcel may
    weigh: the price is then for each parcel that is begun. `rank` tells rows that say the same: the lowest wins.
    """

    rank: int
    method_code: str
    title: str
    price: Decimal
    currency: str
    description: str = ""
    customer_number: str = ""
    country: str = ""
    province: str = ""
    postal_from: str = ""
    postal_to: str = ""
    weight_from: Decimal = Decimal(0)
    weight_to: Decimal | None = None
    value_from: Decimal = Decimal(0)
    value_to: Decimal | None = None
    parcel_weight: Decimal | None = None
    days_from: int | None = None
    days_to: int | None = None

    @property
    def needs_weight(self) -> bool:
        """Whether the row says nothing about a basket of unknown weight."""
        return bool(self.weight_from or self.weight_to is not None or self.parcel_weight is not None)


def offers_by_table(rows: Iterable[Tariff], question: FreightQuestion) -> list[FreightOffer]:
    """One offer for each method that has a row for this question, the narrowest row of each, cheapest first.

    Where a customer has rows of its own that answer, the public ones are not looked at: a contract replaces the table.
    """
    basket = _Basket.of(question)
    fitting = [row for row in rows if _fits(row, basket)]
    contract = [row for row in fitting if row.customer_number]
    chosen: dict[str, Tariff] = {}
    for row in sorted(contract or fitting, key=_narrowness):
        chosen.setdefault(row.method_code, row)
    offers = [_offer(row, question) for row in chosen.values()]
    return sorted(offers, key=lambda offer: (offer.price, offer.method_code))


@dataclass(frozen=True, slots=True)
class _Basket:
    """What rows are compared with, worked out once: a table may have thousands."""

    customers: tuple[str, str]
    currency: str
    country: str
    province: str
    postal_code: str
    value: Decimal
    kilos: Decimal | None

    @classmethod
    def of(cls, question: FreightQuestion) -> _Basket:
        grams, place = question.grams, question.destination
        return cls(
            customers=("", question.customer_number),
            currency=question.currency,
            country=place.country_code,
            province=place.province_code.upper(),
            postal_code=place.postal_code,
            value=question.order_value,
            kilos=None if grams is None else grams / GRAMS_OF_A_KILO,
        )


def _fits(row: Tariff, basket: _Basket) -> bool:
    is_for_buyer = row.customer_number in basket.customers and row.currency == basket.currency
    return is_for_buyer and _reaches(row, basket) and _holds(row, basket)


def _reaches(row: Tariff, basket: _Basket) -> bool:
    if row.country and row.country.upper() != basket.country:
        return False
    if row.province and row.province.upper() != basket.province:
        return False
    return in_postal_range(basket.postal_code, row.postal_from, row.postal_to)


def in_postal_range(code: str, first: str, last: str) -> bool:
    """Whether a postal code lies from `first` to `last`, both included; either may be a beginning of codes.

    "20" to "21" holds all codes that begin so. A code that is shorter than the bounds lies in no range of them.
    """
    if not first and not last:
        return True
    own, low, high = postal_key(code), postal_key(first), postal_key(last or first)
    if len(own) < max(len(low), len(high)):
        return False
    return low <= own[: len(low)] and own[: len(high)] <= high


def _holds(row: Tariff, basket: _Basket) -> bool:
    if not _within(basket.value, row.value_from, row.value_to):
        return False
    if basket.kilos is None:
        return not row.needs_weight
    return _within(basket.kilos, row.weight_from, row.weight_to)


def _within(amount: Decimal, least: Decimal, below: Decimal | None) -> bool:
    return least <= amount and (below is None or amount < below)


def _narrowness(row: Tariff) -> tuple[object, ...]:
    """Sorts the row that says most about where, how heavy and how dear first."""
    codes = len(postal_key(row.postal_from)) + len(postal_key(row.postal_to))
    return (
        -codes,
        not row.province,
        not row.country,
        -row.weight_from,
        row.weight_to is None,
        -row.value_from,
        row.value_to is None,
        row.rank,
    )


def parcels(grams: int, most: Decimal) -> int:
    """How many parcels of at most `most` kilograms; one at least."""
    whole = most * GRAMS_OF_A_KILO
    return max(1, int((grams / whole).to_integral_value(ROUND_CEILING))) if whole > 0 else 1


def _offer(row: Tariff, question: FreightQuestion) -> FreightOffer:
    count = 1 if row.parcel_weight is None else parcels(question.grams or 0, row.parcel_weight)
    return FreightOffer(
        method_code=row.method_code,
        title=row.title,
        price=round_money(row.price * count, row.currency),
        currency=row.currency,
        description=row.description,
        days_from=row.days_from,
        days_to=row.days_to,
    )
