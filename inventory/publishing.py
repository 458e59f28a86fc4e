"""What the hub may write to a level of a store, as pure functions: the compare-and-set protocol. No models, no network.

A store lessens a level by each sale itself, and tells of it and of the order apart, late, or never. So a number that
the hub works out of the orders that it knows may be too high: the level may have fallen by a sale whose order is still
on its way. What the level does is therefore held against what the orders say that it should do. While the two differ,
a level is lowered and never raised; and what it fell by without an order is kept back like demand.

The write itself names the number that it replaces (`changeFromQuantity`): what changed meanwhile refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Level:
    """A level as the hub knows it, in pieces.

    `unexplained` is how far it fell without an order that says so; below zero: how far it rose, or how much orders say
    that it was not told to have fallen yet. `is_open` while something that was told has no explanation: nothing but an
    order that explains it to the piece, or a look at all orders since, closes that.
    """

    available: int
    unexplained: int = 0
    is_open: bool = False

    def told(self, available: int) -> Level:
        """The store says that it is so many now, later than what is known."""
        left = self.unexplained + self.available - available
        return Level(available, left, self.is_open or (available != self.available and left != 0))

    def moved(self, pieces: int) -> Level:
        """An order says that so many pieces came back (below zero: were sold)."""
        left = self.unexplained + pieces
        return replace(self, unexplained=left, is_open=self.is_open and left != 0)

    def wrote(self, before: int, after: int, *, is_told_since: bool) -> Level:
        """The store took our own write. `is_told_since`: the level was told anew after the write was decided, so that
        what is known may contain it or not; it is to be read then."""
        known = replace(self, unexplained=self.unexplained + after - before)
        return known if is_told_since else replace(known, available=after, unexplained=self.unexplained)

    def settled(self) -> Level:
        """Every order that the store took until the level was told last is known: what is left was no sale."""
        return replace(self, unexplained=0, is_open=False)

    def wanted(self, sellable: int) -> int:
        """What it is to be where so many pieces may be sold by all that is known."""
        safe = sellable - max(0, self.unexplained)
        return min(safe, self.available) if self.is_open else safe
