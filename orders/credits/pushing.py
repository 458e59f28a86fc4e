"""The refunds of one order towards its ERP: what is known of them, what is decided, what is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import QuerySet

from hub.connectors.credits import Credits, ReturnOrders
from hub.connectors.erp_parts import SalesOrders
from hub.connectors.sales_documents import ErpDocument, SalesDocuments
from hub.connectors.store_returns import StoreRefund as Refund
from hub.errors import MappingMissing, NeedsReview, NotReadyYet
from hub.lib.money import Money, round_money
from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from orders.credits.deciding import (
    CODE,
    Action,
    Decision,
    RefundFacts,
    after_the_invoice,
    are_apart,
    before_the_erp,
    is_return_order,
    restocks_of,
)
from orders.credits.making import Order, currency_of, new_credit
from orders.credits.one_sided import check_one_sided
from orders.credits.pulled import FLOW as PULL
from orders.credits.pulled import PULLED_AFTER_SECONDS, are_credits_pulled
from orders.credits.sending import Sender
from orders.credits.twins import check_return_order, is_twin
from orders.mirroring import document_of
from orders.models import CreditLink, CreditPolicy, OrderLink, StoreOrder, StoreRefund, StoreReturn
from orders.returns.amounts import RefundWorth, worth_of_refunds
from orders.returns.mirroring import refund_of, return_of

FLOW, BY_HAND, CHANNEL_TAX = "push_refund_to_erp", "credit_by_hand", "channel_tax"
OF_OURS = frozenset({CHANNEL_TAX, "refund_sums_differ"})
"""Questions, beside those about mappings, that are asked before the ERP heard anything of the refund."""
OF_DRAFTS = frozenset({"totals_differ", "record_rejected"})
"""What is asked about a document of a refund that was made and linked, and that stands in the ERP unposted."""
CREDITED_BY_HAND = Decision(Action.NOTHING, "credited in the ERP by hand")


@dataclass(slots=True)
class OrderRefunds:
    """Refunds of one order whose credits are due. The order in the ERP is read once, and only where it decides."""

    sender: Sender
    policy: CreditPolicy
    order: StoreOrder
    link: OrderLink
    documents: list[ErpDocument] | None = None
    told: list[str] = field(default_factory=list)

    def credit(
        self,
        due: Sequence[StoreRefund],
        refunds: Sequence[StoreRefund],
        settling: Sequence[tuple[StoreRefund, NeedsReview]] = (),
    ) -> str:
        """Send what is due of the order's `refunds`, oldest first; then raise what must be asked, or waits.

        What a person is asked about one of them keeps back the later ones that may have to do with it, and no others.
        `settling` is asked about documents that were made of earlier ones.
        """
        decided: list[tuple[StoreRefund, Decision]] = []
        asked, linked = [*settling], {refund.pk for refund, _ in settling}
        kept: list[StoreRefund] = []
        for refund in due:
            decision = self._decision(refund)
            if decision.action is Action.SEND and not self._is_apart(refund, asked, linked):
                kept.append(refund)
                continue
            try:
                decided.append((refund, self._credit_one(refund, decision)))
            except NeedsReview as question:
                asked.append((refund, question))
        if asked:
            raise self._first(asked, kept)
        for refund, decision in decided:
            if decision.action is Action.HOLD:
                raise self._question(refund)
        # Money may be on its way for days: what is credited already is asked about before.
        check_one_sided(self.sender.connection, refunds)
        waits = [decision for _, decision in decided if decision.action is Action.WAIT]
        if waits:
            soonest = min(waits, key=lambda decision: decision.after)
            raise NotReadyYet(f"A refund is not credited yet: {soonest.reason}.", after=soonest.after)
        return ", ".join(
            dict.fromkeys([*self.sender.written, *(d.reason for _, d in decided if not _is_sent(d))])
        )

    def _is_apart(
        self, refund: StoreRefund, asked: Sequence[tuple[StoreRefund, NeedsReview]], linked: Collection[int]
    ) -> bool:
        """Whether none of these questions may have to do with the refund: they are about our own settings and sums, or
        a document of ours that stands in the ERP, so that nothing there can be both, and about other goods."""
        document, worth = refund_of(refund), self._worths()[refund.external_id]
        return all(
            (
                isinstance(question, MappingMissing)
                or question.code in OF_OURS
                or (first.pk in linked and question.code in OF_DRAFTS)
            )
            and are_apart(refund_of(first), document, worth)
            for first, question in asked
        )

    def _first(
        self, asked: Sequence[tuple[StoreRefund, NeedsReview]], kept: Sequence[StoreRefund]
    ) -> NeedsReview:
        """The question that is asked, which names the refunds of the order that wait for its answer."""
        (_, question), *others = asked
        waiting = sorted((*(refund for refund, _ in others), *kept), key=lambda one: (one.created_at, one.pk))
        if waiting:
            worths = self._worths()
            named = [
                f"{one} ({Money(worths[one.external_id].credit, self.link.currency)})" for one in waiting
            ]
            wait = f"{', '.join(named)} of the same order {'wait' if named[1:] else 'waits'}"
            question.args = (f"{question} Until this is answered, {wait}.",)
            question.evidence = {**question.evidence, "asked_next": named}
        return question

    def _decision(self, refund: StoreRefund) -> Decision:
        document = refund_of(refund)
        worth = self._worths()[refund.external_id]
        facts = RefundFacts(
            is_ours=refund.is_ours,
            is_before_start=refund.created_at < self.policy.credits_from,
            money=refund.money,
            credit=worth.credit + worth.rounding,
            restocks=restocks_of(document),
            has_goodwill=worth.goodwill > 0,
            is_order_current=self.order.remote_updated_at >= refund.created_at,
            is_approved=self._is_approved(refund),
        )
        decision = before_the_erp(facts)
        if decision is None:
            placed = document_of(self.order)
            side = currency_of(placed, self.link)
            decision = after_the_invoice(facts, self._document(), side.of(placed.current_total))
        return decision

    def _credit_one(self, refund: StoreRefund, decision: Decision) -> Decision:
        document, worth = refund_of(refund), self._worths()[refund.external_id]
        if decision.action is Action.SEND:
            if not are_credits_pulled(self.sender.connection, self.sender.connector, refund.created_at):
                enqueue(PULL, self.sender.connection.pk)
                return Decision(Action.WAIT, "the ERP's own credits are read first", PULLED_AFTER_SECONDS)
            is_known = check_return_order(refund, self.link, worth.credit)
            if is_known or is_twin(refund, self.link, self._uncredited(refund)):
                return Decision(Action.NOTHING, "the ERP had credited it by itself, or a person has")
            is_return = self._is_return(document)
            if self._is_by_hand(refund, worth.credit + worth.rounding, is_return=is_return):
                return CREDITED_BY_HAND
            try:
                self._send(refund, document, worth, is_return=is_return)
            except NeedsReview as question:
                # A refund does not change: what a person credited by hand is not asked about again.
                if question.code != CHANNEL_TAX or not self._is_dismissed(CHANNEL_TAX, question.evidence):
                    raise
                return CREDITED_BY_HAND
        return decision

    def _is_return(self, document: Refund) -> bool:
        return is_return_order(
            restocks_of(document),
            restocked=self.policy.restocked_as == CreditPolicy.As.RETURN_ORDER,
            not_restocked=self.policy.not_restocked_as == CreditPolicy.As.RETURN_ORDER,
        )

    def _send(self, refund: StoreRefund, document: Refund, worth: RefundWorth, *, is_return: bool) -> None:
        erp, standing = self.sender.connector.supporting(SalesOrders), self._document()
        assert standing is not None
        order = Order(
            self.order.connection,
            self.sender.connection,
            document_of(self.order),
            self.link,
            standing,
            tuple(erp.charge_kinds),
            erp.determines_taxes,
        )
        self.sender.send(refund, new_credit(document, worth, order), is_return=is_return)

    def _is_by_hand(self, refund: StoreRefund, credit: Decimal, *, is_return: bool) -> bool:
        """Whether a person credits it in the ERP, which has no call for it: no reason to stop everything else.

        Raises NeedsReview unless a person dismissed this very question: another amount, document or way asks again.
        """
        if isinstance(self.sender.connector, ReturnOrders if is_return else Credits):
            return False
        erp, what = self.sender.connection, "return orders" if is_return else "credit memos"
        advice = "Change the credit policy, or credit" if is_return else "Credit"
        # The document's number may come later than its id.
        shown = {
            "refund": refund.external_id,
            "document_id": self.link.external_id,
            "amount": str(round_money(credit, self.link.currency)),
            "currency": self.link.currency,
            "lacks": what,
        }
        if self._is_dismissed(BY_HAND, shown):
            return True
        raise NeedsReview(
            f"{refund} ({Money(credit, self.link.currency)}) was not credited: {erp} has no {what} that could be "
            f"created from here. {advice} it there by hand, then dismiss this.",
            code=BY_HAND,
            evidence={**shown, "order": self.order.name, "document": self.link.shown_number},
        )

    def _document(self) -> ErpDocument | None:
        """The order as the ERP has it now; None where it is gone."""
        if self.documents is None:
            erp = self.sender.connector.supporting(SalesDocuments)
            self.documents = erp.read_sales_documents([self.link.external_id])
        return self.documents[0] if self.documents else None

    def _worths(self) -> dict[str, RefundWorth]:
        """Of all refunds of the order: the fees of a return are kept once, whoever bears them."""
        refunds = [refund_of(row) for row in StoreRefund.objects.filter(order=self.order)]
        returns = [return_of(row) for row in StoreReturn.objects.filter(order=self.order)]
        return worth_of_refunds(refunds, returns, currency_of(document_of(self.order), self.link))

    def _uncredited(self, refund: StoreRefund) -> dict[StoreRefund, Decimal]:
        """What this refund is worth, and the store's others that no credit of the ERP is linked to."""
        linked = CreditLink.objects.filter(connection=self.sender.connection, refund__order=self.order)
        worths, known = self._worths(), set(linked.values_list("refund", flat=True))
        others = StoreRefund.objects.filter(
            order=self.order, mark="", created_at__gte=self.policy.credits_from
        )
        given = others.exclude(money=StoreRefund.Money.FAILED).exclude(pk__in=known - {refund.pk})
        return {one: worths[one.external_id].credit for one in given.order_by("created_at", "pk")}

    def _is_approved(self, refund: StoreRefund) -> bool:
        approved = self._answered(CODE, ReviewItem.Decision.APPROVED)
        return approved.filter(evidence__refund=refund.external_id).exists()

    def _is_dismissed(self, code: str, shown: Mapping[str, object]) -> bool:
        dismissed = self._answered(code, ReviewItem.Decision.DISMISSED)
        return dismissed.filter(evidence__contains=shown).exists()

    def _answered(self, code: str, decision: ReviewItem.Decision) -> QuerySet[ReviewItem]:
        return ReviewItem.objects.filter(
            flow=FLOW,
            connection=self.sender.connection,
            record_id=self.order.pk,
            code=code,
            decision=decision,
        )

    def _question(self, refund: StoreRefund) -> NeedsReview:
        number = self.link.shown_number
        return NeedsReview(
            f"{refund} was not credited: {number} is not invoiced in {self.sender.connection}. Take what was refunded "
            "off the order there; or approve, and it is credited without an invoice. It is credited by itself once "
            "the order is invoiced.",
            code=CODE,
            evidence={"refund": refund.external_id, "order": self.order.name, "document": number},
        )


def _is_sent(decision: Decision) -> bool:
    return decision.action is Action.SEND
