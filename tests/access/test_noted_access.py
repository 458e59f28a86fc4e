"""Who gave whom which role, and who made, changed or revoked which API key: noted by the database, without secrets."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection as database
from django.urls import reverse

from hub.access.granting import grant
from hub.access.models import Grant
from hub.access.roles import FINANCE, ORDER_DESK
from hub.api import keys
from hub.api.models import ApiKey
from hub.sync.models import Change, Connection
from tests.access.pages import person, signed_in

pytestmark = pytest.mark.django_db

KEYS = "/admin/api/apikey/"
KEY = {
    "name": "WMS",
    "scopes": ["orders:read"],
    "sees_all_connections": "on",
    "requests_per_minute": "600",
    "expires_at_0": "",
    "expires_at_1": "",
}


@pytest.fixture
def roles():
    Grant.objects.all().delete()
    Group.objects.all().delete()
    grant()


@pytest.fixture
def boss(roles):
    """An administrator's browser; what was noted until now is forgotten."""
    browser = signed_in(User.objects.create_superuser("boss", "", "irrelevant"))
    Change.objects.all().delete()
    return browser


def noted(**only):
    rows = Change.objects.filter(**only).order_by("pk")
    return list(rows.values_list("changed_by", "operation", "title", "before", "after"))


def edit_person(browser, user, *names, **values):
    """Save the person's page with these roles."""
    fields = {"username": user.username, "is_active": "on", "is_staff": "on"}
    fields |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    groups = Group.objects.filter(name__in=names).values_list("pk", flat=True)
    address = reverse("admin:auth_user_change", args=[user.pk])
    assert browser.post(address, {**fields, "groups": list(groups), **values}).status_code == 302


def test_who_gave_whom_which_role_is_noted_as_a_change_of_the_person(boss):
    kim = User.objects.create_user("kim", password="p", is_staff=True, email="kim@example.com")
    kim.groups.add(Group.objects.get(name=ORDER_DESK))
    Change.objects.all().delete()

    edit_person(boss, kim, FINANCE, is_superuser="on")

    assert sorted(noted(table_name="auth_user", object_id=kim.pk), key=str) == [
        ("boss", "update", "kim", {"is_superuser": False}, {"is_superuser": True}),
        ("boss", "update", "kim", {"role": ORDER_DESK}, {}),
        ("boss", "update", "kim", {}, {"role": FINANCE}),
    ]


def test_a_new_person_is_noted_without_password_name_and_mail_address(boss):
    User.objects.create_user("kim", "kim@example.com", "p", first_name="Kim", last_name="Y")

    [(_, operation, title, before, after)] = noted(table_name="auth_user")
    assert (operation, title, before) == ("insert", "kim", {})
    assert after == {"username": "kim", "is_active": True, "is_staff": False, "is_superuser": False}


def test_signing_in_is_no_change_of_the_person(boss):
    signed_in(User.objects.get(username="boss"))

    assert noted() == []


def test_permissions_of_a_person_and_of_a_role_are_noted_by_name(boss):
    kim = User.objects.create_user("kim")
    desk = Group.objects.get(name=ORDER_DESK)
    Change.objects.all().delete()
    right = Permission.objects.get(codename="delete_itemmapping")

    kim.user_permissions.add(right)
    desk.permissions.add(right)
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM auth_group_permissions WHERE permission_id = %s", [right.pk])

    name = "inventory.delete_itemmapping"
    [admins] = [row for row in noted() if row[2] == "Integration admin"]
    assert [row[1:] for row in noted() if row != admins] == [
        ("update", "kim", {}, {"permission": name}),
        ("update", ORDER_DESK, {}, {"permission": name}),
        ("update", ORDER_DESK, {"permission": name}, {}),
    ]


def test_what_a_migration_gives_to_the_roles_is_noted_once_as_granted_and_not_as_a_change():
    Grant.objects.all().delete()
    Group.objects.all().delete()
    Change.objects.all().delete()

    assert grant() > 100

    assert {row[1:3] for row in noted()} == {
        ("insert", name) for name in Group.objects.values_list("name", flat=True)
    }
    assert Grant.objects.count() > 100


def test_a_role_that_is_deleted_says_who_had_it(boss):
    kim = person(ORDER_DESK)
    Change.objects.all().delete()

    Group.objects.get(name=ORDER_DESK).delete()

    assert noted(table_name="auth_user") == [("", "update", kim.username, {"role": ORDER_DESK}, {})]
    assert noted(operation="delete") == [("", "delete", ORDER_DESK, {"name": ORDER_DESK}, {})]


def test_the_whole_life_of_a_key_is_noted_without_its_secret(boss):
    store = Connection.objects.create(
        system="shopify", name="Store", code="S", config={"shop_domain": "s.myshopify.com"}
    )
    Change.objects.all().delete()

    page = boss.post(f"{KEYS}add/", KEY).content.decode()
    key = ApiKey.objects.get()
    some = {**KEY, "scopes": ["orders:read", "flows:read"], "connections": [store.pk]}
    del some["sees_all_connections"]
    boss.post(f"{KEYS}{key.pk}/change/", some)
    boss.post(KEYS, {"action": "revoke", "_selected_action": [key.pk]})

    made, changed, seen, revoked = noted()
    assert made[:4] == ("boss", "insert", "WMS", {})
    assert made[4]["scopes"] == ["orders:read"]
    assert changed == (
        "boss",
        "update",
        "WMS",
        {"scopes": ["orders:read"], "sees_all_connections": True},
        {"scopes": ["orders:read", "flows:read"], "sees_all_connections": False},
    )
    assert seen == ("boss", "update", "WMS", {}, {"connection": "Store"})
    assert (revoked[:4], list(revoked[4])) == (
        ("boss", "update", "WMS", {"revoked_at": None}),
        ["revoked_at"],
    )
    secret = page.partition(f"concord_{key.prefix}_")[2][:43]
    everything = json.dumps(list(Change.objects.values_list("title", "before", "after", "origin")))
    assert len(secret) == 43
    assert secret not in everything
    assert key.digest not in everything
    assert "digest" not in everything


def test_using_a_key_and_exchanging_the_key_that_hashes_it_are_no_changes(boss):
    key = ApiKey(name="WMS", scopes=["orders:read"], sees_all_connections=True)
    text = keys.issue(key)
    key.save()
    Change.objects.all().delete()

    keys.recognise(text)
    ApiKey.objects.update(digest="0" * 64)

    assert noted() == []


def test_changes_of_people_and_keys_are_shown_to_those_alone_who_may_see_their_pages(boss):
    kim = person(ORDER_DESK)
    key = ApiKey(name="WMS", scopes=["orders:read"], sees_all_connections=True)
    keys.issue(key)
    key.save()
    address = reverse("admin:sync_change_changelist")

    shown = {
        name: {change.table_name for change in browser.get(address).context["cl"].result_list}
        for name, browser in (
            ("boss", boss),
            ("admin", signed_in(person("Integration admin"))),
            ("desk", signed_in(kim)),
        )
    }

    assert shown == {"boss": {"auth_user", "api_apikey"}, "admin": {"api_apikey"}, "desk": set()}
    change = Change.objects.get(table_name="api_apikey")
    page = reverse("admin:sync_change_change", args=[change.pk])
    assert (boss.get(page).status_code, signed_in(kim).get(page).status_code) == (200, 302)


def test_the_history_of_a_person_and_of_a_key_shows_what_was_given(boss):
    kim = person(ORDER_DESK)

    answer = boss.get(reverse("admin:auth_user_history", args=[kim.pk]), follow=True)

    assert [change.after for change in answer.context["cl"].result_list][:1] == [{"role": ORDER_DESK}]
