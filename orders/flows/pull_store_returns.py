"""Find what nobody told us of: a return leaves no stamp on its order, so that no cursor passes it; money arrives late.

Starts   every 15 minutes by itself, where a store's refunds are kept equal
Reads    orders with a return that is requested or under way, by the store's search; our unfinished ones
Writes   marks: these orders' refunds and returns are read; asks push_credit_to_store to close what it had opened
Repeat   safe: a mark has an order read once more, and what is closed again is asked for no more
Review   never
"""

from __future__ import annotations

from hub.connectors.store_returns import Returns, ReturnState
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.models import RefundPolicy, StoreRefund, StoreReturn
from orders.returns.hints import ask_for_returns
from orders.returns.reopened import FLOW as CLOSE_AGAIN
from orders.returns.reopened import orders_left_open

_UNFINISHED = (ReturnState.REQUESTED.value, ReturnState.OPEN.value)


def run(connection: Connection, record_id: int) -> str:
    """Mark what may have changed; returns how many orders."""
    if not RefundPolicy.objects.filter(store=connection, is_on=True).exists():
        return "the store's returns are left alone"
    found = open_connector(connection).supporting(Returns).orders_with_returns()
    known = StoreReturn.objects.filter(connection=connection, state__in=_UNFINISHED)
    under_way = StoreRefund.objects.filter(connection=connection, money=StoreRefund.Money.PENDING)
    keys = {*known.values_list("order", flat=True), *under_way.values_list("order", flat=True)}
    # What nothing else has closed: a credit that was withdrawn, or settled while the policy was switched off.
    enqueue(CLOSE_AGAIN, connection.pk, orders_left_open(connection))
    return f"{ask_for_returns(connection, keys=keys, external_ids=found)} orders are read again"
