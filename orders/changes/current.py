"""A store's order with the amounts of what is left of each line. Pure.

A store tells discounts and taxes of a line for all pieces that were ever on it; what pieces were taken out of goes with
them, pro rata, rounded to the minor unit of each currency. What was given back after it had been sent stays in: that is
credited, and no change of the order. A shipping charge that was taken out is not told any more, but its tax is: the
order's own tax counts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hub.connectors.documents import PlacedLine, PlacedOrder, TaxLine
from hub.lib.money import Money, MoneyBag
from orders.given_back import as_ordered, part


def as_current(order: PlacedOrder) -> PlacedOrder:
    """The order as it would be placed now; its tax is that of the lines and charges that are left."""
    order = as_ordered(order)
    lines = tuple(_current(line) for line in order.lines)
    if _lacks_charge(order):
        return replace(order, lines=lines, tax_total=_tax_of(replace(order, lines=lines)))
    if lines == order.lines:
        return order
    before, after = _line_tax(order.lines), _line_tax(lines)
    shop, presentment = order.tax_total.shop, order.tax_total.presentment
    return replace(
        order,
        lines=lines,
        tax_total=MoneyBag(
            shop=Money(shop.amount - before[0] + after[0], shop.currency),
            presentment=Money(presentment.amount - before[1] + after[1], presentment.currency),
        ),
    )


def _lacks_charge(order: PlacedOrder) -> bool:
    """Whether a shipping charge was taken out: the store's total of them is "before returns"."""
    standing = sum((charge.price.shop.amount for charge in order.shipping_lines), Decimal(0))
    return order.shipping_total.shop.amount > standing


def _tax_of(order: PlacedOrder) -> MoneyBag:
    """What the taxes of all that is told add up to."""
    on_freight = [tax for charge in order.shipping_lines for tax in charge.tax_lines]
    others = [*on_freight, *(tax for duty in order.duties for tax in duty.tax_lines)]
    shop, presentment = _line_tax(order.lines)
    total = order.tax_total
    return MoneyBag(
        shop=Money(sum((tax.amount.shop.amount for tax in others), shop), total.shop.currency),
        presentment=Money(
            sum((tax.amount.presentment.amount for tax in others), presentment), total.presentment.currency
        ),
    )


def _line_tax(lines: Sequence[PlacedLine]) -> tuple[Decimal, Decimal]:
    """In the shop's and in the buyer's currency."""
    taxes = [tax.amount for line in lines for tax in line.tax_lines]
    return (
        sum((tax.shop.amount for tax in taxes), Decimal(0)),
        sum((tax.presentment.amount for tax in taxes), Decimal(0)),
    )


def _current(line: PlacedLine) -> PlacedLine:
    if line.current_quantity == line.quantity or not line.quantity:
        return line
    return replace(
        line,
        discount=part(line.discount, line),
        tax_lines=tuple(_tax_part(tax, line) for tax in line.tax_lines),
    )


def _tax_part(tax: TaxLine, line: PlacedLine) -> TaxLine:
    return replace(tax, amount=part(tax.amount, line))
