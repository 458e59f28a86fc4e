"""How a figure is printed: its value, what it is held against, and whether it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` must reach `limit`, or stay below it where `is_ceiling`. Without a limit it is only shown."""

    name: str
    value: float
    limit: float | None
    unit: str
    is_ceiling: bool = False
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether the figure is as good as it must be."""
        if self.limit is None:
            return True
        return self.value <= self.limit if self.is_ceiling else self.value >= self.limit

    def __str__(self) -> str:
        mark = "ok  " if self.holds else "MISS"
        sign = "≤" if self.is_ceiling else "≥"
        held = f"{sign} {self.limit:g}" if self.limit is not None else "shown"
        detail = f"  ({self.detail})" if self.detail else ""
        return f"{mark} {self.name:<66} {self.value:>12,.2f} {self.unit:<8} {held}{detail}"


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that is not exceeded by `percent` of them (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]
