"""What an ERP ships, all the way into the store: the simulated ERPs, the hub, the simulated store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.connectors.registry import connector_class
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, Cursor
from orders.models import ErpShipment, FulfilmentPolicy, OrderLink

PAGE = {"shipments_page": "Posted_Sales_Shipment"}


class BusinessCentral:
    """A clerk who posts shipments."""

    erp = "business_central"

    def __init__(self, hub):
        self.hub = hub
        hub.clerk("publish_page")
        erp = Connection.objects.get(pk=hub.erp.pk)
        erp.config = erp.config | PAGE
        erp.save()

    def ship(self, link, pieces, tracking):
        lines = [{"sequence": 10000, "quantity": pieces}]
        travel = {"tracking": ", ".join(tracking), "agent": "DHL", "location": "MAIN"}
        return self.hub.clerk("ship_order", number=link.number, lines=lines, **travel)["number"]

    def vendor_ships(self, link, pieces, tracking):
        lines = [{"sequence": 10000, "quantity": pieces}]
        travel = {"tracking": ", ".join(tracking), "agent": "DHL", "by_vendor": True}
        return self.hub.clerk("ship_order", number=link.number, lines=lines, **travel)["number"]

    def correct(self, shipment, tracking):
        self.hub.clerk("correct_shipment", shipment=shipment, tracking=tracking)

    def undo(self, shipment):
        self.hub.clerk("undo_shipment", shipment=shipment)


class NetSuite:
    """A clerk who fulfills orders."""

    erp = "netsuite"

    def __init__(self, hub):
        self.hub = hub

    def ship(self, link, pieces, tracking):
        lines = [{"line": 1, "quantity": pieces}]
        travel = {"packages": tracking, "carrier": "dhl", "location": "Main Warehouse"}
        return self.hub.clerk("fulfill_order", id=link.external_id, lines=lines, **travel)["id"]

    def vendor_ships(self, link, pieces, tracking):
        line = {"line": 1, "createPo": {"id": "DropShip"}}
        self.hub.clerk("edit_order", id=link.external_id, changes={"item": {"items": [line]}})
        lines = [{"line": 1, "quantity": pieces}]
        travel = {"packages": tracking, "carrier": "dhl"}
        return self.hub.clerk("fulfill_order", id=link.external_id, lines=lines, **travel)["id"]

    def correct(self, shipment, tracking):
        self.hub.clerk("change_fulfillment", id=shipment, packages=[tracking])

    def undo(self, shipment):
        self.hub.clerk("delete_fulfillment", id=shipment)


@pytest.fixture(params=[BusinessCentral, NetSuite], ids=lambda clerk: clerk.erp)
def clerk(request, make_hub):
    hub = make_hub(erp=request.param.erp)
    FulfilmentPolicy.objects.create(store=hub.euro)
    yield request.param(hub)
    connector_class.cache_clear()


def pull(hub, until):
    """One pass over the ERP's shipments, and what follows from it."""
    enqueue("pull_erp_shipments", hub.erp.pk)
    hub.work(lambda: fulfilments(hub) == until)


def fulfilments(hub):
    """Pieces and tracking numbers of each fulfilment that stands in the store."""
    [order] = hub.truth("stores", hub.euro)["orders"]
    return sorted(
        (sum(one["lines"].values()), [row["number"] for row in one["trackingInfo"]])
        for one in order["fulfillments"]
        if one["status"] != "CANCELLED"
    )


def test_parts_corrections_and_what_is_taken_back_reach_the_store(clerk):
    hub = clerk.hub
    hub.place(po_number="PO-1", lines=[{"sku": "TAB-001", "quantity": 7, "price": "10.00"}])
    hub.work(lambda: OrderLink.objects.exclude(number="").exists())
    link = OrderLink.objects.get()

    first = clerk.ship(link, 2, ["1Z1", "1Z2"])
    pull(hub, [(2, ["1Z1", "1Z2"])])
    second = clerk.ship(link, 3, ["1Z3"])
    clerk.correct(first, "1Z9")
    pull(hub, [(2, ["1Z9"]), (3, ["1Z3"])])
    # A vendor sends the rest straight to the buyer.
    clerk.vendor_ships(link, 2, ["V-1"])
    pull(hub, [(2, ["1Z9"]), (2, ["V-1"]), (3, ["1Z3"])])

    clerk.undo(second)
    # Three weeks later: only that its order changed tells of it.
    now = datetime.now(UTC)
    ErpShipment.objects.update(
        observed_at=now - timedelta(hours=1), remote_updated_at=now - timedelta(days=21)
    )
    Cursor.objects.filter(flow="pull_erp_shipments").update(stamp=now + timedelta(hours=1))
    hub.pull_erp()
    pull(hub, [(2, ["1Z9"]), (2, ["V-1"])])

    assert sorted(ErpShipment.objects.values_list("stage", flat=True)) == ["shipped", "shipped", "undone"]
    assert set(ErpShipment.objects.values_list("order__name", flat=True)) == {link.order.name}
    assert hub.reviews() == []


def test_an_order_invoiced_before_its_lost_answer_was_looked_up_is_fulfilled_in_the_store(make_hub):
    hub = make_hub()
    FulfilmentPolicy.objects.create(store=hub.euro)
    hub.faults(
        {"kind": "commit_then_drop", "system": "erp", "operation": "POST salesOrders", "first": 1},
        {"kind": "status", "status": 503, "system": "erp", "operation": "GET salesOrders"},
    )
    hub.place(po_number="PO-1", lines=[{"sku": "TAB-001", "quantity": 2, "price": "10.00"}])
    hub.work(hub.erp_orders)
    [order] = hub.erp_orders()
    hub.clerk("post_order", number=order["number"])

    hub.forget_faults()
    hub.work(lambda: hub.hurry() or OrderLink.objects.exists())
    pull(hub, [(2, [])])

    link = OrderLink.objects.get()
    assert (link.external_id, link.number, link.totals) == (order["id"], order["number"], "equal")
    assert hub.reviews() == []
