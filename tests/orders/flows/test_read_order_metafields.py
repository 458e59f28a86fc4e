from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from hub.connectors.metafields import Metafield
from hub.connectors.stores.shopify.metafields import NAMES_AT_ONCE, first_batch
from hub.sync import runner
from hub.sync.enqueue import enqueue
from hub.sync.inbox import receive_batch
from hub.sync.models import Connection, SyncTask
from orders.flows.read_order_metafields import MOST_AHEAD
from orders.freshness import database_time
from orders.metafields import ask, digest, keep, marked
from orders.models import OrderFieldMapping, OrderMetafields, StoreOrder
from tests.metafields import GATE, filled, map_field, place, put, reads
from tests.world import release

FLOW = "read_order_metafields"


@pytest.fixture
def quiet_hub(hub):
    """Companies are matched, a metafield is mapped, and orders come by webhooks only."""
    hub.link_companies()
    map_field(hub, GATE, "shortcutDimension1Code")
    hub.leave_to_webhooks()
    return hub


def told(hub, *placed):
    """The store tells of these orders; they are mirrored and nothing else happened yet."""
    for order in placed:
        hub.post(hub.body(order), topic="orders/create")
    receive_batch(hub.euro)


def switch(connection, *, on):
    Connection.objects.filter(pk=connection.pk).update(is_enabled=on)


def test_orders_that_wait_together_are_read_in_one_call_and_sent(quiet_hub):
    hub = quiet_hub
    told(hub, *(place(hub, f"PO-{number}", gate="SALES") for number in range(8)))
    switch(hub.euro, on=False)
    hub.work(lambda: marked(hub.euro.pk).count() == 8)
    assert (reads(), hub.sent()) == (0, 1)

    switch(hub.euro, on=True)
    hub.work(lambda: hub.sent() == 9)
    hub.work()

    assert (reads(), hub.messages(FLOW)[0]) == (1, "read 8")
    assert filled(hub, "shortcutDimension1Code") == [("",), *[("SALES",)] * 8]


def test_second_run_asks_nothing(quiet_hub):
    hub = quiet_hub
    told(hub, place(hub, gate="SALES"))
    hub.work()

    enqueue(FLOW, hub.euro.pk)
    hub.work()

    assert (reads(), hub.messages(FLOW), hub.sent()) == (1, ["read 1", "read 0"], 2)


def test_store_down_then_up(quiet_hub):
    hub = quiet_hub
    hub.faults({"kind": "down", "system": "store", "operation": "OrderMetafields"})
    told(hub, place(hub, gate="SALES"))
    hub.work()
    assert (hub.sent(), hub.reviews()) == (1, [])

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: hub.sent() == 2)
    hub.work()

    assert filled(hub, "shortcutDimension1Code")[1:] == [("SALES",)]
    assert not OrderMetafields.objects.filter(needs_read=True).exists()


def test_a_run_that_ends_between_two_calls_keeps_what_it_has_read(quiet_hub):
    hub = quiet_hub
    for number in range(NAMES_AT_ONCE - 1):
        map_field(hub, f"custom.field_{number}", "(leave out)" if number % 2 else "(comment line)")
    several = [place(hub, f"PO-{number}", gate="SALES") for number in range(3)]
    told(hub, *several)
    keys = [hub.order(placed).pk for placed in several]
    ask(hub.euro.pk, keys, is_news=False)
    as_of = database_time()

    # What a run has kept when its worker dies before the second call.
    keep({keys[0]: {}}, [GATE], as_of)
    enqueue(FLOW, hub.euro.pk)
    assert list(marked(hub.euro.pk).values_list("pk", flat=True)) == keys[1:]
    hub.work()

    assert (hub.sent(), OrderMetafields.objects.filter(needs_read=True).count()) == (4, 0)


def test_more_orders_than_a_call_takes_and_a_fault_on_the_way(quiet_hub):
    hub = quiet_hub
    for number in range(NAMES_AT_ONCE - 1):
        map_field(hub, f"custom.field_{number}", "(comment line)")
    count = first_batch(NAMES_AT_ONCE) + 2
    told(hub, *(place(hub, f"PO-{number}", gate="SALES") for number in range(count)))
    ask(hub.euro.pk, StoreOrder.objects.filter(links=None).values_list("pk", flat=True), is_news=False)
    hub.faults(
        {"kind": "status", "status": 503, "system": "store", "operation": "OrderMetafields", "nth": [2]}
    )
    switch(hub.erp, on=False)
    hub.work(lambda: reads() >= 2)
    hub.work()
    assert OrderMetafields.objects.filter(read_at=None).count() == 2

    hub.hurry()
    hub.work(lambda: not marked(hub.euro.pk).exists())
    switch(hub.erp, on=True)
    hub.work(lambda: hub.sent() == count + 1)

    assert filled(hub, "shortcutDimension1Code")[1:] == [("SALES",)] * count


def test_what_is_marked_while_it_is_read_is_read_once_more(quiet_hub):
    hub = quiet_hub
    told(hub, place(hub))
    [key] = StoreOrder.objects.filter(links=None).values_list("pk", flat=True)
    ask(hub.euro.pk, [key], is_news=False)
    as_of = database_time()

    ask(hub.euro.pk, [key], is_news=True)
    keep({key: {}}, [GATE], as_of)

    assert OrderMetafields.objects.get().needs_read


def test_a_hint_without_news_does_not_unsettle_what_is_being_read(quiet_hub):
    hub = quiet_hub
    told(hub, place(hub))
    [key] = StoreOrder.objects.filter(links=None).values_list("pk", flat=True)
    ask(hub.euro.pk, [key], is_news=False)
    as_of = database_time()

    ask(hub.euro.pk, [key], is_news=False)
    keep({key: {}}, [GATE], as_of)

    row = OrderMetafields.objects.get()
    assert (row.needs_read, row.held) == (False, {GATE: None})


def test_a_missing_scope_pauses_the_store_and_says_what_to_grant(quiet_hub):
    hub = quiet_hub
    shop = hub.shop()
    scopes = shop.settings.scopes
    placed = place(hub, gate="SALES")
    told(hub, placed)
    shop.settings.scopes = scopes - {"read_orders"}
    hub.work()
    store = Connection.objects.get(pk=hub.euro.pk)
    assert "OrderMetafields" in store.pause_reason
    assert "Grant it this access in Shopify: `read_orders`" in store.pause_reason
    assert (hub.sent(), hub.reviews()) == (1, [])

    shop.settings.scopes = scopes
    runner.resume(store)
    hub.hurry()
    hub.work(lambda: hub.sent() == 2)

    assert filled(hub, "shortcutDimension1Code")[1:] == [("SALES",)]


def test_an_order_that_is_gone_from_the_store_is_shown_to_a_person_and_never_sent(quiet_hub):
    hub = quiet_hub
    placed = place(hub, gate="SALES")
    told(hub, placed)
    hub.shop().tables["Order"].pop(placed["id"])
    hub.work()
    assert (hub.sent(), hub.reviews()) == (1, [("read_store_orders", "order_gone")])

    release("order_gone", "dismiss")
    StoreOrder.objects.filter(links=None).update(observed_at=Now() - timedelta(seconds=70))
    hub.hurry()
    hub.work()

    assert hub.messages("push_order_to_erp")[-1] == "gone from the store, given up by a person"
    assert hub.sent() == 1


def test_orders_go_on_where_the_mapping_is_gone_before_they_are_read(quiet_hub):
    hub = quiet_hub
    told(hub, place(hub, gate="SALES"))
    switch(hub.euro, on=False)
    hub.work(lambda: marked(hub.euro.pk).exists())
    OrderFieldMapping.objects.all().delete()
    switch(hub.euro, on=True)
    hub.work()

    assert (reads(), hub.sent()) == (0, 2)


def test_a_long_backlog_is_not_read_ahead_of_what_the_erp_takes(quiet_hub):
    hub = quiet_hub
    told(hub, place(hub, gate="SALES"))
    [key] = StoreOrder.objects.filter(links=None).values_list("pk", flat=True)
    switch(hub.erp, on=False)
    enqueue("push_order_to_erp", hub.erp.pk, range(1_000_000, 1_000_001 + MOST_AHEAD))
    ask(hub.euro.pk, [key], is_news=False)
    hub.work()
    assert (reads(), SyncTask.objects.get(flow=FLOW).last_outcome) == (0, "retry")

    SyncTask.objects.filter(record_id__gte=1_000_000).delete()
    hub.hurry()
    hub.work()

    assert reads() == 1


def test_a_digest_tells_values_apart_and_is_empty_without_names():
    held = {GATE: Metafield("SALES"), "custom.other": None}

    assert digest(held, []) == ""
    assert digest(held, [GATE]) == digest({GATE: Metafield("SALES")}, [GATE])
    assert digest(held, [GATE]) != digest({GATE: Metafield("ADM")}, [GATE])
    assert digest(held, [GATE]) != digest({GATE: None}, [GATE])
    assert digest(held, [GATE]) != digest(held, [GATE, "custom.other"])


def test_what_the_order_was_sent_with_stays_known(quiet_hub):
    hub = quiet_hub
    placed = place(hub, gate="SALES")
    told(hub, placed)
    hub.work()

    put(hub, placed, GATE, "ADM")
    hub.post(hub.body(placed))
    hub.work()

    assert OrderMetafields.objects.get().held[GATE]["text"] == "SALES"
