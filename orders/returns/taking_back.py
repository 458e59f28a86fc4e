"""What people counted of a return, carried out in the store: pieces, shelves, money, and what is sent in exchange."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from hub.connectors.fulfilments import Fulfilments
from hub.connectors.return_processing import ReturnInStore, ReturnOutcome, ReturnWork
from hub.connectors.store_returns import ReturnState
from hub.errors import NeedsReview
from hub.sync.models import ReviewItem
from orders.mirroring import document_of
from orders.models import InspectedLine, RefundPolicy, StoreReturn
from orders.returns.crediting import payments_back
from orders.returns.desk import Desk
from orders.returns.inspecting import DIFFERS, Steps, steps_for
from orders.returns.inspections import Inspected, asked, inspected, outcomes_of
from orders.returns.shelves import sent_from

FLOW = "process_store_returns"
EXCHANGE_UNCLEAR, PAID_IN_PART, NO_SHELF = "exchange_unclear", "refund_exceeds_payment", "restock_location"
ANSWERED_BY_DISMISSAL = (EXCHANGE_UNCLEAR, PAID_IN_PART, DIFFERS)


@dataclass(frozen=True, slots=True)
class TakingBack:
    """Returns of one order, worked on by what people counted."""

    desk: Desk
    policy: RefundPolicy
    fulfilments: Fulfilments

    def work(self, row: StoreReturn, found: ReturnInStore) -> None:
        """Do what is counted, then ask for the rest, or close the return. Raises NeedsReview."""
        is_unseen = found.returned.state is ReturnState.CLOSED and not row.inspected.exists()
        if is_unseen or self._is_left(row):
            return
        said = inspected(row, found)
        rows = said.rows
        steps = steps_for(found, outcomes_of(rows), self._shelves(found, rows))
        exchanged = self._exchanged(row, found, rows, steps)
        if not (steps.processed or steps.disposed or exchanged):
            self._end(row, found, said, steps)
            return
        if found.returned.state is ReturnState.CLOSED:
            found = self.desk.reopen(found)
        if steps.disposed:
            found = self.desk.dispose(found, steps.disposed)
        if steps.processed or exchanged:
            found = self.desk.process(found, self._work(row, steps, exchanged))
        self._end(row, found, said, steps)

    def _end(self, row: StoreReturn, found: ReturnInStore, said: Inspected, steps: Steps) -> None:
        if found.returned.state is not ReturnState.OPEN:
            return
        if steps.is_ended:
            self.desk.close(found, "every piece is accounted for")
        else:
            raise asked(row, said)

    def _work(self, row: StoreReturn, steps: Steps, exchanged: tuple[tuple[str, int], ...]) -> ReturnWork:
        placed = document_of(self.desk.order)
        work = ReturnWork(
            return_external_id=row.external_id,
            currency=placed.presentment_currency,
            lines=steps.processed,
            exchanged=exchanged,
            note=f"Return {row.name}",
            notifies_buyer=self.policy.notifies_buyer,
        )
        outcome = self.desk.processing.suggest_outcome(work)
        return replace(work, payments=payments_back(self._amount(row, outcome), outcome.payments))

    def _amount(self, row: StoreReturn, outcome: ReturnOutcome) -> Decimal:
        """Nothing where nobody has paid: what is owed becomes less. Raises NeedsReview where a part was paid."""
        if outcome.is_owed or outcome.amount is None:
            # What is sent costs more, or the same: the order's open amount says it.
            return Decimal(0)
        amount, paid = outcome.amount.presentment, outcome.refundable.presentment
        if paid.amount <= 0:
            return Decimal(0)
        if amount.amount > paid.amount and self._decision(row, PAID_IN_PART) is None:
            raise NeedsReview(
                f"Return {row.name} comes to {amount}, and only {paid} of {row.order.name} was paid and not given "
                f"back. Approve, and {paid} is given back and the rest lessens what is owed; or work on the return in "
                "the store and dismiss this.",
                code=PAID_IN_PART,
                evidence={"return": row.name, "amount": str(amount), "paid": str(paid)},
            )
        return min(amount.amount, paid.amount)

    def _exchanged(
        self, row: StoreReturn, found: ReturnInStore, rows: list[InspectedLine], steps: Steps
    ) -> tuple[tuple[str, int], ...]:
        """What is sent in exchange once every piece is accounted for. Raises NeedsReview where fewer came back."""
        waiting = tuple(
            (one.external_id, one.quantity - one.processed)
            for one in found.returned.exchanged
            if one.quantity > one.processed
        )
        if not waiting or not steps.is_ended:
            return ()
        kept_out = sum(one.refused + one.missing for one in rows)
        if not kept_out:
            return waiting
        decision = self._decision(row, EXCHANGE_UNCLEAR)
        if decision is None:
            raise NeedsReview(
                f"{kept_out} pieces of return {row.name} of {row.order.name} were refused or are missing, and "
                f"{sum(pieces for _, pieces in waiting)} were to be sent in exchange for all. Approve to send them all "
                "the same; dismiss to send none.",
                code=EXCHANGE_UNCLEAR,
                evidence={"return": row.name, "kept_out": kept_out},
            )
        return waiting if decision == ReviewItem.Decision.APPROVED else ()

    def _shelves(self, found: ReturnInStore, rows: list[InspectedLine]) -> dict[str, str]:
        """Where goods go back on the shelf, by order line: where the policy says, else where they were sent from."""
        wanted = {one.line_external_id for one in rows if one.restocked}
        lines = {one.line_external_id for one in found.lines if one.external_id in wanted}
        if not lines or self.policy.restock_location_external_id:
            return dict.fromkeys(lines, self.policy.restock_location_external_id)
        shelves = sent_from(self.fulfilments, self.desk.order.external_id)
        if lines - shelves.keys():
            raise NeedsReview(
                "The store does not say from where the goods were sent. Name the restock location in the refund "
                "policy, then try again.",
                code=NO_SHELF,
                evidence={"return": found.returned.name},
            )
        return shelves

    def _is_left(self, row: StoreReturn) -> bool:
        """Whether a person said that the return is worked on in the store itself."""
        said = (self._decision(row, PAID_IN_PART), self._decision(row, DIFFERS))
        return ReviewItem.Decision.DISMISSED in said

    def _decision(self, row: StoreReturn, code: str) -> str | None:
        """What a person answered to this question about this return; None where nobody has."""
        items = ReviewItem.objects.filter(
            flow=FLOW,
            connection=row.connection_id,
            record_id=row.order_id,
            code=code,
            evidence__return_id=row.external_id,
        )
        return items.exclude(decision="").order_by("-pk").values_list("decision", flat=True).first()
