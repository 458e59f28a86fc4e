"""`manage.py api_key` makes the same keys as the admin, and its output is nothing but the key."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from hub.api.models import ApiKey


def made(capsys, *words):
    call_command("api_key", *words)
    return capsys.readouterr()


def test_the_key_opens_what_was_asked_for_and_the_output_is_the_key_alone(world, capsys, ids):
    mine, other = world.settled(world.euro), world.settled(world.dollar)

    said = made(capsys, "WMS", "--scopes", "orders:read", "--connections", "EU", "--days", "30")

    [secret] = said.out.split()
    key = ApiKey.objects.get(name="WMS")
    assert ids(world.get("orders", secret)) == [str(mine.pk)] != [str(other.pk)]
    assert world.get("reviews", secret).json()["missing_scope"] == "reviews:read"
    assert secret not in said.err
    assert timedelta(days=29) < key.expires_at - timezone.now() <= timedelta(days=30)
    assert key.created_by is None


def test_a_key_for_all_connections_is_asked_for_by_name(world, capsys):
    secret = made(capsys, "WMS", "--scopes", "flows:read", "health:read", "--all-connections").out.strip()

    assert len(world.get("health", secret).json()["connections"]) == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--connections", "XX"], "There is no connection with the code XX. Known are: BC, EU, US."),
        (["--all-connections", "--days", "0"], "choose a number from 1 to 36500"),
        ([], "one of the arguments --connections --all-connections is required"),
        (["--all-connections", "--connections", "EU"], "not allowed with argument"),
    ],
)
def test_what_cannot_be_made_is_refused_in_words(world, words, told):
    with pytest.raises(CommandError, match=told):
        call_command("api_key", "WMS", "--scopes", "orders:read", *words)

    assert ApiKey.objects.count() == 0


def test_a_name_is_used_once(world, capsys):
    made(capsys, "WMS", "--scopes", "orders:read", "--all-connections")

    with pytest.raises(CommandError, match="Name already exists"):
        call_command("api_key", "WMS", "--scopes", "orders:read", "--all-connections")

    assert ApiKey.objects.count() == 1
