"""Orders sent together, and under every fault, against the simulated account over real HTTP."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from hub.errors import (
    ConnectionBroken,
    OutcomeUnknown,
    RateLimited,
    RecordRejected,
    SyncError,
)
from tests.connectors.netsuite.batches_pace import FAST
from tests.connectors.netsuite.far_side import address
from tests.connectors.netsuite.simulated import order

EXACT = (Decimal("37.50"), Decimal("7.13"), Decimal("44.63"))


def amounts(totals):
    return totals.excluding_tax, totals.tax, totals.including_tax


def test_orders_that_come_together_go_out_as_one_job(open_account):
    account = open_account(concurrency=0)
    erp = account.connect(async_batches="yes")
    erp.batches.pace = FAST
    made = {}

    def create(number):
        made[number] = erp.create_sales_order(order(number))

    threads = [threading.Thread(target=create, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {number: each.reference for number, each in made.items()} == {
        n: order(n).reference for n in range(12)
    }
    assert all(amounts(each.totals) == EXACT for each in made.values() if each.totals)
    assert len(account.orders()) == 12
    assert account.truth()["requests"]["PUT salesOrder batch"] >= 1


def test_C4_in_a_batch_each_gets_its_own_outcome(account):
    erp = account.connect(async_batches="yes")
    erp.batches.pace = FAST
    outcomes = {}

    def create(number, **changes):
        try:
            outcomes[number] = erp.create_sales_order(order(number, **changes))
        except SyncError as error:
            outcomes[number] = error

    threads = [
        threading.Thread(target=create, args=(1,)),
        threading.Thread(target=create, args=(2,), kwargs={"ship_to": address(country_code="Germany")}),
        threading.Thread(target=create, args=(3,)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert isinstance(outcomes[2], RecordRejected)
    assert sorted(kept["externalId"] for kept in account.orders()) == sorted(
        (order(1).reference, order(3).reference)
    )


@pytest.mark.parametrize("batches", ["no", "yes"])
def test_A1_no_order_is_doubled_or_lost_whatever_happens_to_the_answers(account, batches):
    erp = account.connect(async_batches=batches)
    if erp.batches:
        erp.batches.pace = FAST
    erp.get_ready()
    kinds = ["commit_then_drop", "commit_then_500", "drop_before", "status", "expired_token", "throttled"]
    writes = ["PUT salesOrder", "PUT salesOrder batch"]
    rules = [
        {"kind": kind, "system": "erp", "name": account.name, "operation": operation, "probability": 0.12}
        for kind in kinds
        for operation in writes
    ]
    account.control("faults", seed=7, rules=rules)
    sent = []

    def work(numbers):
        sent.extend(send_until_there(erp, order(number)) for number in numbers)

    threads = [threading.Thread(target=work, args=(range(start, 100, 4),)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    injected = account.http.get("/faults").json()["injected"]

    kept = account.orders()
    assert sorted(each["externalId"] for each in kept) == sorted(order(n).reference for n in range(100))
    assert {len(each["lines"]) for each in kept} == {1}
    assert len(sent) == 100
    assert sum(injected.values()) > 10


def send_until_there(erp, document):
    """Create, and after every unknown outcome look up before anything else; returns how often it was sent."""
    for attempt in range(1, 40):
        try:
            erp.create_sales_order(document)
        except RateLimited:
            continue
        except (OutcomeUnknown, ConnectionBroken):
            if not erp.find_sales_orders([document.reference]):
                continue
        return attempt
    raise AssertionError(f"{document.reference} was never created")
