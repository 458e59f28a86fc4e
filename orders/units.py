"""Pieces of the store in the ERP's units, with the same amount to the minor unit. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from hub.lib.money import Money, round_money

# What ERPs keep of a unit price (Business Central: 5 decimals).
PRICE_STEP = Decimal("0.00001")


@dataclass(frozen=True, slots=True)
class Stated:
    """Quantity in the ERP's unit, price of one unit, and discount on the whole line; money in major units."""

    quantity: Decimal
    unit_price: Decimal
    discount: Decimal


def in_units(pieces: int, price: Money, discount: Decimal, units_per_piece: Decimal) -> Stated:
    """So many pieces in the ERP's unit. A price that does not divide is rounded up, and the discount takes it back."""
    if units_per_piece == 1:
        return Stated(Decimal(pieces), price.amount, discount)
    quantity = pieces * units_per_piece
    unit_price = (price.amount / units_per_piece).quantize(PRICE_STEP, rounding=ROUND_CEILING)
    above = round_money(quantity * unit_price, price.currency) - pieces * price.amount
    return Stated(quantity, unit_price, discount + above)
