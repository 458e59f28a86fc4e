"""SuiteQL as text: what NetSuite takes and how it is worded for SQLite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.sandbox.netsuite.errors import bad_query

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][A-Za-z0-9_$]*)"
    r"|(?P<mark>\|\||<=|>=|<>|!=|[-+*/%(),.=<>])"
)
# No part of SuiteQL, though SQLite would take them.
_REFUSED = frozenset(("limit", "offset", "glob", "regexp", "pragma", "isnull", "notnull"))
MAX_LIST = 1000
_DATE_MARK = "\x01"
"""Dates and times are kept as this mark and "YYYY-MM-DD HH:MM:SS" of the account's clock; texts never begin so."""
_FORMAT = re.compile(r'"[^"]*"|YYYY|MM|DD|HH24|MI|SS|FF\d?|[^A-Za-z"]')
_PATTERNS = {
    "YYYY": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{1,2})",
    "HH24": r"(?P<hour>\d{1,2})",
    "MI": r"(?P<minute>\d{1,2})",
    "SS": r"(?P<second>\d{1,2})",
}
_STRFTIME = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S"}


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a query: space, text, number, word or mark."""

    kind: str
    text: str

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words, in any case of letters."""
        return self.kind == "word" and self.text.lower() in words


@dataclass(frozen=True, slots=True)
class Query:
    """A query for SQLite and the words in it, lower case."""

    sql: str
    words: frozenset[str]


def translate(text: str) -> Query:
    """Raises Refusal for what is not SuiteQL."""
    tokens = list(_tokens(text))
    significant = [token for token in tokens if token.kind != "space"]
    if not significant or not significant[0].is_word("select", "with"):
        raise bad_query("Search error occurred: a query must begin with SELECT or WITH.")
    significant = _without_fetch(significant)
    for token in significant:
        # No name of NetSuite begins with an underscore: these are SQLite's tables and ours.
        if token.is_word(*_REFUSED) or token.text.lower().startswith(("_", "sqlite_")):
            raise bad_query(f"Search error occurred: Invalid or unsupported search near '{token.text}'.")
    _check_lists(significant)
    _check_order(significant)
    words = frozenset(token.text.lower() for token in significant if token.kind == "word")
    return Query(" ".join(_worded(significant)), words)


def _check_lists(tokens: list[Token]) -> None:
    """The database below SuiteQL takes 1,000 values in one IN."""
    commas = 0
    for before, token in zip(tokens, tokens[1:], strict=False):
        if token.text == "(" or token.text == ")":
            commas = 0
        elif token.text == "," and before.kind in ("text", "number"):
            commas += 1
        if commas >= MAX_LIST:
            raise bad_query(f"Search error occurred: maximum number of expressions in a list is {MAX_LIST}.")


def _check_order(tokens: list[Token]) -> None:
    """A grouped query is ordered by its expressions: an alias of a computed column is not known there."""
    words = [token.text.lower() for token in tokens]
    if "group" not in words or "order" not in words:
        return
    aliases = {words[place + 2] for place in range(len(words) - 2) if words[place : place + 2] == [")", "as"]}
    named = aliases.intersection(words[len(words) - words[::-1].index("order") :])
    if named:
        raise bad_query(f"Search error occurred: Invalid or unsupported search near '{min(named)}'.")


def _tokens(text: str) -> Iterator[Token]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise bad_query(f"Search error occurred: Invalid or unsupported search near '{text[place]}'.")
        place = match.end()
        yield Token(str(match.lastgroup), match.group())


def _without_fetch(tokens: list[Token]) -> list[Token]:
    """FETCH FIRST n ROWS ONLY at the end, as SQLite's LIMIT (a mark, so that a caller's own LIMIT is still refused)."""
    tail = [token.text.lower() for token in tokens[-5:]]
    if (
        len(tail) == 5
        and tail[0] == "fetch"
        and tail[1] in ("first", "next")
        and tail[3:] == ["rows", "only"]
    ):
        return [*tokens[:-5], Token("mark", f"LIMIT {tail[2]}")]
    return tokens


def _worded(tokens: list[Token]) -> Iterator[str]:
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.is_word("builtin"):
            piece, length = _builtin(tokens[place:])
            yield piece
            place += length
            continue
        if token.is_word("sysdate", "current_date"):
            yield "sysdate()"
        elif token.is_word("transaction"):
            yield '"transaction"'
        else:
            yield token.text
        place += 1


def _builtin(tokens: list[Token]) -> tuple[str, int]:
    """BUILTIN.DF(column): the text that a person sees for a value."""
    texts = [token.text for token in tokens[:8]]
    if [text.lower() for text in texts[1:4]] != [".", "df", "("]:
        raise bad_query("Search error occurred: of BUILTIN only DF is taken here.")
    end = texts.index(")") if ")" in texts else 0
    inside = texts[4:end]
    if len(inside) not in (1, 3):
        raise bad_query("Search error occurred: BUILTIN.DF takes one column.")
    column = "".join(f'"{text}"' if text.lower() == "transaction" else text for text in inside)
    return f"builtin_df('{inside[-1].lower()}', {column})", end + 1


class Functions:
    """The functions of SuiteQL that SQLite lacks, for an account's date format and clock."""

    def __init__(self, date_format: str) -> None:
        self.date_format = date_format

    def to_date(self, text: Any, pattern: str | None = None) -> str | None:
        """A date from text; without a pattern by the account's format."""
        if text is None:
            return None
        if str(text).startswith(_DATE_MARK):
            return str(text)
        expression = "".join(self._pattern(piece) for piece in _FORMAT.findall(pattern or "MM/DD/YYYY"))
        match = re.fullmatch(expression, str(text))
        if match is None:
            raise ValueError(f"'{text}' does not fit the date format '{pattern}'")
        parts = {name: int(value) for name, value in match.groupdict().items()}
        return marked(datetime(**({"month": 1, "day": 1} | parts)))  # type: ignore[arg-type]  # noqa: DTZ001

    def _pattern(self, piece: str) -> str:
        if piece.startswith("FF"):
            return r"\d+"
        return _PATTERNS.get(piece) or re.escape(piece.strip('"'))

    def to_char(self, value: Any, pattern: str | None = None) -> str | None:
        """A date by pattern, or a number as text."""
        if value is None:
            return None
        if not str(value).startswith(_DATE_MARK):
            return plain(value)
        moment = moment_of(str(value))
        if pattern is None:
            return moment.strftime(self.date_format)
        return "".join(self._written(piece, moment) for piece in _FORMAT.findall(pattern))

    def _written(self, piece: str, moment: datetime) -> str:
        if piece.startswith("FF"):
            return "0" * int(piece[2:] or 3)
        return moment.strftime(_STRFTIME[piece]) if piece in _STRFTIME else piece.strip('"')

    def shown(self, value: Any) -> str | None:
        """A value of a result: everything is text, a bare date in the account's format without its time."""
        return None if value is None else self.to_char(value)


def marked(moment: datetime) -> str:
    """A time of the account's clock as it is kept in the tables."""
    return _DATE_MARK + moment.strftime("%Y-%m-%d %H:%M:%S")


def moment_of(text: str) -> datetime:
    """The time back from what the tables keep; it has no zone of its own."""
    return datetime.strptime(text.removeprefix(_DATE_MARK), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007


def plain(value: Any) -> str:
    """Numbers without trailing zeros and exponents."""
    if isinstance(value, float):
        return f"{value:.8f}".rstrip("0").rstrip(".")
    return str(value)
