"""OData $filter: read into a tree, checked against the entity, asked of records.

Supported: eq ne gt ge lt le, and, or, not, parentheses, contains, startswith, endswith. As in the real
one, `or` joins conditions on one property only
(https://learn.microsoft.com/en-us/dynamics365/business-central/dev-itpro/webservices/use-filter-expressions-in-odata-uris).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.sandbox.business_central.entities import Entity, Field
from hub.sandbox.business_central.errors import Refusal, bad_request
from hub.sandbox.business_central.values import Record, code_of, keep, parse_stamp

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<sign>[(),])|(?P<word>[^\s(),']+))",
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "gt": lambda a, b: bool(a > b),
    "ge": lambda a, b: bool(a >= b),
    "lt": lambda a, b: bool(a < b),
    "le": lambda a, b: bool(a <= b),
}
_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison or text test of one property."""

    name: str
    operator: str
    value: Any

    def holds(self, record: Record) -> bool:
        test = _COMPARISONS.get(self.operator) or _TEXT_TESTS[self.operator]
        return test(record[self.name], self.value)

    def names(self) -> set[str]:
        return {self.name}


@dataclass(frozen=True, slots=True)
class Join:
    """Conditions joined by "and" or "or", or one turned round by "not"."""

    word: str
    parts: tuple[Condition | Join, ...]

    def holds(self, record: Record) -> bool:
        if self.word == "not":
            return not self.parts[0].holds(record)
        results = (part.holds(record) for part in self.parts)
        return all(results) if self.word == "and" else any(results)

    def names(self) -> set[str]:
        return set().union(*(part.names() for part in self.parts))


Filter = Condition | Join


def equals(wanted: Filter, name: str) -> list[Any]:
    """The values of `name eq 1` or `name eq 1 or name eq 2`; empty for anything else."""
    parts = wanted.parts if isinstance(wanted, Join) and wanted.word == "or" else (wanted,)
    found = [part for part in parts if isinstance(part, Condition) and part.operator == "eq"]
    is_whole = len(found) == len(parts) and all(part.name == name for part in found)
    return [part.value for part in found] if is_whole else []


def parse(entity: Entity, text: str) -> Filter:
    """The tree of a filter. Raises Refusal in OData's words."""
    reader = _Reader(entity, _tokens(text), text)
    found = reader.either(0)
    if not reader.is_done:
        raise _syntax(text)
    return found


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _syntax(text)
        tokens.append(match.group().strip())
        position = match.end()
    return tokens


def _syntax(text: str) -> Refusal:
    return bad_request(f"An error occurred while reading the filter expression: syntax error in '{text}'.")


class _Reader:
    """Reads tokens by precedence: or, and, not, then one condition or a parenthesis."""

    def __init__(self, entity: Entity, tokens: list[str], text: str) -> None:
        self.entity = entity
        self.tokens = tokens
        self.text = text
        self.position = 0

    @property
    def is_done(self) -> bool:
        return self.position >= len(self.tokens)

    def _take(self, expected: str | None = None) -> str:
        if self.is_done or (expected is not None and self.tokens[self.position] != expected):
            raise _syntax(self.text)
        self.position += 1
        return self.tokens[self.position - 1]

    def _next_is(self, token: str) -> bool:
        return not self.is_done and self.tokens[self.position] == token

    def either(self, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise _syntax(self.text)
        parts = [self._both(depth)]
        while self._next_is("or"):
            self._take()
            parts.append(self._both(depth))
        if len(parts) == 1:
            return parts[0]
        joined = Join("or", tuple(parts))
        if len(joined.names()) > 1:
            names = ", ".join(sorted(joined.names()))
            raise Refusal(
                400,
                "BadRequest_MethodNotImplemented",
                f"The 'OR' operator is not supported on distinct fields: {names}.",
            )
        return joined

    def _both(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        while self._next_is("and"):
            self._take()
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Join("and", tuple(parts))

    def _one(self, depth: int) -> Filter:
        if self._next_is("not"):
            self._take()
            return Join("not", (self._one(depth + 1),))
        if self._next_is("("):
            self._take()
            inner = self.either(depth + 1)
            self._take(")")
            return inner
        return self._condition()

    def _condition(self) -> Condition:
        word = self._take()
        if word in _TEXT_TESTS and self._next_is("("):
            return self._text_test(word)
        field = self._field(word)
        operator = self._take()
        if operator not in _COMPARISONS:
            raise _syntax(self.text)
        return Condition(field.name, operator, literal(field, self._take()))

    def _text_test(self, word: str) -> Condition:
        self._take("(")
        field = self._field(self._take())
        self._take(",")
        value = self._take()
        self._take(")")
        if field.type not in ("Text", "Code") or not value.startswith("'"):
            raise bad_request(
                f"No function signature for the function with name '{word}' matches the arguments."
            )
        text = _unquoted(value)
        return Condition(field.name, word, text.upper() if field.type == "Code" else text)

    def _field(self, name: str) -> Field:
        field = self.entity.fields.get(name)
        if field is None:
            raise no_property(self.entity, name)
        return field


def no_property(entity: Entity, name: str) -> Refusal:
    """A filter, order or selection names a property that is not there."""
    return bad_request(f"Could not find a property named '{name}' on type 'Microsoft.NAV.{entity.name}'.")


def _unquoted(token: str) -> str:
    return token[1:-1].replace("''", "'")


def literal(field: Field, token: str) -> Any:
    """A literal as the property keeps it.

    Code values are compared in capitals, as the field itself keeps them.
    """
    is_quoted = token.startswith("'")
    if is_quoted != (field.type in ("Text", "Code", "Enum")):
        raise bad_request(
            "A binary operator with incompatible types was detected. "
            f"The property '{field.name}' cannot be compared with {token}."
        )
    if field.type == "Text":
        return _unquoted(token)
    if field.type == "Code":
        return code_of(_unquoted(token))
    return keep(field, _bare(field, token, is_quoted))


def _bare(field: Field, token: str, is_quoted: bool) -> object:
    if is_quoted:
        return _unquoted(token)
    if field.type == "Boolean" and token in ("true", "false"):
        return token == "true"
    if field.type in ("Decimal", "Integer") and re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", token):
        return int(token) if field.type == "Integer" and "." not in token else Decimal(token)
    if field.type == "DateTime" and parse_stamp(token) is None:
        raise bad_request(f"'{token}' is not a DateTimeOffset literal in UTC or with an offset.")
    return token
