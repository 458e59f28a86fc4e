"""Quote requests, the ERP's quotes that were made of them, and what a store asks of a request."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from hub.sync.admin import LinkAdmin, MirrorAdmin, PlainAdmin, amount
from hub.sync.admin.shown import badge
from hub.sync.enqueue import enqueue
from orders.admin.policies import of_its_side
from orders.models import QuoteLink, QuotePolicy, StoreQuote

_KINDS = {"won": "good", "open": "busy", "ordered": "busy", "lost": "calm", "expired": "calm"}


@admin.register(QuotePolicy)
class QuotePolicyAdmin(PlainAdmin):
    list_display = ("__str__", "is_on", "needs_po_number", "needed_attributes", "asks_sales", "valid_days")
    list_select_related = ("store", "erp")

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))


@admin.register(StoreQuote)
class StoreQuoteAdmin(MirrorAdmin):
    list_display = ("name", "po_number", "location", "status", "shown_total", "asked_at", "connection")
    sortable_by = ("name",)
    search_fields = ("name__exact", "po_number__exact")
    search_help_text = "The request's name or its PO number"
    list_filter = ("status", "connection")
    list_select_related = ("connection", "location")
    actions = ("decide_again",)

    @admin.display(description="Total")
    def shown_total(self, quote: StoreQuote) -> str:
        return amount(quote.total, quote.currency)

    @admin.action(description="Decide again", permissions=["decide"])
    def decide_again(self, request: HttpRequest, quotes: QuerySet[StoreQuote]) -> None:
        """Decide these requests by what holds now; what is in the ERP is not sent twice."""
        erps = dict(QuotePolicy.objects.filter(is_on=True).values_list("store_id", "erp_id"))
        chosen = list(quotes.values_list("pk", "connection_id"))
        for key, store_id in chosen:
            if store_id in erps:
                enqueue("push_quote_to_erp", erps[store_id], [key])
        messages.success(request, f"{sum(store in erps for _, store in chosen)} will be decided now.")


@admin.register(QuoteLink)
class QuoteLinkAdmin(LinkAdmin):
    list_display = (
        "number",
        "quote",
        "shown_state",
        "valid_until",
        "shown_total",
        "connection",
        "created_at",
    )
    sortable_by = ("number",)
    search_fields = ("number__exact",)
    search_help_text = "The quote's number"
    list_filter = ("state", "connection")
    list_select_related = ("quote", "connection")

    def get_queryset(self, request: HttpRequest) -> QuerySet[QuoteLink]:
        """Documents are large and not shown here."""
        links: QuerySet[QuoteLink] = super().get_queryset(request)
        return links.select_related("quote", "connection").defer("quote__document")

    @admin.display(description="State", ordering="state")
    def shown_state(self, link: QuoteLink) -> SafeString:
        return badge(link.get_state_display(), _KINDS[link.state])

    @admin.display(description="Total")
    def shown_total(self, link: QuoteLink) -> str:
        return amount(link.erp_total, link.currency) if link.erp_total is not None else "–"
