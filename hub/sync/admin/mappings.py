"""Mapping pages: empty rows first, files in and out, and what waited goes on when a row is saved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminFileFieldWidget

from hub.lib.spreadsheets import UnreadableFile, as_csv, as_xlsx, read_lines
from hub.sync.admin.bases import PlainAdmin
from hub.sync.admin.saving import once_more
from hub.sync.admin.shown import badge
from hub.sync.mapping_files import Column, Imported, MappingFile, RowFault, apply, table
from hub.sync.models import Connection
from hub.sync.releasing import MAPPING_CODES, release_after_commit

# More faults than this are counted, not listed: whoever mends the first hundred sees the pattern.
MOST_FAULTS_SHOWN = 100
_FORMATS = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def connection_column(field: str, side: str) -> Column:
    """A column that names a connection by its code, which is permanent."""

    def find() -> dict[str, int]:
        return dict(Connection.objects.filter(side=side).values_list("code", "pk"))

    return Column(field, field, f"{field}__code", find)


class UploadForm(forms.Form):
    """One file."""

    file = forms.FileField(
        label="File",
        help_text="CSV or XLSX with the columns of an export.",
        widget=UnfoldAdminFileFieldWidget(),
    )


class FilledFilter(admin.SimpleListFilter):
    """Rows that need a value, and the others."""

    title = "state"
    parameter_name = "filled"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        self.needed = model_admin.needed
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "needs a value"), ("yes", "filled in")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "no":
            return queryset.filter(**{self.needed: ""})
        return queryset.exclude(**{self.needed: ""}) if self.value() == "yes" else queryset


class MappingAdmin(PlainAdmin):
    """Decisions of people: empty rows first; saving one lets go on what waited for it."""

    exclude = ("created_at",)
    change_list_template = "admin/sync/mapping/change_list.html"
    waiting_flows: ClassVar[tuple[str, ...]] = ("push_order_to_erp", "sync_order_changes")
    """The flows whose held tasks are decided again when a row was saved."""
    waiting_codes: ClassVar[tuple[str, ...]] = MAPPING_CODES
    """The review codes under which they are held."""
    about: ClassVar[str] = ""
    """What a person should know before deciding, shown above the list and the row."""
    needed: ClassVar[str]
    """The field without which a row says nothing."""
    files: ClassVar[MappingFile]
    """The layout of this mapping's files."""

    @admin.display(description="State")
    def shown_state(self, row: Any) -> SafeString:
        return badge("filled in", "good") if getattr(row, self.needed) else badge("needs a value", "busy")

    # ------------------------------------------------------------------------------------------- letting go

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self.release([obj])

    def release(self, rows: Iterable[Any]) -> None:
        """Let go on what waited for these rows."""
        erps = {int(row.erp_id) for row in rows}
        for flow in self.waiting_flows:
            release_after_commit(flow, erps, self.waiting_codes)

    # ------------------------------------------------------------------------------------------------ files

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        site = self.admin_site
        return [
            path("import/", site.admin_view(self.import_view), name=f"{name}_import"),
            path("export/<str:kind>/", site.admin_view(self.export_view), name=f"{name}_export"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        may_import = self.has_add_permission(request) and self.has_change_permission(request)
        context = {**(extra_context or {}), "may_import": may_import, "about": self.about}
        return super().changelist_view(request, context)

    def export_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Every row as a file that can be filled in and brought back."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if kind not in _FORMATS:
            return HttpResponse(status=404)
        write, content_type = _FORMATS[kind]
        content = write(table(self.files, self.model._default_manager.all()))
        file_name = f"{self.opts.model_name}.{kind}"
        return HttpResponse(
            content,
            content_type=content_type,
            headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
        )

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """A file is applied as a whole, or nothing of it is and every row that is wrong is named."""
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        faults: tuple[RowFault, ...] = ()
        if request.method == "POST" and form.is_valid():
            try:
                result = self._apply(form.cleaned_data["file"])
            except UnreadableFile as error:
                form.add_error("file", str(error))
            else:
                if not result.faults:
                    return self._told(request, result)
                faults = result.faults
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Import {self.opts.verbose_name_plural}",
            "form": form,
            "faults": faults[:MOST_FAULTS_SHOWN],
            "fault_count": len(faults),
            "row_count": len({fault.line for fault in faults}),
            "columns": self.files,
            "address": self._address("changelist"),
        }
        return TemplateResponse(request, "admin/sync/mapping/import.html", context)

    def _apply(self, upload: Any) -> Imported:
        lines = read_lines(upload.name, upload.read())

        def bring() -> Imported:
            with transaction.atomic():
                result = apply(self.files, lines)
                self.release(result.touched)
            return result

        return once_more(bring)

    def _told(self, request: HttpRequest, result: Imported) -> HttpResponse:
        messages.success(
            request,
            f"Imported: {result.made} new, {result.changed} changed, {result.unchanged} as they were. "
            "What waited for them goes on.",
        )
        return HttpResponseRedirect(self._address("changelist"))

    def _address(self, page: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}")
