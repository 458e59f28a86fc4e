"""Ask a person about what a partner wants of an order, and keep the answer for the partner.

Starts   a partner asked through the API to have an order cancelled or goods returned, or a person decided about it
Reads    PartnerRequest, StoreOrder, what was decided about the question
Writes   the request's state and answer
Repeat   safe: each request is answered once, by the decision about the question that named it
Review   every request that nobody decided about; one question at a time for each order
"""

from __future__ import annotations

from datetime import UTC, datetime

from hub.errors import NeedsReview
from hub.sync.models import Connection, ReviewItem
from orders.holds.deciding import evidence_of
from orders.models import PartnerRequest

FLOW = "answer_partner_requests"
Kind, State = PartnerRequest.Kind, PartnerRequest.State
_ASKED = {
    Kind.CANCEL: (
        "cancel_requested",
        "wants {order} cancelled. Approve, and cancel it in the store: the store's order policy says whether the ERP "
        "follows. Or reject it with the reason, which the partner is told.",
    ),
    Kind.RETURN: (
        "return_requested",
        "wants to return {what} of {order}. Approve, and make the return in the store. Or reject it with the reason, "
        "which the partner is told.",
    ),
}


def run(connection: Connection, record_id: int) -> str:
    """Answer what was decided, ask about the first that was not; returns how many were answered."""
    requests = PartnerRequest.objects.filter(order=record_id, order__connection=connection, state=State.OPEN)
    answered = 0
    for request in requests.select_related("order__connection").order_by("pk"):
        if not _answered(connection, request):
            raise _question(request)
        answered += 1
    return f"{answered} answered"


def _answered(connection: Connection, request: PartnerRequest) -> bool:
    """Whether this request has its answer now: the order is cancelled already, or a person decided."""
    item = (
        ReviewItem.objects.filter(
            flow=FLOW,
            connection=connection,
            record_id=request.order_id,
            state=ReviewItem.State.DECIDED,
            evidence__request=request.pk,
        )
        .order_by("-pk")
        .first()
    )
    if request.kind == Kind.CANCEL and request.order.cancelled_at is not None:
        request.state, request.answer = State.DONE, "The order is cancelled."
    elif item is None or item.decision == ReviewItem.Decision.TAKEN_BACK:
        return False
    elif item.decision == ReviewItem.Decision.APPROVED:
        request.state, request.answer = State.ACCEPTED, item.reason
    else:
        request.state, request.answer = State.REFUSED, item.reason
    request.closed_at = datetime.now(UTC)
    request.save(update_fields=["state", "answer", "closed_at"])
    return True


def _question(request: PartnerRequest) -> NeedsReview:
    code, words = _ASKED[Kind(request.kind)]
    pieces = ", ".join(f"{line['quantity']} × {line['sku']}" for line in request.lines) or "all"
    said = words.format(order=request.order.name, what=pieces)
    because = f" Its reason: {request.reason}" if request.reason else ""
    return NeedsReview(
        f"{request.told_by} {said}{because}",
        code=code,
        evidence={
            **evidence_of(request.order),
            "request": request.pk,
            "asked_by": request.told_by,
            "lines": request.lines,
        },
    )
