"""All stock of the simulated store read page by page, over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from hub.connectors.registry import CONNECTORS, connector_class
from hub.connectors.store_stock import StockVariant, StoreLevel
from hub.sync.clock import database_time
from hub.sync.models import Connection, Cursor, ReviewItem, SyncTask
from inventory.flows import pull_store_stock, read_store_stock, scan_store_stock
from inventory.models import StockMapping, StoreLocation, StoreScan, StoreStockLevel, StoreVariant
from inventory.store_mirroring import mirror_levels, mirror_variants
from tests.fakes.shelving import CHANGED
from tests.inventory.selling import ANNEX, MAIN, OTHER, SCAN, SKU

STAMP = datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_every_variant_and_its_level_at_each_mapped_location_is_mirrored(selling):
    selling.map(MAIN)
    selling.count(12, reserved=2, incoming=7)
    selling.count(5, place=ANNEX)

    assert selling.scan() == (
        f"all {selling.count_all} variants and {selling.count_all} levels, {2 * selling.count_all} were different"
    )

    variant, level = selling.variant(), selling.level()
    assert (variant.item_external_id, variant.is_tracked, variant.oversells) == (
        selling.item()["id"],
        True,
        False,
    )
    assert (level.available, level.on_hand, level.reserved, level.incoming) == (12, 14, 2, 7)
    assert not StoreStockLevel.objects.exclude(location=selling.location()).exists()
    scan = selling.the_scan()
    assert (scan.state, scan.variants, scan.levels) == ("done", selling.count_all, selling.count_all)
    assert scan.started_at < variant.read_at < level.read_at < scan.finished_at
    assert selling.location().scanned_at == scan.started_at
    assert (selling.location(ANNEX).is_active, selling.location(ANNEX).scanned_at) == (True, None)


def test_second_run_changes_nothing(followed):
    known = list(StoreStockLevel.objects.values("item_external_id", "available", "changed_at"))

    said = followed.scan()

    assert said.endswith(", 0 were different")
    assert list(StoreStockLevel.objects.values("item_external_id", "available", "changed_at")) == known


def test_a_store_without_a_mapped_location_is_not_asked(selling):
    assert selling.scan() == "no warehouse is mapped to a location of it"
    selling.map(MAIN, is_on=False)
    assert selling.scan() == "no warehouse is mapped to a location of it"

    assert (selling.reads(), StoreScan.objects.count()) == (0, 0)


def test_down_half_way_then_up_it_goes_on_behind_its_last_page(followed):
    hub = followed.hub
    followed.add_products(500)
    StoreScan.objects.all().delete()
    hub.faults({"kind": "status", "status": 503, "operation": "StockVariants", "nth": [2]})

    enqueued = followed.run_until_failure(SCAN)
    scan = followed.the_scan()
    assert (enqueued, scan.state, scan.variants) == (1, "variants", 250)

    asked = followed.reads("StockVariants")
    hub.forget_faults()
    hub.hurry()
    hub.work()

    scan.refresh_from_db()
    pages = -(-(followed.count_all + 500) // 250)
    assert (scan.state, scan.variants) == ("done", followed.count_all + 500)
    assert followed.reads("StockVariants") - asked == pages - 1
    assert not SyncTask.objects.filter(flow=SCAN).exists()


def test_what_the_store_lists_no_more_is_read_once_more_and_is_gone(followed):
    hub = followed.hub
    item = followed.item()["id"]
    hub.buyer("remove_product", sku=SKU)

    followed.scan()

    gone = StoreVariant.objects.get(sku=SKU)
    assert gone.gone_at is not None
    level = StoreStockLevel.objects.get(item_external_id=item)
    assert (level.is_stocked, level.available, level.on_hand) == (False, 0, 0)
    assert StoreVariant.objects.filter(gone_at=None).count() == followed.count_all - 1
    changed_at = gone.changed_at
    followed.scan()
    gone.refresh_from_db()
    assert gone.changed_at == changed_at


def test_a_location_that_the_store_does_not_know_is_kept_as_not_active_and_asked_for_once(followed):
    unknown = "gid://shopify/Location/1"
    followed.map(unknown)

    followed.pull()
    scans = StoreScan.objects.count()
    followed.pull()

    assert (followed.location(unknown).is_active, followed.location().is_active) == (False, True)
    assert StoreScan.objects.count() == scans == 2


def test_a_shop_that_shows_no_stock_is_a_question_to_a_person_and_goes_on_with_its_orders(selling):
    selling.map(MAIN)
    hub = selling.hub
    hub.shop().settings.scopes -= {"read_inventory", "write_inventory"}

    selling.run_until_failure(SCAN)

    assert hub.reviews(flow=SCAN) == [(SCAN, "scope_missing")]
    assert "read_inventory" in ReviewItem.objects.get(flow=SCAN).message
    hub.euro.refresh_from_db()
    assert hub.euro.paused_at is None


@pytest.fixture
def make_store(db):
    """Connect stores in memory: one that is silent, one that has very many variants of which a location is mapped."""
    CONNECTORS["silent"] = ("store", "Silent", "tests.fakes.silent.SilentErp")
    CONNECTORS["shelving"] = ("store", "Shelving", "tests.fakes.shelving.ShelvingStore")

    def make(system, **config):
        store = Connection.objects.create(
            system=system, name=system, code="S", config={"account": system, **config}
        )
        erp = Connection.objects.create(
            system="netsuite", name="ERP", code="E", config={"account_id": "1", "account": "1"}
        )
        StockMapping.objects.create(store=store, erp=erp, warehouse="EAST", location_external_id="L1")
        return store

    yield make
    del CONNECTORS["silent"], CONNECTORS["shelving"]
    connector_class.cache_clear()


def test_a_part_of_a_long_scan_makes_room_for_others_and_the_next_goes_on_behind_it(make_store):
    store = make_store("shelving", variants=11_000)

    assert scan_store_stock.run(store, 0) == "so far 11000 variants and 9000 levels, 20000 were different"
    assert SyncTask.objects.filter(flow=SCAN, priority=SyncTask.Priority.BACKGROUND).count() == 1
    assert scan_store_stock.run(store, 0) == "all 11000 variants and 11000 levels, 22000 were different"

    assert (StoreScan.objects.count(), StoreLocation.objects.get().scanned_at is None) == (1, False)


def test_more_changes_than_the_store_tells_are_left_to_a_scan(make_store):
    store = make_store("shelving", variants=1)

    assert pull_store_stock.run(store, 0) == "read 1000 variants and 0 levels, 1000 changed"

    assert SyncTask.objects.filter(flow=SCAN).count() == 1
    cursor = Cursor.objects.get(flow="pull_store_stock")
    assert (cursor.stamp, cursor.covered_at) == (CHANGED, None)


def test_a_store_that_does_not_tell_its_stock_is_not_asked(make_store):
    store = make_store("silent")

    for flow in (pull_store_stock, read_store_stock, scan_store_stock):
        assert flow.run(store, 0) == "it does not tell its stock"

    assert not StoreScan.objects.exists()


def variants(count, title):
    return [
        StockVariant(
            f"V{n}", "P", f"I{n}", f"S-{n}", "", title, is_tracked=True, oversells=False, updated_at=STAMP
        )
        for n in range(count)
    ]


def levels(count, available):
    return [StoreLevel(f"I{n}", "L", available, *[0] * 7, updated_at=STAMP) for n in range(count)]


def statements(act):
    with CaptureQueriesContext(database) as captured:
        changed = act()
    return changed, len(captured)


@pytest.fixture
def location(hub):
    return StoreLocation.objects.create(connection=hub.euro, external_id="L", name="L", is_active=True)


def test_two_hundred_and_fifty_records_cost_so_many_statements_whatever_they_say(hub, location):
    """The time, begin and commit, the lock, the records; beside them what is gone, and its levels."""
    asked = [f"V{n}" for n in range(250)]
    items = [f"I{n}" for n in range(250)]

    def mirror(title, count=250):
        return statements(
            lambda: mirror_variants(hub.euro, variants(count, title), read_at=database_time(), asked=asked)
        )

    def mirror_at(available, count=250):
        return statements(
            lambda: mirror_levels(location, levels(count, available), read_at=database_time(), asked=items)
        )

    assert mirror("One") == (250, 5)
    assert mirror("One") == (0, 5)
    assert mirror("Two") == (250, 5)
    assert mirror_at(3) == (250, 5)
    assert mirror_at(3) == (0, 5)
    assert mirror_at(4) == (250, 5)
    assert mirror_at(4, count=100) == (150, 6)
    assert mirror("Two", count=100)[0] == 150
    assert mirror("Two", count=100) == (0, 7)
    assert StoreStockLevel.objects.filter(is_stocked=True, asked_at=None).count() == 100


def test_an_older_reading_is_refused_and_one_that_lags_is_taken_when_it_stays(hub, location):
    early, late = database_time(), database_time()
    mirror_levels(location, levels(1, 5), read_at=late)
    mirror_levels(location, levels(1, 9), read_at=early)
    mirror_levels(location, [], read_at=early, asked=["I0"])
    level = StoreStockLevel.objects.get()
    assert (level.available, level.is_stocked, level.read_at) == (5, True, late)

    older = [StoreLevel("I0", "L", 7, *[0] * 7, updated_at=STAMP - timedelta(seconds=1))]
    assert mirror_levels(location, older, read_at=database_time()) == 0
    assert mirror_levels(location, older, read_at=late + timedelta(minutes=6)) == 1
    level.refresh_from_db()
    assert level.available == 7


def test_an_older_reading_of_a_variant_is_refused_in_the_same_way(hub):
    early, late = database_time(), database_time()
    mirror_variants(hub.euro, variants(1, "Late"), read_at=late)
    mirror_variants(hub.euro, variants(1, "Early"), read_at=early)
    mirror_variants(hub.euro, [], read_at=early, asked=["V0"])
    variant = StoreVariant.objects.get()
    assert (variant.title, variant.gone_at) == ("Late", None)

    (lagging,) = variants(1, "Lagging")
    object.__setattr__(lagging, "updated_at", STAMP - timedelta(seconds=1))
    assert mirror_variants(hub.euro, [lagging], read_at=database_time()) == 0
    assert mirror_variants(hub.euro, [lagging], read_at=late + timedelta(minutes=6)) == 1


def test_a_level_of_an_item_that_came_back_is_stocked_again(followed):
    item = followed.item(OTHER)["id"]
    mirror_levels(followed.location(), [], read_at=database_time(), asked=[item])
    assert not followed.level(OTHER).is_stocked

    followed.scan()

    assert followed.level(OTHER).is_stocked
