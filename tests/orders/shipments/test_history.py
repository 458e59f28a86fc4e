"""Orders that a backfill brings were shipped before they stood in the store: told as they are, and nobody is mailed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import pytest
from django.db import connection as database

from hub.connectors.shipment_documents import ShipmentStage
from hub.demo import goods
from hub.sync.enqueue import enqueue
from hub.sync.models import Cursor
from orders.models import (
    ErpOrder,
    ErpShipment,
    FulfilmentPolicy,
    OfflineBackfill,
    OfflineOrderPolicy,
    OrderLink,
    StoreOrder,
)
from orders.shipments.history import left_before_copy
from orders.timeline import timeline
from tests.admin.rows import link, make_orders, make_pair
from tests.orders.offline_orders import link_location, show_offline_orders
from tests.orders.shipping import TABLES, Shipping

NOW = datetime.now(UTC)
TODAY = NOW.date()
LONG_AGO = timedelta(days=80)


@pytest.fixture
def showing(hub):
    """The store shows the ERP's own orders from today on, and mails its buyers what was shipped."""
    hub.policy = show_offline_orders(hub)
    FulfilmentPolicy.objects.create(store=hub.euro, notifies_buyer=True)
    link_location(hub)
    hub.leave_to_webhooks()
    return hub


class Taken:
    """An order that a clerk took so many days ago, five pieces."""

    def __init__(self, hub, days=90):
        self.hub = hub
        day = (TODAY - timedelta(days=days)).isoformat()
        line = {"lineType": "Item", "lineObjectNumber": goods.item_number(1), "quantity": 5, "unitPrice": 10}
        self.number = hub.clerk(
            "create_order",
            order={
                "customerNumber": "10000",
                "externalDocumentNumber": f"PHONE-{days}",
                "orderDate": day,
                "postingDate": day,
                "salesOrderLines": [line | {"taxCode": "VAT19"}],
            },
        )["number"]

    def ships(self, pieces, *, ago=timedelta()):
        """The ERP posts a shipment; one that was posted long ago was not changed since."""
        line = {"sequence": 10000, "quantity": pieces}
        if not ago:
            self.hub.clerk("edit_order", number=self.number, changes={"postingDate": TODAY.isoformat()})
        made = self.hub.clerk("ship_order", number=self.number, lines=[line], tracking=f"1Z{pieces}")
        company = self.hub.server.registry.get("erp", self.hub.world.erp_name)
        shipments = company.state["salesShipments"]
        shipments.put(shipments.records[made["id"]] | {"lastModifiedDateTime": datetime.now(UTC) - ago})
        return made["number"]

    def in_store(self):
        link = OrderLink.objects.get(number=self.number)
        orders = self.hub.truth("stores")["orders"]
        return next(order for order in orders if order["id"] == link.order.external_id)

    def fulfilments(self):
        """Pieces, and what the buyer was mailed."""
        made = [one for one in self.in_store()["fulfillments"] if one["status"] != "CANCELLED"]
        return [(sum(one["lines"].values()), one["mails"]) for one in made]

    def status(self):
        return self.in_store()["displayFulfillmentStatus"]


def mirror_orders(hub):
    hub.pull_erp()
    hub.hurry()
    hub.work(horizon=0.5)


def pull_shipments(hub):
    enqueue("pull_erp_shipments", hub.erp.pk)
    hub.work()


def backfill(hub, days=100):
    OfflineBackfill.objects.create(policy=hub.policy, orders_from=TODAY - timedelta(days=days))
    enqueue("backfill_store_orders", hub.euro.pk)
    hub.work()


def test_what_left_before_the_pull_began_is_read_by_its_order_and_told_without_a_mail(showing):
    hub, order = showing, Taken(showing)
    order.ships(2, ago=LONG_AGO)
    mirror_orders(hub)

    backfill(hub)
    pull_shipments(hub)

    assert (order.fulfilments(), order.status()) == ([(2, [])], "PARTIALLY_FULFILLED")
    made = OrderLink.objects.get()
    assert any("brought by a backfill" in event.words for event in timeline(made.order, [made]))
    assert hub.messages("push_shipment_to_store")[-1].endswith(
        "not told: it left before the order was copied"
    )

    order.ships(3)
    pull_shipments(hub)

    assert (order.fulfilments(), order.status()) == ([(2, []), (3, ["shipped"])], "FULFILLED")
    assert hub.reviews() == []


def test_a_second_backfill_reads_and_sends_nothing_again(showing):
    hub, order = showing, Taken(showing)
    order.ships(2, ago=LONG_AGO)
    mirror_orders(hub)
    backfill(hub)
    pull_shipments(hub)
    reads = hub.erp_requests()

    backfill(hub)

    assert hub.erp_requests() == reads
    pull_shipments(hub)
    assert (hub.shop().calls["fulfillmentCreate"], order.fulfilments()) == (1, [(2, [])])
    assert not OrderLink.objects.filter(needs_shipments=True).exists()


def test_what_the_mirror_held_already_attaches_without_a_mail(showing):
    hub, order = showing, Taken(showing)
    order.ships(2, ago=LONG_AGO)
    mirror_orders(hub)
    Cursor.objects.update_or_create(
        connection=hub.erp, flow="pull_erp_shipments", defaults={"stamp": NOW - timedelta(days=85)}
    )
    pull_shipments(hub)
    assert ErpShipment.objects.get().order is None

    backfill(hub)
    pull_shipments(hub)

    assert order.fulfilments() == [(2, [])]


def test_tracking_that_is_corrected_later_is_no_mail_either(showing):
    hub, order = showing, Taken(showing)
    hub.clerk("publish_page")
    hub.erp.config |= {"shipments_page": "Posted_Sales_Shipment"}
    hub.erp.save()
    number = order.ships(2, ago=LONG_AGO)
    mirror_orders(hub)
    backfill(hub)
    pull_shipments(hub)

    hub.clerk("correct_shipment", shipment=number, tracking="1Z-NEW")
    pull_shipments(hub)

    [made] = order.in_store()["fulfillments"]
    assert ([row["number"] for row in made["trackingInfo"]], made["mails"]) == (["1Z-NEW"], [])


def test_an_order_of_today_that_was_shipped_before_it_was_copied_is_told_with_a_mail(showing):
    hub, order = showing, Taken(showing, days=0)
    order.ships(2)
    mirror_orders(hub)

    pull_shipments(hub)

    assert order.fulfilments() == [(2, ["shipped"])]


def test_what_was_delivered_before_is_told_without_an_event_and_what_comes_later_as_always(hub):
    FulfilmentPolicy.objects.create(store=hub.euro, notifies_buyer=True)
    shipping = Shipping(hub)
    OrderLink.objects.update(is_history=True)

    shipping.ships("S1", {TABLES: 2}, stage=ShipmentStage.DELIVERED)
    now = {"shipped_at": NOW + timedelta(hours=1), "updated_at": NOW + timedelta(hours=1)}
    shipping.ships("S2", {TABLES: 3}, stage=ShipmentStage.DELIVERED, **now)

    made = shipping.truth()["fulfillments"]
    assert [(sum(one["lines"].values()), one["mails"]) for one in made] == [
        (2, []),
        (3, ["shipped", "delivered"]),
    ]
    assert [len(one["events"]) for one in made] == [0, 1]


# The copy was linked at 03:00 UTC on the 23rd: on the 22nd in Los Angeles.
COPIED = datetime(2026, 11, 23, 3, tzinfo=UTC)
BEFORE, AFTER = COPIED - timedelta(minutes=1), COPIED + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("changed", "left", "zone", "is_before"),
    [
        (BEFORE, None, "UTC", True),
        (BEFORE, BEFORE, "UTC", True),
        (AFTER, datetime(2026, 9, 1, 12, tzinfo=UTC), "UTC", True),
        (AFTER, datetime(2026, 11, 22, 12, tzinfo=UTC), "UTC", True),
        (AFTER, datetime(2026, 11, 22, 12, tzinfo=UTC), "America/Los_Angeles", False),
        (AFTER, datetime(2026, 11, 21, 12, tzinfo=UTC), "America/Los_Angeles", True),
        (AFTER, AFTER, "UTC", False),
        (AFTER, None, "UTC", False),
    ],
)
def test_it_left_before_the_copy_by_its_stamp_or_by_its_day_where_the_erp_is(
    db, changed, left, zone, is_before
):
    store, erp = make_pair()
    erp.time_zone = zone
    erp.save()
    [order] = make_orders(store, 1)
    link([order], erp)
    OrderLink.objects.update(created_at=COPIED, is_history=True)
    row = ErpShipment(connection=erp, order=order, remote_updated_at=changed, shipped_at=left)

    assert left_before_copy(row) is is_before
    OrderLink.objects.update(is_history=False)
    assert not left_before_copy(row), "an order that was not brought by a backfill"


def test_copies_of_the_version_before_are_marked_by_the_migration(db):
    store, erp = make_pair()
    OfflineOrderPolicy.objects.create(store=store, erp=erp, orders_from=date(2026, 11, 1))
    orders = make_orders(store, 5)
    link(orders, erp)
    days = ["2026-10-31", "2026-11-01", "2026-10-31", None, "2026-10-31"]
    for order, day in zip(orders, days, strict=True):
        ErpOrder.objects.filter(external_id=f"id-{order.pk}").update(document={"order_date": day})
    OrderLink.objects.exclude(order=orders[2]).update(origin="erp")
    StoreOrder.objects.filter(pk=orders[4].pk).update(cancelled_at=COPIED)

    with database.cursor() as cursor:
        cursor.execute(import_module("orders.migrations.0042_history_of_copies").HISTORY)

    marked = (
        OrderLink.objects.filter(is_history=True).order_by("order").values_list("order", "needs_shipments")
    )
    assert list(marked) == [(orders[0].pk, True), (orders[4].pk, False)]
