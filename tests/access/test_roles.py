"""What each role may see and do: the table in docs/access.md, page by page; and how roles come to be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse

from hub.access.granting import grant
from hub.access.models import Grant
from hub.access.roles import ADMIN, FINANCE, ORDER_DESK, ROLES, VIEWER
from hub.sync import review
from hub.sync.models import ApiCall, Connection, ReviewItem
from tests.access.pages import person, signed_in, table, undrawn

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).resolve().parents[2] / "docs" / "access.md"
MARKED = re.compile(r"(?<=<!-- pages -->\n)(.*?)(?=\n<!-- end -->)", re.DOTALL)


def test_every_page_answers_every_role_as_the_table_says():
    written = MARKED.search(PAGE.read_text())

    with undrawn():
        found = table()

    assert written is not None
    assert found == written[1], "docs/access.md: replace its table with\n" + found


def permissions(role):
    rows = Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


def test_nobody_but_superusers_manages_people():
    for role in ROLES:
        assert not [one for one in permissions(role) if one.startswith("auth.")], role


def test_the_viewer_changes_nothing_and_sees_no_settings_and_no_bodies():
    may = permissions(VIEWER)

    assert {one.partition(".")[2].partition("_")[0] for one in may} == {"view"}
    kept = {"store", "erp", "connection", "apicall", "webhookdelivery", "attempt", "synctask", "apikey"}
    assert not kept & {one.partition(".")[2].partition("_")[2] for one in may}


def test_granting_again_gives_nothing():
    assert grant() == 0


def test_a_new_model_reaches_the_admins_by_itself():
    new = ContentType.objects.create(app_label="orders", model="novelty")
    Permission.objects.create(content_type=new, codename="view_novelty", name="Can view novelty")

    given = grant()

    assert given == 1
    assert "orders.view_novelty" in permissions(ADMIN)
    assert "orders.view_novelty" not in permissions(VIEWER)


def test_what_a_customer_took_or_gave_or_deleted_stays_so():
    taken = Permission.objects.get(codename="view_itemmapping")
    given = Permission.objects.get(codename="view_apicall")
    viewers = Group.objects.get(name=VIEWER)
    viewers.permissions.remove(taken)
    viewers.permissions.add(given)
    Group.objects.get(name=FINANCE).delete()
    new = ContentType.objects.create(app_label="api", model="novelty")
    Permission.objects.create(content_type=new, codename="view_novelty", name="Can view novelty")

    grant()

    may = permissions(VIEWER)
    assert ("inventory.view_itemmapping" in may, "sync.view_apicall" in may) == (False, True)
    assert not Group.objects.filter(name=FINANCE).exists()


def test_a_group_of_that_name_that_was_there_before_keeps_its_own_permissions():
    Grant.objects.all().delete()
    Group.objects.all().delete()
    own = Permission.objects.get(codename="view_user")
    Group.objects.create(name=VIEWER).permissions.add(own)

    grant()

    assert {"auth.view_user", "orders.view_storeorder"} <= permissions(VIEWER)


def item(code):
    store, _ = Connection.objects.get_or_create(
        code="S", defaults={"system": "shopify", "name": "S", "config": {"shop_domain": "s.myshopify.com"}}
    )
    number = ReviewItem.objects.count() + 1
    return ReviewItem.objects.create(
        connection=store,
        flow="pull_store_orders",
        record_id=number,
        subject=f"order:{number}",
        code=code,
        message="?",
    )


@pytest.mark.parametrize(
    ("role", "code", "is_decided"),
    [
        (ORDER_DESK, "possible_duplicate", True),
        (ORDER_DESK, "totals_differ", True),
        (FINANCE, "totals_differ", True),
        (FINANCE, "sums_differ", True),
        (FINANCE, "instalments", True),
        (FINANCE, "possible_duplicate", False),
        (VIEWER, "totals_differ", False),
    ],
)
def test_who_decides_what(role, code, is_decided):
    asked = item(code)
    client = signed_in(person(role))

    client.post(
        reverse("admin:sync_reviewitem_changelist"),
        {"action": "dismiss", "_selected_action": [asked.pk], f"shown-{asked.pk}": asked.fingerprint},
    )

    asked.refresh_from_db()
    assert asked.state == ("decided" if is_decided else "open")


def test_finance_sees_at_the_list_what_was_left_to_others():
    asked, left = item("totals_differ"), item("order_gone")
    client = signed_in(person(FINANCE))

    answer = client.post(
        reverse("admin:sync_reviewitem_changelist"),
        {
            "action": "dismiss",
            "_selected_action": [asked.pk, left.pk],
            **{f"shown-{one.pk}": one.fingerprint for one in (asked, left)},
        },
        follow=True,
    )

    words = " ".join(str(message) for message in answer.context["messages"])
    assert "1 left as they are: you may decide questions about money only." in words
    assert list(ReviewItem.objects.filter(state="decided")) == [asked]


def test_codes_about_money_are_asked_by_somebody():
    rooms = PAGE.parents[1] / "orders"
    source = "".join(path.read_text() for path in rooms.rglob("*.py"))

    assert [code for code in review.MONEY_CODES if f'code="{code}"' not in source] == []


@pytest.mark.parametrize("role", [ORDER_DESK, FINANCE, VIEWER])
def test_bodies_of_calls_are_for_integration_admins(role):
    answer = signed_in(person(role)).get(reverse(f"admin:sync_{ApiCall._meta.model_name}_changelist"))

    assert answer.status_code == 403
