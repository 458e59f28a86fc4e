"""The embedded database's server, ended by SIGKILL in the middle of a run; its keeper starts it again."""

from __future__ import annotations

import os
import random
import signal

from django.conf import settings
from django.db import connection

from hub.embedded.places import places

# Parts of the time in which orders are placed: before and after, little is under way.
EARLIEST, LATEST = 0.15, 0.85
_NEIGHBOURS = """
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname <> current_database()
"""


def moments(seed: int, count: int) -> list[float]:
    """When to end the server, as parts of the time in which orders are placed."""
    chance = random.Random(f"{seed} database")
    return sorted(chance.uniform(EARLIEST, LATEST) for _ in range(count))


def end_server() -> str:
    """End the server; says why not where it is not ours to end."""
    if getattr(settings, "CHAOS_ENGINE", "") != "hub.embedded":
        return "left alone: it is not the embedded one"
    with connection.cursor() as cursor:
        cursor.execute(_NEIGHBOURS)
        if cursor.fetchone()[0]:
            return "left alone: others use it as well"
    os.kill(int((places().data / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
    # Our session died with it: the next statement makes a new one, and waits for the server.
    connection.close()
    return "ended"
