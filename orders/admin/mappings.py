"""What a person decides about the parts of an order."""

from __future__ import annotations

from django.contrib import admin

from hub.sync.admin import MappingAdmin
from hub.sync.admin.mappings import FilledFilter, connection_column
from hub.sync.mapping_files import Column, MappingFile
from orders.models import PaymentTermsMapping, ShippingMethodMapping, TaxCodeMapping

_PAIR = (connection_column("store", "store"), connection_column("erp", "erp"))


@admin.register(PaymentTermsMapping)
class PaymentTermsMappingAdmin(MappingAdmin):
    list_display = ("shown_name", "shown_state", "type", "due_in_days", "store", "erp", "erp_code")
    list_editable = ("erp_code",)
    list_select_related = ("store", "erp")
    list_filter = (FilledFilter, "store", "erp")
    search_fields = ("name", "type", "=erp_code")
    search_help_text = "Name or type in the store, code in the ERP"
    needed = "erp_code"
    files = MappingFile(
        PaymentTermsMapping,
        key=(*_PAIR, Column("type", "type"), Column("due_in_days", "due_in_days")),
        values=(Column("name", "name"), Column("erp_code", "erp_code")),
    )

    @admin.display(description="Name", ordering="name")
    def shown_name(self, row: PaymentTermsMapping) -> str:
        return row.name or row.type


@admin.register(TaxCodeMapping)
class TaxCodeMappingAdmin(MappingAdmin):
    list_display = ("shown_title", "shown_state", "rate", "store", "erp", "erp_code")
    list_editable = ("erp_code",)
    list_select_related = ("store", "erp")
    list_filter = (FilledFilter, "store", "erp")
    search_fields = ("title", "=erp_code")
    search_help_text = "Title of the tax in the store, code in the ERP"
    needed = "erp_code"
    files = MappingFile(
        TaxCodeMapping,
        key=(*_PAIR, Column("title", "title"), Column("rate", "rate")),
        values=(Column("erp_code", "erp_code"),),
    )

    @admin.display(description="Taxes", ordering="title")
    def shown_title(self, row: TaxCodeMapping) -> str:
        return row.title or "no tax"


@admin.register(ShippingMethodMapping)
class ShippingMethodMappingAdmin(MappingAdmin):
    list_display = (
        "title",
        "shown_state",
        "code",
        "store",
        "erp",
        "erp_method_code",
        "charge_kind",
        "charge_number",
    )
    list_editable = ("erp_method_code", "charge_kind", "charge_number")
    list_select_related = ("store", "erp")
    list_filter = (FilledFilter, "store", "erp")
    search_fields = ("title", "code", "=charge_number")
    search_help_text = "Title or code in the store, number in the ERP"
    needed = "charge_number"
    files = MappingFile(
        ShippingMethodMapping,
        key=(*_PAIR, Column("title", "title"), Column("code", "code")),
        values=(
            Column("erp_method_code", "erp_method_code"),
            Column("charge_kind", "charge_kind"),
            Column("charge_number", "charge_number"),
        ),
    )
