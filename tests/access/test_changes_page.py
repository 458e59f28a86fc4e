"""The page that shows who changed what, reached from the menu and from each row's history button."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hub.access.granting import grant
from hub.access.models import Grant
from hub.access.roles import ORDER_DESK, VIEWER
from hub.sync.models import Change, Connection
from inventory.models import ItemMapping
from tests.access.pages import person, signed_in

pytestmark = pytest.mark.django_db

LIST = "admin:sync_change_changelist"


@pytest.fixture
def desk():
    """The order desk's browser."""
    Grant.objects.all().delete()
    Group.objects.all().delete()
    grant()
    return signed_in(person(ORDER_DESK))


@pytest.fixture
def row():
    store = Connection.objects.create(
        system="shopify", name="Store", code="S", config={"shop_domain": "s.myshopify.com"}
    )
    erp = Connection.objects.create(system="business_central", name="ERP", code="E", config={"company": "C"})
    return ItemMapping.objects.create(sku="TAB-1", store=store, erp=erp)


def fill_in(browser, row, number):
    fields = {"store": row.store_id, "erp": row.erp_id, "sku": row.sku, "title": "", "item_number": number}
    address = reverse("admin:inventory_itemmapping_change", args=[row.pk])
    return browser.post(address, {**fields, "unit": "", "units_per_piece": "1"})


def test_a_row_filled_in_on_its_page_is_shown_with_who_did_it(desk, row):
    fill_in(desk, row, "IT-1")

    change = Change.objects.get(operation="update", table_name="inventory_itemmapping")
    page = desk.get(reverse("admin:sync_change_change", args=[change.pk])).content.decode()
    assert (change.changed_by, change.after) == ("order-desk", {"item_number": "IT-1"})
    assert "order-desk" in page
    assert "IT-1" in page
    assert reverse("admin:inventory_itemmapping_change", args=[row.pk]) in page


def test_the_history_button_of_a_row_leads_to_its_changes_alone(desk, row):
    other = ItemMapping.objects.create(sku="TAB-2", store=row.store, erp=row.erp)
    fill_in(desk, row, "IT-1")

    answer = desk.get(reverse("admin:inventory_itemmapping_history", args=[row.pk]), follow=True)

    shown = answer.context["cl"].result_list
    assert [(change.object_id, change.operation) for change in shown] == [
        (row.pk, "update"),
        (row.pk, "insert"),
    ]
    assert other.pk != row.pk


@pytest.mark.parametrize(
    ("words", "count"), [("TAB-1", 1), ("", 3), ("TAB", 0), ("nobody", 0), ("9" * 30, 0), ("0x00", 0)]
)
def test_it_is_searched_by_whole_names_and_numbers(desk, row, words, count):
    answer = desk.get(reverse(LIST), {"q": words})

    assert len(answer.context["cl"].result_list) == count


def test_more_changes_cost_no_more_queries(desk, row):
    def queries():
        with CaptureQueriesContext(database) as seen:
            assert desk.get(reverse(LIST)).status_code == 200
        return len(seen)

    queries()
    few = queries()
    ItemMapping.objects.bulk_create(
        [ItemMapping(sku=f"S-{n}", store=row.store, erp=row.erp) for n in range(200)]
    )

    assert queries() == few


def test_nobody_changes_or_deletes_what_was_noted(row):
    Group.objects.all().delete()
    Grant.objects.all().delete()
    grant()
    change = Change.objects.latest("pk")

    for role in (ORDER_DESK, VIEWER, "Integration admin"):
        browser = signed_in(person(role))
        for page in ("change", "delete"):
            answer = browser.post(reverse(f"admin:sync_change_{page}", args=[change.pk]), {"post": "yes"})
            assert answer.status_code == 403, (role, page)
    assert Change.objects.filter(pk=change.pk).exists()
