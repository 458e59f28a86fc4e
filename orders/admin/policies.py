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
from hub.sync.releasing import release_after_commit
from orders.models import OrderPolicy, TaxPolicy

HELD_FOR_TAX = ("mapping_missing", "channel_tax", "exempt_code")
"""Review codes that a tax policy may answer."""


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


@admin.register(TaxPolicy)
class TaxPolicyAdmin(PlainAdmin):
    list_display = ("store", "erp", "mode", "tolerance", "tolerance_currency", "exempt_code", "channel_tax")
    list_select_related = ("store", "erp")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))

    def save_model(self, request: HttpRequest, obj: TaxPolicy, form: Any, change: bool) -> None:
        """What was held for tax is decided again: another policy may let it through."""
        super().save_model(request, obj, form, change)
        for flow in ("push_order_to_erp", "sync_order_changes"):
            release_after_commit(flow, [obj.erp_id], HELD_FOR_TAX)
