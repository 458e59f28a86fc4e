"""Read refunds and returns of the orders of which the store told something, or on which something came back.

Starts   a refund or return was told by webhook, an order was mirrored with pieces or money back, a search found one
Reads    every refund and return of the marked orders, as many in a call as the store takes
Writes   StoreRefund and StoreReturn mirrors
Repeat   safe: reading changes nothing there, and an order that is marked again is read again
Review   never: what must be credited or decided is asked by the flows that do it
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Q

from hub.connectors.store_returns import Refunds, Returns
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.freshness import database_time
from orders.models import OrderReturns
from orders.returns.mirroring import mirror_returns

_DUE = Q(read_at=None) | Q(read_at__lt=F("asked_at"))


def run(connection: Connection, record_id: int) -> str:
    """Read every marked order; returns how many, and how much was new."""
    connector = open_connector(connection)
    refunds, returns = connector.supporting(Refunds), connector.supporting(Returns)
    marked = OrderReturns.objects.filter(_DUE, connection=connection).order_by("order")
    last = read = news = 0
    while batch := list(
        marked.filter(order__gt=last).values_list("order", "order__external_id")[: refunds.refund_batch]
    ):
        last = batch[-1][0]
        orders = {external_id: key for key, external_id in batch}
        read_at = database_time()
        found_refunds = refunds.read_refunds(list(orders))
        found_returns = returns.read_returns_of(list(orders))
        with transaction.atomic():
            news += mirror_returns(
                connection,
                orders,
                [one for rows in found_refunds.values() for one in rows],
                [one for rows in found_returns.values() for one in rows],
            )
            OrderReturns.objects.filter(order__in=orders.values()).update(read_at=read_at)
        read += len(batch)
    return f"read {read}, {news} new or changed"
