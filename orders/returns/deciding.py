"""Who decided about a return request, and what: a person in the review queue, or a return order of the ERP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hub.connectors.credits import CreditStage
from hub.errors import NeedsReview
from hub.lib.gid import tail
from hub.lib.hashing import content_hash
from hub.sync.models import ReviewItem
from orders.credits.mirroring import document_of as credit_document
from orders.models import ErpCredit, ReturnLink, StoreReturn
from orders.returns.goods import fits
from orders.returns.mirroring import return_of

CODE = "return_requested"
_APPROVED = (CreditStage.APPROVED.value, CreditStage.RECEIVED.value, CreditStage.CREDITED.value)
_DECLINED = (CreditStage.DECLINED.value, CreditStage.CANCELLED.value)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, and why: told to the buyer where it is declined."""

    is_approved: bool
    reason: str


def content_of(row: StoreReturn) -> str:
    """A hash of what a decision is about: pieces, reasons and fees, not the state."""
    document = return_of(row)
    lines = [
        [one.line_external_id, one.quantity, one.reason, one.note, str(one.restocking_percentage)]
        for one in document.lines
    ]
    return content_hash({"lines": lines, "fee": str(document.return_shipping_fee)})


def verdict_of_person(flow: str, row: StoreReturn) -> Verdict | None:
    """What a person answered to this request as it is; None where nobody has."""
    items = ReviewItem.objects.filter(
        flow=flow,
        connection=row.connection_id,
        record_id=row.pk,
        code=CODE,
        evidence__content_hash=content_of(row),
    )
    decisions = (ReviewItem.Decision.APPROVED, ReviewItem.Decision.REJECTED)
    item = items.filter(decision__in=decisions).order_by("-pk").first()
    if item is None:
        return None
    return Verdict(item.decision == ReviewItem.Decision.APPROVED, item.reason or "approved by a person")


def return_order_of(row: StoreReturn) -> ErpCredit | None:
    """The ERP's return order of this return: the one that it is linked to, else the one that names it, else the only
    one of the order that may be of it and is for the same goods. None where there is none, or several could be meant.
    """
    linked = linked_order_of(row)
    if linked is not None:
        return linked
    others = ReturnLink.objects.filter(returned__order=row.order_id)
    orders = list(
        ErpCredit.objects.filter(order=row.order_id, is_return=True, refund_external_id="")
        .exclude(external_id__in=others.values("external_id"))
        .select_related("connection")
    )
    ours = tail(row.external_id)
    named = [one for one in orders if one.returned_external_id == ours or is_named_by(row, one)]
    is_only = StoreReturn.objects.filter(order=row.order_id).count() == 1
    meant = named or ([one for one in orders if may_be_of(one, row) and fits(one, row)] if is_only else [])
    return meant[0] if len(meant) == 1 else None


def linked_order_of(row: StoreReturn) -> ErpCredit | None:
    """The return order that began in the ERP and is this return; None where it began in the store."""
    link = ReturnLink.objects.filter(returned=row).order_by("pk").first()
    if link is None:
        return None
    found = ErpCredit.objects.filter(
        connection=link.connection_id, is_return=True, external_id=link.external_id
    )
    return found.select_related("connection").first()


def is_named_by(row: StoreReturn, one: ErpCredit) -> bool:
    """Whether the ERP's people wrote this return's name into the reference of their return order."""
    return row.name in (one.reference, f"#{one.reference}")


def may_be_of(one: ErpCredit, row: StoreReturn) -> bool:
    """Not another return's, and not from before the buyer asked; a day for what time zones differ by."""
    day = credit_document(one).document_date
    return not one.returned_external_id and (day is None or day >= row.created_at.date() - timedelta(days=1))


def verdict_of_erp(row: StoreReturn) -> Verdict | None:
    """What the ERP's return order says; None while it is not decided there."""
    meant = return_order_of(row)
    if meant is None:
        return None
    number = meant.number or meant.external_id
    if meant.stage in _APPROVED:
        return Verdict(True, f"return order {number}")
    return Verdict(False, f"return order {number} was declined") if meant.stage in _DECLINED else None


def asked(row: StoreReturn) -> NeedsReview:
    """The question that a request is."""
    document = return_of(row)
    pieces = sum(one.quantity for one in document.lines)
    reasons = ", ".join(dict.fromkeys(filter(None, (one.note or one.reason for one in document.lines))))
    return NeedsReview(
        f"The buyer of {row.order.name} asks to return {pieces} pieces ({row.name}): {reasons or 'no reason given'}. "
        "Approve it, or reject it with a reason, which the buyer is told.",
        code=CODE,
        evidence={
            "return": row.name,
            "order": row.order.name,
            "content_hash": content_of(row),
            "lines": [
                {"line": one.line_external_id, "pieces": one.quantity, "reason": one.note or one.reason}
                for one in document.lines
            ],
        },
    )
