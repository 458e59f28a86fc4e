"""The threads of a drain: they run claimed tasks and receive deliveries, a fair part of them for each credential."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict, deque
from datetime import datetime
from functools import partial

import psycopg
from django.db import connection as database

from hub.connectors.base import Connector
from hub.connectors.registry import connector_class
from hub.sync import runner
from hub.sync.claims import Claimed, Ended
from hub.sync.governor import CredentialGovernor
from hub.sync.hands import Hands, Job, nothing
from hub.sync.inbox import receive_batch
from hub.sync.leases import Held
from hub.sync.models import Connection, SyncTask
from hub.sync.running import CurrentRun, EngineHooks, LoggedCall, connectors_from, current_run, write_calls

logger = logging.getLogger(__name__)

Waiting = SyncTask.State.WAITING
# Tasks in flight beyond the far side's slots: they load and map while others wait for their answer. At least so many,
# and half as many as there are slots: answers of calls that began together come together.
AHEAD = 4
MOST_AHEAD = 500
# How long the end of the threads is waited for: what still hangs in a call then ends with its process.
THREADS_END = 5.0


class Crew:
    """`wake` is set whenever a run has ended."""

    def __init__(self, worker: str, threads: int, wake: threading.Event, *, warm_up: Job = nothing) -> None:
        self.worker = worker
        self.size = threads
        self.wake = wake
        self.ended: deque[Ended] = deque()
        self.log: deque[LoggedCall] = deque()
        self.lock = threading.Lock()
        self.running: defaultdict[str, int] = defaultdict(int)
        self.local: defaultdict[str, deque[tuple[Claimed, Connection, Held]]] = defaultdict(deque)
        self.prefetch: defaultdict[str, int] = defaultdict(lambda: AHEAD)
        self.receiving: set[int] = set()
        # Whether only urgent ones are meant, by store.
        self.more_arrived: dict[int, bool] = {}
        self.paused: set[int] = set()
        # The drain's connections as they were read last; None until it has read them.
        self.current: dict[int, Connection] | None = None
        self.governors: dict[str, CredentialGovernor] = {}
        self.connectors: dict[int, tuple[tuple[datetime, str], Connector]] = {}
        self.finished = 0
        # What fails while a session is made ready must not cost the thread.
        self.hands = Hands(threads, lambda: connectors_from(self.connector), lambda: self._do(warm_up))

    @property
    def is_busy(self) -> bool:
        """Whether anything runs or waits here."""
        return any(self.running.values()) or any(self.local.values()) or bool(self.receiving)

    def running_for(self, credential: str) -> int:
        """How many tasks of this credential run or wait here."""
        return self.running[credential] + len(self.local[credential])

    # --------------------------------------------------------------------------------- taking work in

    def room_for(self, connection: Connection) -> int:
        """How many more tasks of this connection are worth claiming; grows while they end quickly."""
        credential = connection.credential
        governor = self.governor(connection)
        if governor.rests_for > 0:
            return 0
        with self.lock:
            waiting = len(self.local[credential])
            free = self._seats(governor) - self.running[credential] - waiting
            if not waiting and free >= self._seats(governor) // 2:
                self.prefetch[credential] = min(self.prefetch[credential] * 2, MOST_AHEAD)
            return max(free, 0) + max(self.prefetch[credential] - waiting, 0)

    def _seats(self, governor: CredentialGovernor) -> int:
        return min(governor.slots + max(AHEAD, governor.slots // 2), self.size) + governor.declared.gathered

    def add(self, task: Claimed, connection: Connection, lease: Held) -> None:
        """Take a claimed task over; it starts as soon as its credential has a seat."""
        self.governor(connection)
        with self.lock:
            self.local[connection.credential].append((task, connection, lease))
        self._start(connection.credential)

    def _start(self, credential: str) -> None:
        while True:
            with self.lock:
                seats = self._seats(self.governors[credential])
                if not self.local[credential] or self.running[credential] >= seats:
                    return
                task, connection, lease = self.local[credential].popleft()
                self.running[credential] += 1
                hands = self.size + self.governors[credential].declared.gathered
            self.hands.do(partial(self._run, task, connection, lease), of=hands)

    def receive(self, connection: Connection, *, only_urgent: bool = False) -> int:
        """Receive this store's deliveries, once more if they are being received; returns 1 if that was begun."""
        with self.lock:
            if connection.pk in self.receiving:
                self.more_arrived[connection.pk] = only_urgent and self.more_arrived.get(connection.pk, True)
                return 0
            self.receiving.add(connection.pk)
        self.hands.do(lambda: self._receive(connection, only_urgent=only_urgent))
        return 1

    # ------------------------------------------------------------------------------------ doing work

    def _run(self, task: Claimed, connection: Connection, lease: Held) -> None:
        started = time.monotonic()
        try:
            if lease.outlives(0):
                self.ended.append(self._outcome(task, connection, lease))
            else:
                # Where somebody else has the task by now, its fence says so and this changes nothing.
                self.ended.append(Ended(task, "handed on", "", Waiting))
        finally:
            with self.lock:
                self.running[connection.credential] -= 1
                self.finished += 1
                if time.monotonic() - started > 0.05:
                    self.prefetch[connection.credential] = AHEAD
            self._start(connection.credential)
            self.wake.set()

    def _outcome(self, task: Claimed, connection: Connection, lease: Held) -> Ended:
        if self.current is not None:
            # What was claimed before a person switched it off, or gave it new secrets, goes by what holds now.
            connection = self.current.get(connection.pk) or connection
        if connection.pk in self.paused or self._is_off(connection):
            # What was claimed before the pause must not knock at a door that locks people out.
            return Ended(task, "handed on", "", Waiting)
        try:
            with current_run(CurrentRun(task, lease, self.worker)):
                ended = runner.run(task, connection)
        except Exception:
            logger.exception("a run could not be noted", extra={"flow": task.flow, "subject": task.subject})
            return Ended(
                task, "retry", "The run could not be noted; the log has the reason.", Waiting, after=5.0
            )
        if ended.outcome == "paused":
            self.paused.add(connection.pk)
        return ended

    def _is_off(self, connection: Connection) -> bool:
        return self.current is not None and connection.pk not in self.current

    def _receive(self, connection: Connection, *, only_urgent: bool) -> None:
        wanted: bool | None = only_urgent
        try:
            while wanted is not None:
                while receive_batch(connection, only_urgent=wanted):
                    continue
                wanted = self._more_arrived(connection)
        except Exception:
            logger.exception("deliveries not received", extra={"connection": connection.name})
            database.close()
            with self.lock:
                self.receiving.discard(connection.pk)
        finally:
            self.wake.set()

    def _more_arrived(self, connection: Connection) -> bool | None:
        """Whether to look once more, for urgent ones only or for all; None: the next announcement begins anew."""
        with self.lock:
            if connection.pk in self.more_arrived:
                return self.more_arrived.pop(connection.pk)
            self.receiving.discard(connection.pk)
            return None

    def take_ended(self) -> list[Ended]:
        """Every run that has ended since the last call."""
        ended = []
        while self.ended:
            ended.append(self.ended.popleft())
        return ended

    # ------------------------------------------------------------------------------- what runs stand on

    def governor(self, connection: Connection) -> CredentialGovernor:
        """The shared governor of the connection's credential."""
        with self.lock:
            known = self.governors.get(connection.credential)
        if known is None:
            limits = connector_class(connection.system).limits(connection.config)
            known = CredentialGovernor(connection.credential, limits, is_bulk=True)
            with self.lock:
                known = self.governors.setdefault(connection.credential, known)
        return known

    def connector(self, connection: Connection) -> Connector:
        """The connection's shared connector, made anew when its settings have changed."""
        stamp = (connection.changed_at, connection.credential)
        governor = self.governor(connection)
        with self.lock:
            known = self.connectors.get(connection.pk)
            if known and (known[0] == stamp or known[0][0] > connection.changed_at):
                return known[1]
            made = connector_class(connection.system)(
                connection.config, connection.secrets, EngineHooks(connection, governor, self.log.append)
            )
            self.connectors[connection.pk] = (stamp, made)
            return made

    def write_log(self) -> None:
        """Write the calls made since the last time."""
        calls = []
        while self.log:
            calls.append(self.log.popleft())
        try:
            if calls:
                write_calls(calls)
        except (psycopg.DataError, psycopg.IntegrityError):
            # The log serves people; the work goes on without these lines.
            logger.exception("calls not logged", extra={"count": len(calls)})

    # ------------------------------------------------------------------------------------------ leaving

    def forget(self, credential: str) -> None:
        """The lease is not ours any more: drop what has not started, give points back.

        The governor stays: runs that have not ended and the connectors hold it, and the lease may come back.
        """
        with self.lock:
            self.local[credential].clear()
            governor = self.governors.get(credential)
        if governor:
            governor.give_back()

    def do(self, work: Job) -> None:
        """Run this on a thread of the crew; what it raises is logged."""
        self.hands.do(lambda: self._do(work))

    def _do(self, work: Job) -> None:
        try:
            work()
        except Exception:
            logger.exception("failed beside the tasks")
            database.close()

    def hand_back(self) -> None:
        """What has not started goes back into the queue."""
        with self.lock:
            for waiting in self.local.values():
                self.ended.extend(Ended(task, "handed on", "", Waiting) for task, _, _ in waiting)
                waiting.clear()

    def close(self) -> None:
        """End the threads, write the log, close the connectors."""
        self.hands.close(THREADS_END)
        self.write_log()
        for _, connector in self.connectors.values():
            connector.close()
        for governor in self.governors.values():
            governor.give_back()
