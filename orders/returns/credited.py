"""An ERP's credit of goods that an open return holds: the return is processed, so that its refund belongs to it.

`returnProcess` knows no idempotency key and leaves no mark. So the return's refunds are noted before, and a lost answer
is looked up by a refund that is new and by the pieces that are processed since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from hub.connectors.credits import ErpCredit as Document
from hub.connectors.return_processing import (
    Disposition,
    NewDisposition,
    ProcessedLine,
    ReturnedLine,
    ReturnInStore,
    ReturnOutcome,
    ReturnProcessing,
    ReturnWork,
)
from hub.connectors.store_returns import NewRefund, ReturnState, SuggestedRefund
from hub.errors import NeedsReview
from hub.sync import attempts
from hub.sync.models import Attempt
from orders.models import ErpCredit, ReturnLink, StoreReturn
from orders.returns.crediting import CreditParts, payments_back
from orders.returns.reopened import ReopenedReturns
from orders.returns.sending import Sender, mark_of

OPERATION = "process_credited_return"
_HOLDING = (ReturnState.OPEN.value, ReturnState.CLOSED.value)


@dataclass(frozen=True, slots=True)
class CreditPlan:
    """What a credit comes to in the store: its parts, the refund that says the same, and the store's own sums."""

    parts: CreditParts
    refund: NewRefund
    suggested: SuggestedRefund
    amount: Decimal
    """To be given back, in the buyer's currency."""
    is_paid: bool
    is_approved: bool
    """Whether a person said that the ERP's amount counts."""
    shelves: Mapping[str, str]
    """Where goods go, by warehouse of the ERP; by order line where that says nothing."""


@dataclass(frozen=True, slots=True)
class CreditedReturns:
    """Returns of one order that credits of its ERP are for."""

    sender: Sender
    processing: ReturnProcessing
    reopened: ReopenedReturns

    def adopt(self, credits: Sequence[ErpCredit]) -> list[ErpCredit]:
        """Link credits whose return was processed though the answer was lost; returns those that are not.

        Raises Unsettled while one may still be carried out.
        """
        left = []
        for credit in credits:
            lost = self._open(credit)
            if lost and self._link(credit, lost[-1], is_adopted=True):
                self.sender.written.append(f"adopted the processed return of {credit}")
                continue
            if lost:
                attempts.wait_until_settled(lost)
                for attempt in lost:
                    attempts.close(attempt, Attempt.State.LOST)
            left.append(credit)
        return left

    def take_back(self, credit: ErpCredit, document: Document, plan: CreditPlan) -> bool:
        """Process the return that holds the credit's pieces; False where none does. Raises NeedsReview."""
        for row in self._holding(credit):
            found = self.processing.read_return(row.external_id)
            lines = fitting(plan, found) if found else None
            if found is not None and lines is not None:
                if found.returned.state is ReturnState.CLOSED:
                    self.reopened.reopen(credit, found)
                self._process(credit, found, self._work(document, plan, found, lines))
                self.reopened.close_again(credit)
                return True
        return False

    def _holding(self, credit: ErpCredit) -> list[StoreReturn]:
        """Returns that may hold its pieces: that of its return order first, none of another one."""
        rows = StoreReturn.objects.filter(order=self.sender.order, state__in=_HOLDING).order_by("pk")
        links = ReturnLink.objects.filter(connection=credit.connection_id, returned__order=self.sender.order)
        linked = dict(links.values_list("returned", "external_id"))
        if not credit.return_external_id:
            return list(rows)
        free = [
            row for row in rows if linked.get(row.pk, credit.return_external_id) == credit.return_external_id
        ]
        return sorted(free, key=lambda row: row.pk not in linked)

    def _work(
        self, document: Document, plan: CreditPlan, found: ReturnInStore, lines: tuple[ProcessedLine, ...]
    ) -> ReturnWork:
        refund = plan.refund
        plain = ReturnWork(
            return_external_id=found.returned.external_id,
            currency=refund.currency,
            lines=lines,
            shipping=refund.shipping,
            note=refund.note,
            notifies_buyer=refund.notifies_buyer,
        )
        outcome = self.processing.suggest_outcome(plain)
        _check_fees(document, plan, outcome)
        work = replace(plain, exchanged=_exchanged(found, lines))
        swapped = Decimal(0)
        if work.exchanged:
            swapped = _signed(outcome) - _signed(self.processing.suggest_outcome(work))
        back = plan.amount - swapped if plan.is_paid else Decimal(0)
        return replace(work, payments=payments_back(back, outcome.payments))

    def _process(self, credit: ErpCredit, found: ReturnInStore, work: ReturnWork) -> None:
        done = {line.external_id: line.pieces for line in work.lines}
        values = {
            "credit": credit.pk,
            "return": found.returned.external_id,
            "refunds": list(found.refunds),
            "processed": {
                line.external_id: line.processed + done.get(line.external_id, 0) for line in found.lines
            },
        }
        with attempts.intend(
            OPERATION,
            mark_of(credit),
            values,
            deadline=self.sender.store.refund_deadline,
            settle_after=self.sender.store.refund_settle_after,
        ) as attempt:
            self.processing.process_return(work)
        if not self._link(credit, attempt):
            # A store that makes no refund where no money moves has nothing that could be sent back.
            self.sender.settle(credit)
            attempts.close(attempt, Attempt.State.CONFIRMED, found.returned.external_id)
        self.sender.written.append(f"took back {found.returned.name} for {credit}")

    def _link(self, credit: ErpCredit, attempt: Attempt, *, is_adopted: bool = False) -> bool:
        """Link the refund that is new on the return since the attempt began; False where there is none."""
        values = attempt.values
        found = self.processing.read_return(values["return"])
        if found is None or {one.external_id: one.processed for one in found.lines} != values["processed"]:
            return False
        new = set(found.refunds) - set(values["refunds"])
        self.sender.read()
        made = [one for one in self.sender.refunds if one.external_id in new]
        if len(made) == 1:
            self.sender.link(credit, made[0], [attempt], is_adopted=is_adopted)
        return len(made) == 1

    def _open(self, credit: ErpCredit) -> list[Attempt]:
        found = attempts.open_attempts(self.sender.connection.pk, f"order:{self.sender.order.pk}")
        return [one for one in found if one.operation == OPERATION and one.key == mark_of(credit)]


def is_being_taken_back(order_id: int) -> bool:
    """Whether a refund of this order may be one that we are making for a credit, not known as such yet."""
    begun = Attempt.objects.filter(subject=f"order:{order_id}", operation=OPERATION, state=Attempt.State.OPEN)
    return begun.exists()


def fitting(plan: CreditPlan, found: ReturnInStore) -> tuple[ProcessedLine, ...] | None:
    """The credit's pieces on the lines of this return, None where it does not hold them all. Pure."""
    left = {line.external_id: line.quantity - line.processed for line in found.lines}
    taken: dict[str, list[NewDisposition]] = {}
    for piece in plan.parts.pieces:
        missing = piece.quantity
        shelf = plan.shelves.get(piece.warehouse) or plan.shelves.get(piece.line_external_id, "")
        for line in found.lines:
            pieces = min(missing, left[line.external_id])
            if line.line_external_id == piece.line_external_id and pieces:
                left[line.external_id] -= pieces
                missing -= pieces
                taken.setdefault(line.external_id, []).append(_place(line, pieces, piece.restocks, shelf))
        if missing or (piece.restocks and not shelf):
            return None
    if not taken:
        return None
    return tuple(
        ProcessedLine(
            key, sum(one.pieces for one in rows), tuple(one for one in rows if one.place_external_id)
        )
        for key, rows in taken.items()
    )


def _place(line: ReturnedLine, pieces: int, restocks: bool, shelf: str) -> NewDisposition:
    if restocks:
        return NewDisposition(line.place_external_id, Disposition.RESTOCKED, pieces, shelf)
    return NewDisposition(line.place_external_id, Disposition.NOT_RESTOCKED, pieces)


def _exchanged(found: ReturnInStore, lines: Sequence[ProcessedLine]) -> tuple[tuple[str, int], ...]:
    """What is sent in exchange goes once the last piece has come back."""
    coming = {line.external_id: line.pieces for line in lines}
    if any(one.processed + coming.get(one.external_id, 0) < one.quantity for one in found.lines):
        return ()
    waiting = ((one.external_id, one.quantity - one.processed) for one in found.returned.exchanged)
    return tuple((key, pieces) for key, pieces in waiting if pieces)


def _signed(outcome: ReturnOutcome) -> Decimal:
    """What goes back, in the buyer's currency; below zero what the buyer owes."""
    amount = outcome.amount.presentment.amount if outcome.amount else Decimal(0)
    return -amount if outcome.is_owed else amount


def _check_fees(document: Document, plan: CreditPlan, outcome: ReturnOutcome) -> None:
    """The return's own fees are those that the ERP keeps. Raises NeedsReview with both, unless a person decided."""
    fees = plan.suggested.amount.presentment.amount - _signed(outcome)
    if plan.is_approved or fees == plan.parts.kept:
        return
    raise NeedsReview(
        f"Credit {document.number} keeps {plan.parts.kept} of fees, and the return in the store {fees}. Approve, and "
        "the ERP's amount is refunded with these goods; or work on the return in the store and dismiss this.",
        code="refund_differs",
        evidence={"credit": document.number, "erp": str(plan.parts.kept), "store": str(fees)},
    )
