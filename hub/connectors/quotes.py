"""Quotes: what a buyer asks a store for a price of, and what an ERP offers for it.

Frozen, vendor-free. All amounts are Decimal in major units of the quote's currency; all datetimes are timezone-aware
UTC, all dates the ERP's own calendar days.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from hub.connectors.documents import (
    Address,
    ErpTotals,
    OrderIdentity,
    Page,
    PagePosition,
    PlacedOrder,
    SalesOrder,
)
from hub.connectors.erp_parts import CreatedOrder
from hub.connectors.identity import identity_of_token, identity_token
from hub.connectors.sales_documents import ErpDocumentLine
from hub.lib.money import Money

_PREFIX = "Q."


def quote_token(identity: OrderIdentity) -> str:
    """The identity of a quote request as text. No order's token looks like it: both count by numbers of their own."""
    return _PREFIX + identity_token(identity).replace("-", ".")


def identity_of_quote(text: str) -> OrderIdentity | None:
    """The identity of the quote request that this text is the token of; None where it is not one of ours."""
    found = text.strip().upper()
    if not found.startswith(_PREFIX) or found.count(".") != 2:
        return None
    return identity_of_token(found.removeprefix(_PREFIX).replace(".", "-"))


def is_of_quote(reference: str) -> bool:
    """Whether a document carries the identity of a quote request, alone or at its reference's end."""
    return identity_of_quote(reference.rpartition("/")[2]) is not None


class RequestStatus(StrEnum):
    """How far a store has come with a quote request."""

    OPEN = "open"
    INVOICE_SENT = "invoice_sent"
    """The buyer was sent an invoice to pay."""
    COMPLETED = "completed"
    """It became an order."""


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """What a buyer asks for, worded as the order that it would be; `order.external_id` is the request's own."""

    order: PlacedOrder
    status: RequestStatus
    order_external_id: str = ""
    """The order that it became."""


@dataclass(frozen=True, slots=True)
class QuoteStamp:
    """That a request changed then, and by what it is told from everything that is none.

    `company_location_external_id` is empty where no company asks.
    """

    external_id: str
    updated_at: datetime
    company_location_external_id: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """What a line of a request costs now: a price a piece, in the currency of the request."""

    external_id: str
    unit_price: Money


@dataclass(frozen=True, slots=True)
class RequestTotals:
    """What the store makes of the prices, in the shop's currency."""

    total: Money
    tax: Money


class QuoteRequests(ABC):
    """A store in which buyers ask for quotes."""

    @abstractmethod
    def changed_quotes(self, since: PagePosition | None, after: str | None) -> Page[QuoteStamp]:
        """Stamps of what was changed at or after `since`, oldest first; `after` continues a run.

        Whatever the store keeps among requests is there, too: what no company asks for, what a program made.
        """

    @abstractmethod
    def read_quotes(self, external_ids: Sequence[str]) -> Iterator[QuoteRequest]:
        """The requests as they are now, complete, in as few calls as the store allows; those that are gone are left
        out. What came before a call that failed was read.
        """

    def read_quote(self, external_id: str) -> QuoteRequest | None:
        """The request as it is now, complete; None where it is gone."""
        return next(self.read_quotes([external_id]), None)

    @abstractmethod
    def price_quote(
        self, request: QuoteRequest, lines: Sequence[QuotedLine], tags: Sequence[str]
    ) -> RequestTotals:
        """Put these prices on the request, instead of any line discount, and these tags beside its own.

        Every line of the request stands among `lines`. Says the same whenever it is repeated. What the store reserved
        for the request stays as it is. Raises RecordRejected with the store's words.
        """

    @abstractmethod
    def mark_quote(self, request: QuoteRequest, tags: Sequence[str], note: str) -> None:
        """Put tags beside the request's own and a line under its note, where they do not stand there already."""


class QuoteStatus(StrEnum):
    """What an ERP says of a quote."""

    DRAFT = "draft"
    """Being worked on: what it says is no offer yet. Only of an ERP that tells it from one that was offered."""
    OPEN = "open"
    """With the customer, or being worked on."""
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    LOST = "lost"
    ORDERED = "ordered"
    """An order or an invoice was made of it, by whom ever."""


@dataclass(frozen=True, slots=True)
class ErpQuote:
    """A quote as the ERP holds it. One that was deleted is not there any more, nor one that became an order itself.

    `status_text` is the ERP's own word. `totals` is None where the ERP has none yet, `ship_to` where it tells none.
    """

    external_id: str
    number: str
    reference: str
    status: QuoteStatus
    status_text: str
    customer_number: str
    lines: tuple[ErpDocumentLine, ...]
    totals: ErpTotals | None
    updated_at: datetime
    valid_until: date | None = None
    prices_include_tax: bool = False
    ship_to: Address | None = None


class Quotes(ABC):
    """An ERP's sales quotes, and the orders that are made of them."""

    quote_batch: ClassVar[int]
    """How many quotes one `read_quotes` call may name."""

    @abstractmethod
    def quote_reference(self, identity: OrderIdentity, po_number: str) -> str:
        """The reference that a quote of this request carries, and the order that is made of it.

        Deterministic, as the ERP stores it; no order that was sent by us has it.
        """

    @abstractmethod
    def create_quote(self, document: SalesOrder, *, valid_until: date | None) -> CreatedOrder:
        """Create it in one call; `document.reference` is that of `quote_reference`.

        Raises RecordRejected with the ERP's words, OutcomeUnknown where the answer was lost.
        """

    @abstractmethod
    def find_quotes(self, references: Sequence[str]) -> list[ErpQuote]:
        """Every quote that carries one of these references."""

    @abstractmethod
    def read_quotes(self, external_ids: Sequence[str]) -> list[ErpQuote]:
        """These quotes, lines included; those that were deleted or became orders themselves are left out."""

    @abstractmethod
    def order_quote(self, external_id: str) -> None:
        """Make the order of a quote, under the quote's reference: `find_sales_orders` finds it.

        Raises RecordRejected with the ERP's words, also where the quote is not there or not open any more;
        OutcomeUnknown where the answer was lost.
        """


def net_price(line: ErpDocumentLine) -> Decimal | None:
    """What a piece costs after the line's discount, in the document's tax mode; None where it is no exact number."""
    if not line.quantity:
        return None
    price = line.unit_price - line.discount_amount / line.quantity
    return price if price * line.quantity == line.unit_price * line.quantity - line.discount_amount else None
