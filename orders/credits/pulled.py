"""How far the credits of an ERP are in the mirror: what a clerk made a moment ago is read before one is sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from hub.connectors.base import Connector
from hub.connectors.credits import Credits, ReturnOrders
from hub.errors import NotReadyYet
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, Cursor
from orders.models import CreditPolicy, RefundPolicy

FLOW, RETURNS = "pull_erp_credits", "pull_erp_credits returns"
# By so much the clocks of a store and an ERP may differ, and a list there lag behind what was written.
LAG = timedelta(seconds=30)
# A pass over the ERP's credits takes a moment.
PULLED_AFTER_SECONDS = 15.0


def has_listeners(connection: Connection) -> bool:
    """Whether refunds and credits are kept equal for a store whose orders go to this ERP."""
    is_erp = Q(store__order_policy__erp=connection, is_on=True)
    return CreditPolicy.objects.filter(is_erp).exists() or RefundPolicy.objects.filter(is_erp).exists()


def are_credits_pulled(connection: Connection, connector: Connector, moment: datetime) -> bool:
    """Whether the mirror holds every credit that the ERP had at this moment; also where nothing is ever pulled of it.

    A memo may be made from a return order, whose order is known from there only: both have been read.
    """
    if not isinstance(connector, Credits) or not has_listeners(connection):
        return True
    flows = [FLOW, RETURNS] if isinstance(connector, ReturnOrders) else [FLOW]
    past = Cursor.objects.filter(connection=connection, flow__in=flows, covered_at__gt=moment + LAG)
    return past.count() == len(flows)


def check_credits_pulled(connection: Connection, connector: Connector, moment: datetime) -> None:
    """Have the ERP's credits read where the mirror may lack one of this moment; raises NotReadyYet until they are."""
    if not are_credits_pulled(connection, connector, moment):
        enqueue(FLOW, connection.pk)
        raise NotReadyYet("The ERP's own credits are read first.", after=PULLED_AFTER_SECONDS)
