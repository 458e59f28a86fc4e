"""Pages of items."""

from __future__ import annotations

from django.contrib import admin

from hub.sync.admin import MappingAdmin
from inventory.models import ItemMapping


@admin.register(ItemMapping)
class ItemMappingAdmin(MappingAdmin):
    list_display = ("sku", "title", "store", "erp", "item_number", "unit")
    list_editable = ("item_number", "unit")
    search_fields = ("=sku", "=item_number", "title")
    list_filter = ("store", "erp")
