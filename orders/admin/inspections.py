"""Counting goods that came back, and what their reasons say beforehand."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from hub.sync.admin import PlainAdmin
from hub.sync.admin.shown import badge
from hub.sync.enqueue import enqueue
from orders.models import InspectedLine, ReturnReason, StoreReturn

_FLOW = "process_store_returns"


class OpenFilter(admin.SimpleListFilter):
    """Lines with pieces of which nothing final was said."""

    title = "state"
    parameter_name = "left"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "To be counted"), ("no", "Counted")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InspectedLine]) -> QuerySet[InspectedLine]:
        whole = F("restocked") + F("not_restocked") + F("refused") + F("missing")
        if self.value() == "yes":
            return queryset.filter(pieces__gt=whole)
        return queryset.filter(pieces=whole) if self.value() == "no" else queryset


@admin.register(InspectedLine)
class InspectedLineAdmin(PlainAdmin):
    list_display = ("shown_line", "returned", "reason", "pieces", "shown_state", *InspectedLine.COUNTS)
    list_editable = InspectedLine.COUNTS
    list_filter = (OpenFilter, "returned__connection")
    search_fields = ("=sku", "=returned__name")
    search_help_text = "SKU, or the return's name in the store"
    sortable_by = ()
    fields = ("returned", "sku", "reason", "pieces", *InspectedLine.COUNTS)
    readonly_fields = ("returned", "sku", "reason", "pieces")

    def get_queryset(self, request: HttpRequest) -> QuerySet[InspectedLine]:
        rows: QuerySet[InspectedLine] = super().get_queryset(request)
        return rows.select_related("returned").defer("returned__document")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The return that needs a row makes it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was counted stays."""
        return False

    @admin.display(description="Item")
    def shown_line(self, row: InspectedLine) -> str:
        return row.sku or row.line_external_id.rpartition("/")[2]

    @admin.display(description="State")
    def shown_state(self, row: InspectedLine) -> SafeString:
        return badge("to be counted", "busy") if row.undecided else badge("counted", "good")

    def save_model(self, request: HttpRequest, obj: InspectedLine, form: Any, change: bool) -> None:
        """What was counted is carried out at once."""
        super().save_model(request, obj, form, change)
        enqueue(_FLOW, obj.returned.connection_id, [obj.returned.order_id])


@admin.register(ReturnReason)
class ReturnReasonAdmin(PlainAdmin):
    list_display = ("reason", "store", "outcome", "when")
    list_editable = ("outcome", "when")
    list_filter = ("store",)
    list_select_related = ("store",)
    fields = ("store", "reason", "outcome", "when")
    readonly_fields = ("store", "reason")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The return that brings a reason makes its row."""
        return False

    def save_model(self, request: HttpRequest, obj: ReturnReason, form: Any, change: bool) -> None:
        """Returns that are under way are looked at again."""
        super().save_model(request, obj, form, change)
        open_ones = StoreReturn.objects.filter(connection=obj.store_id, state="open")
        enqueue(_FLOW, obj.store_id, set(open_ones.values_list("order", flat=True)))
