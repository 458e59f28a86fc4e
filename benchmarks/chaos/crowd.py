"""The workers of a run: started, ended at points that the seed chose, replaced, stopped past their lease."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from multiprocessing.context import ForkServerProcess

from django.db import DatabaseError

from benchmarks.chaos import worker
from benchmarks.chaos.edges import KillPoint
from benchmarks.chaos.stage import Stage
from hub.sync.models import Lease

# How many commits of a worker, at least and at most, before it ends.
LIFE = (30, 500)


class Crowd:
    """`size` workers at a time; no more than `kills` of them are given a point to end at."""

    def __init__(self, stage: Stage, seed: int, *, size: int, kills: int) -> None:
        self.stage = stage
        self.seed = seed
        self.size = size
        self.kills = kills
        self.processes: list[ForkServerProcess] = []
        self.started = 0
        self.killed: list[str] = []
        self.points: dict[int, KillPoint] = {}
        self.asleep: dict[int, float] = {}
        self.stopped: list[str] = []

    def tend(self) -> None:
        """Replace who has ended, wake who has slept past its lease."""
        for process in [p for p in self.processes if not p.is_alive()]:
            self.processes.remove(process)
            pid = process.pid or 0
            how = self.points.get(pid)
            self.killed.append(
                f"{process.name} {how}" if how else f"{process.name} by signal {process.exitcode}"
            )
        while len(self.processes) < self.size:
            self._start()
        for pid in [pid for pid, until in self.asleep.items() if until < time.monotonic()]:
            del self.asleep[pid]
            _signal(pid, signal.SIGCONT)

    def _start(self) -> None:
        self.started += 1
        name = f"worker {self.started}"
        chance = random.Random(f"{self.seed} {name}")
        kill = KillPoint("", chance.randint(*LIFE), chance.choice(("before", "after")))
        if self.started > self.kills:
            kill = None  # type: ignore[assignment]
        process = worker.start(worker.Duty(name, self.stage.log, kill))
        self.processes.append(process)
        if kill:
            self.points[process.pid or 0] = kill

    def stop_sender(self) -> None:
        """Stop whoever holds the ERP's lease now (SIGSTOP), until well after that lease has ended."""
        owner = ""
        with suppress(DatabaseError):
            owner = Lease.objects.filter(credential=self.stage.world.erp.credential).values_list(
                "owner", flat=True
            )[0]
        for process in self.processes:
            if process.pid and f"-{process.pid}-" in owner and process.pid not in self.asleep:
                _signal(process.pid, signal.SIGSTOP)
                self.asleep[process.pid] = time.monotonic() + self.stage.timing.lease * 2 + 5
                self.stopped.append(process.name)

    def kill_one(self) -> None:
        """End a worker wherever it is."""
        awake = [process for process in self.processes if process.pid and process.pid not in self.asleep]
        if awake:
            victim = random.Random(f"{self.seed} {self.started}").choice(awake)
            _signal(victim.pid or 0, signal.SIGKILL)

    def end(self) -> None:
        """End all workers."""
        for process in self.processes:
            if process.pid:
                _signal(process.pid, signal.SIGKILL)
            process.join()
        self.processes.clear()


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
