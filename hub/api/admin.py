"""API keys are made and revoked here (`manage.py api_key` makes some, too). A key is shown once, on the page that
answers its making."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from hub.api import keys
from hub.api.models import ApiKey, Scope
from hub.sync.admin.bases import PlainAdmin


class ApiKeyForm(forms.ModelForm[ApiKey]):
    """What a key may read, and of which connections."""

    scopes = forms.MultipleChoiceField(choices=Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget)

    class Meta:
        model = ApiKey
        fields = (
            "name",
            "scopes",
            "sees_all_connections",
            "connections",
            "requests_per_minute",
            "expires_at",
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        sees_all, chosen = cleaned.get("sees_all_connections"), cleaned.get("connections")
        if not sees_all and not chosen:
            self.add_error("connections", "Choose at least one connection, or let the key see all of them.")
        if sees_all and chosen:
            self.add_error("connections", "Choose none where the key sees all of them.")
        return cleaned


@admin.register(ApiKey)
class ApiKeyAdmin(PlainAdmin):
    """Keys are revoked, not deleted: what a key was and when it was used last stays known."""

    form = ApiKeyForm
    list_display = ("name", "prefix", "standing", "scopes", "expires_at", "last_used_at")
    search_fields = ("name", "=prefix")
    readonly_fields = ("prefix", "standing", "created_by", "created_at", "last_used_at", "revoked_at")
    filter_horizontal = ("connections",)
    actions = ("revoke",)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    @admin.display(description="Standing")
    def standing(self, key: ApiKey) -> str:
        return key.why_refused(timezone.now()).partition(".")[0] or "In use"

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if not change:
            obj.created_by_id = request.user.pk
            # For the page that answers this request; it is kept nowhere.
            vars(obj)["shown_once"] = keys.issue(obj)
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The new key, once. A redirect would have to carry it in a cookie or a session."""
        context = {
            **self.admin_site.each_context(request),
            "title": "API key made",
            "opts": self.opts,
            "key": obj,
            "secret": vars(obj)["shown_once"],
        }
        answer = TemplateResponse(request, "admin/api/apikey/made.html", context)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        for key in chosen.filter(revoked_at=None):
            key.revoked_at = timezone.now()
            key.save(update_fields=["revoked_at"])
            self.log_change(request, key, "Revoked.")
        self.message_user(request, "Revoked: requests with these keys are refused from now on.")
