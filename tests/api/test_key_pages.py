"""Keys are made, renewed and revoked in the admin, by whoever has the right to, and shown once."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from hub.api.models import ApiKey
from hub.sync.models import Change
from orders.models import PartnerOrder

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


def secret_of(page):
    return KEY.search(page.content.decode()).group()


def renew(client, grace):
    """Send the only key's page of renewal as it stands now."""
    row = ApiKey.objects.get()
    seen = row.renewed_at.isoformat() if row.renewed_at else ""
    return client.post(f"{PAGES}{row.pk}/renew/", {"grace": grace, "seen": seen})


def tell(secret, world, idempotency_key):
    """A partner's order, always with the same number."""
    lines = [{"sku": "TAB-001", "quantity": 2}]
    body = {"store": str(world.euro.public_id), "number": "EDI-1", "customer": "10000", "lines": lines}
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": idempotency_key}
    address = "/api/v1/partner-orders/place"
    return Client().post(address, json.dumps(body), content_type="application/json", headers=headers)


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


def test_a_renewed_key_is_the_same_partner(sign_in, world):
    client = sign_in("add", "view", "change")
    old = world.key("orders:write", "orders:read")
    row = ApiKey.objects.get()
    first = tell(old, world, "k-1")

    page = client.get(f"{PAGES}{row.pk}/renew/")
    shown = renew(client, grace="24")

    [new] = set(KEY.findall(shown.content.decode()))
    by_number, by_idempotency_key, by_old = (
        tell(new, world, "k-2"),
        tell(new, world, "k-1"),
        tell(old, world, "k-3"),
    )
    assert (page.status_code, first.status_code, "no-store" in shown.headers["Cache-Control"]) == (
        200,
        200,
        True,
    )
    assert new != old
    assert [one.json() for one in (by_number, by_idempotency_key, by_old)] == [first.json()] * 3
    assert by_idempotency_key.headers["Idempotent-Replayed"] == "true"
    assert PartnerOrder.objects.count() == 1
    assert world.get("flows", new).json()["missing_scope"] == "flows:read"
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert row.old_used_at is not None
    assert timedelta(hours=23) < row.old_ends_at - timezone.now() <= timedelta(hours=24)


def test_an_old_secret_ends_with_its_grace_at_once_or_when_it_is_ended(sign_in, world):
    client = sign_in("add", "view", "change")
    first = world.key()
    row = ApiKey.objects.get()
    refused = (401, "This key was renewed, and its old secret has ended. Use the new one.")

    def asked(secret):
        answer = world.get("orders", secret)
        return answer.status_code, answer.json().get("detail", "")

    second = secret_of(renew(client, grace="1"))
    while_it_lasts = asked(first)
    ApiKey.objects.update(old_ends_at=timezone.now())
    after = asked(first)
    third = secret_of(renew(client, grace="0"))
    at_once, before_that = asked(second), asked(first)
    fourth = secret_of(renew(client, grace="1"))
    client.post(PAGES, {"action": "end_old_secret", "_selected_action": [row.pk]})

    assert (while_it_lasts, after, at_once) == ((200, ""), refused, refused)
    assert before_that == (401, "This key is not known.")
    assert (asked(third), asked(fourth)) == (refused, (200, ""))
    ApiKey.objects.update(revoked_at=timezone.now())
    assert asked(fourth)[1] == asked(third)[1] == "This key was revoked. Ask for a new one."


def test_a_renewal_that_is_sent_again_ends_nothing(sign_in, world):
    client = sign_in("add", "view", "change")
    old = world.key()
    row = ApiKey.objects.get()
    body = {"grace": "24", "seen": ""}
    new = secret_of(client.post(f"{PAGES}{row.pk}/renew/", body))

    again = client.post(f"{PAGES}{row.pk}/renew/", body, follow=True)

    assert "since that page was opened. Nothing was changed" in again.content.decode().replace("\n", " ")
    assert [world.get("orders", key).status_code for key in (old, new)] == [200, 200]


def test_a_new_secret_is_shown_on_no_other_page_and_in_no_trail(sign_in, world, caplog):
    caplog.set_level("DEBUG")
    client = sign_in("add", "view", "change")
    world.key()
    new = secret_of(renew(client, grace="24"))
    row = ApiKey.objects.get()
    world.get("orders", new)

    pages = [
        client.get(at)
        for at in (PAGES, *(f"{PAGES}{row.pk}/{page}/" for page in ("change", "renew", "history")))
    ]

    assert [page.status_code for page in pages] == [200] * 4
    trail = str([list(kept.objects.values()) for kept in (LogEntry, Change)])
    told = "".join(
        [*(page.content.decode() for page in pages), trail, str(dict(client.session)), caplog.text]
    )
    assert [hidden for hidden in (new.split("_", 2)[2], row.digest, row.old_digest) if hidden in told] == []
    assert LogEntry.objects.get().get_change_message().startswith("Renewed. The old secret ends at ")
    change = Change.objects.get(operation="update", table_name="api_apikey")
    assert (change.changed_by, set(change.after)) == ("kim", {"renewed_at", "old_ends_at"})


@pytest.mark.parametrize("rights", [(), ("view",), ("view", "change"), ("view", "add")])
def test_who_may_not_both_make_and_change_keys_renews_none(sign_in, world, rights):
    old = world.key()
    client = sign_in(*rights)
    row = ApiKey.objects.get()

    answers = client.get(f"{PAGES}{row.pk}/renew/").status_code, renew(client, grace="0").status_code
    offered = "/renew/" in client.get(f"{PAGES}{row.pk}/change/").content.decode()

    assert (answers, offered) == ((403, 403), False)
    assert world.get("orders", old).status_code == 200


@pytest.mark.parametrize("grace", ["", "2", "-1", "x"])
def test_a_grace_that_is_not_offered_renews_nothing(sign_in, world, grace):
    client = sign_in("add", "view", "change")
    world.key()

    assert "Choose when it ends." in renew(client, grace=grace).content.decode()
    assert ApiKey.objects.get().renewed_at is None


@pytest.mark.parametrize("ended", ["revoked_at", "expires_at"])
def test_a_key_that_opens_nothing_is_not_renewed(sign_in, world, ended):
    client = sign_in("add", "view", "change")
    world.key()
    ApiKey.objects.update(**{ended: timezone.now()})

    assert renew(client, grace="0").status_code == 302
    assert ApiKey.objects.get().renewed_at is None
