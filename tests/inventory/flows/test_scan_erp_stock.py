"""All stock of the simulated NetSuite account read page by page, over real HTTP."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from hub.connectors.registry import CONNECTORS, connector_class
from hub.connectors.stock import CommitsFrom, Receipt, StockLevel
from hub.demo import goods
from hub.sync.clock import database_time
from hub.sync.models import Connection, SyncTask
from inventory.flows import pull_erp_stock, scan_erp_stock
from inventory.mirroring import mirror_stock
from inventory.models import ErpItem, ErpStockLevel, ItemMapping, StockMapping, StockScan
from tests.inventory.stocked import ITEM, MAIN, OTHER, SCAN, WEST

KEPT = sum(not item.is_blocked for item in goods.items())
PAGE, BATCH = 1000, 300


def test_every_item_that_is_kept_in_stock_is_read_whatever_was_told_of_it(hub, stock):
    stock.adjust(3, item=OTHER, location=WEST)

    assert stock.scan() == f"all {KEPT} items, 2 were different"

    assert (stock.held(ITEM), stock.held(OTHER)) == ({MAIN: (12, 0)}, {WEST: (3, 0)})
    scan = StockScan.objects.get()
    assert (scan.state, scan.items, scan.changed) == ("done", KEPT, 2)
    assert scan.started_at < stock.item().read_at < scan.finished_at


def test_second_run_changes_nothing(stock):
    stock.scan()
    known = list(ErpStockLevel.objects.values())

    assert stock.scan() == f"all {KEPT} items, 0 were different"

    assert list(ErpStockLevel.objects.values()) == known


def test_down_half_way_then_up_it_goes_on_behind_its_last_page(hub, stock):
    stock.add_items(1500)
    stock.adjust(4, item="MORE-01499")
    # A page lists its items in one query and reads each batch in three: the second page's second batch fails.
    hub.faults({"kind": "status", "status": 503, "operation": "POST suiteql", "nth": [18]})

    stock.scan()
    scan = StockScan.objects.get()
    assert (scan.state, scan.items, stock.held(ITEM), stock.held("MORE-01499")) == (
        "running",
        PAGE,
        {MAIN: (12, 0)},
        {},
    )

    asked = stock.reads()
    hub.hurry()
    hub.work()

    scan.refresh_from_db()
    assert (scan.state, scan.items, stock.held("MORE-01499")) == ("done", KEPT + 1500, {MAIN: (4, 0)})
    assert stock.reads() - asked == -(-(KEPT + 500) // BATCH)
    assert not SyncTask.objects.filter(flow=SCAN).exists()


def test_what_the_erp_lists_no_more_is_read_once_more_at_the_end(hub, stock):
    stock.scan()
    stock.adjust(-5)
    hub.clerk("set_item_inactive", name=ITEM)

    assert stock.scan() == f"all {KEPT} items, 1 were different"

    assert stock.held() == {MAIN: (7, 0)}


def test_a_store_whose_first_item_is_mapped_later_gets_its_empty_mappings(hub, stock):
    known = list(ItemMapping.objects.filter(store=hub.dollar))
    ItemMapping.objects.filter(store=hub.dollar).delete()
    stock.scan()
    assert set(StockMapping.objects.values_list("store", flat=True)) == {hub.euro.pk}

    ItemMapping.objects.bulk_create(known)
    stock.scan()

    assert set(StockMapping.objects.values_list("store", flat=True)) == {hub.euro.pk, hub.dollar.pk}


class CountingErp:
    """What `mirror_stock` asks of an ERP beside its answer."""

    commits_from = CommitsFrom.CREATED


def levels(count, on_hand):
    return [
        StockLevel(f"N-{n:05}", place, on_hand, receipts=(Receipt(on_hand, None),))
        for n in range(count)
        for place in (MAIN, WEST)
    ]


def statements(hub, rows):
    numbers = [f"N-{n:05}" for n in range(1000)]
    with CaptureQueriesContext(database) as captured:
        changed = mirror_stock(hub.erp, CountingErp, numbers, rows, read_at=database_time())
    return len(changed), len(captured)


def test_a_thousand_items_cost_so_many_statements_whatever_they_say(hub):
    """The time, begin and commit, items, levels, what was emptied; beside them the mappings of new warehouses."""
    assert statements(hub, levels(1000, 5)) == (1000, 9)
    assert statements(hub, levels(1000, 5)) == (0, 6)
    assert statements(hub, levels(1000, 6)) == (1000, 6)
    assert statements(hub, levels(500, 6)) == (500, 6)
    assert ErpStockLevel.objects.filter(on_hand=0).count() == 1000


@pytest.fixture
def make_erp(db):
    """Connect ERPs in memory: one that is silent, one that has very many items."""
    CONNECTORS["silent"] = ("erp", "Silent", "tests.fakes.silent.SilentErp")
    CONNECTORS["stocking"] = ("erp", "Stocking", "tests.fakes.stocking.StockingErp")

    def make(system, **config):
        config = {"account": system, **config}
        return Connection.objects.create(system=system, name=system, code="S", config=config)

    yield make
    del CONNECTORS["silent"], CONNECTORS["stocking"]
    connector_class.cache_clear()


def test_a_part_of_a_long_scan_makes_room_for_others_and_the_next_goes_on_behind_it(make_erp):
    erp = make_erp("stocking", items=20_001)

    assert scan_erp_stock.run(erp, 0) == "so far 20000 items, 20000 were different"
    assert SyncTask.objects.filter(flow=SCAN, priority=SyncTask.Priority.BACKGROUND).count() == 1
    assert scan_erp_stock.run(erp, 0) == "all 20001 items, 20001 were different"

    assert SyncTask.objects.filter(flow=SCAN).count() == 1
    assert (ErpItem.objects.count(), StockScan.objects.count()) == (20_001, 1)


@pytest.mark.parametrize(
    ("system", "config"),
    [("silent", {}), ("stocking", {"items": 1, "cannot": ["read_stock", "follow_stock"]})],
    ids=["it has no such part", "its settings do not let it"],
)
def test_an_erp_that_does_not_tell_its_stock_is_not_asked(make_erp, system, config):
    erp = make_erp(system, **config)

    assert scan_erp_stock.run(erp, 0) == "it does not tell its stock"
    assert pull_erp_stock.run(erp, 0) == "it does not tell which items moved"
    assert not StockScan.objects.exists()
