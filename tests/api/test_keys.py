"""A key is recognised by its hash alone, notes its use sparingly, and ends when it should."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hub.api import keys
from hub.api.models import ApiKey


def only_key():
    return ApiKey.objects.get()


def test_the_database_holds_nothing_that_opens_the_api(world):
    secret = world.key()

    row = ApiKey.objects.filter(name__startswith="Partner").values().get()
    assert secret.split("_", 2)[2] not in str(row)
    assert len(row["digest"]) == 64
    assert world.get("health", f"concord_{row['prefix']}_{row['digest'][:43]}").status_code == 401


def test_two_keys_are_never_alike(world):
    assert world.key() != world.key()


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"),
        lambda key: key + "A",
        lambda key: key.upper(),
        lambda key: "concord_00000000_" + key.split("_", 2)[2],
        lambda key: "x",
        lambda key: "ü" * 60,
    ],
)
def test_a_key_that_is_a_little_off_is_refused(world, key, spoilt):
    response = world.get("health", spoilt(key))

    assert response.status_code == 401


@pytest.mark.parametrize("header", ["Basic a2V5", "Token {}", "Bearer", "{}"])
def test_a_key_that_is_sent_otherwise_is_refused(world, key, header):
    response = world.ask_for("GET", "health", headers={"Authorization": header.format(key)})

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_key_is_refused_at_once(world, key):
    assert world.get("health", key).status_code == 200

    ApiKey.objects.update(revoked_at=timezone.now())

    response = world.get("health", key)
    assert (response.status_code, response.json()["detail"]) == (
        401,
        "This key was revoked. Ask for a new one.",
    )


def test_a_key_ends_when_it_expires(world):
    soon = world.key(expires_at=timezone.now() + timedelta(hours=1))
    past = world.key(expires_at=timezone.now() - timedelta(seconds=1))

    assert world.get("health", soon).status_code == 200
    assert world.get("health", past).json()["detail"] == "This key has expired. Ask for a new one."


def test_who_does_not_know_the_secret_is_not_told_that_the_key_was_revoked(world, key):
    ApiKey.objects.update(revoked_at=timezone.now())

    response = world.get("health", key[:-8] + "AAAAAAAA")

    assert response.json()["detail"] == "This key is not known."


def test_its_use_is_noted_at_most_once_a_minute(world, key):
    world.get("health", key)
    first = only_key().last_used_at

    world.get("health", key)

    assert first is not None
    assert only_key().last_used_at == first


def test_its_use_is_noted_again_after_a_minute(world, key):
    long_ago = timezone.now() - timedelta(minutes=1, seconds=1)
    ApiKey.objects.update(last_used_at=long_ago)

    world.get("health", key)

    assert only_key().last_used_at > long_ago


def test_a_key_outlives_the_exchange_of_encryption_keys_once_it_was_used(world, key, settings):
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], Fernet.generate_key().decode()

    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    between = world.get("flows", key).status_code
    settings.FIELD_ENCRYPTION_KEYS = [new]
    after = world.get("flows", key).status_code

    assert (between, after) == (200, 200)


def test_a_key_of_an_encryption_key_that_is_gone_is_refused(world, key, settings):
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    assert world.get("reviews", key).status_code == 401


def test_a_known_key_costs_one_look_up(world, key):
    keys.recognise(key)

    with CaptureQueriesContext(database) as queries:
        found = keys.recognise(key)

    assert len(queries) == 1
    assert found.connection_ids == []
