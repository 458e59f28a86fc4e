"""Confirm orders in an ERP where they begin as drafts, many in a call, once their totals were found equal.

Starts   the totals of an order were found equal in an ERP that confirms by a call of its own
Reads    OrderLink rows that wait for it
Writes   the confirmation in the ERP; its outcome and the document's number on OrderLink, ErpOrder mirrors
Repeat   safe: the ERP's states are read first, and only the steps that are left are done
Review   an order that the ERP refuses to confirm, in its own words; one that is gone
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from hub.connectors.documents import ErpSalesOrder
from hub.connectors.erp_parts import Confirmation, Confirmed, SalesOrders
from hub.errors import Conflict, NeedsReview, NotReadyYet, SyncError
from hub.lib.text import storable
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.batching import Few, gather
from orders.erp_mirroring import mirror_erp_orders
from orders.linking import go_on
from orders.models import OrderLink

FLOW = "confirm_erp_orders"
FEW = Few(8, timedelta(seconds=10))


def run(connection: Connection, record_id: int) -> str:
    """Confirm every order that waits for it; returns how many were confirmed and how many refused."""
    if not connection.may_write:
        raise NotReadyYet(f"Writing to {connection} is switched off on the connection's page.", after=600.0)
    connector = open_connector(connection)
    erp, orders = connector.supporting(Confirmation), connector.supporting(SalesOrders)
    waiting = OrderLink.objects.filter(
        connection=connection,
        confirmation=OrderLink.Confirmation.WAITS,
        totals=OrderLink.Totals.EQUAL,
        # What was cancelled before it was confirmed is a person's decision (push_order_to_erp asks).
        order__cancelled_at=None,
    ).exclude(hold=OrderLink.Hold.HELD)
    confirmed = refused = last = 0
    late: SyncError | None = None
    while True:
        left = waiting.filter(pk__gt=last)
        gather(left, erp.confirm_batch, FEW, flow=FLOW, waits_for_erp=connection.pk)
        batch = list(left.select_related("order").order_by("pk")[: erp.confirm_batch])
        if not batch:
            break
        last = batch[-1].pk
        outcomes = erp.confirm_sales_orders([link.external_id for link in batch])
        good, failure = _store(connection, orders, batch, {one.external_id: one for one in outcomes})
        confirmed, refused, late = confirmed + good, refused + len(batch) - good, late or failure
    if late is not None:
        # What may pass later is tried again, when its neighbours' outcome is stored.
        raise late
    return f"confirmed {confirmed}, refused {refused}"


def again(connection_id: int, record_id: int) -> None:
    """A person corrected something: confirm this order anew, once its totals were compared as they are now."""
    OrderLink.objects.filter(
        connection_id=connection_id, order_id=record_id, confirmation=OrderLink.Confirmation.REFUSED
    ).update(confirmation=OrderLink.Confirmation.WAITS, totals=OrderLink.Totals.UNREAD)
    enqueue("check_order_totals", connection_id)


def _store(
    connection: Connection, erp: SalesOrders, links: list[OrderLink], outcomes: dict[str, Confirmed]
) -> tuple[int, SyncError | None]:
    """Note what became of each, with the numbers that confirmed documents have now.

    Returns how many are confirmed, and what keeps one of the others waiting. A document that somebody changed since
    its totals were compared is compared once more.
    """
    failures = {link.pk: _failure(link, outcomes.get(link.external_id)) for link in links}
    good = [link for link in links if failures[link.pk] is None]
    found = {one.external_id: one for one in erp.read_sales_orders([link.external_id for link in good])}
    with transaction.atomic():
        mirror_erp_orders(connection, list(found.values()))
        for link in good:
            link.confirmation, link.worked_on_at = OrderLink.Confirmation.DONE, Now()
            document = found.get(link.external_id)
            if document is not None:
                link.number = storable(document.number)[:60]
                link.totals = _standing(link, document)
        for link in links:
            _ask(link, failures[link.pk])
        OrderLink.objects.bulk_update(links, ["confirmation", "worked_on_at", "number", "totals"])
        review.solve_items(FLOW, connection.pk, [link.order_id for link in good])
        go_on(connection, good)
    waits = (each for each in failures.values() if each is not None and not isinstance(each, NeedsReview))
    return len(good), next(waits, None)


def _standing(link: OrderLink, document: ErpSalesOrder) -> str:
    """What is known of the totals now that the document was read again."""
    totals = document.totals
    compared = (link.currency, link.erp_total, link.erp_tax)
    if totals is None or (totals.currency, totals.including_tax, totals.tax) == compared:
        return link.totals
    return OrderLink.Totals.UNREAD


def _failure(link: OrderLink, outcome: Confirmed | None) -> SyncError | None:
    if outcome is None:
        return Conflict(
            f"{link.shown_number} of {link.order.name} is not in the ERP any more. Restore it there, or cancel "
            "the order.",
            code="gone_from_erp",
        )
    return outcome.failure


def _ask(link: OrderLink, failure: SyncError | None) -> None:
    if isinstance(failure, NeedsReview):
        link.confirmation = OrderLink.Confirmation.REFUSED
        failure.evidence.update({"order": link.order.name, "document": link.shown_number})
        review.open_item(FLOW, link.connection_id, link.order_id, f"order:{link.order_id}", failure)
