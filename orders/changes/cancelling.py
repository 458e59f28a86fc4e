"""Cancel in the ERP what the store cancelled after it had been sent."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from hub.connectors.erp_parts import SalesOrders
from hub.connectors.order_changes import OrderCancellation
from hub.errors import NeedsReview
from hub.sync import attempts, review
from hub.sync.models import Attempt, Connection
from hub.sync.running import open_connector
from orders.changes.hints import hurry
from orders.models import OrderLink, StoreOrder

OPERATION = "cancel_sales_order"


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
        _settle_totals(link)
        # Who was asked about it there, and answered by cancelling it in the store, is asked no more.
        hurry(connection.pk, [order.pk])
    return f"{link.shown_number} was cancelled in the ERP: {cancelled.status}"


def _settle_totals(link: OrderLink) -> None:
    """Nobody asks any more whether its totals agree."""
    review.solve_items("check_order_totals", link.connection_id, [link.order_id])
