"""Prices of a sale's lines, so that Tryton arrives at the store's amounts to the minor unit.

Tryton knows no discount and no prices with tax on a sale line (module sale): a line is quantity × net unit price with
four decimals, rounded half to even, and its tax is quantity × unit price × rate, rounded the same way where taxes are
rounded on each line. So the net unit price is the store's where that leads to the store's amounts; else the nearest
that does; and where none does (many pieces, a discount that does not divide) the line becomes two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

# `[product] price_decimal` is four unless a company sets it higher.
PRICE_STEP = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Goal:
    """What a line must come to, in major units. `rate` is None where its tax is not to be looked at.

    `natural` is the net unit price that people expect, of any precision; `step` the currency's minor unit.
    """

    quantity: Decimal
    natural: Decimal
    amount: Decimal
    tax: Decimal
    rate: Decimal | None
    step: Decimal


@dataclass(frozen=True, slots=True)
class Priced:
    """So many pieces at this net unit price."""

    quantity: Decimal
    unit_price: Decimal


def priced(goal: Goal) -> list[Priced]:
    """One line, or two, whose amounts add up to the goal's; raises ValueError where no lines can."""
    for wanted in (goal, _without_tax(goal)):
        for price in _candidates(wanted):
            if price >= 0 and _fits(wanted, price):
                return [Priced(goal.quantity, price)]
    return _split(goal)


def rounded(amount: Decimal, step: Decimal) -> Decimal:
    """As Tryton rounds to a currency: half to even."""
    return (amount / step).quantize(Decimal(1), rounding=ROUND_HALF_EVEN) * step


def _without_tax(goal: Goal) -> Goal:
    return Goal(goal.quantity, goal.natural, goal.amount, goal.tax, None, goal.step)


def _fits(goal: Goal, price: Decimal) -> bool:
    exact = price * goal.quantity
    if rounded(exact, goal.step) != goal.amount:
        return False
    return goal.rate is None or rounded(exact * goal.rate, goal.step) == goal.tax


def _candidates(goal: Goal) -> Iterator[Decimal]:
    """The expected price, then the nearest within what leads to the amount and the tax, borders last."""
    yield goal.natural.quantize(PRICE_STEP, rounding=ROUND_HALF_EVEN)
    half = goal.step / 2
    low, high = goal.amount - half, goal.amount + half
    if goal.rate:
        low, high = max(low, (goal.tax - half) / goal.rate), min(high, (goal.tax + half) / goal.rate)
    lowest = (low / goal.quantity).quantize(PRICE_STEP, rounding=ROUND_CEILING)
    highest = (high / goal.quantity).quantize(PRICE_STEP, rounding=ROUND_FLOOR)
    nearest = min(max(goal.natural.quantize(PRICE_STEP), lowest), highest)
    yield from (nearest, nearest + PRICE_STEP, nearest - PRICE_STEP)


def _split(goal: Goal) -> list[Priced]:
    quantity = goal.quantity
    if quantity != quantity.to_integral_value() or quantity < 2:
        raise ValueError(f"no unit price makes {quantity} pieces {goal.amount}")
    units, rest = divmod(goal.amount / PRICE_STEP, quantity)
    price = units * PRICE_STEP
    even = [Priced(quantity - rest, price), Priced(rest, price + PRICE_STEP)]
    if sum(rounded(part.quantity * part.unit_price, goal.step) for part in even) == goal.amount:
        return [part for part in even if part.quantity]
    plain = (goal.amount / quantity).quantize(goal.step, rounding=ROUND_DOWN)
    return [Priced(quantity - 1, plain), Priced(Decimal(1), goal.amount - (quantity - 1) * plain)]
