"""Pages of companies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.http import HttpRequest

from companies.models import CompanyLocationLink, CompanyLocationMapping, CompanyPolicy, StoreCompanyLocation
from hub.sync.admin import LinkAdmin, MappingAdmin, PlainAdmin
from hub.sync.admin.bases import InfinitePaginator
from hub.sync.admin.mappings import FilledFilter, connection_column
from hub.sync.enqueue import enqueue
from hub.sync.mapping_files import Column, MappingFile


@admin.register(StoreCompanyLocation)
class StoreCompanyLocationAdmin(PlainAdmin):
    paginator = InfinitePaginator
    list_display = (
        "company_name",
        "name",
        "connection",
        "merchant_id",
        "tax_registration_id",
        "requires_po_number",
    )
    list_editable = ("requires_po_number",)
    list_filter = ("connection", "requires_po_number")
    search_fields = ("company_name", "name", "=merchant_id", "=tax_registration_id")
    search_help_text = "Company, location, its external id or tax id"
    list_select_related = ("connection",)
    readonly_fields = tuple(
        field.name
        for field in StoreCompanyLocation._meta.concrete_fields
        if field.name not in ("id", "requires_po_number")
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(CompanyPolicy)
class CompanyPolicyAdmin(PlainAdmin):
    list_display = ("store", "unknown_companies")
    list_select_related = ("store",)

    def save_model(self, request: HttpRequest, obj: CompanyPolicy, form: Any, change: bool) -> None:
        """Companies that wait for a person are decided anew."""
        super().save_model(request, obj, form, change)
        waiting = CompanyLocationMapping.objects.filter(location__connection=obj.store_id, customer_number="")
        for erp_id, location_id in waiting.values_list("connection_id", "location_id"):
            enqueue("match_company_location", erp_id, [location_id])


@admin.register(CompanyLocationLink)
class CompanyLocationLinkAdmin(LinkAdmin):
    list_display = ("location", "customer_number", "connection", "matched_by", "created_at")
    list_filter = ("connection", "matched_by")
    search_fields = ("=customer_number", "location__company_name", "location__name")
    search_help_text = "Customer number, company or location"
    list_select_related = ("location", "connection")


# Ids of theirs are unique within a store only.
_LOCATION = Concat("location__connection__code", Value(" "), "location__external_id")


def _location_keys() -> dict[str, int]:
    rows = StoreCompanyLocation.objects.values_list("connection__code", "external_id", "pk")
    return {f"{code} {external_id}": pk for code, external_id, pk in rows}


@admin.register(CompanyLocationMapping)
class CompanyLocationMappingAdmin(MappingAdmin):
    list_display = ("location", "shown_state", "connection", "customer_number")
    list_editable = ("customer_number",)
    list_filter = (FilledFilter, "connection")
    search_fields = ("=customer_number", "location__company_name", "location__name")
    search_help_text = "Customer number, company or location"
    list_select_related = ("location", "connection")
    autocomplete_fields = ("location",)
    needed = "customer_number"
    files = MappingFile(
        CompanyLocationMapping,
        key=(
            Column("location", "location", _LOCATION, _location_keys),
            connection_column("connection", "erp"),
        ),
        values=(Column("customer_number", "customer_number"),),
        notes=(
            Column("company", "location", "location__company_name"),
            Column("location_name", "location", "location__name"),
        ),
    )

    def release(self, rows: Iterable[Any]) -> None:
        """The locations are matched again, now and once more when others can see the rows."""
        waiting: dict[int, list[int]] = {}
        for row in rows:
            waiting.setdefault(row.connection_id, []).append(row.location_id)
        _match(waiting)
        transaction.on_commit(lambda: _match(waiting))


def _match(waiting: dict[int, list[int]]) -> None:
    for connection_id, location_ids in waiting.items():
        enqueue("match_company_location", connection_id, location_ids)
