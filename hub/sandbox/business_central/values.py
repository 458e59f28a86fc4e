"""Values on their way in and out: what a property accepts, how it is kept, and how it is written."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hub.sandbox.business_central.entities import NULL_DATE, NULL_GUID, Entity, Field
from hub.sandbox.business_central.errors import Refusal, bad_request, too_long

_STAMP = re.compile(
    r"(?P<whole>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,7}))?(?P<zone>Z|[+-]\d\d:\d\d)"
)
# Decimal fields hold 18 digits; what is larger overflows there.
LARGEST = Decimal(10) ** 15

Record = dict[str, Any]


def accept(entity: Entity, body: object) -> Record:
    """The writable properties of a body, each as it is kept.

    Raises Refusal for anything the real one refuses.
    """
    if not isinstance(body, dict):
        raise bad_request("A JSON object is expected.")
    accepted: Record = {}
    for name, value in body.items():
        if name.startswith("@") or "@odata." in name:
            continue
        field = entity.fields.get(name)
        if field is None:
            raise bad_request(
                f"The property '{name}' does not exist on type 'Microsoft.NAV.{entity.name}'. "
                "Make sure to only use property names that are defined by the type."
            )
        if field.is_read_only:
            raise bad_request(f"Control '{name}' is read-only.")
        accepted[name] = keep(field, value)
    return accepted


def keep(field: Field, value: object) -> Any:
    """One value as it is kept; null clears.

    Raises Refusal for a wrong type, a long text or an unknown enum value.
    """
    if value is None:
        return empty(field)
    return _KEEPERS[field.type](field, value)


def empty(field: Field) -> Any:
    """What a property holds when nobody filled it in."""
    if field.type == "Enum":
        return field.values[0]
    return _EMPTY[field.type]


def blank(entity: Entity) -> Record:
    """A record with nothing filled in."""
    return {name: empty(field) for name, field in entity.fields.items()}


def _wrong(field: Field, value: object) -> Refusal:
    return bad_request(f"Cannot convert the literal '{value}' to the expected type 'Edm.{_EDM[field.type]}'.")


def _text(field: Field, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(field, value)
    if field.length and len(value) > field.length:
        raise too_long(value, field.length)
    return value


def code_of(value: str) -> str:
    """A Code value: capitals, without blanks at either end."""
    return value.strip(" ").upper()


def _code(field: Field, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(field, value)
    return _text(field, code_of(value))


def _guid(field: Field, value: object) -> str:
    try:
        return str(uuid.UUID(value)) if isinstance(value, str) else _refuse(field, value)
    except ValueError as error:
        raise _wrong(field, value) from error


def _refuse(field: Field, value: object) -> str:
    raise _wrong(field, value)


def _decimal(field: Field, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong(field, value)
    number = Decimal(value)
    if not number.is_finite() or abs(number) >= LARGEST:
        raise _wrong(field, value)
    return number


def _integer(field: Field, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(field, value)
    return value


def _boolean(field: Field, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(field, value)
    return value


def _date(field: Field, value: object) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat() if len(str(value)) == 10 else _refuse(field, value)
    except ValueError as error:
        raise _wrong(field, value) from error


def _enum(field: Field, value: object) -> str:
    if value not in field.values:
        raise bad_request(
            f"The value '{value}' is not valid for the property '{field.name}'. "
            f"Valid values are: {', '.join(field.values)}."
        )
    return str(value)


def parse_stamp(text: str) -> datetime | None:
    """A DateTimeOffset literal as aware UTC; None where the text is none."""
    match = _STAMP.fullmatch(text)
    if match is None:
        return None
    fraction = (match["fraction"] or "0")[:6].ljust(6, "0")
    try:
        return datetime.fromisoformat(f"{match['whole']}.{fraction}{match['zone']}").astimezone(UTC)
    except ValueError:
        return None


def _stamp(field: Field, value: object) -> datetime:
    found = parse_stamp(value) if isinstance(value, str) else None
    if found is None:
        raise _wrong(field, value)
    return found


def write(value: object) -> object:
    """A kept value as JSON takes it."""
    if isinstance(value, Decimal):
        # JSON numbers. A double's shortest form repeats up to 15 digits exactly; our amounts have fewer.
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return write_stamp(value)
    return value


def write_stamp(moment: datetime) -> str:
    """Milliseconds without zeros at the end, as OData writes them."""
    fraction = f"{moment.microsecond // 1000:03d}".rstrip("0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{'.' + fraction if fraction else ''}Z"


_KEEPERS: dict[str, Callable[[Field, object], Any]] = {
    "Text": _text,
    "Code": _code,
    "Guid": _guid,
    "Decimal": _decimal,
    "Integer": _integer,
    "Boolean": _boolean,
    "Date": _date,
    "DateTime": _stamp,
    "Enum": _enum,
}
_EMPTY: dict[str, Any] = {
    "Text": "",
    "Code": "",
    "Guid": NULL_GUID,
    "Decimal": Decimal(0),
    "Integer": 0,
    "Boolean": False,
    "Date": NULL_DATE,
    "DateTime": datetime(1, 1, 1, tzinfo=UTC),
}
_EDM = {
    "Text": "String",
    "Code": "String",
    "Guid": "Guid",
    "Decimal": "Decimal",
    "Integer": "Int32",
    "Boolean": "Boolean",
    "Date": "Date",
    "DateTime": "DateTimeOffset",
    "Enum": "String",
}
