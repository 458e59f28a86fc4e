"""What happened to one order, in the order of time, from what the engine notes anyway.

Read with a fixed number of statements and bounded in each kind, for a page and for partners. Calls that many orders
share (batches of reads and write-backs) belong to no single order and are not among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database
from django.db.models import QuerySet

from hub.sync.flows import FLOWS
from hub.sync.models import ApiCall, Attempt, ReviewItem, SyncTask, TaskHistory
from orders.models import OrderLink, StoreOrder

# Newest of each kind; an order with more has other problems than a short page.
MOST_OF_A_KIND = 50
# Deliveries name no order: those that came soon after it was placed or changed are looked through.
DELIVERY_WINDOW = timedelta(minutes=15)
MOST_LOOKED_THROUGH = 300
_ORDER_FLOWS = tuple(name for name, flow in FLOWS.items() if flow.subject == "order")

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


def subjects_of(order: StoreOrder) -> list[str]:
    """What tasks about this order are called: itself, and the company location that it may wait for."""
    own = [f"order:{order.pk}"]
    return [*own, f"location:{order.location_id}"] if order.location_id else own


def reviews_of(order: StoreOrder) -> QuerySet[ReviewItem]:
    """Every question that was asked about the order or its company location, newest first."""
    return (
        ReviewItem.objects.filter(subject__in=subjects_of(order))
        .select_related("connection", "decided_by")
        .order_by("-pk")
    )


def holds_of(order: StoreOrder) -> list[ReviewItem]:
    """The questions that wait for a person."""
    return list(reviews_of(order).filter(state=ReviewItem.State.OPEN)[:MOST_OF_A_KIND])


def open_tasks_of(order: StoreOrder) -> list[SyncTask]:
    """What is still to be done for the order."""
    found = SyncTask.objects.select_related("connection")
    due = found.filter(subject__in=subjects_of(order), state__in=[0, 1, 2])
    # What rests is found by its key: the index of subjects holds what may run.
    resting = found.filter(
        flow__in=_ORDER_FLOWS,
        connection__side="erp",
        record_id=order.pk,
        state__in=[SyncTask.State.HELD, SyncTask.State.QUARANTINED],
    ).exclude(state=SyncTask.State.RUNNING)
    if order.location_id:
        resting |= found.filter(
            flow="match_company_location",
            connection__side="erp",
            record_id=order.location_id,
            state__in=[SyncTask.State.HELD, SyncTask.State.QUARANTINED],
        ).exclude(state=SyncTask.State.RUNNING)
    return [*due[:MOST_OF_A_KIND], *resting[:MOST_OF_A_KIND]]


def timeline(
    order: StoreOrder,
    links: list[OrderLink],
    reviews: list[ReviewItem] | None = None,
    tasks: list[SyncTask] | None = None,
) -> list[Event]:
    """What happened to the order, oldest first. `links` come with their connection; what is not given is read."""
    asked = list(reviews_of(order)[:MOST_OF_A_KIND]) if reviews is None else reviews
    waiting = open_tasks_of(order) if tasks is None else tasks
    events = [
        *_of_the_order(order),
        *_of_deliveries(order),
        *_of_history(order),
        *_of_tasks(waiting),
        *_of_attempts(order),
        *_of_calls(order),
        *_of_links(links),
        *_of_reviews(asked),
    ]
    return sorted(events, key=lambda event: event.at)


def _of_the_order(order: StoreOrder) -> Iterator[Event]:
    yield Event(order.placed_at, "store order", f"Placed in {order.connection} as {order.name}")
    if order.remote_updated_at > order.placed_at:
        yield Event(order.remote_updated_at, "store order", f"Changed last in {order.connection}")
    if order.cancelled_at:
        yield Event(order.cancelled_at, "store order", f"Cancelled in {order.connection}")


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


def _of_history(order: StoreOrder) -> Iterator[Event]:
    rows = TaskHistory.objects.filter(subject__in=subjects_of(order)).order_by("-pk")[:MOST_OF_A_KIND]
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


def _of_attempts(order: StoreOrder) -> Iterator[Event]:
    rows = (
        Attempt.objects.filter(connection__side="erp", subject=f"order:{order.pk}")
        .select_related("connection")
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


def _of_calls(order: StoreOrder) -> Iterator[Event]:
    rows = (
        ApiCall.objects.filter(subject__in=subjects_of(order))
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
