"""What a person entered for one order instead of what the store says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hub.connectors.documents import PlacedOrder
from hub.connectors.filled_fields import FilledField, OrderField
from orders.order_fields import filled

PO_NUMBER, NOTE, SHIPPING_METHOD = "po_number", "note", "shipping_method"
ERP_FIELD = "field:"
"""What the name of an override begins with that fills a field of the ERP's document; the field's name follows."""
LABELS = {
    PO_NUMBER: "PO number",
    NOTE: "Note",
    SHIPPING_METHOD: "Shipping method, as the ERP's code",
}
LONGEST = {PO_NUMBER: 255, NOTE: 2000, SHIPPING_METHOD: 40}


def label_of(name: str, taken: Mapping[str, OrderField]) -> str:
    """What people call the field of an override; `taken` are the ERP's fields by name."""
    field = taken.get(name.removeprefix(ERP_FIELD))
    return LABELS.get(name) or (field.label if field else name.removeprefix(ERP_FIELD))


def placed_with(order: PlacedOrder, values: Mapping[str, str]) -> PlacedOrder:
    """The order with what a person entered for PO number and note."""
    return replace(order, po_number=values.get(PO_NUMBER, order.po_number), note=values.get(NOTE, order.note))


def erp_fields(values: Mapping[str, str]) -> dict[str, str]:
    """The values for fields of the ERP, by the field's name."""
    return {name.removeprefix(ERP_FIELD): text for name, text in values.items() if name.startswith(ERP_FIELD)}


def fault(name: str, text: str, taken: Mapping[str, OrderField]) -> str:
    """Why this value cannot be entered; "" where it can."""
    if not name.startswith(ERP_FIELD):
        longest = LONGEST[name]
        return f"At most {longest} characters." if len(text) > longest else ""
    field = taken.get(name.removeprefix(ERP_FIELD))
    if field is None:
        return "The ERP takes no such field any more."
    try:
        filled(field, text)
    except ValueError as error:
        return f"{str(error)[:1].upper()}{str(error)[1:]}."
    return ""


def filled_fields(values: Mapping[str, str], taken: Mapping[str, OrderField]) -> tuple[FilledField, ...]:
    """What fills the ERP's fields; raises ValueError with the reason for what one cannot hold any more."""
    found = []
    for name, text in sorted(erp_fields(values).items()):
        if name not in taken:
            raise ValueError(f"the ERP takes no field {name!r}")
        found.append(filled(taken[name], text))
    return tuple(found)
