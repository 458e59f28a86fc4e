from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.sync.models import ApiCall, ReviewItem, SyncTask
from orders.models import ErpOrder, OrderLink, TaxCodeMapping
from tests.world import VAT


@pytest.fixture
def hub(make_hub):
    """An ERP whose answer to a create carries no final totals."""
    return make_hub(erp_options={"totals_in_answer": False})


def test_reads_back_a_backlog_in_one_call_and_finds_it_equal(hub):
    placed = [hub.place(po_number=f"PO-{n}", taxes=VAT) for n in range(8)]

    hub.work_through()

    assert {hub.link(order).totals for order in placed} == {"equal"}
    assert {hub.link(order).erp_total for order in placed} == {Decimal("23.80")}
    assert ApiCall.objects.filter(operation="read sales orders").count() <= 2
    assert (ErpOrder.objects.count(), hub.sent()) == (8, 8)


def test_second_run_reads_nothing(hub):
    placed = hub.place(po_number="PO-1")
    hub.work_through()
    before = ApiCall.objects.filter(operation="read sales orders").count()

    hub.push(placed)
    hub.work_through()

    assert ApiCall.objects.filter(operation="read sales orders").count() == before


def test_differing_totals_go_to_review_once_with_both_numbers_and_hold_no_neighbour(hub):
    TaxCodeMapping.objects.filter(rate=Decimal("0.19")).update(erp_code="VAT7")
    wrong = hub.place(po_number="PO-1", taxes=VAT)
    right = hub.place(po_number="PO-2")

    hub.work_through()

    item = ReviewItem.objects.get(state="open")
    assert (item.code, item.record_id) == ("totals_differ", hub.order(wrong).pk)
    numbers = [Decimal(item.evidence[name]) for name in ("store_total", "erp_total")]
    assert numbers == [Decimal("23.80"), Decimal("21.40")]
    assert (hub.link(wrong).totals, hub.link(right).totals) == ("differ", "equal")
    assert not SyncTask.objects.filter(flow="check_order_totals").exists()


def test_an_order_that_a_lagging_look_up_misses_is_no_question_to_anybody(make_hub):
    hub = make_hub(settle_after=600.0, erp_options={"totals_in_answer": False})
    hub.faults({"kind": "lagging_lookup", "system": "erp", "operation": "GET sales*", "seconds": 600})
    placed = hub.place(po_number="PO-1")
    hub.work(lambda: OrderLink.objects.exists())
    hub.work_through()
    assert (hub.link(placed).totals, hub.reviews()) == ("unread", [])

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: hub.link(placed).totals == "equal")

    assert hub.reviews() == []


def test_an_order_that_is_gone_from_the_erp_goes_to_review(hub):
    placed = hub.place(po_number="PO-1")
    hub.work(lambda: OrderLink.objects.exists())
    OrderLink.objects.update(created_at=datetime.now(UTC) - timedelta(hours=1))
    hub.clerk("delete_order", number=hub.link(placed).number)

    hub.work_through()

    assert hub.reviews() == [("check_order_totals", "totals_differ")]
    assert "not in the ERP any more" in ReviewItem.objects.get().message


def test_an_order_that_was_posted_before_it_was_read_back_is_compared_as_invoice(hub):
    placed = hub.place(po_number="PO-1")
    hub.work(lambda: OrderLink.objects.exists())
    hub.clerk("post_order", number=hub.link(placed).number)

    hub.work_through()

    assert (hub.link(placed).totals, hub.reviews()) == ("equal", [])


def test_erp_down_then_up(hub):
    hub.faults({"kind": "down", "system": "erp", "operation": "GET salesOrders", "mode": "503"})
    placed = hub.place(po_number="PO-1")
    hub.work(lambda: OrderLink.objects.exists())
    hub.work(horizon=1.0)
    assert hub.link(placed).totals == "unread"

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: hub.link(placed).totals != "unread")

    assert (hub.link(placed).totals, hub.reviews()) == ("equal", [])
