"""The configured engine's wrapper, which tells `benchmarks.chaos.edges` of every commit."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.db.backends.utils import CursorWrapper

from benchmarks.chaos import edges

_engine: str = getattr(settings, "CHAOS_ENGINE", "hub.embedded")
_Configured: Any = import_module(f"{_engine}.base").DatabaseWrapper


class CountingCursor(CursorWrapper):
    """Statements in a transaction of their own are commits; the others belong to one that comes."""

    def execute(self, sql: Any, params: Any = None) -> Any:
        writes = edges.writes_of(str(sql)) if edges.LEDGER.is_open else ""
        if not writes:
            return super().execute(sql, params)
        if self.db.in_atomic_block:
            self.db.written.append(writes)
            return super().execute(sql, params)
        if edges.LEDGER.is_exact:
            return self._in_transaction(sql, params, writes)
        with edges.LEDGER.passing(writes):
            return super().execute(sql, params)

    def _in_transaction(self, sql: Any, params: Any, writes: str) -> Any:
        """Carry it out, see whether it changed a row at all, and only then come to the commit."""
        changed = ""
        with self.db.wrap_database_errors, self.db.connection.transaction():
            result = super().execute(sql, params)
            if self.cursor.rowcount > 0:
                changed = f"{writes} {self._about()}".strip()
                number = edges.LEDGER.begin(changed)
        if changed:
            edges.LEDGER.end(changed, number)
        return result

    def _about(self) -> str:
        """Which flow or subject the returned rows speak of: a claim of another flow is another edge."""
        columns = [column.name for column in self.cursor.description or ()]
        for name in ("flow", "subject"):
            if name in columns:
                rows = self.cursor.fetchall()
                self.cursor.scroll(0, mode="absolute")
                return ",".join(sorted({row[columns.index(name)].partition(":")[0] for row in rows}))
        return ""


class DatabaseWrapper(_Configured):  # type: ignore[misc]
    """Counts; changes nothing else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.written: list[str] = []

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        return CountingCursor(cursor, self)

    def _commit(self) -> None:
        written, self.written = self.written, []
        if not written:
            super()._commit()
            return
        with edges.LEDGER.passing(", ".join(dict.fromkeys(written))):
            super()._commit()

    def _rollback(self) -> None:
        self.written = []
        super()._rollback()
