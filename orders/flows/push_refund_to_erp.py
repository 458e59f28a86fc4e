"""Credit in the ERP what a store refunded of an order: a credit memo, or a return order, for each refund.

Starts   a refund or return of the order was mirrored, a credit of ours changed in the ERP, a mapping was filled;
         every pass over the ERP's credits for orders that were not invoiced yet; a person answered, or dismissed a
         credit that is the same, one made by hand, or a side that fell through
Reads    StoreRefund, StoreReturn and CreditLink of the order, CreditPolicy, mapping rows, the order as the ERP has it
Writes   credit memos in the ERP (an attempt before each create), posted once their totals are equal; CreditLink;
         return orders, approved where they begin as drafts
Repeat   safe: linked refunds are never sent; an open attempt is looked up by its reference before anything else; what
         is left to do of a document is done whether its answer came or it was found
Review   not invoiced yet, no mapping, sums or totals that differ, the ERP refuses, two documents of one refund; money
         that failed after it was credited, a credit or return order that was cancelled; an ERP that has no call for it,
         once for each amount
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.connectors.credits import CreditStage
from hub.errors import NotReadyYet
from hub.sync import attempts
from hub.sync.models import Connection
from hub.sync.running import open_connector, this_run
from orders.credits.making import reference_of
from orders.credits.mirroring import document_of
from orders.credits.one_sided import CANCELLED, FAILED, check_one_sided
from orders.credits.pushing import BY_HAND, CHANNEL_TAX, OrderRefunds
from orders.credits.sending import OPERATIONS, Sender, double
from orders.credits.twins import CODE as EXISTS
from orders.models import CreditLink, CreditPolicy, ErpCredit, OrderLink, StoreOrder, StoreRefund
from orders.returns.credited import is_being_taken_back


def run(connection: Connection, record_id: int) -> str:
    """Bring the ERP's credits of this order to what the store refunded; returns what happened."""
    order = StoreOrder.objects.select_related("connection").get(pk=record_id)
    refunds = list(
        StoreRefund.objects.filter(order=order)
        .select_related("order__connection")
        .order_by("created_at", "pk")
    )
    if not refunds:
        return "nothing was refunded"
    if is_being_taken_back(order.pk):
        raise NotReadyYet(
            "A return is being processed for a credit of the ERP: its refund is not the store's own."
        )
    sender = Sender(open_connector(connection), connection)
    open_attempts = attempts.open_attempts(connection.pk, this_run().task.subject)
    if lost := [one for one in open_attempts if one.operation in OPERATIONS]:
        sender.find_lost(lost, {refund.pk: refund for refund in refunds})
    linked = _settled(sender, refunds)
    due = [refund for refund in refunds if refund.pk not in linked]
    told = _credit(sender, order, due, refunds) if due else ", ".join(sender.written) or "credited already"
    check_one_sided(connection, refunds)
    return told


def reads_dismissal(code: str, evidence: Mapping[str, object]) -> bool:
    """Dismissed, a credit of the ERP is the refund's own or made there by hand, and what fell through stays so."""
    return code in (EXISTS, BY_HAND, CHANNEL_TAX, FAILED, CANCELLED)


def _settled(sender: Sender, refunds: Sequence[StoreRefund]) -> set[int]:
    """The refunds that are linked, after what was left to do about their documents.

    What our copy of the ERP holds of one that is not linked is adopted: a restore from a backup may have lost the link.
    Raises Conflict where two documents are of one refund.
    """
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
            sender.settle(link)
    return set(links)


def _mirrored(connection: Connection, refund: StoreRefund) -> list[ErpCredit]:
    """What our copy of the ERP holds of this refund; what was cancelled there counts no more, nor what a person said is
    another's."""
    reference = reference_of(refund.external_id, refund.order.connection)
    others = CreditLink.objects.filter(connection=connection).exclude(refund=refund)
    found = ErpCredit.objects.filter(connection=connection, reference=reference).exclude(
        external_id__in=others.values("external_id")
    )
    return list(found.exclude(stage=CreditStage.CANCELLED.value).order_by("pk"))


def _credit(
    sender: Sender, order: StoreOrder, due: Sequence[StoreRefund], refunds: Sequence[StoreRefund]
) -> str:
    policy = CreditPolicy.objects.filter(store=order.connection, is_on=True).first()
    if policy is None:
        return ", ".join(sender.written) or "the store's refunds are not credited"
    link = OrderLink.objects.filter(order=order, connection=sender.connection).first()
    if link is None:
        return "no credit: the order is not in the ERP, and is sent as it is then"
    return OrderRefunds(sender, policy, order, link).credit(due, refunds)
