"""Which values of an order may fill fields of the ERP's document, and what each field can hold. Pure."""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from hub.connectors.documents import PlacedOrder
from hub.connectors.erp_parts import SalesOrders
from hub.connectors.filled_fields import FieldType, FilledField, OrderField
from hub.connectors.metafields import Metafield
from hub.connectors.registry import connector_class
from hub.connectors.store_parts import OrderMetafields
from hub.lib.text import REPLACEMENT

ATTRIBUTE, FIELD, METAFIELD = "attribute", "field", "metafield"
COMMENT, LEAVE_OUT = "(comment line)", "(leave out)"
"""What a person may decide instead of a field. No ERP's field is written in brackets."""
LONGEST_KEY = 200

_ISO_DATE = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)(?:[T ]\d\d:\d\d.*)?")
_DAY_FIRST = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})")
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,5})?", re.ASCII)
_YES, _NO = frozenset({"yes", "true", "1", "on"}), frozenset({"no", "false", "0", "off"})
_FIRST_YEAR = 1900


@dataclass(frozen=True, slots=True)
class Source:
    """A field of a placed order as text; several values are joined by commas."""

    label: str
    read: Callable[[PlacedOrder], str]
    is_content: bool = True
    """Whether an order that waits goes on by itself when the store changes it (see orders.mirroring)."""


ORDER_FIELDS: Mapping[str, Source] = {
    "name": Source("Order name", lambda order: order.name),
    "po_number": Source("PO number", lambda order: order.po_number),
    "note": Source("Note", lambda order: order.note),
    "source_name": Source("Sales channel", lambda order: order.source_name),
    "shipping_title": Source("Shipping method", lambda order: _joined(x.title for x in order.shipping_lines)),
    "shipping_code": Source("Shipping code", lambda order: _joined(x.code for x in order.shipping_lines)),
    "payment_terms": Source("Payment terms", lambda order: order.payment_terms.name if order.payment_terms else ""),
    "discount_codes": Source("Discount codes", lambda order: _joined(order.discount_codes)),
    "email": Source("E-mail", lambda order: order.email),
    "phone": Source("Phone", lambda order: order.phone),
    "tags": Source("Tags", lambda order: _joined(order.tags), is_content=False),
}  # fmt: skip


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(text.strip() for text in texts if text.strip()))


def source_label(source: str, key: str) -> str:
    """What people call the source of a value."""
    if source == FIELD:
        return ORDER_FIELDS[key].label if key in ORDER_FIELDS else key
    if source == METAFIELD:
        return f"Metafield “{key}”"
    return f"Attribute “{key}”"


def key_of(text: str) -> str:
    """The key that a mapping row of this attribute has: composed, blanks as single blanks, in one line.

    Capitals tell keys apart, as they do in the store. Empty where the attribute can have no row: it has no key, or
    one longer than `LONGEST_KEY`.
    """
    composed = unicodedata.normalize("NFC", text[: 4 * LONGEST_KEY])
    line = " ".join(composed.split())
    key = "".join(REPLACEMENT if unicodedata.category(char) in ("Cc", "Cs") else char for char in line)
    return key if len(key) <= LONGEST_KEY and len(text) <= 4 * LONGEST_KEY else ""


def fields_taken(system: str, config: Mapping[str, str]) -> dict[str, OrderField]:
    """The fields that the sales orders of an ERP connection take, by name."""
    kind = connector_class(system)
    fields = kind.order_fields(config) if issubclass(kind, SalesOrders) else ()
    return {field.name: field for field in fields}


def keeps_metafields(system: str) -> bool:
    """Whether stores of this system hold metafields that the hub can read."""
    return issubclass(connector_class(system), OrderMetafields)


def metafield_text(metafield: Metafield, time_zone: str) -> str:
    """What a person of the store reads there: times by the store's clock, also for the day that they fall on."""
    zone = zoneinfo.ZoneInfo(time_zone)
    times = (_local(moment, zone) for moment in metafield.times)
    return ", ".join(times) if metafield.times else metafield.text


def _local(moment: datetime, zone: zoneinfo.ZoneInfo) -> str:
    try:
        return moment.astimezone(zone).isoformat(sep=" ")
    except OverflowError:
        # The first or last day of the calendar: no ERP takes it, and it is refused as what it is.
        return moment.isoformat(sep=" ")


def is_field(target: str) -> bool:
    """Whether a row's target is a field of the ERP: neither undecided nor one of the other decisions."""
    return bool(target) and not target.startswith("(")


# ------------------------------------------------------------------------------------------------ what fits


def filled(field: OrderField, text: str) -> FilledField:
    """The field with this text as its value; raises ValueError with the reason where it cannot hold it."""
    return FilledField(field.name, _READERS[field.type](field, " ".join(text.split())))


def limit_of(field: OrderField) -> str:
    """What the field takes, in words."""
    return f"{_TAKES[field.type]}{f' of at most {field.max_length} characters' if field.max_length else ''}"


def _text(field: OrderField, text: str) -> str:
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
        raise ValueError("it contains a control character")
    return _short_enough(field, unicodedata.normalize("NFC", text))


def _code(field: OrderField, text: str) -> str:
    if not text.isprintable():
        raise ValueError("it contains an invisible character")
    code = text
    # To capitals can grow a text (ß becomes SS) and undo its composition: until it settles.
    while (upper := unicodedata.normalize("NFC", code.upper()).strip()) != code:
        code = upper
    return _short_enough(field, code)


def _short_enough(field: OrderField, text: str) -> str:
    length = len(text) + sum(char > "\uffff" for char in text)
    if field.max_length and length > field.max_length:
        raise ValueError(f"it has {length} characters, the field takes {field.max_length}")
    return text


def _date(field: OrderField, text: str) -> date:
    """ISO dates and those with full stops, day first everywhere; with slashes the year must come first."""
    if found := _ISO_DATE.fullmatch(text):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = found.groups()
    else:
        raise ValueError("it is no date that can be read without doubt; write it as 2026-12-31")
    try:
        value = date(int(year), int(month), int(day))
    except ValueError as error:
        raise ValueError("there is no such day") from error
    if value.year < _FIRST_YEAR:
        raise ValueError(f"the year is before {_FIRST_YEAR}")
    return value


def _number(field: OrderField, text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError("it is no plain number; write it as 1234.5")
    return Decimal(text)


def _boolean(field: OrderField, text: str) -> bool:
    word = text.casefold()
    if word not in _YES | _NO:
        raise ValueError("it is neither yes nor no")
    return word in _YES


_READERS: Mapping[FieldType, Callable[[OrderField, str], str | bool | Decimal | date]] = {
    FieldType.TEXT: _text,
    FieldType.CODE: _code,
    FieldType.DATE: _date,
    FieldType.NUMBER: _number,
    FieldType.BOOLEAN: _boolean,
}
_TAKES = {
    FieldType.TEXT: "a text",
    FieldType.CODE: "a code",
    FieldType.DATE: "a date",
    FieldType.NUMBER: "a number",
    FieldType.BOOLEAN: "yes or no",
}
