"""Where a store's orders go, on the store's own page as well."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import ForeignKey
from django.http import HttpRequest

from hub.sync.admin import PlainAdmin
from hub.sync.admin.bases import StackedInline
from hub.sync.admin.connections import StoreAdmin
from hub.sync.models import Connection
from orders.models import OrderPolicy


def of_its_side(field: ForeignKey[Any, Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """A store is chosen among stores, an ERP among ERPs."""
    if field.name in ("store", "erp"):
        return {**kwargs, "queryset": Connection.objects.filter(side=field.name)}
    return kwargs


class OrderPolicyInline(StackedInline):
    """A store without one sends nothing."""

    model = OrderPolicy
    fk_name = "store"
    extra = 0
    max_num = 1
    can_delete = False
    verbose_name_plural = "order policy: where this store's orders go"

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))


# hub.sync knows no orders: this room brings its own part of the store's page.
StoreAdmin.inlines = (OrderPolicyInline, *StoreAdmin.inlines)


@admin.register(OrderPolicy)
class OrderPolicyAdmin(PlainAdmin):
    list_display = ("store", "erp", "blank_po", "duplicate_po", "money", "sku_rule", "orders_from")
    list_select_related = ("store", "erp")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))
