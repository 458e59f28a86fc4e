"""The demonstration's second part: what happens to orders after, and beside, their way into the ERP.

Each chapter does what people do on the far sides and at the order desk, and says what both sides hold then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.demo.desk import Desk
from hub.demo.story import changes, orders
from hub.demo.story.telling import NotTold, Telling
from hub.demo.world import World

CHAPTERS = (
    ("An offline order with an item that no store sells", orders.offline),
    ("A freight quote while the ERP is switched off", orders.freight),
    ("A held order with instructions, approved at the desk", orders.held),
    ("A quantity changed in the ERP, before the cutoff and after it", changes.changed_in_erp),
    ("An edit on both sides", changes.changed_on_both_sides),
    ("A shipment in two parts", orders.split),
    ("A return with a restocking fee", changes.returned),
)


@dataclass(frozen=True, slots=True)
class Chapter:
    """What was done and what was found, one line each; `problem` is empty where it ended as it should."""

    title: str
    lines: tuple[str, ...]
    problem: str = ""


def chapters(world: World, desk: Desk) -> Iterator[Chapter]:
    """Told one after another, in a world whose first orders are where they belong."""
    telling = Telling(world, desk)
    for title, tell in CHAPTERS:
        lines: list[str] = []
        try:
            lines.extend(tell(telling))
        except NotTold as problem:
            yield Chapter(title, tuple(lines), str(problem))
        else:
            yield Chapter(title, tuple(lines))
