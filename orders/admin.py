"""Pages of orders: mirrors, links, mappings and policies."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from hub.sync.admin import LinkAdmin, MappingAdmin, MirrorAdmin, pretty
from hub.sync.enqueue import enqueue
from orders.models import (
    ErpOrder,
    OrderLink,
    OrderPolicy,
    PaymentTermsMapping,
    ShippingMethodMapping,
    StoreOrder,
    TaxCodeMapping,
)


@admin.register(StoreOrder)
class StoreOrderAdmin(MirrorAdmin):
    list_display = (
        "name",
        "po_number",
        "connection",
        "location",
        "total",
        "currency",
        "placed_at",
        "cancelled_at",
    )
    search_fields = ("=name", "=po_key", "=external_id")
    list_filter = ("connection", "is_test")
    list_select_related = ("connection", "location")
    exclude = ("document", "payload")
    readonly_fields = ("shown_document",)
    actions = ("send_to_erp",)

    @admin.display(description="Document")
    def shown_document(self, order: StoreOrder) -> str:
        return pretty(order.document)

    @admin.action(description="Send to ERP", permissions=["decide"])
    def send_to_erp(self, request: HttpRequest, orders: QuerySet[StoreOrder]) -> None:
        for order in orders.select_related("connection__order_policy"):
            enqueue("push_order_to_erp", order.connection.order_policy.erp_id, [order.pk])


@admin.register(ErpOrder)
class ErpOrderAdmin(MirrorAdmin):
    list_display = ("number", "reference", "connection", "status", "total_including_tax", "currency")
    search_fields = ("=number", "reference")
    list_filter = ("connection", "status")
    list_select_related = ("connection",)


@admin.register(OrderLink)
class OrderLinkAdmin(LinkAdmin):
    list_display = (
        "order",
        "number",
        "connection",
        "expected_total",
        "erp_total",
        "totals",
        "reference_pushed_at",
    )
    search_fields = ("=number", "=order__name", "=order__po_key")
    list_filter = ("totals", "connection")
    list_select_related = ("order", "connection")


@admin.register(OrderPolicy)
class OrderPolicyAdmin(admin.ModelAdmin[Any]):
    list_display = ("store", "erp", "blank_po", "duplicate_po", "money", "sku_rule")


@admin.register(PaymentTermsMapping)
class PaymentTermsMappingAdmin(MappingAdmin):
    list_display = ("name", "type", "due_in_days", "store", "erp", "erp_code")
    list_editable = ("erp_code",)


@admin.register(TaxCodeMapping)
class TaxCodeMappingAdmin(MappingAdmin):
    list_display = ("__str__", "title", "rate", "store", "erp", "erp_code")
    list_editable = ("erp_code",)


@admin.register(ShippingMethodMapping)
class ShippingMethodMappingAdmin(MappingAdmin):
    list_display = ("title", "code", "store", "erp", "erp_method_code", "charge_kind", "charge_number")
    list_editable = ("erp_method_code", "charge_kind", "charge_number")
