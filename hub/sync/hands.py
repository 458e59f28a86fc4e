"""The threads of a crew: the one that worked last works next, because its database session is warm."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager

from django.db import connection as database

Job = Callable[[], None]


def nothing() -> None:
    """What a thread does before its first job where nobody says."""


class Hands:
    """`count` threads that do jobs in the order in which they were given, each thread inside `within()`, after `first`.

    Each thread has a database session of its own, and a session plans a statement when it meets it first: with turns
    taken in a circle every session would be a cold one for long. Jobs must not raise.
    """

    def __init__(
        self, count: int, within: Callable[[], AbstractContextManager[object]], first: Job = nothing
    ) -> None:
        self.within = within
        self.first = first
        self.lock = threading.Lock()
        self.waiting: deque[Job] = deque()
        self.idle: list[queue.SimpleQueue[Job | None]] = []
        self.is_closed = False
        self.threads: list[threading.Thread] = []
        for _ in range(count):
            self._hire()

    def _hire(self) -> None:
        thread = threading.Thread(target=self._work, name=f"crew-{len(self.threads)}", daemon=True)
        self.threads.append(thread)
        thread.start()

    def do(self, job: Job, *, of: int = 0) -> None:
        """Have this done as soon as a thread is free; one more is hired where none is and there are fewer than `of`."""
        with self.lock:
            if not self.idle:
                self.waiting.append(job)
                if len(self.threads) < of and not self.is_closed:
                    self._hire()
                return
            free = self.idle.pop()
        free.put(job)

    def _work(self) -> None:
        given: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        with self.within():
            self.first()
            while (job := self._next(given)) is not None:
                job()
        database.close()

    def _next(self, given: queue.SimpleQueue[Job | None]) -> Job | None:
        with self.lock:
            if self.waiting:
                return self.waiting.popleft()
            if self.is_closed:
                return None
            self.idle.append(given)
        return given.get()

    def close(self, patience: float) -> None:
        """Do what was given, then end; what still hangs after so many seconds ends with its process."""
        with self.lock:
            self.is_closed = True
            idle, self.idle = self.idle, []
        for free in idle:
            free.put(None)
        end = time.monotonic() + patience
        for thread in self.threads:
            thread.join(max(0.0, end - time.monotonic()))
