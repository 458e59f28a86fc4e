"""The faults of a run, without its processes: every kind of answer that an ERP may fail to give, for a few orders."""

from __future__ import annotations

import time

import pytest

from benchmarks.chaos import faults
from benchmarks.chaos.plan import plan
from benchmarks.chaos.timing import Timing
from benchmarks.chaos.verdict import judge
from hub.demo import goods
from hub.sync import runner
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders.models import OrderLink, OrderPolicy

ORDERS = 12
SECOND = 1.0
TIMING = Timing(deadline=1.0, settle=3.0, lease=6.0, lag=0.5, pull_every=3)


def once_a_second(act):
    """`act`, but not more often: what is tried again waits a little, as it would."""
    last = time.monotonic()

    def acted():
        nonlocal last
        if time.monotonic() - last > SECOND:
            act()
            last = time.monotonic()

    return acted


@pytest.mark.parametrize("erp", ["netsuite"])
def test_no_order_is_lost_doubled_or_wrong_under_faults(make_hub, erp):
    hub = make_hub(erp=erp, call_deadline=TIMING.deadline, settle_after=TIMING.settle, items=goods.ITEMS)
    OrderPolicy.objects.update(duplicate_po=OrderPolicy.DuplicatePo.ALLOW)
    hub.faults(*faults.rules(TIMING, hub.far.operations), seed=4)
    stores = {"euro": hub.euro, "dollar": hub.dollar}
    placed = []
    for planned in plan(4, ORDERS, is_calm=True):
        store = stores[planned.store]
        made = hub.world.place(store, **planned.order)
        placed.append((store.config["sandbox_name"], made["id"]))

    @once_a_second
    def go_on():
        hub.hurry()
        for store in stores.values():
            enqueue("pull_store_orders", store.pk)
        for paused in Connection.objects.exclude(paused_at=None):
            runner.resume(paused)

    def is_done():
        go_on()
        return OrderLink.objects.count() == ORDERS

    hub.work(is_done, seconds=240.0)

    names = {store.config["sandbox_name"]: store for store in stores.values()}
    shops = {name: hub.truth("stores", store) for name, store in names.items()}
    codes = {name: store.code for name, store in names.items()}
    findings = judge(shops, hub.documents(), placed, codes)
    # Numbers are written back in batches, which gather longer than this test is to take.
    assert [str(finding) for finding in findings if finding.kind != "not written back"] == []
    assert any(entry["operation"] == hub.far.operations.create for entry in hub.sandbox.faults()["log"])
