"""`./manage.py demo`: two stores, one ERP, web and workers, and the orders of hub.demo.orders."""

from __future__ import annotations

import secrets
import signal
import threading
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from hub.demo import world
from hub.demo.desk import Desk
from hub.demo.erps import DEFAULT, FAR_ERPS, far_erp
from hub.demo.orders import SENT, orders
from hub.demo.outcome import Placed, Row, is_settled, rows
from hub.demo.processes import DATABASE, free_port, fresh_database, running, wait_for
from hub.demo.sandbox import Sandbox
from hub.demo.story import chapters
from hub.sync.models import Connection, TaskHistory
from hub.sync.sweep import plan_schedules

PATIENCE = 120.0
WEB = {"LOG_LEVEL": "ERROR", "FREIGHT_ALLOWS_PRIVATE": "1"}
"""The story says what happens; and the freight endpoint that does not answer stands on this machine."""


class Command(BaseCommand):
    help = "Show the main job: B2B orders travel from two simulated stores into an ERP and back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="end when all is done; status 1 where something is wrong"
        )
        parser.add_argument(
            "--erp", choices=sorted(FAR_ERPS), default=DEFAULT, help="which ERP; default: %(default)s"
        )
        parser.add_argument("--port", type=int, default=0, help="of the web server; default: a free one")

    def handle(self, *args: Any, **options: Any) -> None:
        with ExitStack() as stack:
            far = far_erp(options["erp"])
            far.start(stack)
            address, sandbox = self._start(stack, options["port"] or free_port())
            # Carriers of one's own are not on the smallest plans.
            demo = world.build(sandbox, far=far, store_options={"plan": "advanced"})
            plan_schedules()
            stack.enter_context(running(["work", "--skip-checks"], self.environment))
            self._wait_for_subscriptions()
            placed = self._place(demo)
            self._wait(placed)
            table = rows(placed, sandbox.truth(kind="store")["stores"], demo.documents())
            self._print(table)
            wrong = [row for row in table if row.problem]
            untold = self._tell(demo, address)
            if not options["once"]:
                self._stay(address)
        if wrong or untold:
            raise CommandError(
                f"{len(wrong)} of {len(table)} orders and {untold} chapters are not as they should be."
            )

    def _start(self, stack: ExitStack, port: int) -> tuple[str, Sandbox]:
        self.stdout.write("Making the demonstration's own database …")
        fresh_database(DATABASE)
        self.password = secrets.token_urlsafe(9)
        get_user_model().objects.create_superuser("admin", "", self.password)
        address = f"http://127.0.0.1:{port}"
        sandbox_port = free_port()
        far_side = stack.enter_context(running(["sandbox", f"--port={sandbox_port}"]))
        web = stack.enter_context(running(["web", "--skip-checks", f"--port={port}"], WEB))
        self.environment = {"PUBLIC_URL": address}
        sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        wait_for(f"{sandbox_url}/_sandbox/stats", far_side)
        wait_for(f"{address}/readyz", web)
        sandbox = Sandbox(sandbox_url)
        stack.callback(sandbox.close)
        return address, sandbox

    def _wait_for_subscriptions(self) -> None:
        """Both stores deliver webhooks to us before the first buyer orders."""
        end = time.monotonic() + PATIENCE
        looked_at = TaskHistory.objects.filter(
            flow="check_subscriptions",
            outcome="done",
            connection_id__in=Connection.objects.filter(side=Connection.Side.STORE),
        )
        while looked_at.count() < 2:
            if time.monotonic() > end:
                raise CommandError(
                    "The workers did not subscribe to the stores' webhooks; their log is above."
                )
            time.sleep(0.2)

    def _place(self, demo: world.World) -> list[Placed]:
        stores = {"euro": demo.euro_store, "dollar": demo.dollar_store}
        placed = []
        for plan in orders():
            system = stores[plan.store].config["sandbox_name"]
            answer = demo.sandbox.act("store", system, plan.action, plan.order)
            placed.append(Placed(plan, system, answer["id"], answer["name"]))
            self.stdout.write(f"  {answer['name']:<7} {plan.store:<7} {plan.title}")
        return placed

    def _wait(self, placed: list[Placed]) -> None:
        end = time.monotonic() + PATIENCE
        settled = -1
        while settled < len(placed) and time.monotonic() < end:
            now = sum(is_settled(one) for one in placed)
            if now != settled:
                settled = now
                self.stdout.write(f"{settled} of {len(placed)} orders are where they belong")
            time.sleep(0.3)

    def _print(self, table: list[Row]) -> None:
        self.stdout.write("")
        head = (
            f"{'order':<7}{'store':<8}{'PO number':<14}{'in the store':>15}  "
            f"{'in the ERP':>15}  {'document':<13}what became of it"
        )
        self.stdout.write(head)
        for row in table:
            mark = f"  << {row.problem}" if row.problem else ""
            self.stdout.write(
                f"{row.placed.name:<7}{row.placed.plan.store:<8}{row.po_number or '–':<14}"
                f"{row.store_total:>15}  "
                f"{row.erp_total or '–':>15}  {row.erp_number or '–':<13}{_words(row)}{mark}"
            )
        held = [row for row in table if row.why]
        self.stdout.write("\nWhy orders are held:")
        for row in held:
            self.stdout.write(f"  {row.placed.name} {row.placed.plan.title}: {row.why}")

    def _tell(self, demo: world.World, address: str) -> int:
        """Print the chapters; returns how many did not end as they should."""
        self.stdout.write("\nWhat happens besides:")
        untold = 0
        with Desk(address, "admin", self.password) as desk:
            for chapter in chapters(demo, desk):
                mark = f"  << {chapter.problem}" if chapter.problem else ""
                self.stdout.write(f"  {chapter.title}{mark}")
                for line in chapter.lines:
                    self.stdout.write(f"    {line}")
                untold += bool(chapter.problem)
        return untold

    def _stay(self, address: str) -> None:
        self.stdout.write(
            f"\nAdmin: {address}/admin/   user: admin   password: {self.password}   (Ctrl-C ends it)"
        )
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        stopping.wait()


def _words(row: Row) -> str:
    return "in the ERP, equal" if row.state == SENT and not row.problem else row.state.replace("_", " ")
