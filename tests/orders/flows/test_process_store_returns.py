"""Returns brought to their end: what people counted, what the ERP says, what was lost on the way."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from hub.connectors.credits import CreditStage
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, ReviewItem
from inventory.models import ItemMapping
from orders.credits.mirroring import mirror_credits
from orders.models import InspectedLine, RefundPolicy, ReturnReason, StoreRefund, StoreReturn
from tests.orders.returning import Crediting, work
from tests.world import release

FLOW = "process_store_returns"
PERSON = {"inspection": RefundPolicy.Inspection.PERSON, "approval": RefundPolicy.Approval.STORE}
ERP = {"inspection": RefundPolicy.Inspection.ERP, "approval": RefundPolicy.Approval.ERP}


class Returning(Crediting):
    """Two of the five tables are on their way back, with a restocking fee of 10 %."""

    def __init__(self, hub, *, policy=PERSON, exchange=(), **more):
        super().__init__(hub, policy=policy, **more)
        given = {"lines": [{"line": self.line, "quantity": 2, "reason": "DEFECTIVE"}], "exchange": exchange}
        made = hub.buyer("open_return", order=self.placed["id"], restocking_percent="10", **given)
        self.id = made["id"]
        self.told()

    def told(self):
        """The store tells of the return, and the hub works on it."""
        number = int(self.placed["id"].rpartition("/")[2])
        self.hub.post({"order": {"id": number}}, topic="returns/approve")
        self.hub.work(lambda: StoreReturn.objects.exists())
        work(self.hub, "read_store_returns", FLOW)

    def count(self, **counts):
        """A person counts, and the hub works until nothing is left to do."""
        InspectedLine.objects.update(**counts)
        self.again()

    def again(self):
        enqueue(FLOW, self.hub.euro.pk, [StoreReturn.objects.get().order_id])
        work(self.hub, FLOW)

    def return_order(self, stage, received=0, awaited=2):
        """The ERP's return order stands so, in the ERP's unit."""
        line = dataclasses.replace(
            self.tables(2), quantity=Decimal(awaited), received_quantity=Decimal(received)
        )
        row = self.document(line, key="RA-7", stage=stage, is_return=True, reference=self.row.name)
        mirror_credits(self.hub.erp, [row])
        work(self.hub, "push_credit_to_store", FLOW)

    @property
    def row(self):
        return StoreReturn.objects.get()

    @property
    def state(self):
        return self.hub.shop().tables["Return"][self.id]["status"]

    def places(self):
        [reverse] = self.hub.shop().tables["Return"][self.id]["_reverse"]
        return [(one["type"], one["quantity"]) for one in reverse["_lines"][0]["dispositions"]]

    def money(self):
        return [(lines, money) for lines, money, _ in self.refunds()]


def test_people_count_and_the_pieces_go_where_they_say_with_their_money(hub):
    returning = Returning(hub)
    assert hub.reviews() == [(FLOW, "return_inspection")]

    returning.count(restocked=1, refused=1)

    assert returning.places() == [("NOT_RESTOCKED", 1), ("RESTOCKED", 1)]
    assert returning.money() == [([(1, "RETURN")], ["10.90"])]
    assert (returning.state, returning.row.state, hub.reviews()) == ("CLOSED", "closed", [])
    assert StoreRefund.objects.get().return_external_id == returning.id


def test_what_is_in_repair_waits_and_a_second_run_sends_nothing(hub):
    returning = Returning(hub)

    returning.count(repair=2)
    returning.again()

    assert returning.places() == [("PROCESSING_REQUIRED", 2)]
    assert (returning.money(), returning.state) == ([], "OPEN")
    assert hub.reviews() == [(FLOW, "return_inspection")]

    returning.count(repair=0, not_restocked=2)

    assert (returning.money(), returning.state) == ([([(2, "NO_RESTOCK")], ["21.80"])], "CLOSED")


def test_a_processing_whose_answer_was_lost_is_not_sent_again(hub):
    returning = Returning(hub)
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "ProcessReturn", "first": 1})
    returning.count(restocked=2)
    hub.forget_faults()

    hub.hurry()
    hub.work(lambda: returning.state == "CLOSED")

    assert returning.hub.shop().calls["returnProcess"] == 1
    assert returning.money() == [([(2, "RETURN")], ["21.80"])]
    assert not Attempt.objects.filter(state="open").exists()


def test_the_store_refuses_nothing_is_given_back_and_a_person_is_asked(hub):
    returning = Returning(hub)
    policy = RefundPolicy.objects.get()
    policy.restock_location_external_id = "gid://shopify/Location/999"
    policy.save()

    returning.count(restocked=2)

    assert hub.reviews() == [(FLOW, "record_rejected")]
    assert (returning.money(), returning.places(), returning.state) == ([], [], "OPEN")


def test_an_unpaid_order_takes_its_pieces_back_and_moves_no_money(hub):
    returning = Returning(hub, paid=None, payment_terms="Net 30")

    returning.count(restocked=2)

    assert (returning.money(), returning.state) == ([([(2, "RETURN")], [])], "CLOSED")


def test_a_reason_decides_once_the_erps_return_order_received_the_goods(hub):
    ReturnReason.objects.create(store=hub.euro, reason="Defective", outcome="not_restocked")
    returning = Returning(hub, policy=PERSON | {"approval": RefundPolicy.Approval.ERP})
    assert returning.money() == []

    returning.return_order(CreditStage.RECEIVED, received=1)

    assert returning.money() == [([(1, "NO_RESTOCK")], ["10.90"])]
    assert (InspectedLine.objects.get().not_restocked, returning.state) == (1, "OPEN")


def test_a_further_receipt_is_decided_by_the_same_reason(hub):
    ReturnReason.objects.create(store=hub.euro, reason="Defective", outcome="not_restocked")
    returning = Returning(hub, policy=PERSON | {"approval": RefundPolicy.Approval.ERP})
    returning.return_order(CreditStage.RECEIVED, received=1)

    returning.return_order(CreditStage.RECEIVED, received=2)

    assert [sum(map(Decimal, money)) for _, money in returning.money()] == [Decimal("10.90")] * 2
    assert (InspectedLine.objects.get().not_restocked, returning.state) == (2, "CLOSED")


def test_what_a_person_took_back_of_a_reasons_count_stays_so_when_it_is_looked_at_again(hub):
    ReturnReason.objects.create(store=hub.euro, reason="Defective", outcome="refused")
    returning = Returning(hub, policy=PERSON | {"approval": RefundPolicy.Approval.ERP})
    returning.return_order(CreditStage.RECEIVED, received=1)
    assert InspectedLine.objects.get().refused == 1

    returning.count(refused=0, repair=1)

    assert InspectedLine.objects.values_list("refused", "repair").get() == (0, 1)


@pytest.mark.parametrize(
    ("units", "received", "refused", "words"),
    [
        ("0.25", "0.25", 1, ""),
        ("0.25", "0.5", 2, ""),
        ("12", "18", 0, "18 of "),
        ("0.25", "0.3", 0, "0.3 of "),
    ],
    ids=["one bag", "both bags", "a box and a half", "a bag and a bit"],
)
def test_what_the_erp_received_in_its_own_unit_counts_in_pieces(hub, units, received, refused, words):
    ItemMapping.objects.filter(store=hub.euro, sku="TAB-001").update(units_per_piece=Decimal(units))
    ReturnReason.objects.create(store=hub.euro, reason="Defective", outcome="refused")
    returning = Returning(hub, policy=PERSON | {"approval": RefundPolicy.Approval.ERP})

    returning.return_order(CreditStage.RECEIVED, received=received, awaited=2 * Decimal(units))

    assert InspectedLine.objects.get().refused == refused
    asked = ReviewItem.objects.filter(state="open", flow=FLOW).values_list("message", flat=True)
    assert [words in message for message in asked] == ([] if refused == 2 else [True])


def test_a_reason_says_nothing_of_what_staff_have_closed(hub):
    returning = Returning(hub)
    close_by_hand(hub, returning)
    ReturnReason.objects.update_or_create(
        store=hub.euro, reason="Defective", defaults={"outcome": "not_restocked", "when": "at_once"}
    )

    returning.again()

    assert (returning.state, returning.money(), hub.reviews()) == ("CLOSED", [], [])


def test_fewer_came_back_than_were_to_be_exchanged_and_a_person_decides(hub):
    returning = Returning(hub, exchange=[{"sku": "TAB-001", "quantity": 2}])

    returning.count(restocked=1, missing=1)
    assert hub.reviews() == [(FLOW, "exchange_unclear")]
    assert (returning.money(), returning.places()) == ([], [])

    release("exchange_unclear", "dismiss")
    work(hub, FLOW, "read_store_returns")

    assert (len(returning.order["_lines"]), returning.state) == (1, "CLOSED")
    assert returning.money() == [([(1, "RETURN")], ["10.90"])]


def test_a_return_that_the_erp_withdraws_is_cancelled(hub):
    returning = Returning(hub, policy=ERP)
    returning.return_order(CreditStage.APPROVED)
    assert returning.state == "OPEN"

    returning.return_order(CreditStage.CANCELLED)

    assert (returning.state, returning.row.state) == ("CANCELED", "cancelled")
    assert hub.messages(FLOW)[-1].endswith("return order RA-7 was withdrawn in the ERP")


def test_a_return_order_that_is_taken_up_again_opens_what_its_withdrawal_closed(hub):
    returning = Returning(hub, policy=ERP)
    returning.credits(returning.tables(1), returning.amount("-1.00"))
    assert (returning.money(), returning.state) == ([([(1, "RETURN")], ["10.90"])], "OPEN")

    returning.return_order(CreditStage.CANCELLED)
    assert returning.state == "CLOSED"
    returning.return_order(CreditStage.RECEIVED)

    assert (returning.state, returning.row.state) == ("OPEN", "open")


def test_a_credit_of_the_erp_processes_the_return_and_closes_it(hub):
    returning = Returning(hub, policy=ERP)

    returning.credits(returning.tables(2), returning.amount("-2.00"))
    work(hub, FLOW)

    assert returning.money() == [([(2, "RETURN")], ["21.80"])]
    assert (returning.calls(), hub.shop().calls["returnProcess"]) == (0, 1)
    assert (returning.state, hub.reviews()) == ("CLOSED", [])


def test_fees_that_differ_from_the_returns_are_asked_about(hub):
    returning = Returning(hub, policy=ERP)

    returning.credits(returning.tables(2))

    assert hub.reviews() == [("push_credit_to_store", "refund_differs")]
    assert (returning.money(), returning.state) == ([], "OPEN")
    assert "keeps 0 of fees" in ReviewItem.objects.get(state="open").message


def close_by_hand(hub, returning):
    hub.buyer("decide_return", **{"return": returning.id, "decision": "close"})
    returning.told()
    hub.work(lambda: returning.row.state == "closed")


def test_a_closed_return_is_opened_for_its_credit_and_closed_again_once_that_is_dismissed(hub):
    returning = Returning(hub, policy=ERP)
    close_by_hand(hub, returning)

    returning.credits(returning.tables(2))
    asked = (hub.reviews(), returning.state)
    returning.told()
    enqueue("pull_store_returns", hub.euro.pk)
    work(hub, "pull_store_returns", "push_credit_to_store")
    asked_still = returning.state
    release("refund_differs", "dismiss")
    work(hub, "push_credit_to_store")

    assert asked_still == "OPEN"
    assert asked == ([("push_credit_to_store", "refund_differs")], "OPEN")
    assert (returning.state, returning.money(), hub.reviews()) == ("CLOSED", [], [])


def test_a_closed_return_whose_opening_was_not_answered_is_processed_and_closed_again(hub):
    returning = Returning(hub, policy=ERP)
    close_by_hand(hub, returning)
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "ReopenReturn", "first": 1})
    returning.credits(returning.tables(2), returning.amount("-2.00"))
    hub.forget_faults()
    opened = returning.state

    hub.hurry()
    hub.work(lambda: StoreRefund.objects.filter(links__isnull=False).exists())
    work(hub, "push_credit_to_store")

    assert opened == "OPEN"
    assert (returning.state, returning.money(), hub.reviews()) == (
        "CLOSED",
        [([(2, "RETURN")], ["21.80"])],
        [],
    )
    assert not Attempt.objects.filter(state="open").exists()


def test_a_credited_return_whose_answer_was_lost_is_linked_and_never_credited_again(hub):
    returning = Returning(hub, policy=ERP)
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "ProcessReturn", "first": 1})
    returning.credits(returning.tables(2), returning.amount("-2.00"))
    hub.forget_faults()
    assert not StoreRefund.objects.filter(links__isnull=False).exists()

    hub.hurry()
    hub.work(lambda: StoreRefund.objects.filter(links__isnull=False).exists())

    link = StoreRefund.objects.get().links.get()
    assert (link.external_id, link.origin, link.is_adopted) == ("CM-1", "erp", True)
    assert hub.shop().calls["returnProcess"] == 1
    assert not Attempt.objects.filter(state="open").exists()
