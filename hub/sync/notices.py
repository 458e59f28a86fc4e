"""The door for an ERP's notices: repeat the token of a handshake, or check the secret and keep what was told.

Nothing is signed here. A notice is believed because it carries the secret that we gave its subscription, and only as a
hint: the cursors find what it tells of. An ERP may delete a subscription for one answer (Business Central does for
any but 2xx, 408, 429 and 5xx), so that what carries the secret is never refused for good. What is kept of a notice
does not hold the secret.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError

from hub.connectors.http import to_json
from hub.connectors.store_parts import WebhookHeaders
from hub.connectors.subscriptions import Notice, Notices
from hub.sync.arrivals import body_of, keep, refuse
from hub.sync.encryption import derived_secrets
from hub.sync.models import Connection, WebhookSubscription

# A thousand notices are some 500 KB, and more than that become one.
NOTICE_LIMIT = 1024 * 1024
JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class NoticeDoor:
    """What checking a notice needs of a connection, remembered for a few seconds."""

    connection_id: int
    kind: type[Notices]
    secrets: tuple[str, ...]
    is_enabled: bool


def secrets_of(connection: Connection) -> tuple[str, ...]:
    """What notices to this connection may carry; the first is what new and renewed subscriptions get."""
    return derived_secrets("webhook notices", str(connection.public_id))


def receive(request: HttpRequest, door: NoticeDoor) -> HttpResponse:
    """Answer a handshake, or store the notices of one request."""
    try:
        token = door.kind.handshake(request.GET.dict())
        if token is not None:
            return _repeat(token)
        if request.content_type != JSON_TYPE:
            return refuse(415, "not JSON")
        body = body_of(request, NOTICE_LIMIT)
        if body is None:
            return refuse(413, "too large")
        notices = door.kind.read_notices(body)
    except (UnreadablePostError, ValueError):
        return refuse(400, "not usable")
    if not _are_genuine(notices, door.secrets):
        return refuse(401, "secret wrong or missing")
    return _take(notices, door)


def _repeat(token: str) -> HttpResponse:
    """The token as plain text: whoever asked reads it, and no browser makes anything else of it."""
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return HttpResponse(token, content_type="text/plain; charset=utf-8", headers=headers)


def _are_genuine(notices: Sequence[Notice], secrets: Sequence[str]) -> bool:
    """Whether every one carries a secret of ours; takes as long for a wrong one as for a right one."""
    is_genuine = bool(notices)
    for notice in notices:
        given = notice.secret.encode("utf-8", "replace")
        is_genuine &= sum(hmac.compare_digest(given, secret.encode()) for secret in secrets) > 0
    return is_genuine


def _take(notices: Sequence[Notice], door: NoticeDoor) -> HttpResponse:
    """One delivery for each topic.

    A subscription that we do not know may be about to be noted, or is ours from before a backup was restored: its
    notices come again, until it is noted or deleted.
    """
    known = set(
        WebhookSubscription.objects.filter(connection_id=door.connection_id).values_list(
            "external_id", flat=True
        )
    )
    topics: dict[str, list[Notice]] = {}
    for notice in notices:
        if notice.subscription_id in known:
            topics.setdefault(notice.topic, []).append(notice)
    if not topics:
        return refuse(503, "unknown subscription")
    for topic, told in topics.items():
        headers = WebhookHeaders(topic, "", "", "", "", None)
        body = to_json([notice.said for notice in told]).encode("utf-8", "replace")
        keep(door.connection_id, headers, body, is_enabled=door.is_enabled)
    return HttpResponse(status=200)
