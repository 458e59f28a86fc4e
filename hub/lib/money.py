"""Money: Decimal with its currency, rounded to the currency's minor units here and nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# ISO 4217 minor units that are not 2 (ISO 4217 list one, as published by SIX).
_ZERO_DECIMALS = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
_FOUR_DECIMALS = frozenset(("CLF", "UYW"))
# The database keeps numeric(20,6): more digits than that are refused, never rounded away silently.
STORED_PLACES = 6
_STORED = Decimal(1).scaleb(-STORED_PLACES)
_TOO_LARGE = Decimal(10) ** 14
_AMOUNT = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?|[+-]?\.[0-9]+", re.ASCII)


def minor_units(currency: str) -> int:
    """How many decimals the currency has (ISO 4217); 2 for codes that the list does not name."""
    if currency in _ZERO_DECIMALS:
        return 0
    if currency in _THREE_DECIMALS:
        return 3
    return 4 if currency in _FOUR_DECIMALS else 2


def round_money(amount: Decimal, currency: str) -> Decimal:
    """`amount` in major units, rounded half up to the currency's minor units."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), rounding=ROUND_HALF_UP)


def parse_amount(text: str | int | Decimal) -> Decimal:
    """A remote amount in major units as Decimal.

    Raises ValueError for floats, NaN, infinities, other scripts' digits, and amounts that numeric(20,6)
    cannot hold exactly.
    """
    if isinstance(text, bool | float):
        raise ValueError(f"amount {text!r} is no decimal string")
    words = str(text)
    if not _AMOUNT.fullmatch(words):
        raise ValueError(f"amount {words[:40]!r} is not a decimal number")
    try:
        amount = Decimal(words)
        kept = amount.quantize(_STORED)
    except InvalidOperation as error:
        raise ValueError(f"amount {words[:40]!r} is too large") from error
    if abs(amount) >= _TOO_LARGE:
        raise ValueError(f"amount {words[:40]!r} is too large")
    # Decimal compares exactly, whatever the precision of the context.
    if kept != amount:
        raise ValueError(f"amount {words[:40]!r} has more than {STORED_PLACES} decimals")
    return amount


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in major units with its ISO 4217 currency code."""

    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def __str__(self) -> str:
        return f"{round_money(self.amount, self.currency)} {self.currency}"


@dataclass(frozen=True, slots=True)
class MoneyBag:
    """The same value in the shop's currency and in the currency that the buyer saw."""

    shop: Money
    presentment: Money
