"""What ERPs shipped, what stores were told of it, and what people decide about both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from hub.sync.admin import LinkAdmin, MappingAdmin, MirrorAdmin, PlainAdmin
from hub.sync.admin.mappings import FilledFilter, connection_column
from hub.sync.admin.shown import badge
from hub.sync.enqueue import enqueue
from hub.sync.mapping_files import Column, MappingFile
from hub.sync.releasing import release_after_commit
from orders.admin.policies import of_its_side
from orders.models import CarrierMapping, ErpShipment, FulfilmentPolicy, ShipmentLink, WarehouseMapping
from orders.shipments.showing import begin_to_show

_PAIR = (connection_column("store", "store"), connection_column("erp", "erp"))
_FLOW = "push_shipment_to_store"


@admin.register(ErpShipment)
class ErpShipmentAdmin(MirrorAdmin):
    list_display = (
        "number",
        "order",
        "shown_stage",
        "warehouse",
        "shipped_at",
        "connection",
        "remote_updated_at",
    )
    sortable_by = ("number",)
    search_fields = ("number__exact",)
    search_help_text = "The shipment's number"
    list_filter = ("connection",)
    list_select_related = ("connection", "order")
    actions = ("tell_store",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ErpShipment]:
        """Documents of the orders are large and not shown here."""
        shipments: QuerySet[ErpShipment] = super().get_queryset(request)
        return shipments.select_related("connection", "order").defer("order__document", "order__payload")

    @admin.display(description="Stage")
    def shown_stage(self, shipment: ErpShipment) -> SafeString:
        is_told = shipment.pushed_hash == shipment.document_hash
        return badge(shipment.stage, "good" if is_told else "busy")

    @admin.action(description="Tell the store", permissions=["decide"])
    def tell_store(self, request: HttpRequest, shipments: QuerySet[ErpShipment]) -> None:
        """Decide these shipments again; what the store has already is not told twice."""
        chosen = list(shipments.exclude(order=None).values_list("pk", "order__connection", "order"))
        ErpShipment.objects.filter(pk__in=[key for key, _, _ in chosen]).exclude(pushed_hash="").update(
            pushed_hash=""
        )
        for _, store_id, order_id in chosen:
            enqueue(_FLOW, store_id, [order_id])
        messages.success(request, f"{len(chosen)} will be decided now.")


@admin.register(ShipmentLink)
class ShipmentLinkAdmin(LinkAdmin):
    list_display = ("external_id", "shipment", "connection", "is_extra", "cancelled_at", "created_at")
    sortable_by = ()
    search_fields = ("external_id__exact",)
    search_help_text = "The fulfilment's id in the store"
    list_filter = ("connection",)
    list_select_related = ("shipment", "connection")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShipmentLink]:
        """Documents of the shipments are not shown here."""
        links: QuerySet[ShipmentLink] = super().get_queryset(request)
        return links.select_related("shipment", "connection").defer("shipment__document")


class _StoreMappingAdmin(MappingAdmin):
    """What waits for these rows waits under the store."""

    waiting_flows = (_FLOW,)

    def release(self, rows: Iterable[Any]) -> None:
        """Let go on what waited for these rows."""
        release_after_commit(_FLOW, {int(row.store_id) for row in rows}, self.waiting_codes)


@admin.register(WarehouseMapping)
class WarehouseMappingAdmin(_StoreMappingAdmin):
    list_display = ("warehouse", "shown_state", "store", "erp", "location_external_id")
    list_editable = ("location_external_id",)
    list_select_related = ("store", "erp")
    list_filter = (FilledFilter, "store", "erp")
    search_fields = ("warehouse",)
    search_help_text = "Warehouse in the ERP"
    needed = "location_external_id"
    about = "Which location of the store the goods of a warehouse leave from."
    files = MappingFile(
        WarehouseMapping,
        key=(*_PAIR, Column("warehouse", "warehouse")),
        values=(Column("location_external_id", "location_external_id"),),
    )


@admin.register(CarrierMapping)
class CarrierMappingAdmin(_StoreMappingAdmin):
    list_display = ("carrier", "shown_state", "store", "erp", "company")
    list_editable = ("company",)
    list_select_related = ("store", "erp")
    list_filter = (FilledFilter, "store", "erp")
    search_fields = ("carrier",)
    search_help_text = "Carrier in the ERP"
    needed = "company"
    about = "Nothing waits for these: while a row is empty, the ERP's own name is shown to the buyer."
    files = MappingFile(
        CarrierMapping, key=(*_PAIR, Column("carrier", "carrier")), values=(Column("company", "company"),)
    )


@admin.register(FulfilmentPolicy)
class FulfilmentPolicyAdmin(PlainAdmin):
    list_display = (
        "store",
        "is_on",
        "elsewhere",
        "notifies_buyer",
        "sends_services",
        "remainder",
        "shows_progress",
    )
    list_select_related = ("store",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))

    def save_model(self, request: HttpRequest, obj: FulfilmentPolicy, form: Any, change: bool) -> None:
        """Shipments that nobody was told of are decided with it."""
        super().save_model(request, obj, form, change)
        waiting = ErpShipment.objects.filter(order__connection=obj.store_id).exclude(
            pushed_hash=F("document_hash")
        )
        if obj.is_on:
            enqueue(_FLOW, obj.store_id, set(waiting.values_list("order", flat=True)))
        if obj.is_on and obj.shows_progress:
            begin_to_show(obj.store)
        if obj.is_on and obj.remainder != FulfilmentPolicy.Remainder.KEEP:
            enqueue("find_remainders", obj.store_id)
