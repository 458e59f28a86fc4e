"""Keeps one django-q2 cluster working: a drain when there is work, a heartbeat through all of it always.

The heartbeat is a message like any other: put into the cluster's own queue, taken by its pusher, run by a
worker, acknowledged by its monitor. If one is not acknowledged in time, some part of that chain hangs (a
killed idle worker takes the lock of the shared queue with it,
https://github.com/django-q2/django-q2/issues/23), and the whole process group is replaced. The drain occupies
one of the two workers, so that a healthy cluster always has one to answer.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import psutil

from hub.supervise.child import Child, title

logger = logging.getLogger(__name__)

# The signal that asks a drain to finish. Processes that do not know it ignore it, unlike SIGUSR1.
FINISH_SIGNAL = signal.SIGURG
TICK_SECONDS = 0.2
BEAT_EVERY = 5.0
# Longer than the ten seconds that q2's pusher sleeps after a database error.
BEAT_LATE_AFTER = 15.0
# The first answer of a new cluster includes starting Django in it.
FIRST_BEAT_LATE_AFTER = 45.0
DRAIN_NET_EVERY = 60.0
# A wake-up this shortly before a drain ended may have come after its last look at the tasks.
DRAIN_LAST_LOOK = 5.0
# From taking a message to running it, and from its end to its acknowledgement, it takes milliseconds.
UNACKNOWLEDGED_AFTER = 2.0
DRAIN_PATIENCE = 25.0
END_PATIENCE = 10.0
RESPAWN_PAUSE = 1.0


class BrokerDown(Exception):
    """The database does not answer."""


class Broker(Protocol):
    """The cluster's own queue, and the database's wake-ups. Every method raises BrokerDown."""

    def put(self, function: str) -> int:
        """Queue a function by its dotted name; returns the message's id."""

    def is_waiting(self, message: int) -> bool:
        """Whether the message is not acknowledged yet."""

    def is_taken(self, message: int) -> bool:
        """Whether the cluster has taken the message out of the queue, and not acknowledged it."""

    def drop(self, message: int) -> None:
        """Remove a message that nobody will acknowledge."""

    def purge(self) -> None:
        """Remove everything from this queue."""

    def woken(self, seconds: float) -> bool:
        """Wait at most that long; whether work was announced."""


class Cluster:
    """One cluster under supervision. `stop` may be called from a signal handler."""

    def __init__(self, start: Callable[[], Child], broker: Broker, *, beat: str, drain: str) -> None:
        self._start = start
        self._broker = broker
        self._beat_function = beat
        self._drain_function = drain
        self._stopping = threading.Event()
        self._child: Child | None = None
        self._beat: int | None = None
        self._beat_sent = 0.0
        self._has_answered = False
        self._drain: int | None = None
        self._drain_seen = 0.0
        self._drain_ended = 0.0
        self._woken_at = 0.0

    def stop(self) -> None:
        """Make `run` return after finishing what runs."""
        self._stopping.set()

    def run(self) -> None:
        """Supervise until stopped."""
        was_down = False
        try:
            while not self._stopping.is_set():
                try:
                    if was_down:
                        # q2's processes do not all find back after a lost database; new ones do.
                        self._broker.woken(0)
                        self._replace("the database was away")
                    self._tick()
                    was_down = False
                except BrokerDown as error:
                    if not was_down:
                        logger.warning("database does not answer", extra={"reason": str(error).strip()})
                    was_down = True
                    self._stopping.wait(TICK_SECONDS)
        finally:
            self._end()

    def _tick(self) -> None:
        if self._child is None or not self._child.is_alive:
            self._spawn()
        if self._is_woken():
            self._woken_at = time.monotonic()
        self._look_after_drain()
        self._look_after_beat()

    def _is_woken(self) -> bool:
        if self._drain is None:
            return self._broker.woken(TICK_SECONDS)
        # A drain listens for itself; under load, looking at each announcement would only cost time.
        self._stopping.wait(TICK_SECONDS)
        return self._broker.woken(0)

    # ------------------------------------------------------------------------------- the cluster as a whole

    def _spawn(self) -> None:
        if self._child is not None:
            logger.error("cluster ended by itself", extra={"status": self._child.wait(0)})
            self._child.kill()
            self._stopping.wait(RESPAWN_PAUSE)
        self._broker.purge()
        self._beat = self._drain = None
        self._drain_seen, self._has_answered = 0.0, False
        self._child = self._start()
        # There may be work that was announced while nobody listened.
        self._woken_at = time.monotonic()
        logger.info("cluster started", extra={"group": self._child.pid})

    def _replace(self, reason: str) -> None:
        titles = [title(process) for process in self._child.processes()] if self._child is not None else []
        logger.error("cluster replaced", extra={"reason": reason, "processes": titles})
        if self._child is not None:
            self._finish_drains()
            self._child.kill()
        self._child = None

    def _end(self) -> None:
        if self._child is not None:
            self._finish_drains()
            self._child.end(END_PATIENCE)
        with suppress(BrokerDown):
            self._broker.purge()

    # ---------------------------------------------------------------------------------------- the drain

    def _drains(self) -> list[psutil.Process]:
        processes = self._child.processes() if self._child is not None else []
        return [p for p in processes if " processing " in title(p) and self._drain_function in title(p)]

    def _look_after_drain(self) -> None:
        """One drain at a time: when work was announced, and now and then in case an announcement was lost."""
        now = time.monotonic()
        if self._drain is not None and self._is_drain_over(self._drain, now):
            self._drain, self._drain_seen, self._drain_ended = None, 0.0, now
        if self._drain is None:
            is_wanted = self._woken_at > self._drain_ended - DRAIN_LAST_LOOK
            if is_wanted or now - self._drain_ended > DRAIN_NET_EVERY:
                self._woken_at = 0.0
                self._drain = self._broker.put(self._drain_function)

    def _is_drain_over(self, message: int, now: float) -> bool:
        if self._drains():
            self._drain_seen = now
        elif not self._broker.is_waiting(message):
            return True
        elif self._broker.is_taken(message):
            self._drain_seen = self._drain_seen or now
            if now - self._drain_seen > UNACKNOWLEDGED_AFTER:
                # Its process was killed. q2 would run the message again much later; what is left is urgent.
                self._broker.drop(message)
                self._woken_at = now
                return True
        return False

    def _finish_drains(self) -> None:
        deadline = time.monotonic() + DRAIN_PATIENCE
        while (drains := self._drains()) and time.monotonic() < deadline:
            for process in drains:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(FINISH_SIGNAL)
            time.sleep(TICK_SECONDS)

    # ------------------------------------------------------------------------------------- the heartbeat

    def _look_after_beat(self) -> None:
        age = time.monotonic() - self._beat_sent
        if self._beat is None:
            if age > BEAT_EVERY or not self._has_answered:
                self._beat, self._beat_sent = self._broker.put(self._beat_function), time.monotonic()
        elif not self._broker.is_waiting(self._beat):
            self._beat, self._has_answered = None, True
        elif age > (BEAT_LATE_AFTER if self._has_answered else FIRST_BEAT_LATE_AFTER):
            is_taken = self._broker.is_taken(self._beat)
            self._replace(
                f"no heartbeat for {age:.0f} s, {'taken' if is_taken else 'not taken'} from the queue"
            )
