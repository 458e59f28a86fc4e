"""The fields of a sales order that people may fill: two that every account has, and the account's own body fields.

An account's own fields stand in the connection's settings, one after the other:
    custbody_project: text 40 Project; custbody_rush: yes/no; custbody_route: list Route
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from hub.connectors.filled_fields import FieldType, FilledField, OrderField

SETTING = "order_fields"
STANDARD = (
    OrderField("shipDate", "Ship date", FieldType.DATE),
    OrderField("shipComplete", "Ship complete", FieldType.BOOLEAN),
)
_TYPES = {
    "text": FieldType.TEXT,
    "date": FieldType.DATE,
    "number": FieldType.NUMBER,
    "yes/no": FieldType.BOOLEAN,
    "list": FieldType.CODE,
}
# What a Free-Form Text field holds where the settings name no length.
TEXT_LENGTH = 300
_LINE = re.compile(r"(custbody\w*)\s*:\s*([a-z/]+)(?:\s+(\d+))?(?:\s+(.+))?", re.IGNORECASE)


def declared(config: Mapping[str, str]) -> list[OrderField]:
    """Standard fields and those that the settings name; what cannot be read is left out (`unreadable` says it)."""
    return [*STANDARD, *(field for field in map(_parsed, _entries(config)) if field is not None)]


def unreadable(config: Mapping[str, str]) -> list[str]:
    """The entries of the setting that name no field and type."""
    return [entry for entry in _entries(config) if _parsed(entry) is None]


def filled(field: FilledField, config: Mapping[str, str]) -> object:
    """A value as JSON: dates as text, values of a list by their internal id."""
    if isinstance(field.value, date):
        return field.value.isoformat()
    types = {each.name: each.type for each in declared(config)}
    return {"id": field.value} if types.get(field.name) is FieldType.CODE else field.value


def _entries(config: Mapping[str, str]) -> list[str]:
    return [entry.strip() for entry in re.split(r"[;\n]", config.get(SETTING, "")) if entry.strip()]


def _parsed(entry: str) -> OrderField | None:
    found = _LINE.fullmatch(entry)
    kind = _TYPES.get(found[2].lower()) if found else None
    if found is None or kind is None:
        return None
    name = found[1].lower()
    length = int(found[3] or TEXT_LENGTH) if kind is FieldType.TEXT else 0
    return OrderField(name, (found[4] or name).strip(), kind, length)
