"""Scenario 9: 30 % deposit and two instalments are three in the ERP where it can, else a date and three comments."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from hub.sync.models import ReviewItem
from orders.models import InstalmentMapping, OrderPolicy, PaymentTermsMapping
from tests.world import release, save_mapping

PLAN = "30 % at 0 days + 35 % at 30 days + 35 % at 60 days"
TERMS = {
    "code": "30-35-35",
    "displayName": "30 % at once, 35 % in 30 and in 60 days",
    "dueDateCalculation": "60D",
}
ORDER = {
    "lines": [{"sku": "TAB-001", "quantity": 1, "price": "999.99"}],
    "payment_terms": "Net 60",
    "instalments": [{"percent": "30"}, {"percent": "35", "days": 30}, {"days": 60}],
}


def comments(order):
    return [line["description"] for line in order["lines"] if line["lineType"] == "Comment"]


def terms_of(hub, order):
    company = hub.server.registry.get("erp", hub.world.erp_name)
    return company.state["paymentTerms"].records[order["paymentTermsId"]]["code"]


def test_the_plan_is_asked_for_once_and_goes_as_the_erps_own_terms(hub):
    hub.sandbox.seed("erp", hub.world.erp_name, {"paymentTerms": [TERMS]})
    hub.place(po_number="PO-1", **ORDER)
    hub.work()
    assert (hub.sent(), hub.reviews()) == (0, [("push_order_to_erp", "instalments")])
    row = InstalmentMapping.objects.get()
    assert (row.type, row.plan, row.erp_code) == ("NET", PLAN, "")
    assert len(ReviewItem.objects.get(state="open").evidence["instalments"]) == 3

    row.erp_code = "30-35-35"
    save_mapping(row)
    hub.place(po_number="PO-2", **ORDER | {"lines": [{"sku": "LAM-002", "quantity": 3, "price": "33.35"}]})
    hub.pull()
    hub.work_through()

    assert [terms_of(hub, order) for order in hub.erp_orders()] == ["30-35-35", "30-35-35"]
    assert [line for order in hub.erp_orders() for line in comments(order) if "Instalment" in line] == []
    assert hub.reviews() == []


@pytest.mark.parametrize(("policy", "code"), [("last", "60 DAYS"), ("first", "COD")])
def test_without_such_terms_the_policy_chooses_the_date_and_every_instalment_is_told(hub, policy, code):
    pair = {"store": hub.euro, "erp": hub.erp}
    PaymentTermsMapping.objects.create(type="NET", due_in_days=0, erp_code="COD", **pair)
    OrderPolicy.objects.update(instalments=policy)
    placed = hub.place(po_number="PO-1", **ORDER)

    hub.work_through()

    [order] = hub.erp_orders()
    placed_on = hub.order(placed).placed_at.astimezone(ZoneInfo(hub.euro.time_zone)).date()
    days = [(placed_on + timedelta(days=count)).isoformat() for count in (0, 30, 60)]
    assert terms_of(hub, order) == code
    assert [line for line in comments(order) if line.startswith("Instalment")] == [
        f"Instalment 1 of 3 (deposit): 300.00 EUR, due {days[0]}",
        f"Instalment 2 of 3: 350.00 EUR, due {days[1]}",
        f"Instalment 3 of 3: 349.99 EUR, due {days[2]}",
    ]
    assert Decimal(str(order["totalAmountIncludingTax"])) == Decimal("999.99")
    assert hub.reviews() == []


def test_a_policy_that_changes_lets_the_held_ones_go(hub):
    hub.place(po_number="PO-1", **ORDER)
    hub.work()
    assert hub.reviews() == [("push_order_to_erp", "instalments")]

    policy = OrderPolicy.objects.get(store=hub.euro)
    policy.instalments = "last"
    policy.save()
    hub.work_through()

    assert (hub.sent(), hub.reviews()) == (1, [])


def test_a_deposit_that_is_paid_is_still_the_first_instalment(hub):
    OrderPolicy.objects.update(instalments="last")
    placed = hub.place(po_number="PO-1", **ORDER)
    order = hub.shop().get("Order", placed["id"])
    deposit = order["_terms"]["_schedules"][0]
    nothing = {**deposit["amount"], "amount": Decimal(0)}
    deposit |= {"completedAt": order["createdAt"], "balanceDue": nothing, "totalBalance": nothing}

    hub.pull()
    hub.work_through()

    [document] = hub.erp_orders()
    told = [line for line in comments(document) if line.startswith("Instalment")]
    assert told[0].startswith("Instalment 1 of 3 (deposit): 300.00 EUR")
    assert len(told) == 3


def test_instalments_that_do_not_add_up_are_a_persons_matter(hub):
    OrderPolicy.objects.update(instalments="last")
    placed = hub.place(po_number="PO-1", **ORDER)
    schedules = hub.shop().get("Order", placed["id"])["_terms"]["_schedules"]
    schedules[1]["totalBalance"] = {**schedules[1]["totalBalance"], "amount": Decimal("100.00")}

    hub.pull()
    hub.work()

    assert (hub.sent(), hub.reviews()) == (0, [("push_order_to_erp", "instalments")])
    release("instalments", "dismiss")
    assert InstalmentMapping.objects.count() == 0


def test_a_fixed_due_date_goes_as_the_stores_day_where_the_erp_takes_one(make_hub):
    hub = make_hub(erp="netsuite")
    code = PaymentTermsMapping.objects.get(store=hub.euro, type="NET", due_in_days=30).erp_code
    pair = {"store": hub.euro, "erp": hub.erp}
    PaymentTermsMapping.objects.create(type="FIXED", due_in_days=0, erp_code=code, **pair)
    # Half an hour into the next day in Berlin.
    fixed = hub.place(po_number="PO-1", payment_terms="Fixed", due_at="2027-01-31T23:30:00Z")
    net = hub.place(po_number="PO-2", payment_terms="Net 30")

    hub.work_through()

    orders = {row["id"]: row for row in hub.truth()["salesOrders"]}
    assert orders[hub.link(fixed).external_id]["dueDate"] == "2027-02-01"
    # What the terms come to by themselves is left to them.
    assert not orders[hub.link(net).external_id].get("dueDate")
    assert hub.reviews() == []
