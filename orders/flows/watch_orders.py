"""Look over a store's orders for what is wrong although every flow did its part.

Starts   every half hour by itself, the first time half an hour after the store was connected
Reads    orders, links, mirrors of the ERP's documents, open tasks and questions, OrderWatch
Writes   a review item for each order that something is wrong with, an alert for each kind of finding; marks documents
         to be read whole where the store's watch compares them; has partners answered whose order was cancelled by
         hand, or more of it sent
Repeat   safe: a question stands once, closes when its order is well again, and is not asked again once decided about
Review   PO number sent twice, totals that drifted, freight that differs, instructions lost, blank SKU, a change that
         waits too long, questions about tax that wait too long
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.db import transaction

from hub.connectors.registry import connector_class
from hub.connectors.sales_documents import SalesDocuments
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, ReviewItem
from orders import erp_documents
from orders.flows import check_order_totals
from orders.models import ErpOrder, OrderLink, OrderPolicy, PartnerRequest
from orders.returns.asked import NOT_POSSIBLE
from orders.watching import of_orders
from orders.watching.findings import ask
from orders.watching.limits import Limits, limits_of_store

FLOW, ANSWER = "watch_orders", "answer_partner_requests"
# A document is read before the question is looked at again.
READ_FIRST = 20.0
READ_AT_ONCE = 500


def run(connection: Connection, record_id: int) -> str:
    """Look once; returns how many findings people are asked about."""
    limits = limits_of_store(connection)
    if not connection.may_write:
        # That it is behind is what somebody decided.
        limits = replace(limits, stale_minutes=None)
    erps = Connection.objects.filter(side=Connection.Side.ERP)
    kinds = {erp.pk: connector_class(erp.system) for erp in erps}
    tell = [pk for pk, kind in kinds.items() if issubclass(kind, SalesDocuments) and kind.tells_comments]
    with transaction.atomic():
        found = list(of_orders.found(connection.pk, limits, tell_comments=tell, flow=FLOW))
        asked = ask(FLOW, connection, "order", found, of_orders.CODES)
    read = _ask_for_documents(
        connection, limits, [pk for pk, kind in kinds.items() if issubclass(kind, SalesDocuments)]
    )
    _answer_partners(connection)
    return f"{asked} findings" + (f", {read} documents will be read" if read else "")


def repair(connection_id: int, record_id: int, evidence: Mapping[str, object]) -> None:
    """What the button of a question does: everything that may be behind is brought up to date, whatever was found."""
    if not record_id:
        _try_again(evidence)
        return
    for link in OrderLink.objects.filter(order=record_id).only("connection", "external_id", "order"):
        check_order_totals.again(link.connection_id, record_id)
        enqueue(check_order_totals.FLOW, link.connection_id)
        documents = ErpOrder.objects.filter(connection=link.connection_id, external_id=link.external_id)
        erp_documents.ask(link.connection_id, documents.values_list("pk", flat=True))
    for policy in OrderPolicy.objects.filter(store=connection_id):
        enqueue("push_order_to_erp", policy.erp_id, [record_id])
    enqueue("push_erp_references", connection_id)
    enqueue(FLOW, connection_id, delay=READ_FIRST)


def _answer_partners(connection: Connection) -> None:
    """Have requests of partners looked at that something else may have answered since: cancellations where the order
    was cancelled by hand, returns that were not possible where more was sent."""
    cancelled = PartnerRequest.objects.filter(
        kind=PartnerRequest.Kind.CANCEL,
        closed_at=None,
        order__connection=connection,
        order__cancelled_at__isnull=False,
    )
    waiting = ReviewItem.objects.filter(
        flow=ANSWER, connection=connection, code=NOT_POSSIBLE, state=ReviewItem.State.OPEN
    )
    orders = {*cancelled.values_list("order", flat=True), *waiting.values_list("record_id", flat=True)}
    enqueue(ANSWER, connection.pk, orders)


def _try_again(evidence: Mapping[str, object]) -> None:
    found = evidence.get("found")
    values = found.get(of_orders.TAX_BACKLOG, {}) if isinstance(found, dict) else {}
    for item in ReviewItem.objects.filter(pk__in=values.get("items", []), state=ReviewItem.State.OPEN):
        review.run_again(item)


def _ask_for_documents(connection: Connection, limits: Limits, erps: list[int]) -> int:
    """Have documents that were sent and never read whole read, some at a time, where the store's watch says so."""
    if not limits.reads_documents:
        return 0
    links = OrderLink.objects.filter(order__connection=connection, cancelled_at=None)
    asked = 0
    for erp in erps:
        unread = ErpOrder.objects.filter(
            connection=erp,
            document__isnull=True,
            needs_read=False,
            is_gone=False,
            external_id__in=links.filter(connection=erp).values("external_id"),
        )
        keys = list(unread.order_by("-pk").values_list("pk", flat=True)[:READ_AT_ONCE])
        erp_documents.ask(erp, keys)
        asked += len(keys)
    return asked
