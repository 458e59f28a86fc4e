"""Credits of an ERP in the mirror, against an ERP in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.connectors.credits import CreditStage, ErpCredit, credit_reference
from hub.connectors.documents import ErpTotals, OrderIdentity
from hub.connectors.registry import CONNECTORS, connector_class
from hub.sync.enqueue import enqueue
from hub.sync.models import Cursor, ReviewItem
from orders.models import CreditPolicy, OrderLink
from orders.models import ErpCredit as Row
from tests.fakes.crediting import CreditingErp
from tests.orders.credits.rows import mirror, one_back, push, shrink, use_crediting
from tests.world import VAT

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def erp(hub):
    CONNECTORS["crediting"] = ("erp", "Crediting", "tests.fakes.crediting.CreditingErp")
    use_crediting(hub, CreditingErp)
    yield CreditingErp
    del CONNECTORS["crediting"]
    connector_class.cache_clear()


def credited(key="K1", **changes) -> ErpCredit:
    """A credit that a clerk made for order 1."""
    totals = ErpTotals("EUR", Decimal("10.00"), Decimal("1.90"), Decimal("11.90"))
    made = ErpCredit(
        key,
        key,
        "",
        False,
        "Open",
        CreditStage.CREDITED,
        "10000",
        "EUR",
        (),
        totals,
        NOW,
        order_external_id="1",
    )
    return replace(made, **changes)


def pull(hub):
    enqueue("pull_erp_credits", hub.erp.pk)
    hub.work()
    return hub.messages("pull_erp_credits")[-1]


def test_mirrors_what_the_erp_credits_and_finds_its_order_when_that_is_linked(hub, erp):
    erp.credits = {"K1": credited()}
    assert pull(hub) == "saw 1"
    assert Row.objects.get().order is None

    placed = hub.place(taxes=VAT)
    hub.pull()
    pull(hub)

    row = Row.objects.get()
    assert (row.order, row.stage, row.total_including_tax) == (
        hub.order(placed),
        "credited",
        Decimal("11.90"),
    )
    assert Cursor.objects.get(flow="pull_erp_credits").stamp == NOW
    assert OrderLink.objects.count() == 1


def test_a_pass_covers_what_was_there_when_it_began(hub, erp):
    pull(hub)

    assert Cursor.objects.get(flow="pull_erp_credits").covered_at < erp.asked_at[-1]


def test_an_older_version_never_replaces_a_newer_one_and_a_return_is_another_document(hub, erp):
    erp.credits = {"K1": credited(status="Paid", updated_at=NOW + timedelta(minutes=5))}
    pull(hub)

    erp.credits = {"K1": credited(), "K1r": credited("K1", is_return=True, stage=CreditStage.APPROVED)}
    pull(hub)

    assert sorted(Row.objects.values_list("is_return", "status")) == [(False, "Paid"), (True, "Open")]


def test_nobody_is_asked_where_no_store_is_told(hub, erp):
    CreditPolicy.objects.all().delete()

    assert pull(hub) == "no store is told of credits"


def test_refunds_that_wait_for_an_invoice_are_looked_at_again(hub, erp):
    placed = hub.place(lines=[{"sku": "TAB-001", "quantity": 2, "price": "10.00"}], taxes=VAT)
    hub.work()
    shrink(hub, placed)
    mirror(hub, placed, one_back(hub, placed))
    push(hub, placed)
    ReviewItem.objects.update(changed_at=NOW)
    erp.invoiced.add("1")

    pull(hub)

    assert len(erp.made) == 1
    assert hub.reviews(flow="push_refund_to_erp") == []


def test_the_credit_of_a_return_order_that_a_refund_led_to_is_that_refunds(hub, erp):
    hub.place(taxes=VAT)
    hub.work()
    reference = credit_reference(OrderIdentity("A1", "77"))
    returned = credited("R1", is_return=True, reference=reference, stage=CreditStage.RECEIVED)

    erp.credits = {"R1": returned, "K1": credited(return_external_id="R1", order_external_id="")}
    pull(hub)

    memo = Row.objects.get(external_id="K1")
    assert (memo.refund_external_id, memo.order.name) == ("77", OrderLink.objects.get().order.name)
    assert hub.messages("push_refund_to_erp")[-1] == "nothing was refunded"
