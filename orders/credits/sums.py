"""Refunds of one order that come to one credit together. Pure; amounts in major units of one currency."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

# So many sets of one sum are told apart; a person who is shown more could not choose.
MOST = 8


def sets_that_sum(amounts: Mapping[str, Decimal], total: Decimal) -> list[tuple[str, ...]]:
    """Every set of two or more of these that comes to the total exactly, MOST at most, in the order given."""
    sums: dict[Decimal, list[tuple[str, ...]]] = {Decimal(0): [()]}
    for key, amount in amounts.items():
        if amount <= 0:
            continue
        for told, sets in [(told, tuple(sets)) for told, sets in sums.items() if told + amount <= total]:
            held = sums.setdefault(told + amount, [])
            held.extend([(*one, key) for one in sets][: MOST - len(held)])
    return [one for one in sums.get(total, []) if len(one) > 1]
