"""An order as if nothing had been given back after it was sent: what came back is credited, and changes no order. Pure.

A store takes what comes back out of a line's current quantity and out of the order's current total; what it took off
before it was sent stays off. Discounts and taxes go with pieces pro rata, rounded to the minor unit of each currency.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hub.connectors.documents import PlacedLine, PlacedOrder
from hub.lib.money import Money, MoneyBag, round_money


def as_ordered(order: PlacedOrder) -> PlacedOrder:
    """The order with what was given back in its lines and its current total."""
    if order.given_back is None:
        return order
    pieces = dict(order.given_back.pieces)
    lines = tuple(
        replace(line, current_quantity=line.current_quantity + pieces.get(line.external_id, 0))
        for line in order.lines
    )
    total = order.current_total
    for before, line in zip(order.lines, lines, strict=True):
        total = _plus(total, _worth(line, taxes_included=order.taxes_included))
        total = _plus(total, _worth(before, taxes_included=order.taxes_included), sign=-1)
    return replace(order, lines=lines, current_total=_plus(total, order.given_back.shipping), given_back=None)


def pieces_given_back(order: PlacedOrder) -> dict[str, int]:
    """How many pieces of which line were given back, by its id."""
    return dict(order.given_back.pieces) if order.given_back else {}


def part(bag: MoneyBag, line: PlacedLine) -> MoneyBag:
    """What of an amount of all pieces of a line belongs to those that it has now."""
    return MoneyBag(shop=_share(bag.shop, line), presentment=_share(bag.presentment, line))


def _share(money: Money, line: PlacedLine) -> Money:
    if line.current_quantity == line.quantity or not line.quantity:
        return money
    share = money.amount * line.current_quantity / line.quantity
    return Money(round_money(share, money.currency), money.currency)


def _worth(line: PlacedLine, *, taxes_included: bool) -> MoneyBag:
    """What the pieces that the line has now come to, with tax."""
    price = line.unit_price
    worth = MoneyBag(
        Money(price.shop.amount * line.current_quantity, price.shop.currency),
        Money(price.presentment.amount * line.current_quantity, price.presentment.currency),
    )
    worth = _plus(worth, part(line.discount, line), sign=-1)
    for tax in () if taxes_included else line.tax_lines:
        worth = _plus(worth, part(tax.amount, line))
    return worth


def _plus(one: MoneyBag, other: MoneyBag, *, sign: int = 1) -> MoneyBag:
    factor = Decimal(sign)
    return MoneyBag(
        Money(one.shop.amount + factor * other.shop.amount, one.shop.currency),
        Money(one.presentment.amount + factor * other.presentment.amount, one.presentment.currency),
    )
