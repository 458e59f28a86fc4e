from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.sync import webhooks
from hub.sync.inbox import receive_batch
from hub.sync.metrics import REFUSED
from hub.sync.models import Connection, WebhookDelivery

SECRET, OLD_SECRET, OTHER_SECRET = "s3cret", "0ld", "other"


def make_store(number, secret):
    domain = f"shop{number}.myshopify.com"
    return Connection.objects.create(
        system="shopify",
        name=f"Shop {number}",
        code=f"S{number}",
        config={"shop_domain": domain, "client_id": "c", "api_base_url": "http://127.0.0.1:9"},
        secrets={"client_secret": secret},
    )


@pytest.fixture
def store(db):
    webhooks._doors.clear()
    return make_store(1, SECRET)


def signed(body, secret=SECRET):
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def deliver(store, body=b'{"id":1}', *, secret=SECRET, client=None, **headers):
    given_headers = {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Hmac-Sha256": signed(body, secret),
        "X-Shopify-Shop-Domain": store.config["shop_domain"],
        "X-Shopify-Webhook-Id": "b54557e4",
        "X-Shopify-Event-Id": "98880550",
        "X-Shopify-API-Version": "2026-07",
        "X-Shopify-Triggered-At": "2026-11-21T10:00:00.123456789Z",
        **headers,
    }
    return (client or Client()).post(
        f"/webhooks/{store.public_id}/",
        data=body,
        content_type="application/json",
        headers={key: value for key, value in given_headers.items() if value is not None},
    )


def test_a_signed_delivery_is_stored_as_it_came_and_answered_200(store):
    body = b'{"id": 1,  "name":"\xc3\xa9"}'

    assert deliver(store, body).status_code == 200

    row = WebhookDelivery.objects.get()
    assert (bytes(row.body), row.topic, row.webhook_id, row.event_id, row.api_version) == (
        body,
        "orders/create",
        "b54557e4",
        "98880550",
        "2026-07",
    )
    assert (row.state, row.connection) == (WebhookDelivery.State.NEW, store)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "x",
        signed(b'{"id":2}'),
        signed(b'{"id":1}', OTHER_SECRET),
        signed(b'{"id":1}').lower(),
        signed(b'{"id":1}')[:-1],
        "ÿ" * 44,
        hashlib.sha256(b'{"id":1}').hexdigest(),
    ],
)
def test_I1_a_wrong_or_missing_signature_is_401_counted_and_stores_nothing(store, signature):
    before = REFUSED.labels(reason="signature wrong or missing")._value.get()

    answer = deliver(store, **{"X-Shopify-Hmac-Sha256": signature})

    assert (answer.status_code, WebhookDelivery.objects.count()) == (401, 0)
    assert REFUSED.labels(reason="signature wrong or missing")._value.get() == before + 1


def test_I1_another_stores_delivery_is_401_at_this_stores_door(store):
    other = make_store(2, OTHER_SECRET)

    assert deliver(store, secret=OTHER_SECRET).status_code == 401
    assert deliver(other, secret=SECRET).status_code == 401
    assert WebhookDelivery.objects.count() == 0


def test_I4_the_shop_domain_in_the_header_chooses_no_secret(store):
    other = make_store(2, OTHER_SECRET)

    spoofed = deliver(store, secret=OTHER_SECRET, **{"X-Shopify-Shop-Domain": other.config["shop_domain"]})
    renamed = deliver(store, **{"X-Shopify-Shop-Domain": other.config["shop_domain"]})
    nameless = deliver(store, **{"X-Shopify-Shop-Domain": None})

    assert [spoofed.status_code, renamed.status_code, nameless.status_code] == [401, 401, 401]
    assert WebhookDelivery.objects.count() == 0


def test_an_unknown_store_is_404_and_a_stores_webhook_is_no_notice_of_an_erp(store):
    erp = Connection.objects.create(
        system="business_central", name="ERP", code="BC", config={}, secrets={"client_secret": SECRET}
    )
    url = "/webhooks/00000000-0000-4000-8000-000000000000/"

    assert Client().post(url, data=b"{}", content_type="application/json").status_code == 404
    assert Client().post("/webhooks/not-a-uuid/", data=b"{}", content_type="text/plain").status_code == 404
    erp.config = {"shop_domain": "shop1.myshopify.com"}
    assert deliver(erp).status_code == 400
    assert WebhookDelivery.objects.count() == 0


def test_I1_a_replay_has_no_effect(store):
    answers = [deliver(store).status_code for _ in range(5)]

    assert (answers, WebhookDelivery.objects.count()) == ([200] * 5, 1)


def test_deliveries_of_several_stores_and_topics_with_one_id_are_several(store):
    other = make_store(2, OTHER_SECRET)

    deliver(store)
    deliver(store, **{"X-Shopify-Topic": "orders/updated"})
    deliver(other, secret=OTHER_SECRET)

    assert WebhookDelivery.objects.count() == 3


def test_without_an_id_deliveries_are_told_apart_by_their_content(store):
    for body in (b'{"id":1}', b'{"id":1}', b'{"id":2}'):
        assert deliver(store, body, **{"X-Shopify-Webhook-Id": None}).status_code == 200

    assert WebhookDelivery.objects.count() == 2


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
def test_other_methods_are_405(store, method):
    answer = getattr(Client(), method)(f"/webhooks/{store.public_id}/")

    assert (answer.status_code, WebhookDelivery.objects.count()) == (405, 0)


def test_I2_a_body_beyond_the_limit_is_cut_off_with_413(store):
    body = b'{"a":"' + b"x" * webhooks.BODY_LIMIT + b'"}'

    assert deliver(store, body).status_code == 413
    assert WebhookDelivery.objects.count() == 0


def test_a_body_just_below_the_limit_is_taken(store):
    body = b'"' + b"x" * (webhooks.BODY_LIMIT - 2) + b'"'

    assert deliver(store, body).status_code == 200
    assert len(WebhookDelivery.objects.get().body) == webhooks.BODY_LIMIT


def test_D3_the_previous_secret_is_accepted_while_it_is_being_rotated(store):
    store.secrets = {"client_secret": "new", "previous_client_secret": SECRET}
    store.save()
    webhooks._doors.clear()

    old, new = deliver(store), deliver(store, secret="new", **{"X-Shopify-Webhook-Id": "2"})
    store.secrets = {"client_secret": "new"}
    store.save()
    webhooks._doors.clear()
    revoked = deliver(store, **{"X-Shopify-Webhook-Id": "3"})

    assert [old.status_code, new.status_code, revoked.status_code] == [200, 200, 401]


def test_a_store_without_a_secret_takes_nothing(store):
    for secrets in ({}, {"client_secret": ""}):
        store.secrets = secrets
        store.save()
        webhooks._doors.clear()
        assert deliver(store, secret="").status_code == 401

    assert WebhookDelivery.objects.count() == 0


UNUSABLE = {
    "not JSON": b"hello",
    "empty": b"",
    "cut": b'{"id": 1, "na',
    "NaN": b'{"total": NaN}',
    "infinity": b'{"total": -Infinity}',
    "NUL": b'{"name": "a\x00b"}',
    "escaped NUL": b'{"name": "a\\u0000b"}',
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "overlong UTF-8": b'{"name": "\xc0\x80"}',
    "lone surrogate": b'{"name": "\\ud800"}',
    "UTF-16": '{"id": 1}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "array": b"[1, 2]",
    "number": b"1",
    "null": b"null",
    "text": b'"text"',
    "deep array": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "huge integer": b'{"id": ' + b"9" * 200_000 + b"}",
    "huge exponent": b'{"id": 1e999999999}',
    "duplicate keys": b'{"id": 1, "id": 2}',
    "an object of nothing": b"{}",
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_I3_whatever_is_signed_is_stored_answered_200_and_flagged_with_its_reason(store, name):
    began = time.thread_time()

    assert deliver(store, UNUSABLE[name]).status_code == 200
    receive_batch(store)

    row = WebhookDelivery.objects.get()
    assert row.state == WebhookDelivery.State.FLAGGED
    assert row.reason.startswith("not usable: ")
    assert len(row.reason) > len("not usable: ") + 5
    assert bytes(row.body) == UNUSABLE[name]
    assert time.thread_time() - began < 3


@pytest.mark.parametrize(
    "topic", ["orders/edited", "collections/update", "", "orders/create ", "x" * 300, "Ünïcode/☃"]
)
def test_an_unknown_topic_is_stored_and_flagged_by_name(store, topic):
    assert deliver(store, **{"X-Shopify-Topic": topic}).status_code == 200

    receive_batch(store)

    row = WebhookDelivery.objects.get()
    assert row.state == WebhookDelivery.State.FLAGGED
    assert row.reason.startswith(("unknown topic", "not usable"))


def test_one_flagged_delivery_holds_no_other_back(store):
    for n, body in enumerate(UNUSABLE.values()):
        deliver(store, body, **{"X-Shopify-Webhook-Id": str(n)})

    receive_batch(store)

    assert WebhookDelivery.objects.filter(state=WebhookDelivery.State.FLAGGED).count() == len(UNUSABLE)


def test_the_happy_path_is_one_statement_once_the_store_is_known(store):
    deliver(store)

    with CaptureQueriesContext(database) as queries:
        assert deliver(store, **{"X-Shopify-Webhook-Id": "2"}).status_code == 200

    assert len(queries) == 1
    assert "sync_webhookdelivery" in queries[0]["sql"]


def test_an_unsigned_flood_at_a_known_door_asks_the_database_nothing(store):
    deliver(store)

    with CaptureQueriesContext(database) as queries:
        for _ in range(10):
            deliver(store, **{"X-Shopify-Hmac-Sha256": "x"})

    assert len(queries) == 0


header_text = st.text(
    st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n"), max_size=300
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)
bodies = st.binary(max_size=300) | json_values.map(
    lambda value: json.dumps(value).encode("utf-8", "surrogatepass")
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=bodies,
    names=st.dictionaries(
        st.sampled_from(
            [
                "X-Shopify-Topic",
                "X-Shopify-Webhook-Id",
                "X-Shopify-Event-Id",
                "X-Shopify-API-Version",
                "X-Shopify-Triggered-At",
                "X-Shopify-Shop-Domain",
                "X-Shopify-Hmac-Sha256",
                "Content-Length",
            ]
        ),
        header_text,
        max_size=5,
    ),
)
def test_I3_no_headers_and_no_body_make_it_fail(store, body, names):
    names.pop("Content-Length", None)

    answer = deliver(store, body, **names)

    assert answer.status_code in (200, 401)
    receive_batch(store)
    assert not WebhookDelivery.objects.filter(state=WebhookDelivery.State.NEW).exists()
    assert not WebhookDelivery.objects.filter(reason__startswith="failed inside").exists()


@pytest.fixture(scope="module")
def real_body():
    folder = Path(__file__).parent.parent / "payloads" / "shopify"
    return json.loads((folder / "discounts.webhook.json").read_text(encoding="utf-8"))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_I3_an_order_with_any_part_replaced_by_anything_is_mirrored_or_flagged_with_a_reason(
    store, real_body, data
):
    body = json.loads(json.dumps(real_body))
    place = body
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        child = place[key]
        if not isinstance(child, dict | list) or not child or data.draw(st.booleans()):
            break
        place = child
    place[key] = data.draw(json_values)

    raw = json.dumps(body).encode("utf-8", "surrogatepass")
    answer = deliver(store, raw, **{"X-Shopify-Webhook-Id": hashlib.sha256(raw).hexdigest()})
    receive_batch(store)

    assert answer.status_code == 200
    row = WebhookDelivery.objects.latest("pk")
    assert row.state in (WebhookDelivery.State.DONE, WebhookDelivery.State.FLAGGED)
    assert (row.state == WebhookDelivery.State.FLAGGED) == bool(row.reason)
    assert not row.reason.startswith("failed inside"), (key, place[key], row.reason)


def test_new_orders_are_received_before_a_crowd_of_updates_and_no_batch_fails(store, caplog):
    for n in range(25):
        deliver(store, **{"X-Shopify-Topic": "orders/updated", "X-Shopify-Webhook-Id": f"update {n}"})
    deliver(store, **{"X-Shopify-Topic": "orders/create", "X-Shopify-Webhook-Id": "new"})
    done = WebhookDelivery.objects.exclude(state=WebhookDelivery.State.NEW)

    is_more_first = receive_batch(store)
    received = [(done.filter(topic="orders/create").count(), done.count())]
    is_more = [is_more_first, receive_batch(store), receive_batch(store)]
    received.append((done.filter(topic="orders/create").count(), done.count()))

    assert received == [(1, 11), (1, 26)]
    assert is_more == [True, True, False]
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
