"""A store's stock: its variants, and how much of each item its locations have.

Frozen, vendor-free. Quantities are whole pieces, times UTC as the store stamps them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from hub.connectors.documents import Page


@dataclass(frozen=True, slots=True)
class StockLocation:
    """A place that a store sells from. One that is not active has no stock that counts."""

    external_id: str
    name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class StockVariant:
    """What a buyer orders, and the inventory item that its pieces are counted under; variants may share one.

    Of an item that is not `is_tracked` the store counts nothing. `oversells`: it is sold without stock as well.
    `updated_at` is when variant or item changed last.
    """

    external_id: str
    product_external_id: str
    item_external_id: str
    sku: str
    barcode: str
    title: str
    is_tracked: bool
    oversells: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class StoreLevel:
    """How many pieces of one item one location has, by what they are there for.

    `on_hand` is what lies there: available, committed to orders, damaged, in quality control, reserved, and kept as
    safety stock. `incoming` is on its way. `available` may be below zero.
    """

    item_external_id: str
    location_external_id: str
    available: int
    committed: int
    damaged: int
    incoming: int
    on_hand: int
    quality_control: int
    reserved: int
    safety_stock: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ToldLevel:
    """A level as a webhook tells it: `available` None where it is not counted, `updated_at` None where the location
    does not stock the item any more."""

    item_external_id: str
    location_external_id: str
    available: int | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class ToldItem:
    """An inventory item as a webhook tells it: `is_tracked` None where it is gone."""

    external_id: str
    sku: str
    is_tracked: bool | None


@dataclass(frozen=True, slots=True)
class ToldVariant:
    """A variant inside of what a webhook tells of its product; it does not say whether the item is tracked."""

    external_id: str
    item_external_id: str
    sku: str
    barcode: str
    oversells: bool


@dataclass(frozen=True, slots=True)
class ToldProduct:
    """A product as a webhook tells it. `listed` names all its variants, `variants` those that are described.

    Both are empty where the product is gone.
    """

    external_id: str
    variants: tuple[ToldVariant, ...] = ()
    listed: tuple[str, ...] = ()


ToldStock = ToldLevel | ToldItem | ToldProduct


class StoreStock(ABC):
    """A store whose stock can be read, and that tells of its changes."""

    search_lag: ClassVar[timedelta]
    """How long a change may take to appear among what changed; a cursor overlaps at least that."""
    longest_run: ClassVar[int]
    """How many records a run over what changed may page through."""

    @property
    @abstractmethod
    def variant_batch(self) -> int:
        """How many variants one `read_variants` call may name now."""

    @property
    @abstractmethod
    def level_batch(self) -> int:
        """How many items one `read_levels` call may name now."""

    @abstractmethod
    def stock_locations(self) -> list[StockLocation]:
        """Every location of the store, those that are not active as well."""

    @abstractmethod
    def every_variant(self, after: str | None) -> Page[StockVariant]:
        """All variants in an order that stays; `after` continues, also days later, and has no end by depth."""

    @abstractmethod
    def changed_variants(self, since: datetime, after: str | None) -> Page[StockVariant]:
        """The variants changed at or after `since`, in any order; `after` continues a run.

        A change of the item alone may be missing.
        """

    @abstractmethod
    def changed_levels(
        self, location_external_id: str, since: datetime, after: str | None
    ) -> Page[StoreLevel]:
        """The levels of this location changed at or after `since`, in any order; `after` continues a run.

        A location that is gone has none. What it does not stock any more is not told.
        """

    @abstractmethod
    def read_variants(self, external_ids: Sequence[str]) -> list[StockVariant]:
        """Up to `variant_batch` variants as of this call; those that are gone are left out."""

    @abstractmethod
    def read_levels(self, location_external_id: str, items: Sequence[str]) -> list[StoreLevel]:
        """Up to `level_batch` items at this location as of this call; what it does not stock is left out."""

    @classmethod
    @abstractmethod
    def stock_topics(cls) -> tuple[str, ...]:
        """Webhook topics that tell of stock."""

    @classmethod
    @abstractmethod
    def told_of_stock(cls, topic: str, body: bytes) -> ToldStock:
        """What a webhook body of these topics tells. Raises ValueError with the reason where it is not usable."""
