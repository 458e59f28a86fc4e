"""API keys are made, renewed and revoked here (`manage.py api_key` makes some, too). A key is shown once, on the page
that answers its making or its renewal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
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


class RenewalForm(forms.Form):
    """How long the secret that a key has goes on to open, and which one that is: `seen` is when the key was renewed."""

    grace = forms.TypedChoiceField(
        choices=[
            (0, "at once: somebody else may know it"),
            (1, "in one hour"),
            (24, "in one day"),
            (7 * 24, "in seven days"),
            (30 * 24, "in thirty days"),
        ],
        coerce=int,
        widget=forms.RadioSelect,
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)


@admin.register(ApiKey)
class ApiKeyAdmin(PlainAdmin):
    """Keys are revoked, not deleted: what a key was and when it was used last stays known."""

    form = ApiKeyForm
    list_display = ("name", "prefix", "standing", "scopes", "expires_at", "last_used_at")
    search_fields = ("name", "=prefix")
    readonly_fields = (
        "prefix",
        "standing",
        "created_by",
        "created_at",
        "last_used_at",
        "renewed_at",
        "old_ends_at",
        "old_used_at",
        "revoked_at",
    )
    filter_horizontal = ("connections",)
    actions = ("end_old_secret", "revoke")
    change_form_template = "admin/api/apikey/change_form.html"

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
        return self._shown_once(request, obj, vars(obj)["shown_once"])

    def _shown_once(self, request: HttpRequest, key: ApiKey, secret: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "API key renewed" if key.renewed_at else "API key made",
            "opts": self.opts,
            "key": key,
            "secret": secret,
        }
        answer = TemplateResponse(request, "admin/api/apikey/made.html", context)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    # -------------------------------------------------------------------------------------------- renewal

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.renew_view)
        return [path("<int:pk>/renew/", view, name="api_apikey_renew"), *super().get_urls()]

    def renew_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asks how long the old secret goes on to open, then renews and shows the new one, once.

        Whoever is shown it can use the key: that needs the right to make keys, beside the right to change this one.
        """
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        with transaction.atomic():
            key = get_object_or_404(ApiKey.objects.select_for_update(), pk=pk)
            seen = key.renewed_at.isoformat() if key.renewed_at else ""
            form = RenewalForm(request.POST or None, initial={"seen": seen})
            address = reverse("admin:api_apikey_change", args=[pk])
            if refusal := self._why_not_renewed(request, key, seen):
                messages.error(request, refusal)
                return HttpResponseRedirect(address)
            if form.is_valid():
                return self._renewed(request, key, timedelta(hours=form.cleaned_data["grace"]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Renew {key.name}",
            "opts": self.opts,
            "key": key,
            "form": form,
            "still_opens": not key.why_old_refused(timezone.now()),
            "address": address,
        }
        return TemplateResponse(request, "admin/api/apikey/renew.html", context)

    def _why_not_renewed(self, request: HttpRequest, key: ApiKey, seen: str) -> str:
        now = timezone.now()
        if key.why_refused(now):
            return f"{key.name} is revoked or has expired: it opens nothing, whatever its secret. Make another key."
        if request.method == "POST" and request.POST.get("seen", "") != seen:
            # A page that is sent again would end the secret that the partner still uses.
            return (
                f"{key.name} was renewed at {key.renewed_at:%Y-%m-%d %H:%M:%S} UTC, since that page was opened. "
                "Nothing was changed. Where the secret that was shown then is lost, renew it again."
            )
        return ""

    def _renewed(self, request: HttpRequest, key: ApiKey, grace: timedelta) -> HttpResponse:
        secret = keys.renew(key, grace, timezone.now())
        key.save()
        self.log_change(
            request, key, f"Renewed. The old secret ends at {key.old_ends_at:%Y-%m-%d %H:%M:%S} UTC."
        )
        return self._shown_once(request, key, secret)

    @admin.action(description="End the old secret", permissions=["change"])
    def end_old_secret(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        now = timezone.now()
        ended = chosen.filter(old_ends_at__gt=now)
        for key in ended:
            key.old_ends_at = now
            key.save(update_fields=["old_ends_at"])
            self.log_change(request, key, "The old secret was ended.")
        self.message_user(
            request, "Ended: requests with a secret from before a renewal are refused from now on."
        )

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        for key in chosen.filter(revoked_at=None):
            key.revoked_at = timezone.now()
            key.save(update_fields=["revoked_at"])
            self.log_change(request, key, "Revoked.")
        self.message_user(request, "Revoked: requests with these keys are refused from now on.")
