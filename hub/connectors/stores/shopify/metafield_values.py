"""Shopify's metafield values as people read them. Pure; which types there are:
https://shopify.dev/docs/apps/build/metafields/list-of-data-types

A value always is a text: of plain types the value itself, of others JSON. What only a program can read (JSON, names of
other records) fills no field of an ERP: that is said as the value's fault, never sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hub.connectors.metafields import Metafield

_LIST = "list."
_PLAIN = (
    "boolean",
    "color",
    "date",
    "id",
    "integer",
    "language",
    "multi_line_text_field",
    "number_decimal",
    "number_integer",
    "single_line_text_field",
    "string",
    "url",
)
_TEXTS = frozenset((*_PLAIN, "date_time"))
# The Admin API words units in both ways.
_UNITS = {
    "MILLIMETERS": "mm",
    "CENTIMETERS": "cm",
    "METERS": "m",
    "INCHES": "in",
    "FEET": "ft",
    "YARDS": "yd",
    "GRAMS": "g",
    "KILOGRAMS": "kg",
    "OUNCES": "oz",
    "POUNDS": "lb",
    "MILLILITERS": "ml",
    "CENTILITERS": "cl",
    "LITERS": "l",
    "CUBIC_METERS": "m3",
}
_DEEPEST = 20


def metafield_of(type_name: str, value: str) -> Metafield:
    """The value of this Shopify type; raises nothing: what cannot be read has a fault."""
    kind = type_name.removeprefix(_LIST)
    try:
        if kind == "date_time":
            return Metafield(value, times=tuple(map(_time, _values(type_name, value))))
        read = _reader(kind)
        return Metafield(", ".join(text for text in map(read, _values(type_name, value)) if text.strip()))
    except ValueError as error:
        return Metafield(value, fault=str(error))


def _values(type_name: str, value: str) -> list[Any]:
    """The one value, or those of a list; JSON read where the type asks for it."""
    if type_name.startswith(_LIST):
        return _items(_json(value))
    return [value if type_name in _TEXTS else _json(value)]


def _items(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("it is no list, though its type says so")
    return value


def _json(value: str) -> Any:
    try:
        return json.loads(value, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not the JSON that its type asks for") from error


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _reader(kind: str) -> Callable[[Any], str]:
    if kind.endswith("_reference"):
        raise ValueError(f"it names another record of the store ({kind}), which says nothing in the ERP")
    if kind in ("json", "json_string"):
        raise ValueError("it is JSON, made for programs")
    # Shopify adds units of measurement now and then, all of one form.
    return _READERS.get(kind, _measurement)


def _time(item: Any) -> datetime:
    """Shopify's times without an offset are UTC."""
    if not isinstance(item, str):
        raise ValueError("it is no time")
    try:
        found = datetime.fromisoformat(item.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("it is no time that can be read") from error


def _plain(item: Any) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str):
        return item
    return _number(item)


def _number(item: Any) -> str:
    """A number without the zeros at its end that JSON's floats bring along."""
    if isinstance(item, bool) or not isinstance(item, (int, Decimal, str)):
        raise ValueError("it holds something else than a value")
    try:
        exact = Decimal(item)
    except ArithmeticError as error:
        raise ValueError("it holds no number where one belongs") from error
    if not exact.is_finite() or abs(exact.adjusted()) > 40:
        raise ValueError("it holds a number beyond all measure")
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _member(item: Any, *names: str) -> list[Any]:
    if not isinstance(item, Mapping) or any(item.get(name) is None for name in names):
        raise ValueError(f"it lacks {' or '.join(names)}")
    return [item[name] for name in names]


def _money(item: Any) -> str:
    amount, currency = _member(item, "amount", "currency_code")
    return f"{amount if isinstance(amount, str) else _number(amount)} {_plain(currency)}"


def _measurement(item: Any) -> str:
    if not isinstance(item, Mapping):
        raise ValueError("its type is not known here")
    value, unit = _member(item, "value", "unit")
    return f"{_number(value)} {_UNITS.get(_plain(unit).upper(), _plain(unit))}"


def _rating(item: Any) -> str:
    [value] = _member(item, "value")
    return _number(value)


def _link(item: Any) -> str:
    [address] = _member(item, "url")
    words = item.get("text")
    return " ".join(text for text in (_plain(words) if words else "", _plain(address)) if text)


def _rich_text(item: Any) -> str:
    return " ".join(filter(None, _blocks(item, 0)))


def _blocks(node: Any, depth: int) -> Iterator[str]:
    """The texts of paragraphs, headings and list items, in their order."""
    if depth > _DEEPEST or not isinstance(node, Mapping):
        raise ValueError("it is no rich text that can be read")
    children = node.get("children")
    if children is None:
        yield _plain(node.get("value", ""))
    elif node.get("type") in ("root", "list"):
        for child in _items(children):
            yield from _blocks(child, depth + 1)
    else:
        yield "".join(text for child in _items(children) for text in _blocks(child, depth + 1)).strip()


_READERS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(_PLAIN, _plain),
    "dimension": _measurement,
    "link": _link,
    "money": _money,
    "rating": _rating,
    "rich_text_field": _rich_text,
    "volume": _measurement,
    "weight": _measurement,
}
