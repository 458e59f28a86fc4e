"""Keys are made and revoked in the admin, by whoever has the right to, and shown once."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from hub.api.models import ApiKey

PAGES = "/admin/api/apikey/"
KEY = re.compile(r"concord_[a-z0-9]{8}_[A-Za-z0-9_-]{43}")


@pytest.fixture
def sign_in(client, db):
    """Sign in as staff with these rights on API keys."""

    def sign_in(*rights):
        user = get_user_model().objects.create_user("kim", is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(codename__in=[f"{right}_apikey" for right in rights])
        )
        client.force_login(user)
        return client

    return sign_in


def form(**changes):
    return {
        "name": "WMS",
        "scopes": ["orders:read"],
        "sees_all_connections": "on",
        "requests_per_minute": "600",
    } | changes


def test_a_key_is_shown_once_and_opens_the_api(sign_in, world):
    client = sign_in("add", "view", "change")

    made = client.post(f"{PAGES}add/", form())

    [secret] = set(KEY.findall(made.content.decode()))
    row = ApiKey.objects.get()
    assert made.status_code == 200
    assert "no-store" in made.headers["Cache-Control"]
    assert world.get("orders", secret).status_code == 200
    for page in (PAGES, f"{PAGES}{row.pk}/change/", f"{PAGES}{row.pk}/history/"):
        shown = client.get(page)
        assert shown.status_code == 200
        assert secret.split("_", 2)[2] not in shown.content.decode()
        assert row.digest not in shown.content.decode()
    assert "concord_" not in str(list(LogEntry.objects.values())) + str(dict(client.session))
    assert row.created_by.username == "kim"


def test_a_changed_key_keeps_its_secret(sign_in, world):
    client = sign_in("add", "view", "change")
    secret = KEY.search(client.post(f"{PAGES}add/", form()).content.decode()).group()

    changed = client.post(
        f"{PAGES}{ApiKey.objects.get().pk}/change/", form(scopes=["orders:read", "flows:read"])
    )

    assert changed.status_code == 302
    assert world.get("flows", secret).status_code == 200


def test_a_revoked_key_opens_nothing_and_stays_known(sign_in, world):
    client = sign_in("view", "change")
    secret = world.key()
    row = ApiKey.objects.get()

    client.post(PAGES, {"action": "revoke", "_selected_action": [row.pk]})

    assert world.get("orders", secret).status_code == 401
    assert ApiKey.objects.get().revoked_at is not None
    assert LogEntry.objects.get().get_change_message() == "Revoked."


@pytest.mark.parametrize(
    "changes", [{"sees_all_connections": ""}, {"scopes": []}, {"requests_per_minute": "0"}]
)
def test_a_key_that_sees_or_may_nothing_is_not_made(sign_in, changes):
    made = sign_in("add", "view").post(f"{PAGES}add/", form(**changes))

    assert made.status_code == 200
    assert ApiKey.objects.count() == 0


def test_a_key_for_all_connections_is_limited_to_none(sign_in, world):
    made = sign_in("add", "view").post(f"{PAGES}add/", form(connections=[world.euro.pk]))

    assert "Choose none where the key sees all of them." in made.content.decode()
    assert ApiKey.objects.count() == 0


@pytest.mark.parametrize(
    ("rights", "may"),
    [
        ((), {"list": 403, "add": 403, "change": 403, "delete": 403}),
        (("view",), {"list": 200, "add": 403, "change": 200, "delete": 403}),
        (("view", "add"), {"list": 200, "add": 200, "change": 200, "delete": 403}),
        (("view", "add", "change", "delete"), {"list": 200, "add": 200, "change": 200, "delete": 403}),
    ],
)
def test_pages_ask_for_their_right(sign_in, world, rights, may):
    world.key()
    row = ApiKey.objects.get()
    client = sign_in(*rights)

    found = {
        "list": client.get(PAGES).status_code,
        "add": client.get(f"{PAGES}add/").status_code,
        "change": client.get(f"{PAGES}{row.pk}/change/").status_code,
        "delete": client.get(f"{PAGES}{row.pk}/delete/").status_code,
    }

    assert found == may


def test_who_may_only_look_revokes_nothing(sign_in, world):
    world.key()

    sign_in("view").post(PAGES, {"action": "revoke", "_selected_action": [ApiKey.objects.get().pk]})

    assert ApiKey.objects.get().revoked_at is None
