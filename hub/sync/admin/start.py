"""The first page: what waits for a person, and where everything is. Each sees what their permissions name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from hub.sync.admin.mappings import MappingAdmin
from hub.sync.models import Alert, Erp, ReviewItem, Store, SyncTask


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many rows wait on this page."""

    count: int
    words: str
    address: str


def start_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK: the template's context."""
    groups = [
        {"title": group["title"], "items": [item for item in group["items"] if item["has_permission"]]}
        for group in context.get("sidebar_navigation", [])
    ]
    return {
        **context,
        "groups": [group for group in groups if group["items"]],
        "waiting": [entry for entry in _waiting(request) if entry.count],
    }


def _waiting(request: HttpRequest) -> list[Waiting]:
    # What one of them is called, and several.
    found: list[tuple[QuerySet[Any], str, str, str]] = [
        (
            ReviewItem.objects.filter(state=ReviewItem.State.OPEN),
            "review item to decide",
            "review items to decide",
            "",
        ),
        (Alert.objects.filter(closed_at=None), "open alert", "open alerts", "closed_at__isempty=1"),
        (
            SyncTask.objects.filter(state=SyncTask.State.QUARANTINED),
            "task failed too often",
            "tasks failed too often",
            f"state__exact={SyncTask.State.QUARANTINED}",
        ),
        (Store.objects.exclude(paused_at=None), "paused store", "paused stores", ""),
        (Erp.objects.exclude(paused_at=None), "paused ERP", "paused ERPs", ""),
        *_mappings(),
    ]
    counted = [
        (rows.count(), one, several, f"{_list_of(rows.model)}?{query}".rstrip("?"))
        for rows, one, several, query in found
        if admin.site.get_model_admin(rows.model).has_view_permission(request)
    ]
    return [
        Waiting(count, one if count == 1 else several, address) for count, one, several, address in counted
    ]


def _mappings() -> Iterator[tuple[QuerySet[Any], str, str, str]]:
    for model, page in admin.site._registry.items():
        if isinstance(page, MappingAdmin):
            empty = model._default_manager.filter(**{page.needed: ""})
            one, several = model._meta.verbose_name, model._meta.verbose_name_plural
            yield empty, f"{one} without a value", f"{several} without a value", "filled=no"


def _list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
