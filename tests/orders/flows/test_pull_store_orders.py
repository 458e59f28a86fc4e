from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db.models import F

from hub.connectors.documents import OrderStamp, Page
from hub.connectors.stores.shopify.connector import ShopifyStore
from hub.connectors.stores.shopify.orders import FIRST_PAGE
from hub.connectors.stores.shopify.webhooks import parse_order
from hub.sync.models import ApiCall, Connection, Cursor, SyncTask
from hub.sync.running import connectors_from, open_connector
from orders.flows import pull_store_orders
from orders.flows.pull_store_orders import DEEP_EVERY, OVERLAP
from orders.mirroring import SETTLED_AFTER, mirror_orders
from orders.models import StoreOrder


def test_pulls_every_page_into_the_mirror_and_moves_the_cursor(hub):
    placed = [hub.place(po_number=f"PO-{n}") for n in range(12)]

    hub.work(lambda: StoreOrder.objects.count() == 12)

    assert set(StoreOrder.objects.values_list("external_id", flat=True)) == {order["id"] for order in placed}
    cursor = Cursor.objects.get(connection=hub.euro, flow="pull_store_orders")
    assert cursor.stamp == StoreOrder.objects.order_by("-remote_updated_at")[0].remote_updated_at
    assert not StoreOrder.objects.filter(needs_read=True).exists()


def test_second_run_changes_and_enqueues_nothing(hub):
    hub.place(po_number="PO-1")
    hub.work_through()
    before = list(StoreOrder.objects.values_list("document_hash", "remote_updated_at"))
    pushes = len(hub.outcomes("push_order_to_erp"))

    hub.pull()
    hub.pull()

    assert hub.messages("pull_store_orders")[-1].endswith(", 0 changed")
    assert len(hub.outcomes("push_order_to_erp")) == pushes
    assert len(before) == StoreOrder.objects.count() == 1


def test_B10_an_order_behind_the_cursor_is_found_again_within_the_overlap(hub):
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=False)
    placed = [hub.place(po_number=f"PO-{n}") for n in range(5)]
    hub.work()
    # As if it had been committed over there, with an earlier stamp, after the page was read.
    hub.order(placed[2]).delete()

    hub.pull()

    assert hub.order(placed[2]).name == placed[2]["name"]
    assert StoreOrder.objects.count() == 5


def test_B10_a_search_index_that_lags_loses_nothing(make_hub):
    hub = make_hub(store_options={"search_lag": 1.0})
    hub.work()
    placed = hub.place(po_number="PO-1")
    hub.pull()
    assert not StoreOrder.objects.exists()

    time.sleep(1.2)
    hub.pull()

    assert hub.order(placed).po_number == "PO-1"


def test_B10_what_the_index_shows_minutes_late_is_found_by_a_pass_that_looks_back_so_far(hub):
    hub.place(po_number="PO-1")
    hub.pull()
    moment = datetime.now(UTC) - timedelta(minutes=4)
    hub.shop().clock = lambda: moment
    late = hub.place(po_number="PO-2")

    hub.pull()
    assert StoreOrder.objects.count() == 1

    # Two minutes later.
    Cursor.objects.update(covered_at=F("covered_at") - DEEP_EVERY)
    hub.pull()
    assert hub.order(late).po_number == "PO-2"


def test_a_pass_that_looks_back_begins_where_the_last_such_pass_began(hub):
    hub.place(po_number="PO-1")
    hub.pull()
    first = Cursor.objects.get(connection=hub.euro, flow="pull_store_orders")
    hub.shop().clock = lambda: datetime.now(UTC) + timedelta(minutes=20)
    hub.place(po_number="PO-2")
    hub.pull()

    second = Cursor.objects.get(pk=first.pk)
    assert (second.stamp > first.stamp, second.deep_stamp) == (True, first.deep_stamp)
    ApiCall.objects.all().delete()
    Cursor.objects.update(covered_at=F("covered_at") - DEEP_EVERY)
    hub.pull()

    search = ApiCall.objects.filter(operation="ChangedOrders").earliest("pk").request_body
    since = first.deep_stamp - OVERLAP - ShopifyStore.search_lag
    assert since.strftime("%Y-%m-%dT%H:%M:%SZ") in search
    third = Cursor.objects.get(pk=first.pk)
    assert third.deep_stamp == second.stamp <= third.stamp


class SlowIndex:
    """A store whose index shows one order a page, and goes on filling while the pages are read."""

    search_lag = ShopifyStore.search_lag
    read_batch = outline_batch = 10

    def __init__(self):
        self.shown: dict[str, datetime] = {}
        self.meanwhile: dict[str, datetime] = {}
        """What the index shows once its first page has been read."""
        self.body = parse_order((PAYLOADS / "simple.webhook.json").read_bytes())

    def supporting(self, part):
        return self

    def changed_orders(self, since, after):
        begin = [str(since.updated_at) if since else "", ""]
        first = min(row for row in self.rows() if row > (json.loads(after) if after else begin))
        self.shown |= self.meanwhile
        page = (OrderStamp(first[1], datetime.fromisoformat(first[0])),)
        return Page(page, json.dumps(first) if max(self.rows()) > first else None)

    def rows(self):
        return [[str(stamp), key] for key, stamp in self.shown.items()]

    def read_orders(self, ids):
        return {
            key: replace(
                self.body, order=replace(self.body.order, external_id=key, updated_at=self.shown[key])
            )
            for key in ids
        }

    def read_outlines(self, ids):
        return {}


PAYLOADS = Path(__file__).parents[2] / "payloads" / "shopify"
FIRST, SECOND, LATE = (f"gid://shopify/Order/{n}" for n in (1, 2, 3))


@pytest.mark.parametrize("is_first_pass", [False, True])
def test_B10_what_the_index_shows_behind_the_pages_of_a_long_pass_is_found_by_the_next(hub, is_first_pass):
    index, began = SlowIndex(), datetime.now(UTC).replace(microsecond=0)
    index.shown = {FIRST: began - timedelta(minutes=1)}
    with connectors_from(lambda connection: index):
        if not is_first_pass:
            pull_store_orders.run(hub.euro, 0)
            Cursor.objects.update(covered_at=F("covered_at") - DEEP_EVERY)
        # Ten minutes pass between its two pages; what was changed a minute before it began is shown meanwhile.
        index.meanwhile = {LATE: began - timedelta(minutes=2), SECOND: began + timedelta(minutes=10)}
        pull_store_orders.run(hub.euro, 0)
        assert set(StoreOrder.objects.values_list("external_id", flat=True)) == {FIRST, SECOND}

        Cursor.objects.update(covered_at=F("covered_at") - DEEP_EVERY)
        pull_store_orders.run(hub.euro, 0)

    assert set(StoreOrder.objects.values_list("external_id", flat=True)) == {FIRST, SECOND, LATE}


def test_a_pull_that_fails_between_batches_keeps_what_it_has_and_goes_on(hub):
    for n in range(12):
        hub.place(po_number=f"PO-{n}")
    hub.faults({"kind": "truncate", "system": "store", "operation": "OrdersById", "nth": [2]})

    hub.work(lambda: StoreOrder.objects.exists())
    hub.hurry()
    hub.work(lambda: StoreOrder.objects.count() == 12)

    assert StoreOrder.objects.count() == 12


def test_what_one_request_has_brought_stays_when_the_next_one_fails(hub):
    for n in range(3 * FIRST_PAGE):
        hub.place(po_number=f"PO-{n}")
    hub.faults({"kind": "truncate", "system": "store", "operation": "OrdersById", "nth": [2]})

    hub.work(
        lambda: SyncTask.objects.filter(
            flow="pull_store_orders", connection=hub.euro, last_outcome="retry"
        ).exists()
    )

    assert StoreOrder.objects.count() == FIRST_PAGE


def test_what_nobody_told_of_is_read_before_what_may_have_changed_once_more(hub):
    hub.link_companies()
    hub.leave_to_webhooks()
    # A reference that is written changes the order's stamp.
    Connection.objects.filter(pk=hub.euro.pk).update(may_write=False)
    for n in range(FIRST_PAGE):
        hub.post(hub.body(hub.place(po_number=f"PO-{n}")), topic="orders/create")
    untold = [hub.place(po_number=f"PO-UNTOLD-{n}")["id"] for n in range(2)]
    hub.work()
    ApiCall.objects.all().delete()

    hub.pull()

    first = ApiCall.objects.filter(operation="OrdersById").order_by("pk")[0]
    assert [order_id in first.request_body for order_id in untold] == [True, True]
    assert StoreOrder.objects.count() == 1 + FIRST_PAGE + 2


def test_store_down_then_up(hub):
    hub.faults({"kind": "down", "system": "store", "mode": "503"})
    placed = hub.place(po_number="PO-1")
    hub.work()
    assert (StoreOrder.objects.count(), hub.sent()) == (0, 0)
    assert SyncTask.objects.get(flow="pull_store_orders", connection=hub.euro).attempts == 0

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: StoreOrder.objects.exists() and hub.sent())
    hub.work()

    assert (hub.link(placed).totals, hub.sent()) == ("equal", 1)


def test_E1_a_throttled_store_is_asked_again_and_nothing_is_lost(hub):
    hub.faults(
        {"kind": "throttled", "system": "store", "operation": "ChangedOrders", "first": 2, "seconds": 1}
    )
    placed = hub.place(po_number="PO-1")

    hub.work(lambda: StoreOrder.objects.exists())
    hub.work(horizon=2)

    assert hub.link(placed).totals == "equal"


def test_G5_the_cursor_is_the_stores_stamp_and_not_our_clock(hub):
    hub.place(po_number="PO-1")
    hub.work()

    cursor = Cursor.objects.get(connection=hub.euro, flow="pull_store_orders")

    order = StoreOrder.objects.get()
    assert abs(cursor.stamp - order.remote_updated_at) < timedelta(seconds=1)


def placed_and_seen_in_one_second(hub, seconds_ago):
    """An order that was placed so long ago, at a moment that stands still there, and seen in that second."""
    hub.link_companies()
    hub.work_through()
    moment = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    hub.shop().clock = lambda: moment
    placed = hub.place(po_number="PO-1")
    hub.pull()
    hub.work_through()
    StoreOrder.objects.update(observed_at=F("remote_updated_at"))
    ApiCall.objects.all().delete()
    return placed


def looks(placed):
    """How often the order was glanced at, and how often it was read whole."""
    calls = ApiCall.objects.filter(request_body__contains=placed["id"])
    return [calls.filter(operation=operation).count() for operation in ("OrderOutlines", "OrdersById")]


RESTED = SETTLED_AFTER.total_seconds() + 1


@pytest.mark.parametrize(
    "change",
    [
        {"note": "in the same second"},
        {"po_number": "PO-CHANGED"},
        {"tags": ["in-the-same-second"]},
        {"email": "other@example.com"},
    ],
)
def test_B10_a_second_change_within_the_second_of_the_stamp_is_found(hub, change):
    placed = placed_and_seen_in_one_second(hub, seconds_ago=RESTED)

    hub.buyer("edit_order", order=placed["id"], **change)
    hub.pull()

    document = hub.order(placed).document
    assert {key: document[key] for key in change} == change
    assert looks(placed) == [1, 1]


def test_B10_a_line_that_was_cut_within_the_second_of_the_stamp_is_found(hub):
    placed = placed_and_seen_in_one_second(hub, seconds_ago=RESTED)

    hub.buyer("edit_order", order=placed["id"], quantities={placed["lines"][0]: 1})
    hub.pull()

    assert [line["current_quantity"] for line in hub.order(placed).document["lines"]] == [1]


def test_B10_a_doubt_is_settled_by_a_glance_once(hub):
    placed = placed_and_seen_in_one_second(hub, seconds_ago=RESTED)

    hub.pull()
    hub.pull()

    assert hub.order(placed).document["po_number"] == "PO-1"
    assert ApiCall.objects.filter(operation="ChangedOrders").count() == 2
    assert looks(placed) == [1, 0]


def test_B10_a_glance_settles_nothing_before_the_order_has_rested(hub):
    # A minute ahead: on a slow machine, too, it has not rested.
    placed = placed_and_seen_in_one_second(hub, seconds_ago=-60)

    hub.pull()
    hub.buyer("edit_order", order=placed["id"], note="in the same second")
    hub.pull()

    assert hub.order(placed).document["note"] == "in the same second"


@pytest.mark.parametrize("is_known", [False, True])
def test_B10_what_a_long_read_saw_in_the_second_of_the_stamp_stays_in_doubt(hub, is_known):
    hub.link_companies()
    hub.work_through()
    moment = datetime.now(UTC) - timedelta(seconds=RESTED)
    hub.shop().clock = lambda: moment
    placed = hub.place(po_number="PO-1")
    with closing(open_connector(hub.euro)) as store:
        found = list(store.read_orders([placed["id"]]).values())
    if is_known:
        mirror_orders(hub.euro, [replace(found[0], told_at=moment)], read_at=None)
    hub.buyer("edit_order", order=placed["id"], note="while it was being read")

    # It was asked for at once, and its answer is stored only now.
    mirror_orders(hub.euro, found, read_at=moment + timedelta(seconds=1))
    hub.pull()

    assert hub.order(placed).document["note"] == "while it was being read"


def test_an_order_with_more_lines_than_a_glance_shows_is_read_whole(hub):
    hub.link_companies()
    hub.work_through()
    moment = datetime.now(UTC) - timedelta(seconds=RESTED)
    hub.shop().clock = lambda: moment
    lines = [{"sku": "TAB-001", "quantity": 1, "price": "10.00"}] * 11
    placed = hub.place(po_number="PO-1", lines=lines)
    hub.pull()
    hub.work_through()
    StoreOrder.objects.update(observed_at=F("remote_updated_at"))
    ApiCall.objects.all().delete()

    hub.pull()

    assert hub.order(placed).is_fetched
    assert looks(placed) == [1, 1]


def test_what_a_webhook_has_told_already_is_not_read_again(hub):
    hub.link_companies()
    hub.leave_to_webhooks()
    placed = hub.place(po_number="PO-1")
    hub.post(hub.body(placed), topic="orders/create")
    hub.work_through()
    hub.post(hub.body(placed), topic="orders/updated")
    hub.work_through()
    StoreOrder.objects.update(observed_at=datetime.now(UTC) + timedelta(minutes=1))
    ApiCall.objects.all().delete()

    hub.pull()

    assert hub.order(placed).is_fetched is False
    assert ApiCall.objects.filter(operation="ChangedOrders").count() == 1
    reads = ApiCall.objects.filter(operation="OrdersById")
    assert not reads.filter(request_body__contains=placed["id"]).exists()
