"""Ask a person about what a partner wants of an order, carry out what was approved, keep the answer for the partner.

Starts   a partner asked through the API to have an order cancelled or goods returned, a person decided about it (a
         dismissal, too), or a look over the store's orders while something may answer it that nobody tells of
Reads    PartnerRequest, StoreOrder, what was decided about the question, how far the ERP has come, the store's order,
         its returns and what of it can be returned
Writes   a cancellation or a return in the store with an attempt before it, StoreReturn after it; the request's state
         and answer
Repeat   safe: each request is answered once, by the decision about the question that named it; cancelled is cancelled,
         and the store's returns are read before one is made, which is known by the mark in its lines' notes
Review   every request that nobody decided about, one at a time for each order; what was approved and cannot be carried
         out, with the reason: the ERP has come too far, fewer pieces can be returned, the store has a return of the
         same goods, the store refuses
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
from orders.returns.asked import EXISTS, FLOW, make_as_asked

Kind, State, Decision = PartnerRequest.Kind, PartnerRequest.State, ReviewItem.Decision
_ASKED = {
    Kind.CANCEL: (
        "cancel_requested",
        "wants {order} cancelled. Approve, and it is cancelled in the store and in the ERP as far as both still allow "
        "it. Or reject it with the reason, which the partner is told.",
    ),
    Kind.RETURN: (
        "return_requested",
        "wants to return {what} of {order}. Approve, and the return is made in the store. Or reject it with the "
        "reason, which the partner is told.",
    ),
}
_BY_HAND = {
    Kind.CANCEL: (
        "cancel_by_hand",
        "wants {order} cancelled, which was approved, but not carried out: {why}. Cancel it by hand, in the store and "
        "in the ERP, then press Try again; or reject it with the reason, which the partner is told.",
    ),
    Kind.RETURN: (
        "return_by_hand",
        "wants to return {what} of {order}, which was approved, but the return was not made: {why}. Mend that and "
        "press Try again; or make the return in the store by hand and dismiss this; or reject it with the reason, "
        "which the partner is told.",
    ),
}


def run(connection: Connection, record_id: int) -> str:
    """Answer what was decided, ask about the first that was not; returns how many were answered."""
    answered = 0
    for request in _open(connection, record_id).select_related("order__connection").order_by("pk"):
        if not _answered(connection, request):
            raise _question(request)
        if request.closed_at is None:
            _carry_out(connection, request)
        answered += 1
    return f"{answered} answered"


def reads_dismissal(code: str, evidence: Mapping[str, object]) -> bool:
    """A request that was dismissed is refused, or seen to by hand where it was approved before; a return of the store
    that may be the one that was asked for is it: the partner is told.
    """
    return "request" in evidence


def _open(connection: Connection, record_id: int) -> QuerySet[PartnerRequest]:
    """What nobody decided about, and what was approved and is not carried out yet."""
    is_left = Q(state=State.OPEN) | Q(state=State.ACCEPTED, closed_at=None)
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
    elif item.decision == Decision.DISMISSED and item.code == EXISTS:
        _close(request, State.DONE, _in_store(request, ", ".join(item.evidence["returns"])))
    elif item.decision == Decision.DISMISSED and request.state == State.ACCEPTED:
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
    """It is over when it is carried out."""
    if request.state != State.ACCEPTED:
        request.state, request.answer = State.ACCEPTED, reason
        request.save(update_fields=["state", "answer"])


def _close(request: PartnerRequest, state: PartnerRequest.State, answer: str) -> None:
    request.state, request.answer, request.closed_at = state, answer, datetime.now(UTC)
    request.save(update_fields=["state", "answer", "closed_at"])


# ---------------------------------------------------------------------------------------------- carry out


def _carry_out(connection: Connection, request: PartnerRequest) -> None:
    """Do what was approved. Raises NeedsReview with the reason where that is left to a person."""
    try:
        if request.kind == Kind.RETURN:
            _close(request, State.DONE, _in_store(request, make_as_asked(connection, request)))
        else:
            _cancel(connection, request)
    except ByHand as error:
        raise _by_hand(request, str(error)) from error
    except NeedsReview as question:
        question.evidence = {**_evidence(request), **question.evidence}
        raise


def _cancel(connection: Connection, request: PartnerRequest) -> None:
    item = _decided(connection, request)
    assert item is not None
    assert item.closed_at is not None
    cancel_as_asked(connection, request.order, item.closed_at)
    _close(request, State.DONE, request.answer or "The order is cancelled.")


def _in_store(request: PartnerRequest, name: str) -> str:
    return f"{request.answer} Return {name} is made in the store.".strip()


def _by_hand(request: PartnerRequest, why: str) -> NeedsReview:
    code, words = _BY_HAND[Kind(request.kind)]
    said = words.format(order=request.order.name, what=_pieces(request), why=why)
    return NeedsReview(f"{request.told_by} {said}", code=code, evidence={**_evidence(request), "why": why})


# ---------------------------------------------------------------------------------------------------- ask


def _question(request: PartnerRequest) -> NeedsReview:
    code, words = _ASKED[Kind(request.kind)]
    said = words.format(order=request.order.name, what=_pieces(request))
    because = f" Its reason: {request.reason}" if request.reason else ""
    return NeedsReview(
        f"{request.told_by} {said}{because}",
        code=code,
        evidence=_evidence(request),
    )


def _pieces(request: PartnerRequest) -> str:
    return ", ".join(f"{line['quantity']} × {line['sku']}" for line in request.lines) or "all"


def _evidence(request: PartnerRequest) -> dict[str, object]:
    return {
        **evidence_of(request.order),
        "request": request.pk,
        "asked_by": request.told_by,
        "lines": request.lines,
    }
