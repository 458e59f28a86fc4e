"""A refund and its credit of which one fell through after both were made: a person is asked what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet

from hub.connectors.credits import CreditStage
from hub.connectors.store_returns import PaymentState
from hub.errors import NeedsReview
from hub.lib.money import Money
from hub.sync.models import Connection, ReviewItem
from orders.models import CreditLink, ErpCredit, StoreRefund
from orders.returns.mirroring import refund_of

FLOW = "push_refund_to_erp"
FAILED, CANCELLED = "refund_failed", "credit_cancelled"


def check_one_sided(connection: Connection, refunds: Sequence[StoreRefund]) -> None:
    """Raise NeedsReview for the first of these refunds that stands on one side only, unless a person has answered.

    Where both sides fell through nothing is left to ask.
    """
    links = CreditLink.objects.filter(connection=connection, refund__in=refunds)
    cancelled = set(of_cancelled(links).values_list("pk", flat=True))
    for link in links.select_related("refund__order", "connection").order_by("pk"):
        has_failed = link.refund.money == StoreRefund.Money.FAILED
        if has_failed == (link.pk in cancelled):
            continue
        question = _failed(link) if has_failed else _cancelled(link)
        if not _is_answered(link, question):
            raise question


def of_cancelled(links: QuerySet[CreditLink]) -> QuerySet[CreditLink]:
    """Those of them whose credit memo was cancelled in the ERP, or whose return order was withdrawn uncredited."""
    documents = ErpCredit.objects.filter(
        Q(is_return=True, stage=CreditStage.DECLINED.value) | Q(stage=CreditStage.CANCELLED.value),
        connection=OuterRef("connection"),
        external_id=OuterRef("external_id"),
        is_return=OuterRef("is_return"),
    )
    memos = ErpCredit.objects.filter(
        connection=OuterRef("connection"),
        return_external_id=OuterRef("external_id"),
        is_return=False,
        stage=CreditStage.CREDITED.value,
    )
    return links.filter(Exists(documents)).exclude(Exists(memos), is_return=True)


def _failed(link: CreditLink) -> NeedsReview:
    failed = refund_of(link.refund).moved(PaymentState.FAILED).shop
    number, total = link.number or link.external_id, _total(link)
    drafts = [CreditStage.REQUESTED.value, *([] if link.is_return else [CreditStage.APPROVED.value])]
    is_draft = _mirrored(link).filter(stage__in=drafts).exists()
    stands = (
        f"is a draft in {link.connection}, which is not posted. Give the buyer the money another way and post {number} "
        "there, or delete it"
        if is_draft
        else f"stands in {link.connection}. Give the buyer the money another way, or cancel {number} there"
    )
    return NeedsReview(
        f"The money of {link.refund} ({failed}) failed at the payment provider, and its credit {number} ({total}) "
        f"{stands}; then dismiss this.",
        code=FAILED,
        evidence=_evidence(link) | {"store": str(failed.amount), "erp": str(total.amount)},
    )


def _cancelled(link: CreditLink) -> NeedsReview:
    refund, total = link.refund, _total(link)
    stands = Money(refund.moved or refund.explained, refund.currency)
    return NeedsReview(
        f"{link.number or link.external_id} ({total}), the credit of {refund}, was cancelled in {link.connection}, and "
        f"the refund of {stands} stands in the store. Credit it there again by hand, or take the money back from the "
        "buyer; then dismiss this.",
        code=CANCELLED,
        evidence=_evidence(link) | {"store": str(stands.amount), "erp": str(total.amount)},
    )


def _total(link: CreditLink) -> Money:
    """What the ERP's document comes to."""
    amount = _mirrored(link).values_list("total_including_tax", flat=True).first()
    return Money(amount or link.expected_total or Decimal(0), link.currency)


def _mirrored(link: CreditLink) -> QuerySet[ErpCredit]:
    return ErpCredit.objects.filter(
        connection=link.connection, external_id=link.external_id, is_return=link.is_return
    )


def _evidence(link: CreditLink) -> dict[str, object]:
    return {
        "refund": link.refund.external_id,
        "order": link.refund.order.name,
        "credit": link.external_id,
        "document": link.number or link.external_id,
    }


def _is_answered(link: CreditLink, question: NeedsReview) -> bool:
    return ReviewItem.objects.filter(
        flow=FLOW,
        connection=link.connection,
        record_id=link.refund.order_id,
        code=question.code,
        decision__in=[ReviewItem.Decision.APPROVED, ReviewItem.Decision.DISMISSED],
        evidence__refund=link.refund.external_id,
        evidence__credit=link.external_id,
    ).exists()
