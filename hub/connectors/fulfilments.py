"""What of a store's order is to be sent from where, and what was sent: read, and told to the store.

Frozen, vendor-free. Pieces are whole numbers, as stores count them; times are timezone-aware UTC.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class OpenLine:
    """What of an order's line a fulfilment order still holds; `remaining` pieces were not sent."""

    external_id: str
    order_line_external_id: str
    remaining: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that keeps a fulfilment order from being sent; `is_ours` where this app placed it."""

    external_id: str
    is_ours: bool
    reason: str


@dataclass(frozen=True, slots=True)
class FulfilmentOrder:
    """Lines of an order that one location is to send. What is done with it the store decides (`can_…`)."""

    external_id: str
    location_external_id: str
    location_name: str
    status: str
    can_fulfil: bool
    can_move: bool
    holds: tuple[Hold, ...]
    lines: tuple[OpenLine, ...]


@dataclass(frozen=True, slots=True)
class Tracking:
    """The parcels of a fulfilment. `company` is the store's own name of the carrier where it knows one.

    `urls` are empty, or one for each number.
    """

    company: str = ""
    numbers: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """What was sent in one go. `lines` are order line id and pieces, each line once, in the order of the ids."""

    external_id: str
    is_cancelled: bool
    created_at: datetime
    delivered_at: datetime | None
    location_external_id: str
    tracking: Tracking
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class OrderFulfilment:
    """Everything about sending one order, as of one moment."""

    order_external_id: str
    orders: tuple[FulfilmentOrder, ...]
    fulfilments: tuple[Fulfilment, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """Pieces of one line of a fulfilment order."""

    fulfilment_order_external_id: str
    line_external_id: str
    order_line_external_id: str
    pieces: int


@dataclass(frozen=True, slots=True)
class NewFulfilment:
    """A fulfilment to create: pieces of one order, all at one location."""

    lines: tuple[Taken, ...]
    tracking: Tracking
    notifies_buyer: bool


class Fulfilments(ABC):
    """A store that is told what was sent."""

    fulfilment_settle_after: ClassVar[timedelta]
    """The longest time in which a write whose answer was lost may appear in `read_fulfilments`."""
    fulfilment_batch: ClassVar[int]
    """How many orders one request of `read_fulfilments` asks for."""
    lines_at_once: ClassVar[int]
    """How many lines one fulfilment may name."""

    @property
    @abstractmethod
    def fulfilment_deadline(self) -> timedelta:
        """The total deadline of one write."""

    @abstractmethod
    def read_fulfilments(self, order_external_ids: Sequence[str]) -> dict[str, OrderFulfilment]:
        """What is to be sent and what was, by order, as of this call; orders that are gone are left out."""

    @abstractmethod
    def create_fulfilment(self, new: NewFulfilment) -> Fulfilment:
        """Tell that this was sent. NOT safe to repeat: read first.

        Raises RecordRejected with the store's words, OutcomeUnknown where the answer was lost.
        """

    @abstractmethod
    def cancel_fulfilment(self, external_id: str) -> None:
        """Take it back: what it held is to be sent again. Harmless where it is cancelled already."""

    @abstractmethod
    def update_tracking(self, external_id: str, tracking: Tracking, *, notifies_buyer: bool) -> None:
        """Set its parcels to these."""

    @abstractmethod
    def tell_delivered(self, external_id: str, at: datetime) -> None:
        """Tell that the receiver has it. A second time makes a second event."""

    @abstractmethod
    def move_lines(
        self, fulfilment_order_external_id: str, location_external_id: str, lines: Sequence[Taken]
    ) -> None:
        """Let another location send these pieces. Ids of fulfilment orders change by it: read again."""

    @abstractmethod
    def release_holds(self, fulfilment_order_external_id: str, hold_external_ids: Sequence[str]) -> None:
        """Release these holds and no others."""
