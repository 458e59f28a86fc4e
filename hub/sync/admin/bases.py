"""What every page of the back office stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property

from hub.sync.admin.saving import once_more
from hub.sync.admin.shown import label
from hub.sync.tracking import is_noted

if TYPE_CHECKING:
    # Unfold comes without types, and its classes are Django's with another face.
    from django.contrib.admin import ModelAdmin as _ModelAdmin
    from django.contrib.admin import StackedInline as _StackedInline
    from django.contrib.admin import TabularInline as _TabularInline
    from django.core.paginator import Paginator

    ModelAdmin = _ModelAdmin[Any]
    StackedInline = _StackedInline[Any, Any]
    TabularInline = _TabularInline[Any, Any]
    _InfinitePaginator = Paginator[Any]
else:
    from unfold.admin import ModelAdmin, StackedInline, TabularInline
    from unfold.paginator import InfinitePaginator as _InfinitePaginator

__all__ = [
    "LinkAdmin",
    "MirrorAdmin",
    "PlainAdmin",
    "ReadOnlyAdmin",
    "StackedInline",
    "TabularInline",
    "InfinitePaginator",
]

ROWS_ON_A_PAGE = 50
# Further back a search is quicker than leafing, for the person and for the database.
MOST_PAGES = 200


class InfinitePaginator(_InfinitePaginator):
    """Previous and next without counting the table: a count of a million orders takes longer than the page.

    Unfold knows by this name that the count is none, and does not show it.
    """

    @cached_property
    def count(self) -> int:
        return int(self.per_page) * MOST_PAGES

    def page(self, number: Any) -> Page[Any]:
        """The rows of a page, their keys first: an index has those, and what is leafed over is not read whole."""
        number = self.validate_number(number)
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        end = number * self.per_page
        keys = list(rows.values_list("pk", flat=True)[end - self.per_page : end])
        page: Page[Any] = self._get_page(rows.filter(pk__in=keys), number, self)  # type: ignore[attr-defined]
        return page


class RowForm(forms.ModelForm[Any]):
    """One row of a list, or of the rows below another: its fields name themselves and the row."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # An empty form, which gives the page its scripts, is of no row.
        row = f", {self.instance}" if self.instance.pk else ""
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{field.label}{row}"


class PlainAdmin(ModelAdmin):
    """A page in the house's style."""

    list_per_page = ROWS_ON_A_PAGE
    show_full_result_count = False
    list_filter_submit = False
    list_fullwidth = True
    warn_unsaved_form = True

    def __init__(self, model: Any, admin_site: Any) -> None:
        super().__init__(model, admin_site)
        for field in model._meta.fields:
            # A name that nobody chose is the column's; it is said as people say it. Migrations do not see this.
            if field.verbose_name == field.name.replace("_", " "):
                field.verbose_name = label(field.name)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """The page of a row. Saving it is one transaction, and so can be tried again."""
        return once_more(
            lambda: super(PlainAdmin, self).changeform_view(request, object_id, form_url, extra_context)
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list. Saving what was typed into it is one transaction; an action may be several, and runs once."""
        if "_save" not in request.POST:
            return super().changelist_view(request, extra_context)
        return once_more(lambda: super(PlainAdmin, self).changelist_view(request, extra_context))

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """The fields of a list have no labels of their own on the page; who cannot see the list hears these."""
        return super().get_changelist_form(request, **{"form": RowForm, **kwargs})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Who changed this row when, where the database notes it; else Django's log of its own pages."""
        model = self.opts.concrete_model or self.model
        may_see = self.has_view_permission(request) and request.user.has_perm("sync.view_change")
        if not (is_noted(model) and may_see):
            return super().history_view(request, object_id, extra_context)
        query = urlencode({"table_name": model._meta.db_table, "q": object_id})
        return HttpResponseRedirect(f"{reverse('admin:sync_change_changelist')}?{query}")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Whoever may only look starts nothing: actions need the right to change such rows."""
        return bool(request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}"))


class ReadOnlyAdmin(PlainAdmin):
    """Rows that only flows write. Their tables grow large: they are never counted.

    Where a table grows by the million, `sortable_by` names the columns that have an index, and searches compare
    exactly: Django's "=" compares in capitals, which no index does.
    """

    paginator = InfinitePaginator
    list_disable_select_all = True
    show_add_link = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MirrorAdmin(ReadOnlyAdmin):
    """Our copies of their records."""


class LinkAdmin(ReadOnlyAdmin):
    """This record is that record."""
