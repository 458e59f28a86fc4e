"""The only functions that django-q2 runs. `manage.py work` puts them into its cluster's own queue."""

from __future__ import annotations

import signal

from hub.supervise.cluster import FINISH_SIGNAL
from hub.sync.drain import Drain
from hub.sync.watchdog import Watchdog

# Seconds: a turn of the loop takes milliseconds, and waits for nothing but the database.
HUNG_AFTER = 180.0


def beat() -> str:
    """Answer the supervisor's heartbeat: that this ran and was acknowledged is all it wants to know."""
    return "alive"


def drain() -> str:
    """Drain until there is nothing to do, or until the supervisor asks to finish."""
    work = Drain()
    work.watchdog = Watchdog(HUNG_AFTER)
    before = signal.signal(FINISH_SIGNAL, lambda *_: work.stop())
    try:
        return work.run()
    finally:
        work.watchdog.end()
        signal.signal(FINISH_SIGNAL, before)
