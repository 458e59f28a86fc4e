"""A drain in a process of its own, for tests in which a run ends it: `python -m tests.sync.mortal_drain CODE`."""

from __future__ import annotations

import os
import signal
import sys
import time

import django

FATAL = 13
SETTINGS = "hub.settings"


def run(connection, record_id):
    """A flow: takes a moment, and kills its process for one record."""
    time.sleep(0.05)
    if record_id == FATAL:
        os.kill(os.getpid(), signal.SIGKILL)
    return "counted"


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    django.setup()
    from hub.connectors.registry import CONNECTORS
    from hub.sync.drain import Drain
    from hub.sync.flows import FLOWS, Flow

    CONNECTORS["silent"] = ("erp", "Silent", "tests.fakes.silent.SilentErp")
    FLOWS.clear()
    FLOWS["count"] = Flow("tests.sync.mortal_drain", side="erp", subject="thing")
    FLOWS["all"] = Flow("tests.sync.mortal_drain", side="erp")
    Drain(threads=8, linger=0.0).run()


if __name__ == "__main__":
    sys.exit(main())
