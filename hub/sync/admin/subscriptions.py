"""What a store's page says of its webhook subscriptions: since when they stand, and what the last look did."""

from __future__ import annotations

from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hub.sync.admin.shown import as_table
from hub.sync.flows import FLOWS
from hub.sync.models import Connection, TaskHistory, WebhookSubscription

FLOW = "check_subscriptions"


def shown_subscriptions(connection: Connection) -> SafeString:
    """The topics with the time since which each is known to be right, below what the last run said."""
    subject = FLOWS[FLOW].lock_name(FLOW, connection.pk, 0)
    last = TaskHistory.objects.filter(subject=subject).order_by("-id").first()
    said = f"{last.message} ({_time(last.finished_at)})" if last else "not looked at yet"
    rows = [
        {"topic": one.topic, "right since": _time(one.known_at), "API version": one.api_version}
        for one in WebhookSubscription.objects.filter(connection=connection)
    ]
    return format_html("<p>{}</p>{}", said, as_table(rows)) if rows else format_html("{}", said)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
