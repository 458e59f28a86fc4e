"""The script of a run: the same seed plans the same orders, the same faults and the same kill points."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from benchmarks.chaos import both_ways, edges, faults
from benchmarks.chaos.both_ways import Asked, Changed, GivenBack, Parcel, Taken
from benchmarks.chaos.plan import plan
from benchmarks.chaos.timing import BRIEF, EDGES, LONG, REAL, SHORT
from benchmarks.chaos.verdict import judge
from hub.demo.erps import far_erp
from hub.demo.erps.far_erp import FarDocument, identity_in, identity_text
from hub.sandbox.faults import KINDS, Faults

NOT_HERE = {"down"}
ERP = far_erp().operations


def decisions_of(seed, keys):
    script = Faults()
    script.set({"seed": seed, "rules": faults.rules(SHORT, ERP)})
    for key in keys:
        script.for_request("erp", "chaos-erp", ERP.create, key)
        script.for_webhook("store", "chaos-euro", "orders/create", key)
    return script.describe()["log"]


def test_the_same_seed_plans_the_same_orders():
    assert plan(7, 50) == plan(7, 50)
    assert plan(7, 50) != plan(8, 50)


def test_the_same_seed_gives_every_request_the_same_faults_in_whatever_order_they_come():
    keys = [f"PO-{n}/EU-{n:08}" for n in range(300)]
    shuffled = random.Random(3).sample(keys, len(keys))

    first, second = decisions_of(7, keys), decisions_of(7, shuffled)

    assert len(first) > 100
    assert faults.digest(first, (), ERP.create) == faults.digest(second, (), ERP.create)
    assert faults.digest(first, (), ERP.create) != faults.digest(decisions_of(8, keys), (), ERP.create)


def test_the_rules_use_every_kind_of_fault_that_a_run_needs():
    assert {rule["kind"] for rule in faults.rules(LONG, ERP)} == set(KINDS) - NOT_HERE


def test_late_commits_stay_within_the_settle_time_and_those_of_the_second_phase_do_not():
    for timing in (BRIEF, SHORT, LONG, REAL):
        assert timing.deadline + timing.late + timing.lag < timing.deadline + timing.settle
        assert min(timing.too_late) > timing.deadline + timing.settle
    for timing in (BRIEF, SHORT, LONG, REAL, EDGES):
        assert timing.lease > timing.deadline * 2


def test_a_commit_is_named_for_what_it_writes():
    link = "INSERT INTO orders_orderlink (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1"

    assert edges.writes_of(link) == "INSERT orders_orderlink"
    assert edges.writes_of("WITH x AS (SELECT 1 FOR UPDATE SKIP LOCKED) UPDATE sync_synctask SET a = 1") == (
        "UPDATE sync_synctask"
    )
    assert edges.writes_of("UPDATE sync_lease SET owner = ''") == ""
    assert edges.writes_of("SELECT 1 FOR UPDATE") == ""


def store_order(**changes):
    money = {"shopMoney": {"amount": "23.80", "currencyCode": "EUR"}}
    return {
        "id": "gid://shopify/Order/71",
        "name": "#1001",
        "poNumber": "PO-1",
        "cancelledAt": None,
        "edited": False,
        "originalTotalPriceSet": money,
        "currentTotalPriceSet": money,
        "lines": [{"sku": "TAB-001", "quantity": 2, "currentQuantity": 2}],
        "metafields": {"app--1.erp": '{"number": "S-1"}'},
        **changes,
    }


def erp_order(**changes):
    facts = {
        "external_id": "7",
        "number": "S-1",
        "reference": "PO-1/EU-1ZXX",
        "po_number": "PO-1",
        "customer_number": "10000",
        "currency": "EUR",
        "total": Decimal("23.8"),
        "quantities": {"IT-0001": Decimal(2)},
        **changes,
    }
    return FarDocument(identity=identity_in(facts["reference"]), **facts)


def findings(order, *documents):
    stores = {"euro": {"orders": [order]}}
    return [finding.kind for finding in judge(stores, documents, [("euro", order["id"])], {"euro": "EU"})]


def test_an_identity_is_written_as_it_is_read():
    assert identity_in("PO-1/EU-1ZXX") == ("EU", 71)
    assert identity_text(("EU", 71)) == "EU-1Z"
    assert identity_in("EU-1ZXX") == ("EU", 71)
    assert identity_in("PO-1/by phone") is None


def test_a_draft_whose_order_was_cancelled_stays_a_draft():
    cancelled = store_order(cancelledAt="2026-11-02T10:00:00Z", metafields={})

    assert findings(cancelled, erp_order(is_confirmed=False, number="")) == []


def test_the_verdict_sees_what_is_lost_doubled_wrong_or_unknown_to_the_store():
    assert findings(store_order(), erp_order()) == []
    assert findings(store_order()) == ["lost"]
    assert findings(store_order(), erp_order(reference="PO-1/US-1ZXX")) == ["lost"]
    assert findings(store_order(), erp_order(), erp_order(number="S-2")) == ["doubled"]
    assert findings(store_order(), erp_order(), erp_order(number="S-2", is_cancelled=True)) == []
    assert findings(store_order(), erp_order(total=Decimal("23.81"))) == ["wrong"]
    assert findings(store_order(), erp_order(currency="USD")) == ["wrong"]
    assert findings(store_order(), erp_order(quantities={"IT-0001": Decimal(3)})) == ["wrong"]
    assert findings(store_order(), erp_order(is_confirmed=False)) == ["not confirmed"]
    assert findings(store_order(metafields={}), erp_order()) == ["not written back"]
    assert findings(store_order(cancelledAt="2026-11-02T10:00:00Z")) == []


def copy_in_store(**changes):
    money = {"shopMoney": {"amount": "23.80", "currencyCode": "EUR"}}
    order = {"id": "gid://1", "name": "#1", "poNumber": "PHONE-1", "totalPriceSet": money, "fulfillments": []}
    return {**order, "lines": [{"quantity": 2}], **changes}


def judged(*orders):
    plan = Taken("10000", "PHONE-1", (("IT-0001", 2, Decimal("10.00")),))
    document = erp_order(reference="PHONE-1")
    return [finding.kind for finding in both_ways.judge(list(orders), [(plan, document)], [])]


def test_the_verdict_sees_what_the_store_was_not_told_or_told_twice_of_the_erps_orders():
    assert judged(copy_in_store()) == []
    assert judged() == ["lost"]
    assert judged(copy_in_store(), copy_in_store()) == ["doubled"]
    assert judged(copy_in_store(lines=[{"quantity": 3}])) == ["wrong"]
    wrong = {"shopMoney": {"amount": "23.81", "currencyCode": "EUR"}}
    assert judged(copy_in_store(totalPriceSet=wrong)) == ["wrong"]


def test_the_verdict_sees_a_parcel_that_the_store_was_not_told_or_told_twice():
    def found(*fulfilments):
        order = copy_in_store(fulfillments=list(fulfilments))
        return [finding.kind for finding in both_ways.judge([order], [], [Parcel("gid://1", "1Z1")])]

    sent = {"status": "SUCCESS", "trackingInfo": [{"number": "1Z1"}], "lines": {"a": 1}}
    assert found(sent) == []
    assert found() == ["lost"]
    assert found(sent, sent) == ["doubled"]
    assert found(sent, {**sent, "status": "CANCELLED"}) == []


def test_the_verdict_sees_a_change_that_only_one_side_has():
    def found(in_store, in_erp):
        order = copy_in_store(lines=[{"currentQuantity": in_store}])
        document = erp_order(quantities={"IT-0001": Decimal(in_erp)})
        change = (Changed("gid://1", 2), document.external_id)
        return [finding.kind for finding in both_ways.judge_changes([order], [document], [change])]

    assert found(2, 2) == []
    assert found(3, 2) == ["lost"]
    assert found(3, 3) == ["wrong"]


def given_back(credited, refunded):
    money = [{"kind": "REFUND", "amountSet": {"shopMoney": {"amount": amount}}} for amount in refunded]
    order = copy_in_store(transactions=money)
    given = GivenBack(order["id"], Decimal("11.90"))
    return [f.kind for f in both_ways.judge_given_back([order], [given], map(Decimal, credited))]


@pytest.mark.parametrize(
    ("credited", "refunded", "verdict"),
    [
        (["11.9"], ["11.90"], []),
        ([], ["11.90"], ["lost"]),
        (["11.90"], [], ["lost"]),
        (["11.90", "11.90"], ["11.90"], ["doubled"]),
        (["11.90"], ["11.90", "11.90"], ["doubled"]),
        (["11.90", "5.00"], ["11.90"], ["wrong"]),
        (["11.90"], ["11.90", "5.00"], ["wrong"]),
    ],
)
def test_the_verdict_sees_what_was_given_back_on_one_side_or_twice(credited, refunded, verdict):
    assert given_back(credited, refunded) == verdict


def test_the_verdict_sees_a_quote_that_became_no_order_two_or_another():
    def found(*totals, order="gid://1"):
        bought = copy_in_store()
        made = [erp_order(po_number="ASK-1/Q.EU.1", total=Decimal(total)) for total in totals]
        return [f.kind for f in both_ways.judge_asked([bought], made, [Asked("ASK-1", order)])]

    assert found("23.80") == []
    assert found() == found("23.80", order="") == ["lost"]
    assert found("23.80", "23.80") == ["doubled"]
    assert found("23.81") == ["wrong"]
