"""What follows from changes after sending, by store; and the page on which a person picks value by value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from hub.sync import review
from hub.sync.admin import PlainAdmin
from hub.sync.admin.bases import TabularInline
from hub.sync.admin.reviews import SHOWN
from hub.sync.admin.shown import badge
from hub.sync.models import ReviewItem
from hub.sync.releasing import release_after_commit
from orders.admin.policies import of_its_side
from orders.changes.asking import CODE, LABELS, Row, answer, asked_rows
from orders.changes.hints import FLOW
from orders.changes.settling import Pick
from orders.models import ChangeOwner, OrderAgreement, OrderChangePolicy, OrderPolicy, StoreOrder

# A row's answer is in the field of this name and the row's number.
PICK = "pick-"


class ChangeOwnerInline(TabularInline):
    """One line a field."""

    model = ChangeOwner
    extra = 0
    fields = ("field", "owner")
    verbose_name_plural = "whose value is taken where both sides changed a field"


@admin.register(OrderChangePolicy)
class OrderChangePolicyAdmin(PlainAdmin):
    list_display = ("store", "shown_erp_edits", "shown_corrections", "cancels_in_store", "notifies_buyer")
    list_select_related = ("store",)
    inlines = (ChangeOwnerInline,)

    @admin.display(description="ERP edits", ordering="accepts_erp_edits")
    def shown_erp_edits(self, policy: OrderChangePolicy) -> SafeString:
        return _shown(policy.accepts_erp_edits, policy.erp_edits_until)

    @admin.display(description="Corrections of the ERP", ordering="corrects_erp")
    def shown_corrections(self, policy: OrderChangePolicy) -> SafeString:
        return _shown(policy.corrects_erp, policy.corrections_until)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """What was asked about changes is decided again by what the policy says now."""
        super().save_related(request, form, formsets, change)
        erps = list(OrderPolicy.objects.filter(store=form.instance.store).values_list("erp", flat=True))
        release_after_commit("push_order_to_erp", erps, ("changed_after_sending",))
        release_after_commit(FLOW, erps, (CODE,))


def _shown(is_on: bool, until: str) -> SafeString:
    return badge(f"before {until}", "good") if is_on else badge("a person is asked", "calm")


# ------------------------------------------------------------------------------------------- picking values


def pick_page(page: ModelAdmin[StoreOrder], request: HttpRequest, pk: int, item_id: int) -> HttpResponse:
    """Both sides and what they agreed on last, side by side; the answer holds for exactly what was shown."""
    order = get_object_or_404(
        StoreOrder.objects.select_related("connection").defer("payload", "document"), pk=pk
    )
    item = get_object_or_404(ReviewItem.objects.select_related("connection"), pk=item_id)
    if not (page.has_view_permission(request, order) and review.may_decide(request.user, item.code)):
        raise PermissionDenied
    if (item.subject, item.code) != (f"order:{pk}", CODE):
        raise Http404
    back = reverse("admin:orders_storeorder_change", args=[pk])
    agreement = OrderAgreement.objects.filter(link__order=order, link__connection=item.connection).first()
    if agreement is None or item.state != ReviewItem.State.OPEN:
        messages.error(request, "This question is closed.")
        return HttpResponseRedirect(back)
    rows = asked_rows(agreement)
    picked = [request.POST.get(f"{PICK}{number}", row.decision.pick) for number, row in enumerate(rows)]
    fault = ""
    if request.method == "POST":
        shown = request.POST.get(f"{SHOWN}{item.pk}", "")
        fault = answer(item, agreement, picked, shown=shown, user_id=request.user.pk)
        if not fault:
            messages.success(request, "Decided. Both sides are brought to it now.")
            return HttpResponseRedirect(back)
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": f"Decide about {order.name}",
        "order": order,
        "item": item,
        "shown_as": SHOWN,
        "rows": _shown_rows(rows, picked),
        "fault": fault,
        "back": back,
    }
    return TemplateResponse(request, "admin/orders/storeorder/pick.html", context)


def _shown_rows(rows: Sequence[Row], picked: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{PICK}{number}",
            "what": row.what,
            "why": row.why,
            "choices": [
                {
                    "pick": choice.value,
                    "label": LABELS[choice],
                    "value": _value(row, choice),
                    "is_picked": choice.value == pick,
                    "cannot": row.cannot.get(choice.value, ""),
                }
                for choice in (Pick.BASE, Pick.STORE, Pick.ERP, Pick.LEAVE)
            ],
        }
        for number, (row, pick) in enumerate(zip(rows, picked, strict=True))
    ]


def _value(row: Row, choice: Pick) -> str:
    return {Pick.BASE: row.base, Pick.STORE: row.store, Pick.ERP: row.erp}.get(choice, "each keeps its own")
