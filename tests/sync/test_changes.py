"""Every change of a mapping or setting is noted, however it was made, with the name of who was signed in."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import ProgrammingError, transaction
from django.db import connection as database
from django.http import HttpResponse
from django.test import RequestFactory

from hub.sync.changed_by import changed_by, greet, remember_who, session_origin
from hub.sync.claims import Claimed
from hub.sync.leases import Held
from hub.sync.models import Change, Connection, FieldOwner, Schedule
from hub.sync.running import CurrentRun, current_run
from inventory.models import ItemMapping
from orders.models import OrderPolicy, TaxCodeMapping

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    """A store and an ERP whose making is forgotten."""
    made = {
        "store": Connection.objects.create(
            system="shopify",
            name="Store",
            code="S",
            config={"shop_domain": "s.myshopify.com", "plan": "plus"},
            secrets={"client_secret": "hush"},
        ),
        "erp": Connection.objects.create(
            system="business_central", name="ERP", code="E", config={"company": "C"}
        ),
    }
    Change.objects.all().delete()
    return made


def noted():
    rows = Change.objects.order_by("pk")
    return list(rows.values_list("table_name", "operation", "title", "before", "after"))


def item(pair, sku, **values):
    return ItemMapping(sku=sku, **pair, **values)


def test_a_saved_row_is_noted_with_what_became_another_value(pair):
    row = item(pair, "TAB-1")
    row.save()
    row.item_number = "IT-1"
    row.save()
    row.save()
    row.delete()

    made, changed, gone = noted()
    assert made[:3] == ("inventory_itemmapping", "insert", "TAB-1")
    assert (made[3], made[4]["sku"], made[4]["store_id"]) == ({}, "TAB-1", pair["store"].pk)
    assert changed[1:] == ("update", "TAB-1", {"item_number": ""}, {"item_number": "IT-1"})
    assert (gone[1], gone[3]["item_number"], gone[4]) == ("delete", "IT-1", {})


def test_bulk_changes_and_plain_sql_are_noted_row_by_row(pair):
    ItemMapping.objects.bulk_create([item(pair, f"S-{n}") for n in range(3)])
    ItemMapping.objects.update(item_number="IT-9")
    with database.cursor() as cursor:
        cursor.execute("UPDATE inventory_itemmapping SET unit = 'PCS' WHERE sku = 'S-0'")
        cursor.execute("DELETE FROM inventory_itemmapping WHERE sku <> 'S-0'")

    operations = [operation for _, operation, *_ in noted()]
    assert operations == ["insert"] * 3 + ["update"] * 4 + ["delete"] * 2
    assert noted()[6][3:] == ({"unit": ""}, {"unit": "PCS"})


def test_an_update_that_changes_nothing_is_not_noted(pair):
    item(pair, "S-1", item_number="IT-1").save()

    ItemMapping.objects.update(item_number="IT-1")

    assert len(noted()) == 1


def test_a_connection_is_noted_without_secrets_and_without_values_of_its_settings(pair):
    store = pair["store"]
    store.config = {"shop_domain": "s.myshopify.com", "plan": "standard", "api_base_url": "https://x.example"}
    store.secrets = {"client_secret": "another"}
    store.may_write = False
    store.save()

    [(table, operation, title, before, after)] = noted()
    assert (table, operation, title) == ("sync_connection", "update", "Store")
    assert (before, after) == ({"may_write": True}, {"may_write": False, "config": ["api_base_url", "plan"]})


def test_what_the_engine_notes_on_a_connection_is_no_change(pair):
    Connection.objects.update(pause_reason="wrong secret")
    pair["store"].save()

    assert noted() == []


def test_a_schedule_that_runs_is_no_change_but_its_switch_is(pair):
    row = Schedule.objects.create(connection=pair["store"], flow="pull_store_orders", every_seconds=30)
    Schedule.objects.update(next_at="2026-01-01T00:00:00Z")
    Schedule.objects.filter(pk=row.pk).update(is_enabled=False)

    assert [operation for _, operation, *_ in noted()] == ["insert", "update"]
    assert noted()[1][2:] == ("pull_store_orders", {"is_enabled": True}, {"is_enabled": False})


def test_policies_owners_and_the_other_mappings_are_noted(pair):
    OrderPolicy.objects.create(**pair)
    FieldOwner.objects.create(object="order", field="colour", owner="erp")
    TaxCodeMapping.objects.create(title="VAT", rate="0.19", **pair)

    assert [(table, title) for table, _, title, *_ in noted()] == [
        ("orders_orderpolicy", ""),
        ("sync_fieldowner", "order colour"),
        ("orders_taxcodemapping", "VAT 0.190000"),
    ]


def test_what_was_noted_is_never_rewritten(pair):
    item(pair, "S-1").save()

    with pytest.raises(ProgrammingError, match="Cannot update rows"), transaction.atomic():
        Change.objects.update(changed_by="somebody else")

    assert Change.objects.get().changed_by == ""


def request_of(user, method="post"):
    request = getattr(RequestFactory(), method)("/admin/inventory/itemmapping/1/change/")
    request.COOKIES["sessionid"] = "any"
    request.user = user
    return request


def test_a_change_carries_the_name_and_the_page_of_who_was_signed_in_and_of_nobody_afterwards(pair):
    def save(_request):
        item(pair, "S-1").save()
        return HttpResponse()

    remember_who(save)(request_of(User(username="kim", pk=1)))
    item(pair, "S-2").save()

    assert list(Change.objects.order_by("pk").values_list("changed_by", "origin")) == [
        ("kim", "/admin/inventory/itemmapping/1/change/"),
        ("", ""),
    ]


def test_a_request_that_fails_leaves_no_name_behind(pair):
    def fail(_request):
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        remember_who(fail)(request_of(User(username="kim", pk=1)))
    item(pair, "S-1").save()

    assert Change.objects.get().changed_by == ""


def test_names_longer_than_the_column_are_cut(pair):
    with changed_by("k" * 200, "/" * 300):
        item(pair, "S-1").save()

    change = Change.objects.get()
    assert (len(change.changed_by), len(change.origin)) == (150, 250)


def test_reading_and_webhooks_cost_no_query(pair, django_assert_num_queries):
    webhook = RequestFactory().post("/webhooks/1/")

    with django_assert_num_queries(0):
        remember_who(lambda _request: HttpResponse())(webhook)
        remember_who(lambda _request: HttpResponse())(request_of(User(username="kim", pk=1), "get"))


def run_of(flow):
    """This thread runs the flow."""
    task = Claimed(1, flow, 1, 1, "order:1", 1, 0, 1, 1, datetime.now(UTC))
    return current_run(CurrentRun(task, Held("c", 1, 0.0), "w"))


def who():
    """What the page Changes says of each change, the oldest first."""
    page = admin.site.get_model_admin(Change)
    return [page.who(change) for change in Change.objects.order_by("pk")]


@pytest.fixture
def introduced(db):
    """A session as the workers have it."""
    greet(connection=database)
    yield
    database.execute_wrappers.clear()


def test_what_a_flow_changes_carries_its_name_and_what_comes_after_does_not(pair, introduced):
    with run_of("push_order_to_erp"):
        ItemMapping.objects.bulk_create([item(pair, "S-1")], ignore_conflicts=True)
        TaxCodeMapping.objects.get_or_create(title="VAT", rate="0.19", **pair)

    assert set(Change.objects.values_list("changed_by", "origin")) == {("", "flow push_order_to_erp")}
    assert who() == ["Concord, flow “Send order to ERP”"] * 2


@pytest.mark.django_db(transaction=True)
def test_a_flows_name_ends_with_its_statement_or_its_transaction(pair, introduced):
    with run_of("pull_store_orders"):
        item(pair, "S-1").save()
    item(pair, "S-2").save()
    with run_of("pull_store_orders"), transaction.atomic():
        item(pair, "S-3").save()
    item(pair, "S-4").save()

    assert who() == ["Concord, flow “Read the store's changes”", "Nobody was signed in (plain SQL)"] * 2


def test_what_a_flow_only_reads_or_does_elsewhere_costs_no_statement(
    pair, introduced, django_assert_num_queries
):
    with run_of("push_order_to_erp"), django_assert_num_queries(2):
        list(ItemMapping.objects.all())
        Connection.objects.none().update(name="x")
        Change.objects.filter(pk=0).delete()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["/srv/manage.py", "migrate"], "Concord, manage.py migrate"),
        (["manage.py", "shell", "-c", "…"], "Somebody at the server, with manage.py shell"),
        (["manage.py"], "Nobody was signed in (plain SQL)"),
        (["/usr/bin/granian", "--host"], "Nobody was signed in (plain SQL)"),
    ],
)
def test_a_command_is_named_for_its_whole_session(pair, introduced, monkeypatch, words, told):
    monkeypatch.setattr(sys, "argv", words)
    greet(connection=database)

    item(pair, "S-1").save()
    with changed_by("kim", "/admin/"):
        item(pair, "S-2").save()
    item(pair, "S-3").save()

    assert who() == [told, "kim", told]
    assert session_origin() in ("", " ".join(["manage.py", *words[1:2]]))
