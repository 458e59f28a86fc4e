"""Pages of items."""

from __future__ import annotations

from django.contrib import admin

from hub.sync.admin import MappingAdmin
from hub.sync.admin.mappings import FilledFilter, connection_column
from hub.sync.mapping_files import Column, MappingFile
from inventory.models import ItemMapping


@admin.register(ItemMapping)
class ItemMappingAdmin(MappingAdmin):
    list_display = ("sku", "shown_state", "title", "store", "erp", "item_number", "unit", "units_per_piece")
    list_editable = ("item_number", "unit", "units_per_piece")
    list_select_related = ("store", "erp")
    search_fields = ("=sku", "=item_number", "title")
    search_help_text = "SKU, item number, or words of the title"
    list_filter = (FilledFilter, "store", "erp")
    needed = "item_number"
    files = MappingFile(
        ItemMapping,
        key=(connection_column("store", "store"), connection_column("erp", "erp"), Column("sku", "sku")),
        values=(
            Column("title", "title"),
            Column("item_number", "item_number"),
            Column("unit", "unit"),
            Column("units_per_piece", "units_per_piece"),
        ),
    )
