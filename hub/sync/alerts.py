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

MOST_TOLD_AT_ONCE = 20
# Longer than a mail server or a webhook may take (EMAIL_TIMEOUT is 10 s for each of its steps).
SECONDS_PER_CHANNEL = 60.0

_TAKE = """
UPDATE sync_alert SET tell_at = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE id = (SELECT id FROM sync_alert WHERE told_at IS NULL AND closed_at IS NULL AND tell_at <= clock_timestamp()
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *
"""

_TOLD = "UPDATE sync_alert SET told_at = clock_timestamp() WHERE id = %s"

# Every drain asks once a minute.
_NOT_TOLD = "UPDATE sync_alert SET tell_at = clock_timestamp() + interval '50 seconds' WHERE id = %s"


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
    none took it. Of many drains one tells it. A drain that dies on the way has perhaps told it: after a while
    another tells it again, because twice is better than never.
    """
    told = 0
    for _ in range(MOST_TOLD_AT_ONCE):
        channels = list(AlertChannel.objects.filter(is_enabled=True))
        if not channels or (alert := _take_one(len(channels))) is None:
            return told
        taken = [_tell(channel, alert) for channel in channels]
        with database.cursor() as cursor:
            cursor.execute(_TOLD if any(taken) else _NOT_TOLD, [alert.pk])
        told += any(taken)
    return told


def _take_one(channel_count: int) -> Alert | None:
    """The oldest alert that nobody tells just now; nobody else takes it while the channels may still answer."""
    taken = Alert.objects.raw(_TAKE, {"seconds": SECONDS_PER_CHANNEL * (channel_count + 1)})
    return next(iter(taken), None)


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
