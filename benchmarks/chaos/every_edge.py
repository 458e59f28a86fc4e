"""Kill a worker at every commit and every request of an order's way in turn; another takes over.

A first order travels undisturbed and shows which edges there are. Then, for each edge and each side of it, a
fresh order: one worker ends there by SIGKILL, another takes over, and the sandbox's truth must show one
document with the right lines and total, its number written back to the store.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess

from django.db import connection

from benchmarks.chaos import worker
from benchmarks.chaos.edges import KillPoint
from benchmarks.chaos.plan import plan
from benchmarks.chaos.report import WentWrong, keep_state
from benchmarks.chaos.stage import WORLD, Stage, staged
from benchmarks.chaos.timing import EDGES
from benchmarks.chaos.verdict import Finding, documents, number_of
from hub.demo.erps.far_erp import FarErp
from hub.sync.models import Schedule, StoredToken

MEETING_SECONDS = 15.0
RECOVERY_SECONDS = 60.0
LATE_SECONDS = 1.5

_UNDER_WAY = """
SELECT (SELECT count(*) FROM sync_synctask) + (SELECT count(*) FROM sync_webhookdelivery WHERE state = 0)
"""


@dataclass(frozen=True, slots=True)
class RequestPoint:
    """The `number`-th request of that operation; `when` as in `benchmarks.chaos.far_side`."""

    operation: str
    number: int
    when: str

    def __str__(self) -> str:
        words = {
            "before": "before handling",
            "late": "before handling, handled later",
            "after": "before the answer of",
        }
        return f"{words[self.when]} request {self.number} of [{self.operation}]"


Point = KillPoint | RequestPoint


def run(far: FarErp, seed: int, limit: int) -> None:
    """Try every kill point, or `limit` of them chosen by the seed; raises WentWrong where one ends badly."""
    with staged(far, EDGES, has_schedules=False) as stage:
        trial = Trial(stage, seed)
        points = trial.discover()
        chosen = (
            sorted(random.Random(seed).sample(range(len(points)), limit)) if limit else range(len(points))
        )
        print(f"{len(points)} kill points on the way of an order, {len(chosen)} tried", flush=True)
        bad = 0
        for index in chosen:
            verdict = trial.attempt(points[index])
            bad += verdict.startswith("BAD")
            print(f"{index + 1:>3} {verdict}  {points[index]}", flush=True)
        print(f"{bad} of {len(chosen)} kill points ended badly", flush=True)
        if bad:
            keep_state(stage)
            how = f"--erp {far.system} --every-edge --seed {seed}" + (f" --edges {limit}" if limit else "")
            print(f"Replay: python -m benchmarks.chaos {how}\nLogs: {stage.folder}", flush=True)
            raise WentWrong


class Trial:
    """One order at a time on one stage."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.seed = seed
        self.number = 0

    def discover(self) -> list[Point]:
        """The edges of an undisturbed order. Two orders go first: they match the company."""
        self._subscribe()
        self._undisturbed("", count=2)
        journal = self.stage.folder / "edges.txt"
        StoredToken.objects.all().delete()
        self._far_side({})
        self._undisturbed("journal")
        commits = [line.split("\t") for line in journal.read_text().splitlines()]
        requests = Counter(self._requests())
        return [
            *(KillPoint(edge, int(n), when) for n, edge in commits for when in ("before", "after")),
            *(
                RequestPoint(operation, n, when)
                for operation, count in requests.items()
                for n in range(1, count + 1)
                for when in self._sides(operation)
            ),
        ]

    def attempt(self, point: Point) -> str:
        """Try one kill point; says how it ended."""
        StoredToken.objects.all().delete()
        victim = self._start("victim", point if isinstance(point, KillPoint) else None)
        if isinstance(point, RequestPoint):
            self._far_side(
                {
                    "pid": victim.pid,
                    "operation": point.operation,
                    "number": point.number,
                    "when": point.when,
                    "seconds": LATE_SECONDS,
                }
            )
        placed = self._place()
        victim.join(MEETING_SECONDS)
        is_met = victim.exitcode == -9
        heir = self._start("heir")
        findings = self._recovered(placed)
        _end(victim)
        _end(heir)
        self._far_side({})
        if findings:
            return "BAD " + "; ".join(map(str, findings))
        return "ok " if is_met else "ok, not met "

    def _subscribe(self) -> None:
        """Orders come by webhook from now on, and nothing runs by itself."""
        alone = self._start("first")
        _until(lambda: bool(self._subscriptions()) and not self._under_way(), RECOVERY_SECONDS)
        _end(alone)
        Schedule.objects.update(is_enabled=False)

    def _subscriptions(self) -> list[object]:
        stores = self.stage.stores()
        return min((list(stores[name]["subscriptions"]) for name in self.stage.store_codes), key=len)

    def _undisturbed(self, name: str, count: int = 1) -> None:
        journal = self.stage.folder / "edges.txt" if name else None
        alone = worker.start(worker.Duty("alone", self.stage.log, None, journal))
        for _ in range(count):
            findings = self._recovered(self._place())
            if findings:
                raise RuntimeError(f"an undisturbed order did not arrive: {findings}")
        _end(alone)

    def _place(self) -> tuple[str, str]:
        self.number += 1
        planned = plan(self.seed, 1, is_calm=True, first=self.number)[0]
        store = f"{WORLD}-euro"
        order = planned.order | {"company": "Nordlicht Möbel GmbH", "po_number": f"EDGE-{self.number}"}
        order["lines"] = [line | {"taxes": [{"title": "VAT", "rate": "0.19"}]} for line in order["lines"]]
        order |= {"taxes": [{"title": "VAT", "rate": "0.19"}]} if "shipping" in order else {}
        return store, str(self.stage.sandbox.act("store", store, "place_order", order)["id"])

    def _start(self, name: str, kill: KillPoint | None = None) -> ForkServerProcess:
        return worker.start(worker.Duty(f"{name} {self.number + 1}", self.stage.log, kill))

    def _recovered(self, placed: tuple[str, str]) -> list[Finding]:
        """Wait until the order is right and nothing is under way; what is wrong with it otherwise."""

        def findings() -> list[Finding]:
            return self.stage.judge([placed])

        _until(lambda: not findings() and not self._under_way(), RECOVERY_SECONDS)
        # What is carried out late must have been found by now, not created again.
        return [*findings(), *self._twins(placed)]

    def _twins(self, placed: tuple[str, str]) -> list[Finding]:
        store, gid = placed
        found = documents(self.stage.world.documents(), self.stage.store_codes)[store, number_of(gid)]
        return [Finding("doubled", gid, ", ".join(d.number for d in found))] if len(found) > 1 else []

    def _under_way(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(_UNDER_WAY)
            return bool(cursor.fetchone()[0])

    def _far_side(self, kill: dict[str, object]) -> None:
        self.stage.sandbox._ask("POST", "/kill_point", kill)

    def _requests(self) -> list[str]:
        return list(self.stage.sandbox._ask("GET", "/edges")["edges"])

    def _sides(self, operation: str) -> tuple[str, ...]:
        """A write may also be carried out after its sender is gone."""
        is_write = operation in (f"erp {self.stage.far.operations.create}", "store WriteReferences")
        return ("before", "late", "after") if is_write else ("before", "after")


def _end(process: ForkServerProcess) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    process.join()


def _until(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.1)
