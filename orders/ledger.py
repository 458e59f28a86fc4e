"""What became of each order of a store, in exactly one class, with the reason: the ledger.

Derived when asked, from the same states that pages show (`orders/states.py`); what those call kept out is explained by
the rule that keeps it out, or by the person who did. What nothing explains is the one class that should be empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from hub.sync.models import Connection, ReviewItem
from orders.holds.withdrawing import BACK_AGAIN, NO_CALL
from orders.known import read_known
from orders.models import OrderLink, OrderPolicy, StoreOrder
from orders.rules import OrderFacts, Policy, kept_out
from orders.states import OrderState, in_state, with_state

BATCH = 500
# Approved, these say that a person has seen to a document that is not wanted any more.
WITHDRAWN = (NO_CALL, BACK_AGAIN)
NEVER_SENT, CANCELLED_TWICE = "cancelled before it was sent", "cancelled, and not in the ERP any more"
NO_POLICY = "the store has no order policy: nothing says where its orders go"


@dataclass(slots=True)
class Counted:
    """How many orders are in each class, why, and the keys of those that nothing explains."""

    in_erp: int = 0
    held: int = 0
    on_its_way: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    held_for: Counter[str] = field(default_factory=Counter)
    unexplained: list[int] = field(default_factory=list)


def count(store: Connection, since: datetime, *, flow: str) -> Counted:
    """Every order of this store that was placed at or after `since`; questions that `flow` asked explain nothing."""
    placed = StoreOrder.objects.filter(connection=store, placed_at__gte=since).order_by()
    orders: QuerySet[Any] = with_state(placed, without=flow)
    states = dict(orders.values_list("state").annotate(Count("pk")))
    counted = Counted(
        in_erp=states.get(OrderState.SENT, 0),
        held=states.get(OrderState.HELD, 0),
        on_its_way=states.get(OrderState.WAITING, 0),
    )
    cancelled = orders.filter(state=OrderState.CANCELLED)
    never_sent = cancelled.filter(links=None).count()
    counted.excluded[NEVER_SENT] = never_sent
    counted.excluded[CANCELLED_TWICE] = states.get(OrderState.CANCELLED, 0) - never_sent
    policy = OrderPolicy.objects.select_related("erp").filter(store=store).first()
    kept = orders.filter(state=OrderState.KEPT_OUT).order_by("pk")
    for batch in _batches(list(kept.values_list("pk", flat=True))):
        _explain(counted, policy, batch)
    counted.excluded += Counter()
    counted.held_for.update(_held_for(store, since, flow))
    return counted


def _batches(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))


def _held_for(store: Connection, since: datetime, flow: str) -> dict[str, int]:
    """Open questions about these orders, by their code."""
    placed = StoreOrder.objects.filter(connection=store, placed_at__gte=since)
    orders = in_state(placed, OrderState.HELD)
    asked = ReviewItem.objects.filter(
        state=ReviewItem.State.OPEN, subject__startswith="order:", record_id__in=orders.values("pk")
    ).exclude(flow=flow)
    return dict(asked.order_by().values_list("code").annotate(Count("record_id", distinct=True)))


def _explain(counted: Counted, policy: OrderPolicy | None, keys: Sequence[int]) -> None:
    """Why each of these orders, which nothing is under way for, is not sent."""
    links = dict(OrderLink.objects.filter(order__in=keys).order_by("-pk").values_list("order_id", "gone_at"))
    given_up = _given_up([key for key in keys if key not in links]) | _settled(links)
    for order in StoreOrder.objects.filter(pk__in=keys).defer("document", "payload"):
        # A rule keeps out what was not sent; it says nothing about a document that is gone.
        reason = given_up.get(order.pk) or ("" if order.pk in links else _rule(order, policy))
        if reason:
            counted.excluded[reason] += 1
        else:
            counted.unexplained.append(order.pk)


def _given_up(keys: Sequence[int]) -> dict[int, str]:
    """Orders that a person dismissed the last question about, with the question's code."""
    return {
        key: _by_a_person(item)
        for key, item in _last_decided(keys).items()
        if item.decision != ReviewItem.Decision.APPROVED
    }


def _settled(links: Mapping[int, datetime | None]) -> dict[int, str]:
    """Orders whose document is not in the ERP any more because a person wanted that, or let it be: the order was
    rejected, or a question about it was decided since. `links` says since when, by order."""
    found = {}
    for key, item in _last_decided(list(links)).items():
        since = links[key]
        is_later = since is not None and item.closed_at is not None and item.closed_at >= since
        if is_later or item.decision == ReviewItem.Decision.REJECTED or item.code in WITHDRAWN:
            found[key] = _by_a_person(item)
    return found


def _last_decided(keys: Sequence[int]) -> dict[int, ReviewItem]:
    items = ReviewItem.objects.filter(
        subject__in=[f"order:{key}" for key in keys], state=ReviewItem.State.DECIDED
    ).order_by("pk")
    shown = items.only("record_id", "decision", "code", "closed_at")
    return {item.record_id: item for item in shown}


def _by_a_person(item: ReviewItem) -> str:
    return f"{item.decision} by a person: {item.code.replace('_', ' ')}"


def _rule(order: StoreOrder, policy: OrderPolicy | None) -> str:
    """The rule that keeps this order out, in words; empty where none does."""
    if policy is None:
        return NO_POLICY
    rules = Policy(
        takes_test_orders=policy.takes_test_orders,
        takes_d2c_orders=policy.takes_d2c_orders,
        hold_blank_po=False,
        duplicate_po=policy.duplicate_po,
    )
    facts = OrderFacts(
        is_test=order.is_test,
        is_cancelled=order.cancelled_at is not None,
        is_b2b=order.location_id is not None,
        has_po_number=bool(order.po_key),
        location_requires_po=False,
        is_linked=False,
        is_changed_since_sent=False,
        is_before_start=order.placed_at < policy.orders_from,
    )
    decision = kept_out(facts, rules)
    if decision is None and policy.duplicate_po == OrderPolicy.DuplicatePo.REJECT and order.po_key:
        # A statement each, for the few that are left: whose PO number it is, is asked for as when it was decided.
        known = read_known(order.pk, policy.erp, flow="push_order_to_erp", subject=f"order:{order.pk}")
        decision = kept_out(
            replace(facts, same_po_orders=known.same_po_orders, approved=known.approved), rules
        )
        return "PO number was used before, not sent" if decision else ""
    return decision.reason if decision else ""
