"""Internal ids of what documents name by code: small lists read whole, items and customers looked up as they come.

An id is believed for a while only: people rename things, and delete them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hub.connectors.erps.netsuite import suiteql
from hub.connectors.erps.netsuite.client import Client, Json
from hub.connectors.erps.netsuite.suiteql import PAGE_ROWS
from hub.errors import CodeKind, CodeUnknown, RecordRejected, UnknownCode, Unreachable

LIST_SECONDS, NAME_SECONDS = 3600.0, 900.0
# An id that no code is known for is looked for anew, but not by every record that names it.
_AGAIN_AFTER = 10.0
NAMES_AT_ONCE = 500
# Pages of 1,000 that are read before anything is looked up by name.
PAGES_AHEAD = 10


class CodeList:
    """The ids of a small table (terms, currencies…): read whole, and again where a code is missing."""

    def __init__(
        self, client: Client, table: str, column: str, label: str, kind: CodeKind | None = None
    ) -> None:
        self.client = client
        self.table = table
        self.column = column
        self.label = label
        self.kind = kind
        self._ids: dict[str, str] = {}
        self._codes: dict[str, str] = {}
        self._read_at: float | None = None
        self._lock = threading.Lock()

    def id_of(self, code: str, kind: CodeKind | None = None) -> str:
        """The id of a code, "" for a blank one; an internal id stands for itself where no code is the same.

        Raises CodeUnknown (RecordRejected where no mapping stands behind it) for a code that is not there. `kind` says
        what the code stands for on this document where that differs from the list's own. No code is called missing by
        a list that was read before it was asked for: the row that names it is emptied then, and a person may have
        created it there just now, and named it.
        """
        wanted = code.strip()
        if not wanted:
            return ""
        asked_at = time.monotonic()
        with self._lock:
            self._refresh(asked_at - LIST_SECONDS)
            if wanted.casefold() not in self._ids and not self._is_id(wanted):
                self._refresh(asked_at)
            found = self._ids.get(wanted.casefold()) or (wanted if self._is_id(wanted) else "")
        if not found:
            raise self._unknown(wanted, kind or self.kind)
        return found

    def is_named(self, internal_id: str, code: str) -> bool:
        """Whether a record shows this id by that code; two blanks are the same."""
        with self._lock:
            self._refresh(time.monotonic() - LIST_SECONDS)
            return self._ids.get(code.strip().casefold(), code.strip()) == internal_id

    def code_of(self, internal_id: str) -> str:
        """The code of an id; raises Unreachable where the list does not hold it."""
        with self._lock:
            self._refresh(time.monotonic() - LIST_SECONDS)
            if internal_id not in self._codes:
                self._refresh(time.monotonic() - _AGAIN_AFTER)
            if internal_id in self._codes:
                return self._codes[internal_id]
        raise Unreachable(
            f"NetSuite's list of {self.label}s does not hold {internal_id!r}, which a record names."
        )

    def is_empty(self) -> bool:
        """Whether the account has no such list: the feature behind it is switched off."""
        with self._lock:
            self._refresh(time.monotonic() - LIST_SECONDS)
            return not self._codes

    def get_ready(self) -> None:
        """Read the codes unless they are known."""
        with self._lock:
            self._refresh(time.monotonic() - LIST_SECONDS)

    def forget(self) -> None:
        """Read the list anew the next time: NetSuite did not take an id of it."""
        with self._lock:
            self._read_at = None

    def _is_id(self, wanted: str) -> bool:
        return wanted in self._codes

    def _refresh(self, since: float) -> None:
        """Read the list unless that was done since then (monotonic seconds)."""
        if self._read_at is not None and self._read_at > since:
            return
        rows = list(
            self.client.rows(suiteql.code_list(self.table, self.column), operation=f"read {self.table}")
        )
        self._codes = {str(row.get("id", "")): str(row.get("code", "")) for row in rows}
        # Where two records have one name, the older one is meant.
        self._ids = {code.casefold(): key for key, code in reversed(self._codes.items()) if code}
        self._read_at = time.monotonic()

    def _unknown(self, code: str, kind: CodeKind | None) -> RecordRejected:
        words = f"NetSuite has no {self.label} {code!r}. Create it there or correct the mapping."
        evidence = {"list": self.table, "code": code}
        if kind is None:
            return RecordRejected(words, evidence=evidence)
        return CodeUnknown(words, codes=(UnknownCode(kind, code),), evidence=evidence)


@dataclass(frozen=True, slots=True)
class _Known:
    internal_id: str
    until: float


class Names:
    """Ids of records that may be too many to be read whole (items, customers): those asked for, many in a query.

    With `every` (the query for all of them) the first ten pages are read ahead where a name is not known: orders of a
    catalogue's whole breadth would ask for a few items each, one after the other.
    """

    def __init__(
        self,
        client: Client,
        query: Callable[[Iterable[str]], str],
        label: str,
        kind: CodeKind,
        *,
        every: str = "",
    ) -> None:
        self.client = client
        self.query = query
        self.label = label
        self.kind = kind
        self.every = every
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()
        self._ahead = threading.Lock()
        self._read_at: float | None = None

    def ids_of(self, names: Iterable[str]) -> dict[str, str]:
        """The id of each name; raises CodeUnknown that names every one that is not there."""
        wanted = list(dict.fromkeys(names))
        found = self._still_known(wanted)
        missing = [name for name in wanted if name not in found]
        if missing and self.every:
            self.get_ready()
            found = self._still_known(wanted)
            missing = [name for name in wanted if name not in found]
        for start in range(0, len(missing), NAMES_AT_ONCE):
            found |= self._look_up(missing[start : start + NAMES_AT_ONCE])
        unknown = [name for name in wanted if name not in found]
        if unknown:
            raise self._unknown(unknown)
        return found

    def get_ready(self) -> None:
        """Read ahead, unless that was done a short while ago; others wait for whoever does."""
        with self._ahead:
            if self._read_at is not None and time.monotonic() - self._read_at < NAME_SECONDS:
                return
            ids: dict[str, set[str]] = {}
            for page in range(PAGES_AHEAD):
                rows = self.client.query(self.every, operation=f"read {self.label}s", offset=page * PAGE_ROWS)
                for row in rows.items:
                    ids.setdefault(str(row.get("code", "")), set()).add(str(row.get("id", "")))
                if not rows.has_more:
                    break
            # A name that several records have is looked up, which says so.
            self._remember({name: found.pop() for name, found in ids.items() if len(found) == 1})
            self._read_at = time.monotonic()

    def forget(self, name: str) -> None:
        """Look it up anew the next time: NetSuite did not take its id."""
        with self._lock:
            self._known.pop(name, None)

    def _still_known(self, wanted: list[str]) -> dict[str, str]:
        now = time.monotonic()
        with self._lock:
            return {
                name: known.internal_id
                for name in wanted
                if (known := self._known.get(name)) is not None and known.until > now
            }

    def _look_up(self, names: list[str]) -> dict[str, str]:
        rows = self.client.rows(self.query(names), operation=f"look up {self.label}s")
        found = self._by_name(rows, set(names))
        self._remember(found)
        return found

    def _remember(self, ids: Mapping[str, str]) -> None:
        until = time.monotonic() + NAME_SECONDS
        with self._lock:
            self._known |= {name: _Known(internal_id, until) for name, internal_id in ids.items()}

    def _by_name(self, rows: Iterable[Json], wanted: set[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for row in rows:
            name, internal_id = str(row.get("code", "")), str(row.get("id", ""))
            if name not in wanted:
                continue
            if row.get("isinactive") == "T":
                # It would refuse the id as invalid, as if it had never heard of it.
                raise RecordRejected(
                    f"NetSuite's {self.label} {name!r} is inactive. Activate it there or name another one in the "
                    "mapping, then press Try again.",
                    evidence={"code": name},
                )
            if found.setdefault(name, internal_id) != internal_id:
                raise RecordRejected(
                    f"NetSuite has several {self.label}s {name!r}: {found[name]} and {internal_id}. "
                    "Rename one there, so that the number names one only."
                )
        return found

    def _unknown(self, names: list[str]) -> CodeUnknown:
        listed = ", ".join(repr(name) for name in names)
        return CodeUnknown(
            f"NetSuite has no {self.label} {listed}. Create it there or correct the mapping.",
            codes=tuple(UnknownCode(self.kind, name) for name in names),
            evidence={"codes": names},
        )
