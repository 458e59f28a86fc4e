"""Make the ERP's return order for each return of a store's order, where the ERP's return orders decide about returns.

Starts   a requested or open return of the order was mirrored, the policy was saved, a mapping was filled, a person
         answered, or dismissed what was asked about one return
Reads    StoreReturn of the order, RefundPolicy, mapping rows, the order as the ERP has it, our copy of its returns as
         of a pass that began after the return was known
Writes   return orders in the ERP (an attempt before each), approved unless a request waits for a clerk; ErpCredit
Repeat   safe: what our copy holds under a return's reference, or was adopted, is never sent again; an open attempt is
         looked up first; a draft that was sent as approved is approved, whether its answer came or not; a return whose
         question was dismissed is left until it is for something else
Review   no mapping, the ERP refuses, two return orders of one return, one of the ERP's people that may be of it, a
         return that is over in the store alone
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.connectors.credits import ReturnOrders
from hub.connectors.registry import connector_class
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.models import OrderLink, RefundPolicy, StoreOrder, StoreReturn
from orders.returns.announcing import ANSWERED_BY_DISMISSAL, Announcing


def run(connection: Connection, record_id: int) -> str:
    """Bring the ERP's return orders of this order to what the store's buyers return; returns what happened."""
    order = StoreOrder.objects.select_related("connection").get(pk=record_id)
    if not _is_owner(connection, order):
        return "the ERP's return orders do not decide about returns"
    links = OrderLink.objects.select_related("order__connection", "connection")
    link = links.filter(order=order, connection=connection).first()
    if link is None:
        return "no return order: the order is not in the ERP"
    returns = StoreReturn.objects.filter(order=order).select_related("order__connection", "connection")
    announcing = Announcing(open_connector(connection), link, list(returns.order_by("pk")))
    announcing.find_lost()
    announcing.check_given_up()
    written = [announcing.make(row) for row in announcing.due()]
    written += announcing.approve_drafts()
    return ", ".join(written) or "every return has its return order"


def reads_dismissal(code: str, evidence: Mapping[str, object]) -> bool:
    """A return whose question was dismissed was seen to by hand, and the others of its order go on."""
    return code in ANSWERED_BY_DISMISSAL and "return_id" in evidence


def _is_owner(connection: Connection, order: StoreOrder) -> bool:
    policy = RefundPolicy.objects.filter(
        store=order.connection, is_on=True, approval=RefundPolicy.Approval.ERP
    )
    return issubclass(connector_class(connection.system), ReturnOrders) and policy.exists()
