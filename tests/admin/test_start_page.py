"""The first page, and what columns are called."""

from __future__ import annotations

import pytest
from django.utils.functional import empty

from hub.sync.admin.shown import label, words
from inventory.models import ItemMapping
from tests.admin.rows import ask, make_orders, make_pair

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting():
    """One question, and one SKU that nobody mapped."""
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    ask(order, erp)
    ItemMapping.objects.create(store=store, erp=erp, sku="NEW-1")


def entries(client):
    return {(entry.count, entry.words): entry.address for entry in client.get("/admin/").context["waiting"]}


def test_the_first_page_counts_what_waits_and_leads_there(pages, waiting):
    found = entries(pages)

    assert set(found) == {(1, "review item to decide"), (1, "item mapping without a value")}
    for address in found.values():
        assert len(pages.get(address).context["cl"].result_list) == 1


def test_the_first_page_tells_nobody_of_what_they_may_not_see(signed_in, waiting):
    viewer = signed_in("view_itemmapping", name="lee")

    assert set(entries(viewer)) == {(1, "item mapping without a value")}
    page = viewer.get("/admin/").content.decode()
    assert "/admin/inventory/itemmapping/" in page
    assert "/admin/sync/" not in page


def test_a_page_works_out_no_list_of_apps_before_it_shows_one(pages):
    apps = pages.get("/admin/inventory/itemmapping/").context["available_apps"]

    assert apps._wrapped is empty
    assert "inventory" in [app["app_label"] for app in apps]


def test_several_that_wait_are_called_so(pages, waiting):
    ItemMapping.objects.create(
        store_id=ItemMapping.objects.get().store_id, erp_id=ItemMapping.objects.get().erp_id, sku="NEW-2"
    )

    assert (2, "item mappings without a value") in entries(pages)


def test_where_nothing_waits_the_first_page_says_so(pages):
    assert "Nothing. Everything goes by itself." in pages.get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("sku", "SKU"),
        ("store_total", "Store total"),
        ("po_number", "PO number"),
        ("is_enabled", "Enabled"),
        ("blank_po", "Blank PO number"),
        ("erp_code", "ERP code"),
    ],
)
def test_columns_are_called_as_people_call_them(name, shown):
    assert label(name) == shown


def test_evidence_without_a_rule_of_its_own_is_named_in_plain_words():
    assert words("erp_document_number") == "ERP document number"
