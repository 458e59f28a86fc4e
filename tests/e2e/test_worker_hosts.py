from __future__ import annotations

import time
from contextlib import ExitStack

import pytest
from django.db import connection

from hub.demo import goods, world
from hub.demo.processes import free_port, running, wait_for
from hub.demo.sandbox import Sandbox
from hub.sync.models import Schedule, SyncTask, TaskHistory, Worker
from hub.sync.sweep import plan_schedules
from orders.models import OrderLink

pytestmark = pytest.mark.slow


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def far_side(stack):
    port = free_port()
    process = stack.enter_context(running(["sandbox", f"--port={port}", "--profile=empty"]))
    wait_for(f"http://127.0.0.1:{port}/_sandbox/stats", process)
    sandbox = Sandbox(f"http://127.0.0.1:{port}")
    stack.callback(sandbox.close)
    return sandbox


def start_host(stack):
    return stack.enter_context(
        running(["work", "--skip-checks"], {"DATABASE_NAME": connection.settings_dict["NAME"]})
    )


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"after {seconds} s still not: {what}"
        time.sleep(0.1)


def test_G1_two_worker_hosts_share_the_load_and_killing_either_loses_nothing(
    shared_database, stack, far_side
):
    demo = world.build(far_side, call_deadline=5, settle_after=5, erp_options={"latency": 0.1})
    plan_schedules()
    Schedule.objects.update(every_seconds=2)
    hosts = [start_host(stack), start_host(stack)]
    wait_until(lambda: Worker.objects.count() == 2, 60, "both hosts drain")
    companies = ("Nordlicht Möbel GmbH", "Alpenhaus Ausstattung KG")

    def place(first, last):
        for n in range(first, last):
            demo.place(
                demo.euro_store,
                company=companies[n % 2],
                po_number=f"PO-{n}",
                lines=[{"sku": goods.sku(1 + n % 50), "quantity": 2}],
                taxes=[{"title": "VAT", "rate": "0.19"}],
            )

    place(0, 20)
    wait_until(lambda: OrderLink.objects.count() > 5, 90, "some orders are in the ERP")
    owners = set(Worker.objects.values_list("name", flat=True))
    hosts[0].kill()
    place(20, 30)
    wait_until(lambda: OrderLink.objects.count() == 30, 90, "the surviving host has sent every order")
    wait_until(
        lambda: not OrderLink.objects.filter(reference_pushed_at=None).exists(),
        60,
        "every number is written back",
    )

    documents = far_side.truth()["erps"]["demo-erp"]["salesOrders"]
    assert len(documents) == 30
    assert len({document["externalDocumentNumber"] for document in documents}) == 30
    assert len(owners) == 2
    assert not SyncTask.objects.filter(state=SyncTask.State.QUARANTINED).exists()
    assert TaskHistory.objects.filter(flow="push_order_to_erp", outcome="done").exists()
