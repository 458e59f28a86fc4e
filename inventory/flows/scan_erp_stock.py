"""Read the stock of every item that an ERP keeps, page by page, and of those that it lists no more.

Starts   once a day by itself; somebody asks for a scan; a part of a scan is done
Reads    the ERP's list of stocked items, their stock, StockScan; then known items that no reading came for meanwhile
Writes   ErpItem and ErpStockLevel mirrors, empty stock mappings; the scan's place, after each page
Repeat   safe: no older reading is kept over a newer one, and what was interrupted goes on behind its last page
Review   none: what the stock means for a store is decided by the flows that follow it
"""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from hub.connectors.capabilities import Capability
from hub.connectors.stock import Stock
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, SyncTask
from inventory.mirroring import note_all_warehouses, read_into_mirror, stock_part
from inventory.models import ErpItem, StockScan

FLOW = "scan_erp_stock"
# After so many items a run makes room for whatever is due on the connection besides, and goes on after it.
ITEMS_A_RUN = 20_000
State = StockScan.State


def run(connection: Connection, record_id: int) -> str:
    """Go on with the ERP's scan, or begin one; returns how far it is."""
    erp = stock_part(connection, Capability.READ_STOCK)
    if erp is None:
        return "it does not tell its stock"
    scan = StockScan.objects.filter(erp=connection).exclude(state=State.DONE).first()
    scan = scan or StockScan.objects.create(erp=connection)
    scan.refresh_from_db(fields=["started_at"])
    most = scan.items + ITEMS_A_RUN
    while scan.state != State.DONE and scan.items < most:
        if scan.state == State.RUNNING:
            _page(scan, erp)
        else:
            _unlisted(scan, erp)
    if scan.state != State.DONE:
        enqueue(FLOW, connection.pk, priority=SyncTask.Priority.BACKGROUND)
    how = "all" if scan.state == State.DONE else "so far"
    return f"{how} {scan.items} items, {scan.changed} were different"


def _page(scan: StockScan, erp: Stock) -> None:
    """Read one page of the ERP's list; the place is saved once all of it is stored."""
    page = erp.stocked_items(scan.position)
    scan.changed += read_into_mirror(scan.erp, erp, page.items)
    scan.items += len(page.items)
    scan.position = page.after
    scan.state = State.RUNNING if page.after is not None else State.LISTED
    scan.save(update_fields=["changed", "items", "position", "state"])


def _unlisted(scan: StockScan, erp: Stock) -> None:
    """Read what we know and the ERP did not list: deleted there, inactive, or no item of stock any more.

    Whatever is read leaves the set, so that an interrupted scan goes on with the rest.
    """
    left = ErpItem.objects.filter(connection=scan.erp, read_at__lt=scan.started_at).order_by("pk")
    numbers = list(left.values_list("item_number", flat=True)[: erp.stock_batch])
    if not numbers:
        _finish(scan)
        return
    scan.changed += read_into_mirror(scan.erp, erp, numbers)
    scan.items += len(numbers)
    scan.save(update_fields=["changed", "items"])


def _finish(scan: StockScan) -> None:
    with transaction.atomic():
        note_all_warehouses(scan.erp)
        scan.state = State.DONE
        scan.save(update_fields=["state"])
        StockScan.objects.filter(pk=scan.pk).update(finished_at=Now())
