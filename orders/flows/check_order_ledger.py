"""Count what became of every order of the last 60 days, and ask about each that nothing explains.

Starts   every six hours by itself, and when a person presses the button on the ledger's page
Reads    the store's own list of orders (ids and stamps), the mirror, links, questions and tasks
Writes   OrderLedger, mirrors of orders that the list names and we did not have as they are, an alert about these, a
         review item for each unexplained order, which is put on its way to the ERP again, or compared with it
Repeat   safe: the list is read on from where the last run stopped, and what was counted is only counted anew
Review   an order that is neither in the ERP, nor held, nor excluded by a rule, nor on its way
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from hub.connectors.documents import PagePosition
from hub.connectors.store_parts import OrderHistory
from hub.errors import NeedsReview
from hub.sync import review
from hub.sync.alerts import close_alert, raise_alert
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, ReviewItem
from hub.sync.running import open_connector
from orders import ledger
from orders.changes.hints import announce_gone
from orders.freshness import database_time
from orders.models import OrderLedger, OrderLink, OrderPolicy, StoreOrder
from orders.reading import read_and_mirror, to_read

FLOW = "check_order_ledger"
LOOKS_BACK = timedelta(days=60)
# What a webhook and the cursor had time to tell; what is younger is not missed yet.
TOLD_WITHIN = timedelta(minutes=15)
# After so many pages of the store's list the task ends and goes on in another one: others want the store as well.
PAGES_A_RUN = 20
ASKED_AT_MOST = 100


def run(connection: Connection, record_id: int) -> str:
    """Read on in the store's list; at its end count. Returns how far it is, or the counts."""
    store = open_connector(connection).supporting(OrderHistory)
    began_at = database_time()
    found, _ = OrderLedger.objects.get_or_create(
        store=connection, finished_at=None, defaults={"since": began_at - LOOKS_BACK}
    )
    if not _read_list(connection, store, found):
        enqueue(FLOW, connection.pk)
        return f"{found.listed} orders of the store's list compared, more to come"
    return _count(connection, found)


def again(connection_id: int, record_id: int) -> None:
    """Somebody presses Try again at the question about one order: it is decided anew."""
    policy = OrderPolicy.objects.filter(store_id=connection_id).first()
    if policy is not None:
        enqueue("push_order_to_erp", policy.erp_id, [record_id])


def _read_list(connection: Connection, store: OrderHistory, found: OrderLedger) -> bool:
    """Compare some pages of the store's list with the mirror; returns whether its end was reached."""
    since = PagePosition(found.position_stamp or found.since, found.position_id)
    after: str | None = None
    for _ in range(PAGES_A_RUN):
        page = store.changed_orders(since, after)
        news, _ = to_read(connection, page.items)
        told_until = database_time() - TOLD_WITHIN
        late = [stamp.external_id for stamp in news if stamp.updated_at < told_until]
        found.missed += read_and_mirror(connection, store, late)
        found.listed += len(page.items)
        if page.items:
            found.position_stamp, found.position_id = page.items[-1].updated_at, page.items[-1].external_id
        found.save(update_fields=["listed", "missed", "position_stamp", "position_id"])
        after = page.after
        if after is None:
            return True
    return False


def _count(connection: Connection, found: OrderLedger) -> str:
    counted = ledger.count(connection, found.since, flow=FLOW)
    found.in_erp, found.held, found.on_its_way = counted.in_erp, counted.held, counted.on_its_way
    found.excluded, found.unexplained = counted.excluded.total(), len(counted.unexplained)
    found.reasons = {"excluded": dict(counted.excluded), "held": dict(counted.held_for)}
    found.finished_at = database_time()
    with transaction.atomic():
        found.save()
        _ask(connection, counted.unexplained)
    _tell_missed(connection, found)
    return (
        f"{found.total} orders: {found.in_erp} in the ERP, {found.held} held, {found.excluded} excluded, "
        f"{found.on_its_way} on their way, {found.unexplained} unexplained, {found.missed} missed"
    )


def _ask(connection: Connection, keys: list[int]) -> None:
    """Every unexplained order goes on its way again, and a person is asked about it; what explains itself is closed."""
    asked = ReviewItem.objects.filter(flow=FLOW, connection=connection, state=ReviewItem.State.OPEN)
    solved = asked.exclude(record_id__in=keys).values_list("record_id", flat=True)
    review.solve_items(FLOW, connection.pk, list(solved))
    policy = OrderPolicy.objects.filter(store=connection).first()
    gone = {
        link.order_id: link for link in OrderLink.objects.filter(order__in=keys).select_related("connection")
    }
    for link in gone.values():
        announce_gone(link.connection, [link.external_id])
    if policy is not None:
        enqueue("push_order_to_erp", policy.erp_id, [key for key in keys if key not in gone])
    for order in StoreOrder.objects.filter(pk__in=keys[:ASKED_AT_MOST]).defer("document", "payload"):
        error = _gone(order, gone[order.pk]) if order.pk in gone else _unsent(order)
        review.open_item(FLOW, connection.pk, order.pk, f"order:{order.pk}", error)


def _unsent(order: StoreOrder) -> NeedsReview:
    return NeedsReview(
        f"{order.name} is not in the ERP, and nothing says why: no question is open, no rule keeps it out and no "
        "task is under way. It was put on its way again just now; press Try again in a minute, and this closes.",
        code="order_unexplained",
        evidence=_evidence(order),
    )


def _gone(order: StoreOrder, link: OrderLink) -> NeedsReview:
    return NeedsReview(
        f"{link.shown_number} is cancelled or deleted in {link.connection}, and {order.name} still stands in "
        f"{order.connection}. Restore it in the ERP or cancel the order in the store; or dismiss this, and both stay "
        "as they are.",
        code="order_unexplained",
        evidence=_evidence(order) | {"document": link.shown_number},
    )


def _evidence(order: StoreOrder) -> dict[str, str]:
    return {"order": order.name, "po_number": order.po_number, "placed": str(order.placed_at)}


def _tell_missed(connection: Connection, found: OrderLedger) -> None:
    cause = f"orders missed in {connection}"
    if not found.missed:
        close_alert(cause)
        return
    raise_alert(
        cause,
        f"{found.missed} of {found.listed} orders that {connection} lists had not reached us as they are, neither by "
        "webhook nor by the pull. They were read now. Look at the store's webhook subscriptions and at the pull's "
        "task history.",
        connection.pk,
    )
