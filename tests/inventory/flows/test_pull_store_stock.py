"""Stock pulled from the simulated store by cursor, over real HTTP: what no webhook told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from hub.sync.models import Cursor, SyncTask
from inventory.models import StoreScan, StoreStockLevel, StoreVariant
from tests.inventory.selling import ANNEX, MAIN, OTHER, PULL, SKU


@pytest.fixture
def long_ago(followed):
    """All that was stamped so far was stamped an hour ago, as far as the store and the cursor know."""
    followed.pull()
    shop = followed.shop
    for kind in ("InventoryLevel", "ProductVariant", "InventoryItem"):
        for record in shop.every(kind):
            record["updatedAt"] = "2026-01-01T00:00:00Z"
    earlier = F("remote_updated_at") - timedelta(days=730)
    StoreStockLevel.objects.update(remote_updated_at=earlier)
    StoreVariant.objects.update(remote_updated_at=earlier)
    return followed


def test_what_changed_since_the_cursor_is_mirrored_and_nothing_else_is_read(long_ago):
    long_ago.count(9)
    long_ago.edit(OTHER, policy="CONTINUE", barcode="4006")

    assert long_ago.pull() == "read 1 variants and 1 levels, 2 changed"

    assert long_ago.level().available == 9
    assert (long_ago.variant(OTHER).oversells, long_ago.variant(OTHER).barcode) == (True, "4006")


def test_second_run_changes_nothing_and_a_quiet_store_costs_a_call_and_one_for_each_location(long_ago):
    long_ago.count(9)
    long_ago.pull()
    before, known = long_ago.reads(), list(StoreStockLevel.objects.values("available", "changed_at"))

    assert long_ago.pull() == "read 0 variants and 1 levels, 0 changed"

    assert long_ago.reads() - before == 2
    assert list(StoreStockLevel.objects.values("available", "changed_at")) == known


def test_a_location_that_is_mapped_has_all_its_levels_read_by_a_scan(selling):
    assert selling.pull() == "no warehouse is mapped to a location of it"
    assert selling.reads() == 0
    selling.map(MAIN)
    selling.count(4, place=ANNEX)

    selling.pull()
    assert (selling.level().is_stocked, selling.the_scan().state) == (True, "done")
    assert not StoreStockLevel.objects.filter(location=selling.location(ANNEX)).exists()

    selling.map(ANNEX)
    selling.pull()
    assert selling.level(place=ANNEX).available == 4
    selling.pull()
    assert StoreScan.objects.count() == 2


def test_the_cursor_is_the_stores_stamp_and_moves_when_all_is_stored(long_ago):
    hub = long_ago.hub
    before = Cursor.objects.get(flow=PULL)
    long_ago.count(9)
    hub.faults({"kind": "status", "status": 503, "operation": "ChangedLevels"})
    long_ago.run_until_failure(PULL)
    assert Cursor.objects.get(flow=PULL).stamp == before.stamp
    assert SyncTask.objects.get(flow=PULL).attempts == 0

    hub.forget_faults()
    hub.hurry()
    hub.work()

    cursor = Cursor.objects.get(flow=PULL)
    assert long_ago.level().available == 9
    assert cursor.stamp == long_ago.level().remote_updated_at
    assert cursor.covered_at > before.covered_at


def test_a_variant_that_is_new_is_mirrored_with_its_level(long_ago):
    long_ago.add_products(1)

    long_ago.pull()

    assert (long_ago.variant("MORE-00000").is_tracked, long_ago.level("MORE-00000").available) == (True, 0)


def test_what_is_pulled_twice_is_there_once(long_ago):
    long_ago.count(3)
    long_ago.pull()
    long_ago.pull()

    assert StoreVariant.objects.filter(sku=SKU).count() == 1
    assert StoreStockLevel.objects.filter(item_external_id=long_ago.item()["id"]).count() == 1
