"""What comes back to a store: return requests, returns, refunds, and the part of a store that knows them.

Frozen, vendor-free. All amounts are Decimal in major units of `currency`; all datetimes are timezone-aware UTC. Ids of
theirs are text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum


class ReturnState(StrEnum):
    """A store's return."""

    REQUESTED = "requested"
    OPEN = "open"
    CLOSED = "closed"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class Restock(StrEnum):
    """What a refund does with the pieces."""

    RETURN = "return"
    """They came back and go on the shelf."""
    CANCEL = "cancel"
    """They were never sent."""
    NO_RESTOCK = "no_restock"


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """One line of a return; `line_external_id` is the order's line."""

    external_id: str
    line_external_id: str
    quantity: int
    refundable: int
    reason: str
    note: str = ""
    restocking_percentage: Decimal | None = None


@dataclass(frozen=True, slots=True)
class StoreReturn:
    """A return as the store holds it."""

    external_id: str
    name: str
    order_external_id: str
    state: ReturnState
    lines: tuple[ReturnLine, ...]
    created_at: datetime
    return_shipping_fee: Decimal | None = None


@dataclass(frozen=True, slots=True)
class RefundedLine:
    """One refunded line: `subtotal` without tax where the order's prices are without, `tax` of the line."""

    line_external_id: str
    quantity: int
    restock: Restock
    subtotal: Decimal
    tax: Decimal
    location_external_id: str = ""


@dataclass(frozen=True, slots=True)
class StoreRefund:
    """A refund as the store holds it. `total` is what was refunded in all; `paid` what went back to the buyer and
    `pending` what is on its way; `adjustments` are what no line or shipping explains (goodwill, rounding).

    `key` is the mark that we left in the note where the refund is ours, empty else.
    """

    external_id: str
    order_external_id: str
    return_external_id: str
    currency: str
    total: Decimal
    paid: Decimal
    pending: Decimal
    lines: tuple[RefundedLine, ...]
    shipping: Decimal
    shipping_tax: Decimal
    adjustments: Decimal
    duties: Decimal
    note: str
    created_at: datetime
    key: str = ""
    has_failed: bool = False
    gateway: str = ""


@dataclass(frozen=True, slots=True)
class NewRefundLine:
    """One line to refund."""

    line_external_id: str
    quantity: int
    restock: Restock
    location_external_id: str = ""


@dataclass(frozen=True, slots=True)
class NewRefund:
    """A refund to make. `amount` is what goes back to the original payment in all; zero: no money moves.

    `key` is the store's idempotency key and is left in the note, so that the refund is known as ours for ever.
    """

    key: str
    order_external_id: str
    currency: str
    lines: tuple[NewRefundLine, ...]
    shipping: Decimal
    amount: Decimal
    note: str = ""
    notifies_buyer: bool = False


@dataclass(frozen=True, slots=True)
class SuggestedRefund:
    """What the store would give back for these lines: `amount` in all, `refundable` at most."""

    currency: str
    amount: Decimal
    tax: Decimal
    refundable: Decimal


class Refunds(ABC):
    """A store whose refunds can be read and made."""

    settle_after: timedelta
    call_deadline: timedelta

    @abstractmethod
    def read_refunds(self, order_external_ids: Sequence[str]) -> list[StoreRefund]:
        """Every refund of these orders as of this call."""

    @abstractmethod
    def suggest_refund(
        self, order_external_id: str, lines: Sequence[NewRefundLine], shipping: Decimal
    ) -> SuggestedRefund:
        """What the store makes of these lines. Raises RecordRejected in the store's words."""

    @abstractmethod
    def create_refund(self, refund: NewRefund) -> StoreRefund:
        """Refund, once for a key: the same key again answers the refund that was made.

        Raises RecordRejected in the store's words, OutcomeUnknown where the answer was lost.
        """


class Returns(ABC):
    """A store whose buyers can ask to send something back."""

    @abstractmethod
    def read_returns(self, external_ids: Sequence[str]) -> list[StoreReturn]:
        """These returns as of this call; those that are gone are left out."""

    @abstractmethod
    def read_returns_of(self, order_external_ids: Sequence[str]) -> list[StoreReturn]:
        """Every return of these orders as of this call."""

    @abstractmethod
    def approve_return(self, external_id: str, *, notifies_buyer: bool) -> StoreReturn:
        """Approve a request; an approved one is the answer. Raises RecordRejected, OutcomeUnknown."""

    @abstractmethod
    def decline_return(
        self, external_id: str, *, reason: str, note: str, notifies_buyer: bool
    ) -> StoreReturn:
        """Decline a request; a declined one is the answer. Raises RecordRejected, OutcomeUnknown."""

    @abstractmethod
    def close_return(self, external_id: str) -> StoreReturn:
        """Nothing more will come; a closed one is the answer. Raises RecordRejected, OutcomeUnknown."""
