"""Which field of the ERP's document takes what of an order: chosen from the fields that the ERP takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.models import BaseModelFormSet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from hub.sync.admin import MappingAdmin
from hub.sync.admin.mappings import FilledFilter, connection_column
from hub.sync.mapping_files import Column, MappingFile
from hub.sync.models import Connection
from hub.sync.releasing import MAPPING_CODES
from orders import field_mapping
from orders.admin.policies import of_its_side
from orders.models import OrderFieldMapping
from orders.models.field_mappings import TAKEN_TWICE
from orders.order_fields import COMMENT, LEAVE_OUT, ORDER_FIELDS, fields_taken, limit_of, source_label

_DECISIONS = [("", "not decided yet"), (COMMENT, "a comment line"), (LEAVE_OUT, "nothing: leave it out")]
_PAIR = (connection_column("store", "store"), connection_column("erp", "erp"))


def _choices(erps: Iterable[Connection]) -> list[tuple[str, str]]:
    """The decisions, and every field of these ERPs with what it takes."""
    fields = {name: field for erp in erps for name, field in fields_taken(erp.system, erp.config).items()}
    return _DECISIONS + [(name, f"{field.label} – {limit_of(field)}") for name, field in fields.items()]


class OrderFieldForm(forms.ModelForm[OrderFieldMapping]):
    """One row; what it may fill is chosen among the fields of its ERP, or of all ERPs while none is chosen."""

    class Meta:
        model = OrderFieldMapping
        fields = ("store", "erp", "source", "key", "target", "default_value", "is_required")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        erps = [row.erp] if row.erp_id else Connection.objects.filter(side="erp")
        choices = _choices(erps)
        if row.target not in dict(choices):
            choices.append((row.target, f"{row.target} – the ERP takes it no more"))
        if "target" in self.fields:
            self.fields["target"] = forms.ChoiceField(
                label="ERP field",
                choices=choices,
                required=False,
                widget=UnfoldAdminSelectWidget(choices=choices),
            )
        if "key" in self.fields:
            names = "; ".join(f"{name} is the {source.label}" for name, source in ORDER_FIELDS.items())
            self.fields["key"].help_text = (
                f"An attribute's name exactly as in the store. A metafield's namespace and key, as in "
                f"custom.delivery_date. Of order fields: {names}."
            )


class OneRowAField(BaseModelFormSet[OrderFieldMapping, OrderFieldForm]):
    """Rows of one page are compared with each other and with those of other pages.

    What moves from one row to another takes two steps: rows are saved one by one, and the database looks at each.
    """

    def clean(self) -> None:
        super().clean()
        wanted = [(form, place) for form in self.forms if (place := form.instance.place())]
        rows = OrderFieldMapping.objects.filter(target__in={place[2] for _, place in wanted})
        holders = {row.place(): row.pk for row in rows}
        taken = False
        for form, place in wanted:
            if holders.setdefault(place, form.instance.pk) != form.instance.pk:
                form.add_error("target", TAKEN_TWICE)
                taken = True
        if taken:
            raise ValidationError("A field of the ERP is filled by one row only.")


@admin.register(OrderFieldMapping)
class OrderFieldMappingAdmin(MappingAdmin):
    form = OrderFieldForm
    list_display = (
        "shown_source",
        "shown_state",
        "store",
        "erp",
        "target",
        "default_value",
        "is_required",
    )
    list_editable = ("target", "default_value", "is_required")
    list_select_related = ("store", "erp")
    list_filter = (FilledFilter, "source", "store", "erp")
    search_fields = ("key", "=target")
    search_help_text = "Name of the attribute, order field or metafield, field of the ERP"
    needed = "target"
    waiting_codes = (*MAPPING_CODES, field_mapping.CODE)
    about = (
        "Attributes appear here when an order has them for the first time, metafields when the store defines them for "
        "orders. What you decide holds for orders sent from "
        "now on: orders that are in the ERP already stay as they are."
    )
    fieldsets = (
        (
            None,
            {
                "fields": ("store", "erp", "source", "key", "target", "default_value", "is_required"),
                "description": about,
            },
        ),
    )
    files = MappingFile(
        OrderFieldMapping,
        key=(*_PAIR, Column("source", "source"), Column("key", "key")),
        values=(
            Column("target", "target"),
            Column("default_value", "default_value"),
            Column("is_required", "is_required"),
        ),
        faults=OrderFieldMapping.faults,
        place=OrderFieldMapping.place,
        place_column="target",
    )

    @admin.display(description="From", ordering="key")
    def shown_source(self, row: OrderFieldMapping) -> str:
        return source_label(row.source, row.key)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **of_its_side(db_field, kwargs))

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_form(request, form=OrderFieldForm, **kwargs)

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_formset(request, formset=OneRowAField, **kwargs)

    def delete_model(self, request: HttpRequest, obj: OrderFieldMapping) -> None:
        super().delete_model(request, obj)
        self.release([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[OrderFieldMapping]) -> None:
        rows = list(queryset)
        super().delete_queryset(request, queryset)
        self.release(rows)
