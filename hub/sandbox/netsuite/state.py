"""What the account holds: records by type and internal id, their external ids, numbers, and undo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from hub.sandbox.netsuite import errors

Record = dict[str, Any]
"""One record. Field names are those of REST; references are internal ids, numbers Decimal, times UTC."""

# Where internal ids of a type begin. NetSuite counts per kind of list; transactions share one series.
FIRST_IDS = {
    "subsidiary": 1,
    "currency": 1,
    "priceLevel": 1,
    "term": 1,
    "location": 1,
    "taxType": 1,
    "taxItem": 101,
    "shipItem": 201,
    "customer": 1001,
    "item": 2001,
    "salesOrder": 50001,
    "fulfillmentNumber": 101,
    "creditNumber": 101,
    "estimateNumber": 101,
    "invoiceNumber": 101,
    "returnNumber": 101,
    "adjustmentNumber": 101,
    "purchaseNumber": 101,
    "receiptNumber": 101,
    "address": 7001,
}
# The field by which people know a record of the type.
NAMES = {
    "subsidiary": "name",
    "currency": "name",
    "priceLevel": "name",
    "term": "name",
    "location": "name",
    "taxType": "name",
    "taxItem": "itemId",
    "shipItem": "itemId",
    "customer": "entityId",
    "item": "itemId",
    "salesOrder": "tranId",
    "itemFulfillment": "tranId",
    "creditMemo": "tranId",
    "estimate": "tranId",
    "invoice": "tranId",
    "returnAuthorization": "tranId",
    "inventoryAdjustment": "tranId",
    "purchaseOrder": "tranId",
    "itemReceipt": "tranId",
    "itemLocation": "",
}


class Records:
    """All records of one type. Records are replaced, never changed in place."""

    def __init__(self, record_type: str) -> None:
        self.record_type = record_type
        self.by_id: dict[str, Record] = {}
        self.by_external_id: dict[str, str] = {}
        self.by_name: dict[str, str] = {}

    def put(self, record: Record) -> Record | None:
        """Keep the record; the one it replaces, if any."""
        before = self.take(record["id"])
        self.by_id[record["id"]] = record
        if record.get("externalId"):
            self.by_external_id[record["externalId"]] = record["id"]
        name = record.get(NAMES.get(self.record_type, ""))
        if name:
            self.by_name[str(name).lower()] = record["id"]
        return before

    def take(self, record_id: str) -> Record | None:
        """Remove and return the record."""
        record = self.by_id.pop(record_id, None)
        if record is not None:
            self.by_external_id.pop(record.get("externalId") or "", None)
            self.by_name.pop(str(record.get(NAMES.get(self.record_type, ""), "")).lower(), None)
        return record

    def external(self, external_id: str) -> Record | None:
        """The record of that external id."""
        found = self.by_external_id.get(external_id)
        return self.by_id[found] if found else None

    def named(self, name: str) -> Record | None:
        """The record by the name that people know it by, in any case of letters."""
        found = self.by_name.get(name.lower())
        return self.by_id[found] if found else None


class State:
    """Records of all types, the clock, counters, and what changed since somebody last looked."""

    def __init__(self) -> None:
        self.types = {record_type: Records(record_type) for record_type in NAMES}
        self.ids = dict(FIRST_IDS)
        self.custom_fields: dict[str, dict[str, str]] = {"body": {}, "column": {}, "entity": {}}
        """REST name to type, by where the field stands."""
        self.deleted: list[Record] = []
        self.locked: set[str] = set()
        """Sales orders that a person saves at this moment: the next edit through REST meets a changed record."""
        self.dirty: dict[tuple[str, str], None] = {}
        """(type, id) of what changed since SuiteQL's tables were filled."""
        self.seeds = False
        """While master data is set up: what is saved counts as long there, a late index shows it."""
        self.undo: list[Callable[[], object]] | None = None
        self.last_stamp = datetime.min.replace(tzinfo=UTC)

    def __getitem__(self, record_type: str) -> Records:
        return self.types[record_type]

    def now(self) -> datetime:
        """The clock, UTC in microseconds, never going back. What callers see has whole seconds."""
        self.last_stamp = max(self.last_stamp, datetime.now(UTC))
        return self.last_stamp

    def new_id(self, kind: str) -> str:
        """The next internal id of a kind; an undone write leaves a gap."""
        number = self.ids.setdefault(kind, 1)
        self.ids[kind] = number + 1
        return str(number)

    def save(self, record_type: str, record: Record) -> Record:
        """Keep a new or changed record, stamped with the time."""
        moment = self.now()
        kept = {"createdDate": moment, **record, "lastModifiedDate": moment, "_isSeeded": self.seeds}
        before = self.types[record_type].put(kept)
        self.dirty[record_type, kept["id"]] = None
        if self.undo is not None:
            self.undo.append(lambda: self._restore(record_type, kept["id"], before))
        return kept

    def remove(self, record_type: str, record_id: str) -> None:
        """Delete the record and remember that it was there."""
        before = self.types[record_type].take(record_id)
        self.dirty[record_type, record_id] = None
        self.deleted.append({"type": record_type, "id": record_id, "at": self.now()})
        if self.undo is not None:
            self.undo.append(lambda: self._restore(record_type, record_id, before))

    def _restore(self, record_type: str, record_id: str, before: Record | None) -> None:
        self.dirty[record_type, record_id] = None
        if before is None:
            self.types[record_type].take(record_id)
        else:
            self.types[record_type].put(before)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: an exception takes back everything that was done inside."""
        outer = self.undo
        mine: list[Callable[[], object]] = []
        self.undo = mine
        try:
            yield
        except BaseException:
            for step in reversed(mine):
                step()
            mine.clear()
            raise
        finally:
            self.undo = outer
            if outer is not None:
                outer.extend(mine)

    def existing(self, record_type: str, record_id: str) -> Record:
        """The record by internal id, or by "eid:" and external id. Raises Refusal with 404."""
        records = self.types[record_type]
        if record_id.startswith("eid:"):
            record = records.external(record_id.removeprefix("eid:"))
        else:
            record = records.by_id.get(record_id)
        if record is None:
            raise errors.no_record(record_type, record_id)
        return record

    def name_of(self, record_type: str, record_id: str) -> str:
        """What people call the record; "" if it is not there."""
        record = self.types[record_type].by_id.get(record_id)
        return str(record.get(NAMES[record_type], "")) if record else ""
