"""Orders between two ERPs, two bodies, two documents: what must not double, be lost or go out with old values."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now

from hub.connectors.documents import ErpSalesOrder, ErpTotals
from hub.errors import Conflict
from hub.sync.enqueue import enqueue
from hub.sync.inbox import receive_batch
from hub.sync.models import Attempt, Connection, SyncTask
from hub.sync.running import open_connector
from orders.flows import push_erp_references
from orders.freshness import database_time
from orders.linking import link_order
from orders.mirroring import mirror_orders
from orders.models import OrderLink, OrderPolicy, StoreOrder
from tests.world import release

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = timedelta(hours=4)


def other_erp(hub) -> Connection:
    """Another connection to the same ERP: what it sends arrives where the first one's orders are."""
    other = Connection.objects.get(pk=hub.erp.pk)
    other.pk, other.public_id, other.name, other.code = (
        None,
        "7c4b0b4e-0000-4000-8000-000000000001",
        "Other",
        "OT",
    )
    other.save(force_insert=True)
    return other


def a_document(hub, placed, **changes) -> ErpSalesOrder:
    link = hub.link(placed)
    document = ErpSalesOrder(
        external_id=link.external_id,
        number=link.number,
        reference=link.reference,
        status="Open",
        customer_number="10000",
        updated_at=datetime.now(UTC),
        totals=None,
    )
    return replace(document, **changes)


def an_attempt(hub, order) -> Attempt:
    return Attempt.objects.create(
        task_id=1,
        flow="push_order_to_erp",
        connection=hub.erp,
        subject=f"order:{order.pk}",
        operation="create_sales_order",
        key="PO-1/EU-1",
        values={"currency": "EUR", "total": "20.00", "tax": "3.19"},
        fence=1,
        started_at=Now(),
        deadline_at=Now(),
        settle_at=Now(),
    )


def wait_until_somebody_waits():
    """Until a session stands before a lock."""
    for _ in range(500):
        with database.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


# ------------------------------------------------------------------------------------------------ two ERPs


def test_an_order_that_was_sent_is_not_sent_again_when_the_store_moves_to_another_erp(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()
    other = other_erp(hub)
    OrderPolicy.objects.filter(store=hub.euro).update(erp=other)

    enqueue("push_order_to_erp", other.pk, [hub.order(placed).pk])
    hub.work()

    assert hub.sent() == 1
    assert hub.messages("push_order_to_erp")[-1].startswith("already in ")


def test_an_order_that_waited_for_the_former_erp_is_not_sent_there_any_more(hub):
    hub.link_companies()
    other = other_erp(hub)
    OrderPolicy.objects.filter(store=hub.euro).update(erp=other)
    Connection.objects.filter(pk=other.pk).update(is_enabled=False)
    placed = hub.place(po_number="PO-1")
    hub.pull()
    SyncTask.objects.filter(flow="push_order_to_erp").delete()

    hub.push(placed)

    assert hub.sent() == 1
    assert hub.messages("push_order_to_erp")[-1] == "the store's orders go to another ERP"


def test_an_order_that_waited_for_an_erp_that_is_switched_off_goes_to_the_next(hub):
    hub.link_companies()
    other = other_erp(hub)
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=False)
    placed = hub.place(po_number="PO-1")
    hub.pull()

    policy = OrderPolicy.objects.get(store=hub.euro)
    policy.erp = other
    policy.save()

    waiting = SyncTask.objects.filter(flow="push_order_to_erp", connection=other)
    assert list(waiting.values_list("record_id", flat=True)) == [hub.order(placed).pk]


# ------------------------------------------------------------------------------------- before its policy


def policy_of(hub, **values):
    """A person says where the store's orders go."""
    return OrderPolicy.objects.create(store=hub.euro, erp=hub.erp, **values)


def test_an_order_that_came_before_its_stores_policy_is_sent_once_there_is_one(hub):
    OrderPolicy.objects.filter(store=hub.euro).delete()
    hub.place(po_number="PO-1")
    hub.pull()
    assert not SyncTask.objects.filter(flow="push_order_to_erp").exists()

    policy_of(hub, orders_from=datetime.now(UTC) - timedelta(minutes=5))
    hub.work()

    assert hub.sent() == 1


def test_orders_from_before_the_policys_date_stay_out_until_the_date_is_moved(hub):
    OrderPolicy.objects.filter(store=hub.euro).delete()
    hub.place(po_number="PO-1")
    hub.pull()

    policy = policy_of(hub, orders_from=datetime.now(UTC) + timedelta(minutes=5))
    hub.work()
    assert (hub.sent(), hub.outcomes("push_order_to_erp")) == (0, [])

    policy.orders_from = datetime.now(UTC) - timedelta(minutes=5)
    policy.save()
    hub.work()
    assert hub.sent() == 1


def test_a_policy_saved_without_a_new_date_or_erp_asks_for_nothing(hub):
    hub.place(po_number="PO-1", test=True)
    hub.work()
    before = len(hub.outcomes("push_order_to_erp"))

    OrderPolicy.objects.get(store=hub.euro).save()
    hub.work()

    assert len(hub.outcomes("push_order_to_erp")) == before


def test_an_order_that_is_being_mirrored_while_its_policy_is_made_is_sent(hub):
    OrderPolicy.objects.filter(store=hub.euro).delete()
    placed = hub.place(po_number="PO-1")
    with closing(open_connector(hub.euro)) as store:
        found = list(store.read_orders([placed["id"]]).values())

    def decide():
        try:
            policy_of(hub, orders_from=datetime.now(UTC) - timedelta(minutes=5))
        finally:
            database.close()

    person = threading.Thread(target=decide)
    with transaction.atomic():
        mirror_orders(hub.euro, found, read_at=database_time())
        person.start()
        wait_until_somebody_waits()
    person.join(120)

    order = hub.order(placed)
    assert SyncTask.objects.filter(flow="push_order_to_erp", record_id=order.pk).exists()


# ------------------------------------------------------------------------------------------- old news


def test_B6_a_webhook_that_comes_hours_late_says_nothing_of_now(hub):
    hub.link_companies()
    placed = hub.place(po_number="PO-1")
    body = hub.body(placed)
    hub.buyer("cancel_order", order=placed["id"])
    told_at = (datetime.now(UTC) - LONG_AGO).strftime("%Y-%m-%dT%H:%M:%SZ")

    hub.post(body, topic="orders/create", **{"X-Shopify-Triggered-At": told_at})
    hub.work()

    assert hub.sent() == 1
    assert hub.messages("push_order_to_erp")[-1] == "cancelled before it was sent"


def test_B6_a_body_seen_again_makes_no_mirror_fresh(hub):
    hub.link_companies()
    hub.leave_to_webhooks()
    body = hub.body(hub.place(po_number="PO-1"))
    hub.post(body)
    hub.work()
    StoreOrder.objects.update(observed_at=Now() - LONG_AGO)

    hub.post(body)
    hub.work()

    order = StoreOrder.objects.get(po_number="PO-1")
    assert order.observed_at < datetime.now(UTC) - timedelta(hours=3)


def test_an_order_that_the_store_does_not_know_any_more_is_shown_to_a_person(hub):
    hub.link_companies()
    placed = hub.place(po_number="PO-1")
    body = hub.body(placed)
    hub.shop().tables["Order"].pop(placed["id"])
    told_at = (datetime.now(UTC) - LONG_AGO).strftime("%Y-%m-%dT%H:%M:%SZ")

    hub.post(body, **{"X-Shopify-Triggered-At": told_at})
    hub.work()

    assert hub.sent() == 1
    assert hub.reviews() == [("read_store_orders", "order_gone")]

    release("order_gone", "dismiss")
    hub.hurry()
    hub.work()

    assert (hub.sent(), hub.reviews()) == (1, [])
    assert not SyncTask.objects.filter(flow="push_order_to_erp").exists()


def test_an_order_that_asks_to_be_read_while_a_newer_version_is_written_is_decided_again(hub):
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=False)
    placed = hub.place(po_number="PO-1")
    hub.pull()
    SyncTask.objects.all().delete()
    body = hub.body(placed, tags="paid", updated_at=(datetime.now(UTC) + timedelta(seconds=5)).isoformat())

    def receive():
        try:
            hub.post(body)
            receive_batch(hub.euro)
        finally:
            database.close()

    receiver = threading.Thread(target=receive)
    with transaction.atomic():
        # As a run does that finds the order's mirror too old.
        StoreOrder.objects.update(needs_read=True)
        receiver.start()
        wait_until_somebody_waits()
    receiver.join(120)

    order = hub.order(placed)
    assert (order.document["tags"], order.needs_read) == (["paid"], False)
    assert SyncTask.objects.filter(flow="push_order_to_erp", record_id=order.pk).exists()


# --------------------------------------------------------------------------------------- two documents


def test_A4_a_second_document_of_a_linked_order_is_compared_with_the_erp_until_it_is_gone(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()
    order = hub.order(placed)

    with pytest.raises(Conflict):
        link_order(order, hub.erp, a_document(hub, placed, external_id="another"), an_attempt(hub, order))

    assert SyncTask.objects.filter(flow="check_order_twin", record_id=order.pk).exists()
    assert set(hub.attempts()) == {"confirmed"}


def test_A4_a_document_of_another_order_stays_an_open_question_and_nothing_is_sent_again(hub):
    first = hub.place(po_number="PO-1")
    hub.work()
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=False)
    second = hub.place(po_number="PO-2")
    hub.pull()
    order = hub.order(second)

    with pytest.raises(Conflict):
        link_order(order, hub.erp, a_document(hub, first), an_attempt(hub, order))

    assert hub.attempts() == ["confirmed", "open"]


def test_F9_the_right_number_in_the_wrong_currency_is_not_equal(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()
    order, document = hub.order(placed), a_document(hub, placed)
    totals = {"excluding_tax": 1681, "tax": 319, "including_tax": 2000}
    from decimal import Decimal

    amounts = {name: Decimal(cents) / 100 for name, cents in totals.items()}
    OrderLink.objects.all().delete()

    link = link_order(
        order, hub.erp, replace(document, totals=ErpTotals("USD", **amounts)), an_attempt(hub, order)
    )

    assert link.totals == "unread"


# ------------------------------------------------------------------------------------- written back


def test_a_refusal_without_words_is_a_refusal(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()
    link = hub.link(placed)

    push_erp_references._refuse([link], {placed["id"]: ""})

    assert hub.link(placed).reference_error != ""


def test_a_question_about_a_reference_is_closed_when_the_reference_was_written(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()
    removed = hub.shop().tables["Order"].pop(placed["id"])
    hub.work_through()
    hub.shop().tables["Order"][placed["id"]] = removed

    release("record_rejected", "try_again")
    hub.work_through()

    assert hub.link(placed).reference_pushed_at is not None
    assert hub.reviews() == []


def test_G5_freshness_goes_by_the_databases_clock(hub):
    from orders.known import read_known

    placed = hub.place(po_number="PO-1")
    hub.work()

    def is_fresh(order):
        return read_known(order.pk, hub.erp, flow="push_order_to_erp", subject="").is_fresh

    with database.cursor() as cursor:
        cursor.execute("UPDATE orders_storeorder SET observed_at = clock_timestamp() - interval '59 seconds'")
    assert is_fresh(hub.order(placed))
    with database.cursor() as cursor:
        cursor.execute("UPDATE orders_storeorder SET observed_at = clock_timestamp() - interval '61 seconds'")
    assert not is_fresh(hub.order(placed))
