"""Return orders that the ERP's people begin, against the simulated store: made, adopted, asked about, never doubled."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from hub.connectors.credits import CreditStage, credit_reference, return_reference
from hub.connectors.documents import OrderIdentity
from hub.connectors.registry import CONNECTORS, connector_class
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, ReviewItem
from orders.credits.mirroring import mirror_credits
from orders.models import CreditLink, ErpCredit, RefundPolicy, ReturnLink, ReturnReason, StoreReturn
from tests.fakes.crediting import CreditingErp
from tests.orders.authorizing import FLOW, MAKE, PROCESS, STORE, Authorizing
from tests.orders.credits.rows import pulled, use_crediting
from tests.orders.returning import work
from tests.world import release

MADE = ("OPEN", [2], "Return order RMA-7 [erpBC:RMA-7]")


def test_makes_the_return_and_links_it_once(hub):
    erp = Authorizing(hub)

    erp.authorizes()
    erp.again()

    link = ReturnLink.objects.get()
    assert (erp.returns(), erp.created(), hub.reviews()) == ([MADE], 1, [])
    assert (link.external_id, link.number, link.is_adopted) == ("RMA-7", "RMA-7", False)
    assert hub.messages(FLOW)[-1] == "every return order is in the store"


def test_a_person_is_asked_by_default_and_nothing_is_made_before(hub):
    erp = Authorizing(hub, policy=STORE)
    erp.authorizes()
    asked = ReviewItem.objects.get(state="open")
    before = erp.created()

    release("return_order_began")
    erp.works()

    assert (asked.code, before) == ("return_order_began", 0)
    assert "takes back 2 of TAB-001 of #" in asked.message
    assert (erp.returns(), hub.reviews()) == ([MADE], [])


def test_what_a_person_dismissed_stays_out_of_the_store_until_it_changes(hub):
    erp = Authorizing(hub, policy=STORE)
    erp.authorizes()

    release("return_order_began", "dismiss")
    erp.works()
    dismissed = (hub.reviews(), hub.messages(FLOW)[-1])
    erp.authorizes(pieces=3)

    assert dismissed == ([], "RMA-7 was settled by hand")
    assert (hub.reviews(), erp.created()) == ([(FLOW, "return_order_began")], 0)


def test_the_store_is_left_alone_where_the_policy_says_so(hub):
    erp = Authorizing(hub, policy={**STORE, "erp_returns": RefundPolicy.ReturnOrders.OFF})

    erp.authorizes()

    assert (erp.returns(), hub.reviews()) == ([], [])
    assert hub.messages(FLOW) == ["the store is not told of return orders"]


@pytest.mark.parametrize("stage", [CreditStage.REQUESTED, CreditStage.CANCELLED, CreditStage.CREDITED])
def test_what_is_not_decided_or_over_makes_no_return(hub, stage):
    erp = Authorizing(hub)

    erp.authorizes(stage=stage)

    assert (erp.returns(), hub.reviews()) == ([], [])


def test_older_ones_than_the_policy_and_those_that_we_made_are_left_alone(hub):
    erp = Authorizing(hub)

    erp.authorizes(document_date=datetime(2026, 10, 1, tzinfo=UTC).date())
    erp.authorizes(key="RMA-8", reference=return_reference(OrderIdentity("EU", "1234")))
    erp.authorizes(key="RMA-9", reference=credit_reference(OrderIdentity("EU", "1234")))

    made = dict(ErpCredit.objects.values_list("external_id", "returned_external_id"))
    assert (made["RMA-8"], erp.returns(), hub.reviews()) == ("1234", [], [])


def test_a_lost_answer_is_looked_up_by_its_mark_and_nothing_is_made_twice(hub):
    erp = Authorizing(hub)
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "CreateReturn", "first": 1})
    erp.authorizes()
    hub.forget_faults()

    hub.hurry()
    erp.works()

    assert (erp.returns(), erp.created(), hub.reviews()) == ([MADE], 1, [])
    assert ReturnLink.objects.get().is_adopted
    assert not Attempt.objects.filter(state="open").exists()


def test_one_that_never_arrived_is_made_once_it_may_not_appear_any_more(hub):
    erp = Authorizing(hub)
    hub.faults({"kind": "drop_before", "system": "store", "operation": "CreateReturn", "first": 1})
    erp.authorizes(flows=[FLOW])
    hub.forget_faults()
    Attempt.objects.filter(state="open").update(settle_at=datetime.now(UTC))

    hub.hurry()
    erp.works()

    states = list(Attempt.objects.filter(flow=FLOW).order_by("pk").values_list("state", flat=True))
    assert (states, erp.returns(), erp.created()) == (["lost", "confirmed"], [MADE], 1)


def test_a_return_whose_answer_was_lost_is_found_before_its_credit_is_refunded(hub):
    """The worker died before it stored anything, and the credit comes first."""
    erp = Authorizing(hub)
    erp.authorizes()
    ReturnLink.objects.all().delete()
    StoreReturn.objects.all().delete()
    Attempt.objects.filter(operation="create_return").update(state="open", external_id="", finished_at=None)

    mirror_credits(hub.erp, [erp.document(erp.tables(2), return_external_id="RMA-7")])
    erp.works()

    assert [lines for lines, _, _ in erp.refunds()] == [[(2, "RETURN")]]
    assert (CreditLink.objects.get().refund.return_external_id, erp.calls()) == (
        ReturnLink.objects.get().returned.external_id,
        0,
    )


def test_the_store_down_then_up(hub):
    erp = Authorizing(hub)
    hub.faults({"kind": "down", "system": "store", "mode": "503"})
    erp.authorizes(flows=[FLOW])
    hub.forget_faults()

    hub.hurry()
    erp.works()

    assert (erp.returns(), erp.created()) == ([MADE], 1)


def test_a_return_that_staff_made_by_hand_is_adopted(hub):
    erp = Authorizing(hub, policy=STORE)
    made = erp.opens()

    erp.authorizes()

    assert (len(erp.returns()), erp.created(), hub.reviews()) == (1, 0, [])
    assert (ReturnLink.objects.get().returned.external_id, ReturnLink.objects.get().is_adopted) == (
        made,
        True,
    )


def test_a_return_of_other_pieces_of_the_same_goods_is_asked_about(hub):
    erp = Authorizing(hub)
    erp.opens(pieces=1)

    erp.authorizes()
    asked = hub.reviews()
    release("return_exists")
    erp.works()

    assert asked == [(FLOW, "return_exists")]
    assert ([one[1] for one in erp.returns()], erp.created()) == ([[1], [2]], 1)


def test_the_one_that_a_person_calls_the_same_is_linked(hub):
    erp = Authorizing(hub)
    made = erp.opens(pieces=1)
    erp.authorizes()

    release("return_exists", "dismiss")
    erp.again()

    assert (erp.created(), hub.reviews()) == (0, [])
    assert ReturnLink.objects.get().returned.external_id == made


def test_two_return_orders_of_the_same_pieces_are_two_returns(hub):
    erp = Authorizing(hub)

    erp.authorizes()
    erp.authorizes(key="RMA-8")

    assert [one[2][-13:] for one in erp.returns()] == ["[erpBC:RMA-7]", "[erpBC:RMA-8]"]
    assert (ReturnLink.objects.count(), hub.reviews()) == (2, [])


def test_what_was_not_sent_or_is_in_a_return_is_asked_about_with_numbers(hub):
    erp = Authorizing(hub, sent=3)
    erp.authorizes(key="RMA-6")

    erp.authorizes()
    item = ReviewItem.objects.get(state="open")
    hub.buyer("fulfil_by_hand", order=erp.placed["id"], pieces=2)
    erp.again()

    assert item.code == "return_not_possible"
    assert item.evidence["lines"] == [
        {"sku": "TAB-001", "wanted": 2, "returnable": 1, "sent": 3, "in_returns": 2}
    ]
    assert ([one[1] for one in erp.returns()], hub.reviews()) == ([[2], [1, 1]], [])


def test_an_item_that_the_order_does_not_have_is_a_question(hub):
    erp = Authorizing(hub)
    line = dataclasses.replace(erp.tables(1), number="UNKNOWN")

    mirror_credits(hub.erp, [erp.document(line, key="RMA-7", stage=CreditStage.APPROVED, is_return=True)])
    erp.works()

    assert (hub.reviews(), erp.created()) == ([(FLOW, "credit_line_unknown")], 0)
    assert "Return order RMA-7 gives back 'UNKNOWN'" in ReviewItem.objects.get(state="open").message


def test_a_cancelled_return_order_cancels_the_return_and_cancels_it_once(hub):
    erp = Authorizing(hub)
    erp.authorizes()

    for _ in range(2):
        erp.authorizes(stage=CreditStage.CANCELLED)

    assert [one[0] for one in erp.returns()] == ["CANCELED"]
    assert (hub.shop().calls["returnCancel"], hub.reviews()) == (1, [])


def test_a_return_that_the_store_cancelled_while_the_erp_awaits_it_is_asked_about(hub):
    erp = Authorizing(hub)
    erp.authorizes()
    [made] = hub.shop().where("Return", _orderId=erp.placed["id"])
    hub.buyer("decide_return", **{"return": made["id"], "decision": "cancel"})

    erp.again()
    asked = hub.reviews()
    erp.authorizes(stage=CreditStage.CANCELLED)

    assert asked == [(FLOW, "return_order_awaits")]
    assert (hub.reviews(), erp.created()) == ([], 1)


def test_a_return_order_that_was_changed_afterwards_is_asked_about_with_both_sides(hub):
    erp = Authorizing(hub)
    erp.authorizes()

    erp.authorizes(pieces=3)
    item = ReviewItem.objects.get(state="open")
    release("return_order_changed", "dismiss")
    erp.again()

    assert item.code == "return_order_changed"
    assert "takes back 3 of TAB-001; return" in item.message
    assert (erp.returns(), hub.reviews()) == ([MADE], [])


def test_the_credit_processes_the_return_closes_it_and_is_no_second_refund(hub):
    erp = Authorizing(hub)
    erp.authorizes()
    erp.authorizes(stage=CreditStage.RECEIVED, received=2)

    for _ in range(2):
        mirror_credits(hub.erp, [erp.document(erp.tables(2), return_external_id="RMA-7")])
        erp.authorizes(stage=CreditStage.CREDITED, received=2)

    assert [(lines, money) for lines, money, _ in erp.refunds()] == [([(2, "RETURN")], ["23.80"])]
    assert (erp.calls(), hub.shop().calls["returnProcess"]) == (0, 1)
    assert [one[0] for one in erp.returns()] == ["CLOSED"]
    assert (CreditLink.objects.count(), ErpCredit.objects.count(), hub.reviews()) == (1, 2, [])


def test_of_two_returns_the_credit_takes_the_one_of_its_return_order(hub):
    erp = Authorizing(hub)
    erp.authorizes(key="RMA-6")
    erp.authorizes()

    mirror_credits(hub.erp, [erp.document(erp.tables(2), return_external_id="RMA-7")])
    erp.works()

    link = ReturnLink.objects.get(external_id="RMA-7")
    assert CreditLink.objects.get().refund.return_external_id == link.returned.external_id


def test_what_was_received_goes_where_the_rule_of_its_reason_says(hub):
    rules = {**MAKE, "inspection": RefundPolicy.Inspection.PERSON}
    erp = Authorizing(hub, policy=rules)
    ReturnReason.objects.create(store=hub.euro, reason="Other", outcome=ReturnReason.Outcome.RESTOCKED)
    erp.authorizes()
    before = erp.refunds()

    erp.authorizes(stage=CreditStage.RECEIVED, received=2)

    assert before == []
    assert [lines for lines, _, _ in erp.refunds()] == [[(2, "RETURN")]]
    assert [one[0] for one in erp.returns()] == ["CLOSED"]


def test_a_refund_by_the_stores_staff_waits_for_the_credit_of_the_return_order(hub, crediting):
    erp = Authorizing(hub)
    CreditingErp.invoiced.add(erp.link.external_id)
    erp.authorizes()
    [made] = hub.shop().where("Return", _orderId=erp.placed["id"])
    lines = [{"line": erp.line, "quantity": 2}]
    hub.buyer("refund_order", order=erp.placed["id"], lines=lines, **{"return": made["id"]})
    hub.post({"order_id": int(erp.placed["id"].rpartition("/")[2])}, topic="refunds/create")
    hub.work(lambda: ReviewItem.objects.filter(state="open").exists())
    asked = hub.reviews()

    mirror_credits(hub.erp, [erp.document(erp.tables(2), return_external_id="RMA-7")])
    erp.works()

    assert asked == [("push_refund_to_erp", "return_order_credits")]
    assert (len(CreditingErp.made), len(erp.refunds()), hub.reviews()) == (0, 1, [])
    assert CreditLink.objects.get().external_id == "CM-1"


@pytest.fixture
def crediting(hub):
    CONNECTORS["crediting"] = ("erp", "Crediting", "tests.fakes.crediting.CreditingErp")
    use_crediting(hub, CreditingErp)
    # After whatever a test does.
    pulled(hub, datetime.now(UTC) + timedelta(hours=1))
    yield CreditingErp
    del CONNECTORS["crediting"]
    connector_class.cache_clear()


def test_what_the_cursor_finds_is_made_in_the_store_and_no_return_order_comes_back_of_it(hub, crediting):
    """Where the ERP decides about returns, each return of the store gets a return order: not the one that is one."""
    erp = Authorizing(hub, policy={**MAKE, "approval": RefundPolicy.Approval.ERP})
    crediting.invoiced.add(erp.link.external_id)
    now = datetime.now(UTC)
    told = erp.document(erp.tables(2), key="RMA-7", stage=CreditStage.APPROVED, is_return=True)
    crediting.credits["RMA-7"] = dataclasses.replace(told, updated_at=now)

    for _ in range(2):
        enqueue("pull_erp_credits", hub.erp.pk)
        work(hub, "pull_erp_credits", FLOW, PROCESS, "push_return_to_erp")
    number = int(erp.placed["id"].rpartition("/")[2])
    hub.post({"order": {"id": number}}, topic="returns/approve")
    erp.works()
    enqueue("push_return_to_erp", hub.erp.pk, [erp.link.order_id])
    work(hub, "push_return_to_erp")

    assert (erp.created(), crediting.made, hub.reviews()) == (1, [], [])
    assert hub.messages("push_return_to_erp")[-1] == "every return has its return order"


def test_the_return_order_that_names_a_request_is_linked_and_a_person_decides_about_the_request(hub):
    erp = Authorizing(hub, policy={"erp_returns": RefundPolicy.ReturnOrders.MAKE})
    made = erp.opens(action="request_return")

    erp.authorizes(pieces=1, reference=StoreReturn.objects.get().name)

    assert (erp.created(), hub.reviews()) == (0, [("decide_store_return", "return_requested")])
    assert ReturnLink.objects.get().returned.external_id == made


def test_a_second_return_order_of_a_return_that_the_erp_was_told_of_is_asked_about(hub, crediting):
    erp = Authorizing(hub, policy={**MAKE, "approval": RefundPolicy.Approval.ERP})
    crediting.invoiced.add(erp.link.external_id)
    erp.opens()
    work(hub, "push_return_to_erp")

    erp.authorizes()

    assert (len(crediting.made), erp.created(), hub.reviews()) == (1, 0, [(FLOW, "return_exists")])
