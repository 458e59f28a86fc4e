"""Approve or decline a buyer's return request in the store, as the side says that owns the decision.

Starts   a requested return was mirrored, a person answered, a return order of the ERP was mirrored
Reads    StoreReturn and RefundPolicy, the review item of it or ErpCredit return orders, the return as it is now;
         where the ERP decides, its return order is asked for
Writes   the approval or refusal in the store (an attempt before it), StoreReturn
Repeat   safe: the return is read before anything is sent, and only a request is decided
Review   the request itself, where people decide, the ERP has no return orders, or it has not the order
"""

from __future__ import annotations

from datetime import timedelta

from hub.connectors.base import Connector
from hub.connectors.credits import ReturnOrders
from hub.connectors.registry import connector_class
from hub.connectors.store_returns import Decline, Refunds, Returns, ReturnState
from hub.connectors.store_returns import StoreReturn as Return
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection
from hub.sync.running import open_connector, this_run
from orders.models import OrderLink, OrderPolicy, RefundPolicy, StoreReturn
from orders.returns.deciding import Verdict, asked, verdict_of_erp, verdict_of_person
from orders.returns.mirroring import mirror_returns

APPROVE, DECLINE = "approve_return", "decline_return"
ANNOUNCE = "push_return_to_erp"
# What a note may be long is not published; this is what the store is known to show.
LONGEST_NOTE = 250


def run(connection: Connection, record_id: int) -> str:
    """Decide this request where somebody has; returns what happened."""
    row = StoreReturn.objects.select_related("order").get(pk=record_id)
    policy = RefundPolicy.objects.filter(store=connection, is_on=True).first()
    if policy is None or policy.approval == RefundPolicy.Approval.STORE:
        return "the store's own staff decide"
    connector = open_connector(connection)
    row, now = _as_it_is(connection, connector.supporting(Returns), row)
    earlier = attempts.open_attempts(connection.pk, this_run().task.subject)
    if now is None or now.state is not ReturnState.REQUESTED:
        for attempt in earlier:
            attempts.close(attempt, Attempt.State.CONFIRMED, row.external_id)
        return f"it is {row.get_state_display().lower()}" if now else "the store shows it no more"
    verdict = verdict_of_person("decide_store_return", row) or _verdict_of_erp(policy, row)
    if verdict is None:
        return "it waits for the ERP's return order"
    # A decision that is told twice is refused the second time: nothing doubles.
    return _tell(connection, connector, policy, row, verdict, earlier)


def _as_it_is(connection: Connection, store: Returns, row: StoreReturn) -> tuple[StoreReturn, Return | None]:
    """The mirror brought up to date, and the return itself; None where it is gone."""
    order_id = row.order.external_id
    found = store.read_returns_of([order_id]).get(order_id, [])
    mirror_returns(connection, {order_id: row.order_id}, [], found)
    row.refresh_from_db()
    return row, next((one for one in found if one.external_id == row.external_id), None)


def _verdict_of_erp(policy: RefundPolicy, row: StoreReturn) -> Verdict | None:
    """What the ERP says, None while it says nothing. Raises NeedsReview where a person has to."""
    orders = OrderPolicy.objects.filter(store=policy.store_id).select_related("erp").first()
    if policy.approval != RefundPolicy.Approval.ERP or orders is None or not _is_there(orders.erp, row):
        raise asked(row)
    enqueue(ANNOUNCE, orders.erp_id, [row.order_id])
    return verdict_of_erp(row)


def _is_there(erp: Connection, row: StoreReturn) -> bool:
    """Whether the ERP can have a return order of it."""
    is_linked = OrderLink.objects.filter(order=row.order_id, connection=erp).exists()
    return is_linked and issubclass(connector_class(erp.system), ReturnOrders)


def _tell(
    connection: Connection,
    connector: Connector,
    policy: RefundPolicy,
    row: StoreReturn,
    verdict: Verdict,
    earlier: list[Attempt],
) -> str:
    store = connector.supporting(Returns)
    with attempts.intend(
        APPROVE if verdict.is_approved else DECLINE,
        row.external_id,
        {"reason": verdict.reason},
        deadline=connector.supporting(Refunds).refund_deadline,
        settle_after=timedelta(0),
    ) as attempt:
        if verdict.is_approved:
            decided = store.approve_return(row.external_id, notifies_buyer=policy.notifies_buyer)
        else:
            decided = store.decline_return(
                row.external_id,
                reason=Decline.OTHER,
                note=verdict.reason[:LONGEST_NOTE],
                notifies_buyer=policy.notifies_buyer,
            )
    mirror_returns(connection, {row.order.external_id: row.order_id}, [], [decided])
    for one in (*earlier, attempt):
        attempts.close(one, Attempt.State.CONFIRMED, row.external_id)
    return f"{'approved' if verdict.is_approved else 'declined'}: {verdict.reason}"
