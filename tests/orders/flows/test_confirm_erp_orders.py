"""Confirmation of drafts, against an ERP in memory: what is tested is when which call is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db.models import F

from hub.connectors.documents import LineKind
from hub.connectors.registry import CONNECTORS, connector_class
from hub.errors import CodeKind, UnknownCode
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, ReviewItem, SyncTask
from inventory.models import ItemMapping
from orders.models import OrderLink, OrderPolicy, ShippingMethodMapping, StoreOrder
from tests.fakes.drafting import DraftingErp
from tests.world import release, save_mapping


@pytest.fixture
def drafting(hub):
    """The hub's ERP is one whose orders begin as drafts."""
    CONNECTORS["drafting"] = ("erp", "Drafting", "tests.fakes.drafting.DraftingErp")
    DraftingErp.forget()
    erp = Connection.objects.get(pk=hub.erp.pk)
    erp.system, erp.config, erp.secrets = "drafting", {}, {}
    erp.save()
    ShippingMethodMapping.objects.update(charge_kind=LineKind.ITEM, charge_number="FREIGHT")
    yield DraftingErp
    del CONNECTORS["drafting"]
    connector_class.cache_clear()


def statuses(erp):
    return [order.status for order in erp.orders.values()]


def confirmations():
    return sorted(OrderLink.objects.values_list("confirmation", flat=True))


def test_confirms_what_was_found_equal_and_tells_the_store_its_number(hub, drafting):
    placed = hub.place(po_number="PO-1")

    hub.work_through()
    hub.work(lambda: hub.link(placed).reference_pushed_at)

    assert statuses(drafting) == ["confirmed"]
    link = hub.link(placed)
    assert (link.totals, link.confirmation, link.number) == ("equal", "done", "SO1")
    assert [call[0] for call in drafting.calls].index("read") < [call[0] for call in drafting.calls].index(
        "confirm"
    )


def test_many_are_confirmed_in_a_call(hub, drafting):
    for number in range(9):
        hub.place(po_number=f"PO-{number}")

    hub.work_through()
    hub.work(lambda: set(statuses(drafting)) == {"confirmed"})

    calls = [call for call in drafting.calls if call[0] == "confirm"]
    assert sum(len(call) - 1 for call in calls) == 9
    assert len(calls) <= 4


def test_second_run_sends_nothing(hub, drafting):
    hub.place(po_number="PO-1")
    hub.work_through()
    hub.work(lambda: confirmations() == ["done"])
    calls = [call for call in drafting.calls if call[0] == "confirm"]

    enqueue("confirm_erp_orders", hub.erp.pk)
    hub.work_through()

    assert [call for call in drafting.calls if call[0] == "confirm"] == calls
    assert hub.messages("confirm_erp_orders")[-1] == "confirmed 0, refused 0"


def test_a_draft_whose_totals_differ_is_not_confirmed(hub, drafting, monkeypatch):
    hub.place(po_number="PO-1")
    hub.work(lambda: drafting.orders)
    link = OrderLink.objects.get()
    OrderLink.objects.update(expected_total=link.expected_total + 1)

    hub.work_through()

    assert statuses(drafting) == ["draft"]
    assert hub.reviews() == [("check_order_totals", "totals_differ")]


def test_refusal_goes_to_review_in_the_erps_words_and_its_neighbour_passes(hub, drafting):
    hub.place(po_number="PO-1")
    hub.work_through()
    hub.work(lambda: confirmations() == ["done"])
    hub.leave_to_webhooks()
    drafting.refused = {"2"}
    order = hub.place(po_number="PO-2")
    hub.post(hub.body(order))

    hub.work_through()
    hub.work(lambda: confirmations() == ["done", "refused"])

    assert hub.reviews() == [("confirm_erp_orders", "record_rejected")]
    assert "credit limit" in ReviewItem.objects.get().message
    drafting.refused = set()
    release("record_rejected", "try_again")
    hub.work_through()
    hub.work(lambda: confirmations() == ["done", "done"])
    assert (statuses(drafting), hub.reviews()) == (["confirmed", "confirmed"], [])


def test_far_side_away_for_one_draft_keeps_that_one_waiting_and_stores_the_others(hub, drafting):
    drafting.away = {"2"}
    hub.place(po_number="PO-1")
    hub.place(po_number="PO-2")

    hub.work(lambda: confirmations() == ["done", "waits"])

    drafting.away = set()
    hub.hurry()
    hub.work(lambda: confirmations() == ["done", "done"])
    assert hub.reviews() == []


def test_far_side_away_for_one_draft_keeps_no_later_batch_waiting(hub, drafting):
    drafting.confirm_batch = 1
    drafting.away = {"1"}
    for number in range(3):
        hub.place(po_number=f"PO-{number}")

    hub.work(lambda: confirmations() == ["done", "done", "waits"])

    assert drafting.orders["1"].status == "draft"
    assert SyncTask.objects.filter(flow="confirm_erp_orders").exists()


def with_discount(order):
    """The draft as a clerk left it who took something off."""
    totals = replace(order.totals, including_tax=order.totals.including_tax - 1)
    return replace(order, totals=totals)


def test_a_draft_that_was_changed_after_a_refusal_is_compared_before_it_is_confirmed(hub, drafting):
    drafting.refused = {"1"}
    placed = hub.place(po_number="PO-1")
    hub.work(lambda: confirmations() == ["refused"])
    drafting.orders["1"] = with_discount(drafting.orders["1"])
    drafting.refused = set()

    release("record_rejected", "try_again")
    hub.work(lambda: hub.link(placed).totals == "differ")
    hub.work_through()

    assert (statuses(drafting), confirmations()) == (["draft"], ["waits"])
    assert ("check_order_totals", "totals_differ") in hub.reviews()


def test_a_draft_that_was_changed_on_the_way_to_its_confirmation_is_compared_again(hub, drafting):
    placed = hub.place(po_number="PO-1")
    hub.work(lambda: drafting.orders)
    OrderLink.objects.update(totals="equal", erp_total=F("expected_total"), erp_tax=F("expected_tax"))
    drafting.orders["1"] = with_discount(drafting.orders["1"])

    enqueue("confirm_erp_orders", hub.erp.pk)
    hub.work(lambda: hub.link(placed).totals == "differ")

    assert (confirmations(), hub.reviews()) == (["done"], [("check_order_totals", "totals_differ")])


def test_an_order_cancelled_before_its_confirmation_stays_a_draft(hub, drafting):
    hub.place(po_number="PO-1")
    hub.work(lambda: drafting.orders)
    StoreOrder.objects.update(cancelled_at=datetime.now(UTC))

    hub.work_through()

    assert (statuses(drafting), confirmations()) == (["draft"], ["waits"])


def test_dependency_missing_waits_while_writing_is_switched_off(hub, drafting):
    hub.place(po_number="PO-1")
    hub.work(lambda: drafting.orders)
    Connection.objects.filter(pk=hub.erp.pk).update(may_write=False)

    hub.work(lambda: SyncTask.objects.filter(flow="confirm_erp_orders", last_outcome="retry").exists())

    assert statuses(drafting) == ["draft"]


def test_an_item_the_erp_does_not_know_is_asked_for_and_the_order_goes_on_when_it_is_named(hub, drafting):
    drafting.unknown = {"IT-0001": UnknownCode(CodeKind.ITEM, "IT-0001")}
    hub.place(po_number="PO-1")

    hub.work()

    assert (drafting.orders, hub.reviews()) == ({}, [("push_order_to_erp", "mapping_missing")])
    assert set(hub.attempts()) == {"refused"}
    row = ItemMapping.objects.get(item_number="", store=hub.euro)
    assert row.sku == "TAB-001"
    row.item_number = "IT-0002"
    row.save()
    save_mapping(row)
    hub.work(lambda: drafting.orders)
    assert hub.reviews() == []


def test_a_charge_that_the_erp_cannot_take_is_asked_for(hub, drafting):
    ShippingMethodMapping.objects.update(charge_kind=LineKind.ACCOUNT, charge_number="6810")
    hub.place(po_number="PO-1", shipping=[{"title": "Standard", "price": "5.00"}])

    hub.work()

    assert (drafting.orders, hub.reviews()) == ({}, [("push_order_to_erp", "mapping_missing")])
    assert "takes its charge as item, not as account" in ReviewItem.objects.get().message


def test_an_item_that_stands_for_a_charge_is_asked_for_where_the_charge_is(hub, drafting):
    drafting.unknown = {"FREIGHT": UnknownCode(CodeKind.ITEM, "FREIGHT")}
    hub.place(po_number="PO-1", shipping=[{"title": "Standard", "price": "5.00"}])

    hub.work()

    assert (drafting.orders, hub.reviews()) == ({}, [("push_order_to_erp", "mapping_missing")])
    row = ShippingMethodMapping.objects.get(charge_number="", store=hub.euro, title="Standard")
    row.charge_number = "SHIPPING"
    row.save()
    save_mapping(row)
    hub.work(lambda: drafting.orders)
    assert hub.reviews() == []


def test_a_policys_customer_that_the_erp_does_not_know_is_named_where_it_was_entered(hub, drafting):
    OrderPolicy.objects.filter(store=hub.euro).update(takes_d2c_orders=True, d2c_customer_number="WEB")
    drafting.unknown = {"customer_number='WEB'": UnknownCode(CodeKind.CUSTOMER, "WEB")}
    hub.place(company=None, customer={"email": "ann@example.com"})

    hub.work()

    assert (drafting.orders, hub.reviews()) == ({}, [("push_order_to_erp", "customer_missing")])
    assert "The order policy names customer 'WEB'" in ReviewItem.objects.get().message
    OrderPolicy.objects.filter(store=hub.euro).update(d2c_customer_number="20000")
    release("customer_missing", "try_again")
    hub.work(lambda: drafting.orders)


def test_a_refusal_is_no_question_any_more_once_the_order_is_cancelled_on_both_sides(hub, drafting):
    drafting.refused = {"1"}
    placed = hub.place(po_number="PO-1")
    hub.work(lambda: confirmations() == ["refused"])
    hub.buyer("cancel_order", order=placed["id"])
    hub.pull()
    hub.work_through()
    assert ("confirm_erp_orders", "record_rejected") in hub.reviews()

    drafting.orders.clear()
    release("record_rejected", "try_again")
    hub.work_through()

    assert hub.reviews() == []
    assert hub.link(placed).cancelled_at is not None
