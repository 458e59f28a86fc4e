"""A key's requests are counted in the database, for all web processes together."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from hub.api.models import Allowance, ApiKey


def test_what_is_above_the_allowance_is_429_and_says_when_to_come_again(world):
    key = world.key(requests_per_minute=6)

    first, second = world.get("health", key), world.get("health", key)

    assert first.status_code == 200
    assert second.status_code == 429
    assert second.headers["Content-Type"] == "application/problem+json"
    assert second.json()["type"] == "urn:concord:problem:too-many-requests"
    assert 1 <= int(second.headers["Retry-After"]) <= 10


def test_the_allowance_grows_back_with_time(world):
    key = world.key(requests_per_minute=6)
    assert [world.get("health", key).status_code for _ in range(2)] == [200, 429]

    Allowance.objects.update(measured_at=F("measured_at") - timedelta(seconds=11))

    assert [world.get("health", key).status_code for _ in range(2)] == [200, 429]


def test_a_key_saves_up_a_sixth_of_a_minute_and_no_more(world):
    key = world.key(requests_per_minute=18)
    world.get("health", key)

    Allowance.objects.update(measured_at=F("measured_at") - timedelta(days=1))

    assert [world.get("health", key).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_keys_do_not_take_from_each_other(world):
    busy, calm = world.key(requests_per_minute=6), world.key(requests_per_minute=6)
    for _ in range(3):
        world.get("health", busy)

    assert world.get("health", calm).status_code == 200


def test_a_refused_request_costs_nothing(world):
    key = world.key(requests_per_minute=6)
    world.get("health", key)
    before = Allowance.objects.get().tokens

    world.get("health", key)

    assert Allowance.objects.get().tokens == before


def test_the_allowance_goes_with_its_key(world):
    world.get("health", world.key())

    ApiKey.objects.all().delete()

    assert Allowance.objects.count() == 0
