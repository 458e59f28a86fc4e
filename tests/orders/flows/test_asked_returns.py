"""Returns that partners ask for and a person approves, against the simulated store: made there, and never twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from hub.api import keys
from hub.api.models import ApiKey, Scope
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, ReviewItem
from orders.models import ErpCredit, PartnerRequest, RefundPolicy, ReturnLink, StoreReturn
from tests.orders.authorizing import Authorizing
from tests.orders.flows.test_push_return_to_store import crediting
from tests.orders.returning import work
from tests.world import release

__all__ = ["crediting"]

FLOW = "answer_partner_requests"
SKU = "TAB-001"


class Partner(Authorizing):
    """A partner system that asks for returns of an order of which tables were sent, and reads the answers."""

    def __init__(self, hub, **more):
        super().__init__(hub, **more)
        key = ApiKey(name="WMS", scopes=[Scope.REQUESTS, Scope.ORDERS], sees_all_connections=True)
        self.secret = keys.issue(key)
        key.save()

    def call(self, method, what, body=None, **headers):
        path = f"/api/v1/orders/{self.link.order_id}/{what}"
        headers |= {"Authorization": f"Bearer {self.secret}"}
        answer = Client().generic(
            method, path, data=json.dumps(body or {}), content_type="application/json", headers=headers
        )
        assert answer.status_code == 200, answer.content
        return answer.json()

    def asks(self, pieces=2, number="RMA-1"):
        """Until a person is asked."""
        body = {"request_id": number, "reason": "One leg is broken.", "lines": []}
        body["lines"] = [{"sku": SKU, "quantity": pieces}]
        self.call("POST", "return-requests", body, **{"Idempotency-Key": f"k-{number}"})
        self.looks()

    def looks(self):
        """The flow once more, whatever it waits for."""
        enqueue(FLOW, self.hub.euro.pk, [self.link.order_id])
        self.hub.hurry()
        work(self.hub, FLOW)

    def approves(self, code="return_requested", action="approve"):
        release(code, action)
        self.hub.hurry()
        work(self.hub, FLOW)

    def told(self):
        """What the API says of each request, the first one first: state, answer, whether it is over."""
        items = self.call("GET", "requests")["items"][::-1]
        return [(one["state"], one["answer"], one["closed_at"] is not None) for one in items]

    def questions(self):
        return [code for flow, code in self.hub.reviews() if flow == FLOW]

    def stands(self):
        """State and pieces of each return in the store."""
        return [(state, pieces) for state, pieces, _ in self.returns()]

    def attempts(self):
        made = Attempt.objects.filter(operation="create_return").order_by("pk")
        return list(made.values_list("state", flat=True))


@pytest.fixture
def partner(hub):
    return Partner(hub)


def done(name):
    return ("done", f"Return {name} is made in the store.", True)


def test_an_approved_request_is_made_in_the_store_once_and_the_partner_is_told_its_name(hub, partner):
    partner.asks()
    before = (partner.created(), partner.told())
    asked = ReviewItem.objects.get(state="open").message

    partner.approves()
    partner.looks()

    [(state, pieces, note)] = partner.returns()
    row = StoreReturn.objects.get()
    assert before == (0, [("open", "", False)])
    assert "Approve, and the return is made in the store" in asked
    assert (state, pieces, partner.created(), partner.attempts()) == ("OPEN", [2], 1, ["confirmed"])
    assert note.startswith("Request RMA-1: One leg is broken. [partner:")
    assert (partner.told(), partner.questions()) == ([done(row.name)], [])
    assert (row.state, f"[{row.document['mark']}]") == ("open", note[-42:])


def test_two_requests_for_the_same_pieces_are_two_returns(hub, partner):
    for number in ("RMA-1", "RMA-2"):
        partner.asks(number=number)
        partner.approves()

    assert partner.stands() == [("OPEN", [2]), ("OPEN", [2])]
    assert [state for state, _, _ in partner.told()] == ["done", "done"]
    assert partner.questions() == []


def test_a_lost_answer_is_looked_up_by_its_mark_and_nothing_is_made_twice(hub, partner):
    partner.asks()
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "CreateReturn", "first": 1})
    partner.approves()
    hub.forget_faults()

    partner.looks()

    assert (partner.stands(), partner.created(), partner.attempts()) == ([("OPEN", [2])], 1, ["confirmed"])
    assert partner.told() == [done(StoreReturn.objects.get().name)]


def test_one_that_never_arrived_is_made_once_it_may_not_appear_any_more(hub, partner):
    partner.asks()
    hub.faults({"kind": "drop_before", "system": "store", "operation": "CreateReturn", "first": 1})
    partner.approves()
    hub.forget_faults()
    partner.looks()
    before = (partner.attempts(), partner.told()[0][0])

    Attempt.objects.filter(state="open").update(settle_at=datetime.now(UTC))
    partner.looks()

    assert before == (["open"], "accepted")
    assert (partner.attempts(), partner.stands()) == (["lost", "confirmed"], [("OPEN", [2])])
    assert partner.told()[0][0] == "done"


def half_done(partner):
    """The worker dies between the write and the first thing that it stores."""
    partner.approves()
    PartnerRequest.objects.update(state="accepted", answer="", closed_at=None)
    StoreReturn.objects.all().delete()
    Attempt.objects.filter(operation="create_return").update(state="open", external_id="", finished_at=None)


def test_what_a_worker_left_half_done_is_known_by_its_mark(hub, partner):
    partner.asks()
    half_done(partner)

    partner.looks()

    assert (partner.created(), partner.attempts()) == (1, ["confirmed"])
    assert partner.told() == [done(StoreReturn.objects.get().name)]


def test_one_that_was_cancelled_in_the_store_before_its_answer_was_found_is_not_made_again(hub, partner):
    partner.asks()
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "CreateReturn", "first": 1})
    partner.approves()
    hub.forget_faults()
    [made] = hub.shop().where("Return", _orderId=partner.placed["id"])
    hub.buyer("decide_return", **{"return": made["id"], "decision": "cancel"})

    partner.looks()

    assert (partner.stands(), partner.created()) == ([("CANCELED", [2])], 1)
    assert partner.told()[0][0] == "done"


def test_what_cannot_be_returned_is_asked_about_with_numbers_and_made_once_it_was_sent(hub):
    partner = Partner(hub, sent=1)
    partner.asks()

    partner.approves()
    item = ReviewItem.objects.get(state="open", flow=FLOW)
    before = (partner.told(), partner.created())
    hub.buyer("fulfil_by_hand", order=partner.placed["id"], pieces=2)
    # Nobody presses a button: the watch over the store's orders looks again.
    enqueue("watch_orders", hub.euro.pk)
    work(hub, "watch_orders", FLOW)

    assert (item.code, before) == ("return_not_possible", ([("accepted", "", False)], 0))
    assert item.evidence["lines"] == [{"sku": SKU, "wanted": 2, "returnable": 1, "sent": 1, "in_returns": 0}]
    assert "2 of TAB-001, and 1 can be returned in the store" in item.message
    assert (partner.stands(), partner.questions(), partner.told()[0][0]) == ([("OPEN", [1, 1])], [], "done")


def test_what_a_late_approval_finds_returned_already_is_no_return_any_more(hub, partner):
    """Somebody sent four of the five back while the question lay in the queue."""
    partner.asks()
    made = partner.opens(pieces=4)
    hub.buyer("decide_return", **{"return": made, "decision": "close"})

    partner.approves()
    asked = partner.questions()
    partner.approves("return_exists")
    late = ReviewItem.objects.get(state="open", flow=FLOW)
    review.decide(
        late.pk,
        ReviewItem.Decision.REJECTED,
        shown=late.fingerprint,
        user_id=None,
        reason="It is back already.",
    )
    partner.looks()

    assert (asked, late.code) == (["return_exists"], "return_not_possible")
    assert (partner.created(), partner.told()) == (0, [("refused", "It is back already.", True)])


@pytest.mark.parametrize(
    ("action", "made", "state"),
    [("approve", [("OPEN", [1]), ("OPEN", [2])], "done"), ("dismiss", [("OPEN", [1])], "done")],
)
def test_a_return_of_the_same_goods_is_asked_about(hub, partner, action, made, state):
    partner.opens(pieces=1)
    partner.asks()

    partner.approves()
    asked = partner.questions()
    partner.approves("return_exists", action)
    partner.looks()

    assert (asked, partner.stands(), partner.questions()) == (["return_exists"], made, [])
    assert partner.told()[0][0] == state


def test_what_the_store_refuses_is_a_question_in_its_words_and_dismissed_a_person_sees_to_it(hub, partner):
    """The store's staff were faster, between our look at what can be returned and our write."""
    partner.asks()
    slow = {"kind": "latency", "seconds": 0.8, "where": "before", "operation": "CreateReturn", "first": 1}
    hub.faults({"system": "store", **slow})
    release("return_requested")

    def staff_are_faster():
        if partner.attempts() and not partner.returns():
            lines = [{"line": partner.line, "quantity": 4, "reason": "DEFECTIVE"}]
            hub.buyer("open_return", order=partner.placed["id"], lines=lines)
        return partner.questions()

    hub.work(staff_are_faster)
    item = ReviewItem.objects.get(state="open", flow=FLOW)
    before = (item.code, partner.told(), partner.attempts(), item.may_be_rejected)
    partner.approves("return_by_hand", "dismiss")
    partner.looks()

    assert "Return line item has an invalid quantity" in item.message
    assert before == ("return_by_hand", [("accepted", "", False)], ["refused"], True)
    assert (partner.stands(), partner.told()) == ([("OPEN", [4])], [("accepted", "", True)])


def test_the_store_down_then_up(hub, partner):
    partner.asks()
    hub.faults({"kind": "down", "system": "store", "mode": "503"})
    partner.approves()
    before = partner.told()
    hub.forget_faults()

    partner.looks()

    assert before == [("accepted", "", False)]
    assert (partner.stands(), partner.created()) == ([("OPEN", [2])], 1)


def test_where_the_erp_decides_about_returns_it_gets_the_return_order_of_one_that_a_partner_asked_for(
    hub, crediting
):
    partner = Partner(hub, policy={"approval": RefundPolicy.Approval.ERP})
    crediting.invoiced.add(partner.link.external_id)
    partner.asks()

    partner.approves()
    work(hub, "push_return_to_erp")

    [document] = crediting.made
    assert (partner.created(), document.is_approved, hub.reviews()) == (1, True, [])
    assert ErpCredit.objects.get(is_return=True).returned_external_id


def test_a_return_order_of_the_erp_finds_what_was_left_half_done_and_takes_it_for_its_own(hub, partner):
    """A clerk heard of the same goods, and the ERP's document is looked at first."""
    partner.asks()
    half_done(partner)

    partner.authorizes()
    between = (partner.attempts(), partner.told()[0][0])
    partner.looks()

    assert between == (["confirmed"], "accepted")
    assert (partner.attempts(), partner.stands()) == (["confirmed"], [("OPEN", [2])])
    assert ReturnLink.objects.get().returned.external_id == StoreReturn.objects.get().external_id
    assert partner.told() == [done(StoreReturn.objects.get().name)]
