"""How far the ERP is with a store's orders, shown to their buyers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction

from hub.connectors.sales_documents import OrderStage
from hub.connectors.shipment_documents import ShipmentStage, ShippedLine
from hub.sync.enqueue import enqueue
from inventory.models import ItemMapping
from orders.erp_documents import keep
from orders.flows.push_order_progress import FLOW
from orders.freshness import database_time
from orders.models import FulfilmentPolicy, OrderLink
from orders.shipments.mirroring import mirror_shipments
from orders.shipments.progress import ask_for_orders, progress_metafields
from tests.orders.offline_orders import document, line
from tests.orders.shipping import Shipping


@pytest.fixture
def showing(hub):
    """An order of five tables and three lamps in the ERP, whose buyer is to see how far it is."""
    FulfilmentPolicy.objects.create(store=hub.euro, shows_progress=True)
    return Shipping(hub)


def says(shipping, stage, *lines, **more):
    """The ERP's document is read whole and says this; the hub works until nothing is left to do."""
    link = shipping.link
    told = document(*lines, external_id=link.external_id, number=link.number, stage=stage, **more)
    with transaction.atomic():
        kept = keep(shipping.hub.erp, [told], read_at=database_time())
        ask_for_orders(shipping.hub.erp, [order.external_id for order in kept])
    shipping.hub.work(lambda: not OrderLink.objects.exclude(progress_asked_at=None).exists())


def shown(shipping):
    fields = shipping.truth()["metafields"]
    return {key.removeprefix("erp."): value for key, value in fields.items() if key.startswith("erp.")}


def tables(quantity, shipped="0", **more):
    return line("IT-0001", quantity, shipped_quantity=Decimal(shipped), description="Table", **more)


def test_the_buyer_sees_stage_promised_day_and_what_is_still_to_come(showing):
    says(showing, OrderStage.RELEASED, tables("5"), promised_date=date(2030, 2, 1))
    assert shown(showing)["status"] == "released"
    assert shown(showing)["promised_on"] == "2030-02-01"
    assert "outstanding" not in shown(showing)
    says(showing, OrderStage.RELEASED, tables("5"))
    assert "promised_on" not in shown(showing)

    says(showing, OrderStage.SHIPPED, tables("5", "2", promised_date=date(2030, 3, 1)))
    assert shown(showing)["status"] == "shipped"
    assert shown(showing)["outstanding"] == "3 × Table, expected 2030-03-01"

    says(showing, OrderStage.SHIPPED, tables("5", "5"))
    assert shown(showing)["outstanding"] == "Nothing"
    assert showing.hub.reviews() == []


@pytest.mark.parametrize(
    ("shipped", "still"), [("0.5", "3 × Table"), ("0.6", "0.65 KG × Table")], ids=["bags", "a part of one"]
)
def test_what_is_still_to_come_is_said_in_pieces(showing, shipped, still):
    ItemMapping.objects.filter(item_number="IT-0001").update(units_per_piece=Decimal("0.25"), unit="KG")

    says(showing, OrderStage.SHIPPED, tables("1.25", shipped, unit="KG"))

    assert shown(showing)["outstanding"] == still


def test_what_was_told_already_is_not_told_again(showing):
    says(showing, OrderStage.RELEASED, tables("5"))

    OrderLink.objects.update(progress_asked_at=database_time())
    enqueue(FLOW, showing.hub.euro.pk)
    showing.hub.work(lambda: not OrderLink.objects.exclude(progress_asked_at=None).exists())

    assert showing.hub.messages(FLOW)[-1] == "told 0, refused 0"


def test_a_store_that_shows_nothing_is_not_written_to(showing):
    FulfilmentPolicy.objects.update(shows_progress=False)

    says(showing, OrderStage.SHIPPED, tables("5", "2"))

    assert "status" not in shown(showing)


def test_an_order_that_the_store_does_not_know_any_more_is_asked_about(showing):
    del showing.hub.shop().tables["Order"][showing.placed["id"]]

    says(showing, OrderStage.RELEASED, tables("5"))

    assert (FLOW, "record_rejected") in showing.hub.reviews()


def test_picked_and_packed_and_lots_come_from_the_shipment(showing):
    says(showing, OrderStage.RELEASED, tables("5"))
    packed = showing.document("S1", {"TAB-001": 2}, parcels=(), stage=ShipmentStage.PACKED)
    lots = (ShippedLine("", "IT-0001", "Table", Decimal(2), lots=("L-7",), serials=("S1", "S2")),)

    mirror_shipments(showing.hub.erp, [packed])
    showing.hub.work(lambda: shown(showing)["status"] == "packed")
    showing.again(packed, stage=ShipmentStage.SHIPPED, lines=lots)
    showing.hub.work(lambda: "lots" in shown(showing))

    assert shown(showing)["lots"] == "Table: L-7, S1, S2"


def test_nothing_is_outstanding_of_what_is_over_or_closed():
    def outstanding(order):
        values = {one.key: one.value for one in progress_metafields(order, [])}
        return values.get("outstanding")

    begun = document(tables("5", "2"), stage=OrderStage.SHIPPED)
    assert outstanding(begun) == "3 × Table"
    assert outstanding(replace(begun, stage=OrderStage.CLOSED)) == "Nothing"
    assert outstanding(document(tables("5", "2", is_closed=True), stage=OrderStage.SHIPPED)) == "Nothing"
    assert outstanding(document(tables("5"), stage=OrderStage.RELEASED)) is None
