"""What a person decides about the parts of an order."""

from __future__ import annotations

from django.contrib import admin

from hub.sync.admin import MappingAdmin
from hub.sync.admin.mappings import FilledFilter, connection_column
from hub.sync.mapping_files import Column, MappingFile
from hub.sync.releasing import MAPPING_CODES
from orders.models import (
    InstalmentMapping,
    OtherLineMapping,
    PaymentTermsMapping,
    ShippingMethodMapping,
    TaxCodeMapping,
)

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


@admin.register(InstalmentMapping)
class InstalmentMappingAdmin(MappingAdmin):
    list_display = ("plan", "shown_state", "type", "name", "store", "erp", "erp_code")
    list_editable = ("erp_code",)
    list_select_related = ("store", "erp")
    list_filter = (FilledFilter, "store", "erp")
    search_fields = ("plan", "type", "=erp_code")
    search_help_text = "Plan or type in the store, code in the ERP"
    needed = "erp_code"
    waiting_codes = (*MAPPING_CODES, "instalments")
    about = (
        "Payment terms of the ERP that hold the same shares and days keep every instalment there. Where a row stays "
        "empty, the store's order policy says what is done."
    )
    files = MappingFile(
        InstalmentMapping,
        key=(*_PAIR, Column("type", "type"), Column("plan", "plan")),
        values=(Column("name", "name"), Column("erp_code", "erp_code")),
    )


@admin.register(OtherLineMapping)
class OtherLineMappingAdmin(MappingAdmin):
    list_display = ("shown_title", "shown_state", "kind", "store", "erp", "line_kind", "number")
    list_editable = ("line_kind", "number")
    list_select_related = ("store", "erp")
    list_filter = (FilledFilter, "kind", "store", "erp")
    search_fields = ("title", "=number")
    search_help_text = "Title in the store, number in the ERP"
    needed = "number"
    files = MappingFile(
        OtherLineMapping,
        key=(*_PAIR, Column("kind", "kind"), Column("title", "title")),
        values=(Column("line_kind", "line_kind"), Column("number", "number")),
    )

    @admin.display(description="Line", ordering="title")
    def shown_title(self, row: OtherLineMapping) -> str:
        return row.title or row.get_kind_display()


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
