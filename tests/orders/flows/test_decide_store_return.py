from __future__ import annotations

from hub.connectors.credits import CreditStage
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, ReviewItem
from orders.credits.mirroring import mirror_credits
from orders.models import RefundPolicy, StoreReturn
from orders.returns.deciding import Verdict, verdict_of_erp
from tests.orders.returning import Crediting, work
from tests.world import release

FLOW = "decide_store_return"
READ = "read_store_returns"


def ask(hub, crediting, **more):
    """A buyer asks to return two tables, and the store tells the hub."""
    lines = [{"line": crediting.line, "quantity": 2, "reason": "DEFECTIVE", "note": "Bent leg"}]
    wanted = hub.buyer("request_return", order=crediting.placed["id"], lines=lines, **more)
    hub.post({"order": {"id": int(crediting.placed["id"].rpartition("/")[2])}}, topic="returns/request")
    hub.work(lambda: ReviewItem.objects.filter(state="open").exists() or hub.messages(FLOW))
    return wanted


def reject(reason):
    """A person says no, and why."""
    item = ReviewItem.objects.get(state="open")
    _, refusal = review.decide(
        item.pk, ReviewItem.Decision.REJECTED, shown=item.fingerprint, user_id=None, reason=reason
    )
    assert refusal == ""
    review.run_again(item)


def status(hub, wanted):
    record = hub.shop().tables["Return"][wanted["id"]]
    return record["status"], (record["decline"] or {}).get("note")


def test_a_request_waits_for_a_person_and_is_approved(hub):
    crediting = Crediting(hub)
    wanted = ask(hub, crediting)
    assert hub.reviews() == [(FLOW, "return_requested")]
    assert "asks to return 2 pieces (#" in ReviewItem.objects.get(state="open").message

    release("return_requested")
    work(hub, FLOW)

    assert status(hub, wanted) == ("OPEN", None)
    assert StoreReturn.objects.get().state == "open"
    assert Attempt.objects.filter(flow=FLOW).values_list("state", flat=True).get() == "confirmed"


def test_a_refusal_is_told_with_its_reason(hub):
    crediting = Crediting(hub)
    wanted = ask(hub, crediting)

    reject("Sold as is")
    work(hub, FLOW)

    assert status(hub, wanted) == ("DECLINED", "Sold as is")
    assert StoreReturn.objects.get().state == "declined"


def test_an_approval_whose_answer_was_lost_is_not_sent_again(hub):
    crediting = Crediting(hub)
    wanted = ask(hub, crediting)
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "ApproveReturn", "first": 1})
    release("return_requested")
    work(hub, FLOW)
    hub.forget_faults()

    hub.hurry()
    work(hub, FLOW)

    assert (status(hub, wanted), hub.shop().calls["returnApproveRequest"]) == (("OPEN", None), 1)
    assert (hub.messages(FLOW)[-1], hub.reviews()) == ("it is open", [])
    assert not Attempt.objects.filter(state="open").exists()


def test_what_the_stores_staff_decided_meanwhile_closes_the_question(hub):
    crediting = Crediting(hub)
    wanted = ask(hub, crediting)

    hub.buyer("decide_return", **{"return": wanted["id"], "decision": "decline", "note": "No"})
    enqueue(FLOW, hub.euro.pk, [StoreReturn.objects.get().pk])
    work(hub, FLOW)

    assert (hub.messages(FLOW)[-1], hub.reviews()) == ("it is declined", [])
    assert hub.shop().calls["returnDeclineRequest"] == 0


def test_the_store_decides_alone_where_the_policy_says_so(hub):
    crediting = Crediting(hub, policy={"approval": RefundPolicy.Approval.STORE})

    wanted = ask(hub, crediting)

    assert (status(hub, wanted), hub.reviews()) == (("REQUESTED", None), [])
    assert hub.messages(FLOW)[-1] == "the store's own staff decide"


def test_a_person_decides_where_the_erp_has_no_return_orders(hub):
    crediting = Crediting(hub, policy={"approval": RefundPolicy.Approval.ERP})

    ask(hub, crediting)

    assert hub.reviews() == [(FLOW, "return_requested")]


def test_a_changed_request_is_asked_about_anew(hub):
    crediting = Crediting(hub)
    wanted = ask(hub, crediting)
    hub.shop().tables["Return"][wanted["id"]]["_lines"][0]["quantity"] = 3

    release("return_requested")
    work(hub, FLOW)

    assert (status(hub, wanted)[0], hub.reviews()) == ("REQUESTED", [(FLOW, "return_requested")])
    assert "asks to return 3 pieces" in ReviewItem.objects.get(state="open").message


def test_a_return_order_of_the_erp_is_its_answer(hub):
    crediting = Crediting(hub)
    ask(hub, crediting)
    row = StoreReturn.objects.get()
    assert verdict_of_erp(row) is None

    facts = {"key": "RA-7", "is_return": True, "reference": row.name}
    mirror_credits(hub.erp, [crediting.document(crediting.tables(2), stage=CreditStage.APPROVED, **facts)])

    assert verdict_of_erp(row) == Verdict(True, "return order RA-7")
