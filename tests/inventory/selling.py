"""What people do to a store's stock in these tests, what its webhooks tell, and what the mirror then says."""

from __future__ import annotations

from hub.demo import goods
from hub.sandbox.shopify import product_body
from hub.sync.enqueue import enqueue
from hub.sync.models import ApiCall, SyncTask
from inventory.models import StockMapping, StoreLocation, StoreScan, StoreStockLevel, StoreVariant

MAIN, ANNEX = "Shop location", "Annex"
SKU, OTHER = goods.sku(1), goods.sku(2)
PULL, READ, SCAN = "pull_store_stock", "read_store_stock", "scan_store_stock"
READS = ("ChangedLevels", "LevelsOfItems", "StockLocations", "StockVariants", "VariantsById")


class Selling:
    """A hub whose first store has a second location. Nothing is mapped to either, so that nothing is followed yet."""

    def __init__(self, hub):
        self.hub, self.store, self.shop = hub, hub.euro, hub.shop()
        name = hub.euro.config["sandbox_name"]
        annex = {"locations": [{"name": ANNEX, "address": {"country_code": "CA"}}]}
        hub.sandbox.seed("store", name, annex)
        self.places = {place["name"]: place["id"] for place in self.shop.every("Location")}
        self.count_all = len(self.shop.every("ProductVariant"))

    # ------------------------------------------------------------------------------ people

    def map(self, place, **values):
        """A person says that a warehouse's goods are sold at this location."""
        where = {"warehouse": "Main Warehouse", "location_external_id": self.places.get(place, place)}
        return StockMapping.objects.create(store=self.store, erp=self.hub.erp, **where, **values)

    def count(self, available, sku=SKU, place=MAIN, **more):
        self.hub.buyer("count_stock", sku=sku, location=place, available=available, **more)

    def edit(self, of=SKU, /, **changes):
        self.hub.buyer("edit_variant", sku=of, changes=changes)

    def add_products(self, count):
        rows = [{"title": f"More {n}", "sku": f"MORE-{n:05}"} for n in range(count)]
        self.hub.sandbox.seed("store", self.store.config["sandbox_name"], {"products": rows})

    # ------------------------------------------------------------------------------ webhooks

    def item(self, sku=SKU):
        return self.shop.where("InventoryItem", sku=sku)[0]

    def product(self, sku=SKU):
        variant = self.shop.where("ProductVariant", sku=sku)[0]
        return self.shop.get("Product", variant["_productId"])

    def level_body(self, sku=SKU, place=MAIN, **changes):
        level = self.shop.levels[self.item(sku)["id"], self.places[place]]
        return product_body.level_body(level) | changes

    def stamp(self, moment, sku=SKU, place=MAIN):
        """The level's last change was at this moment, as far as the store says: its own stamps are whole seconds."""
        self.shop.levels[self.item(sku)["id"], self.places[place]]["updatedAt"] = moment

    def tell(self, topic, body):
        """The webhook arrives, and the hub works until nothing is left to do."""
        assert self.hub.post(body, topic=topic).status_code == 200
        self.hub.work()

    def tell_level(self, sku=SKU, place=MAIN, **changes):
        self.tell("inventory_levels/update", self.level_body(sku, place, **changes))

    # ------------------------------------------------------------------------------ the hub

    def run(self, flow):
        """One run of a flow, and of what it leaves to do; what it said last."""
        enqueue(flow, self.store.pk)
        self.hub.work()
        return self.hub.messages(flow)[-1]

    def run_until_failure(self, flow):
        """One run that does not succeed; how many tasks of the flow there are then."""
        enqueue(flow, self.store.pk)
        self.hub.work()
        return SyncTask.objects.filter(flow=flow, connection=self.store).count()

    def pull(self):
        return self.run(PULL)

    def scan(self):
        return self.run(SCAN)

    def variant(self, sku=SKU):
        return StoreVariant.objects.get(connection=self.store, sku=sku)

    def level(self, sku=SKU, place=MAIN):
        return StoreStockLevel.objects.get(
            location__external_id=self.places[place], item_external_id=self.item(sku)["id"]
        )

    def location(self, place=MAIN):
        return StoreLocation.objects.get(connection=self.store, external_id=self.places.get(place, place))

    def the_scan(self):
        return StoreScan.objects.get(store=self.store)

    def reads(self, *names):
        """How often the store was asked about stock."""
        calls = ApiCall.objects.filter(connection=self.store, operation__in=names or READS)
        return calls.count()
