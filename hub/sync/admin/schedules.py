"""When a connection's flows run by themselves, on its page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models.functions import Now
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from hub.sync.admin.bases import RowForm, TabularInline
from hub.sync.admin.records import flow_name
from hub.sync.models import Schedule

# Below this a flow would ask more often than the far side can have news.
SHORTEST_SECONDS = 10


class ScheduleForm(RowForm):
    """The switch and the interval of one flow."""

    every_seconds = forms.IntegerField(
        label="Every … seconds",
        min_value=SHORTEST_SECONDS,
        max_value=86_400,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="How often the flow runs by itself. Webhooks and buttons start it besides.",
    )

    class Meta:
        model = Schedule
        fields = ("is_enabled", "every_seconds")

    def save(self, commit: bool = True) -> Any:
        """With another interval it runs at once: the moment of the old one may be more than a day away."""
        if "every_seconds" in self.changed_data:
            self.instance.next_at = Now()
        return super().save(commit)


class ScheduleInline(TabularInline):
    """The flows that run by themselves on this connection."""

    model = Schedule
    form = ScheduleForm
    fields = ("what", "is_enabled", "every_seconds", "next_at")
    readonly_fields = ("what", "next_at")
    extra = 0
    can_delete = False
    verbose_name_plural = "flows that run by themselves"

    @admin.display(description="Flow")
    def what(self, schedule: Schedule) -> str:
        return flow_name(schedule.flow)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
