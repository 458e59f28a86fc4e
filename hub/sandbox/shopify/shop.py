"""The state of one simulated store: settings, records by type, clock, ids, and events waiting to go out."""

from __future__ import annotations

import time
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hub.sandbox.shopify.errors import Record, invalid_id

ALL_SCOPES = """
    read_orders write_orders read_all_orders read_draft_orders write_draft_orders
    read_order_edits write_order_edits
    read_customers write_customers read_companies write_companies read_products write_products
    read_inventory write_inventory read_locations write_locations
    read_merchant_managed_fulfillment_orders write_merchant_managed_fulfillment_orders
    read_payment_terms write_payment_terms read_publications read_metaobject_definitions
    read_shipping write_shipping read_returns write_returns
    """
API_VERSION = "2026-07"


def utc_stamp(text: str) -> str:
    """An ISO 8601 time as stamps are kept: UTC, whole seconds; no zone means UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Settings:
    """What a shop is set up with; `search_lag` in seconds, `app_id` names the app's metafield namespace."""

    name: str
    domain: str
    currency: str = "CAD"
    timezone: str = "UTC"
    taxes_included: bool = False
    taxes: tuple[tuple[str, Decimal], ...] = ()
    """Title and rate of what the shop charges on taxable lines and shipping of its drafts."""
    scopes: frozenset[str] = frozenset(ALL_SCOPES.split())
    search_lag: float = 0.0
    app_id: int = 347082227713
    client_secret: str = "sandbox-secret"
    webhook_version: str = API_VERSION
    """The version of webhook bodies: a setting of the app, not of a subscription."""
    refused_topics: frozenset[str] = frozenset()
    """Topics that the app may not have: approval of protected customer data is missing."""
    job_seconds: float = 0.0
    """How long the store takes to do what it answers with a job."""
    has_carriers: bool = False
    """Whether the plan lets carriers of apps be asked at the checkout."""


@dataclass(slots=True)
class Event:
    """Something that happened: the webhook topic ("orders/create"), and a function that words the body."""

    topic: str
    body: Callable[[], Record]


@dataclass
class Shop:
    """One store. Records are held by type in order of creation, each under its global id."""

    settings: Settings
    tables: dict[str, dict[str, Record]] = field(default_factory=dict)
    metafields: dict[str, dict[tuple[str, str], Record]] = field(default_factory=dict)
    """By the owner's id, then by namespace and key."""
    levels: dict[tuple[str, str], Record] = field(default_factory=dict)
    """By item and location, where the location stocks the item."""
    unstocked: dict[tuple[str, str], Record] = field(default_factory=dict)
    """Levels that were deactivated."""
    answered: dict[tuple[str, str], tuple[str, Record]] = field(default_factory=dict)
    """Idempotent mutations by (mutation, key): the arguments as text and the payload given."""
    kept_rates: dict[bytes, tuple[float, Record]] = field(default_factory=dict)
    """What checkouts remember of a carrier's answers: until when, by the request."""
    jobs: list[tuple[float, Record, Callable[[], None]]] = field(default_factory=list)
    """What the store is still to do: when, the job's record, and the work."""
    events: list[Event] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    search_warnings: list[Record] = field(default_factory=list)
    request_lag: float = 0.0
    """Seconds of changes that the request in hand shall not find by search (a scripted fault)."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        # Ids of two stores differ, and those of one store are the same after each reset.
        self.last_id = self.first_id = (1000 + zlib.crc32(self.settings.name.encode()) % 8000) * 10**9
        # A sequence for each kind: an order's id must not depend on what an app wrote before it was placed.
        self.given_ids: Counter[str] = Counter()
        self.next_numbers = Counter({"order": 1000, "draft": 0})

    def now(self) -> str:
        """The time as stamps are kept: UTC, whole seconds."""
        return self.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def new_gid(self, kind: str) -> str:
        """A fresh global id."""
        self.given_ids[kind] += 1
        self.last_id = self.first_id + self.given_ids[kind] * 32768
        return f"gid://shopify/{kind}/{self.last_id}"

    def job(self, work: Callable[[], None]) -> Record:
        """A job that was just started: its work is done at once, or `job_seconds` later by whoever comes then."""
        made: Record = {"id": f"gid://shopify/Job/{uuid.uuid4()}", "done": False}
        if self.settings.job_seconds:
            self.jobs.append((self.monotonic() + self.settings.job_seconds, made, work))
            self.tables.setdefault("Job", {})[made["id"]] = made
        else:
            work()
            self.tables.setdefault("Job", {})[made["id"]] = {**made, "done": True}
        return made

    def work_off(self) -> None:
        """Do the work of the jobs that are due."""
        due = [job for job in self.jobs if job[0] <= self.monotonic()]
        self.jobs = [job for job in self.jobs if job not in due]
        for _, record, work in due:
            work()
            record["done"] = True

    def number(self, sequence: str) -> int:
        """The next number of a sequence ("order", "draft")."""
        self.next_numbers[sequence] += 1
        return self.next_numbers[sequence]

    def add(self, kind: str, record: Record) -> Record:
        """Store a new record with its id and stamps; the id is kept where the record brings one."""
        stamp = self.now()
        whole = {
            "__typename": kind,
            "id": record.get("id") or self.new_gid(kind),
            "createdAt": stamp,
            "updatedAt": stamp,
        }
        whole.update(record)
        self.tables.setdefault(kind, {})[whole["id"]] = whole
        return whole

    def touch(self, record: Record) -> None:
        """Stamp a change."""
        if record["__typename"] == "Order":
            self._hide_from_search(record, record["updatedAt"])
        record["updatedAt"] = self.now()

    def _hide_from_search(self, record: Record, previous: str | None) -> None:
        changed_at = self.monotonic()
        due, seen = record.get("_unindexed", (0.0, previous))
        record["_changedAt"] = changed_at
        record["_unindexed"] = (changed_at + self.settings.search_lag, seen if due > changed_at else previous)

    def hide_new(self, record: Record) -> None:
        """A new record is not found by search until the index has caught up."""
        self._hide_from_search(record, None)

    def indexed_stamp(self, record: Record) -> str | None:
        """The updatedAt that search knows of the record, or None where it does not know it yet."""
        known: str | None = record["updatedAt"]
        if not self.settings.search_lag and not self.request_lag:
            return known
        if self.request_lag and self.monotonic() - record["_changedAt"] < self.request_lag:
            return None
        due, previous = record.get("_unindexed", (0.0, None))
        return previous if due > self.monotonic() else known

    def get(self, kind: str, gid: str | None) -> Record | None:
        """A record by global id, or None."""
        return self.tables.get(kind, {}).get(gid or "")

    def read(self, kind: str, gid: str) -> Record | None:
        """As `get`, for queries: an id that is no global id of this type is refused at the top level."""
        if not gid.startswith(f"gid://shopify/{kind}/"):
            raise invalid_id()
        return self.get(kind, gid)

    def every(self, kind: str) -> list[Record]:
        """All records of a type."""
        return list(self.tables.get(kind, {}).values())

    def where(self, kind: str, **values: Any) -> list[Record]:
        """The records of a type whose keys have these values."""
        found = self.every(kind)
        for key, value in values.items():
            found = [record for record in found if record.get(key) == value]
        return found

    def remove(self, record: Record) -> None:
        """Forget a record and its metafields."""
        del self.tables[record["__typename"]][record["id"]]
        self.metafields.pop(record["id"], None)

    def emit(self, topic: str, body: Callable[[], Record]) -> None:
        """Note an event; webhooks for it are made when the call is over."""
        self.events.append(Event(topic, body))

    def full_namespace(self, namespace: str | None) -> str:
        """A metafield namespace as it is kept: `$app` and none stand for the app's own."""
        own = f"app--{self.settings.app_id}"
        if not namespace or namespace == "$app":
            return own
        return f"{own}--{namespace[5:]}" if namespace.startswith("$app:") else namespace

    def metafield(self, owner_id: str, namespace: str, key: str) -> Record | None:
        """One metafield, or None."""
        return self.metafields.get(owner_id, {}).get((namespace, key))

    def every_metafield(self) -> list[Record]:
        """The metafields of all owners."""
        return [record for owned in self.metafields.values() for record in owned.values()]

    def shop_record(self) -> Record:
        """The one Shop record."""
        return self.every("Shop")[0]


def count_of(records: Iterable[object]) -> Record:
    """A Count of all of them."""
    return {"count": sum(1 for _ in records), "precision": "EXACT"}
