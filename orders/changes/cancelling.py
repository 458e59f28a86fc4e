"""Cancel in the ERP what the store cancelled after it had been sent."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from hub.connectors.erp_parts import SalesOrders
from hub.connectors.order_changes import OrderCancellation
from hub.errors import NeedsReview
from hub.sync import attempts, review
from hub.sync.models import Attempt, Connection, ReviewItem
from hub.sync.running import open_connector
from orders.changes.agreements import TELL_STORE
from orders.changes.hints import FLOW as COMPARE
from orders.changes.hints import TOTALS
from orders.models import OrderLink, StoreOrder

OPERATION = "cancel_sales_order"
CONFIRM = "confirm_erp_orders"


def cancel_in_erp(order: StoreOrder, connection: Connection) -> str:
    """Cancel the linked document; returns what became of it.

    An earlier try whose answer was lost needs no look-up of its own: the ERP is asked for the document's state before
    anything is done, and a cancellation that lands late is what is wanted. Raises NeedsReview where the ERP has no such
    call, RecordRejected where something was delivered.
    """
    link = OrderLink.objects.get(order=order, connection=connection)
    connector = open_connector(connection)
    if not isinstance(connector, OrderCancellation):
        raise NeedsReview(
            f"{order.name} was cancelled in the store, and {connection} has no call that cancels {link.shown_number}. "
            "Cancel it there, then dismiss this.",
            code="cancelled_after_sending",
            evidence={"order": order.name, "document": link.shown_number},
        )
    deadline = connector.supporting(SalesOrders).call_deadline
    earlier = [
        attempt
        for attempt in attempts.open_attempts(connection.pk, f"order:{order.pk}")
        if attempt.operation == OPERATION
    ]
    with attempts.intend(
        OPERATION,
        link.external_id,
        {"document": link.shown_number},
        deadline=deadline,
        settle_after=timedelta(0),
    ) as attempt:
        cancelled = connector.cancel_sales_order(link.external_id, link.reference)
    with transaction.atomic():
        OrderLink.objects.filter(pk=link.pk).update(cancelled_at=Now())
        for one in (*earlier, attempt):
            attempts.close(one, Attempt.State.CONFIRMED, cancelled.external_id)
        settle_questions(link)
    return f"{link.shown_number} was cancelled in the ERP: {cancelled.status}"


def note_cancelled(order: StoreOrder, erp: Connection) -> None:
    """The store has cancelled this order: where its document was read as cancelled or gone in this ERP, whoever did
    that, both sides agree, and the link says so."""
    links = OrderLink.objects.filter(order=order, connection=erp, cancelled_at=None, gone_at__isnull=False)
    link = links.first()
    if link is None:
        return
    with transaction.atomic():
        links.update(cancelled_at=F("gone_at"))
        settle_questions(link)


def settle_questions(link: OrderLink) -> None:
    """The order is cancelled on both sides (or rejected, and cancelled in the ERP), as the link says: what was asked
    about the two of them is answered by that. Part of the caller's transaction.

    That the order stands twice in the ERP is no such question: the other document would be delivered. Nor is what is
    asked about refunds and credits: that money is owed still.
    """
    for flow in (TOTALS, CONFIRM):
        review.solve_items(flow, link.connection_id, [link.order_id])
    ask_again(link.order, link.connection_id)


def ask_again(order: StoreOrder, erp_id: int) -> None:
    """Have the flows that asked how this order differs look once more, now that the store has cancelled it: they know
    whether that is the answer, and their tasks end with their questions. Part of the caller's transaction."""
    asked = Q(flow__in=[COMPARE, TOTALS], connection=erp_id) | Q(
        flow=TELL_STORE, connection=order.connection_id
    )
    for item in ReviewItem.objects.filter(asked, record_id=order.pk, state=ReviewItem.State.OPEN):
        review.run_again(item)
