"""Orders as both sides hold them, and the links between."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from hub.sync.admin import LinkAdmin, MirrorAdmin, amount
from hub.sync.admin.reviews import SHOWN
from hub.sync.admin.shown import badge
from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from orders.admin.changes import pick_page
from orders.admin.editing import edit_page
from orders.admin.page import order_page
from orders.admin.searching import MOST_BEGINNING, links_named, orders_named
from orders.models import ErpOrder, OrderLink, OrderPolicy, StoreOrder
from orders.states import with_state

_KINDS = {"sent": "good", "held": "bad", "waiting": "busy"}


@admin.register(StoreOrder)
class StoreOrderAdmin(MirrorAdmin):
    list_display = (
        "name",
        "shown_po_number",
        "shown_state",
        "shown_erp_number",
        "location",
        "shown_total",
        "placed_at",
        "store",
    )
    ordering = ("-placed_at", "-pk")
    sortable_by = ("name", "placed_at")
    # The search is ours: see get_search_results.
    search_fields = ("name",)
    search_help_text = "PO number, order name or ERP number"
    list_filter = ("connection", "is_test")
    list_select_related = ("connection", "location")
    fields = ()
    actions = ("send_to_erp",)
    change_form_template = "admin/orders/storeorder/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoreOrder]:
        """Documents are large: lists do not load them."""
        orders = super().get_queryset(request).select_related("connection", "location")
        if _is_of_one(request):
            return orders.select_related("metafields").defer("payload")
        numbers = Prefetch("links", OrderLink.objects.only("order", "number").order_by("pk"))
        return with_state(orders.defer("document", "payload")).prefetch_related(numbers)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StoreOrder], search_term: str
    ) -> tuple[QuerySet[StoreOrder], bool]:
        if not search_term.strip():
            return queryset, False
        found = orders_named(search_term)
        if found.is_cut:
            messages.info(
                request, f"More than {MOST_BEGINNING} PO numbers begin so. These are the first of them."
            )
        return queryset.filter(found.where), False

    @admin.display(description="PO number", ordering="po_key")
    def shown_po_number(self, order: StoreOrder) -> str:
        return order.po_number or "–"

    @admin.display(description="State")
    def shown_state(self, order: Any) -> SafeString:
        return badge(str(order.state).replace("_", " "), _KINDS.get(order.state, "calm"))

    @admin.display(description="ERP number")
    def shown_erp_number(self, order: StoreOrder) -> str:
        return ", ".join(link.shown_number for link in order.links.all()) or "–"

    @admin.display(description="Store")
    def store(self, order: StoreOrder) -> str:
        return str(order.connection)

    @admin.display(description="Total")
    def shown_total(self, order: StoreOrder) -> str:
        return amount(order.total, order.currency)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.edit_view)
        name = "orders_storeorder_edit"
        pick = self.admin_site.admin_view(self.pick_view)
        return [
            path("<int:pk>/edit-and-approve/<int:item_id>/", view, name=name),
            path("<int:pk>/pick/<int:item_id>/", pick, name="orders_storeorder_pick"),
            *super().get_urls(),
        ]

    def edit_view(self, request: HttpRequest, pk: int, item_id: int) -> HttpResponse:
        """Values that a person enters for one order, with the approval of a question about it."""
        return edit_page(self, request, pk, item_id)

    def pick_view(self, request: HttpRequest, pk: int, item_id: int) -> HttpResponse:
        """Which value both sides shall have where they differ."""
        return pick_page(self, request, pk, item_id)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The order's page; its buttons are those of the lists, for people who may press them there."""
        order = self.get_object(request, object_id)
        extra = dict(extra_context or {})
        if order is not None and self.has_view_permission(request, order):
            reviews = self.admin_site.get_model_admin(ReviewItem)
            extra |= {
                **order_page(
                    order,
                    may_look_at=lambda model: request.user.has_perm(_view_permission(model)),
                    decisions=lambda item: reviews.decisions(request, item),  # type: ignore[attr-defined]
                ),
                "may_send": self.has_decide_permission(request),
                "shown_as": SHOWN,
                "title": f"Order {order.name}",
                "subtitle": None,
            }
        return super().change_view(request, object_id, form_url, extra)

    @admin.action(description="Send to ERP", permissions=["decide"])
    def send_to_erp(self, request: HttpRequest, orders: QuerySet[StoreOrder]) -> None:
        """Decide these orders again now; what is in the ERP already is not sent twice."""
        chosen = list(orders.values_list("pk", "name", "connection_id"))
        erps = dict(OrderPolicy.objects.values_list("store_id", "erp_id"))
        for key, name, store_id in chosen:
            if store_id in erps:
                enqueue("push_order_to_erp", erps[store_id], [key])
            else:
                messages.error(request, f"{name}: its store has no order policy, which says where it goes.")
        going = sum(store_id in erps for _, _, store_id in chosen)
        if going:
            messages.success(request, f"{going} will be decided now.")


def _view_permission(model: str) -> str:
    """`sync_apicall` → sync.view_apicall"""
    app, _, name = model.partition("_")
    return f"{app}.view_{name}"


def _is_of_one(request: HttpRequest) -> bool:
    match = request.resolver_match
    return bool(match and "object_id" in match.kwargs)


@admin.register(ErpOrder)
class ErpOrderAdmin(MirrorAdmin):
    list_display = ("number", "reference", "connection", "status", "shown_total", "remote_updated_at")
    sortable_by = ("number",)
    search_fields = ("number__exact",)
    search_help_text = "The document's number"
    list_filter = ("connection", "is_posted_invoice")
    list_select_related = ("connection",)

    @admin.display(description="Total")
    def shown_total(self, order: ErpOrder) -> str:
        return amount(order.total_including_tax, order.currency)


class VarianceFilter(admin.SimpleListFilter):
    """Links whose tax differs within what a tax policy accepts."""

    title = "tax variance"
    parameter_name = "variance"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "accepted by a tax policy")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[OrderLink]) -> QuerySet[OrderLink]:
        return queryset.exclude(tax_variance=None) if self.value() == "yes" else queryset


@admin.register(OrderLink)
class OrderLinkAdmin(LinkAdmin):
    list_display = (
        "number",
        "order",
        "connection",
        "shown_expected",
        "shown_erp",
        "shown_totals",
        "created_at",
    )
    sortable_by = ("number",)
    # The search is ours: see get_search_results.
    search_fields = ("number",)
    search_help_text = "ERP number, order name or PO number"
    list_filter = ("totals", VarianceFilter, "connection")
    list_select_related = ("order", "connection")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLink]:
        """Documents of the orders are large and not shown here."""
        links = super().get_queryset(request).select_related("order", "connection")
        return links.defer("order__document", "order__payload", "sent_document", "sent_reasons")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[OrderLink], search_term: str
    ) -> tuple[QuerySet[OrderLink], bool]:
        return (queryset.filter(links_named(search_term)) if search_term.strip() else queryset), False

    @admin.display(description="Expected")
    def shown_expected(self, link: OrderLink) -> str:
        return amount(link.expected_total, link.currency)

    @admin.display(description="In the ERP")
    def shown_erp(self, link: OrderLink) -> str:
        return amount(link.erp_total, link.currency)

    @admin.display(description="Totals", ordering="totals")
    def shown_totals(self, link: OrderLink) -> str:
        words = str(link.get_totals_display())
        if link.tax_variance is None:
            return words
        return f"{words} but for {amount(link.tax_variance, link.currency)} of tax"
