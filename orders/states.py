"""Where an order stands, derived from what is stored: nothing here is kept beside it and could differ.

sent        it is linked to a document that stands in the ERP: not cancelled there, not gone
cancelled   not in the ERP so, and cancelled in the store
held        not in the ERP so, and a question about it or its company location is open, or its task failed too often
waiting     none of these, and there is work to do: it must be read again, or a task of it is not finished
kept out    none of these: the policy keeps it out, or a person decided the question about it so
"""

from __future__ import annotations

from typing import Any

from django.db.models import (
    Case,
    CharField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat
from django.db.models.lookups import IsNull

from hub.sync.models import ReviewItem, SyncTask
from orders.models import OrderLink, StoreOrder

State = SyncTask.State


class OrderState(TextChoices):
    """The states of an order, the first that is true."""

    SENT = "sent", "sent"
    CANCELLED = "cancelled", "cancelled"
    HELD = "held", "held"
    WAITING = "waiting", "waiting"
    KEPT_OUT = "kept_out", "kept out"


_SUBJECT = Concat(Value("order:"), Cast(OuterRef("pk"), CharField()), output_field=CharField())
_LINKS = OrderLink.objects.filter(order=OuterRef("pk"), gone_at=None, cancelled_at=None)
_QUESTIONS = ReviewItem.objects.filter(subject=_SUBJECT, state=ReviewItem.State.OPEN)
_PLACE = Concat(Value("location:"), Cast(OuterRef("location_id"), CharField()), output_field=CharField())
_PLACE_QUESTIONS = ReviewItem.objects.filter(subject=_PLACE, state=ReviewItem.State.OPEN)
_WORK = SyncTask.objects.filter(subject=_SUBJECT, state__in=[State.WAITING, State.RUNNING, State.BLOCKED])
_IS_LINKED, _IS_ASKED, _IS_PLACE_ASKED = Exists(_LINKS), Exists(_QUESTIONS), Exists(_PLACE_QUESTIONS)
_HAS_WORK = Exists(_WORK)
_IS_GIVEN_UP = Exists(SyncTask.objects.filter(subject=_SUBJECT, state=State.QUARANTINED))


def _any(rows: QuerySet[Any]) -> IsNull:
    """Whether there is one, by a look-up for each row that is shown.

    With EXISTS the database reads all there are into a hash first: it does not think of the fifty that are shown.
    What failed too often is asked for so: it is little, and has no index by subject.
    """
    return IsNull(Subquery(rows.order_by().values("pk")[:1]), False)


def with_state(orders: QuerySet[StoreOrder], *, without: str = "") -> QuerySet[StoreOrder]:
    """Each order with its `state`: a few look-ups by index for each row that is shown.

    The questions of the flow `without` do not count: it asks what the state is without them.
    """
    questions = _QUESTIONS.exclude(flow=without) if without else _QUESTIONS
    is_held = _any(questions) | _any(_PLACE_QUESTIONS) | _IS_GIVEN_UP
    return orders.annotate(
        state=Case(
            When(_any(_LINKS), then=Value(OrderState.SENT.value)),
            When(cancelled_at__isnull=False, then=Value(OrderState.CANCELLED.value)),
            When(is_held, then=Value(OrderState.HELD.value)),
            When(Q(needs_read=True) | _any(_WORK), then=Value(OrderState.WAITING.value)),
            default=Value(OrderState.KEPT_OUT.value),
            output_field=CharField(),
        )
    )


def in_state(orders: QuerySet[StoreOrder], state: OrderState) -> QuerySet[StoreOrder]:
    """Orders in this state. Most orders are sent: the others are found from what is open, or by leaving out links."""
    if state is OrderState.SENT:
        return orders.filter(_IS_LINKED)
    orders = orders.filter(~_IS_LINKED)
    if state is OrderState.CANCELLED:
        return orders.filter(cancelled_at__isnull=False)
    orders = orders.filter(cancelled_at=None)
    if state is OrderState.HELD:
        return orders.filter(_held())
    orders = orders.filter(~_IS_ASKED, ~_IS_PLACE_ASKED, ~_IS_GIVEN_UP)
    if state is OrderState.WAITING:
        return orders.filter(pk__in=_busy())
    return orders.filter(~_HAS_WORK, needs_read=False)


def _held() -> Q:
    """By keys that are read first: how many orders a place has, the database would guess wrongly."""
    asked = ReviewItem.objects.filter(state=ReviewItem.State.OPEN).order_by()
    given_up = SyncTask.objects.filter(subject__startswith="order:", state=State.QUARANTINED).order_by()
    orders = asked.filter(subject__startswith="order:").values_list("record_id", flat=True)
    places = asked.filter(subject__startswith="location:").values_list("record_id", flat=True)
    keys = {*orders, *given_up.values_list("record_id", flat=True)}
    return Q(pk__in=keys) | Q(location__in=set(places))


def _busy() -> QuerySet[Any, Any]:
    """Put together by UNION: where two look-ups are joined by OR, the database walks the whole table."""
    tasks = SyncTask.objects.filter(
        subject__startswith="order:", state__in=[State.WAITING, State.RUNNING, State.BLOCKED]
    )
    unread = StoreOrder.objects.filter(needs_read=True)
    return tasks.order_by().values("record_id").union(unread.order_by().values("pk"))
