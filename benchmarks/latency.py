"""What the hub adds between a store's webhook and the ERP's first byte, at a steady rate, all processes real.

Both ends are read from the sandboxes' own clock, that of the one machine: when the store began to send the webhook, and
when the create's first byte came in. Stores and ERPs are two processes: a sandbox does one thing at a time, and an ERP
that renders a store's answer would note the first byte of a create later than it came.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import connection as database
from django.db.models import Count

from benchmarks import stage
from benchmarks.database import empty
from benchmarks.report import Figure, percentile
from hub.demo.erps import far_erp
from hub.demo.erps.far_erp import FarErp
from hub.demo.sandbox import Sandbox
from hub.supervise.child import Child
from hub.sync.models import Connection, Lease, SyncTask, TaskHistory

RATE = 20.0
ERP_LATENCY = 0.1
# A connection's first orders find no token, no code lists and no customer; they are the cold ones.
WARM_AFTER = 5.0
DRAINED_WITHIN = 60.0
MILLISECONDS = 1000.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One order: which pair it went through, when its webhook was sent (time.time()), seconds to the ERP."""

    pair: str
    sent_at: float
    seconds: float


def latency(seconds: float) -> Iterator[Figure]:
    """One store and one ERP on one worker."""
    return _run("1 store, 1 ERP, 1 worker", pairs=1, workers=1, seconds=seconds)


def latency_of_many(seconds: float) -> Iterator[Figure]:
    """25 stores, each with an ERP of its own, on two workers."""
    return _run("50 connections, 2 workers", pairs=25, workers=2, seconds=seconds)


def _run(name: str, *, pairs: int, workers: int, seconds: float) -> Iterator[Figure]:
    empty()
    far = far_erp()
    with (
        stage.sandbox_process() as (stores, store_side),
        stage.sandbox_process() as (erps, erp_side),
        stage.web_process() as (address, _),
    ):
        made = [
            stage.connect(
                stores, number, far=far, erps=erps, pace=far.pace(concurrency=50, latency=ERP_LATENCY, rate=0)
            )
            for number in range(pairs)
        ]
        with stage.worker_processes(workers, address) as children:
            _wait_for_workers(pairs, workers)
            sides = {"stores": [store_side], "ERPs": [erp_side], "workers": children}
            used = {side: _cpu(processes) for side, processes in sides.items()}
            began = time.time()
            count = _place_steadily(stores, made, seconds)
            took = time.time() - began
            cpu = {side: (_cpu(processes) - used[side]) / took * 100 for side, processes in sides.items()}
            stage.wait_until(lambda: _created(erps) >= count, "the last order", DRAINED_WITHIN)
            yield from _figures(name, _samples(far, stores, erps), count)
            yield from _stages(name)
            yield Figure(
                f"busier sandbox's CPU, {name}", max(cpu["stores"], cpu["ERPs"]), 70, "% of 1", is_ceiling=True,
                detail=", ".join(f"{side} {share:.0f} %" for side, share in cpu.items()),
            )  # fmt: skip
            yield from _memory(name, children)


def _cpu(children: list[Child]) -> float:
    return sum(stage.cpu_seconds(child) for child in children)


def _memory(name: str, children: list[Child]) -> Iterator[Figure]:
    yield Figure(f"largest worker process, {name}", stage.most_memory(children), None, "MB")


def _wait_for_workers(pairs: int, workers: int) -> None:
    """Until the workers have started: every lease is where it stays, and what begins with a connection is done.

    What an order finds cold is left cold: no customer is known, and no code list has been read.
    """
    stage.wait_until(
        lambda: (
            TaskHistory.objects.filter(
                flow="check_subscriptions",
                outcome="done",
                connection_id__in=Connection.objects.filter(side=Connection.Side.STORE),
            ).count()
            >= pairs
            and _shares() == [pairs * 2 // workers] * workers
            and not SyncTask.objects.filter(state=SyncTask.State.RUNNING).exists()
        ),
        "workers that hold their share of the leases, and webhook subscriptions",
    )


def _shares() -> list[int]:
    """How many leases each worker holds."""
    held = Lease.objects.exclude(owner="").values("owner").annotate(count=Count("pk"))
    return sorted(held.values_list("count", flat=True))


def _place_steadily(sandbox: Sandbox, pairs: list[stage.Pair], seconds: float) -> int:
    """Buyers order at RATE whatever the hub does; returns how many orders were placed."""
    count = int(seconds * RATE)
    start = time.monotonic()
    with ThreadPoolExecutor(2) as buyers:
        placed = []
        for number in range(count):
            time.sleep(max(0.0, start + number / RATE - time.monotonic()))
            placed.append(buyers.submit(stage.place, sandbox, pairs[number % len(pairs)], number))
        for order in placed:
            order.result()
    return count


def _created(erps: Sandbox) -> int:
    systems = erps.stats()["systems"]
    return sum(system["statuses"].get("201", 0) for system in systems.values())


def _samples(far: FarErp, stores: Sandbox, erps: Sandbox) -> list[Sample]:
    """Every order that reached the ERP, by its first webhook and its first create."""
    sent: dict[tuple[str, str], float] = {}
    for webhook in stores.webhooks():
        if webhook["topic"] == "orders/create":
            key = webhook["name"], webhook["key"].rpartition("/")[2]
            sent[key] = min(webhook["sent_at"], sent.get(key, webhook["sent_at"]))
    samples: dict[tuple[str, str], Sample] = {}
    for request in erps.requests(operation=far.operations.create):
        identity = far.identity_of_create(request)
        assert identity is not None
        key = request["name"], str(identity[1])
        if key in sent and key not in samples:
            samples[key] = Sample(request["name"], sent[key], request["time"] - sent[key])
    return sorted(samples.values(), key=lambda sample: sample.sent_at)


# Medians of the way of an order: every step leaves its time in a row, by the clock of this one machine.
_STAGES = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY EXTRACT(EPOCH FROM h.created_at - d.received_at)),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY EXTRACT(EPOCH FROM h.claimed_at - h.created_at)),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY EXTRACT(EPOCH FROM a.started_at - h.claimed_at)),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY EXTRACT(EPOCH FROM c.started_at - a.started_at))
FROM orders_storeorder o
JOIN sync_webhookdelivery d ON d.connection_id = o.connection_id AND d.topic = 'orders/create'
     AND convert_from(d.body, 'UTF8')::jsonb ->> 'admin_graphql_api_id' = o.external_id
JOIN sync_attempt a ON a.subject = 'order:' || o.id
JOIN sync_taskhistory h ON h.task_id = a.task_id
JOIN sync_apicall c ON c.task_id = a.task_id AND c.kind = 'write'
"""


def _stages(name: str) -> Iterator[Figure]:
    with database.cursor() as cursor:
        cursor.execute(_STAGES)
        steps = dict(zip(("mirrored", "claimed", "mapped", "sent"), cursor.fetchone(), strict=True))
    words = ", ".join(f"{step} {float(seconds or 0) * MILLISECONDS:.0f}" for step, seconds in steps.items())
    longest = max(float(seconds or 0) for seconds in steps.values()) * MILLISECONDS
    yield Figure(f"longest step of an order, {name}", longest, None, "ms", detail=f"medians: {words}")


def _figures(name: str, samples: list[Sample], count: int) -> Iterator[Figure]:
    first: dict[str, Sample] = {}
    for sample in samples:
        first.setdefault(sample.pair, sample)
    warm_from = max(sample.sent_at for sample in first.values()) + WARM_AFTER
    cold = [sample.seconds * MILLISECONDS for sample in samples if sample.sent_at < warm_from]
    warm = [sample.seconds * MILLISECONDS for sample in samples if sample.sent_at >= warm_from]
    yield Figure(f"orders sent, {name}", len(samples), count, "orders")
    detail = f"{len(warm)} orders, p90 {percentile(warm, 90):.0f}, longest {max(warm):.0f}"
    yield Figure(f"warm p50, {name}", statistics.median(warm), 25, "ms", is_ceiling=True, detail=detail)
    yield Figure(f"warm p99, {name}", percentile(warm, 99), 150, "ms", is_ceiling=True)
    detail = f"{len(cold)} orders, the first ones of each connection among them"
    yield Figure(f"cold p99, {name}", percentile(cold, 99), 1000, "ms", is_ceiling=True, detail=detail)
