"""The webhook door against the least that Django can do, in the same processes behind the same middleware."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import statistics
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.db import connection as database
from django.urls import reverse

from benchmarks import load, stage
from benchmarks.database import empty
from benchmarks.report import Figure, percentile
from hub.demo.sandbox import Sandbox
from hub.sync.models import Connection, WebhookDelivery

ROUNDS = 5
CONNECTIONS = 16
LINES = 10
BODIES = 20
TOPIC = "orders/create"
MILLISECONDS = 1000.0


def ingest(seconds: float) -> Iterator[Figure]:
    """The ratio of the median rates of alternating runs, then the door's tail at half its rate."""
    empty()
    with stage.sandbox_process() as (sandbox, _), stage.web_process() as (address, _):
        pair = stage.connect(sandbox, 0)
        store = pair.store
        bodies = _bodies(sandbox, pair, address)
        port = int(urlsplit(address).port or 0)
        door = _deliveries(reverse("webhook", args=[store.public_id]), store, bodies)
        bare = _deliveries(f"/bare/{store.pk}/", store, bodies)
        load.send(port, door, connections=CONNECTIONS, seconds=1.0)
        load.send(port, bare, connections=CONNECTIONS, seconds=1.0)
        rates: dict[str, list[float]] = {"door": [], "bare": []}
        for _ in range(ROUNDS):
            for name, requests in (("bare", bare), ("door", door)):
                rates[name].append(_rate(port, requests, seconds))
        ratio = statistics.median(
            door / bare for door, bare in zip(rates["door"], rates["bare"], strict=True)
        )
        ours, least = (statistics.median(rates[name]) for name in ("door", "bare"))
        size = statistics.mean(map(len, bodies)) / 1024
        yield Figure(
            "webhook ingest against a bare view", ratio, 0.8, "ratio",
            detail=f"{ours:,.0f}/s against {least:,.0f}/s, bodies of {size:.0f} KB",
        )  # fmt: skip
        yield _tail(port, door, ours / 2, seconds)


def _rate(port: int, requests: Iterator[bytes], seconds: float) -> float:
    with database.cursor() as cursor:
        cursor.execute("TRUNCATE sync_webhookdelivery")
    answers = load.send(port, requests, connections=CONNECTIONS, seconds=seconds)
    stored = WebhookDelivery.objects.count()
    assert (answers.failed, stored) == (0, len(answers.seconds)), "every delivery is stored and answered 200"
    return answers.rate


def _tail(port: int, requests: Iterator[bytes], rate: float, seconds: float) -> Figure:
    answers = load.send(port, requests, connections=CONNECTIONS, seconds=seconds * 3, rate=rate)
    p99 = percentile(answers.seconds, 99) * MILLISECONDS
    p50 = statistics.median(answers.seconds) * MILLISECONDS
    detail = f"p50 {p50:.1f} ms at {rate:,.0f}/s"
    return Figure("webhook ingest p99 at half load", p99, 50, "ms", is_ceiling=True, detail=detail)


def _bodies(sandbox: Sandbox, pair: stage.Pair, address: str) -> list[bytes]:
    """Bodies of real orders, as the simulated store delivers them."""
    stage.subscribe(pair.store, address)
    for number in range(BODIES):
        stage.place(sandbox, pair, number, LINES)
    arrived = WebhookDelivery.objects.filter(topic=TOPIC)
    stage.wait_until(lambda: arrived.count() >= BODIES, "the webhooks of the orders just placed")
    return [bytes(body) for body in arrived.values_list("body", flat=True)]


def _deliveries(path: str, store: Connection, bodies: list[bytes]) -> Iterator[bytes]:
    """Signed requests without end, each with an id of its own."""
    signed = [
        (body, base64.b64encode(hmac.digest(stage.SECRET.encode(), body, hashlib.sha256))) for body in bodies
    ]
    for number, (body, signature) in enumerate(itertools.cycle(signed)):
        yield load.request(
            path,
            body,
            {
                "X-Shopify-Topic": TOPIC,
                "X-Shopify-Hmac-Sha256": signature.decode(),
                "X-Shopify-Shop-Domain": store.config["shop_domain"],
                "X-Shopify-Webhook-Id": f"{path}{number}",
                "X-Shopify-Event-Id": f"event-{number}",
                "X-Shopify-Api-Version": "2026-07",
                "X-Shopify-Triggered-At": "2026-11-02T12:00:00.000000000Z",
            },
        )
