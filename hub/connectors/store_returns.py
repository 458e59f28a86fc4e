"""What comes back to a store: return requests, returns, refunds, and the part of a store that knows them.

Frozen, vendor-free. Amounts of what the store says are MoneyBags (shop and buyer's currency), amounts to send are
Decimal in major units of the buyer's currency; all datetimes are timezone-aware UTC. Ids of theirs are text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from hub.lib.money import Money, MoneyBag


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
    """They were sent and go back on the shelf."""
    CANCEL = "cancel"
    """They were never sent."""
    NO_RESTOCK = "no_restock"


class Decline(StrEnum):
    """Why a return request is declined."""

    PERIOD_ENDED = "period_ended"
    FINAL_SALE = "final_sale"
    OTHER = "other"


class PaymentState(StrEnum):
    """How far the money of a refund is."""

    DONE = "done"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """One line of a return; `line_external_id` is the order's line, empty where the store no longer knows it.

    `restocking_fee` is what the store keeps for the whole line, None for nothing.
    """

    external_id: str
    line_external_id: str
    quantity: int
    refundable: int
    reason: str
    note: str = ""
    restocking_percentage: Decimal | None = None
    restocking_fee: MoneyBag | None = None


@dataclass(frozen=True, slots=True)
class ExchangeLine:
    """What is sent for what comes back. Once processed its pieces are lines of the order, `line_external_ids`."""

    external_id: str
    variant_external_id: str
    quantity: int
    processed: int
    line_external_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreReturn:
    """A return as the store holds it. `decline_note` is told to the buyer.

    `mark` is ours, left in the notes of its lines where it was made for a return order of an ERP, or because a partner
    asked for it; empty else.
    """

    external_id: str
    name: str
    order_external_id: str
    state: ReturnState
    lines: tuple[ReturnLine, ...]
    created_at: datetime
    return_shipping_fee: MoneyBag | None = None
    decline_note: str = ""
    exchanged: tuple[ExchangeLine, ...] = ()
    mark: str = ""


@dataclass(frozen=True, slots=True)
class RefundedLine:
    """One refunded line: `subtotal` after discounts, with tax where the order's prices include it; `tax` of it."""

    external_id: str
    line_external_id: str
    quantity: int
    restock: Restock
    subtotal: MoneyBag
    tax: MoneyBag
    location_external_id: str = ""


@dataclass(frozen=True, slots=True)
class RefundedShipping:
    """What of one shipping charge is given back: `amount` in the order's tax mode, `tax` of it.

    `title` and `code` are the charge's own; the order may show it no more.
    """

    line_external_id: str
    title: str
    code: str
    amount: MoneyBag
    tax: MoneyBag


@dataclass(frozen=True, slots=True)
class RefundPayment:
    """Money that goes back. `rounding` is what cash was rounded by beside `amount`."""

    external_id: str
    state: PaymentState
    amount: MoneyBag
    rounding: MoneyBag
    gateway: str = ""


@dataclass(frozen=True, slots=True)
class StoreRefund:
    """A refund as the store holds it: what it is for, and beside that the money.

    `shipping` is in the order's tax mode as lines are, and `shipping_lines` say of which charges it is; they are empty
    where no shipping is given back, and in what was read before 2026-11. `adjustment` is the sum, with tax, that the
    store itself names as difference between what it is for and the money; its sign is the store's own. `mark` is ours,
    left in the note; empty where the refund is not.
    """

    external_id: str
    order_external_id: str
    return_external_id: str
    taxes_included: bool
    lines: tuple[RefundedLine, ...]
    shipping: MoneyBag
    shipping_tax: MoneyBag
    duties: MoneyBag
    adjustment: MoneyBag
    payments: tuple[RefundPayment, ...]
    note: str
    created_at: datetime
    updated_at: datetime
    mark: str = ""
    shipping_lines: tuple[RefundedShipping, ...] = ()

    @property
    def explained(self) -> MoneyBag:
        """What lines, shipping and duties are worth, taxes included."""
        parts = [self.shipping, self.duties, *(line.subtotal for line in self.lines)]
        if not self.taxes_included:
            parts += [self.shipping_tax, *(line.tax for line in self.lines)]
        return _sum(parts)

    def moved(self, *states: PaymentState) -> MoneyBag:
        """The money in these states, before cash is rounded."""
        paid = [payment.amount for payment in self.payments if payment.state in states]
        return _sum([_nothing(self.shipping), *paid])

    @property
    def rounding(self) -> MoneyBag:
        """What cash was rounded by, of payments that did not fail."""
        kept = [one.rounding for one in self.payments if one.state is not PaymentState.FAILED]
        return _sum([_nothing(self.shipping), *kept])


@dataclass(frozen=True, slots=True)
class NewRefundLine:
    """One line to refund."""

    line_external_id: str
    quantity: int
    restock: Restock
    location_external_id: str = ""


@dataclass(frozen=True, slots=True)
class NewRefundPayment:
    """Money to give back to where it came from: `parent_external_id` is the payment, `gateway` its way."""

    parent_external_id: str
    gateway: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class NewRefund:
    """A refund to make. Without payments no money moves.

    `key` is the store's idempotency key: the same refund is sent with the same key and the same values again, a
    refund that was refused needs another one. `mark` is left in the note, so that the refund is known as ours.
    """

    key: str
    mark: str
    order_external_id: str
    currency: str
    lines: tuple[NewRefundLine, ...]
    shipping: Decimal
    payments: tuple[NewRefundPayment, ...]
    note: str = ""
    notifies_buyer: bool = False


@dataclass(frozen=True, slots=True)
class SuggestedRefund:
    """What the store would give back for these lines: `amount` in all, `refundable` at most.

    `payments` are those that money can go back to, each with what was not given back of it, oldest first.
    """

    amount: MoneyBag
    tax: MoneyBag
    refundable: MoneyBag
    payments: tuple[NewRefundPayment, ...]


class Refunds(ABC):
    """A store whose refunds can be read and made."""

    refund_settle_after: ClassVar[timedelta]
    """How long a refund whose answer was lost may take to show; `read_refunds` has no search index between."""
    refund_batch: ClassVar[int]
    """How many orders one `read_refunds` or `read_returns_of` call may name."""

    @property
    @abstractmethod
    def refund_deadline(self) -> timedelta:
        """The longest that one write takes."""

    @abstractmethod
    def read_refunds(self, order_external_ids: Sequence[str]) -> dict[str, list[StoreRefund]]:
        """Every refund of these orders as of this call, by order; orders that are gone are left out."""

    @abstractmethod
    def suggest_refund(
        self, order_external_id: str, lines: Sequence[NewRefundLine], shipping: Decimal
    ) -> SuggestedRefund:
        """What the store makes of these lines. Raises RecordRejected in the store's words."""

    @abstractmethod
    def create_refund(self, refund: NewRefund) -> StoreRefund:
        """Refund, once for a key: the same key and values again answer the refund that was made.

        Raises RecordRejected in the store's words, OutcomeUnknown where the answer was lost.
        """


class Returns(ABC):
    """A store whose buyers can ask to send something back."""

    @abstractmethod
    def orders_with_returns(self) -> list[str]:
        """Orders with a return that is requested or under way, as far as the search index knows them."""

    @abstractmethod
    def read_returns_of(self, order_external_ids: Sequence[str]) -> dict[str, list[StoreReturn]]:
        """Every return of these orders as of this call, by order; orders that are gone are left out."""

    @abstractmethod
    def approve_return(self, external_id: str, *, notifies_buyer: bool) -> StoreReturn:
        """Approve a request. Raises RecordRejected where it is none any more, OutcomeUnknown."""

    @abstractmethod
    def decline_return(
        self, external_id: str, *, reason: Decline, note: str, notifies_buyer: bool
    ) -> StoreReturn:
        """Decline a request. Raises RecordRejected where it is none any more, OutcomeUnknown."""

    @abstractmethod
    def close_return(self, external_id: str) -> StoreReturn:
        """Nothing more will come; a closed one is the answer. Raises RecordRejected, OutcomeUnknown."""

    @abstractmethod
    def cancel_return(self, external_id: str) -> StoreReturn:
        """Nobody sends anything; a cancelled one is the answer. Raises RecordRejected, OutcomeUnknown."""


def _nothing(like: MoneyBag) -> MoneyBag:
    zero = Decimal(0)
    return MoneyBag(Money(zero, like.shop.currency), Money(zero, like.presentment.currency))


def _sum(bags: Sequence[MoneyBag]) -> MoneyBag:
    shop, presentment = bags[0].shop, bags[0].presentment
    for bag in bags[1:]:
        shop, presentment = shop + bag.shop, presentment + bag.presentment
    return MoneyBag(shop, presentment)
