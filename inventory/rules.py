"""What of an item may be sold in one place of a store, as pure functions. No models, no network.

The arithmetic is the design's: what the warehouses hold, minus what is committed there, minus every demand that their
reading does not contain, minus safety stock, then the rule of the channel. Every number comes with the terms that it
is made of, and these add up to it: a page that explains a number shows them and computes nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

NONE = Decimal(0)
ALL = Decimal(1)


class Term(StrEnum):
    """What a sellable number is made of, in the order in which it is taken."""

    ON_HAND = "on_hand"
    COMMITTED = "committed"
    """Promised in the ERP already."""
    UNCONTAINED = "uncontained"
    """Demand that the ERP did not hold when its stock was read."""
    SAFETY_STOCK = "safety_stock"
    OTHER_SHARE = "other_share"
    """What belongs to other places or channels: the rest of a warehouse, the rest of the whole."""
    UNITS = "units"
    """From the ERP's unit to pieces of the store, and what is left of a piece."""
    BUFFER = "buffer"
    MINIMUM = "minimum"
    """Fewer than the rule's least number are shown as none."""
    CAP = "cap"
    NO_BACKORDER = "no_backorder"
    """Below zero where the rule allows no backorder, or further below than it allows."""


@dataclass(frozen=True, slots=True)
class WarehouseStock:
    """One item in one warehouse, in the ERP's unit, and the share of it that one location of a store may sell.

    `share` is from 0 to 1. The shares that locations have of a warehouse may come to more than 1: then they sell from
    the same goods, which is safe as long as a sale in one changes the others.
    """

    warehouse: str
    on_hand: Decimal
    committed: Decimal = NONE
    uncontained: Decimal = NONE
    safety_stock: Decimal = NONE
    share: Decimal = ALL


@dataclass(frozen=True, slots=True)
class ChannelRule:
    """What a store makes of what it may sell. Pieces, as the store counts; shares from 0 to 1.

    `cap` None: as many as there are. `backorder` is how many pieces below zero may be sold: 0 for none, None for any.
    """

    share: Decimal = ALL
    buffer: int = 0
    minimum: int = 0
    cap: int | None = None
    backorder: int | None = 0


@dataclass(frozen=True, slots=True)
class TermAmount:
    """A term's part of a number, signed; `warehouse` where it is one warehouse's, else empty.

    Up to `Term.SAFETY_STOCK` and for the share of a warehouse it is in the ERP's unit, from there in pieces.
    """

    term: Term
    amount: Decimal
    warehouse: str = ""


@dataclass(frozen=True, slots=True)
class Sellable:
    """How many pieces a location may sell, and why. The terms add up to the number."""

    number: int
    terms: tuple[TermAmount, ...]


def sellable(stock: Iterable[WarehouseStock], rule: ChannelRule, units_per_piece: Decimal = ALL) -> Sellable:
    """What one location may sell of an item that its warehouses hold like this (design.md, "Inventory arithmetic").

    `units_per_piece` is how much of the ERP's unit one piece in the store is, more than 0. Terms of nothing are left
    out.
    """
    terms: list[TermAmount] = []
    for held in stock:
        terms += _of_warehouse(held)
    units = sum((one.amount for one in terms), NONE)
    pieces = units / units_per_piece * rule.share
    terms += [
        TermAmount(Term.OTHER_SHARE, units * rule.share - units),
        TermAmount(Term.UNITS, _floor(pieces) - units * rule.share),
    ]
    number = _floor(pieces)
    for term, after in _ruled(number, rule):
        terms.append(TermAmount(term, after - number))
        number = after
    return Sellable(int(number), tuple(one for one in terms if one.amount))


def _ruled(number: Decimal, rule: ChannelRule) -> Iterator[tuple[Term, Decimal]]:
    """What the number is after each step of the rule."""
    number -= rule.buffer
    yield Term.BUFFER, number
    if 0 < number < rule.minimum:
        number = NONE
    yield Term.MINIMUM, number
    if rule.cap is not None:
        number = min(number, Decimal(rule.cap))
    yield Term.CAP, number
    if rule.backorder is not None:
        number = max(number, Decimal(-rule.backorder))
    yield Term.NO_BACKORDER, number


def _of_warehouse(held: WarehouseStock) -> Sequence[TermAmount]:
    own = (
        (Term.ON_HAND, held.on_hand),
        (Term.COMMITTED, -held.committed),
        (Term.UNCONTAINED, -held.uncontained),
        (Term.SAFETY_STOCK, -held.safety_stock),
    )
    net = sum((amount for _, amount in own), NONE)
    return [
        TermAmount(term, amount, held.warehouse)
        for term, amount in (*own, (Term.OTHER_SHARE, net * held.share - net))
    ]


def _floor(amount: Decimal) -> Decimal:
    return amount.to_integral_value(ROUND_FLOOR)
