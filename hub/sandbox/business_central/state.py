"""What the company holds: records by entity set and id, oldest change first, with undo for batches."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.sandbox.business_central.entities import ENTITIES
from hub.sandbox.business_central.values import Record

# What look-ups ask for by equality; kept as an index so that a large company answers as fast as a small one.
INDEXED = {
    "salesOrders": ("externalDocumentNumber", "number", "customerNumber"),
    "salesQuotes": ("externalDocumentNumber", "number"),
    "salesQuoteLines": ("documentId",),
    "salesInvoices": ("externalDocumentNumber", "number", "orderNumber", "orderId"),
    "salesShipments": ("externalDocumentNumber", "number", "orderNumber"),
    "salesCreditMemos": ("externalDocumentNumber", "number", "customerNumber"),
    "salesCreditMemoLines": ("documentId",),
    "salesOrderLines": ("documentId",),
    "salesShipmentLines": ("documentId",),
    "salesInvoiceLines": ("documentId",),
    "purchaseOrders": ("number",),
    "purchaseOrderLines": ("documentId",),
    "itemLedgerEntries": ("itemNumber", "_open"),
    "customers": ("number",),
    "items": ("number",),
    "accounts": ("number",),
}
# Sets that API v2.0 does not serve, or not here, but that orders and lines can name. They have a number and a name.
PLAIN_SETS = frozenset(
    {"itemCharges", "resources", "fixedAssets", "salespeople", "dimension1Values", "dimension2Values"}
)
NAMESPACE = uuid.UUID("5a1e5b0c-0000-4000-8000-000000000000")


@dataclass(frozen=True, slots=True)
class Changed:
    """One record that was `kind` (created, updated, deleted), as it is now or was last."""

    set_name: str
    kind: str
    record: Record


class Collection:
    """One entity set. Records are replaced, never changed in place; iteration is oldest change first."""

    def __init__(self, set_name: str) -> None:
        self.set_name = set_name
        self.records: dict[str, Record] = {}
        self.indexes: dict[str, dict[Any, dict[str, None]]] = {name: {} for name in INDEXED.get(set_name, ())}

    def put(self, record: Record) -> Record | None:
        """Keep the record as the newest of its set; the one it replaces, if any."""
        before = self.take(record["id"])
        self.records[record["id"]] = record
        for name, index in self.indexes.items():
            index.setdefault(record[name], {})[record["id"]] = None
        return before

    def take(self, record_id: str) -> Record | None:
        """Remove and return the record."""
        record = self.records.pop(record_id, None)
        if record is not None:
            for name, index in self.indexes.items():
                index[record[name]].pop(record_id, None)
        return record

    def having(self, name: str, value: object) -> list[Record]:
        """The records whose property equals the value, oldest change first where the property is indexed."""
        if name in self.indexes:
            return [self.records[record_id] for record_id in self.indexes[name].get(value, ())]
        return [record for record in self.records.values() if record[name] == value]

    def one(self, name: str, value: object) -> Record | None:
        """The first record whose property equals the value."""
        found = self.having(name, value)
        return found[0] if found else None


class State:
    """All sets of a company, its number series and its clock."""

    def __init__(self, company: str) -> None:
        self.company = company
        self.sets = {set_name: Collection(set_name) for set_name in (*ENTITIES, *sorted(PLAIN_SETS))}
        self.numbers: dict[str, int] = {}
        self.serial = 0
        self.last_stamp = datetime.min.replace(tzinfo=UTC)
        self.undo: list[Callable[[], object]] | None = None
        self.changes: list[Changed] = []

    def __getitem__(self, set_name: str) -> Collection:
        return self.sets[set_name]

    def now(self) -> datetime:
        """The clock: UTC in milliseconds, never going back, equal stamps possible."""
        moment = datetime.now(UTC)
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        self.last_stamp = max(self.last_stamp, moment)
        return self.last_stamp

    def new_id(self, set_name: str, key: str) -> str:
        """A GUID that is the same in every run for the same key."""
        return str(uuid.uuid5(NAMESPACE, f"{self.company}/{set_name}/{key}"))

    def next_number(self, series: str, first: int, prefix: str) -> str:
        """The next number of a series; an undone transaction leaves a gap."""
        self.numbers[series] = self.numbers.get(series, first - 1) + 1
        return f"{prefix}{self.numbers[series]}"

    def save(self, set_name: str, record: Record) -> Record:
        """Keep a new or changed record; stamps it with time and version."""
        self.serial += 1
        kept = {**record, "_version": self.serial, "lastModifiedDateTime": self.now()}
        before = self.sets[set_name].put(kept)
        self._note(Changed(set_name, "updated" if before else "created", kept))
        if self.undo is not None:
            collection, record_id = self.sets[set_name], kept["id"]
            if before is None:
                self.undo.append(lambda: collection.take(record_id))
            else:
                self.undo.append(lambda: collection.put(before))
        return kept

    def remove(self, set_name: str, record_id: str) -> None:
        """Delete the record."""
        collection = self.sets[set_name]
        before = collection.take(record_id)
        if before is not None:
            self._note(Changed(set_name, "deleted", before))
        if self.undo is not None and before is not None:
            self.undo.append(lambda: collection.put(before))

    def take_changes(self) -> list[Changed]:
        """What was changed since the last call and not taken back, oldest first."""
        taken, self.changes = self.changes, []
        return taken

    def _note(self, changed: Changed) -> None:
        self.changes.append(changed)
        if self.undo is not None:
            self.undo.append(self.changes.pop)

    @contextmanager
    def transaction(self) -> Iterator[Callable[[], None]]:
        """Lends a function that takes back everything done since; transactions may lie inside each other."""
        outer = self.undo
        mine: list[Callable[[], object]] = []
        self.undo = mine

        def take_back() -> None:
            while mine:
                mine.pop()()

        try:
            yield take_back
        finally:
            self.undo = outer
            if outer is not None:
                outer.extend(mine)

    def lagging(self, records: Iterable[Record], seconds: float) -> list[Record]:
        """The records without those that changed in the last `seconds`, as a late index shows them."""
        limit = datetime.now(UTC) - timedelta(seconds=seconds)
        return [record for record in records if record["lastModifiedDateTime"] < limit]


def etag_of(record: Record) -> str:
    """The tag of this version of the record."""
    text = f"{record['id']};{record['_version']};"
    return f'W/"{base64.b64encode(text.encode()).decode()}"'
