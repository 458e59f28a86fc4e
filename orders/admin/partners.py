"""Orders that partners told, and what people decide about the names that partners use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from hub.sync.admin import MappingAdmin, MirrorAdmin, pretty
from hub.sync.admin.mappings import FilledFilter, connection_column
from hub.sync.admin.records import record_link
from hub.sync.admin.shown import badge
from hub.sync.enqueue import enqueue
from hub.sync.mapping_files import Column, MappingFile
from hub.sync.releasing import MAPPING_CODES, release_after_commit
from orders.admin.policies import of_its_side
from orders.models import PartnerCode, PartnerOrder
from orders.partners.duplicates import CODE as DUPLICATE
from orders.partners.duplicates import FLOW
from orders.partners.mapping import DRAFT_DIFFERS
from orders.partners.places import CONTACT_UNKNOWN
from orders.partners.status import Status, statuses
from orders.partners.terms import NO_TERMS

_KINDS = {
    Status.RECEIVED: "busy",
    Status.WAITING: "busy",
    Status.IN_STORE: "busy",
    Status.IN_ERP: "good",
    Status.CANCELLED: "calm",
    Status.REJECTED: "calm",
}


@admin.register(PartnerOrder)
class PartnerOrderAdmin(MirrorAdmin):
    list_display = ("number", "told_by", "po_number", "customer", "state", "received_at", "connection")
    sortable_by = ("received_at",)
    search_fields = ("number__exact", "po_number__exact")
    search_help_text = "The partner's id of the order, or its PO number"
    list_filter = ("state", "connection")
    list_select_related = ("connection",)
    fields = (
        "number",
        "told_by",
        "connection",
        "shown_status",
        "shown_reason",
        "shown_order",
        "po_number",
        "customer",
        "received_at",
        "closed_at",
        "shown_document",
    )
    readonly_fields = ("shown_status", "shown_reason", "shown_order", "shown_document")
    actions = ("decide_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PartnerOrder]:
        """The store's order is large, and only its name is shown."""
        found = super().get_queryset(request).select_related("connection", "order")
        return found.defer("order__document", "order__payload")

    @admin.display(description="What the partner is told")
    def shown_status(self, order: PartnerOrder) -> SafeString:
        told = statuses([order])[order.pk]
        return badge(told.status.label, _KINDS[told.status])

    @admin.display(description="Reason")
    def shown_reason(self, order: PartnerOrder) -> str:
        return statuses([order])[order.pk].reason or "–"

    @admin.display(description="Store order")
    def shown_order(self, order: PartnerOrder) -> str:
        return record_link(f"order:{order.order.pk}", order.order.name) if order.order else "–"

    @admin.display(description="As told")
    def shown_document(self, order: PartnerOrder) -> SafeString:
        return pretty(order.document)

    @admin.action(description="Decide again", permissions=["decide"])
    def decide_again(self, request: HttpRequest, orders: QuerySet[PartnerOrder]) -> None:
        """Look at these again as things stand now; what is in the store is not placed twice, a person's no stands."""
        with transaction.atomic():
            chosen = list(orders.filter(order=None).values_list("pk", "connection_id"))
            keys = [pk for pk, _ in chosen]
            PartnerOrder.objects.filter(pk__in=keys).update(state=PartnerOrder.State.OPEN)
            for pk, store_id in chosen:
                enqueue(FLOW, store_id, [pk])
        messages.success(request, f"{len(chosen)} will be decided now.")


@admin.register(PartnerCode)
class PartnerCodeAdmin(MappingAdmin):
    list_display = ("code", "shown_state", "kind", "partner", "store", "value")
    list_editable = ("value",)
    list_select_related = ("store",)
    list_filter = (FilledFilter, "kind", "store")
    search_fields = ("code", "partner", "=value")
    search_help_text = "The partner's name for it, or the partner"
    needed = "value"
    waiting_flow = FLOW
    # A name that meant something else led to what these ask about, as well.
    waiting_codes = (
        *MAPPING_CODES,
        "location_unclear",
        "variant_unclear",
        DRAFT_DIFFERS,
        CONTACT_UNKNOWN,
        NO_TERMS,
        DUPLICATE,
    )
    about = (
        "A customer is the external id of its company or location in the store, an item is a SKU, payment terms are "
        "their name in the store."
    )
    files = MappingFile(
        PartnerCode,
        key=(
            connection_column("store", "store"),
            Column("partner", "partner"),
            Column("kind", "kind"),
            Column("code", "code"),
        ),
        values=(Column("value", "value"),),
    )

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))

    def release(self, rows: Iterable[Any]) -> None:
        """Orders wait at the store."""
        release_after_commit(self.waiting_flow, {int(row.store_id) for row in rows}, self.waiting_codes)
