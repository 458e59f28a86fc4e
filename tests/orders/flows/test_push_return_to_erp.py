"""Returns where the ERP's return orders decide, against an ERP in memory and the simulated store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.connectors.credits import CreditStage, ErpCreditLine
from hub.connectors.credits import return_of as named_return
from hub.connectors.documents import LineKind
from hub.connectors.registry import CONNECTORS, connector_class
from hub.connectors.store_returns import ReturnState
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, ReviewItem
from orders.credits.mirroring import mirror_credits
from orders.models import CreditLink, ErpCredit, RefundPolicy, StoreReturn
from orders.returns.mirroring import mirror_returns, return_of
from tests.fakes.crediting import CreditingErp
from tests.orders.credits.rows import pulled, use_crediting
from tests.orders.returning import Crediting, work
from tests.world import release

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
    # After whatever a test does.
    pulled(hub, datetime.now(UTC) + timedelta(hours=1))
    yield CreditingErp
    del CONNECTORS["crediting"]
    connector_class.cache_clear()


@pytest.fixture
def crediting(hub, erp):
    """An order that was sent and invoiced; return orders of the ERP decide."""
    made = Crediting(hub, policy={"approval": RefundPolicy.Approval.ERP})
    erp.invoiced.add(made.link.external_id)
    return made


def ask(hub, crediting, until=None):
    """A buyer asks to return two tables, and the store tells the hub."""
    lines = [{"line": crediting.line, "quantity": 2, "reason": "DEFECTIVE", "note": "Bent leg"}]
    wanted = hub.buyer("request_return", order=crediting.placed["id"], lines=lines)
    tell(hub, crediting)
    hub.work(until or (lambda: hub.messages(ANNOUNCE) or hub.reviews()))
    work(hub, ANNOUNCE, DECIDE)
    return wanted


def tell(hub, crediting):
    """The store tells which order has returns to be read."""
    number = int(crediting.placed["id"].rpartition("/")[2])
    hub.post({"order": {"id": number}}, topic="returns/request")


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
    assert named_return(document.reference).order_id == wanted["id"].rpartition("/")[2]
    assert (document.total_including_tax, document.order_external_id) == (
        Decimal("23.80"),
        crediting.link.external_id,
    )
    assert (status(hub, wanted), StoreReturn.objects.get().state) == ("OPEN", "open")


def test_what_the_clerk_declines_is_declined_in_the_store(hub, erp, crediting):
    wanted = ask(hub, crediting)

    say(hub, erp, stage=CreditStage.CANCELLED)

    assert (status(hub, wanted), hub.reviews(), len(erp.made)) == ("DECLINED", [], 1)


def made_by_a_clerk(hub, erp, crediting, pieces, **facts):
    """The ERP's people make a return order of the order by themselves, and the hub knows it."""
    made = crediting.document(crediting.tables(pieces), key="R-77", is_return=True, **facts)
    erp.credits[made.external_id] = made
    mirror_credits(hub.erp, [made])


def test_a_clerks_return_order_of_the_same_pieces_is_adopted_and_stays_so(hub, erp, crediting):
    made_by_a_clerk(hub, erp, crediting, 2, stage=CreditStage.REQUESTED)
    wanted = ask(hub, crediting)
    asked = status(hub, wanted)

    # Its lines are other ones later, and it is this return's all the same.
    say(hub, erp, "R-77", stage=CreditStage.APPROVED, lines=(crediting.tables(1),))
    enqueue(ANNOUNCE, hub.erp.pk, [crediting.link.order_id])
    work(hub, ANNOUNCE, DECIDE)

    assert (asked, status(hub, wanted), hub.reviews(), erp.made) == ("REQUESTED", "OPEN", [], [])
    assert ErpCredit.objects.get().returned_external_id == wanted["id"].rpartition("/")[2]


def test_what_a_clerk_made_a_moment_ago_is_read_before_anything_is_sent(hub, erp, crediting):
    pulled(hub, datetime.now(UTC) - timedelta(seconds=20))
    made = crediting.document(crediting.tables(2), key="R-77", is_return=True, stage=CreditStage.REQUESTED)
    erp.credits[made.external_id] = made

    wanted = ask(hub, crediting, until=StoreReturn.objects.exists)
    work(hub, "pull_erp_credits")
    hub.hurry()
    work(hub, ANNOUNCE)

    assert (erp.made, hub.reviews()) == ([], [])
    assert ErpCredit.objects.get().returned_external_id == wanted["id"].rpartition("/")[2]


def test_nothing_is_sent_before_a_pass_that_began_after_the_return(hub, erp, crediting):
    pulled(hub, datetime.now(UTC) - timedelta(seconds=20))
    ask(hub, crediting, until=StoreReturn.objects.exists)
    work(hub, "pull_erp_credits")
    before = (list(erp.made), Attempt.objects.filter(flow=ANNOUNCE).count(), hub.reviews())

    pulled(hub, datetime.now(UTC) + timedelta(seconds=31))
    hub.hurry()
    work(hub, ANNOUNCE)

    assert before == ([], 0, [])
    assert (len(erp.made), hub.messages(ANNOUNCE)[-1].startswith("created R1")) == (1, True)


@pytest.mark.parametrize(("chosen", "made"), [("R-77", 0), ("none", 1)])
def test_a_clerks_return_order_of_other_pieces_is_asked_about(hub, erp, crediting, chosen, made):
    made_by_a_clerk(hub, erp, crediting, 1, stage=CreditStage.REQUESTED)
    wanted = ask(hub, crediting)
    asked = (hub.reviews(), list(erp.made))

    item = ReviewItem.objects.get(state="open")
    approved = ReviewItem.Decision.APPROVED
    review.decide(item.pk, approved, shown=item.fingerprint, user_id=None, chosen=chosen)
    review.run_again(item)
    work(hub, ANNOUNCE, DECIDE)

    assert asked == ([(ANNOUNCE, "return_order_exists")], [])
    assert (len(erp.made), hub.reviews()) == (made, [])
    [known] = ErpCredit.objects.filter(returned_external_id=wanted["id"].rpartition("/")[2])
    assert (known.external_id == "R-77") is (chosen == "R-77")


def test_an_approved_return_order_of_other_pieces_does_not_answer_a_request(hub, erp, crediting):
    made_by_a_clerk(hub, erp, crediting, 1, stage=CreditStage.APPROVED)

    wanted = ask(hub, crediting)

    asked = [(ANNOUNCE, "return_order_exists"), ("push_return_to_store", "return_exists")]
    assert (status(hub, wanted), sorted(hub.reviews()), erp.made) == ("REQUESTED", asked, [])


def test_a_return_order_from_before_the_request_is_another_returns(hub, erp, crediting):
    before = datetime.now(UTC).date() - timedelta(days=3)
    made_by_a_clerk(hub, erp, crediting, 2, stage=CreditStage.APPROVED, document_date=before)

    wanted = ask(hub, crediting)

    told = [("push_return_to_store", "return_exists")]
    assert (status(hub, wanted), len(erp.made), hub.reviews()) == ("REQUESTED", 1, told)


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


def test_one_that_a_person_leaves_awaiting_goods_keeps_no_other_return_waiting(hub, erp, crediting):
    ask(hub, crediting)
    StoreReturn.objects.update(state="cancelled")
    mirror_returns(hub.euro, {crediting.placed["id"]: crediting.link.order_id}, [], [another(crediting)])
    work(hub, ANNOUNCE)
    before = (hub.reviews(), len(erp.made), ReviewItem.objects.get(state="open").message)

    release("return_order_awaits", "dismiss")
    work(hub, ANNOUNCE)

    assert before[:2] == ([(ANNOUNCE, "return_order_awaits")], 1)
    assert "or dismiss this" in before[2]
    assert (hub.reviews(), len(erp.made)) == ([], 2)


def another(crediting):
    """One more return of the order, as the store tells of it."""
    row = StoreReturn.objects.get()
    told = return_of(row)
    return replace(told, external_id="gid://shopify/Return/99", name="#1-R9", state=ReturnState.OPEN)


@pytest.mark.parametrize("code", ["return_order_exists", "gone_from_erp", "record_rejected"])
def test_what_a_person_dismissed_is_done_by_hand_until_the_return_is_another(hub, erp, crediting, code):
    if code == "return_order_exists":
        made_by_a_clerk(hub, erp, crediting, 1, stage=CreditStage.REQUESTED)
    elif code == "gone_from_erp":
        erp.orders.clear()
    else:
        erp.rejects = "The period is closed."
    wanted = ask(hub, crediting)
    # A document that is gone is asked about by others, too.
    questions = ReviewItem.objects.filter(state="open", flow=ANNOUNCE)
    asked = [(one.code, "dismiss this" in one.message) for one in questions]

    release(code, "dismiss")
    work(hub, ANNOUNCE)
    enqueue(ANNOUNCE, hub.erp.pk, [crediting.link.order_id])
    work(hub, ANNOUNCE)
    quiet = (questions.all().count(), hub.messages(ANNOUNCE)[-1])
    hub.shop().tables["Return"][wanted["id"]]["_lines"][0]["quantity"] = 1
    tell(hub, crediting)
    hub.work(lambda: return_of(StoreReturn.objects.get()).lines[0].quantity == 1)
    work(hub, ANNOUNCE)

    assert asked == [(code, True)]
    assert quiet == (0, "every return has its return order")
    # Of the one piece that is left the clerk's own is the return order.
    asked_again = [] if code == "return_order_exists" else [code]
    assert (erp.made, [one.code for one in questions.all()]) == ([], asked_again)


def test_a_draft_whose_refusal_was_dismissed_stays_one(hub, erp, crediting):
    erp.returns_begin_as_drafts, erp.refuses = True, "The warehouse is closed."
    open_return(hub, erp, crediting)
    message = ReviewItem.objects.get(state="open").message

    release("record_rejected", "dismiss")
    work(hub, ANNOUNCE)

    assert "dismiss this" in message
    assert ([one.stage for one in erp.credits.values()], hub.reviews()) == ([CreditStage.REQUESTED], [])


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


@pytest.mark.parametrize(("answer", "made"), [("approve", 2), ("dismiss", 1)])
def test_a_return_order_that_is_cancelled_after_the_stores_staff_refunded_is_asked_about(
    hub, erp, crediting, answer, made
):
    wanted = ask(hub, crediting)
    say(hub, erp, stage=CreditStage.APPROVED)
    lines = [{"line": crediting.line, "quantity": 2}]
    hub.buyer("refund_order", order=crediting.placed["id"], lines=lines, **{"return": wanted["id"]})
    hub.post({"order_id": int(crediting.placed["id"].rpartition("/")[2])}, topic="refunds/create")
    hub.work(lambda: ReviewItem.objects.filter(state="open").exists())

    say(hub, erp, stage=CreditStage.CANCELLED)
    work(hub, TO_ERP)
    item = ReviewItem.objects.get(state="open")
    asked = (item.code, len(erp.made))
    release(item.code, answer)
    work(hub, TO_ERP)

    assert asked == ("return_order_cancelled", 1)
    assert "comes to 23.80 EUR" in item.message
    assert "R1 (23.80 EUR)" in item.message
    assert (len(erp.made), hub.reviews()) == (made, [])
