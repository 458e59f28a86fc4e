"""The sandbox as people look at it who wait for a step of the hub's."""

from __future__ import annotations

import time
from typing import Any

from hub.demo.sandbox import Sandbox

# Dozens wait at once, and what is held is megabytes after thousands of orders: it is fetched once for all of them.
# Counted from when it came: that takes seconds on a busy machine.
SEEN_FOR = 4.0


class Onlookers(Sandbox):
    """What the systems hold, seen a few seconds ago at most, and never before the last act of these people."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.seen: dict[tuple[tuple[str, str], ...], tuple[float, dict[str, Any]]] = {}

    def truth(self, **which: str) -> dict[str, Any]:
        """As `Sandbox.truth`; who is told must not change it."""
        key = tuple(sorted(which.items()))
        seen_at, held = self.seen.get(key, (float("-inf"), {}))
        if time.monotonic() - seen_at > SEEN_FOR:
            held = super().truth(**which)
            self.seen[key] = time.monotonic(), held
        return held

    def act(self, kind: str, name: str, action: str, data: dict[str, Any]) -> dict[str, Any]:
        """As `Sandbox.act`; what was seen of these systems before it counts no more."""
        done = super().act(kind, name, action, data)
        for key in [key for key in self.seen if dict(key).get("kind", kind) == kind]:
            del self.seen[key]
        return done

    def look_anew(self) -> None:
        """Forget what was seen."""
        self.seen.clear()
