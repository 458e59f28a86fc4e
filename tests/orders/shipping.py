"""An order that is in the ERP, and an ERP that ships it: what tests of shipments stand on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hub.connectors.shipment_documents import ErpShipment, Parcel, ShipmentStage, ShippedLine
from hub.sandbox.shopify.products import stock as put
from inventory.models import ItemMapping
from orders.models import OrderLink
from orders.shipments.mirroring import mirror_shipments

AT = datetime(2026, 11, 1, 10, tzinfo=UTC)
FLOW = "push_shipment_to_store"
TABLES, LAMPS = "TAB-001", "LAM-002"


def work(hub):
    """Until the store was told what is due; other flows may go on."""
    hub.work_off(FLOW)


class Shipping:
    """An order that is in the ERP, and the ERP shipping it."""

    def __init__(self, hub, lines=((TABLES, 5), (LAMPS, 3)), **order):
        self.hub = hub
        rows = [
            line if isinstance(line, dict) else {"sku": line[0], "quantity": line[1], "price": "10.00"}
            for line in lines
        ]
        self.placed = hub.place(po_number="PO-1", lines=rows, **order)
        hub.work(lambda: OrderLink.objects.filter(order__external_id=self.placed["id"]).exists())
        self.link = hub.link(self.placed)
        self.minutes = 0
        self.items = dict(ItemMapping.objects.filter(store=hub.euro).values_list("sku", "item_number"))

    def document(self, key="S1", lines=None, *, parcels=("1Z1",), stage=ShipmentStage.SHIPPED, **facts):
        self.minutes += 1
        return ErpShipment(
            **{
                "external_id": key,
                "number": key,
                "order_external_id": self.link.external_id,
                "order_number": self.link.number,
                "reference": "",
                "status": stage.value,
                "stage": stage,
                "shipped_at": AT,
                "warehouse": "",
                "shipping_method_code": "",
                "parcels": tuple(Parcel(number, "DHL", "DHL") for number in parcels),
                "lines": tuple(
                    ShippedLine("", self.items[sku], sku, Decimal(pieces))
                    for sku, pieces in (lines or {}).items()
                ),
                "updated_at": AT + timedelta(minutes=self.minutes),
                **facts,
            }
        )

    def ships(self, *args, **options):
        """The ERP says this, and the hub works until nothing is left to do."""
        document = self.document(*args, **options)
        mirror_shipments(self.hub.erp, [document])
        work(self.hub)
        return document

    def says(self, key, lines):
        """As `ships`, with lines as the ERP says them."""
        return self.again(self.document(key), lines=lines)

    def again(self, document, **changes):
        self.minutes += 1
        changed = replace(document, updated_at=AT + timedelta(minutes=self.minutes), **changes)
        mirror_shipments(self.hub.erp, [changed])
        work(self.hub)
        return changed

    def truth(self):
        return next(order for order in self.hub.truth("stores")["orders"] if order["id"] == self.placed["id"])

    def fulfilments(self, *, cancelled=False):
        """What stands in the store: pieces by SKU, tracking numbers, location."""
        skus = {line["id"]: line["sku"] or line["title"] for line in self.truth()["lines"]}
        return [
            (
                {skus[key]: pieces for key, pieces in one["lines"].items()},
                [row["number"] for row in one["trackingInfo"]],
                one["location"]["name"],
            )
            for one in self.truth()["fulfillments"]
            if (one["status"] == "CANCELLED") == cancelled
        ]

    def creates(self):
        return self.hub.shop().calls["fulfillmentCreate"]

    def status(self):
        return self.truth()["displayFulfillmentStatus"]


def stock(hub, *, at, sku):
    """The store keeps this SKU at this location too, or instead of where it was."""
    shop = hub.shop()
    item = next(item for item in shop.every("InventoryItem") if item["sku"] == sku)
    place = next(place for place in shop.every("Location") if place["name"] == at)
    put(shop, item, place)
    return place["id"]


def second_place(hub, name="North"):
    hub.sandbox.seed(
        "store",
        hub.euro.config["sandbox_name"],
        {"locations": [{"name": name, "address": {"country_code": "DE"}}]},
    )
    return next(p["id"] for p in hub.shop().every("Location") if p["name"] == name)


def first_place(hub):
    return hub.shop().every("Location")[0]
