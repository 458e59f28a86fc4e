"""Release an order that was created held in the ERP, once nothing holds it; cancel it there once it is rejected.

Starts   the totals of a held order were read, a person approved it, its payment or a hold rule changed
Reads    OrderLink, StoreOrder, hold rules and what people decided about the order
Writes   the order's state in the ERP (an attempt before a cancellation), then OrderLink
Repeat   safe: the ERP's state is read first, and what was released is left alone
Review   the rules that hold the order, one after the other; an order that is gone or cancelled in the ERP; rejected
         but let go there, or with no call to cancel it; a rejection that is taken back too late
"""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from hub.connectors.held_orders import HeldOrders
from hub.errors import NotReadyYet
from hub.sync.models import Connection
from hub.sync.running import open_connector, this_run
from orders.holds.deciding import check_holds, evidence_of, kept_out
from orders.holds.withdrawing import ask_for_a_new_one, withdraw
from orders.known import read_known
from orders.linking import go_on
from orders.models import OrderLink

FLOW = "release_held_order"


def run(connection: Connection, record_id: int) -> str:
    """Let the order go in the ERP where nothing holds it; returns what happened."""
    if not connection.may_write:
        raise NotReadyYet(f"Writing to {connection} is switched off on the connection's page.", after=600.0)
    links = OrderLink.objects.filter(connection=connection, order=record_id, hold=OrderLink.Hold.HELD)
    link = links.select_related("order", "connection").first()
    if link is None:
        return "nothing of it is held there"
    if link.order.cancelled_at is not None:
        return "cancelled in the store: it stays held"
    connector = open_connector(connection)
    erp = connector.supporting(HeldOrders)
    known = read_known(record_id, connection, flow=FLOW, subject=this_run().task.subject)
    evidence = evidence_of(known.order) | {"document": link.shown_number, "waits_as": erp.held_words}
    rejected = kept_out(known, evidence)
    if link.cancelled_at is not None:
        return rejected or ask_for_a_new_one(known, link)
    if rejected:
        return withdraw(known, link, connector, rejected)
    if link.totals == OrderLink.Totals.EQUAL:
        erp.hold_sales_order(link.external_id)
    check_holds(known, evidence, waits_in_erp=False)
    return _release(connection, link, erp.release_sales_order(link.external_id))


def _release(connection: Connection, link: OrderLink, status: str) -> str:
    with transaction.atomic():
        link.hold, link.worked_on_at = OrderLink.Hold.RELEASED, Now()
        link.save(update_fields=["hold", "worked_on_at"])
        go_on(connection, [link])
    return f"released {link.shown_number}: {status}"
