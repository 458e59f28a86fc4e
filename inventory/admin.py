"""Pages of items and of stock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString

from hub.connectors.capabilities import Capability
from hub.sync.admin import MappingAdmin, MirrorAdmin, PlainAdmin
from hub.sync.admin.mappings import FilledFilter, connection_column
from hub.sync.admin.shown import badge
from hub.sync.enqueue import enqueue
from hub.sync.flows import missing_capabilities
from hub.sync.mapping_files import Column, MappingFile
from hub.sync.models import Connection
from hub.sync.releasing import MAPPING_CODES, release_after_commit
from inventory.explaining import explained
from inventory.models import (
    ChannelRule,
    ErpStockLevel,
    ItemMapping,
    StockMapping,
    StockPolicy,
    StockScan,
    StoreLocation,
    StoreScan,
    StoreStockLevel,
    StoreVariant,
)

_PAIR = (connection_column("store", "store"), connection_column("erp", "erp"))
_STORE_STATES = {state: "good" if state == StoreScan.State.DONE else "busy" for state in StoreScan.State}
_STATES = {StockScan.State.DONE: "good", StockScan.State.LISTED: "busy", StockScan.State.RUNNING: "busy"}


@admin.register(ItemMapping)
class ItemMappingAdmin(MappingAdmin):
    list_display = (
        "sku",
        "shown_state",
        "title",
        "store",
        "erp",
        "item_number",
        "unit",
        "units_per_piece",
        "warehouse",
    )
    list_editable = ("item_number", "unit", "units_per_piece", "warehouse")
    list_select_related = ("store", "erp")
    search_fields = ("=sku", "=item_number", "=warehouse", "title")
    search_help_text = "SKU, item number, warehouse, or words of the title"
    list_filter = (FilledFilter, "store", "erp")
    needed = "item_number"
    files = MappingFile(
        ItemMapping,
        key=(*_PAIR, Column("sku", "sku")),
        values=(
            Column("title", "title"),
            Column("item_number", "item_number"),
            Column("unit", "unit"),
            Column("units_per_piece", "units_per_piece"),
            Column("warehouse", "warehouse"),
        ),
    )
    waiting_codes = (*MAPPING_CODES, "warehouses")

    def release(self, rows: Iterable[Any]) -> None:
        """Orders that partners told wait at the store, where they name an item of the ERP."""
        saved = list(rows)
        super().release(saved)
        release_after_commit("place_partner_order", {int(row.store_id) for row in saved}, self.waiting_codes)


@admin.register(StockMapping)
class StockMappingAdmin(MappingAdmin):
    list_display = (
        "warehouse",
        "shown_state",
        "store",
        "erp",
        "location_external_id",
        "share_percent",
        "is_on",
    )
    list_editable = ("location_external_id", "share_percent", "is_on")
    list_select_related = ("store", "erp")
    list_filter = (FilledFilter, "store", "erp", "is_on")
    search_fields = ("warehouse", "=location_external_id")
    search_help_text = "Warehouse in the ERP, or the location's id in the store"
    needed = "location_external_id"
    about = (
        "Which locations of a store sell what a warehouse holds, and how much of it. Add a row for each further "
        "location. Where the goods of a warehouse leave from is decided on the page Warehouses."
    )
    files = MappingFile(
        StockMapping,
        key=(
            *_PAIR,
            Column("warehouse", "warehouse"),
            Column("location_external_id", "location_external_id"),
        ),
        values=(Column("share_percent", "share_percent"), Column("is_on", "is_on")),
    )

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("store", "erp"):
            kwargs["queryset"] = Connection.objects.filter(side=db_field.name)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def release(self, rows: Iterable[Any]) -> None:
        """Nothing waits for these rows. One that says only that a warehouse was met goes when another says where."""
        where = ("store", "erp", "warehouse")
        filled = StockMapping.objects.exclude(location_external_id="").filter(
            **{n: OuterRef(n) for n in where}
        )
        StockMapping.objects.filter(Exists(filled), location_external_id="").delete()


class ChoosingAdmin(PlainAdmin):
    """A store is chosen among stores, an ERP among ERPs."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("store", "erp"):
            kwargs["queryset"] = Connection.objects.filter(side=db_field.name)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(StockPolicy)
class StockPolicyAdmin(ChoosingAdmin):
    list_display = ("store", "erp", "unmapped")
    list_select_related = ("store", "erp")


@admin.register(ChannelRule)
class ChannelRuleAdmin(ChoosingAdmin):
    list_display = ("shown_sku", "store", "share_percent", "buffer", "minimum", "cap", "backorder")
    list_select_related = ("store",)
    list_filter = ("store",)
    search_fields = ("=sku",)
    search_help_text = "The whole SKU"

    @admin.display(description="SKU")
    def shown_sku(self, rule: ChannelRule) -> str:
        return rule.sku or "every other SKU"


@admin.register(ErpStockLevel)
class ErpStockLevelAdmin(MirrorAdmin):
    change_list_template = "admin/inventory/erpstocklevel/change_list.html"
    list_display = (
        "item",
        "warehouse",
        "on_hand",
        "committed",
        "safety_stock",
        "on_order",
        "unit",
        "erp",
        "read_at",
    )
    readonly_fields = ("commits_from", "read_at")
    sortable_by = ()
    search_fields = ("item__item_number__exact",)
    search_help_text = "The item's number in the ERP"
    list_filter = ("item__connection",)
    list_select_related = ("item__connection",)

    @admin.display(description="ERP")
    def erp(self, level: ErpStockLevel) -> str:
        return str(level.item.connection)

    @admin.display(description="Read at")
    def read_at(self, level: ErpStockLevel) -> Any:
        return level.item.read_at

    @admin.display(description="Committed from when an order is")
    def commits_from(self, level: ErpStockLevel) -> str:
        return level.item.commits_from

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().changelist_view(request, {**(extra_context or {}), "without_stock": _without_stock()})


def _without_stock() -> list[tuple[Connection, str]]:
    """The ERPs of which nothing is to be found here, and why."""
    erps = Connection.objects.filter(side="erp", is_enabled=True).order_by("name")
    reasons = [(erp, missing_capabilities(erp).get(Capability.READ_STOCK, "")) for erp in erps]
    return [(erp, reason) for erp, reason in reasons if reason]


class ScanAdmin(PlainAdmin):
    """A row is a wish that is worked off at once; its page shows how far it is."""

    side: ClassVar[str]
    flow: ClassVar[str]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(
            db_field, request, **{**kwargs, "queryset": Connection.objects.filter(side=self.side)}
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            enqueue(self.flow, getattr(obj, f"{self.side}_id"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was begun goes on by itself."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(StockScan)
class StockScanAdmin(ScanAdmin):
    side, flow = "erp", "scan_erp_stock"
    list_display = ("erp", "shown_state", "items", "changed", "started_at", "finished_at")
    list_select_related = ("erp",)
    list_filter = ("erp",)
    fields = ("erp", "shown_state", "items", "changed", "started_at", "finished_at")
    readonly_fields = ("shown_state", "items", "changed", "started_at", "finished_at")

    @admin.display(description="State")
    def shown_state(self, scan: StockScan) -> SafeString:
        return badge(scan.get_state_display(), _STATES[StockScan.State(scan.state)])


@admin.register(StoreScan)
class StoreScanAdmin(ScanAdmin):
    side, flow = "store", "scan_store_stock"
    list_display = ("store", "shown_state", "variants", "levels", "changed", "started_at", "finished_at")
    list_select_related = ("store",)
    list_filter = ("store",)
    fields = ("store", "shown_state", "variants", "levels", "changed", "started_at", "finished_at")
    readonly_fields = ("shown_state", "variants", "levels", "changed", "started_at", "finished_at")

    @admin.display(description="State")
    def shown_state(self, scan: StoreScan) -> SafeString:
        return badge(scan.get_state_display(), _STORE_STATES[StoreScan.State(scan.state)])


@admin.register(StoreLocation)
class StoreLocationAdmin(MirrorAdmin):
    list_display = ("name", "connection", "external_id", "is_active", "scanned_at")
    list_select_related = ("connection",)
    list_filter = ("connection", "is_active")
    search_fields = ("name", "=external_id")
    search_help_text = "The location's name, or its id in the store"


@admin.register(StoreVariant)
class StoreVariantAdmin(MirrorAdmin):
    list_display = (
        "sku",
        "title",
        "connection",
        "barcode",
        "is_tracked",
        "oversells",
        "item_external_id",
        "read_at",
        "gone_at",
    )
    sortable_by = ()
    list_select_related = ("connection",)
    list_filter = ("connection",)
    search_fields = ("sku__exact",)
    search_help_text = "The whole SKU"
    readonly_fields = ("may_be_sold",)

    @admin.display(description="May be sold, and why")
    def may_be_sold(self, variant: Any) -> SafeString:
        """Worked out once for a page, which asks for what it shows several times."""
        if not hasattr(variant, "explained"):
            variant.explained = explained(variant)
        shown: SafeString = variant.explained
        return shown


@admin.register(StoreStockLevel)
class StoreStockLevelAdmin(MirrorAdmin):
    list_display = (
        "sku",
        "location",
        "store",
        "available",
        "committed",
        "reserved",
        "on_hand",
        "incoming",
        "is_stocked",
        "remote_updated_at",
        "read_at",
    )
    readonly_fields = ("sku", "store")
    sortable_by = ()
    list_select_related = ("location__connection",)
    list_filter = ("location__connection",)
    search_fields = ("item_external_id__exact",)
    search_help_text = "The whole SKU, or the id of the inventory item"

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoreStockLevel]:
        same_item = StoreVariant.objects.filter(
            connection=OuterRef("location__connection"), item_external_id=OuterRef("item_external_id")
        )
        rows: QuerySet[StoreStockLevel] = super().get_queryset(request)
        return rows.annotate(sku=Subquery(same_item.values("sku")[:1]))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """A SKU stands for its items, which an index finds at once."""
        items = list(StoreVariant.objects.filter(sku=search_term).values_list("item_external_id", flat=True))
        if search_term and items:
            return queryset.filter(item_external_id__in=items), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="SKU")
    def sku(self, level: Any) -> str:
        return level.sku or ""

    @admin.display(description="Store")
    def store(self, level: StoreStockLevel) -> str:
        return str(level.location.connection)
