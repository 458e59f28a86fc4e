"""What of a credit memo is no goods: its kinds, and how an amount is parted from its tax. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.connectors.documents import LineKind
from hub.lib.money import round_money
from orders.models import CreditLineMapping

Part = CreditLineMapping.Kind


@dataclass(frozen=True, slots=True)
class Row:
    """The line of the ERP that a part goes to. `tax_percent` is the rate behind its tax code: 19 for 19 %."""

    kind: str = LineKind.ACCOUNT.value
    number: str = ""
    tax_code: str = ""
    tax_percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Parted:
    """An amount without its tax, and the tax."""

    net: Decimal
    tax: Decimal


def split(amount: Decimal, percent: Decimal, currency: str) -> Parted:
    """An amount that includes a tax of so many percent as net value and tax.

    Both are rounded to the minor unit, the tax as an ERP computes it from the net value: together they may be one minor
    unit off where no net value leads to the amount.
    """
    net = round_money(amount / (1 + percent / 100), currency)
    return Parted(net, round_money(net * percent / 100, currency))
