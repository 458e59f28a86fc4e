"""What a run stands on: a database of its own, the sandbox, a web server, and a folder for logs."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from django.core.management import call_command
from django.db import connection, connections
from django.db.models.functions import Now

from benchmarks.chaos.timing import Timing
from benchmarks.chaos.verdict import Finding, judge
from benchmarks.chaos.web import END_SECONDS, START_SECONDS, WebServer, logged
from hub.demo.erps.far_erp import FarErp, QuotesThere, ReturnsThere
from hub.demo.mappings import map_credits
from hub.demo.sandbox import Sandbox
from hub.demo.world import World, build
from hub.supervise.child import Child
from hub.sync import sweep
from hub.sync.models import Schedule
from orders.holds.terms import NOTE, Kind
from orders.models import (
    FulfilmentPolicy,
    HoldCondition,
    HoldRule,
    OfflineOrderPolicy,
    OrderChangePolicy,
    OrderPolicy,
    QuotePolicy,
    RefundPolicy,
)

WORLD = "chaos"
HELD_FOR = "Freigabe"
"""A word in the note of orders that wait for a person, in the phase of both ways."""
FOLLOWED = (
    "pull_erp_orders",
    "read_erp_orders",
    "pull_erp_shipments",
    "pull_erp_credits",
    "pull_store_returns",
    "pull_store_quotes",
    "read_erp_quotes",
    "check_subscriptions",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """The processes of a run and what was built on them."""

    sandbox: Sandbox
    world: World
    folder: Path
    timing: Timing
    web: WebServer

    @property
    def log(self) -> Path:
        """Where all workers write."""
        return self.folder / "workers.log"

    @property
    def far(self) -> FarErp:
        """The kind of ERP."""
        return self.world.far

    @property
    def store_codes(self) -> dict[str, str]:
        """The connections' codes by the stores' names in the sandbox."""
        return {f"{WORLD}-euro": self.world.euro_store.code, f"{WORLD}-dollar": self.world.dollar_store.code}

    def seen_by(self, sandbox: Sandbox) -> Stage:
        """The same, looked at through this sandbox."""
        return replace(self, sandbox=sandbox, world=replace(self.world, sandbox=sandbox))

    def listen(self) -> None:
        """From now on the euro store shows what the ERP takes and ships, and both follow each other's changes."""
        euro, erp = self.world.euro_store, self.world.erp
        OfflineOrderPolicy.objects.create(store=euro, erp=erp, is_on=True, tax_title="VAT")
        FulfilmentPolicy.objects.create(store=euro)
        OrderChangePolicy.objects.create(
            store=euro,
            accepts_erp_edits=True,
            erp_edits_until="shipped",
            corrects_erp=True,
            corrections_until="shipped",
            cancels_in_store=True,
        )
        OrderPolicy.objects.filter(store=euro).update(cancels_in_erp=True)
        map_credits(euro, erp, self.far.codes)
        if isinstance(self.far, ReturnsThere):
            RefundPolicy.objects.update(
                approval=RefundPolicy.Approval.ERP, inspection=RefundPolicy.Inspection.ERP
            )
        else:
            RefundPolicy.objects.update(inspection=RefundPolicy.Inspection.PERSON)
        rule = HoldRule.objects.create(name="Asks first", store=euro, is_enabled=True)
        HoldCondition.objects.create(rule=rule, kind=Kind.WORDS, source=NOTE, value=HELD_FOR)
        if isinstance(self.far, QuotesThere):
            QuotePolicy.objects.create(store=euro, erp=erp, asks_sales=False)
        self.far.show_parcels(self.sandbox, self.world.erp_name, erp)
        Schedule.objects.filter(flow__in=FOLLOWED).update(every_seconds=self.timing.pull_every, next_at=Now())

    def stores(self) -> dict[str, Any]:
        """What the stores hold."""
        found: dict[str, Any] = self.sandbox.truth(kind="store")["stores"]
        return found

    def judge(
        self, placed: Iterable[tuple[str, str]], held: Collection[tuple[str, str]] = ()
    ) -> list[Finding]:
        """What is wrong with these orders now."""
        return judge(self.stores(), self.world.documents(), placed, self.store_codes, held)


@contextmanager
def staged(far: FarErp, timing: Timing, *, has_schedules: bool = True) -> Iterator[Stage]:
    """Everything started and built; ended and dropped with the block. The folder stays if the block fails."""
    folder = Path(tempfile.mkdtemp(prefix="concord-chaos-"))
    ports = _free_port(), _free_port()
    with ExitStack() as stack:
        stack.enter_context(_database())
        far.start(stack)
        os.environ["CHAOS_LEASE_SECONDS"] = str(timing.lease)
        os.environ["CHAOS_LOOKED_AT_AGAIN_SECONDS"] = str(timing.look_again)
        os.environ["PUBLIC_URL"] = f"http://127.0.0.1:{ports[1]}"
        far_side = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "benchmarks.chaos.far_side",
            "--port",
            str(ports[0]),
        ]
        child = logged(far_side, folder / "sandbox.log")
        stack.callback(child.end, END_SECONDS)
        web = WebServer(ports[1], folder / "web.log")
        stack.callback(web.end)
        _wait_for(child, f"http://127.0.0.1:{ports[0]}/_sandbox/systems", folder / "sandbox.log")
        _wait_for(web.child, f"{web.address}/healthz", web.log)
        sandbox = Sandbox(f"http://127.0.0.1:{ports[0]}")
        stack.callback(sandbox.close)
        yield _built(sandbox, far, folder, timing, web, has_schedules=has_schedules)
    shutil.rmtree(folder)


def _built(
    sandbox: Sandbox, far: FarErp, folder: Path, timing: Timing, web: WebServer, *, has_schedules: bool
) -> Stage:
    # Companies and locations are Shopify Plus's: the plan of every store that this is for.
    world = build(
        sandbox,
        far=far,
        name=WORLD,
        call_deadline=timing.deadline,
        settle_after=timing.settle,
        store_options={"plan": "plus"},
    )
    for store in (world.euro_store, world.dollar_store):
        store.config |= {
            "plan": "plus",
            "call_deadline_seconds": str(timing.deadline),
            "settle_after_seconds": str(timing.settle),
        }
        store.save()
    # The same PO from the same company twice is an order like any other here: the identity tells them apart.
    OrderPolicy.objects.update(duplicate_po=OrderPolicy.DuplicatePo.ALLOW)
    sweep.plan_schedules()
    Schedule.objects.filter(flow__startswith="pull_").update(
        every_seconds=timing.pull_every, is_enabled=has_schedules
    )
    return Stage(sandbox, world, folder, timing, web)


@contextmanager
def _database() -> Iterator[None]:
    name = f"concord_chaos_{os.getpid()}_{uuid.uuid4().hex[:6]}"
    # A database that is migrated already, to copy: tests have one.
    template = os.environ.get("CHAOS_TEMPLATE", "template1")
    _administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    connection.close()
    former, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], name
    os.environ["DATABASE_NAME"] = name
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = former
        _administer(f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(statement: str) -> None:
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute(statement)


def _wait_for(child: Child, url: str, log: Path) -> None:
    """Until it answers at `url`."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and child.is_alive:
        try:
            if httpx.get(url, timeout=2.0).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError(f"Nothing answers at {url}: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
