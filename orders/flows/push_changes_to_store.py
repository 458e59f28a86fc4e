"""Tell the store what of an order was settled for it: fields, lines, or that it is cancelled.

Starts   sync_order_changes found that the store is to have other values
Reads    OrderAgreement, the store's order, open attempts of this order
Writes   the store's order, an attempt before each step, its mirror; then the comparison is asked for again
Repeat   safe: the order is read first, and where it is not as it was when that was decided, it is decided again
Review   what the store's edits cannot do, what it refuses, an order that is paid and shall be cancelled
"""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from hub.connectors.store_changes import OrderChanging
from hub.connectors.store_parts import OrderHistory
from hub.errors import NotReadyYet
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection
from hub.sync.running import open_connector, this_run
from orders.changes import agreements
from orders.changes.cancelling import settle_questions
from orders.changes.for_store import StoreChange
from orders.changes.hints import FLOW as COMPARE
from orders.changes.telling import OPERATIONS, remember_stand_ins, stands, tell
from orders.models import OrderAgreement, OrderChangePolicy, OrderLink, StoreOrder
from orders.offline.linking import mirrored_now

FLOW = "push_changes_to_store"


def run(connection: Connection, record_id: int) -> str:
    """Tell the store what is left to tell; returns what happened."""
    kept = OrderAgreement.objects.filter(link__order=record_id, link__order__connection=connection)
    agreement = kept.filter(to_store__isnull=False).select_related("link").first()
    if agreement is None:
        return "nothing to tell the store"
    change = agreements.change_for_store(agreement)
    assert change is not None
    store = open_connector(connection)
    known = StoreOrder.objects.get(pk=record_id)
    lost = _lost(connection)
    has_landed = bool(lost) and stands(store.supporting(OrderChanging), known, change)
    if lost and not has_landed:
        attempts.wait_until_settled(lost)
    order = mirrored_now(store.supporting(OrderHistory), connection, known.external_id)
    for one in lost:
        attempts.close(one, Attempt.State.CONFIRMED if has_landed else Attempt.State.LOST, order.external_id)
    if order.content_hash != change.content_hash:
        return _meanwhile(store.supporting(OrderChanging), agreement, order, change, has_landed=has_landed)
    policy = OrderChangePolicy.objects.get(store=connection)
    told = tell(store.supporting(OrderChanging), order, change, policy)
    order = mirrored_now(store.supporting(OrderHistory), connection, order.external_id)
    if change.cancels and order.cancelled_at is None:
        raise NotReadyYet(f"{connection} is still cancelling {order.name}.", after=5.0)
    _compare_again(agreement, order, change)
    return f"told the store: {', '.join(told)}" if told else "the store has it already"


def _meanwhile(
    store: OrderChanging,
    agreement: OrderAgreement,
    order: StoreOrder,
    change: StoreChange,
    *,
    has_landed: bool,
) -> str:
    """The order is not as it was when that was decided: because of us, or because of somebody else."""
    if has_landed and not change.cancels:
        remember_stand_ins(store, order, change)
        agreement.refresh_from_db()
    is_cancelled = change.cancels and order.cancelled_at is not None
    _compare_again(agreement, order, change if is_cancelled else None)
    return "cancelled" if is_cancelled else "it has changed: compared again"


def _lost(connection: Connection) -> list[Attempt]:
    """Writes whose answer was lost. What landed stands; what does not stand may land until they are settled."""
    found = attempts.open_attempts(connection.pk, this_run().task.subject)
    return [one for one in found if one.operation in OPERATIONS]


def _compare_again(agreement: OrderAgreement, order: StoreOrder, done: StoreChange | None = None) -> None:
    """What was told is told once: where the comparison finds the same difference again, a person is asked."""
    link = agreement.link
    with transaction.atomic():
        written = agreement.written + ([list(one) for one in done.traces] if done else [])
        agreements.note(agreement, to_store=None, written=written)
        if done and done.cancels:
            # The ERP was first: nothing is left to cancel there.
            OrderLink.objects.filter(pk=link.pk).update(cancelled_at=Now())
            settle_questions(link)
        enqueue(COMPARE, link.connection_id, [order.pk])
