"""Where a partner's order stands, as the partner is told: derived from what is stored, the first that is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Q, TextChoices

from hub.sync.models import ReviewItem, SyncTask
from orders.models import OrderLink, PartnerOrder
from orders.partners.duplicates import FLOW

SEND = "push_order_to_erp"


class Status(TextChoices):
    """The states of a partner's order."""

    REJECTED = "rejected", "rejected"
    CANCELLED = "cancelled", "cancelled"
    IN_ERP = "in_erp", "in the ERP"
    IN_STORE = "in_store", "in the store"
    WAITING = "waiting", "waiting"
    RECEIVED = "received", "received"


@dataclass(frozen=True, slots=True)
class Told:
    """A status, why it goes no further (empty where it does), and the numbers of its documents in ERPs."""

    status: Status
    reason: str = ""
    erp_numbers: tuple[str, ...] = field(default=())


def statuses(orders: Sequence[PartnerOrder]) -> dict[int, Told]:
    """The status of each by its key, with three statements however many. Orders come with their store's order."""
    numbers = _erp_numbers(orders)
    questions = _questions(orders)
    tasks = _tasks(orders)
    return {order.pk: _told(order, numbers, questions, tasks) for order in orders}


def _told(
    order: PartnerOrder,
    numbers: dict[int, list[str]],
    questions: dict[str, tuple[str, str]],
    tasks: dict[int, SyncTask],
) -> Told:
    placed = order.order
    if placed is None:
        return _not_placed(order, questions, tasks)
    sent = tuple(numbers.get(placed.pk, ()))
    if placed.cancelled_at is not None:
        return Told(Status.CANCELLED, erp_numbers=sent)
    if sent:
        return Told(Status.IN_ERP, erp_numbers=sent)
    return Told(Status.IN_STORE, questions.get(f"order:{placed.pk}", ("", ""))[1])


def _not_placed(
    order: PartnerOrder, questions: dict[str, tuple[str, str]], tasks: dict[int, SyncTask]
) -> Told:
    if order.state == PartnerOrder.State.REJECTED:
        return Told(Status.REJECTED, order.answer)
    task, (state, message) = tasks.get(order.pk), questions.get(f"partner_order:{order.pk}", ("", ""))
    if state == ReviewItem.State.OPEN:
        return Told(Status.WAITING, message)
    if task is not None:
        return Told(Status.WAITING, task.last_error) if task.last_error else Told(Status.RECEIVED)
    # Nobody works on it any more: a person set its question aside.
    return Told(Status.WAITING, f"Set aside by a person: {message}") if message else Told(Status.RECEIVED)


def _erp_numbers(orders: Sequence[PartnerOrder]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    links = OrderLink.objects.filter(order__in=[one.order.pk for one in orders if one.order])
    for order_id, number in links.order_by("pk").values_list("order", "number"):
        found.setdefault(order_id, []).append(number)
    return found


def _questions(orders: Sequence[PartnerOrder]) -> dict[str, tuple[str, str]]:
    """By subject the state and message of the question that stands, of an order that is not placed the last one."""
    placed = [f"order:{one.order.pk}" for one in orders if one.order]
    waiting = [f"partner_order:{one.pk}" for one in orders if one.order is None]
    asked = ReviewItem.objects.filter(
        Q(subject__in=waiting) | Q(subject__in=placed, flow=SEND, state=ReviewItem.State.OPEN)
    )
    rows = asked.order_by("pk").values_list("subject", "state", "message")
    return {subject: (state, message) for subject, state, message in rows}


def _tasks(orders: Sequence[PartnerOrder]) -> dict[int, SyncTask]:
    open_tasks = SyncTask.objects.filter(
        flow=FLOW, connection__side="store", record_id__in=[one.pk for one in orders if one.order is None]
    )
    return {task.record_id: task for task in open_tasks.order_by("pk").defer("evidence")}
