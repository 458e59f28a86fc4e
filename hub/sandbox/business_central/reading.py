"""Reading entity sets: $filter, $orderby, $top, $skip, $select, $expand, $count, @odata.nextLink."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import total_ordering
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from hub.sandbox.business_central import filters
from hub.sandbox.business_central.entities import ENTITIES, LINES_OF, Entity
from hub.sandbox.business_central.errors import bad_request
from hub.sandbox.business_central.filters import Condition, Filter, Join
from hub.sandbox.business_central.state import State, etag_of
from hub.sandbox.business_central.values import Record, parse_stamp, write, write_stamp

_MAX_PAGE = re.compile(r"odata\.maxpagesize=(\d+)")
# What a set is ordered by where nobody says: its primary key.
_KEYS = {**dict.fromkeys(LINES_OF.values(), "sequence"), "itemLedgerEntries": "entryNumber"}
OPTIONS = frozenset(
    {
        "$filter",
        "$orderby",
        "$top",
        "$skip",
        "$select",
        "$expand",
        "$count",
        "$skiptoken",
        "tenant",
        "company",
        "aid",
    }
)


@dataclass(frozen=True, slots=True)
class Ask:
    """The query options of one request. `order` is (property, is descending) in turn."""

    filter: Filter | None
    order: tuple[tuple[str, bool], ...]
    top: int | None
    skip: int
    select: frozenset[str]
    expand: frozenset[str]
    wants_count: bool
    after: tuple[Any, ...] | None


@total_ordering
class _Turned:
    """Sorts the other way round."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Turned) and bool(self.value == other.value)

    def __lt__(self, other: _Turned) -> bool:
        return bool(other.value < self.value)


class Reader:
    """Answers reads of one company. `page_size` is the server's own; a caller may ask for less."""

    def __init__(self, state: State, page_size: int) -> None:
        self.state = state
        self.page_size = page_size

    def page(
        self,
        entity: Entity,
        ask: Ask,
        prefer: str,
        address: str,
        query: str,
        fixed: Condition | None,
        lag: float,
    ) -> dict[str, Any]:
        """One page of a set.

        `address` is its absolute URL, `fixed` the condition that the path itself makes.
        """
        found = self._matching(entity, ask.filter, fixed)
        if lag:
            found = self.state.lagging(found, lag)
        key = _sort_key(entity, ask.order)
        found.sort(key=key)
        total = len(found)
        if ask.after is not None:
            start = _typed(entity, ask)
            found = [record for record in found if key(record) > start]
        found = found[ask.skip :]
        limit = page_limit(self.page_size, prefer)
        size = limit if ask.top is None else min(ask.top, limit)
        answer: dict[str, Any] = {
            "@odata.context": f"{address.split('/companies')[0]}/$metadata#{entity.set_name}"
        }
        if ask.wants_count:
            answer["@odata.count"] = total
        answer["value"] = [self.record(entity, record, ask) for record in found[:size]]
        if len(found) > size and (ask.top is None or ask.top > size):
            answer["@odata.nextLink"] = _next_link(entity, ask, found[size - 1], size, address, query)
        return answer

    def record(self, entity: Entity, record: Record, ask: Ask | None) -> dict[str, Any]:
        """One record as JSON, with its tag and what is expanded."""
        names = ask.select if ask and ask.select else entity.fields
        written: dict[str, Any] = {"@odata.etag": etag_of(record)}
        written |= {name: write(record[name]) for name in entity.fields if name in names}
        if ask and LINES_OF.get(entity.set_name) in ask.expand:
            lines = ENTITIES[LINES_OF[entity.set_name]]
            kept = self.state[lines.set_name].having("documentId", record["id"])
            ordered = sorted(kept, key=lambda line: line["sequence"])
            written[lines.set_name] = [self.record(lines, line, None) for line in ordered]
        return written

    def _matching(self, entity: Entity, wanted: Filter | None, fixed: Condition | None) -> list[Record]:
        parts = tuple(part for part in (fixed, wanted) if part is not None)
        if not parts:
            return list(self.state[entity.set_name].records.values())
        whole = parts[0] if len(parts) == 1 else Join("and", parts)
        return [record for record in self._candidates(entity, whole) if whole.holds(record)]

    def _candidates(self, entity: Entity, wanted: Filter) -> list[Record]:
        """The records worth asking: by index where the filter allows it, else all."""
        collection = self.state[entity.set_name]
        for part in wanted.parts if isinstance(wanted, Join) and wanted.word == "and" else (wanted,):
            values = _equals(part)
            if values and values[0].name == "id":
                return [collection.records[v.value] for v in values if v.value in collection.records]
            if values and values[0].name in collection.indexes:
                unique = dict.fromkeys(value.value for value in values)
                return [record for value in unique for record in collection.having(values[0].name, value)]
            if (
                isinstance(part, Condition)
                and part.name == "lastModifiedDateTime"
                and part.operator in ("gt", "ge")
            ):
                return _newest(collection.records, part)
        return list(collection.records.values())


def _equals(part: Filter) -> list[Condition]:
    """The conditions of `a eq 1` or `a eq 1 or a eq 2`; empty for anything else."""
    if isinstance(part, Condition):
        return [part] if part.operator == "eq" else []
    kept = [one for one in part.parts if isinstance(one, Condition) and one.operator == "eq"]
    return kept if part.word == "or" and len(kept) == len(part.parts) else []


def _newest(records: dict[str, Record], part: Condition) -> list[Record]:
    """Records are kept by their last change, so those after a stamp stand at the end."""
    found = []
    for record in reversed(records.values()):
        if not part.holds(record):
            break
        found.append(record)
    return found


def asked(entity: Entity, query: str) -> Ask:
    """The query options of a raw query string. Raises Refusal for unknown ones and unknown properties."""
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = [name for name in options if name.startswith("$") and name not in OPTIONS]
    if unknown:
        raise bad_request(f"The query parameter '{unknown[0]}' is not supported.")
    return Ask(
        filter=filters.parse(entity, options["$filter"]) if "$filter" in options else None,
        order=_order(entity, options.get("$orderby", "")),
        top=_whole(options, "$top"),
        skip=_whole(options, "$skip") or 0,
        select=_selected(entity, options.get("$select", "")),
        expand=_expanded(entity, options.get("$expand", "")),
        wants_count=options.get("$count", "false") == "true",
        after=_after(options.get("$skiptoken")),
    )


def _whole(options: dict[str, str], name: str) -> int | None:
    if name not in options:
        return None
    if not re.fullmatch(r"\d{1,9}", options[name]):
        raise bad_request(
            f"Invalid value '{options[name]}' for {name} query option found. It requires an integer."
        )
    return int(options[name])


def _order(entity: Entity, text: str) -> tuple[tuple[str, bool], ...]:
    order = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, direction = part.partition(" ")
        if name not in entity.fields:
            raise filters.no_property(entity, name)
        if direction.strip() not in ("", "asc", "desc"):
            raise bad_request(f"Syntax error in $orderby '{text}'.")
        order.append((name, direction.strip() == "desc"))
    return tuple(order)


def _selected(entity: Entity, text: str) -> frozenset[str]:
    names = frozenset(filter(None, (name.strip() for name in text.split(","))))
    for name in names:
        if name not in entity.fields:
            raise filters.no_property(entity, name)
    return names


def _expanded(entity: Entity, text: str) -> frozenset[str]:
    names = frozenset(filter(None, (name.strip() for name in text.split(","))))
    for name in names:
        if name != LINES_OF.get(entity.set_name):
            raise filters.no_property(entity, name)
    return names


def _ordering(entity: Entity, order: tuple[tuple[str, bool], ...]) -> tuple[tuple[str, bool], ...]:
    """What was asked for, else the primary key; the id always breaks ties."""
    fallback = _KEYS.get(entity.set_name, "number" if "number" in entity.fields else "id")
    if "code" in entity.fields:
        fallback = "code"
    return (*(order or ((fallback, False),)), ("id", False))


def _sort_key(entity: Entity, order: tuple[tuple[str, bool], ...]) -> Callable[[Record], tuple[Any, ...]]:
    ordering = _ordering(entity, order)

    def key(record: Record) -> tuple[Any, ...]:
        return tuple(_Turned(record[name]) if is_down else record[name] for name, is_down in ordering)

    return key


def _typed(entity: Entity, ask: Ask) -> tuple[Any, ...]:
    """The sort key that a skip token stands for."""
    ordering = _ordering(entity, ask.order)
    assert ask.after is not None
    if len(ask.after) != len(ordering):
        raise bad_request("The skip token does not fit the request.")
    values: list[Any] = []
    for (name, is_down), text in zip(ordering, ask.after, strict=True):
        value: Any = text
        if entity.fields[name].type == "DateTime":
            value = parse_stamp(str(text))
        elif entity.fields[name].type == "Decimal":
            value = Decimal(str(text))
        values.append(_Turned(value) if is_down else value)
    return tuple(values)


def _after(token: str | None) -> tuple[Any, ...] | None:
    if token is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise bad_request("The skip token is not valid.") from error
    return tuple(values) if isinstance(values, list) else ()


def page_limit(page_size: int, prefer: str) -> int:
    """How many records a page has: the server's own number, or fewer where the caller prefers it."""
    wanted = _MAX_PAGE.search(prefer)
    return min(page_size, max(int(wanted[1]), 1)) if wanted else page_size


def _next_link(entity: Entity, ask: Ask, last: Record, size: int, address: str, query: str) -> str:
    values = [_token_part(last[name]) for name, _ in _ordering(entity, ask.order)]
    token = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
    replaced = {"$skiptoken", "$skip", "$top"}
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in replaced]
    if ask.top is not None:
        kept.append(("$top", str(ask.top - size)))
    return f"{address}?{urlencode([*kept, ('$skiptoken', token)], quote_via=quote, safe='$')}"


def _token_part(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return write_stamp(value) if hasattr(value, "microsecond") else value
