"""What a connection's page says of its webhook subscriptions: since when they stand, until when, and what was done."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import Subquery
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hub.connectors.registry import connector_class
from hub.connectors.subscriptions import Subscriptions
from hub.sync.admin.shown import NOTHING, as_table
from hub.sync.flows import FLOWS
from hub.sync.models import Connection, SyncTask, TaskHistory, WebhookSubscription

FLOW = "check_subscriptions"


def has_webhooks(connection: Connection) -> bool:
    """Whether its system has webhooks that can be subscribed to."""
    return issubclass(connector_class(connection.system), Subscriptions)


def shown_subscriptions(connection: Connection) -> SafeString:
    """The topics with the time since which each is known to be right, below what the last run said."""
    if not has_webhooks(connection):
        return format_html(
            "none: {} has no webhooks; changes come by cursor", connection.get_system_display()
        )
    rows = [_row(one) for one in WebhookSubscription.objects.filter(connection=connection)]
    said = format_html("{}", _last_run(connection))
    return format_html("<p>{}</p>{}", said, as_table(rows)) if rows else said


def _last_run(connection: Connection) -> str:
    """What the flow said when it ended last, or why it does not end well; in one statement."""
    subject = FLOWS[FLOW].lock_name(FLOW, connection.pk, 0)
    failing = SyncTask.objects.filter(subject=subject).exclude(last_error="").order_by("id")
    ended = TaskHistory.objects.filter(subject=subject).order_by("-id")
    error, said, ended_at = Connection.objects.values_list(
        Subquery(failing.values("last_error")[:1]),
        Subquery(ended.values("message")[:1]),
        Subquery(ended.values("finished_at")[:1]),
    ).get(pk=connection.pk)
    if error or not ended_at:
        return error or "not looked at yet"
    return f"{said} ({_time(ended_at)})"


def _row(one: WebhookSubscription) -> dict[str, str]:
    row = {"topic": one.topic, "right since": _time(one.known_at)}
    if one.expires_at is None:
        return row | {"API version": one.api_version}
    is_over = one.expires_at <= datetime.now(UTC)
    ends = f"{'ended' if is_over else 'renewed before'} {_time(one.expires_at)}"
    return row | {"ends": ends, "last notice": _time(one.told_at) if one.told_at else NOTHING}


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
