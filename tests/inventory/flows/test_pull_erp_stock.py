"""Stock pulled from the simulated NetSuite account, over real HTTP, as its clerks move it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django.db.models import F

from hub.connectors.stock import Receipt
from hub.sync.clock import database_time
from hub.sync.models import Cursor, SyncTask
from hub.sync.running import open_connector
from inventory.mirroring import mirror_stock, receipts_of
from inventory.models import ErpItem, ErpStockLevel, StockMapping
from tests.inventory.stocked import ITEM, MAIN, OTHER, PULL, WEST


def an_hour_passes():
    """All that was read was read so long after its document that it is read for good."""
    ErpItem.objects.update(read_at=F("read_at") + timedelta(hours=1))


def test_what_clerks_move_and_expect_is_mirrored_with_the_moment_it_holds_for(hub, stock):
    hub.clerk("order_goods", item=ITEM, location=MAIN, quantity=20, due="2027-01-05")
    before = database_time()
    assert stock.pull() == "read 1, 1 changed"

    level = ErpStockLevel.objects.get(item__item_number=ITEM, warehouse=MAIN)
    assert (level.on_hand, level.committed, level.on_order) == (12, 0, 20)
    assert receipts_of(level) == (Receipt(Decimal(20), date(2027, 1, 5)),)
    assert before < stock.item().read_at < database_time()
    assert stock.item().commits_from == "confirmed"


def test_a_receipt_a_transfer_and_a_shipment_are_followed(hub, stock):
    bought = hub.clerk("order_goods", item=ITEM, location=MAIN, quantity=20)
    stock.pull()
    hub.clerk("receive_goods", id=bought["id"], quantity=5)
    stock.pull()
    assert stock.held() == {MAIN: (17, 0)}

    stock.adjust(-7)
    stock.adjust(7, location=WEST)
    stock.pull()
    assert stock.held() == {MAIN: (10, 0), WEST: (7, 0)}

    order = hub.far.enter_order(hub.sandbox, hub.world.erp_name, "10000", [(ITEM, 3, Decimal(10))], "PHONE")
    hub.clerk("edit_order", id=order, changes={"location": {"id": "1"}})
    stock.pull()
    assert stock.held()[MAIN] == (10, 3)
    hub.clerk("fulfill_order", id=order, location=MAIN)
    stock.pull()
    assert stock.held()[MAIN] == (7, 0)


def test_second_run_reads_and_writes_nothing(stock):
    stock.pull()
    an_hour_passes()
    known, asked = list(ErpStockLevel.objects.values()), stock.reads()

    assert stock.pull() == "read 0, 0 changed"

    assert (list(ErpStockLevel.objects.values()), stock.reads()) == (known, asked)


def test_an_equal_reading_moves_only_the_moment_it_holds_for(stock):
    stock.pull()
    level, read_at = ErpStockLevel.objects.values().get(), stock.item().read_at

    assert stock.pull() == "read 1, 0 changed"

    assert ErpStockLevel.objects.values().get() == level
    assert stock.item().read_at > read_at


def test_a_document_met_again_is_read_again_until_its_reading_is_long_after_it(stock):
    stock.pull()
    an_hour_passes()
    stock.adjust(1, item=OTHER)

    assert stock.pull() == "read 1, 1 changed"

    assert stock.held(OTHER) == {MAIN: (1, 0)}


def test_a_reading_that_comes_late_is_refused_as_a_whole(hub, stock):
    erp = open_connector(hub.erp)
    early_at, early = database_time(), erp.read_stock([ITEM])
    stock.adjust(-12)
    stock.adjust(9, location=WEST)
    late_at, late = database_time(), erp.read_stock([ITEM])
    erp.close()

    assert mirror_stock(hub.erp, erp, [ITEM], late, read_at=late_at) == {ITEM}
    assert mirror_stock(hub.erp, erp, [ITEM], early, read_at=early_at) == set()

    assert stock.held() == {MAIN: (0, 0), WEST: (9, 0)}
    assert stock.item().read_at == late_at


def test_a_warehouse_that_the_erp_names_no_more_holds_nothing_and_an_older_reading_does_not_bring_it_back(
    hub, stock
):
    erp = open_connector(hub.erp)
    early_at, early = database_time(), erp.read_stock([ITEM])
    erp.close()
    mirror_stock(hub.erp, erp, [ITEM], early, read_at=early_at)
    late_at = database_time()

    assert mirror_stock(hub.erp, erp, [ITEM], [], read_at=late_at) == {ITEM}
    assert mirror_stock(hub.erp, erp, [ITEM], early, read_at=early_at) == set()
    assert mirror_stock(hub.erp, erp, [ITEM], [], read_at=database_time()) == set()

    assert stock.held() == {MAIN: (0, 0)}


def test_an_item_that_no_sku_is_mapped_to_is_kept_for_who_maps_it_later(hub, stock):
    stock.add_items(1)
    stock.adjust(4, item="MORE-00000")

    assert stock.pull() == "read 2, 2 changed"

    assert stock.held("MORE-00000") == {MAIN: (4, 0)}


def test_each_store_gets_an_empty_mapping_of_a_warehouse_once(hub, stock):
    stock.pull()
    assert set(StockMapping.objects.values_list("store", "warehouse", "location_external_id")) == {
        (hub.euro.pk, MAIN, ""),
        (hub.dollar.pk, MAIN, ""),
    }
    StockMapping.objects.filter(store=hub.euro).update(location_external_id="gid://shopify/Location/1")

    stock.adjust(1, item=OTHER)
    stock.adjust(1, location=WEST)
    stock.pull()

    rows = StockMapping.objects.order_by("warehouse", "store").values_list("warehouse", "store")
    assert list(rows) == [
        (MAIN, hub.euro.pk),
        (MAIN, hub.dollar.pk),
        (WEST, hub.euro.pk),
        (WEST, hub.dollar.pk),
    ]


def test_down_then_up_nothing_is_missed(hub, stock):
    stock.pull()
    stock.adjust(-2)
    hub.faults({"kind": "status", "status": 503, "operation": "POST suiteql"})
    stock.pull()
    assert stock.held() == {MAIN: (12, 0)}
    assert SyncTask.objects.get(flow=PULL).attempts == 0

    hub.forget_faults()
    hub.hurry()
    hub.work()

    assert stock.held() == {MAIN: (10, 0)}
    assert Cursor.objects.get(flow=PULL).covered_at is not None
