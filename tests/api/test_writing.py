"""Every address that writes × every kind of key × whose object; and that repeating a request is harmless."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection as database
from django.test import Client

from hub.api.models import ApiKey, KeyedWrite, Scope
from hub.sync.models import ReviewItem, SyncTask
from hub.urls import api

ENDPOINTS = {
    str(pattern.pattern): pattern.callback.view_class
    for pattern in api
    # Those that decide about a review item; shipments are told in test_shipments.py.
    if getattr(pattern.callback.view_class, "body", None) and "review_id" in str(pattern.pattern)
}
routes = pytest.mark.parametrize("route", sorted(ENDPOINTS))
APPROVE, REJECT = "holds/<str:review_id>/approve", "holds/<str:review_id>/reject"


def held(world, store=None):
    """An order that a hold rule holds."""
    order = world.settled(store)
    evidence = {
        "content_hash": order.content_hash,
        "rule": "Heavy goods",
        "shown_hash": "s",
        "order": order.name,
    }
    return world.ask(order, code="hold_1", evidence=evidence)


def body_of(route, item):
    """What asks for this object; an address that is added says here what its body is."""
    bodies = {
        APPROVE: {"shown": item.fingerprint},
        REJECT: {"shown": item.fingerprint, "reason": "No forklift there."},
    }
    assert route in bodies, f"tests/api/test_writing.py: what does one send to {route}?"
    return bodies[route]


def send(world, route, review_id, body, key=None, idempotency_key="k-1", **options):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    headers |= {"Idempotency-Key": idempotency_key} if idempotency_key is not None else {}
    return Client(raise_request_exception=False).post(
        f"/api/v1/{route.replace('<str:review_id>', str(review_id))}",
        data=body if isinstance(body, bytes | str) else json.dumps(body),
        content_type=options.pop("content_type", "application/json"),
        headers=headers | options.pop("headers", {}),
        **options,
    )


def problem(answer, status):
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.json()


def nothing_happened():
    assert not KeyedWrite.objects.exists()
    assert set(ReviewItem.objects.values_list("state", flat=True)) == {"open"}


@routes
def test_only_its_scope_opens_it_and_only_for_ones_own_object(route, world):
    mine, others = held(world, world.euro), held(world, world.dollar)
    needed = ENDPOINTS[route].scope
    without = world.key(*(scope for scope in Scope.values if scope != needed), sees=[world.euro])
    with_it = world.key(needed, sees=[world.euro])

    told = [
        problem(send(world, route, pk, body_of(route, mine), without), 403)
        for pk in (mine.pk, others.pk, 10**17)
    ]
    unseen = [
        problem(send(world, route, pk, body_of(route, others), with_it), 404) for pk in (others.pk, 10**17)
    ]

    assert {one["missing_scope"] for one in told} == {needed}
    assert told[0] == told[1] == told[2]
    assert unseen[0] == unseen[1]
    nothing_happened()
    assert send(world, route, mine.pk, body_of(route, mine), with_it).status_code == 200
    assert ReviewItem.objects.get(pk=others.pk).state == "open"


@routes
@pytest.mark.parametrize("kind", ["revoked", "expired", "not a key", "none", "session"])
def test_what_is_no_good_key_writes_nothing(route, kind, world):
    item, secret = held(world), world.key()
    if kind == "revoked":
        ApiKey.objects.update(revoked_at=item.created_at)
    elif kind == "expired":
        ApiKey.objects.update(expires_at=item.created_at - timedelta(days=1))
    client = Client()
    if kind == "session":
        client.force_login(get_user_model().objects.create_superuser("kim", "", "irrelevant"))
        answer = client.post(f"/api/v1/holds/{item.pk}/approve", body_of(route, item), "application/json")
    else:
        key = {"not a key": "concord_", "none": None}.get(kind, secret)
        answer = send(world, route, item.pk, body_of(route, item), key)

    problem(answer, 401)
    nothing_happened()


@routes
def test_the_same_request_again_gets_the_first_answer_and_is_not_carried_out_twice(route, world, key):
    item = held(world)
    body = body_of(route, item)
    first = send(world, route, item.pk, body, key)
    SyncTask.objects.all().delete()

    again = send(world, route, item.pk, body, key)

    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (KeyedWrite.objects.count(), SyncTask.objects.count()) == (1, 0)


@routes
def test_a_key_of_another_request_is_refused(route, world, key):
    one, other = held(world), held(world)
    assert send(world, route, one.pk, body_of(route, one), key).status_code == 200

    told = problem(send(world, route, other.pk, body_of(route, other), key), 422)

    assert "another request" in told["detail"]
    assert ReviewItem.objects.get(pk=other.pk).state == "open"
    # Keys of different partners have nothing to do with each other.
    assert send(world, route, other.pk, body_of(route, other), world.key()).status_code == 200


@routes
def test_what_failed_is_not_kept(route, world, key):
    item = held(world)
    wrong = body_of(route, item) | {"shown": "something else"}

    told = problem(send(world, route, item.pk, wrong, key), 409)

    assert told["detail"] == "It has changed since you opened it; look again, then decide."
    nothing_happened()
    assert send(world, route, item.pk, body_of(route, item), key).status_code == 200


@routes
@pytest.mark.parametrize("header", [None, "", "a" * 201, "two words", "é"])
def test_a_request_without_a_usable_key_is_refused(route, header, world, key):
    item = held(world)

    told = problem(send(world, route, item.pk, body_of(route, item), key, header), 400)

    assert [error["parameter"] for error in told["errors"]] == ["Idempotency-Key"]
    nothing_happened()


@routes
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'"text"', 400),
        (b"\xff\xfe", 400),
        (b'{"shown": {"a": 1e999}}', 400),
        (b"[" * 50_000, 400),
        (b'{"colour": "red"}', 400),
        (b'{"shown": "\\u0000"}', 400),
        (json.dumps({"shown": "x" * 5000}).encode(), 400),
    ],
    ids=range(11),
)
def test_a_body_that_cannot_be_used_is_told_and_nothing_is_done(route, body, status, world, key):
    item = held(world)

    problem(send(world, route, item.pk, body, key), status)

    nothing_happened()


@routes
def test_another_kind_of_body_and_other_methods_are_refused(route, world, key):
    item = held(world)

    problem(send(world, route, item.pk, "a=1", key, content_type="text/plain"), 415)
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = world.ask_for(method, route.replace("<str:review_id>", str(item.pk)), key)
        assert problem(answer, 405)
        assert answer.headers["Allow"] == "POST"
    nothing_happened()


def test_two_that_come_at_once_are_carried_out_once(transactional_db, world):
    item, key = held(world), world.key()
    answers = []
    gate = threading.Barrier(2)

    def ask():
        gate.wait()
        answers.append(send(world, REJECT, item.pk, body_of(REJECT, item), key))
        database.close()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert sorted("Idempotent-Replayed" in answer.headers for answer in answers) == [False, True]


def test_a_decision_is_noted_with_the_partner_and_runs_the_flow_again(world, key):
    item = held(world)

    answer = send(world, REJECT, item.pk, body_of(REJECT, item), key)

    assert answer.json() == {
        "id": str(item.pk),
        "order_id": str(item.record_id),
        "decision": "rejected",
        "reason": "No forklift there.",
    }
    item.refresh_from_db()
    assert (item.decision, item.reason) == ("rejected", "No forklift there.")
    assert item.decided_through == f"API key {ApiKey.objects.get().name}"
    assert [(task.flow, task.record_id) for task in SyncTask.objects.filter(subject=item.subject)] == [
        ("push_order_to_erp", item.record_id)
    ]


def test_what_money_and_mappings_ask_is_decided_by_people(world, key):
    for code in ("sums_differ", "mapping_missing"):
        item = world.ask(world.settled(), code=code)
        problem(send(world, APPROVE, item.pk, body_of(APPROVE, item), key, f"k-{code}"), 409)
    nothing_happened()


def test_held_orders_are_listed_with_their_reasons(world, key):
    item = held(world)
    ReviewItem.objects.filter(pk=item.pk).update(
        evidence=item.evidence | {"found": [{"condition": "every order", "in_the_order": ""}]}
    )

    [shown] = world.get("holds", key).json()["items"]

    item.refresh_from_db()
    assert (shown["rule"], shown["found"]) == (
        "Heavy goods",
        [{"condition": "every order", "in_the_order": ""}],
    )
    assert (shown["order_id"], shown["waits_in_erp"], shown["may_be_decided"]) == (
        str(item.record_id),
        False,
        True,
    )
    assert shown["shown"] == item.fingerprint
