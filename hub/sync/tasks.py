"""The only functions that django-q2 runs. `manage.py work` puts them into its cluster's own queue."""

from __future__ import annotations

import signal

from hub.connectors.registry import CONNECTORS, connector_class
from hub.lib.collector import settle_loaded
from hub.supervise.cluster import FINISH_SIGNAL
from hub.sync.drain import Drain
from hub.sync.flows import FLOWS, RECEIVERS, WARMERS, receiver, run_of, warmer
from hub.sync.watchdog import Watchdog

# Seconds: a turn of the loop takes milliseconds, and waits for nothing but the database.
HUNG_AFTER = 180.0


def beat() -> str:
    """Answer the supervisor's heartbeat: that this ran and was acknowledged is all it wants to know."""
    return "alive"


def drain() -> str:
    """Drain until there is nothing to do, or until the supervisor asks to finish."""
    _load()
    settle_loaded()
    work = Drain(warm_up=_warm_up)
    work.watchdog = Watchdog(HUNG_AFTER)
    before = signal.signal(FINISH_SIGNAL, lambda *_: work.stop())
    try:
        return work.run()
    finally:
        work.watchdog.end()
        signal.signal(FINISH_SIGNAL, before)


def _load() -> None:
    """What is imported where it is first needed: no order shall wait for that."""
    for key in CONNECTORS:
        connector_class(key)
    for name in FLOWS:
        run_of(name)
    for kind in RECEIVERS:
        receiver(kind)
    for room in WARMERS:
        warmer(room)


def _warm_up() -> None:
    """Make one thread's session ready for every room."""
    for room in WARMERS:
        warmer(room)()
