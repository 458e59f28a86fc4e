"""How the hub does, as far as the key's connections are concerned."""

from __future__ import annotations

from typing import Any

from django.db.models import Min, Q
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api.access import Reach
from hub.api.fields import SECRET, ConnectionSerializer
from hub.api.models import Scope
from hub.api.owners import seen_reviews
from hub.api.views import ApiView
from hub.sync.leases import count_live
from hub.sync.models import Alert, Attempt, Connection, ReviewItem, SyncTask
from hub.sync.sweep import has_work


class ConnectionHealthSerializer(ConnectionSerializer):
    """A connection, and whether anything moves on it."""

    is_enabled = serializers.BooleanField()
    may_write = serializers.BooleanField()
    paused_at = serializers.DateTimeField(allow_null=True)
    pause_reason = serializers.CharField(allow_blank=True)


class HealthSerializer(serializers.Serializer[Any]):
    """`attention` where a connection is paused, an alert is open, or there is work and nobody works."""

    status = serializers.ChoiceField(["ok", "attention"])
    workers_live = serializers.IntegerField(
        help_text="Drains that run now. None is nothing bad while there is no work."
    )
    is_work_stuck = serializers.BooleanField(help_text="There is work that is due, and no worker lives.")
    open_reviews = serializers.IntegerField()
    open_alerts = serializers.IntegerField()
    unknown_writes = serializers.IntegerField(
        help_text="Writes to far systems whose answer is not known yet; they are being looked up."
    )
    oldest_due_seconds = serializers.IntegerField(help_text="How long the oldest due task has waited.")
    connections = ConnectionHealthSerializer(many=True)


class Health(ApiView):
    """/api/v1/health"""

    scope = Scope.HEALTH
    shape = HealthSerializer
    tag, operation, summary = "Health", "read_health", "How the hub does"
    about = (
        "Counts cover the connections that the key sees. Load balancers ask `/readyz`, which needs no key; "
        "monitoring systems ask `/metrics`."
    )
    example = {
        "status": "ok",
        "workers_live": 2,
        "is_work_stuck": False,
        "open_reviews": 3,
        "open_alerts": 0,
        "unknown_writes": 0,
        "oldest_due_seconds": 0,
        "connections": [
            {
                "id": "6f1d2c9e-0f5b-4a35-8a36-6d1b1f0f3b52",
                "side": "store",
                "code": "EU",
                "name": "Euro store",
                "is_enabled": True,
                "may_write": True,
                "paused_at": None,
                "pause_reason": "",
            }
        ],
    }

    def get(self, request: Request) -> Response:
        return Response(HealthSerializer(_health(self.reach)).data)


def _health(reach: Reach) -> dict[str, Any]:
    connections = list(reach.within(Connection.objects.defer(*SECRET), "pk"))
    alerts = reach.within(Alert.objects.filter(closed_at=None)).count()
    workers = count_live()
    is_stuck = not workers and has_work()
    is_paused = any(connection.paused_at is not None for connection in connections)
    return {
        "status": "attention" if is_paused or is_stuck or alerts else "ok",
        "workers_live": workers,
        "is_work_stuck": is_stuck,
        "open_reviews": seen_reviews(reach).filter(state=ReviewItem.State.OPEN).count(),
        "open_alerts": alerts,
        "unknown_writes": reach.within(Attempt.objects.filter(state=Attempt.State.OPEN)).count(),
        "oldest_due_seconds": _oldest_due(reach),
        "connections": connections,
    }


def _oldest_due(reach: Reach) -> int:
    """Seconds, of work that could be done: what is paused or switched off waits for people."""
    now = timezone.now()
    may_run = Q(connection__is_enabled=True, connection__paused_at=None)
    due = SyncTask.objects.filter(may_run, state=SyncTask.State.WAITING, due_at__lte=now)
    oldest = reach.within(due).aggregate(oldest=Min("due_at"))["oldest"]
    return int((now - oldest).total_seconds()) if oldest else 0
