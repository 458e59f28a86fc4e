"""Which ERP orders appear in which store, and how far the filling in of older ones has come."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest

from hub.sync.admin import PlainAdmin
from hub.sync.enqueue import enqueue
from orders.admin.policies import of_its_side
from orders.models import OfflineBackfill, OfflineOrderPolicy

State = OfflineBackfill.State


@admin.register(OfflineOrderPolicy)
class OfflineOrderPolicyAdmin(PlainAdmin):
    list_display = ("__str__", "is_on", "orders_from", "way", "from_stage", "unlisted", "notifies_buyer")
    list_select_related = ("store", "erp")
    actions = ("define_metafields",)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))

    @admin.action(description="Define the metafields that buyers see", permissions=["decide"])
    def define_metafields(self, request: HttpRequest, policies: QuerySet[OfflineOrderPolicy]) -> None:
        """Ask for the definitions again; those that are there stay as they are."""
        stores = set(policies.values_list("store", flat=True))
        for store_id in sorted(stores):
            enqueue("define_order_metafields", store_id)
        messages.success(request, f"The metafields of {len(stores)} stores will be looked at now.")


@admin.register(OfflineBackfill)
class OfflineBackfillAdmin(PlainAdmin):
    """A row is a wish that is worked off at once; its page shows how far it is."""

    list_display = ("__str__", "state", "seen", "asked", "left_out", "started_at", "finished_at")
    list_select_related = ("policy__store", "policy__erp")
    fields = ("policy", "orders_from", "state", "seen", "asked", "left_out", "started_at", "finished_at")
    readonly_fields = ("state", "seen", "asked", "left_out", "started_at", "finished_at")
    actions = ("pause", "resume")

    def save_model(self, request: HttpRequest, obj: OfflineBackfill, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            enqueue("backfill_store_orders", obj.policy.store_id)

    def get_readonly_fields(
        self, request: HttpRequest, obj: OfflineBackfill | None = None
    ) -> tuple[str, ...]:
        """What has begun is not changed: another day is another backfill."""
        return (*self.readonly_fields, "policy", "orders_from") if obj else self.readonly_fields

    @admin.action(description="Pause", permissions=["decide"])
    def pause(self, request: HttpRequest, backfills: QuerySet[OfflineBackfill]) -> None:
        """No further page is asked for; what was asked for goes on."""
        paused = backfills.filter(state=State.RUNNING).update(state=State.PAUSED)
        messages.success(request, f"{paused} paused.")

    @admin.action(description="Resume", permissions=["decide"])
    def resume(self, request: HttpRequest, backfills: QuerySet[OfflineBackfill]) -> None:
        """Go on behind the last page."""
        with transaction.atomic():
            waiting = backfills.filter(state=State.PAUSED)
            stores = set(waiting.values_list("policy__store", flat=True))
            resumed = waiting.update(state=State.RUNNING)
            for store_id in sorted(stores):
                enqueue("backfill_store_orders", store_id)
        messages.success(request, f"{resumed} go on.")
