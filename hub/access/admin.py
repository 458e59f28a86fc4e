"""Pages about access: who changed what, and failed sign-ins."""

from __future__ import annotations

from functools import cache
from typing import Any

from axes.models import AccessAttempt
from django.apps import apps
from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hub.sync.admin import ReadOnlyAdmin, as_table
from hub.sync.admin.records import flow_name
from hub.sync.changed_by import COMMAND, FLOW
from hub.sync.models import Change
from hub.sync.tracking import noted_tables

# Of a number that fits into a row's key.
LONGEST_NUMBER = 18
# With it a person does what he likes; other commands do what they were written for.
_BY_HAND = f"{COMMAND}shell"


# Who may do what, and which partner reads what, is for those who may see these pages.
_ABOUT_ACCESS = {
    "auth_user": "auth.view_user",
    "auth_group": "auth.view_group",
    "api_apikey": "api.view_apikey",
}


def closed_tables(request: HttpRequest) -> list[str]:
    """The tables whose changes are not for whoever asks."""
    return [table for table, right in _ABOUT_ACCESS.items() if not request.user.has_perm(right)]


@cache
def model_of(table: str) -> type[Model] | None:
    """The model of a table; None for one that is no more."""
    models = [model for model in apps.get_models() if model._meta.db_table == table]
    return next((model for model in models if not model._meta.proxy), None)


def kind(table: str) -> str:
    """A table's rows in people's words."""
    model = model_of(table)
    return str(model._meta.verbose_name) if model else table


class KindFilter(admin.SimpleListFilter):
    """Of what: the tables that are noted. Names them without asking the database."""

    title = "kind"
    parameter_name = "table_name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        tables = noted_tables() - set(closed_tables(request))
        return sorted(((table, kind(table)) for table in tables), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(table_name=self.value()) if self.value() else queryset


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    """Who changed which mapping or setting when. Find a person's or a row's with the search: name or number."""

    list_display = ("changed_at", "who", "operation", "shown_kind", "title", "became")
    list_display_links = ("changed_at",)
    sortable_by = ()
    list_filter = (KindFilter, "operation")
    search_fields = ("changed_by", "title", "object_id")
    search_help_text = "A user name, the name of a row such as its SKU, or its number, in full"
    fields = ("changed_at", "who", "origin", "operation", "shown_kind", "row", "was", "became")
    readonly_fields = ("who", "shown_kind", "row", "was", "became")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Change]:
        found: QuerySet[Change] = super().get_queryset(request)
        closed = closed_tables(request)
        return found.exclude(table_name__in=closed) if closed else found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Change], search_term: str
    ) -> tuple[QuerySet[Change], bool]:
        """Whole names and numbers only: each of them has an index."""
        term = search_term.strip()
        where = Q(changed_by=term) | Q(title=term)
        if term.isdecimal() and len(term) <= LONGEST_NUMBER:
            where |= Q(object_id=int(term))
        return (queryset.filter(where) if term else queryset), False

    @admin.display(description="By", ordering="changed_by")
    def who(self, change: Change) -> str:
        return change.changed_by or _without_a_person(change.origin)

    @admin.display(description="Kind", ordering="table_name")
    def shown_kind(self, change: Change) -> str:
        return kind(change.table_name)

    @admin.display(description="Row")
    def row(self, change: Change) -> SafeString:
        name = change.title or f"no. {change.object_id}"
        address = _page(change)
        return format_html('<a href="{}">{}</a>', address, name) if address else format_html("{}", name)

    @admin.display(description="Was")
    def was(self, change: Change) -> SafeString:
        return as_table(change.before)

    @admin.display(description="Became")
    def became(self, change: Change) -> SafeString:
        return as_table(change.after)


def _without_a_person(origin: str) -> str:
    """Whom to ask about a change that nobody signed in made."""
    if origin.startswith(FLOW):
        return f"Concord, flow “{flow_name(origin.removeprefix(FLOW))}”"
    if origin.startswith(COMMAND):
        return f"Somebody at the server, with {origin}" if origin == _BY_HAND else f"Concord, {origin}"
    return "Nobody was signed in (plain SQL)"


def _page(change: Change) -> str:
    """The page of the row that was changed, where it has one."""
    model = model_of(change.table_name)
    if model is None:
        return ""
    try:
        return reverse(
            f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[change.object_id]
        )
    except NoReverseMatch:
        return ""


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnlyAdmin):
    """Failed sign-ins that count. Deleting one lets this person in from there again."""

    list_display = ("attempt_time", "username", "ip_address", "failures_since_start", "user_agent")
    search_fields = ("=username", "=ip_address")
    search_help_text = "A user name or an address"
    fields = ("attempt_time", "username", "ip_address", "failures_since_start", "user_agent", "path_info")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("axes.delete_accessattempt"))
