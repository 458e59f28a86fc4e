"""Pages of stock: what stands on them, and what a person starts there."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from hub.connectors.registry import CONNECTORS, connector_class
from hub.sandbox.shopify.products import QUANTITIES
from hub.sync.models import Connection, SyncTask
from inventory.models import (
    ErpItem,
    ErpStockLevel,
    StockMapping,
    StockScan,
    StoreLocation,
    StoreScan,
    StoreStockLevel,
    StoreVariant,
)
from tests.admin.rows import NOW

pytestmark = pytest.mark.django_db
SCANS = reverse("admin:inventory_stockscan_add")
STORE_SCANS = reverse("admin:inventory_storescan_add")


@pytest.fixture
def make_erp():
    CONNECTORS["stocking"] = ("erp", "Stocking", "tests.fakes.stocking.StockingErp")

    def make(code, **config):
        config = {"account": code, "items": 1, **config}
        return Connection.objects.create(system="stocking", name=f"ERP {code}", code=code, config=config)

    yield make
    del CONNECTORS["stocking"]
    connector_class.cache_clear()


@pytest.fixture
def client():
    user = get_user_model().objects.create_superuser("kim")
    made = Client()
    made.force_login(user)
    return made


def test_the_list_says_which_erp_does_not_tell_its_stock_and_why(client, make_erp):
    level = {"warehouse": "EAST", "on_hand": 5, "committed": 2, "safety_stock": 0, "on_order": 0}
    item = ErpItem.objects.create(
        connection=make_erp("E1"), item_number="IT-1", commits_from="confirmed", read_at=NOW
    )
    ErpStockLevel.objects.create(item=item, **level)
    make_erp("E2", cannot=["read_stock"])

    page = client.get(reverse("admin:inventory_erpstocklevel_changelist")).content.decode()

    assert "ERP E2 does not tell its stock: It is silent." in page
    assert "ERP E1 does not tell" not in page
    assert "IT-1" in page
    assert "EAST" in page


def test_who_asks_for_a_scan_has_it_begun_at_once(client, make_erp):
    erp = make_erp("E1")

    assert client.post(SCANS, {"erp": erp.pk}).status_code == 302

    assert StockScan.objects.get().erp == erp
    assert SyncTask.objects.get(flow="scan_erp_stock").connection == erp


def test_a_scan_is_refused_where_one_is_under_way_and_where_there_is_no_stock(client, make_erp):
    busy, silent = make_erp("E1"), make_erp("E2", cannot=["read_stock"])
    StockScan.objects.create(erp=busy, items=7000)

    pages = [client.post(SCANS, {"erp": erp.pk}).content.decode() for erp in (busy, silent)]

    assert "It is being scanned already" in pages[0]
    assert "7000 items so far" in pages[0]
    assert "ERP E2 does not tell its stock: It is silent." in pages[1]
    assert (StockScan.objects.count(), SyncTask.objects.count()) == (1, 0)


@pytest.mark.parametrize("page", [SCANS, STORE_SCANS])
def test_a_scan_of_nobody_is_refused(client, page):
    answer = client.post(page, {})

    assert "This field is required." in answer.content.decode()
    assert SyncTask.objects.count() == 0


@pytest.fixture
def pair(make_erp):
    store = Connection.objects.create(
        system="shopify", name="Store", code="S1", config={"shop_domain": "a.myshopify.com"}
    )
    return {"store": store, "erp": make_erp("E1"), "warehouse": "EAST"}


def test_a_file_that_names_locations_takes_the_place_of_the_row_that_only_met_the_warehouse(client, pair):
    StockMapping.objects.create(**pair)
    StockMapping.objects.create(**pair | {"warehouse": "WEST"})
    lines = [
        "store,erp,warehouse,location_external_id,share_percent,is_on",
        "S1,E1,EAST,gid://shopify/Location/1,60,yes",
        "S1,E1,EAST,gid://shopify/Location/2,40,no",
    ]
    file = SimpleUploadedFile("stock.csv", "\n".join(lines).encode())

    client.post(reverse("admin:inventory_stockmapping_import"), {"file": file})

    rows = StockMapping.objects.order_by("warehouse", "location_external_id")
    assert list(rows.values_list("warehouse", "location_external_id", "share_percent", "is_on")) == [
        ("EAST", "gid://shopify/Location/1", 60, True),
        ("EAST", "gid://shopify/Location/2", 40, False),
        ("WEST", "", 100, True),
    ]


def test_a_warehouse_may_have_several_locations_each_with_its_share(pair):
    first = StockMapping.objects.create(location_external_id="L1", share_percent=Decimal("62.5"), **pair)
    second = StockMapping.objects.create(location_external_id="L2", is_on=False, **pair)

    assert (first.share, second.share) == (Decimal("0.625"), 0)
    for wrong in ({"location_external_id": "L1"}, {"location_external_id": "L3", "share_percent": 101}):
        with pytest.raises(IntegrityError), transaction.atomic():
            StockMapping.objects.create(**pair, **wrong)


def test_a_scan_of_a_store_needs_a_mapped_location_and_is_begun_at_once(client, pair):
    store = pair["store"]
    refused = client.post(STORE_SCANS, {"store": store.pk}).content.decode()
    assert "No warehouse is mapped to a location of" in refused
    StockMapping.objects.create(location_external_id="L1", **pair)

    assert client.post(STORE_SCANS, {"store": store.pk}).status_code == 302

    assert SyncTask.objects.get(flow="scan_store_stock").connection == store
    busy = client.post(STORE_SCANS, {"store": store.pk}).content.decode()
    assert "It is being scanned already" in busy
    assert StoreScan.objects.count() == 1


def test_levels_of_a_store_are_found_by_their_sku(client, pair):
    place = StoreLocation.objects.create(
        connection=pair["store"], external_id="L1", name="Shop", is_active=True
    )
    for n in (1, 2):
        StoreVariant.objects.create(
            connection=pair["store"], external_id=f"V{n}", item_external_id=f"I{n}", sku=f"SKU-{n}"
        )
        StoreStockLevel.objects.create(
            location=place, item_external_id=f"I{n}", **dict.fromkeys(QUANTITIES, 1)
        )
    levels = reverse("admin:inventory_storestocklevel_changelist")

    every, one, by_item = (client.get(levels, {"q": words}).content.decode() for words in ("", "SKU-1", "I2"))

    assert [("SKU-1" in page, "SKU-2" in page) for page in (every, by_item)] == [(True, True), (False, True)]
    assert "SKU-2" not in one
    assert "Shop" in one
