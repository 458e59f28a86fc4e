"""Make in the store the return of a return order that the ERP's people began, once.

Starts   a return order of the order was mirrored or changed, its sales order was linked, a person answered
         or dismissed a question about one return order
Reads    ErpCredit return orders of the order, RefundPolicy, the store's returns, what of the order can be returned
Writes   a return in the store (an attempt before it), ReturnLink and StoreReturn after it
Repeat   safe: linked return orders make none; the store's returns are read before anything else, one is found by the
         mark in its lines' notes, and one of the same pieces that people made there is adopted
Review   the policy asks; pieces that cannot be returned; another return of them; fees above what goods cost,
         lines below zero that are no fee; both sides changed; the store refuses
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.connectors.fulfilments import Fulfilments
from hub.connectors.return_creation import ReturnCreation
from hub.connectors.store_returns import Refunds, Returns
from hub.errors import NeedsReview
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.models import ErpCredit, RefundPolicy, StoreOrder
from orders.returns.beginning import Beginning
from orders.returns.begun import BegunReturns, return_orders_begun


def run(connection: Connection, record_id: int) -> str:
    """Bring the store's returns of this order to the ERP's own return orders; returns what happened."""
    policy = RefundPolicy.objects.filter(store=connection, is_on=True).first()
    if policy is None or policy.erp_returns == RefundPolicy.ReturnOrders.OFF:
        return "the store is not told of return orders"
    order = StoreOrder.objects.select_related("connection").get(pk=record_id)
    credits = return_orders_begun(order, policy)
    if not credits:
        return "no return order began in the ERP"
    connector = open_connector(connection)
    begun = BegunReturns(connector.supporting(Refunds), connector.supporting(Returns), connection, order)
    begun.read()
    begun.settle_lost(credits)
    creation, fulfilments = connector.supporting(ReturnCreation), connector.supporting(Fulfilments)
    _tell_each(credits, Beginning(begun, creation, fulfilments, policy))
    return ", ".join(begun.written) or "every return order is in the store"


def reads_dismissal(code: str, evidence: Mapping[str, object]) -> bool:
    """A return order whose question was dismissed is left, and linked where the store has its return."""
    return "return_order_id" in evidence


def _tell_each(credits: Sequence[ErpCredit], beginning: Beginning) -> None:
    """A question about one return order stops none of the others. Raises the first of them."""
    questions: list[NeedsReview] = []
    for credit in credits:
        try:
            beginning.tell(credit)
        except NeedsReview as question:
            questions.append(question)
    if questions:
        raise questions[0]
