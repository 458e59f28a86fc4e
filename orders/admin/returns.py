"""What came back to stores: refunds, returns, which credit each refund is, and who decides about them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from hub.sync.admin import LinkAdmin, MirrorAdmin, PlainAdmin
from hub.sync.admin.shown import badge
from hub.sync.enqueue import enqueue
from orders.admin.policies import of_its_side
from orders.models import (
    CreditLink,
    ErpCredit,
    OrderLink,
    RefundPolicy,
    ReturnLink,
    StoreRefund,
    StoreReturn,
)
from orders.returns.hints import ask_for_returns

_TONES = {"": "good", "done": "good", "pending": "busy", "failed": "bad"}


class _OfOrder(MirrorAdmin):
    """Documents of the orders are large and not shown here."""

    sortable_by = ()
    list_filter = ("connection",)
    list_select_related = ("connection", "order")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("connection", "order").defer("order__document", "order__payload")


@admin.register(StoreRefund)
class StoreRefundAdmin(_OfOrder):
    list_display = (
        "external_id",
        "order",
        "explained",
        "moved",
        "currency",
        "shown_money",
        "mark",
        "connection",
        "created_at",
    )
    search_fields = ("external_id__exact", "mark__exact")
    search_help_text = "The refund's id in the store, or our mark in its note"

    @admin.display(description="Money")
    def shown_money(self, refund: StoreRefund) -> SafeString:
        return badge(refund.get_money_display(), _TONES[refund.money])


@admin.register(StoreReturn)
class StoreReturnAdmin(_OfOrder):
    list_display = ("name", "order", "shown_state", "connection", "created_at")
    search_fields = ("name__exact",)
    search_help_text = "The return's name in the store"

    @admin.display(description="State")
    def shown_state(self, row: StoreReturn) -> SafeString:
        return badge(row.state, "busy" if row.state in ("requested", "open") else "good")


@admin.register(CreditLink)
class CreditLinkAdmin(LinkAdmin):
    list_display = ("number", "refund", "connection", "origin", "is_adopted", "state", "created_at")
    sortable_by = ()
    search_fields = ("number__exact", "external_id__exact")
    search_help_text = "The credit's number or id in the ERP"
    list_filter = ("origin", "connection")
    list_select_related = ("refund__order", "connection")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CreditLink]:
        """Documents are not shown here."""
        links: QuerySet[CreditLink] = super().get_queryset(request)
        chosen = links.select_related("refund__order", "connection")
        return chosen.defer("refund__document", "refund__order__document", "refund__order__payload")


@admin.register(ReturnLink)
class ReturnLinkAdmin(LinkAdmin):
    list_display = ("number", "returned", "connection", "is_adopted", "created_at")
    sortable_by = ()
    search_fields = ("number__exact", "external_id__exact")
    search_help_text = "The return order's number or id in the ERP"
    list_filter = ("connection",)
    list_select_related = ("returned", "connection")


@admin.register(RefundPolicy)
class RefundPolicyAdmin(PlainAdmin):
    list_display = (
        "store",
        "is_on",
        "approval",
        "inspection",
        "erp_returns",
        "sends_refunds",
        "refunds_from",
        "notifies_buyer",
    )
    list_select_related = ("store",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))

    def save_model(self, request: HttpRequest, obj: RefundPolicy, form: Any, change: bool) -> None:
        """What waits for a decision is decided by it; the store's webhooks of returns are asked for."""
        super().save_model(request, obj, form, change)
        if not obj.is_on:
            return
        waiting = StoreReturn.objects.filter(connection=obj.store_id, state="requested")
        asked = ask_for_returns(obj.store, keys=set(waiting.values_list("order", flat=True)))
        open_ones = StoreReturn.objects.filter(connection=obj.store_id, state="open")
        enqueue("process_store_returns", obj.store_id, set(open_ones.values_list("order", flat=True)))
        enqueue("decide_store_return", obj.store_id, waiting.values_list("pk", flat=True))
        _announce(obj)
        begun = ErpCredit.objects.filter(
            order__connection=obj.store_id, is_return=True, refund_external_id="", returned_external_id=""
        )
        enqueue("push_return_to_store", obj.store_id, set(begun.values_list("order", flat=True)))
        enqueue("check_subscriptions", obj.store_id)
        enqueue("pull_store_returns", obj.store_id)
        if asked:
            messages.info(request, f"Return requests of {asked} orders will be decided now.")


def _announce(policy: RefundPolicy) -> None:
    """Returns under way get their return orders, where the ERP's decide from now on."""
    if policy.approval != RefundPolicy.Approval.ERP:
        return
    under_way = StoreReturn.objects.filter(connection=policy.store_id, state__in=("requested", "open"))
    links = OrderLink.objects.filter(order__in=under_way.values("order"))
    for erp_id in set(links.values_list("connection", flat=True)):
        of_it = links.filter(connection=erp_id)
        enqueue("push_return_to_erp", erp_id, set(of_it.values_list("order", flat=True)))
