"""CSV and XLSX files: written so that no spreadsheet runs a cell, read within limits.

A cell that a spreadsheet would take for a formula gets an apostrophe in front; reading takes it off again.
"""

from __future__ import annotations

import csv
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from zipfile import BadZipFile, ZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

MOST_BYTES = 10_000_000
MOST_ROWS = 50_000
MOST_COLUMNS = 100
# What a workbook may unpack to: XML packs a thousandfold, and a file of a few MB could fill the memory.
MOST_UNPACKED_BYTES = 100_000_000
# What spreadsheets begin a formula with, and apostrophes before it: those are ours or must look like ours.
_FORMULA = re.compile(r"^'*[=+\-@＝＋－＠\t\r\n]")
_ESCAPED = re.compile(r"^'+[=+\-@＝＋－＠\t\r\n]")
# XML, and with it XLSX, knows no other control characters.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")

# What zipfile, zlib, the XML parser (SyntaxError) and openpyxl raise for files that are none, or are encrypted.
_NO_WORKBOOK = (
    BadZipFile,
    InvalidFileException,
    zlib.error,
    LookupError,
    ValueError,
    SyntaxError,
    RuntimeError,
    EOFError,
    OverflowError,
    TypeError,
    AttributeError,
)


class UnreadableFile(ValueError):
    """The file as a whole cannot be used; the message says why and what to do."""


def escaped(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescaped(text: str) -> str:
    """What `escaped` was given."""
    return text[1:] if _ESCAPED.match(text) else text


# --------------------------------------------------------------------------------------------------- write


def as_csv(lines: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with the mark by which spreadsheets know it.

    Every cell is quoted: where spreadsheets separate by semicolons, a semicolon inside of a value would begin a cell.
    """
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(lines)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(lines: Iterable[Sequence[str]]) -> bytes:
    """One sheet of texts: numbers with leading zeros stay what they are."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Mappings")
    for line in lines:
        sheet.append([_NO_XML.sub("\N{REPLACEMENT CHARACTER}", text) for text in line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# ---------------------------------------------------------------------------------------------------- read


def read_lines(name: str, content: bytes) -> list[list[str]]:
    """The lines of a CSV or XLSX file as texts; raises UnreadableFile."""
    if len(content) > MOST_BYTES:
        raise UnreadableFile(f"The file is larger than {MOST_BYTES // 1_000_000} MB. Split it.")
    ending = name.rpartition(".")[2].lower()
    if ending not in ("csv", "xlsx"):
        raise UnreadableFile("Only CSV and XLSX files can be read. Save it as one of them.")
    lines = _csv_lines(content) if ending == "csv" else _xlsx_lines(content)
    kept: list[list[str]] = []
    for line in lines:
        if len(kept) > MOST_ROWS:
            raise UnreadableFile(f"The file has more than {MOST_ROWS} rows. Split it.")
        if any(line[MOST_COLUMNS:]):
            raise UnreadableFile(f"The file has more than {MOST_COLUMNS} columns. Mappings have fewer.")
        kept.append(line[:MOST_COLUMNS])
    return kept


def _csv_lines(content: bytes) -> Iterator[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile("The file is not UTF-8. Save it as “CSV UTF-8”.") from error
    head = text.partition("\n")[0]
    # Spreadsheets in many countries separate by semicolons.
    delimiter = ";" if head.count(";") > head.count(",") else ","
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise UnreadableFile(f"The file is no proper CSV: {error}.") from error


def _xlsx_lines(content: bytes) -> Iterator[list[str]]:
    try:
        with ZipFile(io.BytesIO(content)) as parts:
            # Reading ends at these sizes, so that they cannot lie.
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > MOST_UNPACKED_BYTES:
            raise UnreadableFile(
                f"The file unpacks to more than {MOST_UNPACKED_BYTES // 1_000_000} MB. Split it."
            )
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        # What a sheet says of its size is often wrong, and rows beyond it would be left out.
        sheet.reset_dimensions()
        for values in sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True):
            yield [_cell(value) for value in values]
    except UnreadableFile:
        raise
    except _NO_WORKBOOK as error:
        raise UnreadableFile("The file is no proper XLSX workbook. Save it anew and try again.") from error


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
