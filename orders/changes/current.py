"""A store's order with the amounts of what is left of each line. Pure.

A store tells discounts and taxes of a line for all pieces that were ever on it; what pieces were taken out of goes with
them, pro rata, rounded to the minor unit of each currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hub.connectors.documents import PlacedLine, PlacedOrder, TaxLine
from hub.lib.money import Money, MoneyBag, round_money


def as_current(order: PlacedOrder) -> PlacedOrder:
    """The order as it would be placed now; its tax is that of the lines and charges that are left."""
    if all(line.current_quantity == line.quantity for line in order.lines):
        return order
    lines = tuple(_current(line) for line in order.lines)
    shop, presentment = order.tax_total.shop, order.tax_total.presentment
    return replace(
        order,
        lines=lines,
        tax_total=MoneyBag(
            shop=Money(
                shop.amount - _shop_tax(order.lines) + _shop_tax(lines),
                shop.currency,
            ),
            presentment=Money(
                presentment.amount - _presentment_tax(order.lines) + _presentment_tax(lines),
                presentment.currency,
            ),
        ),
    )


def _shop_tax(lines: Sequence[PlacedLine]) -> Decimal:
    return sum((tax.amount.shop.amount for line in lines for tax in line.tax_lines), Decimal(0))


def _presentment_tax(lines: Sequence[PlacedLine]) -> Decimal:
    return sum((tax.amount.presentment.amount for line in lines for tax in line.tax_lines), Decimal(0))


def _current(line: PlacedLine) -> PlacedLine:
    if line.current_quantity == line.quantity or not line.quantity:
        return line
    return replace(
        line,
        discount=_part(line.discount, line),
        tax_lines=tuple(_tax_part(tax, line) for tax in line.tax_lines),
    )


def _tax_part(tax: TaxLine, line: PlacedLine) -> TaxLine:
    return replace(tax, amount=_part(tax.amount, line))


def _part(bag: MoneyBag, line: PlacedLine) -> MoneyBag:
    return MoneyBag(shop=_share(bag.shop, line), presentment=_share(bag.presentment, line))


def _share(money: Money, line: PlacedLine) -> Money:
    share = money.amount * line.current_quantity / line.quantity
    return Money(round_money(share, money.currency), money.currency)
