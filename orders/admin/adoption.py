"""How orders that a connector before us carried are recognised, and how far the older ones were looked at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, F, ForeignKey, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from hub.sync.admin import PlainAdmin
from hub.sync.enqueue import enqueue
from orders.admin.policies import of_its_side
from orders.models import AdoptionPolicy, AdoptionRun, OrderLink

State = AdoptionRun.State


@admin.register(AdoptionPolicy)
class AdoptionPolicyAdmin(PlainAdmin):
    list_display = ("__str__", "is_on", "way", "key", "placed_from", "placed_until", "wait_minutes")
    list_select_related = ("store", "erp")

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))


@admin.register(AdoptionRun)
class AdoptionRunAdmin(PlainAdmin):
    """A row is a wish that is worked off at once; its page shows how far it is."""

    list_display = ("policy", "state", "asked", "adopted", "started_at", "finished_at")
    list_select_related = ("policy__store", "policy__erp")
    fields = ("policy", "state", "asked", "adopted", "started_at", "finished_at")
    readonly_fields = ("state", "asked", "adopted", "started_at", "finished_at")
    actions = ("pause", "resume")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AdoptionRun]:
        """With how many orders of the pair were adopted since the run began."""
        links = OrderLink.objects.filter(
            connection=OuterRef("policy__erp"),
            order__connection=OuterRef("policy__store"),
            created_at__gte=OuterRef("started_at"),
        ).exclude(adopted_by="")
        counted = links.order_by().values("connection").annotate(found=Count("pk")).values("found")
        runs: QuerySet[AdoptionRun] = super().get_queryset(request)
        return runs.annotate(
            adopted_since=Coalesce(Subquery(counted, output_field=IntegerField()), 0)
        ).order_by(F("pk").desc())

    @admin.display(description="Adopted since")
    def adopted(self, run: AdoptionRun) -> str:
        return str(getattr(run, "adopted_since", "–"))

    def save_model(self, request: HttpRequest, obj: AdoptionRun, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            enqueue("adopt_orders", obj.policy.erp_id)

    def get_readonly_fields(self, request: HttpRequest, obj: AdoptionRun | None = None) -> tuple[str, ...]:
        """What has begun is not changed: another policy is another run."""
        return (*self.readonly_fields, "policy") if obj else self.readonly_fields

    @admin.action(description="Pause", permissions=["decide"])
    def pause(self, request: HttpRequest, runs: QuerySet[AdoptionRun]) -> None:
        """No further page is asked for; what was asked for goes on."""
        paused = AdoptionRun.objects.filter(pk__in=_keys(runs), state=State.RUNNING).update(
            state=State.PAUSED
        )
        messages.success(request, f"{paused} paused.")

    @admin.action(description="Resume", permissions=["decide"])
    def resume(self, request: HttpRequest, runs: QuerySet[AdoptionRun]) -> None:
        """Go on behind the last page."""
        with transaction.atomic():
            waiting = AdoptionRun.objects.filter(pk__in=_keys(runs), state=State.PAUSED)
            erps = set(waiting.values_list("policy__erp", flat=True))
            resumed = waiting.update(state=State.RUNNING)
            for erp_id in sorted(erps):
                enqueue("adopt_orders", erp_id)
        messages.success(request, f"{resumed} go on.")


def _keys(runs: QuerySet[AdoptionRun]) -> list[int]:
    return list(runs.values_list("pk", flat=True))
