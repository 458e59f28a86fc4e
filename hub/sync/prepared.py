"""Statements that run for every order, prepared once for each session: planning them takes longer than running them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection as database
from django.db.backends.utils import CursorWrapper
from psycopg.types.numeric import Int8Dumper


class _PreparedCursor(psycopg.Cursor[Any]):
    """Prepares each statement at its first use. Whole numbers are bigint, however small.

    psycopg keeps a statement for each combination of its parameters' types, and by itself sends 7 as smallint and
    70,000 as integer. An empty list has no type of its own, either: where it may come, add one that finds nothing.
    A rollback forgets them all.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.adapters.register_dumper(int, Int8Dumper)

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, **{**options, "prepare": True})


@contextmanager
def prepared_cursor() -> Iterator[CursorWrapper]:
    """A cursor like Django's whose statements are prepared: for a few fixed texts only, each is kept by the session.

    The statement must cast a parameter that it uses in several places, and must name values of partial indexes
    literally: one plan serves every value.
    """
    database.ensure_connection()
    session = database.connection
    before = session.cursor_factory
    session.cursor_factory = _PreparedCursor
    try:
        cursor = database.cursor()
    finally:
        session.cursor_factory = before
    with cursor:
        yield cursor


def rows_of(statement: str, parameters: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a prepared statement; its rows."""
    with prepared_cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
