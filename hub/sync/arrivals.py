"""What both doors for webhooks do with a request: read its body up to a limit, refuse it, or keep it as a delivery."""

from __future__ import annotations

import hashlib

from django.db import connection as database
from django.http import HttpRequest, HttpResponse

from hub.connectors.store_parts import WebhookHeaders
from hub.lib.text import storable
from hub.sync.enqueue import CHANNEL, DELIVERY, OTHER_DELIVERY
from hub.sync.metrics import DELIVERIES, REFUSED
from hub.sync.models import WebhookDelivery

# The wake-up goes out with the commit of the row, in the same statement: one round trip.
_STORE = f"""
WITH stored AS (
    INSERT INTO sync_webhookdelivery (connection_id, topic, webhook_id, event_id, api_version, triggered_at, body,
                                      state, reason)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (connection_id, topic, webhook_id) DO NOTHING RETURNING connection_id
)
SELECT pg_notify('{CHANNEL}', %s || ' ' || connection_id) FROM stored
"""


def body_of(request: HttpRequest, limit: int) -> bytes | None:
    """The raw body; None when it is larger than `limit` bytes. Reads no further than that."""
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > limit:
        return None
    body = request.read(limit + 1)
    return None if len(body) > limit else body


def refuse(status: int, reason: str) -> HttpResponse:
    """An answer that says nothing but its status; the reason is counted."""
    REFUSED.labels(reason=reason).inc()
    return HttpResponse(status=status)


def keep(
    connection_id: int, told: WebhookHeaders, body: bytes, *, is_enabled: bool, is_urgent: bool = False
) -> None:
    """Store one delivery, once; one of a connection that is switched off is flagged."""
    state, reason = WebhookDelivery.State.NEW, ""
    if not is_enabled:
        state, reason = WebhookDelivery.State.FLAGGED, "the connection is switched off"
    with database.cursor() as cursor:
        cursor.execute(
            _STORE,
            [
                connection_id,
                storable(told.topic)[:100],
                # A delivery without an id is known by its content.
                storable(told.delivery_id)[:100] or hashlib.sha256(body).hexdigest(),
                storable(told.event_id)[:100],
                storable(told.api_version)[:20],
                told.triggered_at,
                body,
                state,
                reason,
                DELIVERY if is_urgent else OTHER_DELIVERY,
            ],
        )
    DELIVERIES.inc()
