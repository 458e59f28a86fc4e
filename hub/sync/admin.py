"""Base classes of the back office, and the pages of the engine. Actions call enqueue or a flow's door, nothing more."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from hub.connectors.registry import CONNECTORS, connector_class
from hub.errors import SyncError
from hub.sync import review, runner
from hub.sync.enqueue import enqueue
from hub.sync.flows import FLOWS, begin_again
from hub.sync.models import (
    Alert,
    AlertChannel,
    ApiCall,
    Attempt,
    Connection,
    Cursor,
    Erp,
    FieldOwner,
    ReviewItem,
    Schedule,
    Store,
    SyncTask,
    TaskHistory,
    WebhookDelivery,
)
from hub.sync.running import open_connector

# A hidden field of this name and an item's key carries what was shown of the item.
SHOWN = "shown-"


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Rows that only flows write."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Whoever may only look starts nothing: actions need the right to change such rows."""
        options = self.opts
        return bool(request.user.has_perm(f"{options.app_label}.change_{options.model_name}"))


def pretty(value: object) -> str:
    """JSON for people, escaped."""
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False, default=str))


class MirrorAdmin(ReadOnlyAdmin):
    """Our copies of their records."""


class LinkAdmin(ReadOnlyAdmin):
    """This record is that record."""


class MappingAdmin(admin.ModelAdmin[Any]):
    """Decisions of people: empty rows first; saving one lets go on what waited for it."""

    show_full_result_count = False
    list_per_page = 100
    exclude = ("created_at",)
    waiting_flow = "push_order_to_erp"
    """The flow whose held tasks are decided again when a row was saved."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        flow, connection_id = self.waiting_flow, self.connection_of(obj)
        release_held(flow, connection_id)
        # Once more when others can see the row: until then runs still read it empty.
        transaction.on_commit(lambda: release_held(flow, connection_id))

    def connection_of(self, row: Any) -> int:
        """The connection whose tasks waited for this row."""
        return int(row.erp_id)


def release_held(flow: str, connection_id: int) -> int:
    """Decide again every task of the flow that is held for a mapping; returns how many.

    What runs now may have read the mapping before it was saved and not have asked for it yet: it is hinted too.
    """
    waiting = ReviewItem.objects.filter(
        flow=flow, connection_id=connection_id, state=ReviewItem.State.OPEN, code="mapping_missing"
    )
    running = SyncTask.objects.filter(flow=flow, connection_id=connection_id, state=SyncTask.State.RUNNING)
    ids = {*running.values_list("record_id", flat=True), *waiting.values_list("record_id", flat=True)}
    return enqueue(flow, connection_id, ids)


# ------------------------------------------------------------------------------------------- connections


class ConnectionForm(forms.ModelForm[Connection]):
    """The form of a connection: settings and secrets come from the connector's own list of fields."""

    class Meta:
        model = Connection
        fields = ("system", "name", "code", "time_zone", "is_enabled", "may_write", "config")

    new_secrets = forms.JSONField(
        required=False,
        label="Secrets",
        help_text='As {"name": "value"}; names that you leave out keep their value. Stored encrypted, never shown.',
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        system = cleaned.get("system")
        if system in CONNECTORS:
            self._check_fields(system, cleaned)
        return cleaned

    def _check_fields(self, system: str, cleaned: dict[str, Any]) -> None:
        fields = {field.name: field for field in connector_class(system).config_fields}
        config = cleaned.get("config") or {}
        secrets = {**(self.instance.secrets or {}), **(cleaned.get("new_secrets") or {})}
        for name in config:
            if name not in fields or fields[name].is_secret:
                known = ", ".join(f.name for f in fields.values() if not f.is_secret)
                self.add_error("config", f"{name!r} is no setting of this system. Settings are: {known}.")
        for field in fields.values():
            given = secrets if field.is_secret else config
            if field.is_required and not field.default and not given.get(field.name):
                self.add_error(
                    "new_secrets" if field.is_secret else "config",
                    f"{field.label} ({field.name}): {field.help}",
                )

    def save(self, commit: bool = True) -> Connection:
        self.instance.secrets = {
            **(self.instance.secrets or {}),
            **(self.cleaned_data.get("new_secrets") or {}),
        }
        return super().save(commit)


class ConnectionAdmin(admin.ModelAdmin[Any]):
    form = ConnectionForm
    list_display = ("name", "system", "code", "is_enabled", "may_write", "paused_at", "pause_reason")
    readonly_fields = ("paused_at", "pause_reason", "public_id", "settings_help")
    actions = ("test_connection", "pull_now")

    @admin.display(description="Settings of the systems")
    def settings_help(self, connection: Connection) -> str:
        lines = [
            f"{label}: {field.name} – {field.help}{' (secret)' if field.is_secret else ''}"
            for key, (_, label, _) in CONNECTORS.items()
            for field in connector_class(key).config_fields
        ]
        return format_html("<pre>{}</pre>", "\n".join(lines))

    @admin.action(description="Test connection", permissions=["change"])
    def test_connection(self, request: HttpRequest, connections: QuerySet[Connection]) -> None:
        for connection in connections:
            self._test(request, connection)

    def _test(self, request: HttpRequest, connection: Connection) -> None:
        connector = open_connector(connection)
        try:
            checks = connector.test()
        except SyncError as error:
            messages.error(request, f"{connection}: {error}")
            return
        finally:
            connector.close()
        for check in checks:
            level = messages.SUCCESS if check.is_ok else messages.ERROR
            messages.add_message(request, level, f"{connection}: {check.name}. {check.detail}")
        if all(check.is_ok for check in checks):
            runner.resume(connection)

    @admin.action(description="Pull now", permissions=["change"])
    def pull_now(self, request: HttpRequest, connections: QuerySet[Connection]) -> None:
        for connection in connections:
            for name, flow in FLOWS.items():
                if flow.every and flow.side == connection.side:
                    enqueue(name, connection.pk)


@admin.register(Store)
class StoreAdmin(ConnectionAdmin):
    """Stores."""


@admin.register(Erp)
class ErpAdmin(ConnectionAdmin):
    """ERPs."""


# -------------------------------------------------------------------------------------------- machinery


@admin.register(SyncTask)
class SyncTaskAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "flow",
        "connection",
        "subject",
        "state",
        "due_at",
        "attempts",
        "losses",
        "last_outcome",
        "last_error",
    )
    list_filter = ("state", "flow", "connection")
    search_fields = ("subject",)
    list_select_related = ("connection",)
    actions = ("try_again",)

    @admin.action(description="Try again now", permissions=["decide"])
    def try_again(self, request: HttpRequest, tasks: QuerySet[SyncTask]) -> None:
        tasks.filter(state=SyncTask.State.QUARANTINED).update(state=SyncTask.State.HELD, attempts=0, losses=0)
        for task in tasks:
            enqueue(task.flow, task.connection_id, [task.record_id])


@admin.register(TaskHistory)
class TaskHistoryAdmin(ReadOnlyAdmin):
    list_display = ("task_id", "flow", "subject", "outcome", "message", "finished_at")
    list_filter = ("flow", "outcome")
    search_fields = ("=subject",)


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ("operation", "key", "state", "external_id", "started_at", "settle_at")
    list_filter = ("state", "connection")
    search_fields = ("key", "subject")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("topic", "webhook_id", "connection", "received_at", "state", "reason")
    list_filter = ("state", "topic", "connection")
    list_select_related = ("connection",)
    exclude = ("body",)


@admin.register(ApiCall)
class ApiCallAdmin(ReadOnlyAdmin):
    list_display = ("operation", "connection", "status", "duration_ms", "cost", "started_at", "subject")
    list_filter = ("connection", "operation", "status")
    search_fields = ("=subject",)
    list_select_related = ("connection",)


@admin.register(ReviewItem)
class ReviewItemAdmin(ReadOnlyAdmin):
    list_display = ("code", "question", "connection", "subject", "state", "decision", "created_at")
    list_filter = ("state", "code", "connection")
    search_fields = ("message", "=subject")
    list_select_related = ("connection",)
    actions = ("try_again", "approve", "dismiss")
    readonly_fields = ("shown_evidence",)
    exclude = ("evidence",)
    change_form_template = "admin/sync/reviewitem/change_form.html"

    @admin.display(description="Message", ordering="message")
    def question(self, item: ReviewItem) -> str:
        """The message, and in the form around the list what of the item was shown: see review.decide."""
        return format_html(
            '{}<input type="hidden" name="{}{}" value="{}">', item.message, SHOWN, item.pk, item.fingerprint
        )

    @admin.display(description="Evidence")
    def shown_evidence(self, item: ReviewItem) -> str:
        return pretty(item.evidence)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of one item has the same buttons as the list has actions, for what it shows."""
        choices = self.get_action_choices(request, default_choices=[])
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), "decisions": choices, "shown_as": SHOWN}
        )

    @admin.action(description="Try again", permissions=["decide"])
    def try_again(self, request: HttpRequest, items: QuerySet[ReviewItem]) -> None:
        for item in items:
            _again(item)

    @admin.action(description="Approve and send", permissions=["decide"])
    def approve(self, request: HttpRequest, items: QuerySet[ReviewItem]) -> None:
        self._decide(request, items, ReviewItem.Decision.APPROVED)

    @admin.action(description="Dismiss", permissions=["decide"])
    def dismiss(self, request: HttpRequest, items: QuerySet[ReviewItem]) -> None:
        self._decide(request, items, ReviewItem.Decision.DISMISSED)

    def _decide(
        self, request: HttpRequest, items: QuerySet[ReviewItem], decision: ReviewItem.Decision
    ) -> None:
        """What was not shown (all pages selected at once) has no fingerprint in the form, and is refused as well."""
        for key in items.order_by("pk").values_list("pk", flat=True):
            shown = request.POST.get(f"{SHOWN}{key}", "")
            item, refusal = review.decide(key, decision, shown=shown, user_id=request.user.pk)
            if refusal:
                messages.error(request, f"Not {decision.label}: {item.message[:120]} {refusal}")
            elif decision == ReviewItem.Decision.APPROVED:
                _again(item)


def _again(item: ReviewItem) -> None:
    """Run the flow that asked once more; flows that work on sets are run for their whole connection."""
    if FLOWS[item.flow].subject:
        enqueue(item.flow, item.connection_id, [item.record_id])
    else:
        begin_again(item.flow, item.connection_id, item.record_id)
        enqueue(item.flow, item.connection_id)


def _plain(model: type[Model], **options: Any) -> None:
    admin.site.register(model, type(f"{model.__name__}Admin", (admin.ModelAdmin,), options))


_plain(Alert, list_display=("cause", "message", "count", "opened_at", "told_at", "closed_at"))
_plain(AlertChannel, list_display=("kind", "address", "is_enabled"))
_plain(Cursor, list_display=("flow", "connection", "stamp", "covered_at"))
_plain(Schedule, list_display=("flow", "connection", "every_seconds", "is_enabled", "next_at"))
_plain(FieldOwner, list_display=("object", "field", "owner", "on_conflict"))
