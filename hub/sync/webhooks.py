"""The door for webhooks: verify the signature over the raw body, store the delivery, answer 200. Nothing is parsed.

Unsigned or for an unknown store: 401 or 404, counted, nothing stored. Everything signed is stored and answered 200,
however unusable: stores delete subscriptions that answer otherwise. The drain makes mirrors of deliveries. What an
ERP delivers comes in at the same address and is no signed record: notices.py takes it.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from hub.connectors.registry import connector_class
from hub.connectors.store_parts import Webhooks
from hub.connectors.subscriptions import Notices
from hub.sync import notices
from hub.sync.arrivals import body_of, keep, refuse
from hub.sync.models import Connection
from hub.sync.notices import NoticeDoor

# Orders of 500 lines are some 2 MB; nothing that a store sends comes near this.
BODY_LIMIT = 8 * 1024 * 1024
# A changed secret or a new connection is seen this much later at most.
REMEMBER_SECONDS = 5.0
MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Door:
    """What verification needs of a connection, remembered for a few seconds."""

    connection_id: int
    webhooks: type[Webhooks]
    account: str
    keys: tuple[str, ...]
    is_enabled: bool


_doors: dict[uuid.UUID, tuple[float, Door | NoticeDoor | None]] = {}


@csrf_exempt
@require_POST
def receive(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Store one delivery of the connection with this public id."""
    door = _door(public_id)
    if door is None:
        return refuse(404, "unknown store")
    if isinstance(door, NoticeDoor):
        return notices.receive(request, door)
    try:
        body = body_of(request, BODY_LIMIT)
    except UnreadablePostError:
        return refuse(400, "body not received")
    if body is None:
        return refuse(413, "too large")
    headers = {key.lower(): value for key, value in request.headers.items()}
    if not door.webhooks.is_signed(headers, body, door.keys):
        return refuse(401, "signature wrong or missing")
    told = door.webhooks.read_headers(headers)
    if told.account.casefold() != door.account.casefold():
        return refuse(401, "another store's")
    is_urgent = told.topic in door.webhooks.urgent_topics()
    keep(door.connection_id, told, body, is_enabled=door.is_enabled, is_urgent=is_urgent)
    return HttpResponse(status=200)


def _door(public_id: uuid.UUID) -> Door | NoticeDoor | None:
    now = time.monotonic()
    known = _doors.get(public_id)
    if known and known[0] > now:
        return known[1]
    if len(_doors) > MOST_REMEMBERED:
        _doors.clear()
    door = _open_door(public_id)
    _doors[public_id] = (now + REMEMBER_SECONDS, door)
    return door


def _open_door(public_id: uuid.UUID) -> Door | NoticeDoor | None:
    connection = Connection.objects.filter(public_id=public_id).first()
    if connection is None:
        return None
    kind = connector_class(connection.system)
    if issubclass(kind, Notices):
        return NoticeDoor(connection.pk, kind, notices.secrets_of(connection), connection.is_enabled)
    if not issubclass(kind, Webhooks):
        return None
    return Door(
        connection_id=connection.pk,
        webhooks=cast("type[Webhooks]", kind),
        account=kind.account(connection.config),
        keys=kind.signing_keys(connection.secrets),
        is_enabled=connection.is_enabled,
    )
