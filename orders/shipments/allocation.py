"""Which pieces of which fulfilment order are what was shipped? Pure functions of documents and a setting.

Never more than a fulfilment order still holds, never less than was shipped where the store can take it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hub.connectors.fulfilments import FulfilmentOrder, OpenLine, Taken


class Goods(StrEnum):
    """Lines of different kinds are not sent in one fulfilment."""

    SHIPPED = "shipped"
    SERVICE = "service"
    GIFT_CARD = "gift_card"


class Elsewhere(StrEnum):
    """What becomes of pieces that the store expects to leave another location than they left."""

    MOVE = "move"
    STAY = "stay"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Release:
    """Our own holds on a fulfilment order, which go before anything of it is sent."""

    fulfilment_order_external_id: str
    hold_external_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """Pieces of one fulfilment order that another location is to send."""

    fulfilment_order_external_id: str
    location_external_id: str
    lines: tuple[Taken, ...]


@dataclass(frozen=True, slots=True)
class Allocation:
    """Where the pieces are. `releases` and `moves` come before the rest and change ids: read again after them.

    `blocked` are pieces that the store has but does not let us send, with the reason; `short` are more than it
    has. Both by order line.
    """

    taken: tuple[Taken, ...] = ()
    moves: tuple[Move, ...] = ()
    releases: tuple[Release, ...] = ()
    blocked: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    short: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether every piece has found its place."""
        return not self.blocked and not self.short


@dataclass(frozen=True, slots=True)
class _Source:
    order: FulfilmentOrder
    line: OpenLine
    rank: int
    """0 ready, 1 after releasing our hold, 2 after a move, 3 after both, 4 not at all."""
    reason: str = ""


_BLOCKED = 4


def allocate(
    wanted: Mapping[str, int], orders: Sequence[FulfilmentOrder], location: str, elsewhere: Elsewhere
) -> Allocation:
    """Lay the shipped pieces (by order line) out over the fulfilment orders, the shipment's location first.

    `location` is empty where it does not matter: all is at one.
    """
    sources: dict[str, list[_Source]] = {}
    for order in orders:
        for line in order.lines:
            if line.remaining > 0 and line.order_line_external_id in wanted:
                source = _source(order, line, location, elsewhere)
                sources.setdefault(line.order_line_external_id, []).append(source)
    picked: list[tuple[_Source, int]] = []
    short: dict[str, int] = {}
    for key in wanted:
        left = wanted[key]
        for source in sorted(sources.get(key, []), key=lambda source: source.rank):
            pieces = min(left, source.line.remaining)
            if pieces:
                picked.append((source, pieces))
            left -= pieces
        if left:
            short[key] = left
    return _allocation(picked, short, location)


def _source(order: FulfilmentOrder, line: OpenLine, location: str, elsewhere: Elsewhere) -> _Source:
    is_there = not location or order.location_external_id == location
    others = [hold.reason or "held" for hold in order.holds if not hold.is_ours]
    if others:
        return _Source(order, line, _BLOCKED, f"held in the store: {', '.join(others)}")
    if not order.holds and not order.can_fulfil:
        return _Source(order, line, _BLOCKED, f"not ours to send: {order.status.lower()}")
    if is_there or elsewhere is Elsewhere.STAY:
        return _Source(order, line, 1 if order.holds else 0)
    if elsewhere is Elsewhere.REVIEW or not order.can_move:
        return _Source(order, line, _BLOCKED, f"the store has it at {order.location_name}")
    return _Source(order, line, 3 if order.holds else 2)


def _allocation(picked: list[tuple[_Source, int]], short: dict[str, int], location: str) -> Allocation:
    blocked: dict[str, tuple[int, str]] = {}
    moved: dict[str, list[Taken]] = {}
    held: dict[str, Release] = {}
    ready: list[Taken] = []
    for source, pieces in picked:
        taken = _taken(source, pieces)
        if source.rank == _BLOCKED:
            before = blocked.get(taken.order_line_external_id, (0, ""))[0]
            blocked[taken.order_line_external_id] = (before + pieces, source.reason)
        elif source.rank in (1, 3):
            ids = tuple(hold.external_id for hold in source.order.holds)
            held[source.order.external_id] = Release(source.order.external_id, ids)
        elif source.rank == 2:
            moved.setdefault(source.order.external_id, []).append(taken)
        else:
            ready.append(taken)
    moves = tuple(Move(key, location, tuple(lines)) for key, lines in moved.items())
    return Allocation(tuple(ready), moves, tuple(held.values()), blocked, short)


def _taken(source: _Source, pieces: int) -> Taken:
    line = source.line
    return Taken(source.order.external_id, line.external_id, line.order_line_external_id, pieces)


def parts(
    taken: Sequence[Taken],
    orders: Sequence[FulfilmentOrder],
    kinds: Mapping[str, Goods],
    lines_at_once: int,
) -> list[tuple[Taken, ...]]:
    """The fulfilments to create: one location and one kind of goods each, no more lines than the store takes."""
    places = {order.external_id: order.location_external_id for order in orders}
    grouped: dict[tuple[str, Goods], list[Taken]] = {}
    for one in taken:
        kind = kinds.get(one.order_line_external_id, Goods.SHIPPED)
        grouped.setdefault((places[one.fulfilment_order_external_id], kind), []).append(one)
    return [
        tuple(lines[start : start + lines_at_once])
        for _, lines in sorted(grouped.items())
        for start in range(0, len(lines), lines_at_once)
    ]


def open_places(wanted: Mapping[str, int], orders: Sequence[FulfilmentOrder]) -> set[str]:
    """Locations at which the store has something of these lines to send."""
    return {
        order.location_external_id
        for order in orders
        for line in order.lines
        if line.remaining > 0 and line.order_line_external_id in wanted
    }
