"""Do nothing: what remains is the engine itself.

Starts   a benchmark
Reads    nothing
Writes   nothing
Repeat   safe: nothing happens
Review   never
"""

from __future__ import annotations

from hub.sync.models import Connection


def run(connection: Connection, record_id: int) -> str:
    """Nothing."""
    return "nothing"
