from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from hub.sync.models import Connection
from inventory.models import ItemMapping

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    store = Connection.objects.create(
        system="shopify", name="Store", code="S1", config={"shop_domain": "a.myshopify.com"}
    )
    erp = Connection.objects.create(system="business_central", name="ERP", code="E1")
    return {"store": store, "erp": erp}


def test_a_sku_is_mapped_once_for_a_store_and_an_erp(pair):
    ItemMapping.objects.create(sku="TAB-001", **pair)

    with pytest.raises(IntegrityError, match="sku_mapped_once"), transaction.atomic():
        ItemMapping.objects.create(sku="TAB-001", item_number="IT-1", **pair)


def test_F12_skus_differ_by_case_blanks_and_leading_zeros(pair):
    for sku in ("007", "7", " 7", "7 ", "1E5", "abc", "ABC"):
        ItemMapping.objects.create(sku=sku, **pair)

    assert ItemMapping.objects.count() == 7


def test_an_empty_row_says_that_it_needs_a_value_and_stands_first(pair):
    ItemMapping.objects.create(sku="A", item_number="IT-1", **pair)
    ItemMapping.objects.create(sku="B", **pair)

    assert [str(row) for row in ItemMapping.objects.all()] == ["B → needs a value", "A → IT-1"]
