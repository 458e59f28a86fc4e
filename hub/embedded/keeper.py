"""The process that owns the embedded server: starts it, starts it again when it dies, stops it when told to.

Run as `python -m hub.embedded.keeper` by `client.ensure_running`; stopped by SIGTERM. One a clone: it holds a
file lock for as long as it lives. After a kill -9 of this process the server goes on, and the next keeper
adopts it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import TextIO

import psycopg

from hub.embedded.errors import EmbeddedDatabaseError
from hub.embedded.places import Places, places
from hub.embedded.server import Server

LOOK_EVERY = 0.05
# A server that dies again and again this soon after its start is broken: say so instead of spinning.
SOON_SECONDS = 2.0
MOST_QUICK_DEATHS = 40
LOCK_TRIES = 10


class Keeper:
    """Keeps one server alive until told to stop or until its clone is gone."""

    def __init__(self, where: Places) -> None:
        self.where = where
        self.server = Server(where)
        self.told_to_stop = threading.Event()
        self.quick_deaths = 0

    def run(self) -> None:
        """Returns when told to stop; raises EmbeddedDatabaseError when the server cannot live."""
        self.server.prepare()
        try:
            while not self._is_over():
                self._one_life()
        finally:
            self.server.stop()

    def _one_life(self) -> None:
        started = time.monotonic()
        self.server.start()
        is_ready = False
        while self.server.is_alive and not self._is_over():
            is_ready = is_ready or self._made_ready()
            self.told_to_stop.wait(LOOK_EVERY)
        if not self._is_over():
            self._count_death(time.monotonic() - started)

    def _made_ready(self) -> bool:
        try:
            self.server.create_database()
        except psycopg.OperationalError:
            return False
        self.quick_deaths = 0
        return True

    def _count_death(self, lived: float) -> None:
        self.quick_deaths = self.quick_deaths + 1 if lived < SOON_SECONDS else 0
        if self.quick_deaths >= MOST_QUICK_DEATHS:
            raise EmbeddedDatabaseError(
                f"PostgreSQL does not stay alive. Its last words are in {self.where.log}."
            )
        self.told_to_stop.wait(0.1 if self.quick_deaths > 1 else 0)

    def _is_over(self) -> bool:
        return self.told_to_stop.is_set() or not self.where.alive_while.exists()


def main() -> int:
    """Hold the lock, keep the server. Returns at once when another keeper holds it."""
    where = places()
    where.root.mkdir(mode=0o755, parents=True, exist_ok=True)
    with where.lock.open("a+") as lock:
        if not _is_locked_by_us(lock):
            return 0
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return _keep(where)


def _is_locked_by_us(lock: TextIO) -> bool:
    # Those who ask whether a keeper lives hold the lock for an instant: once refused is not yet taken.
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_EVERY)
        else:
            return True
    return False


def _keep(where: Places) -> int:
    try:
        keeper = Keeper(where)

        def stop(_number: int, _frame: FrameType | None) -> None:
            keeper.told_to_stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        keeper.run()
    except EmbeddedDatabaseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
