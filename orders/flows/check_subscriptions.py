"""Keep the store's order webhooks subscribed at our address.

Starts   every four minutes by itself, and after a connection test
Reads    the store's subscriptions of this app
Writes   missing subscriptions; deletes ours that point elsewhere
Repeat   safe: what stands is left alone
Review   the store refuses an address or topic
"""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from hub.connectors.store_parts import Subscription, Subscriptions, Webhooks
from hub.errors import NotReadyYet
from hub.sync.models import Connection
from hub.sync.running import open_connector


def run(connection: Connection, record_id: int) -> str:
    """Subscribe what is missing; returns what was done."""
    if not settings.PUBLIC_URL:
        return "no public address is set; orders come by the cursor alone"
    if not connection.may_write:
        raise NotReadyYet(f"Writing to {connection} is switched off on the connection's page.", after=600.0)
    connector = open_connector(connection)
    store = connector.supporting(Subscriptions)
    topics = connector.supporting(Webhooks).order_topics()
    address = settings.PUBLIC_URL.rstrip("/") + reverse("webhook", args=[connection.public_id])
    ours = [s for s in store.list_subscriptions() if s.topic in topics]
    for subscription in ours:
        if subscription.address != address:
            store.delete_subscription(subscription.external_id)
    standing = {s.topic for s in ours if s.address == address}
    missing = [topic for topic in topics if topic not in standing]
    for topic in missing:
        store.create_subscription(Subscription(topic=topic, address=address))
    return f"created {len(missing)}, kept {len(standing)}"
