"""The ERP's return orders of one order's returns, on their way to it: looked up, known, made, approved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from django.db.models import Q

from hub.connectors.base import Connector
from hub.connectors.credits import CreditStage, ReturnOrders
from hub.connectors.erp_parts import SalesOrders
from hub.connectors.sales_documents import SalesDocuments
from hub.connectors.store_returns import ReturnState
from hub.errors import CodeUnknown, Conflict, NeedsReview, RecordRejected
from hub.lib.gid import tail
from hub.sync import attempts
from hub.sync.models import Attempt, ReviewItem
from hub.sync.running import this_run
from orders.credits.approving import approve
from orders.credits.making import Order
from orders.credits.mirroring import mirror_credits
from orders.credits.pulled import check_credits_pulled
from orders.credits.returning import new_return, reference_of_return
from orders.mirroring import document_of
from orders.models import ErpCredit, OrderLink, ReturnLink, StoreReturn
from orders.partners.documents import marked_in
from orders.returns.deciding import content_of
from orders.returns.made_there import CODE as EXISTS
from orders.returns.made_there import FLOW, is_made_there
from orders.returns.mirroring import return_of

OPERATION = "create_return_order"
_UNDER_WAY = (ReturnState.REQUESTED.value, ReturnState.OPEN.value)
_GIVEN_UP = (ReturnState.DECLINED.value, ReturnState.CANCELLED.value)
_AWAITED = (CreditStage.REQUESTED.value, CreditStage.APPROVED.value)
AWAITS, GONE = "return_order_awaits", "gone_from_erp"
# Dismissed, a person has seen to the return by hand: the messages say so. An empty mapping row is filled, and of two
# return orders one has to go, whoever looks away.
ANSWERED_BY_DISMISSAL = (
    AWAITS,
    EXISTS,
    GONE,
    "return_unclear",
    "refund_unclear",
    "channel_tax",
    RecordRejected.default_code,
)


@dataclass(frozen=True, slots=True)
class Announcing:
    """Returns of one order towards the ERP that holds it under this link."""

    connector: Connector
    link: OrderLink
    returns: Sequence[StoreReturn]

    def find_lost(self) -> None:
        """Mirror what earlier sends left in the ERP; waits while one may still appear, and else gives it up."""
        connection, missing = self.link.connection, []
        for attempt in attempts.open_attempts(connection.pk, this_run().task.subject):
            if attempt.operation != OPERATION:
                continue
            found = self._erp.find_returns([attempt.key])
            if found:
                # Not every ERP says of which order it is.
                documents = [replace(one, order_external_id=self.link.external_id) for one in found]
                mirror_credits(connection, documents)
                attempts.close(attempt, Attempt.State.CONFIRMED, found[0].external_id)
            else:
                missing.append(attempt)
        if missing:
            attempts.wait_until_settled(missing)
            for attempt in missing:
                attempts.close(attempt, Attempt.State.LOST)

    def check_given_up(self) -> None:
        """No ERP's interface is told to cancel a return order: a person does it. Raises NeedsReview."""
        for row in self.returns:
            known = self._known(row) if row.state in _GIVEN_UP else None
            if known is not None and known.stage in _AWAITED and not _is_left(row, (AWAITS,)):
                raise NeedsReview(
                    f"Return {row.name} is {row.get_state_display().lower()} in the store, but {known} still awaits "
                    f"its goods in {self.link.connection}. Cancel it there, and this closes by itself; or dismiss "
                    "this, and it is left as it is.",
                    code=AWAITS,
                    evidence={"return": row.name, "document": str(known), **_about(row)},
                )

    def due(self) -> list[StoreReturn]:
        """Returns under way whose return order nobody has made. Raises Conflict where a person has to say so, and
        NotReadyYet until what a clerk made a moment ago would have been read."""
        rows = [row for row in self.returns if row.state in _UNDER_WAY and _began_here(row)]
        rows = [row for row in rows if not self._known(row)]
        left = [row for row in rows if not _is_left(row) and not self._is_made_there(row, rows)]
        if left:
            told_at = max(row.observed_at for row in left)
            check_credits_pulled(self.link.connection, self.connector, told_at)
        return left

    def make(self, row: StoreReturn) -> str:
        """Create its return order; says which. A question about it names it, so that its dismissal answers."""
        with _asking_about(row):
            return self._make(row)

    def _make(self, row: StoreReturn) -> str:
        erp, connection = self._erp, self.link.connection
        document = new_return(return_of(row), self._basis())
        advice = f"Or enter the return order of {row.name} in {connection} by hand, and dismiss this."
        with (
            attempts.intend(
                OPERATION,
                document.reference,
                {
                    "return": row.pk,
                    "total": str(document.total_including_tax),
                    "approved": document.is_approved,
                },
                deadline=erp.call_deadline,
                settle_after=erp.settle_after,
            ) as attempt,
            _advising(advice),
        ):
            created = erp.create_return(document)
        mirror_credits(connection, [created])
        attempts.close(attempt, Attempt.State.CONFIRMED, created.external_id)
        return f"created {created.number or created.external_id} for {row.name}"

    def approve_drafts(self) -> list[str]:
        """What the store had opened when it was sent waits for no clerk: its drafts go on, however they were found."""
        if not self._erp.returns_begin_as_drafts:
            return []
        connection, written = self.link.connection, []
        for row in self.returns:
            known = self._known(row) if row.state == ReturnState.OPEN.value else None
            if known is None or known.stage != CreditStage.REQUESTED.value or not _sent_approved(known):
                continue
            if _is_left(row):
                continue
            evidence: dict[str, object] = {"return": row.name, "document": str(known)}
            advice = f"Approve {known} in {connection} by hand, and this closes; or dismiss this: it stays a draft."
            with _asking_about(row), _advising(advice):
                found = approve(connection, self._erp, known.external_id, known.reference, evidence=evidence)
            mirror_credits(connection, [found])
            written.append(f"approved {found.number or found.external_id} for {row.name}")
        return written

    def _is_made_there(self, row: StoreReturn, rows: Sequence[StoreReturn]) -> bool:
        with _asking_about(row):
            return is_made_there(row, self.link, [one for one in rows if one != row])

    @property
    def _erp(self) -> ReturnOrders:
        return self.connector.supporting(ReturnOrders)

    def _known(self, row: StoreReturn) -> ErpCredit | None:
        """Our copy of its return order, made by us or adopted. Raises Conflict where there are two."""
        ours = Q(reference=reference_of_return(row.external_id, row.connection))
        adopted = Q(order=row.order_id, returned_external_id=tail(row.external_id))
        found = list(
            ErpCredit.objects.filter(ours | adopted, connection=self.link.connection, is_return=True)
        )
        ErpCredit.objects.filter(pk__in=[one.pk for one in found], order=None).update(order=row.order_id)
        if len(found) > 1:
            numbers = [one.number or one.external_id for one in found]
            raise Conflict(
                f"Return {row.name} has {len(found)} return orders in the ERP: {', '.join(numbers)}. Keep one, delete "
                "the others there, then press Try again.",
                code="double_in_erp",
                evidence={"return": row.name, "documents": numbers},
            )
        return found[0] if found else None

    def _basis(self) -> Order:
        """The order as both sides have it. Raises Conflict where the ERP has it no more."""
        sales, order, connection = (
            self.connector.supporting(SalesOrders),
            self.link.order,
            self.link.connection,
        )
        erp = self.connector.supporting(SalesDocuments)
        standing = erp.read_sales_documents([self.link.external_id])
        if not standing:
            raise Conflict(
                f"{self.link.shown_number} is gone from {connection}, but something of it is returned. Enter the "
                "return order there by hand, then dismiss this.",
                code=GONE,
                evidence={"order": order.name, "document": self.link.shown_number},
            )
        return Order(
            order.connection,
            connection,
            document_of(order),
            self.link,
            standing[0],
            tuple(sales.charge_kinds),
            sales.determines_taxes,
        )


@contextmanager
def _asking_about(row: StoreReturn) -> Iterator[None]:
    """A question of the body is about this return as it is."""
    try:
        yield
    except NeedsReview as question:
        question.evidence = {**question.evidence, **_about(row)}
        raise


@contextmanager
def _advising(advice: str) -> Iterator[None]:
    """What the ERP refuses, with what a person may do about it."""
    try:
        yield
    except CodeUnknown:
        raise
    except RecordRejected as refused:
        raise RecordRejected(f"{refused} {advice}", code=refused.code, evidence=refused.evidence) from refused


def _about(row: StoreReturn) -> dict[str, object]:
    return {"return_id": row.external_id, "pieces_hash": content_of(row)}


def _is_left(row: StoreReturn, codes: Sequence[str] = ANSWERED_BY_DISMISSAL) -> bool:
    """Whether a person dismissed what was asked about this return, whose goods and fees are the same still."""
    items = ReviewItem.objects.filter(
        flow=FLOW, record_id=row.order_id, decision=ReviewItem.Decision.DISMISSED
    )
    about = items.filter(code__in=codes, evidence__contains=_about(row))
    return bool(about.exists())


def _began_here(row: StoreReturn) -> bool:
    """Not for a return order that the ERP has: linked, or marked where the link is not stored yet.

    A partner's request leaves a mark, too, and the ERP has not heard of it.
    """
    mark = return_of(row).mark
    is_of_erp = bool(mark) and marked_in([mark]) is None
    return not is_of_erp and not ReturnLink.objects.filter(returned=row).exists()


def _sent_approved(known: ErpCredit) -> bool:
    """A request that the store opened later still waits for the ERP's clerk."""
    return Attempt.objects.filter(
        connection=known.connection_id,
        subject=this_run().task.subject,
        operation=OPERATION,
        key=known.reference,
        external_id=known.external_id,
        state=Attempt.State.CONFIRMED,
        values__approved=True,
    ).exists()
