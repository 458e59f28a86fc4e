"""Tell people, once for each cause for as long as it lasts."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import httpx
from django.core.mail import send_mail
from django.db import connection as database

from hub.lib.text import storable
from hub.sync.models import Alert, AlertChannel

logger = logging.getLogger(__name__)

_OPEN = """
INSERT INTO sync_alert AS a (cause, connection_id, message, count) VALUES (%s, %s, %s, 1)
ON CONFLICT (cause) WHERE closed_at IS NULL DO UPDATE SET count = a.count + 1, message = EXCLUDED.message
"""


def raise_alert(cause: str, message: str, connection_id: int | None = None) -> None:
    """Open an alert, or count the open one of this cause."""
    with database.cursor() as cursor:
        cursor.execute(_OPEN, [storable(cause)[:120], connection_id, storable(message)])


def close_alert(cause: str) -> None:
    """The cause is gone."""
    Alert.objects.filter(cause=cause, closed_at=None).update(closed_at=datetime.now(UTC))


def tell_people() -> int:
    """Send every alert that nobody was told of yet to every channel; returns how many were told.

    An alert counts as told when one channel took it; a channel that fails is logged and tried again only where
    none took it.
    """
    told = 0
    for alert in Alert.objects.filter(told_at=None, closed_at=None)[:20]:
        channels = list(AlertChannel.objects.filter(is_enabled=True))
        if not channels:
            return told
        taken = [_tell(channel, alert) for channel in channels]
        if any(taken):
            Alert.objects.filter(pk=alert.pk).update(told_at=datetime.now(UTC))
            told += 1
    return told


def _tell(channel: AlertChannel, alert: Alert) -> bool:
    try:
        if channel.kind == AlertChannel.Kind.EMAIL:
            send_mail(f"Concord: {alert.cause}", alert.message, None, [channel.address])
        else:
            body = json.dumps(
                {"cause": alert.cause, "message": alert.message, "opened_at": alert.opened_at.isoformat()}
            )
            answer = httpx.post(
                channel.address, content=body, headers={"Content-Type": "application/json"}, timeout=5.0
            )
            answer.raise_for_status()
    except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
        logger.warning(
            "alert not delivered", extra={"channel": channel.kind, "cause": alert.cause, "why": str(error)}
        )
        return False
    return True
