"""Define the metafields by which buyers see in their account what the ERP says of their orders.

Starts   an offline order policy was saved switched on, or somebody asks
Reads    nothing
Writes   metafield definitions in the store, readable by customers; those that are there stay as they are
Repeat   safe: a definition is made once
Review   a definition that the store refuses
"""

from __future__ import annotations

from hub.connectors.store_orders import OrderWriting
from hub.errors import RecordRejected
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.offline.mapping import SHOWN


def run(connection: Connection, record_id: int) -> str:
    """Define every metafield that is missing; returns how many there are."""
    store = open_connector(connection).supporting(OrderWriting)
    refused = store.define_metafields(SHOWN)
    if refused:
        words = "; ".join(f"{name}: {why}" for name, why in refused.items())
        raise RecordRejected(
            f"{connection} refuses metafield definitions: {words}. Define them there for orders by hand, or correct "
            "what it names and save the offline order policy again.",
            evidence={"refused": refused},
        )
    return f"{len(SHOWN)} are defined"
