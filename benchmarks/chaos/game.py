"""A run under random faults: orders placed and changed by buyers while workers die, then the verdict."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from benchmarks.chaos import both_ways, crash, faults, web
from benchmarks.chaos.acts import doors
from benchmarks.chaos.crowd import Crowd
from benchmarks.chaos.looking import Onlookers
from benchmarks.chaos.people import BothWays
from benchmarks.chaos.plan import Planned, plan
from benchmarks.chaos.stage import WORLD, Stage
from benchmarks.chaos.verdict import Finding, documents, number_of
from hub.demo.erps.far_erp import FarDocument, identity_text
from hub.sync import runner
from hub.sync.models import Connection, ReviewItem
from orders.models import StoreOrder

WORKERS = 3
STEP = 0.05
LONGEST_STEP = 1.0
LOOK_EVERY = 3.0
# A run that gets nowhere for this long, or for three leases, has lost something for good.
PATIENCE = 180.0
# Acts wait for steps of the hub's: people act for at least so many seconds.
LEAST_ACTED = 60.0

# What must be over before the truth is worth reading. The verdict itself never looks here.
_UNDER_WAY = """
SELECT (SELECT count(*) FROM sync_synctask WHERE state IN (0, 1, 2) AND flow IN (
            'push_order_to_erp', 'read_store_orders', 'check_order_totals', 'check_order_twin',
            'confirm_erp_orders'))
     + (SELECT count(*) FROM sync_webhookdelivery WHERE state = 0)
     + (SELECT count(*) FROM orders_orderlink l JOIN orders_storeorder o ON o.id = l.order_id
        WHERE l.reference_pushed_at IS NULL AND l.reference_error = ''
          -- A draft whose order was cancelled stays a draft, which may have no number.
          AND NOT (l.confirmation = 'waits' AND o.cancelled_at IS NOT NULL))
     + %s - (SELECT count(*) FROM orders_storeorder)
"""

Act = Callable[[], None]


@dataclass(slots=True)
class Placed:
    """A planned order that stands in the store."""

    planned: Planned
    gid: str
    lines: list[str]


@dataclass(slots=True)
class Phase:
    """How a phase went."""

    seconds: float
    findings: list[Finding]
    faults: dict[str, int]
    digest: str
    placed: list[Placed]
    doubles: int = 0
    held: int = 0
    done: str = ""


class Game:
    """Plays buyers and tends the workers until nothing is under way any more."""

    def __init__(self, stage: Stage, seed: int, crowd: Crowd) -> None:
        self.stage = stage
        self.seed = seed
        self.crowd = crowd
        self.placed: list[Placed] = []
        self.others = 0
        self.due: list[tuple[float, int, Act]] = []
        self.order = itertools.count()
        self.looked_at = 0.0
        self.patience = max(PATIENCE, 3 * stage.timing.lease)
        self.resumed: list[str] = []
        self.crashes: list[str] = []
        self.died = 0

    def prepare(self) -> None:
        """Without faults until both stores have our subscriptions: webhooks and cursors bring the orders."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self._wait(1.0)
            if all(self.stage.stores()[name]["subscriptions"] for name in self.stage.store_codes):
                return

    def main_phase(self, count: int, *, rate: float, stops: int, crashes: int, web_kills: int) -> Phase:
        """`count` orders, `rate` a second, all faults; late commits stay within the settle time.

        The worker that sends is stopped so many times, the database's server and the web server ended so many times.
        """
        start = time.monotonic()
        self.stage.sandbox.set_faults(self.seed, faults.rules(self.stage.timing, self.stage.far.operations))
        self._schedule(plan(self.seed, count), rate)
        length = count / rate
        for n in range(stops):
            self._at(length * (n + 1) / (stops + 1), self.crowd.stop_sender)
        for part in crash.moments(self.seed, crashes):
            self._at(length * part, lambda: self.crashes.append(crash.end_server()))
        for part in (0.3, 0.6, 0.9):
            self._at(length * part, self._revoke_tokens)
        self._kill_web("orders", web_kills, length)
        self._play()
        return self._ended(start, self.placed)

    def late_phase(self, count: int, *, rate: float) -> Phase:
        """`count` more orders whose creates may be carried out long after the settle time."""
        start, before = time.monotonic(), len(self.placed)
        # Those of the phase before this one, which buyers did not place.
        self.others = StoreOrder.objects.count() - before
        self.stage.sandbox.set_faults(
            self.seed, faults.rules_beyond_settling(self.stage.timing, self.stage.far.operations.create)
        )
        self._schedule(plan(self.seed, count, is_calm=True, first=before + 1), rate)
        self._play()
        self._wait(max(self.stage.timing.too_late) + 3 * self.stage.timing.pull_every)
        return self._ended_late(start, self.placed[before:])

    def _kill_web(self, phase: str, kills: int, length: float) -> None:
        for part in web.moments(self.seed, phase, kills):
            self._at(length * part, self.stage.web.kill)

    def both_ways_phase(self, count: int, *, rate: float, kills: int, web_kills: int) -> Phase:
        """What is not an order on its way into the ERP, for `count` orders that buyers placed; see `BothWays`."""
        start, stage = time.monotonic(), self.stage
        stage.listen()
        stage.sandbox.set_faults(
            self.seed,
            both_ways.rules(stage.far.operations) + faults.rules(stage.timing, stage.far.operations),
        )
        onlookers = Onlookers(stage.sandbox.url)
        people = BothWays(
            stage.seen_by(onlookers), self.seed, self._at, doors.opened(stage.web, self.seed), onlookers
        )
        acts = people.acts([(placed.planned, placed.gid, placed.lines) for placed in self.placed], count)
        for n, act in enumerate(acts):
            self._at(n / rate, act)
        for n in range(kills):
            self._at((n + 1) * len(acts) / rate / kills + n, self.crowd.kill_one)
        self._kill_web("both ways", web_kills, max(len(acts) / rate, LEAST_ACTED))
        self._until_told(people.findings)
        self._wait(stage.timing.rest)
        phase = self._phase(start, people.findings(), [])
        phase.done = people.said()
        self.died = people.doors.died
        people.doors.close()
        onlookers.close()
        return phase

    def _until_told(self, findings: Callable[[], list[Finding]]) -> None:
        """Until everything was done and nothing is missing, or nothing moves any more."""
        least, moved_at, looked_at = 10**9, time.monotonic(), 0.0
        while time.monotonic() - moved_at < self.patience:
            self._step()
            if self.due or time.monotonic() - looked_at < LOOK_EVERY:
                moved_at = time.monotonic() if self.due else moved_at
                continue
            looked_at = time.monotonic()
            left = len(findings())
            if not left:
                return
            if left < least:
                least, moved_at = left, time.monotonic()

    # --------------------------------------------------------------------------------------------- playing

    def _schedule(self, planned: list[Planned], rate: float) -> None:
        for n, order in enumerate(planned):
            self._at(n / rate, lambda order=order: self._place(order))  # type: ignore[misc]

    def _at(self, seconds: float, act: Act) -> None:
        heapq.heappush(self.due, (time.monotonic() + seconds, next(self.order), act))

    def _place(self, planned: Planned) -> None:
        made = self.stage.sandbox.act("store", f"{WORLD}-{planned.store}", "place_order", planned.order)
        placed = Placed(planned, str(made["id"]), list(made["lines"]))
        self.placed.append(placed)
        if planned.change:
            self._at(planned.reflection, lambda: self._change(placed))

    def _change(self, placed: Placed) -> None:
        data: dict[str, Any] = {"order": placed.gid}
        match placed.planned.change:
            case "fewer":
                data["quantities"] = {placed.lines[0]: 1}
            case "new po":
                data["po_number"] = f"PO-{placed.planned.number}-B"
            case "note":
                data["note"] = "Bitte vorher anrufen"
        action = "cancel_order" if placed.planned.change == "cancel" else "edit_order"
        self.stage.sandbox.act("store", f"{WORLD}-{placed.planned.store}", action, data)

    def _revoke_tokens(self) -> None:
        for store in ("euro", "dollar"):
            self.stage.sandbox.act("store", f"{WORLD}-{store}", "revoke_tokens", {})
        self.stage.far.expire_tokens(self.stage.sandbox, self.stage.world.erp_name)

    def _play(self) -> None:
        """Until everything planned has been done and nothing is under way, or nothing moves any more."""
        least, moved_at = 10**9, time.monotonic()
        looked_at = 0.0
        while time.monotonic() - moved_at < self.patience:
            self._step()
            if self.due or time.monotonic() - looked_at < 1.0:
                moved_at = time.monotonic() if self.due else moved_at
                continue
            looked_at = time.monotonic()
            left = self._under_way()
            if not left:
                return
            if left < least:
                least, moved_at = left, time.monotonic()

    def _step(self) -> None:
        self.crowd.tend()
        # Who looks again and again must not keep workers from being tended: the next ones wait for the next step.
        now = time.monotonic()
        while self.due and self.due[0][0] <= now and time.monotonic() < now + LONGEST_STEP:
            heapq.heappop(self.due)[2]()
        if time.monotonic() - self.looked_at > LOOK_EVERY:
            self.looked_at = time.monotonic()
            self._resume()
        time.sleep(STEP)

    def _resume(self) -> None:
        """The admin tests a connection that two expired tokens in a row have paused, and it goes on."""
        for paused in Connection.objects.exclude(paused_at=None):
            self.resumed.append(f"{paused.name}: {paused.pause_reason}")
            runner.resume(paused)

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._step()

    def _under_way(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(_UNDER_WAY, [len(self.placed) + self.others])
            return int(cursor.fetchone()[0])

    # ---------------------------------------------------------------------------------------------- ending

    def _ended(self, start: float, placed: list[Placed]) -> Phase:
        """What is still on its way may double an order: the verdict waits for it."""
        self._wait(self.stage.timing.rest)
        held = self._held()
        phase = self._phase(start, self.stage.judge(_names(placed), held), placed)
        phase.held = len(held)
        return phase

    def _held(self) -> set[tuple[str, str]]:
        """Orders that a person is asked about: lines and totals do not fit after a buyer's edit."""
        asked = ReviewItem.objects.filter(state="open", code="sums_differ").values_list(
            "record_id", flat=True
        )
        found = StoreOrder.objects.filter(pk__in=list(asked)).select_related("connection")
        return {(str(order.connection.config["sandbox_name"]), order.external_id) for order in found}

    def _ended_late(self, start: float, placed: list[Placed]) -> Phase:
        found = self.stage.judge(_names(placed))
        doubles = sum(finding.kind == "doubled" for finding in found)
        findings = [finding for finding in found if finding.kind not in ("doubled", "not written back")]
        findings += _unreviewed(self.stage.world.documents(), placed, self.stage.store_codes)
        phase = self._phase(start, findings, placed)
        phase.doubles = doubles
        return phase

    def _phase(self, start: float, findings: list[Finding], placed: list[Placed]) -> Phase:
        log = self.stage.sandbox.faults()["log"]
        changed = [p for p in placed if p.planned.change]
        left_out = {self._in_key(p) for p in changed} | {p.gid.rpartition("/")[2] for p in changed}
        digest = faults.digest(log, left_out, self.stage.far.operations.create)
        return Phase(time.monotonic() - start, findings, faults.counts(log), digest, placed)

    def _in_key(self, placed: Placed) -> str:
        """How the order stands in the keys of its creates."""
        code = self.stage.store_codes[f"{WORLD}-{placed.planned.store}"]
        return identity_text((code, number_of(placed.gid)))


def _names(placed: list[Placed]) -> Iterator[tuple[str, str]]:
    return ((f"{WORLD}-{p.planned.store}", p.gid) for p in placed)


def _unreviewed(held: list[FarDocument], placed: list[Placed], codes: dict[str, str]) -> list[Finding]:
    """Doubles that no open review item names, with all their numbers."""
    questions = list(
        ReviewItem.objects.filter(state="open", code="double_in_erp").values_list("message", flat=True)
    )
    arrived = documents(held, codes)
    findings = []
    for store, gid in _names(placed):
        numbers = [document.number for document in arrived.get((store, number_of(gid)), [])]
        is_asked = any(all(number in words for number in numbers) for words in questions)
        if len(numbers) > 1 and not is_asked:
            findings.append(Finding("doubled in silence", f"{store} {gid}", ", ".join(numbers)))
    return findings
