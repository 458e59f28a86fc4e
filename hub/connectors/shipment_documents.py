"""Shipments as an ERP or a warehouse tells them: what fulfilments in a store are made of.

Frozen, vendor-free. Quantities are Decimal in the unit of the order's line, times are timezone-aware UTC.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from hub.connectors.documents import Address, Attribute, Page, PagePosition


class ShipmentStage(StrEnum):
    """How far a shipment has come."""

    PICKED = "picked"
    """Goods were taken off the shelf; nothing has left."""
    PACKED = "packed"
    """Goods wait in their parcels; nothing has left."""
    SHIPPED = "shipped"
    """Goods have left."""
    DELIVERED = "delivered"
    """The receiver has them."""
    UNDONE = "undone"
    """It was taken back: cancelled, reversed or deleted; nothing of it has left, whatever was told before."""


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """What left of one order line.

    `order_line_external_id` is the ERP's id of the order's line, empty where the ERP does not say it; `number`
    is the item's. `lots` and `serials` name those that were shipped.
    """

    order_line_external_id: str
    number: str
    description: str
    quantity: Decimal
    unit: str = ""
    lots: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel. The carrier's code and name are the ERP's own, empty where it says none."""

    tracking_number: str
    carrier_code: str = ""
    carrier_name: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class ErpShipment:
    """One shipment of one sales order.

    A shipment of theirs with lines of several orders is handed over as one of these for each order, with the
    external id `<id>:<order id>`. `order_external_id` and `order_number` name the order in the ERP (one of them
    may be empty), `reference` is the order's where the ERP tells it. `status` is the ERP's own word, `stage`
    ours. `shipped_at` is None while nothing has left or where the ERP does not say when it did.
    """

    external_id: str
    number: str
    order_external_id: str
    order_number: str
    reference: str
    status: str
    stage: ShipmentStage
    shipped_at: datetime | None
    warehouse: str
    shipping_method_code: str
    parcels: tuple[Parcel, ...]
    lines: tuple[ShippedLine, ...]
    updated_at: datetime
    ship_to: Address | None = None
    customs: tuple[Attribute, ...] = ()


class Shipments(ABC):
    """An ERP whose shipments can be read."""

    shipment_batch: ClassVar[int]
    """How many shipments one `read_shipments` call may name."""
    shipment_order_batch: ClassVar[int]
    """How many orders one `shipments_of_orders` call may name."""
    tells_undone: ClassVar[bool]
    """Whether one that was taken back is told as changed; where not, known ones are read again at times."""

    @abstractmethod
    def changed_shipments(self, since: PagePosition | None, after: str | None) -> Page[ErpShipment]:
        """Shipments changed at or after `since`, oldest first; `after` continues a run."""

    @abstractmethod
    def read_shipments(self, external_ids: Sequence[str]) -> list[ErpShipment]:
        """These shipments as of this call; ids that are gone are left out."""

    @abstractmethod
    def shipments_of_orders(self, orders: Mapping[str, str]) -> list[ErpShipment]:
        """All shipments of these sales orders as of this call, whenever they were posted.

        `orders` are the orders' numbers by their ids there; an order without shipments, or that is gone, has none.
        """
