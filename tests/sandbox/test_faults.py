"""Fault rules: the same seed meets the same requests, whatever the order in which they come."""

from __future__ import annotations

import random

import pytest

from hub.sandbox.faults import Faults

RULE = {"kind": "drop_before", "probability": 0.3, "operation": "POST *"}


def faults_with(*rules, seed=1):
    faults = Faults()
    faults.set({"seed": seed, "rules": list(rules)})
    return faults


def hit_keys(faults, keys):
    return {key for key in keys if faults.for_request("erp", "default", "POST salesOrders", key)}


def test_the_same_seed_hits_the_same_requests_in_any_order():
    keys = [f"order-{number}" for number in range(200)]
    shuffled = random.Random(7).sample(keys, len(keys))

    first, second = hit_keys(faults_with(RULE), keys), hit_keys(faults_with(RULE), shuffled)

    assert first == second
    assert 30 <= len(first) <= 90


def test_another_seed_hits_other_requests():
    keys = [f"order-{number}" for number in range(200)]

    assert hit_keys(faults_with(RULE, seed=1), keys) != hit_keys(faults_with(RULE, seed=2), keys)


def test_a_second_try_of_the_same_request_is_decided_anew():
    faults = faults_with(RULE)
    always_hit = [
        key
        for key in (f"order-{number}" for number in range(50))
        if all(faults.for_request("erp", "default", "POST salesOrders", key) for _ in range(10))
    ]

    assert always_hit == []


def test_other_systems_do_not_shift_a_decision():
    alone, crowded = faults_with(RULE), faults_with(RULE)
    hits_alone, hits_crowded = [], []
    for _ in range(50):
        hits_alone.append(bool(alone.for_request("erp", "default", "POST salesOrders", "")))
        crowded.for_request("erp", "second", "POST salesOrders", "")
        hits_crowded.append(bool(crowded.for_request("erp", "default", "POST salesOrders", "")))

    assert hits_alone == hits_crowded


def test_rules_match_kind_name_and_operation():
    faults = faults_with({"kind": "down", "system": "erp", "name": "def*", "operation": "GET *"})

    assert faults.for_request("erp", "default", "GET items", "")
    assert not faults.for_request("erp", "second", "GET items", "")
    assert not faults.for_request("store", "default", "GET items", "")
    assert not faults.for_request("erp", "default", "POST items", "")


@pytest.mark.parametrize(
    ("limits", "hits"),
    [
        ({"nth": [2, 4]}, [False, True, False, True, False]),
        ({"first": 2}, [True, True, False, False, False]),
        ({"times": 3}, [True, True, True, False, False]),
        ({"probability": 0}, [False] * 5),
        ({"probability": 1}, [True] * 5),
        ({}, [True] * 5),
    ],
)
def test_limits_say_which_requests_are_hit(limits, hits):
    faults = faults_with({"kind": "html", **limits})

    assert [bool(faults.for_request("erp", "default", "GET items", "")) for _ in range(5)] == hits


def test_webhook_rules_leave_requests_alone():
    faults = faults_with({"kind": "lose_webhook", "operation": "orders/*"})

    assert not faults.for_request("store", "default", "orders/create", "")
    assert faults.for_webhook("store", "default", "orders/create", "")


def test_every_fault_is_logged_with_rule_number_and_operation():
    faults = faults_with({"kind": "html", "id": "page", "nth": [2]})
    for key in ("a", "b", "c"):
        faults.for_request("erp", "default", "GET items", key)

    described = faults.describe()

    assert described["injected"] == {"page": 1}
    assert [(e["rule"], e["kind"], e["number"], e["operation"], e["key"]) for e in described["log"]] == [
        ("page", "html", 2, "GET items", "b")
    ]
