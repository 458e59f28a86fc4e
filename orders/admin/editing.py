"""The page on which a person enters values for one order and approves it with them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from hub.sync import review
from hub.sync.admin.reviews import REASON, SHOWN
from hub.sync.models import ReviewItem
from orders.holds.editing import approve_with, entries, faults_of, may_be_edited
from orders.mirroring import document_of
from orders.models import StoreOrder
from orders.order_fields import fields_taken


def edit_page(page: ModelAdmin[StoreOrder], request: HttpRequest, pk: int, item_id: int) -> HttpResponse:
    """Asks for the values; pressing Approve stores them and approves, for what the page showed."""
    order = get_object_or_404(StoreOrder.objects.select_related("connection").defer("payload"), pk=pk)
    item = get_object_or_404(ReviewItem.objects.select_related("connection"), pk=item_id)
    if not (page.has_view_permission(request, order) and review.may_decide(request.user, item.code)):
        raise PermissionDenied
    if item.subject != f"order:{pk}":
        raise Http404
    back = reverse("admin:orders_storeorder_change", args=[pk])
    if not may_be_edited(item):
        messages.error(
            request, "This question is closed, or the order is in the ERP already: change it there."
        )
        return HttpResponseRedirect(back)
    taken = fields_taken(item.connection.system, item.connection.config)
    rows = entries(order, document_of(order), taken)
    values = {row.name: request.POST.get(row.name, row.entered).strip() for row in rows}
    faults: dict[str, str] = {}
    if request.method == "POST":
        faults = faults_of(values, taken)
        reason = request.POST.get(REASON, "").strip()
        if not reason:
            faults[REASON] = "Say why."
        if not faults:
            return _approved(request, item, values, reason, back)
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": f"Edit and approve {order.name}",
        "order": order,
        "item": item,
        "shown_as": SHOWN,
        "shown": request.POST.get(f"{SHOWN}{item.pk}", item.fingerprint),
        "rows": [(row, values[row.name], faults.get(row.name, "")) for row in rows],
        "reason": request.POST.get(REASON, ""),
        "reason_fault": faults.get(REASON, ""),
        "back": back,
    }
    return TemplateResponse(request, "admin/orders/storeorder/edit.html", context)


def _approved(
    request: HttpRequest, item: ReviewItem, values: dict[str, str], reason: str, back: str
) -> HttpResponse:
    shown = request.POST.get(f"{SHOWN}{item.pk}", "")
    refusal = approve_with(item, values, shown=shown, user_id=request.user.pk, reason=reason)
    if refusal:
        messages.error(request, f"Not approved: {refusal}")
    else:
        review.run_again(item)
        messages.success(request, "Approved with the values that you entered. It goes to the ERP now.")
    return HttpResponseRedirect(back)
