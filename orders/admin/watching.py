"""From when on people are told of what is wrong with a store's orders, and what partners ask about them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from hub.sync.admin import PlainAdmin, ReadOnlyAdmin
from hub.sync.enqueue import enqueue
from orders.admin.policies import of_its_side
from orders.models import OrderWatch, PartnerRequest


@admin.register(OrderWatch)
class OrderWatchAdmin(PlainAdmin):
    list_display = (
        "store",
        "looks_back_days",
        "offline_minutes",
        "stale_minutes",
        "tax_days",
        "freight_tolerance",
        "reads_documents",
    )
    list_select_related = ("store",)
    actions = ("look_now",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))

    @admin.action(description="Look now", permissions=["change"])
    def look_now(self, request: HttpRequest, watches: QuerySet[OrderWatch]) -> None:
        """Have these stores' orders looked over without waiting for the half hour."""
        stores = list(watches.values_list("store_id", flat=True))
        for store_id in stores:
            enqueue("watch_orders", store_id)
        messages.success(
            request, f"{len(stores)} stores are looked over now. What is found stands under Review items."
        )


@admin.register(PartnerRequest)
class PartnerRequestAdmin(ReadOnlyAdmin):
    list_display = ("order", "kind", "told_by", "state", "made_at", "closed_at")
    list_filter = ("kind", "state")
    list_select_related = ("order",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PartnerRequest]:
        """Documents of the orders are large and not shown here."""
        found = super().get_queryset(request).select_related("order")
        return found.defer("order__document", "order__payload")
