"""What the engine notes while it works: deliveries, calls, alerts, cursors, schedules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from hub.connectors.base import CallKind
from hub.sync.admin.bases import PlainAdmin, ReadOnlyAdmin
from hub.sync.admin.records import record_link
from hub.sync.admin.schedules import ScheduleForm
from hub.sync.admin.shown import badge, folded
from hub.sync.admin.tasks import FlowFilter, OfAFlow
from hub.sync.models import (
    Alert,
    AlertChannel,
    ApiCall,
    Cursor,
    FieldOwner,
    ReviewDeadline,
    Schedule,
    WebhookDelivery,
    Worker,
)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "topic", "connection", "shown_state", "reason", "webhook_id")
    list_filter = ("state", "connection")
    sortable_by = ()
    search_fields = ("webhook_id__exact",)
    search_help_text = "The webhook's id as the store names it"
    list_select_related = ("connection",)
    exclude = ("body",)
    readonly_fields = ("shown_state", "shown_body")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        """Bodies are large: the list does not load them, the page of one delivery does."""
        return super().get_queryset(request).defer("body")

    @admin.display(description="State", ordering="state")
    def shown_state(self, delivery: WebhookDelivery) -> SafeString:
        kinds = {0: "busy", 1: "good", 2: "bad"}
        return badge(delivery.get_state_display(), kinds[delivery.state])

    @admin.display(description="Body")
    def shown_body(self, delivery: WebhookDelivery) -> SafeString:
        return folded("Show the body", bytes(delivery.body).decode(errors="replace"))


class CallKindFilter(admin.SimpleListFilter):
    """Reads or writes, without a look through the table for what kinds there are."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.value, kind.value) for kind in CallKind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(ApiCall)
class ApiCallAdmin(ReadOnlyAdmin):
    list_display = (
        "started_at",
        "operation",
        "connection",
        "shown_status",
        "duration_ms",
        "cost",
        "about",
        "error",
    )
    list_filter = ("connection", CallKindFilter)
    sortable_by = ()
    search_fields = ("subject__exact",)
    search_help_text = "A subject, such as order:12"
    list_select_related = ("connection",)
    exclude = ("request_body", "response_body")
    readonly_fields = ("shown_request", "shown_response")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiCall]:
        """Bodies are large: the list does not load them."""
        return super().get_queryset(request).defer("request_body", "response_body")

    @admin.display(description="Status", ordering="status")
    def shown_status(self, call: ApiCall) -> SafeString:
        if call.status is None:
            return badge("no answer", "bad")
        return badge(str(call.status), "good" if call.status < 400 and not call.error else "bad")

    @admin.display(description="About")
    def about(self, call: ApiCall) -> str:
        return record_link(call.subject)

    @admin.display(description="Request")
    def shown_request(self, call: ApiCall) -> str:
        return folded("Show what was sent, secrets removed", call.request_body) if call.request_body else "–"

    @admin.display(description="Response")
    def shown_response(self, call: ApiCall) -> str:
        return folded("Show what was answered", call.response_body) if call.response_body else "–"


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("opened_at", "message", "connection", "count", "shown_state", "told_at")
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "connection")
    list_select_related = ("connection",)
    actions = ("close",)

    @admin.display(description="State", ordering="closed_at")
    def shown_state(self, alert: Alert) -> SafeString:
        return badge("closed", "calm") if alert.closed_at else badge("open", "bad")

    @admin.action(description="Close", permissions=["decide"])
    def close(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        """The cause may come again: then a new alert is told."""
        closed = alerts.filter(closed_at=None).update(closed_at=datetime.now(UTC))
        self.message_user(request, f"{closed} closed. Where the cause comes again, a new alert is told.")


@admin.register(ReviewDeadline)
class ReviewDeadlineAdmin(PlainAdmin):
    list_display = ("__str__", "code", "hours")
    list_editable = ("hours",)


@admin.register(AlertChannel)
class AlertChannelAdmin(PlainAdmin):
    list_display = ("kind", "address", "is_enabled")


@admin.register(Cursor)
class CursorAdmin(OfAFlow):
    list_display = ("what", "connection", "stamp", "covered_at")
    list_filter = (FlowFilter, "connection")
    list_select_related = ("connection",)


@admin.register(Schedule)
class ScheduleAdmin(PlainAdmin):
    """Made by the engine for every flow that runs by itself; switched and timed here or on the connection's page."""

    form = ScheduleForm
    list_display = ("__str__", "connection", "is_enabled", "every_seconds", "next_at")
    list_filter = (FlowFilter, "connection", "is_enabled")
    list_select_related = ("connection",)
    readonly_fields = ("flow", "connection", "next_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        return False


@admin.register(FieldOwner)
class FieldOwnerAdmin(PlainAdmin):
    list_display = ("object", "field", "owner", "on_conflict")
    list_filter = ("object", "owner")


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("name", "started_at", "beat_at")
