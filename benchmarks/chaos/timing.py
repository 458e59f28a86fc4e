"""How fast the far side of a run is said to be: a real one's minutes become seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds. `late` after the call plus `lag` stays within `settle`.

    `lease` outlives `deadline`, and an edit of a store's order, which may take three of these.
    """

    deadline: float
    settle: float
    lease: float
    lag: float
    pull_every: int

    @property
    def late(self) -> float:
        """When a late commit happens: we have given up, and it still counts."""
        return self.deadline + 1.0

    @property
    def too_late(self) -> tuple[float, float]:
        """Beyond the settle time: once before the second look for a twin, once after it."""
        settled = self.deadline + self.settle
        return settled + self.settle / 2, settled + 2 * self.settle

    @property
    def look_again(self) -> float:
        """How long a document is left alone of which nothing was told; by then no look-up lags behind its create."""
        return self.settle + self.lag + 3 * self.pull_every

    @property
    def rest(self) -> float:
        """How long a lost write may still appear after the last call."""
        return self.deadline + self.settle + self.lag


BRIEF = Timing(deadline=2.0, settle=4.0, lease=9.0, lag=0.5, pull_every=3)
SHORT = Timing(deadline=3.0, settle=6.0, lease=12.0, lag=1.0, pull_every=5)
LONG = Timing(deadline=5.0, settle=12.0, lease=18.0, lag=2.0, pull_every=30)
EDGES = Timing(deadline=3.0, settle=2.0, lease=10.0, lag=0.0, pull_every=30)
# A real server confirms twenty sales in a call that takes up to ten seconds.
REAL = Timing(deadline=15.0, settle=20.0, lease=45.0, lag=0.0, pull_every=10)
SHORT_RUN = 300


def timing_for(count: int, *, is_real: bool, is_brief: bool) -> Timing:
    """That of a run of `count` orders."""
    if is_real:
        return REAL
    if is_brief:
        return BRIEF
    return SHORT if count <= SHORT_RUN else LONG
