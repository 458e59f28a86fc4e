"""Returns where the ERP's return orders decide, against an ERP in memory and the simulated store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.connectors.credits import CreditStage, ErpCreditLine, return_of
from hub.connectors.documents import LineKind
from hub.connectors.registry import CONNECTORS, connector_class
from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from orders.credits.mirroring import mirror_credits
from orders.models import CreditLink, ErpCredit, RefundPolicy, StoreReturn
from tests.fakes.crediting import CreditingErp
from tests.orders.credits.rows import use_crediting
from tests.orders.returning import Crediting, work

ANNOUNCE, DECIDE, TO_STORE, TO_ERP = (
    "push_return_to_erp",
    "decide_store_return",
    "push_credit_to_store",
    "push_refund_to_erp",
)


@pytest.fixture
def erp(hub):
    CONNECTORS["crediting"] = ("erp", "Crediting", "tests.fakes.crediting.CreditingErp")
    use_crediting(hub, CreditingErp)
    yield CreditingErp
    del CONNECTORS["crediting"]
    connector_class.cache_clear()


@pytest.fixture
def crediting(hub, erp):
    """An order that was sent and invoiced; return orders of the ERP decide."""
    made = Crediting(hub, policy={"approval": RefundPolicy.Approval.ERP})
    erp.invoiced.add(made.link.external_id)
    return made


def ask(hub, crediting):
    """A buyer asks to return two tables, and the store tells the hub."""
    lines = [{"line": crediting.line, "quantity": 2, "reason": "DEFECTIVE", "note": "Bent leg"}]
    wanted = hub.buyer("request_return", order=crediting.placed["id"], lines=lines)
    hub.post({"order": {"id": int(crediting.placed["id"].rpartition("/")[2])}}, topic="returns/request")
    hub.work(lambda: hub.messages(ANNOUNCE))
    work(hub, ANNOUNCE, DECIDE)
    return wanted


def say(hub, erp, key="R1", **changes):
    """The ERP's return order is like this now, and the hub reads it."""
    now = datetime.now(UTC)
    erp.credits[key] = replace(erp.credits[key], updated_at=now, **changes)
    mirror_credits(hub.erp, [erp.credits[key]])
    work(hub, DECIDE, TO_STORE)


def status(hub, wanted):
    return hub.shop().tables["Return"][wanted["id"]]["status"]


def two_tables(crediting):
    line = ErpCreditLine(
        "1", LineKind.ITEM, crediting.item, "Table", Decimal(2), Decimal("20.00"), Decimal("3.80")
    )
    return crediting.document(line, return_external_id="R1", order_external_id="")


def test_a_request_waits_for_the_erps_clerk_and_is_approved(hub, erp, crediting):
    wanted = ask(hub, crediting)
    [document] = erp.made
    before = (status(hub, wanted), hub.reviews())

    say(hub, erp, stage=CreditStage.APPROVED)

    assert before == ("REQUESTED", [])
    assert not document.is_approved
    assert return_of(document.reference).order_id == wanted["id"].rpartition("/")[2]
    assert (document.total_including_tax, document.order_external_id) == (
        Decimal("23.80"),
        crediting.link.external_id,
    )
    assert (status(hub, wanted), StoreReturn.objects.get().state) == ("OPEN", "open")


def test_what_the_clerk_declines_is_declined_in_the_store(hub, erp, crediting):
    wanted = ask(hub, crediting)

    say(hub, erp, stage=CreditStage.CANCELLED)

    assert (status(hub, wanted), hub.reviews(), len(erp.made)) == ("DECLINED", [], 1)


def test_a_lost_answer_is_looked_up_and_nothing_is_sent_twice(hub, erp, crediting):
    erp.loses = "after"
    ask(hub, crediting)

    hub.hurry()
    work(hub, ANNOUNCE, DECIDE)
    enqueue(ANNOUNCE, hub.erp.pk, [crediting.link.order_id])
    work(hub, ANNOUNCE)

    assert (len(erp.made), ErpCredit.objects.get().order_id) == (1, crediting.link.order_id)
    assert hub.messages(ANNOUNCE)[-1] == "every return has its return order"


def open_return(hub, erp, crediting):
    """The store's staff opens a return by themselves, and the store tells the hub."""
    lines = [{"line": crediting.line, "quantity": 2, "reason": "DEFECTIVE"}]
    hub.buyer("open_return", order=crediting.placed["id"], lines=lines)
    hub.post({"order": {"id": int(crediting.placed["id"].rpartition("/")[2])}}, topic="returns/approve")
    hub.work(lambda: erp.made)
    work(hub, ANNOUNCE, DECIDE)


@pytest.mark.parametrize("loses", ["", "after"])
def test_what_the_store_opened_is_approved_whether_or_not_the_answer_came(hub, erp, crediting, loses):
    erp.returns_begin_as_drafts, erp.loses = True, loses

    open_return(hub, erp, crediting)
    hub.hurry()
    work(hub, ANNOUNCE, DECIDE)

    assert ([one.stage for one in erp.credits.values()], len(erp.made)) == ([CreditStage.APPROVED], 1)
    assert (ErpCredit.objects.get().stage, hub.reviews()) == ("approved", [])


def test_what_the_erp_does_not_approve_is_asked_about_until_it_does(hub, erp, crediting):
    erp.returns_begin_as_drafts, erp.refuses = True, "The warehouse is closed."
    open_return(hub, erp, crediting)
    asked = hub.reviews()

    erp.refuses = ""
    enqueue(ANNOUNCE, hub.erp.pk, [crediting.link.order_id])
    work(hub, ANNOUNCE)

    assert (asked, hub.reviews()) == ([(ANNOUNCE, "record_rejected")], [])
    assert ([one.stage for one in erp.credits.values()], len(erp.made)) == ([CreditStage.APPROVED], 1)


@pytest.mark.parametrize("loses", ["", "after"])
def test_a_request_stays_a_draft_for_the_clerk_whether_or_not_the_answer_came(hub, erp, crediting, loses):
    erp.returns_begin_as_drafts, erp.loses = True, loses
    ask(hub, crediting)
    hub.hurry()
    work(hub, ANNOUNCE, DECIDE)
    StoreReturn.objects.update(state="open")

    enqueue(ANNOUNCE, hub.erp.pk, [crediting.link.order_id])
    work(hub, ANNOUNCE)

    assert ([one.stage for one in erp.credits.values()], len(erp.made)) == ([CreditStage.REQUESTED], 1)


def test_what_the_store_took_back_is_asked_to_be_cancelled_in_the_erp(hub, erp, crediting):
    ask(hub, crediting)
    StoreReturn.objects.update(state="cancelled")

    enqueue(ANNOUNCE, hub.erp.pk, [crediting.link.order_id])
    work(hub, ANNOUNCE)

    assert hub.reviews() == [(ANNOUNCE, "return_order_awaits")]


def test_the_credit_of_a_return_order_is_refunded_once(hub, erp, crediting):
    ask(hub, crediting)
    say(hub, erp, stage=CreditStage.RECEIVED)

    for _ in range(2):
        mirror_credits(hub.erp, [two_tables(crediting)])
        work(hub, TO_STORE, TO_ERP)

    [(pieces, money, _)] = crediting.refunds()
    assert (pieces, money) == ([(2, "RETURN")], ["23.80"])
    assert (len(erp.made), hub.reviews()) == (1, [])


def test_a_refund_by_the_stores_staff_waits_for_the_credit_of_its_return_order(hub, erp, crediting):
    wanted = ask(hub, crediting)
    say(hub, erp, stage=CreditStage.APPROVED)
    lines = [{"line": crediting.line, "quantity": 2}]
    hub.buyer("refund_order", order=crediting.placed["id"], lines=lines, **{"return": wanted["id"]})
    hub.post({"order_id": int(crediting.placed["id"].rpartition("/")[2])}, topic="refunds/create")
    hub.work(lambda: ReviewItem.objects.filter(state="open").exists())
    asked = hub.reviews()

    mirror_credits(hub.erp, [two_tables(crediting)])
    work(hub, TO_STORE, TO_ERP)

    assert asked == [(TO_ERP, "return_order_credits")]
    assert (len(erp.made), len(crediting.refunds())) == (1, 1)
    assert CreditLink.objects.get().external_id == "CM-1"
    assert hub.reviews() == []
