"""What a measured run stands on: sandbox, web server and workers as processes, and connections."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
from django.urls import reverse

from hub.connectors.store_parts import Webhooks
from hub.connectors.subscriptions import Subscription, Subscriptions
from hub.demo import goods
from hub.demo.erps import far_erp
from hub.demo.erps.far_erp import FarErp, Pace
from hub.demo.mappings import map_pair
from hub.demo.sandbox import Sandbox
from hub.supervise.child import Child
from hub.sync.models import Connection
from hub.sync.running import open_connector

SECRET = "bench-secret"
HOST = "127.0.0.1"
COMPANY = "Nordlicht Möbel GmbH"
START_SECONDS = 60.0
END_SECONDS = 30.0
WEB_WORKERS, WEB_THREADS = 2, 4


@dataclass(frozen=True, slots=True)
class Pair:
    """A store whose orders go to an ERP of its own."""

    number: int
    store: Connection
    erp: Connection
    far: FarErp

    @property
    def name(self) -> str:
        """Of both systems in the sandbox."""
        return f"bench-{self.number}"


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], environment: dict[str, str] | None = None) -> Iterator[Child]:
    """Run a command as long as the block, with nothing of it left afterwards."""
    child = Child(
        # What they say of starting and stopping is not for the table of figures; errors go to stderr.
        ["sh", "-c", 'exec "$0" "$@" >/dev/null', *command],
        {"DJANGO_SETTINGS_MODULE": "benchmarks.settings", "LOG_LEVEL": "WARNING", **(environment or {})},
    )
    try:
        yield child
    finally:
        child.end(END_SECONDS)


def manage(*words: str) -> list[str]:
    """A management command's words for `running`."""
    return [sys.executable, "manage.py", *words]


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Wait for something; raises RuntimeError that names it when it does not come."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Whether a GET of this address is answered with 200."""
    try:
        return httpx.get(url, timeout=2.0).status_code == 200
    except httpx.HTTPError:
        return False


@contextmanager
def sandbox_process() -> Iterator[tuple[Sandbox, Child]]:
    """A sandbox in a process of its own."""
    port = free_port()
    with running(manage("sandbox", f"--port={port}", "--profile=empty")) as child:
        url = f"http://{HOST}:{port}"
        wait_until(lambda: answers(f"{url}/_sandbox/stats"), "the sandbox")
        sandbox = Sandbox(url)
        try:
            yield sandbox, child
        finally:
            sandbox.close()


@contextmanager
def web_process(environment: dict[str, str] | None = None) -> Iterator[tuple[str, Child]]:
    """The web server as `manage.py web` runs it, with these settings; yields its address."""
    from hub.sync.management.commands.web import granian

    port = free_port()
    address = f"http://{HOST}:{port}"
    with running(granian(HOST, port), environment) as child:
        wait_until(lambda: answers(f"{address}/readyz"), "the web server")
        yield address, child


@contextmanager
def worker_processes(count: int, public_url: str = "") -> Iterator[list[Child]]:
    """Worker hosts as `manage.py work` runs them."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(running(manage("work", "--skip-checks"), {"PUBLIC_URL": public_url}))
            for _ in range(count)
        ]


def cpu_seconds(child: Child) -> float:
    """CPU time that the command's processes have used so far."""
    used = 0.0
    for process in child.processes():
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += times.user + times.system
    return used


def most_memory(children: list[Child]) -> float:
    """Megabytes of the largest process among these commands, at its own peak."""
    peaks = [_peak(process) for child in children for process in child.processes()]
    return max(peaks, default=0.0)


def _peak(process: psutil.Process) -> float:
    try:
        with open(f"/proc/{process.pid}/status") as status:
            lines = dict(line.split(":", 1) for line in status if ":" in line)
    except OSError:
        return 0.0
    return float(lines.get("VmHWM", "0 kB").split()[0]) / 1024


# ------------------------------------------------------------------------------------------- connections


def connect(
    sandbox: Sandbox,
    number: int,
    *,
    far: FarErp | None = None,
    erps: Sandbox | None = None,
    pace: Pace | None = None,
    plan: str = "plus",
) -> Pair:
    """Make store and ERP number `number` in the sandbox, and connections that are mapped to each other.

    With `erps` the ERP is made in that other sandbox.
    """
    far, erps = far or far_erp(), erps or sandbox
    client = f"bench-{number}"
    far.make(erps, client, **(pace.options if pace else {}))
    sandbox.create("store", client, client_id=client, client_secret=SECRET, plan=plan, currency="EUR")
    sandbox.seed("store", client, goods.store_data(goods.EURO))
    erp = far.connect(
        erps, client, title=f"Bench ERP {number}", code=f"E{number}", config=pace.config if pace else {}
    )
    store = Connection.objects.create(
        system="shopify",
        name=f"Bench store {number}",
        code=f"S{number}",
        secrets={"client_secret": SECRET},
        config={
            "shop_domain": f"{client}.myshopify.com",
            "api_base_url": f"{sandbox.url}/stores/{client}",
            "client_id": client,
            "plan": plan,
        },
    )
    map_pair(store, erp, far.codes)
    return Pair(number, store, erp, far)


def order(number: int, lines: int = 4) -> dict[str, Any]:
    """An order as a buyer places it: distinct PO number, several lines, tax, freight, terms."""
    vat = [{"title": "VAT", "rate": "0.19"}]
    return {
        "company": COMPANY,
        "po_number": f"PO-{number}",
        "lines": [
            {"sku": goods.sku(1 + (number + n * 7) % 120), "quantity": 1 + (number + n) % 9, "taxes": vat}
            for n in range(lines)
        ],
        "taxes": vat,
        "shipping": [{"title": "Standard", "price": "12.50"}],
        "payment_terms": "Net 30",
    }


def place(sandbox: Sandbox, pair: Pair, number: int, lines: int = 4) -> dict[str, Any]:
    """A buyer places order `number` in the pair's store."""
    return sandbox.act("store", pair.name, "place_order", order(number, lines))


def subscribe(store: Connection, address: str) -> None:
    """Let the simulated store deliver its order webhooks to the web server at this address."""
    connector = open_connector(store)
    with closing(connector):
        for topic in connector.supporting(Webhooks).order_topics():
            url = address + reverse("webhook", args=[store.public_id])
            connector.supporting(Subscriptions).create_subscriptions([Subscription(topic=topic, address=url)])


def environment_of_machine() -> str:
    """The machine in a few words."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GB"
