"""Hold rules: written without code, tried against past orders, and what they held is decided again when one changes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.forms import BaseInlineFormSet, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from hub.sync.admin import PlainAdmin, ReadOnlyAdmin, amount
from hub.sync.admin.bases import TabularInline
from hub.sync.admin.shown import badge
from hub.sync.enqueue import enqueue
from hub.sync.releasing import release_after_commit
from orders.admin.policies import of_its_side
from orders.holds.overrides import label_of
from orders.holds.terms import Rule
from orders.holds.trying import MOST_TRIED, tried
from orders.models import HoldCondition, HoldRule, OrderLink, OrderOverride, OrderPolicy

FLOWS = ("push_order_to_erp", "release_held_order")
TRY = "_try"


class Conditions(BaseInlineFormSet[HoldCondition, HoldRule, Any]):
    """The conditions of one rule; one that is switched on has at least one."""

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.has_changed() or form.instance.pk]
        kept = (
            [form for form in kept if not form.cleaned_data.get("DELETE")] if not any(self.errors) else kept
        )
        if self.instance.is_enabled and not kept:
            raise ValidationError(
                "A rule without conditions holds nothing: add one, or choose “every order”."
            )


class HoldConditionInline(TabularInline):
    """One line a condition."""

    model = HoldCondition
    formset = Conditions
    extra = 1
    fields = ("kind", "source", "key", "operator", "value", "currency")
    verbose_name_plural = "conditions"


@admin.register(HoldRule)
class HoldRuleAdmin(PlainAdmin):
    list_display = ("name", "shown_state", "shown_store", "place", "until", "shown_conditions")
    list_filter = ("is_enabled", "store", "place", "until")
    list_select_related = ("store",)
    search_fields = ("name",)
    fields = ("name", "store", "is_enabled", "joined", "place", "until")
    inlines = (HoldConditionInline,)
    change_form_template = "admin/orders/holdrule/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[HoldRule]:
        rules: QuerySet[HoldRule] = super().get_queryset(request)
        return rules.annotate(conditions_count=Count("conditions"))

    @admin.display(description="State", ordering="is_enabled")
    def shown_state(self, rule: HoldRule) -> SafeString:
        return badge("on", "good") if rule.is_enabled else badge("off", "calm")

    @admin.display(description="Store", ordering="store")
    def shown_store(self, rule: HoldRule) -> str:
        return str(rule.store) if rule.store_id else "all stores"

    @admin.display(description="Conditions")
    def shown_conditions(self, rule: Any) -> str:
        return f"{rule.joined} of {rule.conditions_count}"

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))

    # -------------------------------------------------------------------------------------- letting go

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """What the rule held is decided again by what it says now, once its conditions are stored as well."""
        super().save_related(request, form, formsets, change)
        decide_again(form.instance)

    def delete_model(self, request: HttpRequest, obj: HoldRule) -> None:
        decide_again(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[HoldRule]) -> None:
        for rule in queryset:
            decide_again(rule)
        super().delete_queryset(request, queryset)

    # ---------------------------------------------------------------------------------------- trying it

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.try_view)
        return [path("<int:pk>/try/", view, name="orders_holdrule_try"), *super().get_urls()]

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The rule as it is stored, against past orders."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rule = get_object_or_404(HoldRule, pk=pk)
        return self._tried(request, rule, rule.rule())

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """The page of a rule; its button Try looks at what is typed there and saves nothing."""
        if request.method == "POST" and TRY in request.POST:
            entered = self._entered(request, object_id)
            if entered is not None:
                return self._tried(request, *entered)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _entered(self, request: HttpRequest, object_id: str | None) -> tuple[HoldRule, Rule] | None:
        """The rule as it stands in the form; None where it has faults, which the page then shows."""
        stored = self.get_object(request, object_id) if object_id else None
        may = self.has_change_permission(request, stored) if object_id else self.has_add_permission(request)
        if not may:
            raise PermissionDenied
        form = self.get_form(request, stored, change=bool(object_id))(request.POST, instance=stored)
        is_valid = form.is_valid()
        formsets, _ = self._create_formsets(request, form.instance, change=bool(object_id))  # type: ignore[attr-defined]
        if not (all(formset.is_valid() for formset in formsets) and is_valid):
            return None
        rows = [one for formset in formsets for one in formset.forms if one.has_changed() or one.instance.pk]
        kept = [one.instance.condition() for one in rows if not one.cleaned_data.get("DELETE")]
        rule: HoldRule = form.instance
        is_any = rule.joined == HoldRule.Joined.ANY
        return rule, Rule(rule.code, rule.name, is_any, tuple(kept), rule.until)

    def _tried(self, request: HttpRequest, row: HoldRule, rule: Rule) -> HttpResponse:
        found = tried(rule, row.store_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Try {row.name}",
            "rule": row,
            "most": MOST_TRIED,
            "tried": found,
            "rows": [
                (order, amount(order.total, order.currency), [str(one) for one in findings])
                for order, findings in found.shown
            ],
            "address": reverse("admin:orders_holdrule_change", args=[row.pk])
            if row.pk
            else reverse("admin:orders_holdrule_changelist"),
        }
        return TemplateResponse(request, "admin/orders/holdrule/try.html", context)


def decide_again(rule: HoldRule) -> None:
    """Have the orders that this rule holds decided by what is true now, here and in the ERP."""
    policies = (
        OrderPolicy.objects.all()
        if rule.store_id is None
        else OrderPolicy.objects.filter(store=rule.store_id)
    )
    erps = set(policies.values_list("erp_id", flat=True))
    for flow in FLOWS:
        release_after_commit(flow, erps, (rule.code,))
    waiting = OrderLink.objects.filter(connection__in=erps, hold=OrderLink.Hold.HELD)
    for erp_id in erps:
        enqueue(
            "release_held_order", erp_id, waiting.filter(connection=erp_id).values_list("order_id", flat=True)
        )


@admin.register(OrderOverride)
class OrderOverrideAdmin(ReadOnlyAdmin):
    list_display = ("shown_order", "shown_field", "value", "reason", "made_by", "made_at")
    sortable_by = ()
    ordering = ("-pk",)
    search_fields = ("order__name__exact",)
    search_help_text = "The order's name"
    list_select_related = ("order", "made_by")
    fields = ("shown_order", "shown_field", "value", "reason", "made_by", "made_at")
    readonly_fields = ("shown_order", "shown_field")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderOverride]:
        """Documents of the orders are large and not shown here."""
        rows = super().get_queryset(request).select_related("order", "made_by")
        return rows.defer("order__document", "order__payload")

    @admin.display(description="Order")
    def shown_order(self, row: OrderOverride) -> str:
        return str(row.order)

    @admin.display(description="Value of")
    def shown_field(self, row: OrderOverride) -> str:
        return label_of(row.field, {})
