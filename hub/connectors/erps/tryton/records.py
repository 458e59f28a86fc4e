"""Tryton's records by the codes that mappings name: many in one call, kept for some minutes, never kept as missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from hub.connectors.erps.tryton.client import Client
from hub.connectors.erps.tryton.wire import Json
from hub.errors import Conflict

# What is deactivated or renamed over there is noticed within this time; a sale that names an id is refused sooner.
KEEP_SECONDS = 600.0
ALSO_INACTIVE = ["active", "in", [True, False]]


class Records:
    """The records of one model by one text field, which may be of a record that they point to (`party.code`)."""

    def __init__(
        self,
        client: Client,
        model: str,
        key: str,
        fields: Sequence[str],
        *,
        domain: Callable[[], list[object]] = list,
    ) -> None:
        self.client = client
        self.model = model
        self.key = key
        self.fields = (key, *fields)
        self.domain = domain
        self._kept: dict[str, tuple[float, list[Json]]] = {}
        self._lock = threading.Lock()

    def by_code(self, codes: Iterable[str]) -> dict[str, Json]:
        """The records of those codes that exist; one request for all that are not known.

        An active record goes before inactive ones of its code; raises Conflict where several are active. What was
        known when it was asked for stays so, whatever other threads make forgotten meanwhile: a code that is taken
        for missing loses its mapping.
        """
        wanted = list(dict.fromkeys(code for code in codes if code))
        found = self._still_known(wanted)
        unknown = [code for code in wanted if code not in found]
        if unknown:
            read = self._read([[self.key, "in", unknown]])
            with self._lock:
                self._keep(read, unknown)
            found |= {code: read[code] for code in unknown if code in read}
        return {code: self._only(code, rows) for code, rows in found.items()}

    def read_all(self) -> None:
        """Read every record of a small table that is not known yet."""
        with self._lock:
            if not self._kept:
                self._keep(self._read([]), [])

    def forget(self, code: str) -> None:
        """Read it again when it is asked for next."""
        with self._lock:
            self._kept.pop(code, None)

    def _still_known(self, codes: Sequence[str]) -> dict[str, list[Json]]:
        now = time.monotonic()
        with self._lock:
            kept = {code: self._kept[code] for code in codes if code in self._kept}
        return {code: rows for code, (until, rows) in kept.items() if until >= now}

    def _read(self, domain: list[object]) -> dict[str, list[Json]]:
        operation = f"look up {self.model}"
        rows = self.client.records(self.model, [*domain, *self.domain()], self.fields, operation=operation)
        found: dict[str, list[Json]] = {}
        for row in rows:
            found.setdefault(text_at(row, self.key), []).append(row)
        return found

    def _keep(self, found: dict[str, list[Json]], expected: Iterable[str]) -> None:
        """Under the lock: what was expected and is not there is not known any more."""
        for code in expected:
            self._kept.pop(code, None)
        until = time.monotonic() + KEEP_SECONDS
        self._kept |= {code: (until, same) for code, same in found.items()}

    def _only(self, code: str, rows: list[Json]) -> Json:
        active = [row for row in rows if is_active(row)]
        if len(active) > 1:
            raise Conflict(
                f"Tryton has {len(active)} active records {code!r} of {self.model}. Rename all but one there, "
                "then press Try again.",
                evidence={"model": self.model, "code": code, "ids": [row.get("id") for row in active]},
            )
        return (active or rows)[0]


def is_active(row: Json) -> bool:
    """Whether it, and a product's template, may be used; records that cannot be deactivated always may."""
    template = row.get("template.")
    return bool(row.get("active", True)) and (not isinstance(template, dict) or is_active(template))


def id_of(row: Json) -> int:
    """The record's id; raises ValueError for a row without one."""
    number = row.get("id")
    if not isinstance(number, int):
        raise ValueError(f"a record without an id: {row}")
    return number


def text_at(row: Json, path: str) -> str:
    """The text in a field, or in a field of the record that it points to (`country.code`); "" where there is none."""
    name, _, rest = path.partition(".")
    if not rest:
        return str(row.get(name) or "")
    inner = row.get(f"{name}.")
    return text_at(inner, rest) if isinstance(inner, dict) else ""


def rows_at(row: Json, name: str) -> list[Json]:
    """The records that a one-to-many field holds, as far as their fields were asked for."""
    inner = row.get(f"{name}.")
    return [member for member in inner if isinstance(member, dict)] if isinstance(inner, list) else []
