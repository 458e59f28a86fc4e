"""Ask an ERP how many requests it allows at once: the limit is the account's, and other programs share it.

Starts   every hour by itself
Reads    the account's limits, where the ERP tells them
Writes   the credential's governor
Repeat   safe: reads only
Review   nothing
"""

from __future__ import annotations

from hub.connectors.erp_parts import AccountLimits
from hub.sync.models import Connection
from hub.sync.running import open_connector


def run(connection: Connection, record_id: int) -> str:
    """Take over what the ERP says; returns it."""
    connector = open_connector(connection)
    if not isinstance(connector, AccountLimits):
        return "it tells none"
    limits = connector.read_limits()
    connector.hooks.observe(limits)
    return f"{limits.concurrency} requests at once" if limits.concurrency else "this credential may not ask"
