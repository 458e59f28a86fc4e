from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F

from hub.connectors.documents import OrderStamp, Page
from hub.sync.enqueue import enqueue
from hub.sync.models import Alert, Connection, ReviewItem, SyncTask
from hub.sync.running import connectors_from
from orders.flows import check_order_ledger
from orders.flows.check_order_ledger import PAGES_A_RUN
from orders.models import ErpOrder, OrderLedger, OrderLink, OrderPolicy, StoreOrder
from tests.world import release

LONG_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


@pytest.fixture
def count(hub):
    """Count the orders of the first store now; returns the finished ledger."""

    def now():
        done = OrderLedger.objects.exclude(finished_at=None).count()
        enqueue("check_order_ledger", hub.euro.pk)
        hub.work(lambda: OrderLedger.objects.exclude(finished_at=None).count() > done)
        return OrderLedger.objects.latest("pk")

    return now


def classes(ledger):
    return {
        "in_erp": ledger.in_erp,
        "held": ledger.held,
        "excluded": ledger.excluded,
        "on_its_way": ledger.on_its_way,
        "unexplained": ledger.unexplained,
    }


def test_every_order_is_in_exactly_one_class_with_its_reason(hub, count):
    hub.place(po_number="PO-1")
    hub.place(po_number="PO-2", test=True)
    hub.place(po_number="PO-1")
    hub.buyer("cancel_order", order=hub.place(po_number="PO-3")["id"])
    hub.work_through()

    ledger = count()

    assert classes(ledger) == {"in_erp": 1, "held": 1, "excluded": 2, "on_its_way": 0, "unexplained": 0}
    assert ledger.reasons == {
        "excluded": {"cancelled before it was sent": 1, "test order, kept out": 1},
        "held": {"possible_duplicate": 1},
    }
    assert (ledger.listed, ledger.missed, ledger.total) == (4, 0, 4)


def test_an_order_that_nothing_explains_is_asked_about_and_sent_and_the_question_closes(hub, count):
    placed = hub.place(po_number="PO-1")
    OrderPolicy.objects.filter(store=hub.euro).update(takes_test_orders=False)
    StoreOrder.objects.all().delete()
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=False)
    hub.work(lambda: StoreOrder.objects.exists())
    # As if a bug had lost its task.
    SyncTask.objects.filter(flow="push_order_to_erp").delete()

    ledger = count()

    assert (ledger.unexplained, ledger.total) == (1, 1)
    item = ReviewItem.objects.get(state="open")
    assert (item.code, item.record_id) == ("order_unexplained", hub.order(placed).pk)
    assert placed["name"] in item.message
    assert count().unexplained == 0, "it is on its way"
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=True)
    hub.work_through()
    assert classes(count())["in_erp"] == 1
    assert not ReviewItem.objects.filter(state="open").exists()


def test_an_unexplained_order_stays_unexplained_while_only_the_ledger_asks_about_it(hub, count):
    hub.place(po_number="PO-1")
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=False)
    hub.work(lambda: StoreOrder.objects.exists())
    SyncTask.objects.filter(flow="push_order_to_erp").delete()
    count()
    SyncTask.objects.filter(flow="push_order_to_erp").delete()

    ledger = count()

    assert (ledger.unexplained, ledger.held) == (1, 0)
    assert ReviewItem.objects.filter(state="open").count() == 1


def test_an_order_that_neither_webhook_nor_pull_brought_is_read_and_people_are_told(hub, count):
    hub.place(po_number="PO-1")
    lost = hub.place(po_number="PO-2")
    hub.work_through()
    StoreOrder.objects.filter(external_id=lost["id"]).update(remote_updated_at=LONG_AGO - timedelta(hours=1))
    # An hour ago it was changed over there, and nothing told.
    hub.shop().get("Order", lost["id"]).update(
        updatedAt=LONG_AGO.strftime("%Y-%m-%dT%H:%M:%SZ"), note="Call first"
    )

    ledger = count()

    assert (ledger.missed, ledger.listed) == (1, 2)
    assert hub.order(lost).remote_updated_at == LONG_AGO
    assert "1 of 2 orders" in Alert.objects.get(closed_at=None).message
    assert count().missed == 0
    assert not Alert.objects.filter(closed_at=None).exists()


class LongList:
    """A store that lists one order a page; none of them can be read any more."""

    read_batch = 10

    def supporting(self, part):
        return self

    def read_orders(self, ids):
        return {}

    def changed_orders(self, since, after):
        page = int(after or since.external_id or 0)
        stamp = OrderStamp(str(page + 1), LONG_AGO + timedelta(seconds=page))
        return Page((stamp,), str(page + 1) if page + 1 < PAGES_A_RUN + 3 else None)


def test_a_long_list_is_read_on_from_where_the_last_run_stopped(hub):
    with connectors_from(lambda connection: LongList()):
        first = check_order_ledger.run(hub.euro, 0)
        second = check_order_ledger.run(hub.euro, 0)

    assert "more to come" in first
    assert "more to come" not in second
    ledger = OrderLedger.objects.get()
    assert (ledger.listed, ledger.finished_at is None) == (PAGES_A_RUN + 3, False)


def test_orders_that_a_person_gave_up_say_so(hub, count):
    hub.place(po_number="PO-1")
    hub.place(po_number="PO-1")
    hub.work_through()
    item = ReviewItem.objects.get(code="possible_duplicate")
    item.state, item.decision, item.closed_at = "decided", "dismissed", datetime.now(UTC)
    item.save()
    hub.work_through()

    ledger = count()

    assert ledger.reasons["excluded"] == {"dismissed by a person: possible duplicate": 1}


def an_hour_later(hub):
    """Time passes, and the look at documents of which nothing was heard comes."""
    OrderLink.objects.update(created_at=F("created_at") - timedelta(minutes=61))
    ErpOrder.objects.update(document_read_at=F("document_read_at") - timedelta(minutes=61))
    enqueue("read_erp_orders", hub.erp.pk)
    hub.settle()


def test_an_order_that_was_deleted_in_the_erp_is_held_by_its_question_and_in_the_erp_once_it_is_there(
    hub, count
):
    placed = hub.place(po_number="PO-1")
    hub.work_through()
    deleted = hub.erp_orders()[0]["number"]
    hub.clerk("delete_order", number=deleted)
    an_hour_later(hub)

    ledger = count()

    assert classes(ledger) == {"in_erp": 0, "held": 1, "excluded": 0, "on_its_way": 0, "unexplained": 0}
    assert ledger.reasons == {"excluded": {}, "held": {"totals_differ": 1}}
    release("totals_differ", "dismiss")
    assert count().reasons == {"excluded": {"dismissed by a person: totals differ": 1}, "held": {}}
    hub.buyer("cancel_order", order=placed["id"])
    hub.pull()
    hub.work_through()
    assert hub.reviews() == []
    assert hub.link(placed).cancelled_at is not None
    assert count().reasons == {"excluded": {"cancelled, and not in the ERP any more": 1}, "held": {}}


def test_an_order_that_was_closed_unsent_in_the_erp_and_that_nobody_asks_about_is_unexplained(make_hub):
    hub = make_hub(erp="netsuite")
    placed = hub.place(po_number="PO-1")
    hub.work_through()
    hub.clerk("close_order", id=hub.link(placed).external_id)
    an_hour_later(hub)
    assert hub.reviews() == []

    enqueue("check_order_ledger", hub.euro.pk)
    hub.work_through()

    ledger = OrderLedger.objects.latest("pk")
    assert (ledger.in_erp, ledger.unexplained) == (0, 1)
    item = ReviewItem.objects.get(state="open")
    assert item.code == "order_unexplained"
    assert f"{hub.link(placed).number} is cancelled or deleted in" in item.message
    release("order_unexplained", "dismiss")
    enqueue("check_order_ledger", hub.euro.pk)
    hub.work_through()
    ledger = OrderLedger.objects.latest("pk")
    assert (ledger.in_erp, ledger.unexplained, ledger.excluded) == (0, 0, 1)
    assert hub.reviews() == []
