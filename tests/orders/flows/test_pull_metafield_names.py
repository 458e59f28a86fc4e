from __future__ import annotations

import pytest

from hub.sync import runner
from hub.sync.enqueue import enqueue
from hub.sync.models import ApiCall, Change, Connection, Schedule
from orders.mapping_rows import MOST_UNDECIDED
from orders.models import OrderFieldMapping, OrderPolicy
from tests.metafields import DAY, GATE, define, map_field

FLOW = "pull_metafield_names"


@pytest.fixture
def hub(hub):
    """Nothing is defined in the store yet, and nothing runs by itself any more."""
    hub.work()
    Schedule.objects.update(is_enabled=False)
    ApiCall.objects.all().delete()
    return hub


def look(hub):
    enqueue(FLOW, hub.euro.pk)
    hub.work()
    return hub.messages(FLOW)[-1]


def rows(hub):
    known = OrderFieldMapping.objects.filter(store=hub.euro, source="metafield")
    return dict(known.order_by("key").values_list("key", "target"))


def test_each_metafield_that_the_store_defines_for_orders_gets_an_empty_row(hub):
    define(hub, DAY, "date")
    define(hub, GATE)

    assert look(hub) == "saw 2, 2 new"
    assert rows(hub) == {DAY: "", GATE: ""}
    assert Change.objects.filter(table_name="orders_orderfieldmapping", operation="insert").count() == 2


def test_second_run_makes_nothing_and_leaves_decisions_alone(hub):
    map_field(hub, GATE, "(leave out)")
    define(hub, GATE)
    define(hub, DAY)
    look(hub)

    assert look(hub) == "saw 2, 0 new"
    assert rows(hub) == {DAY: "", GATE: "(leave out)"}


def test_the_hubs_own_namespace_gets_no_row(hub):
    define(hub, "$app.erp", "json")
    define(hub, "$app:more.erp", "json")
    define(hub, "app--9.day", "date")

    look(hub)

    assert rows(hub) == {"app--9.day": ""}


def test_an_undecided_metafield_holds_no_order_also_where_new_attributes_do(hub):
    OrderPolicy.objects.update(holds_new_attributes=True)
    define(hub, GATE)
    look(hub)
    hub.place(po_number="PO-1")

    hub.pull()

    assert (hub.sent(), hub.reviews()) == (1, [])


def test_definitions_of_many_pages_are_read_to_the_end_and_rows_are_bounded(hub):
    for number in range(MOST_UNDECIDED + 5):
        define(hub, f"custom.field_{number}")

    message = look(hub)

    assert message == f"saw {MOST_UNDECIDED + 5}, {MOST_UNDECIDED} new"
    assert len(rows(hub)) == MOST_UNDECIDED
    assert ApiCall.objects.filter(operation="MetafieldDefinitions").count() == 3


def test_a_store_whose_orders_go_nowhere_is_not_asked(hub):
    OrderPolicy.objects.filter(store=hub.euro).delete()

    assert look(hub) == "the store's orders go to no ERP yet"
    assert not ApiCall.objects.filter(operation="MetafieldDefinitions").exists()


def test_a_missing_scope_is_named_and_the_next_run_after_it_is_granted_makes_the_rows(hub):
    define(hub, GATE)
    shop = hub.shop()
    scopes = shop.settings.scopes
    shop.settings.scopes = scopes - {"read_orders", "write_orders"}
    enqueue(FLOW, hub.euro.pk)
    hub.work()
    store = Connection.objects.get(pk=hub.euro.pk)
    assert "read_orders" in store.pause_reason

    shop.settings.scopes = scopes
    runner.resume(store)

    assert look(hub) == "saw 1, 1 new"


def test_store_down_then_up(hub):
    define(hub, GATE)
    hub.faults({"kind": "down", "system": "store", "operation": "MetafieldDefinitions"})
    enqueue(FLOW, hub.euro.pk)
    hub.work()
    assert rows(hub) == {}

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: rows(hub) == {GATE: ""})
