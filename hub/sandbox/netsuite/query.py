"""SuiteQL: real SQL over tables that follow the account's records, with NetSuite's limits and refusals."""

from __future__ import annotations

import re
import sqlite3
import time
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.access import Access
from hub.sandbox.netsuite.api import page_of
from hub.sandbox.netsuite.fields import parse
from hub.sandbox.netsuite.orders import STATUSES
from hub.sandbox.netsuite.reading import COLLECTION, encode, page
from hub.sandbox.netsuite.sqltext import Functions, moment_of, translate
from hub.sandbox.netsuite.state import State
from hub.sandbox.netsuite.stock_rows import AGGREGATE
from hub.sandbox.netsuite.tables import COLUMNS, CUSTOM_KINDS, CUSTOM_TABLES, INDEXED, OF_TYPE, Rows
from hub.sandbox.system import Request, Response

PATH = "/services/rest/query/v1/suiteql"
# Functions of NetSuite that are simulated; any other is refused, also those that only SQLite knows.
FUNCTIONS = frozenset(
    ("to_date", "to_timestamp", "to_char", "nvl", "sys_extract_utc", "trunc", "sysdate", "builtin_df")
    + ("count", "sum", "min", "max", "avg", "coalesce", "nullif", "upper", "lower", "trim", "ltrim", "rtrim")
    + ("length", "substr", "replace", "abs", "round", "instr", "like")
)
_ALLOWED = frozenset((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE))
# What BUILTIN.DF shows for a column: the name of a record of these types.
_SHOWN = {
    "entity": ("customer",),
    "parent": ("customer",),
    "customer": ("customer",),
    "currency": ("currency",),
    "primarycurrency": ("currency",),
    "terms": ("term",),
    "item": ("item", "shipItem", "taxItem"),
    "taxcode": ("taxItem",),
    "taxitem": ("taxItem",),
    "subsidiary": ("subsidiary",),
    "location": ("location",),
    "shipmethod": ("shipItem",),
    "price": ("priceLevel",),
    "pricelevel": ("priceLevel",),
    "transaction": ("salesOrder", "estimate"),
}
_NEEDED = {
    "transaction": ("Transactions -> Sales Order", "Transactions -> Find Transaction"),
    "transactionline": ("Transactions -> Sales Order", "Transactions -> Find Transaction"),
    "transactionshippingaddress": ("Transactions -> Sales Order", "Transactions -> Find Transaction"),
    "transactionbillingaddress": ("Transactions -> Sales Order", "Transactions -> Find Transaction"),
    "customer": ("Lists -> Customers",),
    "entity": ("Lists -> Customers",),
    "item": ("Lists -> Items",),
    "aggregateitemlocation": ("Lists -> Items",),
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_COLUMN_ERROR = re.compile(r"no such column: (?:\w+\.)?(\w+)")
_TABLE_ERROR = re.compile(r"no such table: (\w+)")
_FUNCTION_ERROR = re.compile(r"(?:no such function: |not authorized to use function: )(\w+)")


class Query:
    """Answers SuiteQL of a caller who is logged in. Raises Refusal."""

    def __init__(self, state: State, access: Access, options: dict[str, Any]) -> None:
        self.state = state
        self.access = access
        self.options = options
        self.zone = ZoneInfo(options["timezone"])
        self.rows = Rows(state, self.zone)
        self.functions = Functions(options["date_format"])
        self.custom: dict[str, dict[str, str]] | None = None
        """The custom fields that the tables have as columns; None: there are no tables yet."""
        self.counts: dict[str, int] = {}
        self.told_deleted = 0

    def answer(self, request: Request, origin: str) -> Response:
        """One page of a query's result."""
        if request.method != "POST":
            raise errors.Refusal(405, "METHOD_NOT_ALLOWED", "SuiteQL is asked by POST.")
        self.access.check("Reports -> SuiteAnalytics Workbook")
        if "transient" not in request.headers.get("prefer", "").lower():
            words = (
                "The required request header 'Prefer' is missing or has an invalid value. Use 'transient'."
            )
            raise errors.Refusal(400, "INVALID_HEADER", words, header="Prefer")
        limit, offset = page_of({key: values[-1] for key, values in parse_qs(request.query).items()})
        body = parse(request.body)
        text = body.get("q") if isinstance(body, dict) else None
        if not isinstance(text, str) or not text.strip():
            raise errors.invalid_content("The field 'q' must hold the query.", "q")
        items, total = self._run(text, limit, offset, max(request.lag, self.options["lookup_lag"]))
        content = page(items, offset, limit, total, f"{origin}{PATH}")
        return Response(200, encode(content), {"Content-Type": COLLECTION})

    def _run(self, text: str, limit: int, offset: int, lag: float) -> tuple[list[dict[str, Any]], int]:
        query = translate(text)
        self._check_tables(query.words)
        self._follow()
        self.database.execute("UPDATE _clock SET visible = ?", (time.time() - lag if lag else 2e10,))
        try:
            total = self._count(query.sql, lag)
            window = (min(limit, max(0, total - offset)), offset)
            cursor = self.database.execute(f"SELECT * FROM ({query.sql}) LIMIT ? OFFSET ?", window)
            names = _names([column[0] for column in cursor.description])
            found = cursor.fetchall()
        except sqlite3.Error as error:
            raise _refusal(error) from error
        shown = self.functions.shown
        # A field without value is left out of its row.
        items = [
            {"links": [], **{n: t for n, v in zip(names, row, strict=True) if (t := shown(v)) is not None}}
            for row in found
        ]
        return items, total

    def _count(self, sql: str, lag: float) -> int:
        """How many rows there are, at most as many as a query may have; what lies beyond cannot be reached."""
        known = self.counts.get(sql) if not lag else None
        if known is None:
            counted = self.database.execute(f"SELECT COUNT(*) FROM ({sql})").fetchone()[0]
            known = min(int(counted), self.options["max_rows"])
            if not lag:
                self.counts[sql] = known
        return known

    def _check_tables(self, words: frozenset[str]) -> None:
        """A table that the role may not see does not exist for it."""
        for table, permissions in _NEEDED.items():
            if table in words and not self.access.revoked.isdisjoint(permissions):
                raise errors.bad_query(f"Search error occurred: Record '{table}' was not found.")

    def _open(self) -> None:
        """A fresh database with the columns of this moment, to be filled with everything."""
        self.database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.database.execute("PRAGMA case_sensitive_like = ON")
        self._add_functions()
        self.custom = {CUSTOM_TABLES[where]: dict(names) for where, names in self.state.custom_fields.items()}
        self.database.execute("CREATE TABLE _clock (visible REAL)")
        self.database.execute("INSERT INTO _clock VALUES (0)")
        for table, columns in COLUMNS.items():
            all_columns = columns | {
                name: CUSTOM_KINDS[kind.partition(":")[0]]
                for name, kind in self.custom.get(table, {}).items()
            }
            self._create(table, all_columns)
        self.database.execute(AGGREGATE)
        for record_type, records in self.state.types.items():
            self.state.dirty |= {(record_type, record_id): None for record_id in records.by_id}
        self.told_deleted = 0

    def _create(self, table: str, columns: dict[str, str]) -> None:
        typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        listed = ", ".join(f'"{name}"' for name in columns)
        self.database.execute(f'CREATE TABLE "_{table}" ({typed}, _changed REAL)')
        self.database.execute(
            f'CREATE VIEW "{table}" AS SELECT {listed} FROM "_{table}" '
            "WHERE _changed <= (SELECT visible FROM _clock)"
        )
        for column in {*OF_KEY.get(table, ()), *INDEXED.get(table, ())}:
            self.database.execute(f'CREATE INDEX "_{table}_{column}" ON "_{table}" ("{column}")')

    def _add_functions(self) -> None:
        add, functions = self.database.create_function, self.functions
        for name in ("to_date", "to_timestamp"):
            add(name, -1, functions.to_date)
        add("to_char", -1, functions.to_char)
        add("nvl", 2, lambda value, other: other if value is None else value)
        add("trunc", 1, lambda value: value if value is None else value[:11] + " 00:00:00")
        add("sysdate", 0, lambda: self.rows.clock(self.state.now()))
        add("sys_extract_utc", 1, lambda value: value and self.rows.utc(moment_of(value)))
        add("builtin_df", 2, self._shown)

    def _shown(self, column: str, value: Any) -> str | None:
        if value is None:
            return None
        if column == "status":
            return f"Sales Order : {STATUSES.get(value, value)}"
        names = (self.state.name_of(record_type, str(value)) for record_type in _SHOWN.get(column, ()))
        return next((name for name in names if name), str(value))

    def _follow(self) -> None:
        """Bring the tables up to the records."""
        if {CUSTOM_TABLES[where]: names for where, names in self.state.custom_fields.items()} != self.custom:
            self._open()
        if not self.state.dirty:
            return
        self.database.set_authorizer(None)
        self.database.execute("BEGIN")
        for record_type, record_id in self.state.dirty:
            self._replace(record_type, record_id)
        for gone in self.state.deleted[self.told_deleted :]:
            row = {
                "recordid": int(gone["id"]),
                "type": gone["type"],
                "deleteddate": self.rows.clock(gone["at"]),
            }
            self._insert("deletedrecord", row, gone["at"].timestamp())
        self.told_deleted = len(self.state.deleted)
        self.database.execute("COMMIT")
        self.state.dirty.clear()
        self.counts.clear()
        self.database.set_authorizer(_authorize)

    def _replace(self, record_type: str, record_id: str) -> None:
        tables = OF_TYPE.get(record_type, {})
        for table, key in tables.items():
            self.database.execute(f'DELETE FROM "_{table}" WHERE "{key}" = ?', (int(record_id),))
        record = self.state[record_type].by_id.get(record_id)
        if record is None or not tables:
            return
        changed = 0.0 if record["_isSeeded"] else record["lastModifiedDate"].timestamp()
        for table, rows in self.rows.of(record_type, record).items():
            for row in rows:
                self._insert(table, row, changed)

    def _insert(self, table: str, row: dict[str, Any], changed: float) -> None:
        names = ", ".join(f'"{name}"' for name in row)
        places = ", ".join("?" for _ in row)
        self.database.execute(
            f'INSERT INTO "_{table}" ({names}, _changed) VALUES ({places}, ?)', (*row.values(), changed)
        )


OF_KEY = {table: (key,) for tables in OF_TYPE.values() for table, key in tables.items()}


def _authorize(
    action: int, first: str | None, second: str | None, database: str | None, source: str | None
) -> int:
    """Queries read the views only, by the functions that NetSuite has."""
    if action in _ALLOWED:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_UPDATE and first == "_clock":
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _names(columns: list[str]) -> list[str]:
    """Result names: lower case, expr1, expr2… for expressions without one."""
    names: list[str] = []
    for column in columns:
        # SQLite numbers the second of two equal names: "id:1".
        column = column.partition(":")[0] if _NAME.fullmatch(column.partition(":")[0]) else column
        if _NAME.fullmatch(column):
            names.append(column.lower())
        else:
            names.append(f"expr{sum(name.startswith('expr') for name in names) + 1}")
    if len(set(names)) != len(names):
        raise errors.bad_query("Search error occurred: column names must differ; give them aliases.")
    return names


def _refusal(error: sqlite3.Error) -> errors.Refusal:
    text = str(error)
    if match := _COLUMN_ERROR.search(text):
        return errors.bad_query(
            f"Search error occurred: Field '{match[1].upper()}' was not found. Reason: NOT_EXPOSED."
        )
    if match := _TABLE_ERROR.search(text):
        return errors.bad_query(f"Search error occurred: Record '{match[1]}' was not found.")
    if match := _FUNCTION_ERROR.search(text):
        return errors.bad_query(f"Search error occurred: Unknown function '{match[1]}'.")
    return errors.bad_query(f"Search error occurred: Invalid or unsupported search. {text}")
