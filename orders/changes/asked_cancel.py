"""A cancellation that a partner asked for and a person approved: carried out in the store, if both sides allow it.

The ERP follows as it does whenever a store's order is cancelled: `push_order_to_erp` cancels the document. So the store
is asked only where the order policy says that the ERP follows, and the document has not come too far for that.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.connectors.sales_documents import OrderStage
from hub.connectors.store_changes import EditableOrder, OrderChanging
from hub.connectors.store_parts import OrderHistory
from hub.errors import NotReadyYet, RecordRejected
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection
from hub.sync.running import open_connector, this_run
from orders.changes.telling import CANCEL, READ_BY_ID
from orders.erp_documents import ask
from orders.freshness import database_time
from orders.models import ErpOrder, OrderChangePolicy, OrderLink, OrderPolicy, StoreOrder
from orders.offline.linking import has_taken_stock, mirrored_now

# A store works on a cancellation after its answer: how soon it is looked at again.
LOOK_AGAIN = 5.0
READ_FIRST = 5.0
# How long what was read of the ERP's stage holds: goods may leave meanwhile.
FRESH_FOR = timedelta(minutes=2)
MIRROR_FIRST = 60.0
# A job of the store that takes longer has failed.
STORE_TAKES = timedelta(minutes=15)


class ByHand(Exception):
    """Why the cancellation is left to a person."""


def cancel_as_asked(connection: Connection, order: StoreOrder, approved_at: datetime) -> None:
    """Cancel the order in the store; it is cancelled there, and mirrored so, when this returns.

    Raises ByHand with the reason where the policies, the ERP or the store do not allow it, NotReadyYet until what it
    depends on is read and until the store is done.
    """
    store = open_connector(connection)
    if not isinstance(store, OrderChanging):
        raise ByHand(f"{connection} has no call that cancels an order")
    now = _read(store, order)
    asked = _asked_before(connection, order, now)
    if not now.is_cancelled and not asked:
        _check_erp(order, approved_at)
        _check_store(now)
        _cancel(store, connection, order)
    order = mirrored_now(store.supporting(OrderHistory), connection, order.external_id)
    if order.cancelled_at is None:
        raise NotReadyYet(f"{connection} is still cancelling {order.name}.", after=LOOK_AGAIN)


def _read(store: OrderChanging, order: StoreOrder) -> EditableOrder:
    found = store.read_editable([order.external_id])
    if not found:
        raise ByHand(f"{order.name} is not in the store any more")
    return found[0]


def _asked_before(connection: Connection, order: StoreOrder, now: EditableOrder) -> bool:
    """Whether the store took the cancellation already; one whose answer was lost is settled by what stands there."""
    subject = this_run().task.subject
    for lost in attempts.open_attempts(connection.pk, subject):
        if lost.operation != CANCEL:
            continue
        if not now.is_cancelled:
            attempts.wait_until_settled([lost])
        attempts.close(lost, Attempt.State.CONFIRMED if now.is_cancelled else Attempt.State.LOST)
    taken = Attempt.objects.filter(
        connection=connection,
        subject=subject,
        operation=CANCEL,
        key=order.external_id,
        state=Attempt.State.CONFIRMED,
    )
    first = taken.order_by("pk").first()
    if first and not now.is_cancelled and first.started_at + STORE_TAKES < datetime.now(UTC):
        raise ByHand("the store took the cancellation and has not carried it out")
    return first is not None


# ------------------------------------------------------------------------------------------------- allowed


def _check_erp(order: StoreOrder, approved_at: datetime) -> None:
    """Raises ByHand where an ERP holds the order and would not follow, NotReadyYet until its stage is read anew."""
    policy = OrderPolicy.objects.filter(store=order.connection_id).first()
    if _is_being_sent(order):
        raise NotReadyYet(f"A send of {order.name} to the ERP has no answer yet.", after=30.0)
    for link in OrderLink.objects.filter(order=order, cancelled_at=None).select_related("connection"):
        if link.origin == OrderLink.Origin.ERP:
            raise ByHand(
                f"{link.connection} took the order itself, as {link.shown_number}: it is cancelled there"
            )
        if policy is None or not policy.cancels_in_erp:
            raise ByHand("the store's order policy does not let the ERP follow a cancellation")
        _check_stage(order, link, approved_at)


def _is_being_sent(order: StoreOrder) -> bool:
    sending = Attempt.objects.filter(
        connection__side=Connection.Side.ERP, subject=f"order:{order.pk}", state=Attempt.State.OPEN
    )
    return bool(sending.exists())


def _check_stage(order: StoreOrder, link: OrderLink, approved_at: datetime) -> None:
    """The cutoff of changes that go to the ERP holds for this one, too; it is released where no policy says another."""
    policy = OrderChangePolicy.objects.filter(store=order.connection_id).first() or OrderChangePolicy()
    cutoff = OrderStage(policy.corrections_until)
    document = ErpOrder.objects.filter(connection=link.connection_id, external_id=link.external_id).first()
    if document is None:
        enqueue("pull_erp_orders", link.connection_id)
        raise NotReadyYet(f"{link.shown_number} is read from the ERP first.", after=MIRROR_FIRST)
    if document.is_gone:
        raise ByHand(f"{link.shown_number} is not in {link.connection} any more")
    needed = max(approved_at, database_time() - FRESH_FOR)
    if document.document_read_at is None or document.document_read_at < needed:
        ask(link.connection_id, [document.pk])
        raise NotReadyYet(
            f"How far the ERP has come with {link.shown_number} is read first.", after=READ_FIRST
        )
    if OrderStage(document.stage).is_at_least(cutoff):
        raise ByHand(
            f"{link.shown_number} is {document.stage} in {link.connection}, and changes are made before {cutoff} only"
        )


def _check_store(now: EditableOrder) -> None:
    if not now.is_unpaid:
        raise ByHand("it is paid, and a cancellation would leave the money where it is")
    if any(line.unfulfilled < line.quantity for line in now.lines):
        raise ByHand("a part of it was sent")


# -------------------------------------------------------------------------------------------------- cancel


def _cancel(store: OrderChanging, connection: Connection, order: StoreOrder) -> None:
    policy = OrderChangePolicy.objects.filter(store=connection).first()
    try:
        with attempts.intend(
            CANCEL,
            order.external_id,
            {"order": order.name},
            deadline=store.call_deadline,
            settle_after=READ_BY_ID,
        ) as attempt:
            store.cancel_order(
                order.external_id,
                restocks=has_taken_stock(order),
                refunds=False,
                notifies_buyer=bool(policy and policy.notifies_buyer),
                note="Cancelled as a partner asked",
            )
    except RecordRejected as error:
        raise ByHand(f"the store refused: {error}") from error
    attempts.close(attempt, Attempt.State.CONFIRMED, order.external_id)
