"""Flows of each connection: whether they run, when, and how much open work they have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api.fields import SECRET, ConnectionSerializer
from hub.api.models import Scope
from hub.api.paging import Page, PageSerializer, cursor_parts, cursor_text
from hub.api.parameters import PageParameters
from hub.api.views import ApiView
from hub.sync.flows import FLOWS
from hub.sync.models import Connection, Schedule, SyncTask

State = SyncTask.State


@dataclass(frozen=True, slots=True)
class ConnectionFlow:
    """A flow on one connection."""

    flow: str
    connection: Connection
    schedule: Schedule | None
    counts: dict[int, int]

    @property
    def is_running(self) -> bool:
        return self.connection.is_running


class ScheduleSerializer(serializers.Serializer[Schedule]):
    """When a flow runs by itself."""

    is_enabled = serializers.BooleanField(help_text="The flow's switch.")
    every_seconds = serializers.IntegerField()
    next_at = serializers.DateTimeField()


class CountsSerializer(serializers.Serializer[ConnectionFlow]):
    """Open work by state."""

    waiting = serializers.IntegerField()
    running = serializers.IntegerField()
    blocked = serializers.IntegerField(help_text="Behind another task of the same record.")
    held = serializers.IntegerField(help_text="Waiting for a person.")
    quarantined = serializers.IntegerField(help_text="Failed too often, waiting for a person.")

    def to_representation(self, instance: dict[int, int]) -> dict[str, int]:  # type: ignore[override]
        return {state.name.lower(): instance.get(state.value, 0) for state in State}


class FlowSerializer(serializers.Serializer[ConnectionFlow]):
    """One flow on one connection."""

    flow = serializers.ChoiceField(sorted(FLOWS))
    connection = ConnectionSerializer()
    is_running = serializers.BooleanField(help_text="Whether the connection is switched on and not paused.")
    schedule = ScheduleSerializer(
        allow_null=True, help_text="Null for a flow that only runs when something calls for it."
    )
    counts = CountsSerializer()


class FlowPageSerializer(PageSerializer):
    """A page of flows, by connection."""

    items = FlowSerializer(many=True)


class FlowParameters(PageParameters):
    """What flows are found by."""

    connection = serializers.UUIDField(required=False)
    flow = serializers.ChoiceField(sorted(FLOWS), required=False)


class Flows(ApiView):
    """/api/v1/flows"""

    scope = Scope.FLOWS
    parameters = FlowParameters
    shape = FlowPageSerializer
    tag, operation, summary = "Flows", "list_flows", "Flows with switch, schedule and open work"
    about = "By connection, then by name."
    example = {
        "items": [
            {
                "flow": "pull_store_orders",
                "connection": {
                    "id": "6f1d2c9e-0f5b-4a35-8a36-6d1b1f0f3b52",
                    "side": "store",
                    "code": "EU",
                    "name": "Euro store",
                },
                "is_running": True,
                "schedule": {"is_enabled": True, "every_seconds": 30, "next_at": "2026-03-01T08:00:30Z"},
                "counts": {"waiting": 1, "running": 0, "blocked": 0, "held": 0, "quarantined": 0},
            }
        ],
        "next": None,
        "next_cursor": None,
    }

    def get(self, request: Request) -> Response:
        connections = self.reach.within(Connection.objects.defer(*SECRET), "pk")
        if "connection" in self.asked:
            connections = connections.filter(public_id=self.asked["connection"])
        by_key = {connection.pk: connection for connection in connections}
        wanted = self.asked.get("flow")
        names = sorted(
            (pk, name)
            for pk, connection in by_key.items()
            for name, flow in FLOWS.items()
            if flow.runs_on(connection.side) and wanted in (None, name)
        )
        page = _page(names, self.asked)
        shown = Page(_with_work(page.items, by_key), page.next_cursor)
        return Response(shown.answer(request, FlowSerializer))


def _page(names: list[tuple[int, str]], asked: dict[str, Any]) -> Page:
    if cursor := asked.get("cursor"):
        key, name = cursor_parts(cursor, r"[0-9]{1,18}\|[a-z_]{1,60}")
        names = [pair for pair in names if pair > (int(key), name)]
    shown = names[: asked["page_size"]]
    return Page(shown, cursor_text(*shown[-1]) if len(names) > len(shown) else "")


def _with_work(pairs: Sequence[tuple[int, str]], by_key: dict[int, Connection]) -> list[ConnectionFlow]:
    ids = {pk for pk, _ in pairs}
    schedules = {(row.connection_id, row.flow): row for row in Schedule.objects.filter(connection__in=ids)}
    counts: dict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    open_work = (
        SyncTask.objects.filter(connection__in=ids).order_by().values("connection_id", "flow", "state")
    )
    for row in open_work.annotate(found=Count("pk")):
        counts[row["connection_id"], row["flow"]][row["state"]] = row["found"]
    return [
        ConnectionFlow(name, by_key[pk], schedules.get((pk, name)), counts[pk, name]) for pk, name in pairs
    ]
