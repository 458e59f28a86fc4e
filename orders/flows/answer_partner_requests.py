"""Ask a person about what a partner wants of an order, carry out what was approved, keep the answer for the partner.

Starts   a partner asked through the API to have an order cancelled or goods returned, or a person decided about it
         (a dismissal, too)
Reads    PartnerRequest, StoreOrder, what was decided about the question, how far the ERP has come, the store's order
Writes   a cancellation in the store with an attempt before it; the request's state and answer
Repeat   safe: each request is answered once, by the decision about the question that named it; cancelled is cancelled
Review   every request that nobody decided about, one at a time for each order; an approved cancellation that cannot be
         carried out, with the reason
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django.db.models import Q, QuerySet

from hub.errors import NeedsReview
from hub.sync.models import Connection, ReviewItem
from orders.changes.asked_cancel import ByHand, cancel_as_asked
from orders.holds.deciding import evidence_of
from orders.models import PartnerRequest

FLOW = "answer_partner_requests"
BY_HAND = "cancel_by_hand"
Kind, State, Decision = PartnerRequest.Kind, PartnerRequest.State, ReviewItem.Decision
_ASKED = {
    Kind.CANCEL: (
        "cancel_requested",
        "wants {order} cancelled. Approve, and it is cancelled in the store and in the ERP as far as both still allow "
        "it. Or reject it with the reason, which the partner is told.",
    ),
    Kind.RETURN: (
        "return_requested",
        "wants to return {what} of {order}. Approve, and make the return in the store. Or reject it with the reason, "
        "which the partner is told.",
    ),
}


def run(connection: Connection, record_id: int) -> str:
    """Answer what was decided, ask about the first that was not; returns how many were answered."""
    answered = 0
    for request in _open(connection, record_id).select_related("order__connection").order_by("pk"):
        if not _answered(connection, request):
            raise _question(request)
        if request.kind == Kind.CANCEL and request.closed_at is None:
            _carry_out(connection, request)
        answered += 1
    return f"{answered} answered"


def reads_dismissal(code: str, evidence: Mapping[str, object]) -> bool:
    """A request that was dismissed is refused, or seen to by hand where it was approved before: the partner is told."""
    return "request" in evidence


def _open(connection: Connection, record_id: int) -> QuerySet[PartnerRequest]:
    """What nobody decided about, and cancellations that were approved and are not carried out yet."""
    is_left = Q(state=State.OPEN) | Q(state=State.ACCEPTED, kind=Kind.CANCEL, closed_at=None)
    return PartnerRequest.objects.filter(is_left, order=record_id, order__connection=connection)


# ------------------------------------------------------------------------------------------------- answer


def _answered(connection: Connection, request: PartnerRequest) -> bool:
    """Whether this request has its answer now: the order is cancelled already, or a person decided."""
    item = _decided(connection, request)
    if request.kind == Kind.CANCEL and request.order.cancelled_at is not None:
        _close(request, State.DONE, "The order is cancelled.")
    elif item is None or item.decision == Decision.TAKEN_BACK:
        return False
    elif item.decision == Decision.APPROVED:
        _accept(request, item.reason)
    elif item.decision == Decision.DISMISSED and item.code == BY_HAND:
        # It was approved before, and a person sees to it.
        _close(request, State.ACCEPTED, request.answer)
    else:
        _close(request, State.REFUSED, item.reason)
    return True


def _decided(connection: Connection, request: PartnerRequest) -> ReviewItem | None:
    """The last decision about this request."""
    items = ReviewItem.objects.filter(
        flow=FLOW,
        connection=connection,
        record_id=request.order_id,
        state=ReviewItem.State.DECIDED,
        evidence__request=request.pk,
    )
    return items.order_by("-pk").first()


def _accept(request: PartnerRequest, reason: str) -> None:
    """A return is made by a person in the store; a cancellation is over when the order is cancelled."""
    if request.kind == Kind.RETURN:
        _close(request, State.ACCEPTED, reason)
    elif request.state != State.ACCEPTED:
        request.state, request.answer = State.ACCEPTED, reason
        request.save(update_fields=["state", "answer"])


def _close(request: PartnerRequest, state: PartnerRequest.State, answer: str) -> None:
    request.state, request.answer, request.closed_at = state, answer, datetime.now(UTC)
    request.save(update_fields=["state", "answer", "closed_at"])


# ---------------------------------------------------------------------------------------------- carry out


def _carry_out(connection: Connection, request: PartnerRequest) -> None:
    """Cancel the order. Raises NeedsReview with the reason where that is left to a person."""
    item = _decided(connection, request)
    assert item is not None
    assert item.closed_at is not None
    try:
        cancel_as_asked(connection, request.order, item.closed_at)
    except ByHand as error:
        raise _by_hand(request, str(error)) from error
    _close(request, State.DONE, request.answer or "The order is cancelled.")


def _by_hand(request: PartnerRequest, why: str) -> NeedsReview:
    return NeedsReview(
        f"{request.told_by} wants {request.order.name} cancelled, which was approved, but not carried out: {why}. "
        "Cancel it by hand, in the store and in the ERP, then press Try again; or reject it with the reason, which the "
        "partner is told.",
        code=BY_HAND,
        evidence={**_evidence(request), "why": why},
    )


# ---------------------------------------------------------------------------------------------------- ask


def _question(request: PartnerRequest) -> NeedsReview:
    code, words = _ASKED[Kind(request.kind)]
    pieces = ", ".join(f"{line['quantity']} × {line['sku']}" for line in request.lines) or "all"
    said = words.format(order=request.order.name, what=pieces)
    because = f" Its reason: {request.reason}" if request.reason else ""
    return NeedsReview(
        f"{request.told_by} {said}{because}",
        code=code,
        evidence=_evidence(request),
    )


def _evidence(request: PartnerRequest) -> dict[str, object]:
    return {
        **evidence_of(request.order),
        "request": request.pk,
        "asked_by": request.told_by,
        "lines": request.lines,
    }
