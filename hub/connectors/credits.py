"""What an ERP gives back: return orders and credit memos.

Frozen, vendor-free. All amounts are Decimal in major units of the document's currency; all datetimes are
timezone-aware UTC, all dates the ERP's own calendar days. Quantities and amounts are above zero for what is given back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from hub.connectors.documents import ErpTotals, LineKind, OrderIdentity, Page, PagePosition, SalesOrderLine
from hub.connectors.erp_parts import Confirmed
from hub.connectors.identity import identity_of_token, identity_token

_CREDIT, _RETURN = "R-", "RA-"


def credit_reference(refund: OrderIdentity) -> str:
    """What the credit memo of a store's refund carries, the same in every ERP: R- and the token of the refund.

    `order_id` of the identity is the refund's id. At most 22 characters of A-Z, 0-9 and dashes.
    """
    return _CREDIT + identity_token(refund)


def return_reference(returned: OrderIdentity) -> str:
    """What the return order of a store's return carries: RA- and the token of the return."""
    return _RETURN + identity_token(returned)


def refund_of(reference: str) -> OrderIdentity | None:
    """The store's refund that a credit memo was made for, None for one that is not ours."""
    return _identity(reference, _CREDIT)


def return_of(reference: str) -> OrderIdentity | None:
    """The store's return that a return order was made for, None for one that is not ours."""
    return _identity(reference, _RETURN)


def _identity(reference: str, prefix: str) -> OrderIdentity | None:
    text = reference.strip()
    return identity_of_token(text.removeprefix(prefix)) if text.startswith(prefix) else None


class CreditStage(StrEnum):
    """How far an ERP has gone with what comes back."""

    REQUESTED = "requested"
    """A return that nobody has approved yet."""
    APPROVED = "approved"
    """The goods may come."""
    RECEIVED = "received"
    """Goods came back, some or all."""
    CREDITED = "credited"
    """The credit is posted: money is owed to the customer."""
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class ErpCreditLine:
    """One line that is given back. `order_line_external_id` is the sales order's line where the ERP says it.

    A fee that is kept (restocking, return shipping) is a line with an amount below zero.
    """

    external_id: str
    kind: LineKind
    number: str
    description: str
    quantity: Decimal
    amount_excluding_tax: Decimal
    tax_amount: Decimal
    order_line_external_id: str = ""
    received_quantity: Decimal = Decimal(0)
    warehouse: str = ""
    restocks: bool = True
    """Whether the goods go back on the shelf."""
    unit: str = ""
    """The ERP's own, in which both quantities are; empty where it does not say it."""


@dataclass(frozen=True, slots=True)
class ErpCredit:
    """A return order, or a credit memo, as it stands. `is_return` tells the two.

    `order_external_id` and `invoice_number` name what it gives back, empty where the ERP does not say. `reason` is the
    ERP's own code. `status` is the ERP's own word. One that is not posted yet is APPROVED. `return_external_id` is the
    return order that a credit memo was made from, empty where it was made from none.
    """

    external_id: str
    number: str
    reference: str
    is_return: bool
    status: str
    stage: CreditStage
    customer_number: str
    currency: str
    lines: tuple[ErpCreditLine, ...]
    totals: ErpTotals | None
    updated_at: datetime
    order_external_id: str = ""
    invoice_number: str = ""
    document_date: date | None = None
    reason: str = ""
    return_external_id: str = ""


@dataclass(frozen=True, slots=True)
class NewCredit:
    """A credit memo, or a return order, to create. Its `reference` is found again by `find_credits`.

    A line's quantity and price are above zero for what is given back; a fee that is kept has a price below zero. The
    three totals are what the ERP must arrive at, in `currency`, computed before the create. The order is named by its
    id and its reference in the ERP: where the ERP can, the credit is made out against the order's posted invoice. A
    return order that is not `is_approved` waits for a clerk there; a credit memo always is.
    """

    reference: str
    customer_number: str
    currency: str
    credit_date: date
    prices_include_tax: bool
    lines: tuple[SalesOrderLine, ...]
    total_excluding_tax: Decimal
    total_tax: Decimal
    total_including_tax: Decimal
    order_external_id: str = ""
    order_reference: str = ""
    note: str = ""
    is_approved: bool = True


class Credits(ABC):
    """An ERP whose credit memos can be read and created.

    One is created first, found equal, and posted by a call of its own where they begin as drafts: what differs stays a
    draft for a person to correct.
    """

    settle_after: timedelta
    call_deadline: timedelta
    credit_batch: ClassVar[int]
    """How many documents one `read_credits`, `find_credits` or `post_credits` call may name."""
    credits_begin_as_drafts: ClassVar[bool]
    """Whether a created one waits for `post_credits`; else it is posted when it is created."""

    @abstractmethod
    def create_credit(self, document: NewCredit) -> ErpCredit:
        """Create the credit memo, and say what the ERP made of it, final totals included.

        Raises RecordRejected in the ERP's words, OutcomeUnknown where the answer was lost.
        """

    @abstractmethod
    def post_credits(self, external_ids: Sequence[str]) -> list[Confirmed]:
        """Post these drafts; one result for each that is there. Safe to repeat: what is posted is left alone."""

    @abstractmethod
    def find_credits(self, references: Sequence[str]) -> list[ErpCredit]:
        """Every credit memo, draft or posted, that carries one of these references."""

    @abstractmethod
    def read_credits(self, external_ids: Sequence[str]) -> list[ErpCredit]:
        """These as of this call; those that are gone are left out."""

    @abstractmethod
    def changed_credits(self, since: PagePosition | None, after: str | None) -> Page[ErpCredit]:
        """Credit memos changed at or after `since`, oldest first; `after` continues a run."""


class ReturnOrders(ABC):
    """An ERP that knows returns before they are credited: return orders, authorizations."""

    settle_after: timedelta
    call_deadline: timedelta
    returns_begin_as_drafts: ClassVar[bool]
    """Whether a created one waits for `approve_returns`; else it is created approved where it is."""

    @abstractmethod
    def create_return(self, document: NewCredit) -> ErpCredit:
        """Create the return order, and say what the ERP made of it.

        Raises RecordRejected in the ERP's words, OutcomeUnknown.
        """

    @abstractmethod
    def approve_returns(self, external_ids: Sequence[str]) -> list[Confirmed]:
        """Let the goods of these come; one result for each that is there. Safe to repeat: what is approved is left."""

    @abstractmethod
    def find_returns(self, references: Sequence[str]) -> list[ErpCredit]:
        """Every return order that carries one of these references, cancelled ones too."""

    @abstractmethod
    def changed_returns(self, since: PagePosition | None, after: str | None) -> Page[ErpCredit]:
        """Return orders changed at or after `since`, oldest first; `after` continues a run."""
