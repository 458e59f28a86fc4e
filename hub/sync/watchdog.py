"""Ends this process when its loop stands still: a drain that hangs keeps its leases from everybody else."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time

logger = logging.getLogger(__name__)


class Watchdog:
    """Kills the process (SIGKILL: nothing of it may go on writing) unless `turned` is called within `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.turned_at = time.monotonic()
        self.over = threading.Event()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def turned(self) -> None:
        """The loop moves."""
        self.turned_at = time.monotonic()

    def end(self) -> None:
        """The loop has ended as it should."""
        self.over.set()

    def _watch(self) -> None:
        seen = 0.0
        while not self.over.wait(min(5.0, self.seconds / 2)):
            turned_at = self.turned_at
            # Twice the same: a process that was stopped and goes on gets the chance to turn first.
            if turned_at == seen and time.monotonic() - turned_at > self.seconds:
                logger.critical("the drain stands still, its process ends", extra={"seconds": self.seconds})
                os.kill(os.getpid(), signal.SIGKILL)
            seen = turned_at
