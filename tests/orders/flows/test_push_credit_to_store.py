from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.connectors.credits import CreditStage
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection, ReviewItem
from orders.credits.mirroring import mirror_credits
from orders.models import CreditLink, CreditPolicy, ErpCredit, StoreRefund
from tests.orders.returning import AT, FLOW, Crediting, work
from tests.world import release


def test_sends_and_links_and_never_sends_it_back(hub):
    crediting = Crediting(hub)
    CreditPolicy.objects.create(store=hub.euro)

    crediting.credits(crediting.tables(2))

    assert crediting.refunds() == [([(2, "RETURN")], ["23.80"], "Credit CM-1 [erpBC:CM-1]")]
    link = CreditLink.objects.get()
    assert (link.external_id, link.origin, link.refund.mark) == ("CM-1", "erp", "erpBC:CM-1")
    assert link.refund.explained == link.refund.moved == Decimal("23.80")
    work(hub, "push_refund_to_erp", "read_store_returns")
    assert (ErpCredit.objects.count(), StoreRefund.objects.count(), hub.reviews()) == (1, 1, [])


def test_second_run_sends_nothing_and_drafts_are_left_alone(hub):
    crediting = Crediting(hub)
    document = crediting.credits(crediting.tables(2))

    crediting.credits(crediting.tables(1), key="CM-2", stage=CreditStage.APPROVED)
    mirror_credits(hub.erp, [document])
    enqueue(FLOW, hub.euro.pk, [hub.order(crediting.placed).pk])
    work(hub)

    assert crediting.calls() == 1
    assert hub.messages(FLOW)[-1] == "every credit is in the store"


def test_scenario_16_a_refund_whose_answer_was_lost_is_adopted_and_the_money_moves_once(hub):
    crediting = Crediting(hub)
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "CreateRefund", "first": 1})
    crediting.credits(crediting.tables(2))
    hub.forget_faults()
    assert CreditLink.objects.count() == 0

    hub.hurry()
    hub.work(lambda: CreditLink.objects.exists())

    assert (crediting.calls(), len(crediting.refunds())) == (1, 1)
    assert CreditLink.objects.get().is_adopted
    assert not Attempt.objects.filter(state="open").exists()


def test_a_refund_that_never_arrived_goes_out_again_under_its_key_with_its_values(hub):
    crediting = Crediting(hub)
    hub.faults({"kind": "drop_before", "system": "store", "operation": "CreateRefund", "first": 1})
    crediting.credits(crediting.tables(2))
    hub.forget_faults()
    Attempt.objects.filter(state="open").update(settle_at=datetime.now(UTC))

    hub.hurry()
    hub.work(lambda: CreditLink.objects.exists())

    first, second = Attempt.objects.filter(flow=FLOW).order_by("pk")
    assert (first.state, second.state, crediting.calls()) == ("lost", "confirmed", 1)
    assert ("refundCreate", first.values["document"]["key"]) in hub.shop().answered


def test_a_refund_whose_answer_was_lost_is_found_also_where_its_credit_is_not_due_any_more(hub):
    crediting = Crediting(hub)
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "CreateRefund", "first": 1})
    crediting.credits(crediting.tables(2))
    hub.forget_faults()

    mirror_credits(hub.erp, [crediting.document(crediting.tables(2), stage=CreditStage.CANCELLED)])
    hub.hurry()
    hub.work(lambda: CreditLink.objects.exists())
    work(hub, "push_refund_to_erp")

    assert (crediting.calls(), hub.reviews()) == (1, [("push_refund_to_erp", "credit_cancelled")])
    assert not Attempt.objects.filter(state="open").exists()


def test_a_refund_that_never_arrived_is_compared_with_one_that_was_made_by_hand_meanwhile(hub):
    crediting = Crediting(hub)
    hub.faults({"kind": "drop_before", "system": "store", "operation": "CreateRefund", "first": 1})
    crediting.credits(crediting.tables(2))
    hub.forget_faults()
    hub.buyer("refund_order", order=crediting.placed["id"], lines=[{"line": crediting.line, "quantity": 2}])
    Attempt.objects.filter(state="open").update(settle_at=datetime.now(UTC))

    hub.hurry()
    hub.work(lambda: hub.reviews() or crediting.calls())

    assert (hub.reviews(), crediting.calls()) == ([(FLOW, "refund_exists")], 0)


def test_what_certainly_was_not_sent_goes_out_as_the_credit_is_by_then(hub):
    crediting = Crediting(hub)
    hub.faults({"kind": "throttled", "system": "store", "operation": "CreateRefund", "first": 1})
    crediting.credits(crediting.tables(2))
    assert list(Attempt.objects.filter(flow=FLOW).values_list("state", flat=True)) == ["not_sent"]
    hub.forget_faults()

    mirror_credits(hub.erp, [crediting.document(crediting.tables(1))])
    hub.hurry()
    hub.work(lambda: CreditLink.objects.exists())

    assert [(lines, money) for lines, money, _ in crediting.refunds()] == [([(1, "RETURN")], ["11.90"])]


def test_a_credit_that_the_erp_dates_before_the_policys_first_day_stays_out_whenever_it_is_touched(hub):
    crediting = Crediting(hub)

    crediting.credits(crediting.tables(2), document_date=(AT - timedelta(days=1)).date())

    assert (crediting.calls(), hub.messages(FLOW)[-1]) == (0, "every credit is in the store")


def test_a_credit_is_of_the_policys_first_day_where_the_erp_is_whatever_day_it_is_in_the_store(hub):
    Connection.objects.filter(pk=hub.euro.pk).update(time_zone="Pacific/Kiritimati")
    Connection.objects.filter(pk=hub.erp.pk).update(time_zone="Etc/GMT+12")
    crediting = Crediting(hub)

    crediting.credits(crediting.tables(2), document_date=AT.astimezone(ZoneInfo("Etc/GMT+12")).date())

    assert crediting.calls() == 1


def test_amounts_that_differ_go_to_review_and_the_erps_counts_once_approved(hub):
    crediting = Crediting(hub, sent=1)

    crediting.credits(crediting.tables(2, net="19.99"), crediting.amount("-5.00", tax="-0.95"))

    assert (hub.reviews(), crediting.calls()) == ([(FLOW, "refund_differs")], 0)
    assert "17.84 EUR, the store makes 17.85 EUR" in ReviewItem.objects.get(state="open").message

    release("refund_differs")
    work(hub)

    assert [(lines, money) for lines, money, _ in crediting.refunds()] == [
        ([(1, "RETURN"), (1, "CANCEL")], ["17.84"])
    ]


def test_two_credits_in_question_are_both_named_and_asked_about_in_turn_whichever_was_touched_last(hub):
    crediting = Crediting(hub)
    first = (crediting.tables(2, net="19.99"), crediting.amount("-5.00", tax="-0.95"))
    crediting.credits(*first)
    crediting.credits(crediting.tables(1, net="9.99"), key="CM-2")
    crediting.credits(*first, invoice_number="I-1")

    asked = ReviewItem.objects.get(state="open")
    assert (asked.code, asked.evidence["credit_id"]) == ("refund_differs", "CM-1")
    assert "asked about CM-1 (17.84 EUR) alone; CM-2 (11.89 EUR) of the same order wait" in asked.message

    release("refund_differs", "dismiss")
    work(hub)

    asked = ReviewItem.objects.get(state="open")
    assert (asked.evidence["credit_id"], "CM-1" in asked.message, crediting.calls()) == ("CM-2", False, 0)


def test_an_unpaid_order_takes_its_pieces_back_and_moves_no_money(hub):
    crediting = Crediting(hub, paid=None, payment_terms="Net 30")

    crediting.credits(crediting.tables(2))

    assert [(lines, money) for lines, money, _ in crediting.refunds()] == [([(2, "RETURN")], [])]
    assert CreditLink.objects.get().refund.money == ""


def test_what_was_never_sent_of_an_unpaid_order_is_cut_off_it_by_a_person(hub):
    crediting = Crediting(hub, sent=0, paid=None, payment_terms="Net 30")

    crediting.credits(crediting.tables(2))

    assert (hub.reviews(), crediting.calls()) == ([(FLOW, "credit_of_unpaid_order")], 0)

    release("credit_of_unpaid_order", "dismiss")
    work(hub)

    assert (hub.reviews(), crediting.calls()) == ([], 0)
    assert hub.messages(FLOW)[-1] == "CM-1 was settled by hand"


def test_the_stores_refusal_goes_to_review_and_changes_nothing(hub):
    crediting = Crediting(hub)

    crediting.credits(crediting.tables(6))

    assert hub.reviews() == [(FLOW, "record_rejected")]
    assert "Fulfilled items cannot be canceled" in ReviewItem.objects.get(state="open").message
    assert (crediting.refunds(), CreditLink.objects.count()) == ([], 0)


def test_a_refund_that_was_made_by_hand_is_asked_about(hub):
    crediting = Crediting(hub)
    hub.buyer("refund_order", order=crediting.placed["id"], lines=[{"line": crediting.line, "quantity": 2}])

    crediting.credits(crediting.tables(2))

    assert (hub.reviews(), crediting.calls()) == ([(FLOW, "refund_exists")], 0)

    release("refund_exists", "dismiss")
    work(hub)

    assert (CreditLink.objects.get().external_id, crediting.calls()) == ("CM-1", 0)


def refund_one_each(hub, crediting, times):
    for _ in range(times):
        line = {"line": crediting.line, "quantity": 1}
        hub.buyer("refund_order", order=crediting.placed["id"], lines=[line])


def test_two_refunds_by_hand_that_come_to_the_credit_together_are_asked_about_and_linked(hub):
    crediting = Crediting(hub)
    refund_one_each(hub, crediting, 2)

    crediting.credits(crediting.tables(2))
    message = ReviewItem.objects.get(state="open", code="refund_exists").message
    release("refund_exists", "dismiss")
    work(hub)

    assert "has refunded 11.90 EUR and 11.90 EUR of" in message
    assert "CM-1 comes to 23.80 EUR" in message
    links = CreditLink.objects.values_list("external_id", "is_part")
    assert (list(links), crediting.calls(), hub.reviews()) == ([("CM-1", True)] * 2, 0, [])


def test_where_more_than_one_choice_of_refunds_comes_to_the_credit_a_person_chooses(hub):
    crediting = Crediting(hub)
    refund_one_each(hub, crediting, 3)

    crediting.credits(crediting.tables(2))
    item = ReviewItem.objects.get(state="open", code="refund_exists")
    chosen, label = item.choices[1]
    review.decide(item.pk, ReviewItem.Decision.APPROVED, shown=item.fingerprint, user_id=None, chosen=chosen)
    review.run_again(item)
    work(hub)

    assert (len(item.choices), label.count("11.90 EUR")) == (4, 2)
    linked = CreditLink.objects.values_list("refund__external_id", flat=True)
    assert {key.rpartition("/")[2] for key in linked} == set(chosen.split())
    assert (crediting.calls(), hub.reviews()) == (0, [])


def test_the_store_down_then_up(hub):
    crediting = Crediting(hub)
    hub.faults({"kind": "down", "system": "store", "mode": "503"})
    crediting.credits(crediting.tables(2))
    assert crediting.calls() == 0

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: CreditLink.objects.exists())

    assert (crediting.calls(), hub.reviews()) == (1, [])
