"""Shopify's point accounting: the limits of each plan, what an answer says of the bucket, page sizes by cost.

Cost rules: an object is 1 point, a connection at most 2 + first x node, a mutation 10; no query may ask for
more than 1000 points (https://shopify.dev/docs/api/usage/rate-limits). Every answer corrects us.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from hub.connectors.base import Limits, ObservedLimits
from hub.connectors.stores.shopify.shapes import Node, optional_member

MAX_QUERY_COST = 1000.0
# Some room below the maximum, for what a page costs more than the one before.
PAGE_BUDGET = 900.0
METAFIELDS_BASE_COST = 10.0
# metafieldsSet costs 10 + 10 for each distinct order since 2026-09-15
# (https://shopify.dev/changelog/dynamic-complexity-cost-for-metafieldsset-mutation).
METAFIELDS_COST_PER_ORDER = 10.0
UNTOLD_WAIT = 1.0

_POINTS_PER_SECOND = {"standard": 100.0, "advanced": 200.0, "plus": 1000.0, "enterprise": 2000.0}
_BURST_SECONDS = 20
_CONCURRENCY = {"standard": 6, "advanced": 8, "plus": 16, "enterprise": 16}


def limits_of_plan(plan: str) -> Limits:
    """The limits that Shopify publishes for a plan, in points; those of "standard" for an unknown plan."""
    known = plan if plan in _POINTS_PER_SECOND else "standard"
    points = _POINTS_PER_SECOND[known]
    return Limits(points, points * _BURST_SECONDS, _CONCURRENCY[known], unit="points")


def references_cost(order_ids: Iterable[str]) -> float:
    """The requested cost of one metafieldsSet on these orders, in points."""
    return METAFIELDS_BASE_COST + METAFIELDS_COST_PER_ORDER * len(set(order_ids))


@dataclass(frozen=True, slots=True)
class Cost:
    """`extensions.cost` of an answer, in points; None where it said nothing."""

    requested: float | None
    actual: float | None
    available: float | None
    burst: float | None
    points_per_second: float | None

    def limits(self, charged: float, *, was_throttled: bool = False) -> ObservedLimits:
        """What the governor learns; the part of `charged` that was not used is given back."""
        used = 0.0 if was_throttled else self.actual
        return ObservedLimits(
            available=self.available,
            burst=self.burst,
            points_per_second=self.points_per_second,
            # Knowing the bucket is enough: smaller queries may go at once.
            blocked_for=UNTOLD_WAIT if was_throttled and self.available is None else None,
            was_throttled=was_throttled,
            refund=max(charged - used, 0.0) if used is not None else 0.0,
        )

    def wait(self) -> float:
        """Seconds until the bucket holds what this query asks for."""
        if self.requested is None or self.available is None or not self.points_per_second:
            return UNTOLD_WAIT
        return max((self.requested - self.available) / self.points_per_second, UNTOLD_WAIT)


def read_cost(extensions: Mapping[str, object]) -> Cost:
    """The cost in an answer's extensions; raises ValueError where it has another shape."""
    cost: Node = optional_member(extensions, "cost") or {}
    bucket: Node = optional_member(cost, "throttleStatus") or {}
    return Cost(
        requested=_points(cost, "requestedQueryCost"),
        actual=_points(cost, "actualQueryCost"),
        available=_points(bucket, "currentlyAvailable"),
        burst=_points(bucket, "maximumAvailable"),
        points_per_second=_points(bucket, "restoreRate"),
    )


def _points(node: Node, key: str) -> float | None:
    found = node.get(key)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, (int, Decimal)):
        raise ValueError(f"{key} is not a number")
    return float(found)


@dataclass(frozen=True, slots=True)
class _Size:
    items: int
    cost: float


class PageSize:
    """How many items to ask for in one call: starts where the published rules are kept for certain, then
    follows what Shopify charges. Safe to share between threads: its state is one value, replaced whole.
    """

    def __init__(self, *, start: int, ceiling: int, cost: float) -> None:
        self.ceiling = ceiling
        self._size = _Size(start, cost)

    def now(self) -> int:
        """Items to ask for."""
        return self._size.items

    def cost_of(self, items: int) -> float:
        """The cost to expect for this many items, in points."""
        size = self._size
        return min(size.cost * items / size.items, MAX_QUERY_COST)

    def learn(self, items: int, requested: float | None) -> None:
        """A call for `items` was charged `requested` points: size the next one by it."""
        if requested is None or requested <= 0 or items < 1:
            return
        fitting = max(1, min(self.ceiling, int(items * PAGE_BUDGET / requested)))
        self._size = _Size(fitting, min(requested * fitting / items, MAX_QUERY_COST))

    def halve(self, refused: int) -> None:
        """A call for this many items was refused as too costly."""
        items = max(1, refused // 2)
        self._size = _Size(items, MAX_QUERY_COST / 2)
