"""The back office of the engine, and the base classes of every room's pages.

Pages contain no logic of their own: a button calls enqueue, a flow's door, or a function of hub.sync.
"""

from __future__ import annotations

from hub.sync.admin import connections, machinery, reviews, tasks, third_party
from hub.sync.admin.bases import LinkAdmin, MirrorAdmin, PlainAdmin, ReadOnlyAdmin
from hub.sync.admin.mappings import MappingAdmin
from hub.sync.admin.shown import amount, as_table, pretty
from hub.sync.releasing import release_held

__all__ = [
    "LinkAdmin",
    "MappingAdmin",
    "MirrorAdmin",
    "PlainAdmin",
    "ReadOnlyAdmin",
    "amount",
    "as_table",
    "connections",
    "machinery",
    "pretty",
    "release_held",
    "reviews",
    "tasks",
    "third_party",
]
