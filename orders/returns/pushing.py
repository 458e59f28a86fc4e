"""The ERP's credits of one order towards its store: what each is for, and the refund that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hub.connectors.credits import ErpCredit as Document
from hub.connectors.documents import PlacedOrder
from hub.connectors.fulfilments import Fulfilments
from hub.connectors.store_returns import NewRefund, PaymentState, Restock, SuggestedRefund
from hub.connectors.store_returns import StoreRefund as Refund
from hub.errors import Conflict, NeedsReview
from hub.lib.money import Money
from hub.sync.models import ReviewItem
from orders.credits.making import currency_of
from orders.credits.mirroring import document_of as credit_document
from orders.credits.one_sided import of_cancelled
from orders.mirroring import document_of
from orders.models import (
    CreditLink,
    ErpCredit,
    OrderLink,
    RefundPolicy,
    WarehouseMapping,
)
from orders.models import StoreRefund as RefundRow
from orders.returns.amounts import Currency
from orders.returns.credited import CreditedReturns, CreditPlan
from orders.returns.crediting import (
    CreditParts,
    check_money,
    in_buyers_currency,
    money_back,
    parts_of,
    payments_back,
    refund_lines,
    shipping_in_store,
)
from orders.returns.items import items_of
from orders.returns.sending import Sender, mark_of
from orders.returns.shelves import sent_from

FLOW = "push_credit_to_store"


def refund_each(
    due: Sequence[ErpCredit], returns: CreditedReturns, policy: RefundPolicy, fulfilments: Fulfilments
) -> None:
    """Refund these credits of one order; a question about one stops none of the others. Raises one of them."""
    questions: list[tuple[ErpCredit, NeedsReview]] = []
    for credit in due:
        links = OrderLink.objects.select_related("connection")
        link = links.get(order=returns.sender.order, connection=credit.connection)
        try:
            OrderCredits(returns.sender, returns, policy, link, fulfilments).refund(credit)
        except NeedsReview as question:
            questions.append((credit, question))
    if questions:
        raise _in_turn(questions)


def _in_turn(questions: Sequence[tuple[ErpCredit, NeedsReview]]) -> NeedsReview:
    """The question about the credit that we knew first, whichever was touched last, with the others named.

    An order has one review item of this flow, and its answer is for one credit alone.
    """
    (first, question), *others = sorted(questions, key=lambda one: one[0].pk)
    if others:
        waiting = [_with_total(credit) for credit, _ in others]
        question.args = (
            f"{question} This is asked about {_with_total(first)} alone; {', '.join(waiting)} of the same order wait, "
            "and are asked about next.",
        )
        ids = [credit.external_id for credit, _ in others]
        question.evidence = {**question.evidence, "asked_next": waiting, "asked_next_ids": ids}
    return question


def _with_total(credit: ErpCredit) -> str:
    return f"{credit} ({Money(credit.total_including_tax or Decimal(0), credit.currency)})"


@dataclass(frozen=True, slots=True)
class OrderCredits:
    """Credits of one order that its store has not been told of. `link` is the order in the ERP."""

    sender: Sender
    returns: CreditedReturns
    policy: RefundPolicy
    link: OrderLink
    fulfilments: Fulfilments

    def refund(self, credit: ErpCredit) -> None:
        """Refund this credit, or ask. A person who dismissed the question has settled it by hand."""
        decisions = self._decisions(credit)
        document = credit_document(credit)
        if ReviewItem.Decision.DISMISSED in decisions.values():
            self.returns.reopened.close_again(credit)
            self._settled_by_hand(credit, document)
            return
        intended = self.sender.intended(credit)
        try:
            # Also before it is sent again: somebody may have refunded it by hand meanwhile. Ours carry a mark.
            self._check_twins(credit, document, decisions)
            if intended is None:
                plan = self._plan(credit, document, decisions)
                if self.returns.take_back(credit, document, plan):
                    return
                intended = plan.refund
            self.sender.send(credit, intended)
        except NeedsReview as error:
            error.evidence = {**error.evidence, "credit_id": credit.external_id}
            raise

    def _plan(self, credit: ErpCredit, document: Document, decisions: dict[str, str]) -> CreditPlan:
        order = self.sender.order
        placed, currency = document_of(order), currency_of(document_of(order), self.link)
        parts = parts_of(document, placed, items_of(placed, self.sender.connection, self.link.connection))
        locations = self._locations()
        lines = refund_lines(parts, self._sent(), locations)
        shipping = shipping_in_store(parts, placed, currency)
        suggested = self.sender.store.suggest_refund(order.external_id, lines, shipping)
        amount = _amount(document, parts, suggested, currency, decisions)
        check_money(document, amount, parts, lines, suggested.refundable.presentment.amount)
        is_paid = suggested.refundable.presentment.amount > 0
        refund = NewRefund(
            key=self.sender.key_of(credit),
            mark=mark_of(credit),
            order_external_id=order.external_id,
            currency=placed.presentment_currency,
            lines=lines,
            shipping=shipping,
            payments=payments_back(amount, suggested.payments) if is_paid else (),
            note=f"Credit {credit}",
            notifies_buyer=self.policy.notifies_buyer,
        )
        is_approved = decisions.get("refund_differs") == ReviewItem.Decision.APPROVED
        shelves = self._shelves(placed, parts) | locations
        return CreditPlan(parts, refund, suggested, amount, is_paid, is_approved, shelves)

    def _shelves(self, placed: PlacedOrder, parts: CreditParts) -> dict[str, str]:
        """Where goods go of which the warehouse is not mapped: by the policy, else where they were sent from."""
        if not any(piece.restocks for piece in parts.pieces):
            return {}
        if shelf := self.policy.restock_location_external_id:
            return {line.external_id: shelf for line in placed.lines}
        return sent_from(self.fulfilments, self.sender.order.external_id)

    def _sent(self) -> dict[str, int]:
        """Pieces that were sent and have not come back, by order line, as the store has them now."""
        order = self.sender.order
        found = self.fulfilments.read_fulfilments([order.external_id]).get(order.external_id)
        sent: dict[str, int] = {}
        for one in found.fulfilments if found else ():
            for line, pieces in () if one.is_cancelled else one.lines:
                sent[line] = sent.get(line, 0) + pieces
        for refund in self.sender.refunds:
            for row in refund.lines:
                if row.restock is not Restock.CANCEL:
                    sent[row.line_external_id] = sent.get(row.line_external_id, 0) - row.quantity
        return {line: max(pieces, 0) for line, pieces in sent.items()}

    def _locations(self) -> dict[str, str]:
        rows = WarehouseMapping.objects.filter(store=self.sender.connection, erp=self.link.connection)
        return dict(rows.exclude(location_external_id="").values_list("warehouse", "location_external_id"))

    def _settled_by_hand(self, credit: ErpCredit, document: Document) -> None:
        """A person made the refund, or wants none. The one of the same amount is linked: nobody credits it again."""
        twins = self._twins(document)
        if len(twins) == 1:
            self.sender.link(credit, twins[0], (), is_adopted=True)
        self.sender.settle(credit)
        self.sender.written.append(f"{credit} was settled by hand")

    def _check_twins(self, credit: ErpCredit, document: Document, decisions: dict[str, str]) -> None:
        """A refund of the same amount that belongs to no credit may be this one, made by hand; so may the credit of a
        return order that we made for a refund. Raises Conflict, unless a person said that it is another."""
        twins = [] if "refund_exists" in decisions else self._twins(document)
        if twins:
            currency = self._currency()
            amounts = [_moved(one, currency) or currency.of(one.explained) for one in twins]
            refunded = " and ".join(str(Money(amount, credit.currency)) for amount in amounts)
            total = document.totals.including_tax if document.totals else Decimal(0)
            raise Conflict(
                f"The store has refunded {refunded} of {self.sender.order.name} already, and credit {credit} comes to "
                f"{Money(total, credit.currency)}. Approve to refund it once more; dismiss where it is the same.",
                code="refund_exists",
                evidence={"credit": credit.number, "refunds": [one.external_id for one in twins]},
            )

    def _twins(self, document: Document) -> list[Refund]:
        """Refunds of the credit's amount that no credit memo is linked to; at any amount those whose memo was
        cancelled: this one may stand for it."""
        links = CreditLink.objects.filter(
            connection=self.link.connection, is_return=False, refund__order=self.sender.order
        )
        left = of_cancelled(links.exclude(refund__money=RefundRow.Money.FAILED))
        without = set(left.values_list("refund__external_id", flat=True))
        known = set(links.values_list("refund__external_id", flat=True))
        currency = self._currency()
        return [
            one
            for one in self.sender.refunds
            if document.totals is not None
            and (
                one.external_id in without
                or (
                    one.external_id not in known
                    and not one.mark
                    and document.totals.including_tax in (currency.of(one.explained), _moved(one, currency))
                )
            )
        ]

    def _currency(self) -> Currency:
        return currency_of(document_of(self.sender.order), self.link)

    def _decisions(self, credit: ErpCredit) -> dict[str, str]:
        """What people decided about this credit, by the code of the question."""
        items = ReviewItem.objects.filter(
            flow=FLOW,
            connection=self.sender.connection,
            record_id=self.sender.order.pk,
            evidence__credit_id=credit.external_id,
        )
        return dict(items.exclude(decision="").order_by("pk").values_list("code", "decision"))


def _moved(refund: Refund, currency: Currency) -> Decimal:
    return currency.of(refund.moved(PaymentState.DONE, PaymentState.PENDING))


def _amount(
    document: Document,
    parts: CreditParts,
    suggested: SuggestedRefund,
    currency: Currency,
    decisions: dict[str, str],
) -> Decimal:
    if decisions.get("refund_differs") == ReviewItem.Decision.APPROVED:
        return in_buyers_currency(document, suggested, currency)
    return money_back(document, parts, suggested, currency)
