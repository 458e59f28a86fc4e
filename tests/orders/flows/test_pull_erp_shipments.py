"""Shipments pulled from an ERP in memory: what is tested is what the mirror holds, and which store is told of what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.connectors.registry import CONNECTORS, connector_class
from hub.connectors.shipment_documents import ShipmentStage
from hub.errors import RecordRejected, Unreachable
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, Cursor, SyncTask
from orders.flows import pull_erp_shipments
from orders.models import (
    ErpOrder,
    ErpShipment,
    FulfilmentPolicy,
    OfflineOrderPolicy,
    OrderLink,
    OrderPolicy,
    StoreOrder,
)
from tests.admin.rows import link, make_orders, make_pair, make_store
from tests.fakes.shipping import ShippingErp

UNDONE = ShipmentStage.UNDONE


@pytest.fixture
def shipping():
    """An ERP in memory that ships."""
    CONNECTORS["shipping"] = ("erp", "Shipping", "tests.fakes.shipping.ShippingErp")
    ShippingErp.forget()
    yield ShippingErp
    del CONNECTORS["shipping"]
    connector_class.cache_clear()


@pytest.fixture
def store(db, shipping):
    """A store that sends the ERP its orders and is told of shipments."""
    made, erp = make_pair()
    Connection.objects.filter(pk=erp.pk).update(system="shipping", config={}, secrets={})
    FulfilmentPolicy.objects.create(store=made)
    return made


@pytest.fixture
def erp(store):
    return Connection.objects.get(system="shipping")


@pytest.fixture
def order(store, erp):
    """An order of the store's that the ERP has."""
    [made] = make_orders(store, 1)
    link([made], erp)
    return made


def pull(erp):
    return pull_erp_shipments.run(erp, 0)


def ship(shipping, order, external_id="S1", **changes):
    """A shipment of an order that is linked."""
    return shipping.ship(external_id, order_external_id=f"id-{order.pk}", **changes)


def stages():
    return dict(ErpShipment.objects.order_by("external_id").values_list("external_id", "stage"))


def told():
    """The orders that their store is to be told of."""
    tasks = SyncTask.objects.filter(flow="push_shipment_to_store")
    found = sorted(tasks.values_list("record_id", flat=True))
    tasks.delete()
    return found


def an_hour_passes():
    ErpShipment.objects.update(observed_at=datetime.now(UTC) - timedelta(hours=1))


def test_what_was_shipped_is_mirrored_and_the_orders_store_told(shipping, erp, order):
    ship(shipping, order)

    words = pull(erp)

    shipment = ErpShipment.objects.get()
    assert words == "saw 1, read 0 again"
    assert (shipment.number, shipment.stage, shipment.order) == ("SH1", "shipped", order)
    assert told() == [order.pk]


def test_second_run_changes_nothing_and_reads_with_an_overlap(shipping, erp, order):
    ship(shipping, order)
    pull(erp)
    before = ErpShipment.objects.values("pk", "document_hash", "order_id").get()

    pull(erp)

    assert ErpShipment.objects.values("pk", "document_hash", "order_id").get() == before
    since = shipping.asked[-1][1]
    assert (
        Cursor.objects.get(flow="pull_erp_shipments").stamp - since.updated_at == pull_erp_shipments.OVERLAP
    )


def test_a_pass_covers_what_was_there_when_it_began(shipping, erp):
    pull(erp)

    assert Cursor.objects.get(flow="pull_erp_shipments").covered_at < shipping.asked_at[-1]


def test_a_shipment_waits_for_its_order_to_be_linked(shipping, store, erp):
    [order] = make_orders(store, 1)
    ship(shipping, order)
    pull(erp)
    assert (ErpShipment.objects.get().order, told()) == (None, [])

    link([order], erp)
    pull(erp)

    assert ErpShipment.objects.get().order == order
    assert told() == [order.pk]


def test_the_first_pass_begins_a_day_before_the_first_link(shipping, erp, order):
    pull(erp)

    assert shipping.asked[0][1].updated_at == OrderLink.objects.get().created_at - timedelta(days=1)


def test_a_plan_is_not_mirrored_and_what_was_taken_back_is(shipping, erp, order):
    ship(shipping, order)
    ship(shipping, order, "PLAN", stage=UNDONE)
    pull(erp)
    assert stages() == {"S1": "shipped"}

    ship(shipping, order, stage=UNDONE)
    pull(erp)

    assert stages() == {"S1": "undone"}


def test_a_shipment_that_is_gone_there_is_undone_and_its_store_told(shipping, erp, order):
    for key in ("S1", "S2", "S3"):
        ship(shipping, order, key)
    pull(erp)
    told()
    an_hour_passes()

    del shipping.shipments["S2"]
    words = pull(erp)

    assert words == "saw 2, read 3 again"
    assert stages() == {"S1": "shipped", "S2": "undone", "S3": "shipped"}
    assert told() == [order.pk]


def test_what_was_taken_back_without_a_new_stamp_is_seen_when_it_is_read_again(shipping, erp, order):
    stamp = ship(shipping, order).updated_at
    pull(erp)
    # Its stamp lies before the overlap of the next pass.
    Cursor.objects.update(stamp=stamp + timedelta(hours=1))
    an_hour_passes()

    ship(shipping, order, stage=UNDONE, lines=(), updated_at=stamp)
    pull(erp)

    assert stages() == {"S1": "undone"}


@pytest.mark.parametrize(
    ("age", "unseen", "reads"),
    [
        (timedelta(hours=1), timedelta(minutes=10), 0),
        (timedelta(hours=1), timedelta(minutes=20), 1),
        (timedelta(days=2), timedelta(hours=11), 0),
        (timedelta(days=2), timedelta(hours=13), 1),
        (timedelta(days=15), timedelta(days=10), 0),
    ],
)
def test_the_older_a_shipment_is_the_longer_it_rests(shipping, erp, order, age, unseen, reads):
    ship(shipping, order)
    pull(erp)
    now = datetime.now(UTC)
    ErpShipment.objects.update(remote_updated_at=now - age, observed_at=now - unseen)

    assert pull(erp).endswith(f"read {reads} again")


def test_an_old_shipment_is_read_again_once_its_order_changed(shipping, erp, order):
    ship(shipping, order)
    pull(erp)
    now = datetime.now(UTC)
    old = {"remote_updated_at": now - timedelta(days=90), "observed_at": now - timedelta(days=60)}
    ErpShipment.objects.update(**old)
    # Its stamp lies before the overlap of the next passes.
    Cursor.objects.update(stamp=now + timedelta(hours=1))
    ErpOrder.objects.update(remote_updated_at=now - timedelta(days=61))
    assert pull(erp).endswith("read 0 again")

    ship(shipping, order, stage=UNDONE, lines=(), updated_at=old["remote_updated_at"])
    ErpOrder.objects.update(remote_updated_at=now)

    assert pull(erp).endswith("read 1 again")
    assert (stages(), told()) == ({"S1": "undone"}, [order.pk])
    assert pull(erp).endswith("read 0 again")


def test_a_pass_reads_some_again_and_the_next_one_others(shipping, erp, order):
    for number in range(5):
        ship(shipping, order, f"S{number}")
    pull(erp)
    an_hour_passes()
    Cursor.objects.update(stamp=datetime.now(UTC) + timedelta(hours=1))

    assert [pull(erp) for _ in range(3)] == [f"saw 0, read {count} again" for count in (4, 1, 0)]


def test_shipments_of_no_order_of_ours_are_not_read_again(shipping, erp):
    shipping.ship("S1")
    pull(erp)
    an_hour_passes()

    assert pull(erp).endswith("read 0 again")


def test_an_ERP_that_tells_what_was_taken_back_is_not_asked_again(shipping, erp, order):
    shipping.tells_undone = True
    ship(shipping, order)
    pull(erp)
    an_hour_passes()

    assert pull(erp).endswith("read 0 again")


def test_what_was_stored_stays_where_a_page_fails_and_the_next_pass_goes_on_from_there(shipping, erp, order):
    for key in ("S1", "S2", "S3"):
        ship(shipping, order, key)
    shipping.failure = Unreachable("Nobody answers.")
    with pytest.raises(Unreachable):
        pull(erp)
    assert sorted(stages()) == ["S1", "S2"]

    shipping.failure = None
    pull(erp)

    assert sorted(stages()) == ["S1", "S2", "S3"]


def test_nothing_is_asked_where_no_store_is_told_of_shipments(shipping, erp, order):
    FulfilmentPolicy.objects.update(is_on=False)

    assert pull(erp) == "no store is told of shipments"
    assert shipping.asked == []


def test_a_store_that_only_shows_the_erps_orders_is_told_of_what_was_shipped_of_them(
    shipping, store, erp, order
):
    ship(shipping, order)
    OrderPolicy.objects.all().delete()
    OfflineOrderPolicy.objects.create(store=store, erp=erp)

    pull(erp)

    assert (stages(), told()) == ({"S1": "shipped"}, [order.pk])


def test_an_ERP_without_shipments_tells_none(shipping, erp):
    CONNECTORS["shipping"] = ("erp", "Drafting", "tests.fakes.drafting.DraftingErp")
    connector_class.cache_clear()

    assert pull(erp) == "it tells none"


def test_a_refusal_stops_this_flow_alone_and_goes_to_review(hub, shipping):
    Connection.objects.filter(pk=hub.erp.pk).update(system="shipping", config={}, secrets={})
    FulfilmentPolicy.objects.create(store=hub.euro)
    for key in ("S1", "S2", "S3"):
        shipping.ship(key)
    shipping.failure = RecordRejected("The page is not published.")

    enqueue("pull_erp_shipments", hub.erp.pk)
    hub.work(hub.reviews)

    assert [flow for flow, _ in hub.reviews()] == ["pull_erp_shipments"]
    assert Connection.objects.get(pk=hub.erp.pk).paused_at is None
    assert (len(stages()), StoreOrder.objects.count()) == (2, 0)


@pytest.fixture
def copies(shipping, store, erp):
    """Five orders copied from the ERP: four were shipped before anything of ours was there, one is only planned."""
    orders = make_orders(store, 5)
    link(orders, erp)
    OrderLink.objects.update(origin="erp", needs_shipments=True)
    old = datetime.now(UTC) - timedelta(days=300)
    for order in orders[:4]:
        ship(shipping, order, f"S{order.pk}", updated_at=old)
    ship(shipping, orders[4], "PLAN", stage=UNDONE, updated_at=old)
    return orders


def asked_of_orders(shipping):
    return [asked[1:] for asked in shipping.asked if asked[0] == "of orders"]


def test_what_was_shipped_of_copies_before_is_read_by_many_orders_a_call_and_once(shipping, erp, copies):
    assert pull(erp) == "saw 0, read 0 again, those of 4 copies for the first time"
    assert [len(ids) for ids in asked_of_orders(shipping)] == [2, 2], "two calls of two orders a pass"
    assert pull(erp) == "saw 0, read 0 again, those of 1 copies for the first time"
    assert pull(erp) == "saw 0, read 0 again"

    assert sorted(key for ids in asked_of_orders(shipping) for key in ids) == [
        f"id-{one.pk}" for one in copies
    ]
    assert stages() == {f"S{one.pk}": "shipped" for one in copies[:4]}
    assert told() == [one.pk for one in copies[:4]]


def test_orders_whose_shipments_could_not_be_read_are_read_by_the_next_pass(shipping, erp, copies):
    shipping.failure = Unreachable("Nobody answers.")
    with pytest.raises(Unreachable):
        pull(erp)

    shipping.failure = None
    pull(erp)

    assert len(stages()) == 4


def test_copies_wait_until_their_own_store_is_told_of_shipments(shipping, store, erp, copies):
    other = make_store("US")
    FulfilmentPolicy.objects.filter(store=store).update(is_on=False)
    OrderPolicy.objects.create(store=other, erp=erp)
    FulfilmentPolicy.objects.create(store=other)

    pull(erp)

    assert asked_of_orders(shipping) == []
    FulfilmentPolicy.objects.filter(store=store).update(is_on=True)
    pull(erp)
    assert len(asked_of_orders(shipping)) == 2
