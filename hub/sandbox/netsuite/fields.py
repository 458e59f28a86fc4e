"""The fields of the records, and what a caller's value must look like to be taken.

Names and types are those of the published REST record schemas (release 2026.1), kept in data/fields.json;
a test compares them. Lengths are those of NetSuite's forms.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.state import Record, State

_FOLDER = Path(__file__).parent / "data"
TABLES: dict[str, dict[str, str]] = json.loads((_FOLDER / "fields.json").read_text(encoding="utf-8"))
TAX_DETAIL = "salesOrder-taxDetailsElement"
# Not in the published subset: the columns of the record catalogue's sublist, written as REST writes names.
TABLES[TAX_DETAIL] = {
    "taxDetailsReference": "string",
    "taxType": "ref:taxType",
    "taxCode": "ref:taxItem",
    "taxBasis": "number",
    "taxRate": "number",
    "taxAmount": "number",
    "lineName": "string",
    "lineType": "string",
    "netAmount": "number",
    "calcDetail": "string",
}
# Tables of a record that custom fields can be added to.
CUSTOM = {"salesOrder": "body", "salesOrder-itemElement": "column", "customer": "entity"}
# The type that a reference leads to; references to other types find nothing here.
TARGETS = {
    "customer": "customer",
    "currency": "currency",
    "subsidiary": "subsidiary",
    "location": "location",
    "term": "term",
    "shipItem": "shipItem",
    "taxItem": "taxItem",
    "discountItem": "item",
    "item": "item",
    "priceLevel": "priceLevel",
    "taxType": "taxType",
    "transaction": "salesOrder",
}
# What NetSuite computes or sets itself. The schemas do not say it: after the forms and the record catalogue.
READ_ONLY: dict[str, frozenset[str]] = {
    table: frozenset(names)
    for table, names in json.loads((_FOLDER / "read_only.json").read_text(encoding="utf-8")).items()
}
# Parts of a record that are published and that this account has no feature for.
NOT_ENABLED = {
    "salesOrder": frozenset(("promotions", "shipGroup", "overrideShippingCost", "discountAmount")),
    "salesOrder-itemElement": frozenset(("isTaxable", "createWo", "poRate", "poVendor")),
    "customer": frozenset(("contactRoles", "groupPricing", "itemPricing")),
}
LENGTHS = {
    "salesOrder": {
        "externalId": 255,
        "otherRefNum": 45,
        "memo": 999,
        "message": 999,
        "email": 254,
        "fob": 15,
    },
    "salesOrder-itemElement": {"description": 4000},
    "customer": {
        "externalId": 255,
        "entityId": 83,
        "companyName": 83,
        "email": 254,
        "phone": 32,
        "comments": 4000,
    }
    | {"firstName": 32, "lastName": 32, "vatRegNum": 20, "accountNumber": 99, "fax": 32},
    "customer-addressBookElement": {"label": 150},
    "address": {
        "addr1": 150,
        "addr2": 150,
        "addr3": 150,
        "addressee": 83,
        "attention": 83,
        "city": 50,
        "zip": 36,
    }
    | {"addrPhone": 32, "state": 50},
}
OTHER_LENGTH = 4000
CUSTOM_LENGTHS = {"string": 300, "longtext": 100_000}
"""What custom fields of the types Free-Form Text and Long Text hold."""
_HIGHEST, _MOST_PLACES = Decimal(10) ** 15, 10
_COUNTRY = re.compile(r"[A-Z]{2}")
# Halves of a surrogate pair and control characters: JSON can write them, a text field holds none.
_NO_TEXT = re.compile("[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f]")
_WORDS = {"string": "text", "number": "number", "integer": "whole number", "boolean": "boolean"}


class Intake:
    """Takes one body apart. `drops_unknown` leaves unknown fields out instead of refusing them."""

    def __init__(self, state: State, *, drops_unknown: bool = False) -> None:
        self.state = state
        self.drops_unknown = drops_unknown
        self.readers: dict[str, Callable[[Any, str, str], Any]] = {
            "string": _string,
            "longtext": _string,
            "number": _number,
            "integer": _integer,
            "boolean": _boolean,
            "date": _date,
            "datetime": _datetime,
        }

    def take(self, table: str, body: object, path: str = "") -> Record:
        """The given fields as they are kept; None for a field that is to be emptied. Raises Refusal."""
        if not isinstance(body, dict):
            raise errors.invalid_content("The value must be a JSON object.", path)
        taken: Record = {}
        for name, value in body.items():
            if name == "links" or name.startswith("@"):
                continue
            where = f"{path}.{name}" if path else name
            kind = self._kind(table, name)
            if kind is None:
                if self.drops_unknown:
                    continue
                raise errors.invalid_content(
                    f"Invalid content in the request body: unknown field '{name}'.", where
                )
            if name in READ_ONLY.get(table, ()):
                raise errors.invalid_content(f"The field '{name}' is read-only.", where)
            if name in NOT_ENABLED.get(table, ()):
                raise errors.invalid_content(
                    f"The feature behind '{name}' is not enabled in this account.", where
                )
            taken[name] = None if value is None else self._value(table, name, kind, value, where)
        return taken

    def _kind(self, table: str, name: str) -> str | None:
        kind = TABLES[table].get(name)
        if kind is None and table in CUSTOM:
            return self.state.custom_fields[CUSTOM[table]].get(name)
        return kind

    def _value(self, table: str, name: str, kind: str, value: Any, where: str) -> Any:
        family, _, argument = kind.partition(":")
        if family == "ref":
            return self._reference(argument, name, value, where)
        if family in ("enum", "select"):
            allowed = argument if family == "enum" else ",".join(choices(argument))
            return _enum(allowed, name, value, where)
        if family == "object":
            return self._object(argument, name, value, where)
        if family == "list":
            return self._list(argument, value, where)
        kept = self.readers[family](value, name, where)
        if isinstance(kept, str):
            longest = LENGTHS.get(table, {}).get(name, OTHER_LENGTH)
            longest = CUSTOM_LENGTHS.get(family, longest) if name.startswith("cust") else longest
            # As Java counts: what lies beyond the basic plane counts two.
            if len(kept.encode("utf-16-le")) // 2 > longest:
                raise errors.too_long(name, longest, where)
        return kept

    def _reference(self, target: str, name: str, value: Any, where: str) -> str:
        """The internal id that {"id": …} or {"externalId": …} leads to."""
        if not isinstance(value, dict) or not ({"id", "externalId"} & value.keys()):
            raise errors.invalid_content(
                f"The field '{name}' must be an object with id or externalId.", where
            )
        records = self.state.types.get(TARGETS.get(target, ""))
        if "id" in value:
            found = str(value["id"])
            # -1 is the price level Custom, which is in no list.
            if (records and found in records.by_id) or (target == "priceLevel" and found == "-1"):
                return found
            raise errors.invalid_value(found, name, where)
        record = records.external(str(value["externalId"])) if records else None
        if record is None:
            raise errors.invalid_reference(value["externalId"], name, where)
        return str(record["id"])

    def _object(self, table: str, name: str, value: Any, where: str) -> Record:
        taken = self.take(table, value, where)
        country = taken.get("country")
        if table == "address" and country is not None and not _COUNTRY.fullmatch(country):
            raise errors.invalid_value(country, "country", f"{where}.country")
        return taken

    def _list(self, table: str, value: Any, where: str) -> list[Record]:
        items = value.get("items") if isinstance(value, dict) else None
        if not isinstance(items, list):
            raise errors.invalid_content("The value must be an object with an array 'items'.", where)
        return [self.take(table, item, f"{where}.items[{place}]") for place, item in enumerate(items)]


def choices(values: str) -> dict[str, str]:
    """The values of a custom list ("Blue|Green") by their ids, which count from 1."""
    return {str(place): value for place, value in enumerate(values.split("|"), start=1)}


def _wrong(name: str, kind: str, where: str) -> errors.Refusal:
    return errors.invalid_content(f"The field '{name}' must be a {_WORDS.get(kind, kind)}.", where)


def _string(value: Any, name: str, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(name, "string", where)
    if _NO_TEXT.search(value):
        raise errors.invalid_content(f"The field '{name}' holds characters that no text has.", where)
    return value


def _number(value: Any, name: str, where: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong(name, "number", where)
    number = Decimal(value)
    if abs(number) >= _HIGHEST or number != round(number, _MOST_PLACES):
        raise errors.invalid_value(value, name, where)
    return number


def _integer(value: Any, name: str, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(name, "integer", where)
    if abs(value) >= _HIGHEST:
        raise errors.invalid_value(value, name, where)
    return value


def _boolean(value: Any, name: str, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, "boolean", where)
    return value


def _date(value: Any, name: str, where: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError) as error:
        raise _wrong(name, "date like 2026-01-31", where) from error


def _datetime(value: Any, name: str, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _wrong(name, "time like 2026-01-31T10:00:00Z", where) from error
    if moment.tzinfo is None:
        raise _wrong(name, "time with its zone", where)
    return moment


def _enum(allowed: str, name: str, value: Any, where: str) -> str:
    found = value.get("id") if isinstance(value, dict) else None
    if not isinstance(found, str):
        raise errors.invalid_content(f"The field '{name}' must be an object with id.", where)
    if allowed and found not in allowed.split(","):
        raise errors.invalid_value(found, name, where)
    return found


def parse(body: bytes) -> Any:
    """JSON with fractions as Decimal. Raises Refusal."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except ValueError as error:
        raise errors.invalid_content("The request body is not valid JSON.") from error


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no number")
