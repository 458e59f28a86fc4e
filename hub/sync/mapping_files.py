"""Mapping rows as lines of a CSV or XLSX file, and such lines applied all or nothing.

A file is applied in one transaction or not at all. An empty cell keeps what the row has; rows without a line stay.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.expressions import Combinable

from hub.lib.spreadsheets import UnreadableFile, escaped, unescaped

WRITTEN_AT_ONCE = 1000
_WORDS_OF_BOOLEANS = {"true": "True", "yes": "True", "false": "False", "no": "False"}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its head and the model's field.

    For a relation `path` words the other row in an export, and `find` returns keys of such rows by their words.
    """

    head: str
    field: str
    path: str | Combinable = ""
    find: Callable[[], dict[str, int]] | None = None

    @property
    def source(self) -> str | Combinable:
        """Where an export reads the value."""
        return self.path or self.field

    @property
    def attname(self) -> str:
        """The model's attribute that holds the value or the related row's key."""
        return f"{self.field}_id" if self.find else self.field


@dataclass(frozen=True, slots=True)
class MappingFile:
    """The layout of a mapping's files: what names a row, what a person fills in, what only explains."""

    model: type[models.Model]
    key: tuple[Column, ...]
    values: tuple[Column, ...]
    notes: tuple[Column, ...] = ()
    faults: Callable[[Any], dict[str, str]] | None = None
    """What is wrong with a row as it would be, by the model's field: what no single cell shows."""
    place: Callable[[Any], Hashable | None] | None = None
    """What only one row may hold, None where a row holds nothing; `place_column` is the text column that says it."""
    place_column: str = ""

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns in the order of an export."""
        return (*self.key, *self.notes, *self.values)


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row; `line` counts as a spreadsheet does, the head is line 1."""

    line: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file did: rows made, changed and left as they were, or the faults for which nothing was done."""

    made: int
    changed: int
    unchanged: int
    faults: tuple[RowFault, ...] = ()
    touched: tuple[models.Model, ...] = ()


# --------------------------------------------------------------------------------------------------- cells


def _worded(value: object) -> str:
    if value is None:
        return ""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


# --------------------------------------------------------------------------------------------------- write


def table(layout: MappingFile, rows: models.QuerySet[Any]) -> Iterator[list[str]]:
    """The head and every row as escaped texts."""
    yield [column.head for column in layout.columns]
    for values in rows.values_list(*(column.source for column in layout.columns)).iterator(chunk_size=2000):
        yield [escaped(_worded(value)) for value in values]


# --------------------------------------------------------------------------------------------------- apply


def apply(layout: MappingFile, lines: Sequence[Sequence[str]]) -> Imported:
    """Bring the table to what the lines say, or say what is wrong with each; in one transaction.

    Raises UnreadableFile where the head does not fit.
    """
    places = _places(layout, lines)
    found: dict[str, dict[str, int]] = {
        column.head: column.find() for column in layout.columns if column.find is not None
    }
    faults: list[RowFault] = []
    wanted: dict[tuple[object, ...], dict[str, object]] = {}
    numbers: dict[tuple[object, ...], int] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        row = _Row(layout, places, found, number, line)
        values = row.values()
        key = tuple(values.get(column.attname) for column in layout.key)
        if not row.faults and key in wanted:
            row.faults.append(
                RowFault(number, layout.key[-1].head, "The same row stands further up already.")
            )
        wanted[key], numbers[key] = values, number
        faults += row.faults
    if faults:
        return Imported(0, 0, 0, tuple(faults))
    with transaction.atomic():
        return _write(layout, wanted, numbers)


def _places(layout: MappingFile, lines: Sequence[Sequence[str]]) -> dict[str, int]:
    heads = [cell.strip() for cell in lines[0]] if lines else []
    known = [column.head for column in layout.columns]
    needed = [column.head for column in layout.key]
    if missing := [head for head in needed if head not in heads]:
        raise UnreadableFile(f"The file lacks the column {missing[0]!r}. Columns are: {', '.join(known)}.")
    if unknown := [head for head in heads if head and head not in known]:
        raise UnreadableFile(f"{unknown[0]!r} is no column. Columns are: {', '.join(known)}.")
    if twice := [head for head in heads if head and heads.count(head) > 1]:
        raise UnreadableFile(f"The column {twice[0]!r} is there twice.")
    return {head: place for place, head in enumerate(heads) if head}


class _Row:
    """One line of a file, checked cell by cell."""

    def __init__(
        self,
        layout: MappingFile,
        places: Mapping[str, int],
        found: Mapping[str, dict[str, int]],
        number: int,
        line: Sequence[str],
    ) -> None:
        self.layout, self.places, self.found, self.number, self.line = layout, places, found, number, line
        self.faults: list[RowFault] = []
        if any(cell.strip() for cell in line[max(places.values()) + 1 :]):
            self.faults.append(RowFault(number, "", "The row has more cells than the head."))

    def values(self) -> dict[str, object]:
        """Attributes of the model; an empty cell of a value is left out."""
        result: dict[str, object] = {}
        for column in (*self.layout.key, *self.layout.values):
            text = self._text(column)
            if not text and column in self.layout.values:
                continue
            value = self._value(column, text)
            if value is not None:
                result[column.attname] = value
        return result

    def _text(self, column: Column) -> str:
        place = self.places.get(column.head)
        if place is None or place >= len(self.line):
            return ""
        return unescaped(self.line[place].strip(" "))

    def _value(self, column: Column, text: str) -> object:
        if column.find is not None:
            related = self.found[column.head].get(text)
            if related is None:
                self._fault(column, f"There is no {column.head} {text!r}.")
            return related
        if _UNSTORABLE.search(text):
            self._fault(column, "It contains a character that cannot be stored.")
            return None
        field = self.layout.model._meta.get_field(column.field)
        assert isinstance(field, models.Field)
        if isinstance(field, models.BooleanField):
            # Spreadsheets write TRUE, people yes; the model knows True.
            text = _WORDS_OF_BOOLEANS.get(text.casefold(), text)
        try:
            return field.clean(text, None)
        except ValidationError as error:
            self._fault(column, " ".join(error.messages))
            return None

    def _fault(self, column: Column, message: str) -> None:
        self.faults.append(RowFault(self.number, column.head, message))


def _write(
    layout: MappingFile,
    wanted: Mapping[tuple[object, ...], dict[str, object]],
    numbers: Mapping[tuple[object, ...], int],
) -> Imported:
    """Upsert what is new or says something else; rows are written in the order of their keys."""
    names = [column.attname for column in layout.key]
    known = {
        tuple(getattr(row, name) for name in names): row
        for row in layout.model._default_manager.select_for_update().order_by("pk")
    }
    held = {row.pk: getattr(row, layout.place_column, "") for row in known.values()}
    rows, made = {}, 0
    for key in sorted(wanted, key=repr):
        row = known.get(key)
        if row is not None and all(getattr(row, name) == value for name, value in wanted[key].items()):
            continue
        made += row is None
        row = row or layout.model()
        for name, value in wanted[key].items():
            setattr(row, name, value)
        rows[key] = row
    faults = _row_faults(layout, rows, known, numbers)
    if faults:
        return Imported(0, 0, 0, tuple(faults))
    _make_way(layout, list(rows.values()), held)
    layout.model._default_manager.bulk_create(
        rows.values(),
        batch_size=WRITTEN_AT_ONCE,
        update_conflicts=True,
        unique_fields=[column.field for column in layout.key],
        update_fields=[column.field for column in layout.values],
    )
    return Imported(made, len(rows) - made, len(wanted) - len(rows), (), tuple(rows.values()))


_Rows = Mapping[tuple[object, ...], Any]


def _row_faults(
    layout: MappingFile, rows: _Rows, known: _Rows, numbers: Mapping[tuple[object, ...], int]
) -> list[RowFault]:
    """What is wrong with the rows as they would be, each by itself and beside the others."""
    heads = {column.field: column.head for column in layout.columns}
    faults: list[RowFault] = []
    if layout.faults is not None:
        _fetch_related(layout, list(rows.values()))
        for key, row in rows.items():
            faults += [
                RowFault(numbers[key], heads[name], message) for name, message in layout.faults(row).items()
            ]
    if layout.place is not None:
        places = Counter(layout.place(row) for row in {**known, **rows}.values())
        faults += [
            RowFault(numbers[key], heads[layout.place_column], "Another row says the same, and only one may.")
            for key, row in rows.items()
            if (place := layout.place(row)) is not None and places[place] > 1
        ]
    return sorted(faults, key=lambda fault: fault.line)


def _fetch_related(layout: MappingFile, rows: Sequence[Any]) -> None:
    """The rows that the rows' keys name, read at once."""
    for column in layout.columns:
        related = layout.model._meta.get_field(column.field).related_model
        if isinstance(related, type) and issubclass(related, models.Model):
            found = related._default_manager.in_bulk({getattr(row, column.attname) for row in rows})
            for row in rows:
                setattr(row, column.field, found[getattr(row, column.attname)])


def _make_way(layout: MappingFile, rows: Sequence[Any], held: Mapping[int, str]) -> None:
    """Empty what moves from one of these rows to another: the database looks at each row by itself."""
    wanted = {getattr(row, layout.place_column, "") for row in rows}
    moving = [
        row.pk
        for row in rows
        if row.pk in held and held[row.pk] != getattr(row, layout.place_column, "") and held[row.pk] in wanted
    ]
    if layout.place_column and moving:
        layout.model._default_manager.filter(pk__in=moving).update(**{layout.place_column: ""})
