"""Documents that were made of refunds and are not done yet: adopted, posted or approved, or asked about."""

from __future__ import annotations

from collections.abc import Sequence

from hub.connectors.credits import CreditStage
from hub.errors import NeedsReview
from hub.sync.models import Connection
from orders.credits.making import reference_of
from orders.credits.mirroring import document_of
from orders.credits.sending import Sender, double
from orders.models import CreditLink, ErpCredit, StoreRefund

Asked = list[tuple[StoreRefund, NeedsReview]]
"""Refunds with what a person is asked about each."""


def finish(sender: Sender, refunds: Sequence[StoreRefund]) -> tuple[set[int], Asked]:
    """The refunds that are linked, after what was left to do about their documents; and what is asked about these.

    What our copy of the ERP holds of one that is not linked is adopted: a restore from a backup may have lost the link.
    Raises Conflict where two documents are of one refund: one of them may be another's.
    """
    asked: Asked = []
    found = CreditLink.objects.filter(connection=sender.connection, refund__in=refunds)
    links = {link.refund_id: link for link in found.select_related("refund__order")}
    for refund in refunds:
        link, mirrored = links.get(refund.pk), _mirrored(sender.connection, refund)
        if link is not None and link.origin == CreditLink.Origin.ERP:
            continue
        if len({*(row.external_id for row in mirrored), *([link.external_id] if link else [])}) > 1:
            raise double(refund, [document_of(row) for row in mirrored])
        if link is None and mirrored:
            link = links[refund.pk] = sender.adopt(refund, document_of(mirrored[0]))
        # A draft of a refund whose money failed stays one: a person is asked (check_one_sided).
        has_failed = refund.money == StoreRefund.Money.FAILED
        if link is not None and link.state != CreditLink.State.DONE and not has_failed:
            try:
                sender.settle(link)
            except NeedsReview as question:
                asked.append((refund, question))
    return set(links), asked


def _mirrored(connection: Connection, refund: StoreRefund) -> list[ErpCredit]:
    """What our copy of the ERP holds of this refund; what was cancelled there counts no more, nor what a person said is
    another's."""
    reference = reference_of(refund.external_id, refund.order.connection)
    others = CreditLink.objects.filter(connection=connection).exclude(refund=refund)
    found = ErpCredit.objects.filter(connection=connection, reference=reference).exclude(
        external_id__in=others.values("external_id")
    )
    return list(found.exclude(stage=CreditStage.CANCELLED.value).order_by("pk"))
