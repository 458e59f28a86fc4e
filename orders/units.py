"""Pieces of the store in the ERP's units, with the same amount to the minor unit, and units in pieces. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from hub.connectors.documents import PlacedLine
from hub.lib.money import Money, round_money

# What ERPs keep of a unit price (Business Central: 5 decimals).
PRICE_STEP = Decimal("0.00001")
# What ERPs keep of a quantity (Business Central: 5 decimals): 3 pieces of 0.333333 come back as 1.
QUANTITY_STEP = Decimal("0.00001")


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item of the ERP, its unit there ("" for its own), how much of that one piece in the store is, and the
    warehouse that it is sold from ("" where the ERP decides)."""

    number: str = ""
    unit: str = ""
    units_per_piece: Decimal = Decimal(1)
    warehouse: str = ""


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


def in_pieces(quantity: Decimal, units_per_piece: Decimal) -> Decimal:
    """So much of the ERP's unit in pieces: a whole number where it is what ERPs keep of so many, else the fraction.

    Nothing is rounded: where two numbers of pieces would be kept as the same quantity, only the exact one counts.
    """
    pieces = quantity / units_per_piece
    whole = pieces.to_integral_value()
    is_kept_so = abs(whole * units_per_piece - quantity) < QUANTITY_STEP < units_per_piece / 2
    return whole if is_kept_so else pieces


def is_whole(pieces: Decimal) -> bool:
    """Whether a store can count them."""
    return pieces == pieces.to_integral_value()


def is_in_unit(unit: str, row: ItemRow) -> bool:
    """Whether a line of the ERP in this unit counts in the row's. Where one of both says none, nothing contradicts."""
    return not unit or not row.unit or is_same_unit(unit, row.unit)


def is_same_unit(one: str, other: str) -> bool:
    """Whether two codes name one unit: ERPs write them in letters of their own case."""
    return one.strip().casefold() == other.strip().casefold()


def lines_in(unit: str, lines: Iterable[PlacedLine], items: Mapping[str, ItemRow]) -> list[PlacedLine]:
    """Lines of an order whose items (by the line's id) count in this unit; where none names it, those that name none.

    All where the unit is not told, none where each names another.
    """
    known = list(lines)
    exact = [line for line in known if unit and is_same_unit(unit, items[line.external_id].unit)]
    return exact or [line for line in known if not unit or not items[line.external_id].unit]


def said(quantity: Decimal, unit: str = "") -> str:
    """A quantity with its unit, as people are told it."""
    return f"{quantity.normalize():f} {unit}".strip()
