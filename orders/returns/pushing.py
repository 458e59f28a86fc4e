"""The ERP's credits of one order towards its store: what each is for, and the refund that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from hub.connectors.credits import ErpCredit as Document
from hub.connectors.documents import PlacedOrder
from hub.connectors.fulfilments import Fulfilments
from hub.connectors.store_returns import NewRefund, PaymentState, Restock, SuggestedRefund
from hub.connectors.store_returns import StoreRefund as Refund
from hub.errors import Conflict, NeedsReview
from hub.lib.gid import tail
from hub.lib.money import Money
from hub.sync.models import ReviewItem
from orders.adoption.rules import NONE_OF_THEM
from orders.credits.making import currency_of
from orders.credits.mirroring import document_of as credit_document
from orders.credits.one_sided import of_cancelled
from orders.credits.same_goods import Goods, in_words, sides
from orders.credits.sums import sets_that_sum
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
    check_sold,
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

FLOW, EXISTS = "push_credit_to_store", "refund_exists"


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
            self._settled_by_hand(credit, document, decisions)
            return
        intended = self.sender.intended(credit)
        try:
            if self._is_chosen(credit, document):
                return
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
        parts = parts_of(document, placed, items_of(order, placed, self.link.connection))
        locations = self._locations()
        if decisions.get("credit_line_below_zero") != ReviewItem.Decision.APPROVED:
            check_sold(document, parts)
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

    def _settled_by_hand(self, credit: ErpCredit, document: Document, decisions: dict[str, str]) -> None:
        """A person made the refund, or wants none. The one of the same amount is linked, or the only ones that come to
        it together, or the one of the same goods that was shown: nobody credits them again."""
        twins = self._twins(document)
        if not twins and decisions.get(EXISTS) == ReviewItem.Decision.DISMISSED and not self._sets(document):
            twins = self._of_same_goods(document)
        sets = [twins] if len(twins) == 1 else [] if twins else self._sets(document)
        if len(sets) == 1:
            self.sender.link_all(credit, sets[0])
        self.sender.settle(credit)
        self.sender.written.append(f"{credit} was settled by hand")

    def _check_twins(self, credit: ErpCredit, document: Document, decisions: dict[str, str]) -> None:
        """A refund of the same amount that belongs to no credit may be this one, made by hand; so may several that come
        to it together, and the credit of a return order that we made for a refund. Raises Conflict, unless a person
        said that it is another."""
        if EXISTS in decisions:
            return
        twins = self._twins(document)
        sets = [] if twins else self._sets(document)
        same = [] if twins or sets else self._of_same_goods(document)
        found = twins or same or [one for one in self.sender.refunds if any(one in made for made in sets)]
        if not found:
            return
        refunded = " and ".join(str(Money(self._amount_of(one), credit.currency)) for one in found)
        answers = "Approve to refund it once more; dismiss where it is the same."
        total = Money(credit.total_including_tax or Decimal(0), credit.currency)
        goods, numbers = self._goods(), ", ".join(tail(one.external_id) for one in found)
        evidence: dict[str, object] = {
            "credit": credit.number,
            "refunds": [one.external_id for one in found],
            **sides(
                (numbers, refunded, "; ".join(in_words(goods.of_refund(one)) for one in found)),
                (str(credit), str(total), in_words(goods.of_credit(document))),
            ),
        }
        if len(sets) > 1:
            answers = "Choose which of them it is."
            choices = [(_key(made), self._sum_of(made, credit)) for made in sets]
            evidence["choices"] = [*choices, (NONE_OF_THEM, "It is none of them: refund it once more")]
        raise Conflict(
            f"The store has refunded {refunded} of {self.sender.order.name} already, and credit {credit} comes to "
            f"{total}. {answers}",
            code=EXISTS,
            evidence=evidence,
        )

    def _is_chosen(self, credit: ErpCredit, document: Document) -> bool:
        """Whether a person chose which refunds the credit is; they are linked then."""
        answered = self._answered(credit).filter(code=EXISTS).exclude(evidence__chosen=None).order_by("-pk")
        chosen = answered.values_list("evidence__chosen", flat=True).first()
        made = next((one for one in self._sets(document) if _key(one) == chosen), None)
        if made is not None:
            self.sender.link_all(credit, made)
            self.sender.written.append(f"{credit} is {len(made)} refunds of the store's")
        return made is not None

    def _sets(self, document: Document) -> list[list[Refund]]:
        """Refunds without a credit that come to this one together: by what they are for, or by the money they moved."""
        if document.totals is None or document.currency != self.link.currency:
            return []
        currency, free = self._currency(), {one.external_id: one for one in self._free()}
        for_what = {key: currency.of(one.explained) for key, one in free.items()}
        moved = {key: _moved(one, currency) for key, one in free.items()}
        total = document.totals.including_tax
        sets = dict.fromkeys([*sets_that_sum(for_what, total), *sets_that_sum(moved, total)])
        return [[free[key] for key in one] for one in sets]

    def _of_same_goods(self, document: Document) -> list[Refund]:
        """Refunds without a credit that give back what this one does, at whatever amounts."""
        goods = self._goods()
        return [one for one in self._free() if goods.are_same(document, one, self.sender.refunds)]

    def _goods(self) -> Goods:
        placed = document_of(self.sender.order)
        return Goods(placed, items_of(self.sender.order, placed, self.link.connection))

    def _free(self) -> list[Refund]:
        """Refunds that people made, and that no credit memo is linked to."""
        links = CreditLink.objects.filter(connection=self.link.connection, refund__order=self.sender.order)
        known = set(links.filter(is_return=False).values_list("refund__external_id", flat=True))
        return [one for one in self.sender.refunds if one.external_id not in known and not one.mark]

    def _amount_of(self, refund: Refund) -> Decimal:
        currency = self._currency()
        return _moved(refund, currency) or currency.of(refund.explained)

    def _sum_of(self, made: Sequence[Refund], credit: ErpCredit) -> str:
        amounts = (
            f"{Money(self._amount_of(one), credit.currency)} ({tail(one.external_id)})" for one in made
        )
        return f"It is {' and '.join(amounts)}"

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
        return dict(self._answered(credit).order_by("pk").values_list("code", "decision"))

    def _answered(self, credit: ErpCredit) -> QuerySet[ReviewItem]:
        items = ReviewItem.objects.filter(
            flow=FLOW,
            connection=self.sender.connection,
            record_id=self.sender.order.pk,
            evidence__credit_id=credit.external_id,
        )
        return items.exclude(decision="")


def _key(refunds: Sequence[Refund]) -> str:
    """How a set of refunds is named among the answers of a question."""
    return " ".join(sorted(tail(one.external_id) for one in refunds))


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
