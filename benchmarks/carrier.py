"""The freight door: its tail while the ERP is dead, whether every answer can be read, and how late the last one is."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import urlsplit

from django.urls import reverse

from benchmarks import load, stage
from benchmarks.database import empty
from benchmarks.report import Figure, percentile
from hub.supervise.child import Child
from hub.sync.models import Connection
from orders.models import FreightPolicy, FreightQuote, FreightRate

# What a store asks at most in its last tier but one.
PER_MINUTE = 3000
CONNECTIONS = 16
LINES = 10
PLACES = 200
MILLISECONDS = 1000.0
# The shortest that a store waits.
DEADLINE = 3.0
LIVE_MILLISECONDS = 1500
# A quarter of the questions was answered before the ERP died.
REMEMBERED = PLACES // 4


@dataclass(slots=True)
class Rated:
    """Seconds each answer took from when its request was due, and how many a store could not use."""

    seconds: list[float] = field(default_factory=list)
    unusable: int = 0
    empty: int = 0


def carrier(seconds: float) -> Iterator[Figure]:
    """3,000 requests a minute while the ERP takes connections and never answers; a part was answered before."""
    empty()
    with stage.sandbox_process() as (sandbox, _), _hanging() as port, _web() as (address, _):
        store = stage.connect(sandbox, 0).store
        _set_up(store, f"http://{stage.HOST}:{port}/freight")
        requests = _requests(store)
        target = int(urlsplit(address).port or 0)
        asyncio.run(_send(target, itertools.islice(requests, PLACES), rate=100))
        _remember(store)
        rated = asyncio.run(
            _send(target, itertools.islice(requests, int(PER_MINUTE / 60 * seconds)), PER_MINUTE / 60)
        )
        yield from _figures(rated, "ERP hangs")


def _web() -> AbstractContextManager[tuple[str, Child]]:
    """A web server that may ask services of this machine."""
    return stage.web_process({"FREIGHT_ALLOWS_PRIVATE": "1"})


def _figures(rated: Rated, name: str) -> Iterator[Figure]:
    p95 = percentile(rated.seconds, 95) * MILLISECONDS
    p50 = statistics.median(rated.seconds) * MILLISECONDS
    usable = 100 * (1 - rated.unusable / len(rated.seconds))
    slowest = max(rated.seconds)
    asked = f"{len(rated.seconds):,} requests at {PER_MINUTE:,} a minute, {LINES} lines"
    yield Figure(f"freight p95, {name}", p95, 100, "ms", is_ceiling=True, detail=f"p50 {p50:.1f} ms, {asked}")
    yield Figure(
        f"freight answers with usable rates, {name}", usable, 100, "%", detail=f"{rated.empty} with no rates"
    )
    yield Figure(f"slowest freight answer, {name}", slowest, DEADLINE, "s", is_ceiling=True)


def _set_up(store: Connection, endpoint: str) -> None:
    FreightPolicy.objects.create(
        store=store,
        owner="erp",
        sources="remembered",
        endpoint_url=endpoint,
        live_milliseconds=LIVE_MILLISECONDS,
    )
    FreightRate.objects.bulk_create(
        FreightRate(
            store=store,
            country="DE",
            postal_from=f"{region:02}",
            weight_from=weight,
            weight_to=weight + 50,
            method_code=method,
            title=method,
            price=Decimal(10 + weight) / 2,
            currency="EUR",
        )
        for region in range(100)
        for weight in range(0, 500, 50)
        for method in ("STD", "EXP")
    )


def _remember(store: Connection) -> None:
    """As if the ERP had answered a part of the questions before it died, some minutes ago."""
    keys = (
        FreightQuote.objects.filter(store=store)
        .order_by("question_key")
        .values_list("question_key", flat=True)
    )
    FreightQuote.objects.filter(store=store, question_key__in=list(keys.distinct()[:REMEMBERED])).update(
        source="live"
    )


# ------------------------------------------------------------------------------------------------------ requests


def _requests(store: Connection) -> Iterator[bytes]:
    """Signed requests without end, for so many destinations."""
    path = reverse("carrier_rates", args=[store.public_id])
    for number in itertools.cycle(range(PLACES)):
        body = json.dumps(_question(number)).encode()
        signature = base64.b64encode(hmac.digest(stage.SECRET.encode(), body, hashlib.sha256)).decode()
        yield load.request(path, body, {"X-Shopify-Hmac-Sha256": signature})


def _question(number: int) -> dict[str, object]:
    items = [
        {
            "sku": f"S{n}",
            "quantity": 1 + n % 3,
            "grams": 900,
            "price": 1999,
            "variant_id": n,
            "requires_shipping": True,
        }
        for n in range(LINES)
    ]
    destination = {
        "country": "DE",
        "postal_code": f"{number * 97 % 100_000:05}",
        "city": "Stadt",
        "address1": "Tal 1",
    }
    origin = {"country": "DE", "postal_code": "10115", "city": "Berlin"}
    return {"rate": {"origin": origin, "destination": destination, "items": items, "currency": "EUR"}}


async def _send(port: int, requests: Iterator[bytes], rate: float) -> Rated:
    rated, start, places = Rated(), time.perf_counter() + 0.2, itertools.count()

    async def one() -> None:
        reader, writer = await asyncio.open_connection(stage.HOST, port)
        for request in requests:
            due = start + next(places) / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(request)
            _judge(rated, *await _answer(reader))
            rated.seconds.append(time.perf_counter() - due)
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return rated


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    length = next(int(line.split(":")[1]) for line in head if line.startswith("content-length:"))
    return int(head[0].split()[1]), await reader.readexactly(length)


def _judge(rated: Rated, status: int, body: bytes) -> None:
    try:
        rates = json.loads(body)["rates"] if status == 200 else None
    except (ValueError, KeyError):
        rates = None
    needed = ("service_name", "service_code", "description", "currency", "total_price")
    is_usable = bool(rates) and all(
        isinstance(rate.get(name), str) for rate in rates or () for name in needed
    )
    rated.unusable += not is_usable
    rated.empty += rates == []


@contextmanager
def _hanging() -> Iterator[int]:
    """A service that takes connections and never answers: the dearest way to be dead. Yields its port."""
    with closing(socket.create_server((stage.HOST, 0), backlog=128)) as listener:
        taken: list[socket.socket] = []
        is_over = threading.Event()
        listener.settimeout(0.2)

        def take() -> None:
            while not is_over.is_set():
                try:
                    taken.append(listener.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            is_over.set()
            thread.join()
            for one in taken:
                one.close()
