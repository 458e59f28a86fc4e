"""Pages of companies."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from companies.models import CompanyLocationLink, CompanyLocationMapping, StoreCompanyLocation
from hub.sync.admin import LinkAdmin, MappingAdmin
from hub.sync.enqueue import enqueue


@admin.register(StoreCompanyLocation)
class StoreCompanyLocationAdmin(admin.ModelAdmin[Any]):
    list_display = (
        "company_name",
        "name",
        "connection",
        "merchant_id",
        "tax_registration_id",
        "requires_po_number",
    )
    list_editable = ("requires_po_number",)
    search_fields = ("company_name", "name", "=merchant_id", "=tax_registration_id")
    list_select_related = ("connection",)
    readonly_fields = tuple(
        field.name
        for field in StoreCompanyLocation._meta.concrete_fields
        if field.name not in ("id", "requires_po_number")
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(CompanyLocationLink)
class CompanyLocationLinkAdmin(LinkAdmin):
    list_display = ("location", "customer_number", "connection", "matched_by", "created_at")
    list_select_related = ("location", "connection")


@admin.register(CompanyLocationMapping)
class CompanyLocationMappingAdmin(MappingAdmin):
    list_display = ("location", "connection", "customer_number")
    list_editable = ("customer_number",)
    list_select_related = ("location", "connection")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super(MappingAdmin, self).save_model(request, obj, form, change)
        enqueue("match_company_location", obj.connection_id, [obj.location_id])
