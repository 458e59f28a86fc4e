"""The parts that a store can play: its orders and companies read, references written, webhooks received.

A store inherits those that it can play, beside `Connector`; a flow asks for the one that it needs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from hub.connectors.documents import (
    CompanyLocation,
    ErpReference,
    OrderOutline,
    OrderStamp,
    Page,
    PagePosition,
    PlacedOrder,
)
from hub.connectors.metafields import Metafield


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

    search_lag: ClassVar[timedelta]
    """How long a changed order may take to appear in `changed_orders`; the cursor overlaps at least that."""
    stamp_batch: ClassVar[int]
    """How many orders one `read_stamps` call may name."""
    outline_batch: ClassVar[int]
    """How many orders one `read_outlines` call may name."""

    @property
    @abstractmethod
    def read_batch(self) -> int:
        """How many orders `read_orders` fetches in one request now: what a caller stores before it asks for more."""

    @abstractmethod
    def changed_orders(self, since: PagePosition | None, after: str | None) -> Page[OrderStamp]:
        """Ids and stamps of orders changed at or after `since`, oldest first, many a page.

        `after` continues a run; no `since` begins at the beginning. A pass must be cheap: webhooks have told
        most of it.
        """

    @abstractmethod
    def read_stamps(self, external_ids: Sequence[str]) -> dict[str, datetime]:
        """When up to `stamp_batch` orders were changed last, as of this call; ids that are gone are left out.

        Cheap beside `read_orders`: it tells whether what is known of an order still holds.
        """

    @abstractmethod
    def read_outlines(self, external_ids: Sequence[str]) -> dict[str, OrderOutline]:
        """What a glance shows of up to `outline_batch` orders, as of this call; ids that are gone are left out."""

    @abstractmethod
    def read_orders(self, external_ids: Sequence[str]) -> dict[str, ReceivedOrder]:
        """The current state of these orders by external id, complete; ids that are gone are left out."""


class Companies(ABC):
    """A store's companies and company locations, read."""

    location_batch: ClassVar[int]

    @abstractmethod
    def read_company_locations(self, external_ids: Sequence[str]) -> dict[str, CompanyLocation]:
        """These company locations by external id; ids that are gone are left out."""


class OrderMetafields(ABC):
    """Values that people and apps keep beside a store's orders, read by name."""

    @abstractmethod
    def defined_metafields(self) -> list[str]:
        """Names (`namespace.key`) of the metafields that the store defines for orders, without the hub's own."""

    @abstractmethod
    def metafield_batch(self, names: int) -> int:
        """How many orders one `read_metafields` call may name where it asks for so many metafields of each."""

    @abstractmethod
    def read_metafields(
        self, external_ids: Sequence[str], names: Sequence[str]
    ) -> dict[str, dict[str, Metafield]]:
        """What these orders hold under these names now, by external id and name.

        Names of `RISKS` (hub.connectors.metafields) ask for the store's risk assessment, which every order has.
        Orders that are gone are left out, names that an order holds nothing under as well.
        """


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
    def quote_topics(cls) -> tuple[str, ...]:
        """Topics that say that a quote request is new or changed; what it says is read. None by default."""
        return ()

    @classmethod
    @abstractmethod
    def urgent_topics(cls) -> tuple[str, ...]:
        """Topics that are received before what waits already: somebody waits for what is new."""

    @classmethod
    def return_topics(cls) -> tuple[str, ...]:
        """Topics that tell of a refund or return of an order; none where the store has none."""
        return ()

    @classmethod
    def order_told_of(cls, body: bytes) -> str:
        """The order that a body of `return_topics` is about. Raises ValueError where the body names none."""
        raise ValueError("this store tells nothing of refunds and returns")

    @classmethod
    @abstractmethod
    def parse_order(cls, body: bytes) -> ReceivedOrder:
        """The order in a webhook body. Raises ValueError with the reason where the body is not usable."""
