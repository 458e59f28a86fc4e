"""Tasks, their history, and the writes that were intended."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from hub.sync.admin.bases import ReadOnlyAdmin
from hub.sync.admin.records import flow_name, record_link, with_record_name
from hub.sync.admin.shown import as_table, badge, folded
from hub.sync.cancelling import cancel
from hub.sync.enqueue import enqueue
from hub.sync.flows import FLOWS
from hub.sync.models import Attempt, SyncTask, TaskHistory

State = SyncTask.State
_KINDS = {
    State.WAITING: "calm",
    State.RUNNING: "busy",
    State.BLOCKED: "calm",
    State.HELD: "busy",
    State.QUARANTINED: "bad",
}


class FlowFilter(admin.SimpleListFilter):
    """By flow, in plain words and without a look at the table."""

    title = "flow"
    parameter_name = "flow"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(((name, flow_name(name)) for name in FLOWS), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(flow=self.value()) if self.value() else queryset


class OfAFlow(ReadOnlyAdmin):
    """Rows that name a flow and a subject."""

    @admin.display(description="Flow", ordering="flow")
    def what(self, row: Any) -> str:
        return flow_name(row.flow)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        has_record = any(field.name == "record_id" for field in self.opts.fields)
        return with_record_name(rows) if has_record else rows

    @admin.display(description="About", ordering="subject")
    def about(self, row: Any) -> str:
        return record_link(row.subject, getattr(row, "record_name", None) or "")


@admin.register(SyncTask)
class SyncTaskAdmin(OfAFlow):
    list_display = ("what", "about", "shown_state", "connection", "due_at", "attempts", "last_error")
    list_filter = ("state", FlowFilter, "connection")
    search_fields = ("subject__exact",)
    search_help_text = "A subject, such as order:12"
    list_select_related = ("connection",)
    actions = ("try_again", "cancel_task")
    fieldsets = (
        (None, {"fields": ("what", "about", "shown_state", "connection", "last_outcome", "last_error")}),
        ("When", {"fields": ("created_at", "due_at", "settle_at", "claimed_at", "begun_at")}),
        ("How often", {"fields": ("hints", "attempts", "losses", "priority")}),
        ("For developers", {"fields": ("flow", "record_id", "subject", "fence", "shown_evidence")}),
    )
    readonly_fields = ("what", "about", "shown_state", "shown_evidence")
    change_form_template = "admin/sync/synctask/change_form.html"

    @admin.display(description="State", ordering="state")
    def shown_state(self, task: SyncTask) -> SafeString:
        return badge(task.get_state_display(), _KINDS[State(task.state)])

    @admin.display(description="Traceback")
    def shown_evidence(self, task: SyncTask) -> str:
        return folded("Show the traceback", task.evidence) if task.evidence else "–"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """The page of one task has the same buttons as the list."""
        actions = self.get_actions(request)
        buttons = [(name, str(entry[2])) for name, entry in actions.items() if entry and name in self.actions]
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), "buttons": buttons}
        )

    @admin.action(description="Try again now", permissions=["decide"])
    def try_again(self, request: HttpRequest, tasks: QuerySet[SyncTask]) -> None:
        chosen = list(tasks)
        tasks.filter(state=State.QUARANTINED).update(state=State.HELD, attempts=0, losses=0)
        for task in chosen:
            enqueue(task.flow, task.connection_id, [task.record_id])
        messages.success(request, f"{len(chosen)} will be tried again now.")

    @admin.action(description="Cancel", permissions=["decide"])
    def cancel_task(self, request: HttpRequest, tasks: QuerySet[SyncTask]) -> None:
        for task in tasks.order_by("pk"):
            refusal = cancel(task.pk, user_id=request.user.pk, username=request.user.get_username())
            name = f"{flow_name(task.flow)}, {task.subject}"
            if refusal:
                messages.error(request, f"Not cancelled: {name}. {refusal}")
            else:
                messages.success(
                    request, f"Cancelled: {name}. A change of the record, or Try again there, starts it anew."
                )


@admin.register(TaskHistory)
class TaskHistoryAdmin(OfAFlow):
    list_display = ("finished_at", "what", "about", "outcome", "message")
    sortable_by = ()
    list_filter = (FlowFilter,)
    search_fields = ("subject__exact",)
    search_help_text = "A subject, such as order:12"
    ordering = ("-id",)


@admin.register(Attempt)
class AttemptAdmin(OfAFlow):
    list_display = ("started_at", "operation", "about", "connection", "shown_state", "key", "external_id")
    list_filter = ("state", "connection")
    sortable_by = ()
    search_fields = ("subject__exact",)
    search_help_text = "A subject, such as order:12"
    list_select_related = ("connection",)
    exclude = ("values",)
    readonly_fields = ("about", "shown_state", "shown_values")

    @admin.display(description="State", ordering="state")
    def shown_state(self, attempt: Attempt) -> SafeString:
        kinds = {"open": "busy", "confirmed": "good", "refused": "bad"}
        return badge(attempt.get_state_display(), kinds.get(attempt.state, "calm"))

    @admin.display(description="Values sent")
    def shown_values(self, attempt: Attempt) -> SafeString:
        return as_table(attempt.values)
