"""Stores and ERPs: their settings, their test, and when their flows run."""

from __future__ import annotations

from contextlib import closing
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.options import InlineModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from hub.connectors.base import Check
from hub.connectors.capabilities import MEANINGS
from hub.connectors.registry import CONNECTORS, connector_class
from hub.errors import SyncError
from hub.sync import runner
from hub.sync.admin.bases import PlainAdmin
from hub.sync.admin.connection_form import ConnectionForm, form_for, setting_names
from hub.sync.admin.schedules import ScheduleInline
from hub.sync.admin.shown import NOTHING, as_table, badge
from hub.sync.admin.subscriptions import has_webhooks, shown_subscriptions
from hub.sync.enqueue import enqueue
from hub.sync.flows import FLOWS, missing_capabilities
from hub.sync.models import Connection, Erp, Store
from hub.sync.running import open_connector
from hub.sync.sweep import plan_schedules


class ConnectionAdmin(PlainAdmin):
    """Connections of one side. None is ever deleted: its history would go with it; it is switched off."""

    form = ConnectionForm
    side: Connection.Side
    list_display = ("name", "system", "code", "shown_state", "may_write", "pause_reason")
    search_fields = ("name", "=code")
    readonly_fields = (
        "system",
        "shown_settings",
        "shown_capabilities",
        "shown_state",
        "paused_at",
        "pause_reason",
        "webhook_address",
        "webhook_subscriptions",
    )
    actions = ("test_connection", "pull_now")
    change_form_template = "admin/sync/connection/change_form.html"

    # ------------------------------------------------------------------------------------------- the form

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.system_of(request, None):
            return self._choose_system(request)
        return super().add_view(request, form_url, extra_context)

    def system_of(self, request: HttpRequest, connection: Connection | None) -> str:
        """The system whose settings are asked for; empty while nobody has chosen one of several."""
        if connection is not None:
            return connection.system
        known = [key for key, (side, _, _) in CONNECTORS.items() if side == self.side]
        chosen = request.GET.get("system", known[0] if len(known) == 1 else "")
        return chosen if chosen in known else ""

    def _choose_system(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        systems = [(key, label) for key, (side, label, _) in CONNECTORS.items() if side == self.side]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Add {self.opts.verbose_name}: which system?",
            "systems": systems,
        }
        return TemplateResponse(request, "admin/sync/connection/choose.html", context)

    def get_form(
        self, request: HttpRequest, obj: Connection | None = None, change: bool = False, **kwargs: Any
    ) -> type[ConnectionForm]:
        kwargs["form"] = form_for(self.system_of(request, obj), obj)
        return cast("type[ConnectionForm]", super().get_form(request, obj, change, **kwargs))

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        may_change = obj is None or self.has_change_permission(request, obj)
        form = form_for(self.system_of(request, obj), obj)
        names = setting_names(form) if may_change else ["shown_settings"]
        state = ("shown_state", "paused_at", "pause_reason", "webhook_address", "webhook_subscriptions")
        first: tuple[str, ...] = ("name", "code", "time_zone", "is_enabled", "may_write")
        return [
            (None, {"fields": ("system", *first) if obj else first}),
            ("Settings", {"fields": names}),
            *([("State", {"fields": state})] if obj else []),
            *(
                [("What it can do", {"fields": ("shown_capabilities",)})]
                if self.side == "erp" and obj
                else []
            ),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        # Documents in the ERP carry the code; a changed one would make strangers of them.
        return (*self.readonly_fields, "code") if obj else self.readonly_fields

    def get_inlines(self, request: HttpRequest, obj: Connection | None) -> Any:
        """Schedules are there once the connection is."""
        return [inline for inline in self.inlines if obj or inline is not ScheduleInline]

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        plan_schedules()

    def response_add(
        self, request: HttpRequest, obj: Connection, post_url_continue: str | None = None
    ) -> HttpResponse:
        """To the page of the new connection: there it is tested."""
        messages.success(request, f"{obj} is added. Press Test connection to see whether it works.")
        return HttpResponseRedirect(self._address(obj.pk))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # -------------------------------------------------------------------------------------------- columns

    @admin.display(description="State")
    def shown_state(self, connection: Connection) -> SafeString:
        if not connection.is_enabled:
            return badge("switched off", "calm")
        return badge("paused", "bad") if connection.paused_at else badge("works", "good")

    @admin.display(description="Settings")
    def shown_settings(self, connection: Connection) -> SafeString:
        """For those who may only look; secrets are not among them."""
        fields = connector_class(connection.system).config_fields
        given = connection.config or {}
        return as_table({f.label: given.get(f.name, f.default) for f in fields if not f.is_secret})

    @admin.display(description="Capabilities")
    def shown_capabilities(self, connection: Connection) -> SafeString:
        """Each thing that Concord asks of an ERP: whether this one does it, and why not where it does not."""
        missing = missing_capabilities(connection)
        return as_table(
            {
                words.capitalize(): f"no: {missing[c]}" if c in missing else "yes"
                for c, words in MEANINGS.items()
            }
        )

    @admin.display(description="Webhook address")
    def webhook_address(self, connection: Connection) -> str:
        if not has_webhooks(connection):
            return NOTHING
        return reverse("webhook", args=[connection.public_id])

    @admin.display(description="Webhook subscriptions")
    def webhook_subscriptions(self, connection: Connection) -> SafeString:
        return shown_subscriptions(connection)

    # -------------------------------------------------------------------------------------------- buttons

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.test_view)
        return [path("<int:pk>/test/", view, name=f"sync_{self.opts.model_name}_test"), *super().get_urls()]

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The Test connection button of one connection's page."""
        connection = get_object_or_404(self.model, pk=pk)
        if not self.has_change_permission(request, connection):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        checks = tested(connection)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Test of {connection}",
            "connection": connection,
            "checks": checks,
            "is_ok": all(check.is_ok for check in checks),
            "address": self._address(pk),
        }
        return TemplateResponse(request, "admin/sync/connection/test.html", context)

    def _address(self, pk: int) -> str:
        return reverse(f"admin:sync_{self.opts.model_name}_change", args=[pk])

    @admin.action(description="Test connection", permissions=["change"])
    def test_connection(self, request: HttpRequest, connections: QuerySet[Connection]) -> None:
        for connection in connections:
            for check in tested(connection):
                level = messages.SUCCESS if check.is_ok else messages.ERROR
                messages.add_message(request, level, f"{connection}: {check.name}. {check.detail}")

    @admin.action(description="Pull now", permissions=["change"])
    def pull_now(self, request: HttpRequest, connections: QuerySet[Connection]) -> None:
        for connection in connections:
            for name, flow in FLOWS.items():
                if flow.every and flow.runs_on(connection.side):
                    enqueue(name, connection.pk)
            messages.success(request, f"{connection}: everything that runs by itself runs now.")


def tested(connection: Connection) -> list[Check]:
    """The lines of a connection test; a test that ends well lifts the pause."""
    try:
        with closing(open_connector(connection)) as connector:
            checks = connector.test()
    except SyncError as error:
        return [Check("Reach it", False, str(error))]
    if all(check.is_ok for check in checks):
        runner.resume(connection)
    return checks


@admin.register(Store)
class StoreAdmin(ConnectionAdmin):
    """Stores."""

    side = Connection.Side.STORE
    inlines: ClassVar[tuple[type[InlineModelAdmin[Any, Any]], ...]] = (ScheduleInline,)


@admin.register(Erp)
class ErpAdmin(ConnectionAdmin):
    """ERPs."""

    side = Connection.Side.ERP
    inlines = (ScheduleInline,)
