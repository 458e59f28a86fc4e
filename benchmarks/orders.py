"""Orders from a backlog: how near to the ERP's own limit, with how many remote calls, in how much memory."""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db.models import Q

from benchmarks import load, stage
from benchmarks.database import empty
from benchmarks.report import Figure
from hub.demo.erps.far_erp import FarErp, Pace, identity_text
from hub.demo.erps.netsuite import NetSuiteSide
from hub.demo.sandbox import Sandbox
from hub.sync.drain import Drain
from hub.sync.encryption import fernet
from hub.sync.enqueue import enqueue
from hub.sync.models import ApiCall, Connection, Schedule, StoredToken
from orders.models import OrderLink, StoreOrder

# concurrency, seconds a request, requests a second
LIMITS = ((5, 0.5, 20.0), (15, 1.5, 100.0))
# What an account has without further licences, and one processor for each request at once.
PROCESSORS = (2, 15)
WRITE = "WriteReferences"
FINISHED = Q(totals="equal", reference_pushed_at__isnull=False) & ~Q(confirmation="waits")


@dataclass(frozen=True, slots=True)
class Limit:
    """What an ERP allows, in orders a second."""

    name: str
    rate: float
    creates: str
    """The operation that brings orders, as the request log names it."""
    mark: float | None = 0.95


def saturation(far: FarErp, count: int) -> Iterator[Figure]:
    """Orders a second from the first create to the last answer and link, against what the ERP can take."""
    for concurrency, seconds, rate in LIMITS:
        pace = far.pace(concurrency=concurrency, latency=seconds, rate=rate)
        name = f"ERP of {concurrency} × {seconds} s"
        limit = Limit(name, min(rate, concurrency / seconds), far.operations.create)
        yield from _saturate(far, count, pace, limit)


def saturation_together(far: NetSuiteSide, count: int) -> Iterator[Figure]:
    """The same in asynchronous batches: what the account's processors allow, an order after the other each."""
    concurrency, seconds, _ = LIMITS[-1]
    for processors in PROCESSORS:
        pace = far.together(processors=processors, concurrency=concurrency, latency=seconds)
        name = f"{processors} processors × {seconds} s, in batches"
        limit = Limit(name, processors / seconds, f"{far.operations.create} batch")
        # Two minutes and more each: the first request and the last look take four seconds, however many orders.
        yield from _saturate(far, count * (4 if processors > PROCESSORS[0] else 1), pace, limit)


def _saturate(far: FarErp, count: int, pace: Pace, limit: Limit) -> Iterator[Figure]:
    empty()
    with stage.sandbox_process() as (sandbox, far_side):
        pair = stage.connect(sandbox, 0, far=far, pace=pace)
        warm(sandbox, pair)
        backlog(sandbox, pair, count)
        since, used = time.time(), stage.cpu_seconds(far_side)
        Connection.objects.filter(pk=pair.erp.pk).update(is_enabled=True)
        with stage.worker_processes(1) as workers:
            patience = 60 + 3 * count / limit.rate
            stage.wait_until(lambda: OrderLink.objects.count() > count, "every order's link", patience)
            stage.wait_until(
                lambda: not OrderLink.objects.exclude(FINISHED).exists(),
                "totals read back, documents confirmed and references written",
                patience,
            )
            memory = stage.most_memory(workers)
        calls = sandbox.requests(kind="erp", since=str(since))
        creates = [call for call in calls if call["operation"] in (limit.creates, far.operations.create)]
        begun = min(call["time"] for call in creates)
        answered = max(call["time"] + call["duration"] for call in creates)
        linked = OrderLink.objects.latest("created_at").created_at.timestamp()
        took = max(answered, linked) - begun
        spent = Counter(call["operation"] for call in calls)
        words = ", ".join(f"{n} {operation}" for operation, n in sorted(spent.items()))
        arrived = [document.identity for document in far.documents(sandbox, pair.name)]
        assert len(set(arrived)) == len(arrived) == count + 1, "each order is created once"
        yield Figure(
            f"orders/s against the limit, {limit.name}", count / took / limit.rate, limit.mark, "ratio",
            detail=f"{count / took:.2f}/s of {limit.rate:.3g}/s; {words}",
        )  # fmt: skip
        share = (stage.cpu_seconds(far_side) - used) / (time.time() - since) * 100
        yield Figure(f"sandbox's CPU, {limit.name}", share, 70, "% of 1", is_ceiling=True)
        yield Figure(f"largest worker process, {limit.name}", memory, None, "MB")


def warm(sandbox: Sandbox, pair: stage.Pair) -> None:
    """One order through everything, so that the company's location is matched and tokens are there."""
    stage.place(sandbox, pair, 0)
    Drain(threads=4, linger=3.0).run()
    assert OrderLink.objects.count() == 1, "the first order went through"


def backlog(sandbox: Sandbox, pair: stage.Pair, count: int) -> None:
    """Orders that were mirrored while the ERP was switched off."""
    Connection.objects.filter(pk=pair.erp.pk).update(is_enabled=False)
    for number in range(1, count + 1):
        stage.place(sandbox, pair, number)
    enqueue("pull_store_orders", pair.store.pk)
    Drain(threads=4, linger=1.0).run()
    assert StoreOrder.objects.count() == count + 1, "every order is mirrored"


# --------------------------------------------------------------------------------------------- remote calls


def calls(far: FarErp, count: int) -> Iterator[Figure]:
    """Remote calls for each order of a backlog that came by webhook, then a lone order's write-back."""
    empty()
    with (
        ExitStack() as stack,
        stage.sandbox_process() as (sandbox, _),
        stage.web_process() as (address, _),
    ):
        far.start(stack)
        pair = stage.connect(sandbox, 0, far=far, pace=far.pace(concurrency=50, latency=0.1, rate=0))
        stage.subscribe(pair.store, address)
        warm(sandbox, pair)
        # The cursor is the net below the webhooks and costs the same however many orders there are.
        Schedule.objects.filter(flow__in=("pull_store_orders", "pull_erp_orders")).update(is_enabled=False)
        for number in range(1, count + 1):
            stage.place(sandbox, pair, number)
        since = time.time()
        with stage.worker_processes(1, address) as workers:
            written = OrderLink.objects.filter(FINISHED)
            stage.wait_until(lambda: written.count() > count, "every order written back", 60 + count)
            took = time.time() - since
            memory = stage.most_memory(workers)
            yield from _calls_figures(far, sandbox, count, since)
            detail = f"{count / took:.0f} orders/s through one worker"
            yield Figure("largest worker process after the backlog", memory, None, "MB", detail=detail)
            yield _lone(far, sandbox, pair, count + 1)


def _calls_figures(far: FarErp, sandbox: Sandbox, count: int, since: float) -> Iterator[Figure]:
    erp = Counter(call["operation"] for call in sandbox.requests(kind="erp", since=str(since)))
    store = sandbox.requests(kind="store", since=str(since))
    writes = [call for call in store if call["operation"] == WRITE]
    reads = [
        c for c in store if c["operation"] not in (WRITE, "FetchToken") and "ebhook" not in c["operation"]
    ]
    creates, read_back = erp[far.operations.create], erp[far.operations.read_back]
    steps = sum(erp[step] for step in far.operations.steps)
    counted = creates + read_back + steps
    known = {far.operations.create, far.operations.read_back, *far.operations.steps}
    words = ", ".join(f"{n} {operation}" for operation, n in erp.most_common() if operation not in known)
    yield Figure(
        "ERP calls for each order", counted / count, far.calls_an_order, "calls", is_ceiling=True,
        detail=f"{creates} creates, {read_back} read-backs, {steps} steps; others: {words or 'none'}",
    )  # fmt: skip
    yield Figure(
        "Shopify reads for each order", len(reads) / count, 0, "calls", is_ceiling=True,
        detail=str(dict(Counter(call["operation"] for call in reads)) or "none"),
    )  # fmt: skip
    yield Figure("Shopify writes for each order", len(writes) / count, 0.05, "calls", is_ceiling=True)
    points = sum(call["requested_cost"] for call in writes)
    yield Figure("Shopify points for each order", points / count, 10.6, "points", is_ceiling=True)


def _lone(far: FarErp, sandbox: Sandbox, pair: stage.Pair, number: int) -> Figure:
    """Seconds from placing one order, nothing else under way, to the store's answer to the write-back."""
    time.sleep(3.0)
    placed = time.time()
    stage.place(sandbox, pair, number)
    stage.wait_until(
        lambda: bool(sandbox.requests(kind="store", operation=WRITE, since=str(placed))), "the write-back"
    )
    time.sleep(0.2)
    write = sandbox.requests(kind="store", operation=WRITE, since=str(placed))[0]
    answering = sum(call["duration"] for call in sandbox.requests(kind="erp", since=str(placed)))
    # How long a real ERP takes over its steps is not ours to promise.
    return Figure(
        "a lone order, from placed to written back", write["time"] + write["duration"] - placed,
        None if far.is_real else 2.0, "s", is_ceiling=True, detail=f"the ERP answered for {answering:.2f} s of it",
    )  # fmt: skip


# ----------------------------------------------------------------------------------------- the sandbox itself


def ceiling(far: FarErp, seconds: float) -> Iterator[Figure]:
    """How many creates a second the sandbox can answer, against the most that any figure asks of it."""
    asked = 40.0
    empty()
    with stage.sandbox_process() as (sandbox, far_side):
        pair = stage.connect(sandbox, 0, far=far, pace=far.pace(concurrency=0, latency=0.0, rate=0))
        warm(sandbox, pair)
        call = _recorded_create(far, pair)
        used, began = stage.cpu_seconds(far_side), time.time()
        port = int(sandbox.url.rpartition(":")[2])
        answers = load.send(port, call, connections=8, seconds=seconds)
        share = (stage.cpu_seconds(far_side) - used) / (time.time() - began) * 100
        assert not answers.failed, "the sandbox takes every create"
        yield Figure(
            "sandbox's ceiling against the most asked of it", answers.rate / asked, 3, "times",
            detail=f"{answers.rate:.0f} creates/s at {share:.0f} % of one CPU; asked {asked:.0f}/s",
        )  # fmt: skip


def _recorded_create(far: FarErp, pair: stage.Pair) -> Iterator[bytes]:
    """The create that the hub sent, again and again under the identity of another order."""
    sent = ApiCall.objects.filter(connection=pair.erp, kind="write").latest("pk")
    token = StoredToken.objects.get(credential=pair.erp.credential).token
    bearer = far.bearer(fernet().decrypt(token.encode()).decode())
    headers = {"Authorization": f"Bearer {bearer}"}
    address = urlsplit(sent.url)
    path = f"{address.path}?{address.query}" if address.query else address.path
    identity = re.compile(rf"\b{pair.store.code}-[0-9A-Z]+")
    return (
        load.request(
            identity.sub(other, path), identity.sub(other, sent.request_body).encode(), headers, sent.method
        )
        for other in (f"{identity_text((pair.store.code, number))}ZZ" for number in itertools.count(1))
    )
