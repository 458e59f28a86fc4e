"""A batch of deliveries that fails inside is received one at a time, and whoever watches the hub sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import DataError
from django.db import connection as database

from hub.sync import webhooks
from hub.sync.inbox import receive_batch
from hub.sync.metrics import BATCHES_FAILED, FAILED
from hub.sync.models import WebhookDelivery
from tests.sync.test_webhooks import SECRET, UNUSABLE, deliver, make_store

BODY = Path(__file__).parents[1] / "payloads" / "shopify" / "discounts.webhook.json"


@pytest.fixture
def store(db):
    webhooks._doors.clear()
    return make_store(1, SECRET)


@pytest.fixture
def real_body():
    return json.loads(BODY.read_text(encoding="utf-8"))


def deliver_orders(store, real_body, *names):
    for name in names:
        own = {"id": int(name), "admin_graphql_api_id": f"gid://shopify/Order/{name}", "name": f"#{name}"}
        deliver(store, json.dumps(real_body | own).encode(), **{"X-Shopify-Webhook-Id": name})


def mirrored_unless(is_refused):
    """The database refuses to store orders of which this is true; `is_refused` is given all that is stored at once."""

    def execute(execute, sql, params, many, context):
        if "INTO orders_storeorder" in sql and is_refused(repr(params)):
            raise DataError("a value that the column cannot hold\nDETAIL: all that the customer wrote")
        return execute(sql, params, many, context)

    return database.execute_wrapper(execute)


def told_of_batches(caplog):
    """What the log says of batches that failed."""
    records = [record for record in caplog.records if record.name == "hub.sync.inbox"]
    fields = ("reason", "tried", "failed")
    return [(r.getMessage(), {f: vars(r)[f] for f in fields if f in vars(r)}) for r in records]


def test_a_batch_that_fails_is_told_with_its_reason_and_counts(store, real_body, caplog):
    deliver_orders(store, real_body, "1", "666", "2")
    batches, failed = BATCHES_FAILED.labels("DataError")._value, FAILED._value
    before = (batches.get(), failed.get())

    with mirrored_unless(lambda stored: "#666" in stored):
        receive_batch(store)

    reason = "DataError: a value that the column cannot hold"
    assert told_of_batches(caplog) == [
        ("a batch of deliveries failed, one at a time now", {"reason": reason}),
        ("a delivery failed", {}),
        ("deliveries received one at a time", {"reason": reason, "tried": 3, "failed": 1}),
    ]
    assert (batches.get(), failed.get()) == (before[0] + 1, before[1] + 1)
    assert list(WebhookDelivery.objects.order_by("pk").values_list("state", "reason")) == [
        (WebhookDelivery.State.DONE, ""),
        (WebhookDelivery.State.FLAGGED, f"failed inside: {reason}"),
        (WebhookDelivery.State.DONE, ""),
    ]


def test_bodies_that_say_nothing_usable_are_no_failure(store, caplog):
    for n, body in enumerate(UNUSABLE.values()):
        deliver(store, body, **{"X-Shopify-Webhook-Id": str(n)})
    before = [family.samples for family in BATCHES_FAILED.collect()]

    receive_batch(store)

    assert told_of_batches(caplog) == []
    assert [family.samples for family in BATCHES_FAILED.collect()] == before
