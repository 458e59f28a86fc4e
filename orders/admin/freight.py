"""Freight: the store's policy (on its page as well), the rate table, and what buyers were offered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminPasswordWidget

from hub.sync.admin import MappingAdmin, PlainAdmin, ReadOnlyAdmin
from hub.sync.admin.bases import StackedInline
from hub.sync.admin.connections import StoreAdmin
from hub.sync.admin.mappings import connection_column
from hub.sync.enqueue import enqueue
from hub.sync.flows import FLOWS
from hub.sync.mapping_files import Column, MappingFile
from hub.sync.models import TaskHistory
from orders.admin.policies import of_its_side
from orders.models import FreightPolicy, FreightQuote, FreightRate
from orders.models.freight import faults

FLOW = "check_carrier_service"


class FreightPolicyForm(forms.ModelForm[FreightPolicy]):
    """The policy, and the secret of its endpoint, which is never shown."""

    endpoint_secret = forms.CharField(
        required=False,
        max_length=500,
        label="Secret of the endpoint",
        help_text="Sent as bearer token. Leave empty to keep what is stored.",
        widget=UnfoldAdminPasswordWidget(render_value=False, attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = FreightPolicy
        fields = (
            "store",
            "owner",
            "sources",
            "carrier_name",
            "endpoint_url",
            "live_milliseconds",
            "fresh_minutes",
            "usable_hours",
            "serves_po_boxes",
            "last_method_code",
            "last_title",
            "last_price",
            "last_currency",
        )
        # Not the model's: what holds for endpoint, rate table and last resort is said where the owner is chosen.
        help_texts: ClassVar[dict[str, str]] = {
            "owner": "The ERP's prices must be said as the store's are: with tax where the store's prices include tax, "
            "without it elsewhere. Concord does not convert them (docs/freight.md)."
        }

    def clean_endpoint_url(self) -> str:
        """Only addresses that a live call may go to."""
        url = str(self.cleaned_data["endpoint_url"]).strip()
        parts = urlsplit(url)
        schemes = ("https", "http") if settings.FREIGHT_ALLOWS_PRIVATE else ("https",)
        if url and (parts.scheme not in schemes or not parts.hostname or parts.username is not None):
            raise forms.ValidationError("It begins with https:// and names a host, without a user name.")
        return url

    def save(self, commit: bool = True) -> FreightPolicy:
        if given := self.cleaned_data.get("endpoint_secret"):
            self.instance.secrets = {"endpoint_secret": given}
        return super().save(commit)


def shown_carrier(policy: FreightPolicy | None) -> SafeString:
    """What the last look at the store's carrier said."""
    if policy is None or policy.pk is None:
        return format_html("{}", "not looked at yet")
    subject = FLOWS[FLOW].lock_name(FLOW, policy.store_id, 0)
    last = TaskHistory.objects.filter(subject=subject).order_by("-id").first()
    said = f"{last.message} ({last.finished_at:%Y-%m-%d %H:%M} UTC)" if last else "not looked at yet"
    return format_html("{}", f"{said}. {policy.carrier_external_id}".rstrip())


class FreightPolicyInline(StackedInline):
    """A store without one owns its shipping itself."""

    model = FreightPolicy
    form = FreightPolicyForm
    fk_name = "store"
    extra = 0
    max_num = 1
    can_delete = False
    readonly_fields = ("carrier",)
    verbose_name_plural = "freight policy: who says what shipping costs"

    @admin.display(description="Carrier at the store")
    def carrier(self, policy: FreightPolicy) -> SafeString:
        return shown_carrier(policy)


# hub.sync knows no freight: this room brings its own part of the store's page.
StoreAdmin.inlines = (*StoreAdmin.inlines, FreightPolicyInline)


@admin.register(FreightPolicy)
class FreightPolicyAdmin(PlainAdmin):
    form = FreightPolicyForm
    list_display = ("store", "owner", "sources", "carrier_name", "endpoint_url")
    list_select_related = ("store",)
    readonly_fields = ("carrier",)

    @admin.display(description="Carrier at the store")
    def carrier(self, policy: FreightPolicy) -> SafeString:
        return shown_carrier(policy)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))

    def save_model(self, request: HttpRequest, obj: FreightPolicy, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        enqueue(FLOW, obj.store_id)


@admin.register(FreightRate)
class FreightRateAdmin(MappingAdmin):
    list_display = (
        "method_code",
        "store",
        "customer_number",
        "country",
        "province",
        "postal_from",
        "postal_to",
        "weight_from",
        "weight_to",
        "value_from",
        "value_to",
        "currency",
        "price",
    )
    list_editable = ("price",)
    list_select_related = ("store",)
    list_filter = ("store", "country", "currency")
    search_fields = ("=method_code", "title", "=customer_number", "=postal_from")
    search_help_text = "Method, title, customer number or postal code"
    needed = "title"
    about = (
        "The narrowest row of each method answers. A customer with rows of its own is offered those alone. "
        "Prices are with tax where the store's prices include tax, without it elsewhere."
    )
    files = MappingFile(
        FreightRate,
        key=(
            connection_column("store", "store"),
            *(
                Column(name, name)
                for name in (
                    "customer_number",
                    "country",
                    "province",
                    "postal_from",
                    "postal_to",
                    "weight_from",
                    "value_from",
                    "method_code",
                    "currency",
                )
            ),
        ),
        values=tuple(
            Column(name, name)
            for name in (
                "price",
                "title",
                "description",
                "weight_to",
                "value_to",
                "parcel_weight",
                "days_from",
                "days_to",
            )
        ),
        faults=faults,
    )

    def release(self, rows: Iterable[Any]) -> None:
        """Nothing waits for a rate: the next checkout reads it."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))


@admin.register(FreightQuote)
class FreightQuoteAdmin(ReadOnlyAdmin):
    list_display = (
        "title",
        "method_code",
        "price",
        "currency",
        "source",
        "customer_number",
        "store",
        "offered_at",
    )
    list_select_related = ("store",)
    list_filter = ("store", "source")
    sortable_by = ("offered_at",)
    search_fields = ("method_code__exact",)
    search_help_text = "Method code"
