"""A drain: leases credentials, claims their due tasks, runs them on a bounded crew of threads, acknowledges in batches.

It stays while there is work and a little longer, woken by the database within milliseconds. It keeps nothing in
memory that must not be lost: whatever ends it, another drain recovers from the rows.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
import uuid
from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection as database

from hub.sync import claims, leases, sweep
from hub.sync.claims import Claimed, Want
from hub.sync.crew import Crew
from hub.sync.enqueue import CHANNEL, DELIVERY, LEASES, OTHER_DELIVERY
from hub.sync.hands import Job, nothing
from hub.sync.leases import Held
from hub.sync.models import Connection
from hub.sync.watchdog import Watchdog

logger = logging.getLogger(__name__)

TICK = 2.0
# While leases pass from one worker to another: nobody works for them meanwhile.
MOVING_TICK = 0.2
SCHEDULE_TICK = 1.0
POLL = 0.5
# What was written to a store returns as many deliveries at once: they are received together.
GATHER_OTHERS = 0.25
FULL_SCAN = 5.0
# Until a new process takes over. Handing over costs as long as the longest running task: seldom, then.
BUDGET = float(getattr(settings, "DRAIN_SECONDS", 1500.0))
# What runs may take this long to end; the rest is handed on. Longer than any call's deadline.
LONGEST_END = 60.0
MOST_CLAIMED = 400
FLOOR_MARGIN = timedelta(seconds=2)
# Many threads wait for answers of the database while one computes: at Python's own 5 ms each answer is taken up to
# 5 ms late, and a run has twenty of them.
SWITCH_SECONDS = 0.0005


def worker_name() -> str:
    """A name for this drain that no other has ever had."""
    return f"{socket.gethostname()[:60]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


class Drain:
    """One drain. `linger` is how long it stays without work, `budget` how long at most, both in seconds.

    `warm_up` is done by each thread before its first job.
    """

    def __init__(
        self, *, threads: int = 32, linger: float = 30.0, budget: float = BUDGET, warm_up: Job = nothing
    ) -> None:
        self.name = worker_name()
        self.linger = linger
        self.budget = budget
        self.wake = threading.Event()
        self.stopping = threading.Event()
        self.crew = Crew(self.name, threads, self.wake, warm_up=warm_up)
        self.held: dict[str, Held] = {}
        self.leaving: set[str] = set()
        self.is_moving = False
        self.connections: dict[int, Connection] = {}
        self.floors: dict[tuple[int, int], datetime] = {}
        self.told: deque[str] = deque()
        # Connections that may have due tasks, and those that may have new deliveries.
        self.due: set[int] = set()
        self.arrived: set[int] = set()
        # When to receive what nobody waits for, by connection, as time.monotonic().
        self.gathering: dict[int, float] = {}
        self.timers: dict[str, float] = {}
        self.last_work = time.monotonic()
        self.watchdog: Watchdog | None = None

    def run(self) -> str:
        """Work until there is nothing to do for `linger` seconds, or `budget` is used up; says what was done."""
        try:
            session = self._open_session()
        except BaseException:
            self.crew.close()
            raise
        listener = threading.Thread(target=self._listen, args=(session,), daemon=True)
        listener.start()
        try:
            sys.setswitchinterval(SWITCH_SECONDS)
            with database.cursor() as cursor:
                # A claim or an acknowledgement that a database crash takes back is only work done again.
                cursor.execute("SET synchronous_commit TO off")
            self._loop()
        finally:
            self._leave(session)
        return f"ran {self.crew.finished} tasks"

    def stop(self) -> None:
        """End soon: finish what runs, give the leases back."""
        self.stopping.set()
        self.wake.set()

    # ------------------------------------------------------------------------------------------- the loop

    def _loop(self) -> None:
        end = time.monotonic() + self.budget
        while not self.stopping.is_set() and time.monotonic() < end:
            self._turn()
            self._every("leases", MOVING_TICK if self.leaving or self.is_moving else TICK, self._balance)
            self._every("schedules", SCHEDULE_TICK, self._plan)
            self._every("sweep", 10.0, self._sweep)
            # Off this thread: mail servers and old rows take their time, and leases must be renewed meanwhile.
            self._every("minutely", 60.0, lambda: self.crew.do(sweep.minutely))
            self._every("everything", POLL, self._suspect_all)
            self._hear()
            moved = self._report() + self._receive() + self._claim()
            if moved or self.crew.is_busy:
                self.last_work = time.monotonic()
            elif time.monotonic() - self.last_work > self.linger and not self._last_look():
                break
            rest = self._longest_rest()
            if not moved and not self.wake.wait(rest) and rest == POLL:
                self._suspect_all()

    def _longest_rest(self) -> float:
        soonest = min(self.gathering.values(), default=float("inf"))
        return min(POLL, max(0.0, soonest - time.monotonic()))

    def _turn(self) -> None:
        self.wake.clear()
        if self.watchdog:
            self.watchdog.turned()

    def _last_look(self) -> int:
        """What there is to do although nobody announced it."""
        self.gathering.clear()
        self._suspect_all()
        return self._receive() + self._claim()

    def _every(self, name: str, seconds: float, act: Any) -> None:
        now = time.monotonic()
        if now - self.timers.get(name, -seconds) >= seconds:
            self.timers[name] = now
            act()

    def _plan(self) -> None:
        self._every("schedule rows", 30.0, sweep.plan_schedules)
        sweep.enqueue_due_schedules()

    def _sweep(self) -> None:
        """Find what fell between two statements: a claim that committed after its lease had passed on."""
        sweep.unblock_forgotten()
        for lease in self.held.values():
            claims.recover(lease.credential, lease.fence)

    # ----------------------------------------------------------------------------------------- the leases

    def _balance(self) -> None:
        """Renew our leases, hold our fair share of all credentials, recover what earlier holders left running."""
        self.is_moving = False
        leases.register(self.name)
        self.connections = {c.pk: c for c in Connection.objects.filter(is_enabled=True, paused_at=None)}
        self.crew.current = self.connections
        self.crew.paused -= set(self.connections)
        wanted = sorted({c.credential for c in self.connections.values()})
        leases.ensure_rows(wanted)
        kept = leases.renew(self.name, list(self.held.values()))
        lost = set(self.held) - {lease.credential for lease in kept}
        for credential in lost:
            self.crew.forget(credential)
        self.held = {lease.credential: lease for lease in kept}
        share = -(-len(wanted) // leases.live_workers())
        self._release_surplus(share, set(wanted))
        if len(self.held) < share:
            for lease in leases.acquire(
                self.name, [w for w in wanted if w not in self.held], share - len(self.held)
            ):
                self.held[lease.credential] = lease
                claims.recover(lease.credential, lease.fence)
            self._suspect_all()

    def _release_surplus(self, share: int, wanted: set[str]) -> None:
        surplus = [c for c in self.held if c not in wanted]
        # Nobody works for what leaves until its last run has ended, and a pull may take an hour: rather what is idle.
        ours = sorted(wanted & self.held.keys(), key=lambda c: (self.crew.running_for(c) > 0, c))
        surplus += ours[: max(len(ours) - share, 0)]
        self.leaving = set(surplus)
        idle = [credential for credential in surplus if not self.crew.running_for(credential)]
        self._give_back(idle)
        self.leaving -= set(idle)

    def _give_back(self, credentials: list[str]) -> None:
        if not credentials:
            return
        leases.release(self.name, credentials)
        for credential in credentials:
            self.crew.forget(credential)
            del self.held[credential]

    # ------------------------------------------------------------------------------------------- the work

    def _mine(self) -> dict[int, Held]:
        return {pk: self.held[c.credential] for pk, c in self.connections.items() if self._is_mine(c)}

    def _is_mine(self, connection: Connection) -> bool:
        credential = connection.credential
        is_held = credential in self.held and credential not in self.leaving
        return is_held and connection.pk not in self.crew.paused

    def _suspect_all(self) -> None:
        """The net below the announcements: look at every connection of ours."""
        mine = self._mine()
        self.due.update(mine)
        looked_at = [pk for pk in mine if pk not in self.gathering]
        if not looked_at:
            return
        with database.cursor() as cursor:
            cursor.execute(
                "SELECT connection_id FROM unnest(%s::bigint[]) AS c(connection_id) WHERE EXISTS ("
                "SELECT 1 FROM sync_webhookdelivery d WHERE d.connection_id = c.connection_id AND d.state = 0)",
                [looked_at],
            )
            self.arrived.update(row[0] for row in cursor.fetchall())

    def _hear(self) -> None:
        """Take what was announced since the last time."""
        while self.told:
            word, _, key = self.told.popleft().partition(" ")
            if word == LEASES:
                self.is_moving = True
            elif not key.isdigit():
                continue
            elif word == OTHER_DELIVERY:
                self.gathering.setdefault(int(key), time.monotonic() + GATHER_OTHERS)
            else:
                (self.arrived if word == DELIVERY else self.due).add(int(key))

    def _receive(self) -> int:
        """Hand the connections that have new webhook deliveries to the crew."""
        now = time.monotonic()
        arrived = self.arrived | {pk for pk, moment in self.gathering.items() if moment <= now}
        self.arrived = set()
        self.gathering = {pk: moment for pk, moment in self.gathering.items() if pk not in arrived}
        mine = self._mine() if arrived else {}
        return sum(self.crew.receive(self.connections[pk]) for pk in arrived if pk in mine)

    def _claim(self) -> int:
        wants = self._wants()
        if not wants:
            return 0
        now = time.monotonic()
        if now - self.timers.get("full scan", 0.0) >= FULL_SCAN:
            self.timers["full scan"] = now
            self.floors.clear()
        tasks, behind = claims.claim(self.name, wants, self.floors)
        if not behind:
            self._forget_emptied(wants, tasks)
        for task in tasks:
            self._raise_floor(task)
            connection = self.connections[task.connection_id]
            self.crew.add(task, connection, self.held[connection.credential])
        return len(tasks) + behind

    def _forget_emptied(self, wants: list[Want], tasks: list[Claimed]) -> None:
        """Connections that gave fewer tasks than there was room for have no more."""
        given = Counter(task.connection_id for task in tasks)
        self.due -= {want.connection_id for want in wants if given[want.connection_id] < want.room}

    def _wants(self) -> list[Want]:
        wants = []
        mine = self._mine() if self.due else {}
        for pk, lease in mine.items():
            if pk not in self.due:
                continue
            room = min(self.crew.room_for(self.connections[pk]), MOST_CLAIMED)
            if room > 0:
                wants.append(Want(pk, room, lease.fence, lease.credential))
        return wants

    def _raise_floor(self, task: Claimed) -> None:
        place = (task.connection_id, task.priority)
        floor = min(task.due_at, datetime.now(UTC) - FLOOR_MARGIN)
        self.floors[place] = max(self.floors.get(place, floor), floor)

    def _report(self) -> int:
        ended = self.crew.take_ended()
        if ended:
            claims.acknowledge(ended)
        self._every("calls", 1.0, self.crew.write_log)
        return len(ended)

    # ---------------------------------------------------------------------------------------- the session

    def _open_session(self) -> psycopg.Connection[Any]:
        """The session whose advisory lock says that we live, and that listens for wake-ups."""
        holder = database.copy()
        holder.ensure_connection()
        session: psycopg.Connection[Any] = holder.connection
        session.execute(
            "SELECT pg_advisory_lock(%s, %s)", (leases.LOCK_CLASS, _signed(leases.lock_key(self.name)))
        )
        session.execute(f"LISTEN {CHANNEL}")
        leases.register(self.name)
        leases.announce()
        return session

    def _listen(self, session: psycopg.Connection[Any]) -> None:
        try:
            for announced in session.notifies():
                if not self._receive_at_once(announced.payload):
                    self.told.append(announced.payload)
                    self.wake.set()
        except psycopg.Error:
            # The session is gone, and with it our claim to be alive: stop before another worker takes over.
            self.stop()

    def _receive_at_once(self, announced: str) -> bool:
        """Begin to receive an announced delivery of a store of ours; the loop may be busy with acknowledging."""
        word, _, key = announced.partition(" ")
        connection = self.connections.get(int(key)) if word == DELIVERY and key.isdigit() else None
        if connection is None or self.stopping.is_set() or not self._is_mine(connection):
            return False
        self.crew.receive(connection, only_urgent=True)
        return True

    def _wind_down(self) -> None:
        """Begin nothing more; each lease goes back as soon as nothing runs under it, whatever else still runs."""
        self.stopping.set()
        leases.retire(self.name)
        self.crew.hand_back()
        end = time.monotonic() + LONGEST_END
        while time.monotonic() < end:
            self._turn()
            self._report()
            self._every("leases", TICK, lambda: leases.renew(self.name, list(self.held.values())))
            self._give_back([held for held in self.held if not self.crew.running_for(held)])
            if not self.crew.is_busy:
                break
            self.wake.wait(POLL)

    def _leave(self, session: psycopg.Connection[Any]) -> None:
        """Whatever fails here, the threads end, and with the session ends our claim to be alive."""
        try:
            self._wind_down()
            claims.acknowledge(self.crew.take_ended())
        finally:
            try:
                self.crew.close()
                leases.unregister(self.name)
                with database.cursor() as cursor:
                    cursor.execute("RESET synchronous_commit")
            finally:
                session.close()


def _signed(key: int) -> int:
    """Advisory lock keys are signed 32-bit; pg_locks shows them unsigned."""
    return key - 2**32 if key >= 2**31 else key
