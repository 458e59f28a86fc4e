"""What a person decides about an order's fields, attributes and metafields: which field of the ERP takes each."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from hub.connectors.filled_fields import OrderField
from hub.connectors.metafields import is_metafield_name
from hub.sync.models import Connection
from hub.sync.tracking import noted
from orders.order_fields import (
    ATTRIBUTE,
    COMMENT,
    FIELD,
    LEAVE_OUT,
    LONGEST_KEY,
    METAFIELD,
    ORDER_FIELDS,
    fields_taken,
    filled,
    is_field,
    keeps_metafields,
    key_of,
    limit_of,
    source_label,
)

TAKEN_TWICE = "Another row of this store fills this field of the ERP already. Empty it there first."


class OrderFieldMapping(models.Model):
    """This attribute, field or metafield of the store's orders fills that field of the ERP's sales order.

    An empty target is not decided yet; `COMMENT` and `LEAVE_OUT` are the decisions that name no field. Orders that
    are in the ERP already are never changed by it.
    """

    class Source(models.TextChoices):
        ATTRIBUTE = ATTRIBUTE, "Attribute"
        FIELD = FIELD, "Order field"
        METAFIELD = METAFIELD, "Metafield"

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.ATTRIBUTE)
    key = models.CharField(
        max_length=LONGEST_KEY,
        help_text="An attribute's name exactly as in the store, the name of an order field, or a metafield's "
        "namespace and key as in custom.delivery_date.",
    )
    target = models.CharField(
        "ERP field",
        max_length=80,
        default="",
        blank=True,
        help_text=f"The ERP's field, {COMMENT} or {LEAVE_OUT}. Empty: not decided yet; an attribute then is a "
        "comment line, a metafield is left out.",
    )
    default_value = models.CharField(
        "default", max_length=250, default="", blank=True, help_text="Sent where an order has no value."
    )
    is_required = models.BooleanField(
        "required", default=False, help_text="An order with neither value nor default waits for a person."
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["target", "source", "key"]
        constraints = [
            models.UniqueConstraint(fields=["store", "erp", "source", "key"], name="order_field_mapped_once"),
            models.UniqueConstraint(
                fields=["store", "erp", "target"],
                condition=~Q(target="") & ~Q(target__startswith="("),
                name="order_field_filled_once",
                violation_error_message=TAKEN_TWICE,
            ),
        ]
        triggers = noted("source", "key", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{source_label(self.source, self.key)} → {self.target or 'needs a value'}"

    def clean(self) -> None:
        """Raises ValidationError for what the ERP has no field for, or the field cannot hold."""
        if self.source == ATTRIBUTE:
            self.key = key_of(self.key) or self.key
        elif self.source == METAFIELD:
            self.key = self.key.strip()
        if faults := self.faults():
            raise ValidationError(dict(faults))

    def place(self) -> tuple[int, int, str] | None:
        """The field that this row fills, which no other row may fill; None where it fills none."""
        return (self.store_id, self.erp_id, self.target) if is_field(self.target) else None

    def faults(self) -> dict[str, str]:
        """What is wrong, by field."""
        if self.store_id is None or self.erp_id is None:
            return {}
        faults = {
            "store": "" if self.store.side == "store" else f"{self.store} is no store.",
            "erp": "" if self.erp.side == "erp" else f"{self.erp} is no ERP.",
            "key": self._key_fault(),
            **self._target_faults(),
        }
        return {name: fault for name, fault in faults.items() if fault}

    def _key_fault(self) -> str:
        if self.source == METAFIELD:
            return self._metafield_fault()
        if self.source == FIELD and self.key not in ORDER_FIELDS:
            return f"{self.key!r} is no field of an order. Fields are: {', '.join(ORDER_FIELDS)}."
        if self.source == ATTRIBUTE and self.key != key_of(self.key):
            return (
                f"Write it as {key_of(self.key)!r}." if key_of(self.key) else "No attribute is called that."
            )
        return ""

    def _metafield_fault(self) -> str:
        if not is_metafield_name(self.key):
            return "Write it as namespace.key, for instance custom.delivery_date, as the store's settings show it."
        if self.store.side == "store" and not keeps_metafields(self.store.system):
            return f"{self.store} keeps no metafields."
        return ""

    def _target_faults(self) -> dict[str, str]:
        if not is_field(self.target):
            return self._undecided_faults()
        taken = fields_taken(self.erp.system, self.erp.config) if self.erp.side == "erp" else {}
        field = taken.get(self.target)
        if field is None:
            return {"target": f"{self.erp} takes no field {self.target!r}. It takes: {_listed(taken)}."}
        return {"default_value": self._default_fault(field), "is_required": self._required_fault()}

    def _undecided_faults(self) -> dict[str, str]:
        if self.target not in ("", COMMENT, LEAVE_OUT):
            return {"target": f"Beside the ERP's fields there are {COMMENT} and {LEAVE_OUT}."}
        why = "Only a row that fills a field of the ERP can have one."
        return {
            "default_value": why if self.default_value else "",
            "is_required": "Only a row that fills a field of the ERP can be required."
            if self.is_required
            else "",
        }

    def _default_fault(self, field: OrderField) -> str:
        if not self.default_value.strip():
            return ""
        try:
            filled(field, self.default_value)
        except ValueError as error:
            return f"{field.label} takes {limit_of(field)}; {error}."
        return ""

    def _required_fault(self) -> str:
        source = ORDER_FIELDS.get(self.key) if self.source == FIELD else None
        if not self.is_required or source is None or source.is_content:
            return ""
        return f"{source.label} cannot be required: an order that waits is not told when they change."


def _listed(taken: dict[str, OrderField]) -> str:
    fields = [f"{field.name} ({field.label}, {limit_of(field)})" for field in taken.values()]
    return "; ".join(fields) or "none"
