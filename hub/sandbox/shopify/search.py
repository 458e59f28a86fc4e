"""The store's search syntax as far as the hub uses it: `field:value`, comparisons, OR, quotes, `-`.

A field that the resource does not know is ignored and named in a warning, so the list comes back unfiltered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from hub.sandbox.shopify.errors import Record, top_level
from hub.sandbox.shopify.shop import Shop, utc_stamp

_GROUP = re.compile(r"(^|\s|-)\(")
Test = Callable[[Record], bool]
Matcher = Callable[[Record, str, str], bool]
"""(record, operator, value): operator is one of "", ">", ">=", "<", "<="."""

_TERM = re.compile(
    r"""(?P<minus>-)?(?:(?P<field>[A-Za-z_][\w.]*):)?(?P<operator>>=|<=|>|<)?(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s()]+))"""
)


def searched(
    shop: Shop, root: str, records: Iterable[Record], query: str | None, matchers: Mapping[str, Matcher]
) -> list[Record]:
    """The records that the query finds; the matcher under "" tests bare words."""
    warnings: list[Record] = []
    test = _compiled(query or "", matchers, warnings)
    if warnings:
        shop.search_warnings.append({"path": [root], "query": query, "parsed": {}, "warnings": warnings})
    return [record for record in records if test(record)]


def _compiled(query: str, matchers: Mapping[str, Matcher], warnings: list[Record]) -> Test:
    if _GROUP.search(query):
        raise top_level("The sandbox does not know groups in a search query.", "BAD_REQUEST")
    groups: list[list[Test]] = [[]]
    for match in _TERM.finditer(query):
        if match["bare"] == "OR" and not match["field"]:
            groups.append([])
        elif match["bare"] != "AND" or match["field"]:
            test = _test(match, matchers, warnings)
            if test is not None:
                groups[-1].append(test)
    alternatives = [group for group in groups if group] or [[]]
    return lambda record: any(all(test(record) for test in group) for group in alternatives)


def _test(match: re.Match[str], matchers: Mapping[str, Matcher], warnings: list[Record]) -> Test | None:
    value = next(v for v in (match["double"], match["single"], match["bare"]) if v is not None)
    operator, field = match["operator"] or "", match["field"] or ""
    matcher = matchers.get(field)
    if matcher is None:
        warnings.append(
            {"field": field, "code": "invalid_field", "message": "Invalid search field for this query."}
        )
        return None
    negated = bool(match["minus"])
    return lambda record: matcher(record, operator, value) != negated


def compare(left: Any, operator: str, right: Any) -> bool:
    """`left` against `right` by the operator of a search term."""
    if left is None:
        return False
    if operator == ">":
        return bool(left > right)
    if operator == ">=":
        return bool(left >= right)
    if operator == "<":
        return bool(left < right)
    return bool(left <= right) if operator == "<=" else bool(left == right)


def time_field(key: str) -> Matcher:
    """Matches a stored stamp; values are ISO 8601, date only means midnight UTC."""

    def matches(record: Record, operator: str, value: str) -> bool:
        return compare(record.get(key), operator, stamp_text(value))

    return matches


def text_field(key: str) -> Matcher:
    """Matches text without regard to case; a trailing * matches the beginning."""

    def matches(record: Record, operator: str, value: str) -> bool:
        text = str(record.get(key) or "").casefold()
        wanted = value.casefold()
        if wanted.endswith("*"):
            return text.startswith(wanted[:-1]) and bool(text)
        return compare(text, operator, wanted)

    return matches


def id_field(key: str = "id") -> Matcher:
    """Matches the numeric tail of a global id; the value may be the tail or the whole gid."""

    def matches(record: Record, operator: str, value: str) -> bool:
        tail = str(record.get(key) or "").rpartition("/")[2].partition("?")[0]
        wanted = value.rpartition("/")[2].partition("?")[0]
        return wanted.isdigit() and tail.isdigit() and compare(int(tail), operator, int(wanted))

    return matches


def tag_field(record: Record, _operator: str, value: str) -> bool:
    """Matches one tag of the record without regard to case."""
    return value.casefold() in {tag.casefold() for tag in record.get("tags") or []}


@lru_cache(maxsize=256)
def stamp_text(value: str) -> str:
    """A searched time in the form stamps are stored in, so that they compare as text."""
    try:
        return utc_stamp(value)
    except ValueError:
        return value
