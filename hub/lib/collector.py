"""Python's garbage collector in processes that must answer at once."""

from __future__ import annotations

import gc

# Python's own 700 looks at young objects dozens of times for each order; most are gone by themselves.
YOUNG_OBJECTS = 10_000


def settle_loaded() -> None:
    """Keep what the program has loaded by now out of every later collection.

    A full collection goes through all modules and classes, finds nothing, and stops every thread of the process for
    a tenth of a second. Call it once, when all that stays is loaded; garbage that is made later is collected as ever.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
