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

from hub.errors import NotReadyYet
from hub.sync import attempts
from hub.sync.models import Connection
from hub.sync.running import open_connector, this_run
from orders.credits.one_sided import CANCELLED, FAILED, check_one_sided
from orders.credits.pushing import BY_HAND, CHANNEL_TAX, OrderRefunds
from orders.credits.sending import OPERATIONS, Sender
from orders.credits.twins import CODE as EXISTS
from orders.credits.unfinished import Asked, finish
from orders.models import CreditPolicy, OrderLink, StoreOrder, StoreRefund
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
    linked, asked = finish(sender, refunds)
    due = [refund for refund in refunds if refund.pk not in linked]
    if asked and not due:
        raise asked[0][1]
    told = (
        _credit(sender, order, due, refunds, asked)
        if due
        else ", ".join(sender.written) or "credited already"
    )
    check_one_sided(connection, refunds)
    return told


def reads_dismissal(code: str, evidence: Mapping[str, object]) -> bool:
    """Dismissed, a credit of the ERP is the refund's own or made there by hand, and what fell through stays so."""
    return code in (EXISTS, BY_HAND, CHANNEL_TAX, FAILED, CANCELLED)


def _credit(
    sender: Sender,
    order: StoreOrder,
    due: Sequence[StoreRefund],
    refunds: Sequence[StoreRefund],
    asked: Asked,
) -> str:
    policy = CreditPolicy.objects.filter(store=order.connection, is_on=True).first()
    link = OrderLink.objects.filter(order=order, connection=sender.connection).first()
    if asked and (policy is None or link is None):
        raise asked[0][1]
    if policy is None:
        return ", ".join(sender.written) or "the store's refunds are not credited"
    if link is None:
        return "no credit: the order is not in the ERP, and is sent as it is then"
    return OrderRefunds(sender, policy, order, link).credit(due, refunds, asked)
