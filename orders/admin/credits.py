"""What ERPs credited, and what people decide about the credits of a store's refunds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from hub.sync.admin import MappingAdmin, MirrorAdmin, PlainAdmin
from hub.sync.admin.mappings import FilledFilter, connection_column
from hub.sync.admin.shown import badge
from hub.sync.enqueue import enqueue
from hub.sync.mapping_files import Column, MappingFile
from hub.sync.releasing import release_after_commit
from orders.admin.policies import of_its_side
from orders.models import CreditLineMapping, CreditPolicy, ErpCredit, OrderPolicy, StoreRefund

_FLOW, _RETURNS = "push_refund_to_erp", "push_return_to_erp"
_PAIR = (connection_column("store", "store"), connection_column("erp", "erp"))


@admin.register(ErpCredit)
class ErpCreditAdmin(MirrorAdmin):
    list_display = (
        "number",
        "order",
        "shown_kind",
        "shown_stage",
        "total_including_tax",
        "currency",
        "connection",
        "remote_updated_at",
    )
    sortable_by = ("number",)
    search_fields = ("number__exact", "reference__exact")
    search_help_text = "The document's number or reference"
    list_filter = ("is_return", "connection")
    list_select_related = ("connection", "order")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ErpCredit]:
        """Documents of the orders are large and not shown here."""
        credits: QuerySet[ErpCredit] = super().get_queryset(request)
        return credits.select_related("connection", "order").defer("order__document", "order__payload")

    @admin.display(description="Document")
    def shown_kind(self, credit: ErpCredit) -> str:
        kind = "return order" if credit.is_return else "credit memo"
        if credit.returned_external_id:
            return f"{kind} of a return"
        return f"{kind} of a refund" if credit.refund_external_id else kind

    @admin.display(description="Stage")
    def shown_stage(self, credit: ErpCredit) -> SafeString:
        return badge(credit.stage, "good" if credit.stage == "credited" else "busy")


@admin.register(CreditLineMapping)
class CreditLineMappingAdmin(MappingAdmin):
    list_display = (
        "kind",
        "shown_state",
        "store",
        "erp",
        "line_kind",
        "number",
        "tax_code",
        "tax_percent",
    )
    list_editable = ("line_kind", "number", "tax_code", "tax_percent")
    list_select_related = ("store", "erp")
    list_filter = (FilledFilter, "kind", "store", "erp")
    search_fields = ("=number",)
    search_help_text = "Number in the ERP"
    needed = "number"
    waiting_flows = (_FLOW,)
    about = (
        "What of a refund is no item: where goods that were never sent or do not come back, fees that are kept, "
        "goodwill and rounding are posted."
    )
    files = MappingFile(
        CreditLineMapping,
        key=(*_PAIR, Column("kind", "kind")),
        values=(
            Column("line_kind", "line_kind"),
            Column("number", "number"),
            Column("tax_code", "tax_code"),
            Column("tax_percent", "tax_percent"),
        ),
    )

    def release(self, rows: Iterable[Any]) -> None:
        """Return orders name the same lines for the fees that are kept."""
        saved = list(rows)
        super().release(saved)
        release_after_commit(_RETURNS, {int(row.erp_id) for row in saved}, self.waiting_codes)


@admin.register(CreditPolicy)
class CreditPolicyAdmin(PlainAdmin):
    list_display = ("store", "is_on", "restocked_as", "not_restocked_as", "credits_from")
    list_select_related = ("store",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))

    def save_model(self, request: HttpRequest, obj: CreditPolicy, form: Any, change: bool) -> None:
        """Refunds that nobody credited are decided with it."""
        super().save_model(request, obj, form, change)
        if not obj.is_on:
            return
        waiting = StoreRefund.objects.filter(
            connection=obj.store_id, created_at__gte=obj.credits_from, mark="", links=None
        )
        orders = set(waiting.values_list("order", flat=True))
        sent = OrderPolicy.objects.filter(store=obj.store_id).first()
        if sent is not None and orders:
            enqueue(_FLOW, sent.erp_id, orders)
            messages.info(request, f"Refunds of {len(orders)} orders will be decided now.")
