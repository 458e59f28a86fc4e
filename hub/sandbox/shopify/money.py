"""Amounts of the simulated store: Decimal in major units, paired in shop and presentment currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from hub.sandbox.shopify.errors import Record

_PLACES = {"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "VND": 0, "XAF": 0, "XOF": 0, "XPF": 0, "UGX": 0, "RWF": 0,
           "KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3, "TND": 3, "IQD": 3, "LYD": 3}  # fmt: skip


def places(currency: str) -> int:
    """Minor units of the currency (ISO 4217)."""
    return _PLACES.get(currency, 2)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Half up to minor units."""
    return amount.quantize(Decimal(1).scaleb(-places(currency)), rounding=ROUND_HALF_UP)


def decimal_of(value: object, what: str) -> Decimal:
    """A caller's amount as Decimal; raises ValueError naming `what` where it is none. Floats are refused."""
    if isinstance(value, (float, bool)):
        raise ValueError(f"{what} must be a decimal string, not {value!r}")
    try:
        amount = Decimal(str(value))
    except ArithmeticError as error:
        raise ValueError(f"{what} {value!r} is not a decimal number") from error
    if not amount.is_finite():
        raise ValueError(f"{what} {value!r} is not finite")
    return amount


@dataclass(frozen=True, slots=True)
class Currencies:
    """The two currencies of an order; `rate` is presentment units for one shop unit."""

    shop: str
    presentment: str
    rate: Decimal = Decimal(1)

    def pair(self, shop_amount: Decimal) -> Pair:
        """The amount in both currencies, each rounded to its minor units."""
        return Pair(rounded(shop_amount, self.shop), rounded(shop_amount * self.rate, self.presentment))

    def part(self, amounts: Pair, fraction: Decimal) -> Pair:
        """That fraction of both amounts, each rounded to its minor units."""
        return Pair(
            rounded(amounts.shop * fraction, self.shop),
            rounded(amounts.presentment * fraction, self.presentment),
        )

    def bag(self, amounts: Pair) -> Record:
        """As a MoneyBag."""
        return {
            "shopMoney": {"amount": amounts.shop, "currencyCode": self.shop},
            "presentmentMoney": {"amount": amounts.presentment, "currencyCode": self.presentment},
        }


@dataclass(frozen=True, slots=True)
class Pair:
    """One amount in shop and in presentment currency."""

    shop: Decimal
    presentment: Decimal

    def __add__(self, other: Pair) -> Pair:
        return Pair(self.shop + other.shop, self.presentment + other.presentment)

    def __sub__(self, other: Pair) -> Pair:
        return Pair(self.shop - other.shop, self.presentment - other.presentment)

    def times(self, factor: int) -> Pair:
        return Pair(self.shop * factor, self.presentment * factor)


ZERO = Pair(Decimal(0), Decimal(0))


def total(pairs: Sequence[Pair]) -> Pair:
    """The sum."""
    return sum(pairs, ZERO)


def pair_of(bag: Record) -> Pair:
    """The amounts of a MoneyBag."""
    return Pair(bag["shopMoney"]["amount"], bag["presentmentMoney"]["amount"])


def shares(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """`amount` split by weight, no minor unit lost: rounded down, the rest to the largest remainders."""
    whole = sum(weights, Decimal(0))
    if whole == 0:
        return [Decimal(0) for _ in weights]
    unit = Decimal(1).scaleb(-places(currency))
    exact = [amount * weight / whole for weight in weights]
    cut = [value.quantize(unit, rounding=ROUND_DOWN) for value in exact]
    missing = int((amount - sum(cut, Decimal(0))) / unit)
    by_remainder = sorted(range(len(cut)), key=lambda i: (cut[i] - exact[i], i))
    for index in by_remainder[:missing]:
        cut[index] += unit
    return cut
