"""What a connector is: a far system's label, limits, config fields and the parts it can play.

A flow asks a connection for a part (`connector.supporting(SalesOrders)`) and says what happens where there is
none. The engine lends each connector its `Hooks`: the governor, the token store and the call log. Connectors
are plain Python and know neither Django nor each other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Protocol, TypeVar

from hub.connectors.documents import (
    CompanyLocation,
    ErpCustomer,
    ErpReference,
    ErpSalesOrder,
    OrderIdentity,
    OrderStamp,
    Page,
    PagePosition,
    PlacedOrder,
    SalesOrder,
)
from hub.errors import ConnectionBroken

PartT = TypeVar("PartT")


@dataclass(frozen=True, slots=True)
class ConfigField:
    """One setting of a connection: the admin form is built from these."""

    name: str
    label: str
    help: str
    is_secret: bool = False
    is_required: bool = True
    default: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one credential may do, before the far side has told us better.

    `points_per_second` and `burst` are in the unit the far side counts (Shopify: cost points; elsewhere:
    requests). `concurrency` is how many requests may be in flight at once. `unit` names the unit for people.
    """

    points_per_second: float
    burst: float
    concurrency: int
    unit: str = "requests"


@dataclass(frozen=True, slots=True)
class ObservedLimits:
    """What an answer told us of the limits; None where it said nothing.

    `blocked_for` is seconds to stay silent (Retry-After). `refund` is points charged in advance but not used.
    """

    available: float | None = None
    burst: float | None = None
    points_per_second: float | None = None
    blocked_for: float | None = None
    was_throttled: bool = False
    refund: float = 0.0


class CallKind(StrEnum):
    """Whether a request can change the far side: a lost answer to a write is an unknown outcome."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One request as the call log keeps it, secrets removed. `started_at` is UTC, `duration` seconds."""

    operation: str
    kind: CallKind
    method: str
    url: str
    status: int | None
    started_at: datetime
    duration: float
    cost: float | None
    request_id: str
    request_body: str
    response_body: str
    error: str


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and how many seconds it lives from now."""

    value: str
    expires_in: float


class Hooks(Protocol):
    """What the engine lends a connector. In tests `tests.fakes.FreeHooks` stands in."""

    def acquire(self, cost: float) -> AbstractContextManager[None]:
        """Hold one slot and `cost` points; waits for them, raises RateLimited when that takes too long."""

    def observe(self, limits: ObservedLimits) -> None:
        """Correct the governor by what the far side answered."""

    def before_write(self, deadline: float) -> None:
        """Called before a write with its deadline in seconds; raises NotReadyYet if our lease ends first."""

    def token(self, fetch: Callable[[], Token], rejected: str | None = None) -> str:
        """The stored bearer token.

        Calls `fetch` under a lock when there is none, it expires, or it equals `rejected`.
        """

    def record(self, call: CallRecord) -> None:
        """Write one row of the call log."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a connection test: what was checked, whether it holds, and what to do where it does not."""

    name: str
    is_ok: bool
    detail: str = ""


class Connector(ABC):
    """Code that speaks to one far system with one credential. Cheap to make; threads may share it."""

    label: ClassVar[str]
    config_fields: ClassVar[tuple[ConfigField, ...]]

    def __init__(self, config: Mapping[str, str], secrets: Mapping[str, str], hooks: Hooks) -> None:
        self.config = config
        self.secrets = secrets
        self.hooks = hooks

    def supporting(self, part: type[PartT]) -> PartT:
        """This connector as the part asked for; raises ConnectionBroken where it cannot play it."""
        if isinstance(self, part):
            return self
        raise ConnectionBroken(
            f"{self.label} cannot do {part.__name__}. "
            "Choose another ERP for this flow or switch the flow off."
        )

    @classmethod
    @abstractmethod
    def limits(cls, config: Mapping[str, str]) -> Limits:
        """The limits to start with for this configuration (plan, tier)."""

    @classmethod
    @abstractmethod
    def credential_name(cls, config: Mapping[str, str]) -> str:
        """What the far side counts limits by: connections with the same name share limits and lease."""

    @abstractmethod
    def test(self) -> list[Check]:
        """Sign in and look around with reads only; names the missing scope or permission.

        Raises no SyncError but Unreachable and RateLimited.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the HTTP connections."""


# ---------------------------------------------------------------------------------------------- store parts


@dataclass(frozen=True, slots=True)
class ReceivedOrder:
    """An order with the raw payload it was parsed from.

    `told_at` says as of when it is, where it was told by a webhook and not read.
    """

    order: PlacedOrder
    payload: dict[str, object]
    told_at: datetime | None = None


class OrderHistory(ABC):
    """A store's orders, read."""

    read_batch: ClassVar[int]
    """How many orders one `read_orders` call may name."""
    search_lag: ClassVar[timedelta]
    """How long a changed order may take to appear in `changed_orders`; the cursor overlaps at least that."""

    @abstractmethod
    def changed_orders(self, since: PagePosition | None, after: str | None) -> Page[OrderStamp]:
        """Ids and stamps of orders changed at or after `since`, oldest first, many a page.

        `after` continues a run; no `since` begins at the beginning. A pass must be cheap: webhooks have told
        most of it.
        """

    @abstractmethod
    def read_orders(self, external_ids: Sequence[str]) -> dict[str, ReceivedOrder]:
        """The current state of these orders by external id, complete; ids that are gone are left out."""


class Companies(ABC):
    """A store's companies and company locations, read."""

    location_batch: ClassVar[int]

    @abstractmethod
    def read_company_locations(self, external_ids: Sequence[str]) -> dict[str, CompanyLocation]:
        """These company locations by external id; ids that are gone are left out."""


class OrderReferences(ABC):
    """Where a store keeps what the ERP calls an order (Shopify: metafields)."""

    reference_batch: ClassVar[int]

    @abstractmethod
    def write_references(self, references: Sequence[ErpReference]) -> dict[str, str]:
        """Write up to `reference_batch` references in one call. Setting the same value again is harmless.

        Returns what could not be written: order external id → the store's words. Atomic per call on Shopify
        (metafieldsSet): one bad row means none was written, then every other row is answered as "" + not
        written by raising nothing and naming only the bad rows; the caller sends the rest again.
        """


@dataclass(frozen=True, slots=True)
class Subscription:
    """One webhook subscription. `topic` is the store's own word, `address` where it delivers."""

    topic: str
    address: str
    external_id: str = ""
    api_version: str = ""


class Subscriptions(ABC):
    """A store's webhook subscriptions."""

    @abstractmethod
    def list_subscriptions(self) -> list[Subscription]:
        """Every subscription of this app in the store."""

    @abstractmethod
    def create_subscription(self, subscription: Subscription) -> Subscription:
        """Create one; raises RecordRejected where the store refuses the address or topic."""

    @abstractmethod
    def delete_subscription(self, external_id: str) -> None:
        """Delete one; already gone is fine."""


@dataclass(frozen=True, slots=True)
class WebhookHeaders:
    """What a store's webhook says about itself outside its body. `triggered_at` is UTC or None."""

    topic: str
    delivery_id: str
    event_id: str
    account: str
    api_version: str
    triggered_at: datetime | None


class Webhooks(ABC):
    """How a store signs and shapes its webhooks.

    Class methods only: verification needs no connection to the store.
    """

    @classmethod
    @abstractmethod
    def read_headers(cls, headers: Mapping[str, str]) -> WebhookHeaders:
        """The delivery's own words; keys of `headers` are lower case.

        Raises nothing: missing values are empty.
        """

    @classmethod
    @abstractmethod
    def is_signed(cls, headers: Mapping[str, str], body: bytes, keys: Sequence[str]) -> bool:
        """Whether any of the secrets (current and previous) signed this body.

        Takes constant time and comes before any parsing.
        """

    @classmethod
    @abstractmethod
    def account(cls, config: Mapping[str, str]) -> str:
        """The account name that deliveries of this connection carry (Shopify: the myshopify domain)."""

    @classmethod
    @abstractmethod
    def signing_keys(cls, secrets: Mapping[str, str]) -> tuple[str, ...]:
        """The secrets that may have signed a delivery: the current one, in a rotation also the previous."""

    @classmethod
    @abstractmethod
    def order_topics(cls) -> tuple[str, ...]:
        """Topics whose body is an order."""

    @classmethod
    @abstractmethod
    def parse_order(cls, body: bytes) -> ReceivedOrder:
        """The order in a webhook body. Raises ValueError with the reason where the body is not usable."""


# ---------------------------------------------------------------------------------------------- ERP parts


@dataclass(frozen=True, slots=True)
class CreatedOrder:
    """The answer to a create; `order.totals` is None where the answer carries no final totals."""

    order: ErpSalesOrder
    payload: dict[str, object] = field(default_factory=dict)


class SalesOrders(ABC):
    """An ERP's sales orders."""

    settle_after: timedelta
    """The longest time in which a write whose answer was lost may appear there, look-up lag included."""
    call_deadline: timedelta
    """The total deadline of one create."""
    has_native_idempotency: ClassVar[bool]
    """Whether sending the same create twice is harmless by the ERP's own promise."""
    read_batch: ClassVar[int]
    """How many orders one `read_sales_orders` or `find_sales_orders` call may name."""

    @abstractmethod
    def reference_for(self, identity: OrderIdentity, po_number: str) -> str:
        """The reference that a document of this identity carries, exactly as the ERP will store it.

        Deterministic; contains the whole machine identity; at most as long as the ERP's field; the PO number
        is cut to what remains. Look-ups use the value that was sent, kept with the attempt.
        """

    @abstractmethod
    def identity_of(self, reference: str) -> OrderIdentity | None:
        """The identity inside a reference read from the ERP; None for references that are not ours."""

    @abstractmethod
    def create_sales_order(self, document: SalesOrder) -> CreatedOrder:
        """Create it in one call.

        Raises RecordRejected with the ERP's words, OutcomeUnknown where the answer was lost.
        """

    @abstractmethod
    def find_sales_orders(self, references: Sequence[str]) -> list[ErpSalesOrder]:
        """Every order and posted invoice that carries one of these references."""

    @abstractmethod
    def read_sales_orders(self, external_ids: Sequence[str]) -> list[ErpSalesOrder]:
        """These orders with final totals; ids that are gone are left out."""

    @abstractmethod
    def changed_sales_orders(self, since: PagePosition | None, after: str | None) -> Page[ErpSalesOrder]:
        """Orders changed at or after `since`, oldest first; `after` continues a run."""

    @abstractmethod
    def unsupported(self, document: SalesOrder) -> list[str]:
        """What this document asks that the ERP's interface cannot hold, in plain words.

        The flow adds comment lines.
        """


class Customers(ABC):
    """An ERP's customers, for matching. Nobody is created yet."""

    @abstractmethod
    def customers_by_number(self, numbers: Sequence[str]) -> list[ErpCustomer]:
        """Customers with these numbers."""

    @abstractmethod
    def customers_by_tax_id(self, tax_registration_id: str) -> list[ErpCustomer]:
        """Customers with this tax registration id, compared without blanks, dots, dashes and case."""

    @abstractmethod
    def customers_by_email(self, email: str) -> list[ErpCustomer]:
        """Customers with this e-mail, compared without case."""
