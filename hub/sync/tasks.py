"""The only functions that django-q2 runs. `manage.py work` puts them into its cluster's own queue."""

from __future__ import annotations

import signal

from hub.supervise.cluster import FINISH_SIGNAL
from hub.sync.drain import Drain


def beat() -> str:
    """Answer the supervisor's heartbeat: that this ran and was acknowledged is all it wants to know."""
    return "alive"


def drain() -> str:
    """Drain until there is nothing to do, or until the supervisor asks to finish."""
    work = Drain()
    before = signal.signal(FINISH_SIGNAL, lambda *_: work.stop())
    try:
        return work.run()
    finally:
        signal.signal(FINISH_SIGNAL, before)
