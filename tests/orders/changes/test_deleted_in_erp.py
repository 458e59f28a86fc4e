"""A clerk deletes an order that we sent, and no pass over the changes tells of it: a person is told all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from hub.connectors.registry import CONNECTORS, connector_class
from hub.sync.enqueue import enqueue
from hub.sync.flows import Priority
from hub.sync.models import Connection, Cursor, ReviewItem, Schedule, SyncTask
from orders.looking_again import look_again
from orders.models import ErpOrder, OrderChangePolicy, OrderLink, OrderPolicy
from tests.fakes.telling import SETTLED, TellingErp, document
from tests.world import release

A_LITTLE_MORE = timedelta(minutes=61)
COMPARED, LEFT_TO_PEOPLE = ("sync_order_changes", "gone_in_erp"), ("check_order_totals", "totals_differ")


@pytest.fixture(params=[COMPARED, LEFT_TO_PEOPLE], ids=["compared", "left to people"])
def asked(request, hub):
    """What a person is asked: with a policy that has both sides compared, and without one."""
    if request.param is COMPARED:
        OrderChangePolicy.objects.create(store=hub.euro, accepts_erp_edits=True, cancels_in_store=True)
    return [request.param]


def send(hub, **order):
    """An order in the ERP whose totals are known to be equal."""
    placed = hub.place(**{"po_number": "PO-1", **order})
    hub.work_through()
    assert hub.link(placed).totals == "equal"
    return placed


def an_hour_later(hub):
    """Time passes, and the look at documents of which nothing was heard comes."""
    OrderLink.objects.update(created_at=F("created_at") - A_LITTLE_MORE)
    ErpOrder.objects.update(document_read_at=F("document_read_at") - A_LITTLE_MORE)
    enqueue("read_erp_orders", hub.erp.pk)
    hub.settle()


def delete(hub, placed):
    hub.clerk("delete_order", number=hub.link(placed).number)


def test_one_that_was_deleted_before_it_was_mirrored_is_asked_about_once(hub, asked):
    placed = send(hub)
    assert not ErpOrder.objects.exists()
    delete(hub, placed)
    hub.pull_erp()

    an_hour_later(hub)

    assert hub.reviews() == asked
    assert "is not in the ERP any more" in ReviewItem.objects.get(state="open").message
    release(asked[0][1], "dismiss")
    an_hour_later(hub)
    assert hub.reviews() == []


def test_one_that_was_sent_a_moment_ago_and_that_look_ups_do_not_show_yet_is_not_taken_for_deleted(hub):
    OrderChangePolicy.objects.create(store=hub.euro, accepts_erp_edits=True, cancels_in_store=True)
    placed = send(hub)
    hub.pull_erp()
    hub.settle()
    hub.faults({"kind": "lagging_lookup", "system": "erp", "operation": "GET sales*", "seconds": 600})
    OrderLink.objects.update(created_at=Now())
    enqueue("sync_order_changes", hub.erp.pk, [hub.order(placed).pk])

    hub.work()

    assert (hub.reviews(), hub.messages("sync_order_changes")[1:]) == ([], [])
    hub.forget_faults()
    hub.hurry()
    hub.settle()
    assert (hub.reviews(), hub.messages("sync_order_changes")[-1]) == ([], "both sides agree")


def test_one_that_was_mirrored_and_deleted_before_it_was_read_whole_is_asked_about(hub, asked):
    placed = send(hub)
    hub.pull_erp()
    # What was read meanwhile never came to be kept.
    ErpOrder.objects.update(
        document=None, document_read_at=None, document_hash="", stage="", needs_read=False
    )
    delete(hub, placed)

    an_hour_later(hub)

    assert hub.reviews() == asked


def test_one_that_is_deleted_long_after_it_was_sent_is_asked_about(hub, asked):
    placed = send(hub)
    an_hour_later(hub)
    assert (ErpOrder.objects.get().stage, hub.reviews()) == ("open", [])
    delete(hub, placed)

    an_hour_later(hub)

    [found] = hub.reviews()
    assert found[0] == asked[0][0]


def test_one_that_was_found_gone_before_it_was_linked_is_asked_about(hub):
    """The answer to its create was lost; the notice that it was deleted came before the look-up had linked it."""
    placed = send(hub)
    hub.pull_erp()
    hub.settle()
    delete(hub, placed)
    ErpOrder.objects.update(is_gone=True, needs_read=False, document_read_at=hub.link(placed).created_at)

    an_hour_later(hub)

    assert hub.reviews() == [LEFT_TO_PEOPLE]


def test_one_that_was_carried_there_before_us_is_asked_about(hub):
    OrderChangePolicy.objects.create(store=hub.euro, accepts_erp_edits=True)
    placed = send(hub)
    hub.pull_erp()
    OrderLink.objects.update(sent_document=None, is_adopted=True)
    an_hour_later(hub)
    delete(hub, placed)

    an_hour_later(hub)

    assert hub.reviews() == [COMPARED]


def test_one_that_was_posted_is_finished_and_not_looked_at_again(hub):
    placed = send(hub)
    hub.clerk("post_order", number=hub.link(placed).number)

    an_hour_later(hub)

    assert (ErpOrder.objects.get().stage, hub.reviews()) == ("closed", [])
    # What was read within a second of its stamp is read again.
    ErpOrder.objects.update(needs_read=False, document_read_at=F("document_read_at") - A_LITTLE_MORE)
    look_again(hub.erp)
    assert not ErpOrder.objects.get().needs_read


def test_nobody_is_asked_about_one_that_the_store_has_cancelled_as_well(hub):
    OrderPolicy.objects.update(cancels_in_erp=True)
    placed = send(hub)
    delete(hub, placed)
    hub.buyer("cancel_order", order=placed["id"])
    hub.pull()

    an_hour_later(hub)

    assert hub.reviews() == []


def test_netsuite_tells_of_no_deletion_either(make_hub):
    hub = make_hub(erp="netsuite")
    placed = send(hub)
    hub.clerk("delete_order", id=hub.link(placed).external_id)

    an_hour_later(hub)

    assert hub.reviews() == [LEFT_TO_PEOPLE]


@pytest.fixture
def telling(hub):
    """The hub's ERP tells its orders whole, two in a call, and has made one of an order of the store."""
    CONNECTORS["telling"] = ("erp", "Telling", "tests.fakes.telling.TellingErp")
    TellingErp.forget()
    Connection.objects.filter(pk=hub.erp.pk).update(system="telling", config={}, secrets={})
    yield TellingErp
    del CONNECTORS["telling"]
    connector_class.cache_clear()


@pytest.fixture
def five(hub, telling):
    """Links of five orders, of which no pass over the changes has told, nor ever does."""
    Schedule.objects.filter(flow="pull_erp_orders").update(is_enabled=False)
    hub.place(po_number="PO-1")
    hub.pull(until=OrderLink.objects.exists)
    link = OrderLink.objects.get()
    telling.hold(*(document(str(number), updated_at=SETTLED) for number in range(2, 6)))
    for number in range(2, 6):
        order, link.pk, link.external_id = link.order, None, str(number)
        order.pk, order.external_id = None, f"gid://shopify/Order/{number}"
        order.save(force_insert=True)
        link.order = order
        link.save(force_insert=True)
    telling.hold(document(OrderLink.objects.earliest("pk").external_id, updated_at=SETTLED))
    # What its totals are read of is no newer: a document older than that would be read for ever.
    telling.orders = {key: replace(order, updated_at=SETTLED) for key, order in telling.orders.items()}
    ErpOrder.objects.all().delete()
    telling.reads.clear()
    return telling


def test_many_are_read_in_batches(hub, five):
    an_hour_later(hub)

    assert [len(read) for read in five.reads] == [2, 2, 1]
    assert ErpOrder.objects.filter(stage="released", needs_read=False).count() == 5


def test_the_look_asks_the_database_as_often_for_many_as_for_one(hub, five):
    def statements():
        OrderLink.objects.update(created_at=F("created_at") - A_LITTLE_MORE)
        with CaptureQueriesContext(database) as captured:
            look_again(hub.erp)
        return len(captured)

    for_five = statements()
    assert ErpOrder.objects.filter(needs_read=True).count() == 5
    first = OrderLink.objects.earliest("pk")
    Cursor.objects.filter(flow="read_erp_orders").update(external_id=str(first.pk - 1))
    OrderLink.objects.exclude(pk=first.pk).delete()
    ErpOrder.objects.all().delete()

    assert statements() <= for_five
    assert ErpOrder.objects.get().needs_read


def test_first_looks_are_compared_when_nothing_else_waits(hub, five):
    """A policy that begins to compare finds thousands of them: quotes and shipments do not wait for those."""
    OrderChangePolicy.objects.create(store=hub.euro, accepts_erp_edits=True)
    # Other work on the same orders comes first, in an hour: the comparisons stay in the queue.
    enqueue("check_order_twin", hub.erp.pk, OrderLink.objects.values_list("order_id", flat=True), delay=3600)

    def look(*changed):
        OrderLink.objects.update(created_at=F("created_at") - A_LITTLE_MORE)
        ErpOrder.objects.update(document_read_at=F("document_read_at") - A_LITTLE_MORE)
        five.hold(*changed)
        enqueue("read_erp_orders", hub.erp.pk)
        hub.work(lambda: not SyncTask.objects.filter(flow="read_erp_orders").exists())
        compared = SyncTask.objects.filter(flow="sync_order_changes").order_by("priority")
        return [task.priority for task in compared]

    assert look() == 5 * [Priority.BACKGROUND]
    assert look(document("2", is_held=True)) == [Priority.ORDER] + 4 * [Priority.BACKGROUND]


def test_one_that_is_there_again_is_asked_about_no_more(hub, asked):
    """Restored, or ours to see again: no change tells of that."""
    placed = send(hub)
    an_hour_later(hub)
    records = hub.server.registry.get("erp", hub.world.erp_name).state["salesOrders"].records
    hidden = records.pop(hub.link(placed).external_id)
    an_hour_later(hub)
    assert hub.reviews() == [(asked[0][0], hub.reviews()[0][1])]
    an_hour_later(hub)
    assert (len(hub.reviews()), ErpOrder.objects.get().is_gone) == (1, True)

    records[hidden["id"]] = hidden
    an_hour_later(hub)

    assert (hub.reviews(), ErpOrder.objects.get().is_gone) == ([], False)
