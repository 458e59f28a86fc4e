"""The door for webhooks: verify the signature over the raw body, store the delivery, answer 200. Nothing is parsed.

Unsigned or for an unknown store: 401 or 404, counted, nothing stored. Everything signed is stored and answered 200,
however unusable: stores delete subscriptions that answer otherwise. The drain makes mirrors of deliveries.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from dataclasses import dataclass
from typing import cast

from django.db import connection as database
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from hub.connectors.registry import connector_class
from hub.connectors.store_parts import WebhookHeaders, Webhooks
from hub.lib.text import storable
from hub.sync.enqueue import CHANNEL, DELIVERY, OTHER_DELIVERY
from hub.sync.metrics import DELIVERIES, REFUSED
from hub.sync.models import Connection, WebhookDelivery

# Orders of 500 lines are some 2 MB; nothing that a store sends comes near this.
BODY_LIMIT = 8 * 1024 * 1024
# A changed secret or a new connection is seen this much later at most.
REMEMBER_SECONDS = 5.0
MOST_REMEMBERED = 10_000

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


@dataclass(frozen=True, slots=True)
class Door:
    """What verification needs of a connection, remembered for a few seconds."""

    connection_id: int
    webhooks: type[Webhooks]
    account: str
    keys: tuple[str, ...]
    is_enabled: bool


_doors: dict[uuid.UUID, tuple[float, Door | None]] = {}


@csrf_exempt
@require_POST
def receive(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Store one delivery of the connection with this public id."""
    door = _door(public_id)
    if door is None:
        return _refuse(404, "unknown store")
    try:
        body = _body(request)
    except UnreadablePostError:
        return _refuse(400, "body not received")
    if body is None:
        return _refuse(413, "too large")
    headers = {key.lower(): value for key, value in request.headers.items()}
    if not door.webhooks.is_signed(headers, body, door.keys):
        return _refuse(401, "signature wrong or missing")
    told = door.webhooks.read_headers(headers)
    if told.account.casefold() != door.account.casefold():
        return _refuse(401, "another store's")
    _store(door, told, body)
    return HttpResponse(status=200)


def _door(public_id: uuid.UUID) -> Door | None:
    now = time.monotonic()
    known = _doors.get(public_id)
    if known and known[0] > now:
        return known[1]
    if len(_doors) > MOST_REMEMBERED:
        _doors.clear()
    door = _open_door(public_id)
    _doors[public_id] = (now + REMEMBER_SECONDS, door)
    return door


def _open_door(public_id: uuid.UUID) -> Door | None:
    connection = Connection.objects.filter(public_id=public_id, side=Connection.Side.STORE).first()
    if connection is None:
        return None
    kind = connector_class(connection.system)
    if not issubclass(kind, Webhooks):
        return None
    return Door(
        connection_id=connection.pk,
        webhooks=cast("type[Webhooks]", kind),
        account=kind.account(connection.config),
        keys=kind.signing_keys(connection.secrets),
        is_enabled=connection.is_enabled,
    )


def _body(request: HttpRequest) -> bytes | None:
    """The raw body; None when it is larger than the limit. Reads no further than the limit."""
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > BODY_LIMIT:
        return None
    body = request.read(BODY_LIMIT + 1)
    return None if len(body) > BODY_LIMIT else body


def _refuse(status: int, reason: str) -> HttpResponse:
    REFUSED.labels(reason=reason).inc()
    return HttpResponse(status=status)


def _store(door: Door, told: WebhookHeaders, body: bytes) -> None:
    state, reason = WebhookDelivery.State.NEW, ""
    if not door.is_enabled:
        state, reason = WebhookDelivery.State.FLAGGED, "the connection is switched off"
    with database.cursor() as cursor:
        cursor.execute(
            _STORE,
            [
                door.connection_id,
                storable(told.topic)[:100],
                # A delivery without an id is known by its content.
                storable(told.delivery_id)[:100] or hashlib.sha256(body).hexdigest(),
                storable(told.event_id)[:100],
                storable(told.api_version)[:20],
                told.triggered_at,
                body,
                state,
                reason,
                DELIVERY if told.topic in door.webhooks.urgent_topics() else OTHER_DELIVERY,
            ],
        )
    DELIVERIES.inc()
