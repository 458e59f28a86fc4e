"""What happened to one order in both systems, in the order of time, from what the engine notes anyway.

The ERP's side of it are tasks, questions, writes and calls about its documents there, and what was shipped, returned,
refunded and credited. Read with a fixed number of statements and bounded in each kind, for a page. Calls that many
orders share (batches of reads and write-backs) belong to no single order and are not among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database
from django.db.models import Q, QuerySet

from hub.lib.money import Money
from hub.sync.flows import FLOWS
from hub.sync.models import ApiCall, Attempt, ReviewItem, SyncTask, TaskHistory
from orders.models import (
    CreditLink,
    ErpCredit,
    ErpOrder,
    ErpShipment,
    OrderLink,
    PartnerOrder,
    ReturnLink,
    ShipmentLink,
    StoreOrder,
    StoreRefund,
    StoreReturn,
)

# Newest of each kind; an order with more has other problems than a short page.
MOST_OF_A_KIND = 50
# Deliveries name no order: those that came soon after it was placed or changed are looked through.
DELIVERY_WINDOW = timedelta(minutes=15)
MOST_LOOKED_THROUGH = 300
_ORDER_FLOWS = tuple(name for name, flow in FLOWS.items() if flow.subject == "order")
_ERP_ORDER_FLOWS = tuple(name for name, flow in FLOWS.items() if flow.subject == "erp_order")

_DELIVERIES = """
SELECT id, topic, webhook_id, state, reason, received_at FROM (
    SELECT d.* FROM sync_webhookdelivery d
    WHERE d.connection_id = %(store)s AND ((d.received_at BETWEEN %(placed)s - %(slack)s AND %(placed)s + %(window)s)
        OR (d.received_at BETWEEN %(changed)s - %(slack)s AND %(changed)s + %(window)s))
    ORDER BY d.received_at LIMIT %(looked_through)s) near
WHERE position(%(external_id)s IN body) > 0
ORDER BY received_at LIMIT %(most)s
"""
_DELIVERY_STATES = {0: "waits", 1: "taken", 2: "flagged"}
# The store's clock and ours may differ by this.
_CLOCK_SLACK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `kind` is a word of docs/words.md, `model` and `key` name the row it was read from."""

    at: datetime
    kind: str
    words: str
    detail: str = ""
    who: str = ""
    model: str = ""
    key: int = 0


def subjects_of(order: StoreOrder, documents: Sequence[ErpOrder] = ()) -> list[str]:
    """What tasks about this order are called: itself, its documents in the ERP, and the company location that it may
    wait for."""
    own = [f"order:{order.pk}", *(f"erp_order:{document.pk}" for document in documents)]
    return [*own, f"location:{order.location_id}"] if order.location_id else own


def reviews_of(order: StoreOrder, documents: Sequence[ErpOrder] = ()) -> QuerySet[ReviewItem]:
    """Every question that was asked about the order, its documents or its company location, newest first."""
    return (
        ReviewItem.objects.filter(subject__in=subjects_of(order, documents))
        .select_related("connection", "decided_by")
        .order_by("-pk")
    )


def open_tasks_of(order: StoreOrder, documents: Sequence[ErpOrder] = ()) -> list[SyncTask]:
    """What is still to be done for the order and its documents in the ERP."""
    found = SyncTask.objects.select_related("connection")
    due = found.filter(subject__in=subjects_of(order, documents), state__in=[0, 1, 2])
    # What rests is found by its key: the index of subjects holds what may run.
    rests = Q(flow__in=_ORDER_FLOWS, connection__side__in=["erp", "store"], record_id=order.pk)
    if order.location_id:
        rests |= Q(flow="match_company_location", connection__side="erp", record_id=order.location_id)
    if documents:
        keys = [document.pk for document in documents]
        rests |= Q(flow__in=_ERP_ORDER_FLOWS, connection__side="store", record_id__in=keys)
    states = [SyncTask.State.HELD, SyncTask.State.QUARANTINED]
    resting = found.filter(rests, state__in=states).exclude(state=SyncTask.State.RUNNING)
    return [*due[:MOST_OF_A_KIND], *resting[:MOST_OF_A_KIND]]


def timeline(
    order: StoreOrder,
    links: list[OrderLink],
    reviews: list[ReviewItem] | None = None,
    tasks: list[SyncTask] | None = None,
    documents: Sequence[ErpOrder] = (),
) -> list[Event]:
    """What happened to the order, oldest first. `links` and `documents`, its mirrors of the ERP's side, come with their
    connection; reviews and tasks that are not given are read."""
    asked = list(reviews_of(order, documents)[:MOST_OF_A_KIND]) if reviews is None else reviews
    waiting = open_tasks_of(order, documents) if tasks is None else tasks
    told = PartnerOrder.objects.filter(order=order).select_related("connection").defer("document").first()
    placing = [f"partner_order:{told.pk}"] if told else []
    returns = list(StoreReturn.objects.filter(order=order).order_by("-pk").defer("document")[:MOST_OF_A_KIND])
    deciding = [f"store_return:{one.pk}" for one in returns]
    subjects = [*subjects_of(order, documents), *placing, *deciding]
    events = [
        *_of_the_order(order),
        *_of_partner(told),
        *_of_documents(documents),
        *_of_shipments(order),
        *_of_fulfilments(order),
        *_of_refunds(order),
        *_of_returns(order, returns),
        *_of_credits(order),
        *_of_deliveries(order),
        *_of_history(subjects),
        *_of_tasks(waiting),
        *_of_attempts(order, documents, [*placing, *deciding]),
        *_of_calls(subjects),
        *_of_links(links),
        *_of_reviews(asked),
        *_of_reviews(_reviews_about(deciding)),
    ]
    return sorted(events, key=lambda event: event.at)


def _of_the_order(order: StoreOrder) -> Iterator[Event]:
    yield Event(order.placed_at, "store order", f"Placed in {order.connection} as {order.name}")
    if order.remote_updated_at > order.placed_at:
        yield Event(order.remote_updated_at, "store order", f"Changed last in {order.connection}")
    if order.cancelled_at:
        yield Event(order.cancelled_at, "store order", f"Cancelled in {order.connection}")


def _of_partner(told: PartnerOrder | None) -> Iterator[Event]:
    """What a partner told, and what was asked about it before it was placed."""
    if told is None:
        return
    words = f"{told.told_by} told it as {told.number} for {told.connection}"
    yield Event(told.received_at, "partner order", words, model="orders_partnerorder", key=told.pk)
    yield from _of_reviews(_reviews_about([f"partner_order:{told.pk}"]))


def _reviews_about(subjects: Sequence[str]) -> list[ReviewItem]:
    asked = ReviewItem.objects.filter(subject__in=subjects).select_related("decided_by")
    return list(asked.order_by("-pk")[:MOST_OF_A_KIND])


def _of_documents(documents: Sequence[ErpOrder]) -> Iterator[Event]:
    for document in documents:
        words = f"{document.number} changed last in {document.connection}"
        detail = f"{document.stage or 'not read whole'}, {document.status}".removesuffix(", ")
        yield Event(
            document.remote_updated_at,
            "ERP order",
            words,
            detail,
            model="orders_erporder",
            key=document.pk,
        )


def _of_shipments(order: StoreOrder) -> Iterator[Event]:
    rows = ErpShipment.objects.filter(order=order).select_related("connection").defer("document")
    for row in rows.order_by("-pk")[:MOST_OF_A_KIND]:
        yield Event(
            row.shipped_at or row.remote_updated_at,
            "shipment",
            f"{row} of {row.connection}: {row.get_stage_display().lower()}",
            "" if row.pushed_hash == row.document_hash else "the store is not told yet",
            model="orders_erpshipment",
            key=row.pk,
        )


def _of_fulfilments(order: StoreOrder) -> Iterator[Event]:
    """What the store was told of it, and what was taken back there."""
    rows = ShipmentLink.objects.filter(shipment__order=order).select_related("connection", "shipment")
    for row in rows.defer("lines", "shipment__document").order_by("-pk")[:MOST_OF_A_KIND]:
        about: dict[str, Any] = {"model": "orders_shipmentlink", "key": row.pk}
        name = f"{row.shipment} in {row.connection}"
        how = "adopted" if row.is_adopted else "told"
        yield Event(row.created_at, "fulfilment", f"{name}: {how}", row.external_id, **about)
        if row.cancelled_at:
            yield Event(row.cancelled_at, "fulfilment", f"{name}: taken back", row.external_id, **about)


def _of_refunds(order: StoreOrder) -> Iterator[Event]:
    rows = StoreRefund.objects.filter(order=order).select_related("connection").defer("document")
    for row in rows.order_by("-pk")[:MOST_OF_A_KIND]:
        number = row.external_id.rpartition("/")[2]
        amount = Money(row.moved, row.currency)
        yield Event(
            row.created_at,
            "refund",
            f"Refund {number} in {row.connection}: {amount} given back",
            f"for {row.mark}" if row.mark else "",
            model="orders_storerefund",
            key=row.pk,
        )


def _of_returns(order: StoreOrder, rows: Sequence[StoreReturn]) -> Iterator[Event]:
    """The returns, and what they are in the ERP."""
    for row in rows:
        words = f"{row.name}: {row.get_state_display().lower()}"
        yield Event(row.created_at, "return", words, model="orders_storereturn", key=row.pk)
    links = ReturnLink.objects.filter(returned__order=order).select_related("connection", "returned")
    for link in links.defer("returned__document").order_by("-pk")[:MOST_OF_A_KIND]:
        how = "Adopted" if link.is_adopted else "Linked"
        words = f"{how}: {link} in {link.connection}"
        yield Event(link.created_at, "link", words, model="orders_returnlink", key=link.pk)


def _of_credits(order: StoreOrder) -> Iterator[Event]:
    """What the ERP gave back, and which refunds of the store's that is."""
    rows = ErpCredit.objects.filter(order=order).select_related("connection").defer("document")
    for row in rows.order_by("-pk")[:MOST_OF_A_KIND]:
        what = "return order" if row.is_return else "credit memo"
        total = row.total_including_tax
        yield Event(
            row.remote_updated_at,
            "credit",
            f"{what.capitalize()} {row} of {row.connection}: {row.get_stage_display().lower()}",
            str(Money(total, row.currency)) if total is not None and row.currency else "",
            model="orders_erpcredit",
            key=row.pk,
        )
    links = CreditLink.objects.filter(refund__order=order).select_related("connection", "refund__order")
    shown = links.defer(
        "sent_document", "refund__document", "refund__order__document", "refund__order__payload"
    )
    for link in shown.order_by("-pk")[:MOST_OF_A_KIND]:
        how = "Adopted" if link.is_adopted else "Linked"
        words = f"{how}: {link} in {link.connection}"
        yield Event(link.created_at, "link", words, model="orders_creditlink", key=link.pk)


def _of_deliveries(order: StoreOrder) -> Iterator[Event]:
    parameters: dict[str, Any] = {
        "store": order.connection_id,
        "placed": order.placed_at,
        "changed": order.remote_updated_at,
        "slack": _CLOCK_SLACK,
        "window": DELIVERY_WINDOW,
        "looked_through": MOST_LOOKED_THROUGH,
        "external_id": order.external_id.encode(),
        "most": MOST_OF_A_KIND,
    }
    with database.cursor() as cursor:
        cursor.execute(_DELIVERIES, parameters)
        for key, topic, webhook_id, state, reason, received_at in cursor.fetchall():
            words = f"{topic} arrived: {_DELIVERY_STATES[state]}"
            yield Event(
                received_at, "delivery", words, reason or webhook_id, model="sync_webhookdelivery", key=key
            )


def _of_history(subjects: Sequence[str]) -> Iterator[Event]:
    rows = TaskHistory.objects.filter(subject__in=subjects).order_by("-pk")[:MOST_OF_A_KIND]
    for row in rows:
        yield Event(
            row.finished_at,
            "task",
            f"{_flow(row.flow)}: {row.message or row.outcome}",
            "" if row.outcome == "done" else row.outcome,
            model="sync_taskhistory",
            key=row.pk,
        )


def _of_tasks(tasks: list[SyncTask]) -> Iterator[Event]:
    for task in tasks:
        yield Event(
            task.claimed_at or task.created_at,
            "task",
            f"{_flow(task.flow)}: {task.get_state_display()}, still to be done",
            task.last_error,
            model="sync_synctask",
            key=task.pk,
        )


def _of_attempts(order: StoreOrder, documents: Sequence[ErpOrder], placing: Sequence[str]) -> Iterator[Event]:
    subjects = [f"order:{order.pk}", *(f"erp_order:{document.pk}" for document in documents), *placing]
    rows = (
        # Both sides are named for the index, which begins with the connection.
        Attempt.objects.filter(connection__side__in=["erp", "store"], subject__in=subjects)
        .select_related("connection")
        .defer("values")
        .order_by("-pk")[:MOST_OF_A_KIND]
    )
    for row in rows:
        what = row.operation.replace("_", " ")
        yield Event(
            row.started_at,
            "attempt",
            f"{what} in {row.connection}: {row.get_state_display()}",
            row.key,
            model="sync_attempt",
            key=row.pk,
        )


def _of_calls(subjects: Sequence[str]) -> Iterator[Event]:
    rows = (
        ApiCall.objects.filter(subject__in=subjects)
        .select_related("connection")
        .defer("request_body", "response_body")
        .order_by("-pk")[:MOST_OF_A_KIND]
    )
    for row in rows:
        answer = f"{row.status}" if row.status is not None else "no answer"
        yield Event(
            row.started_at,
            "API call",
            f"{row.operation} at {row.connection}: {answer} after {row.duration_ms} ms",
            row.error,
            model="sync_apicall",
            key=row.pk,
        )


def _of_links(links: list[OrderLink]) -> Iterator[Event]:
    for link in links:
        how = "Adopted" if link.is_adopted else "Linked"
        why = f" ({link.adopted_by})" if link.adopted_by else ""
        if link.is_history:
            why = " (brought by a backfill: its buyer is not told of what was shipped before)"
        yield Event(link.created_at, "link", f"{how}: {link.shown_number} in {link.connection}{why}")
        if link.reference_pushed_at:
            words = f"{link.shown_number} was written back to the store"
            yield Event(link.reference_pushed_at, "link", words)


def _of_reviews(reviews: list[ReviewItem]) -> Iterator[Event]:
    for item in reviews:
        yield Event(
            item.created_at,
            "review item",
            f"Asked: {item.message}",
            item.code,
            model="sync_reviewitem",
            key=item.pk,
        )
        if item.closed_at:
            end = item.decision or item.get_state_display()
            who = item.decided_through or (str(item.decided_by) if item.decided_by else "")
            yield Event(
                item.closed_at,
                "review item",
                f"Question closed: {end}{f': {item.reason}' if item.reason else ''}",
                item.code,
                who,
                model="sync_reviewitem",
                key=item.pk,
            )


def _flow(name: str) -> str:
    return name.replace("_", " ").capitalize().replace("erp", "ERP")
