"""What clerks do to an ERP's stock in these tests, and what the mirror then says."""

from __future__ import annotations

from hub.demo import goods
from hub.sync.enqueue import enqueue
from hub.sync.models import ApiCall
from inventory.models import ErpItem, ErpStockLevel

MAIN, WEST = "Main Warehouse", "West Warehouse"
ITEM, OTHER = goods.item_number(1), goods.item_number(2)
PULL, SCAN = "pull_erp_stock", "scan_erp_stock"


class Stocked:
    """A hub whose ERP has stock."""

    def __init__(self, hub):
        self.hub = hub

    def adjust(self, quantity, item=ITEM, location=MAIN):
        self.hub.clerk("adjust_stock", item=item, location=location, quantity=quantity)

    def add_items(self, count):
        """So many more items, of which a clerk counted nothing."""
        items = [
            {"itemId": f"MORE-{n:05}", "displayName": f"More {n}", "taxCode": "VAT19"} for n in range(count)
        ]
        self.hub.sandbox.seed("erp", self.hub.world.erp_name, {"items": items})

    def run(self, flow):
        """One run of a flow, and of what it leaves to do; what it said."""
        enqueue(flow, self.hub.erp.pk)
        self.hub.work()
        messages = self.hub.messages(flow)
        return messages[-1] if messages else ""

    def pull(self):
        return self.run(PULL)

    def scan(self):
        return self.run(SCAN)

    def held(self, item=ITEM):
        """On hand and committed by warehouse."""
        rows = ErpStockLevel.objects.filter(item__item_number=item)
        return {row.warehouse: (int(row.on_hand), int(row.committed)) for row in rows}

    def reads(self):
        """How many batches of stock were asked for."""
        return ApiCall.objects.filter(operation="read stock").count()

    def item(self, number=ITEM):
        return ErpItem.objects.get(item_number=number)
