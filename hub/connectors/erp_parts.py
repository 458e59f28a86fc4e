"""The parts that an ERP can play: its sales orders and its customers, and what it tells of its limits.

An ERP inherits those that it can play, beside `Connector`; a flow asks for the one that it needs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from hub.connectors.base import ObservedLimits
from hub.connectors.customer_documents import ErpCustomer, NewCustomer
from hub.connectors.documents import (
    ErpSalesOrder,
    ErpTotals,
    LineKind,
    OrderIdentity,
    Page,
    PagePosition,
    SalesOrder,
)
from hub.connectors.filled_fields import OrderField
from hub.errors import SyncError


@dataclass(frozen=True, slots=True)
class CreatedOrder:
    """The answer to a create.

    `number` is empty and `totals` None where the answer does not say them, or not finally: both are read back.
    """

    external_id: str
    number: str
    reference: str
    totals: ErpTotals | None


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
    charge_kinds: ClassVar[tuple[LineKind, ...]]
    """What a shipping charge may become on its document; the first is what a new mapping row proposes."""
    comment_length: ClassVar[int]
    """How many characters one comment line may have; longer texts become several lines."""
    determines_taxes: ClassVar[bool] = True
    """Whether it finds the taxes of a line that names no tax code by its own setup; else every line must name one."""
    has_warehouse_by_line: ClassVar[bool] = True
    """Whether each line may name a warehouse of its own; else all lines of a document that name one name the same."""

    @classmethod
    def order_fields(cls, config: Mapping[str, str]) -> Sequence[OrderField]:
        """The fields of its sales order that people may fill from a store's order, none unless it says so.

        Never those that the document fills itself (reference, customer, dates of ours, addresses, money). An ERP
        whose customers add fields of their own reads which ones from the connection's settings.
        """
        return ()

    @abstractmethod
    def reference_for(self, identity: OrderIdentity, po_number: str) -> str:
        """The reference that a document of this identity carries, exactly as the ERP will store it.

        Deterministic; contains the whole machine identity; at most as long as the ERP's field; the PO number
        is cut to what remains. Look-ups use the value that was sent, kept with the attempt.
        """

    @abstractmethod
    def identity_of(self, reference: str) -> OrderIdentity | None:
        """The identity inside a reference read from the ERP; None for references that are not ours."""

    def get_ready(self) -> None:
        """Read what most documents need and is not known yet, so that no order waits for it. Nothing by default.

        Raises nothing that the far side answers: what cannot be read is told where an order needs it.
        """
        return

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


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What became of one document that was to be confirmed: its state now, or why it is not confirmed."""

    external_id: str
    status: str
    failure: SyncError | None = None


class Confirmation(ABC):
    """An ERP whose sales orders begin as drafts and are confirmed by a call of their own."""

    confirm_batch: ClassVar[int]
    """How many documents one `confirm_sales_orders` call may name."""

    @classmethod
    def confirms(cls, config: Mapping[str, str]) -> bool:
        """Whether this connection's documents are to be confirmed by us; always, unless a setting says otherwise."""
        return True

    @abstractmethod
    def confirm_sales_orders(self, external_ids: Sequence[str]) -> list[Confirmed]:
        """Bring these documents to the state in which the ERP works on them; one result for each that is there.

        Safe to repeat: their states are read first and only the steps that are left are done. One that the ERP
        refuses has the refusal as its `failure` and stops none of the others. Raises what concerns them all.
        """


class Customers(ABC):
    """An ERP's customers, for matching."""

    @abstractmethod
    def customers_by_number(self, numbers: Sequence[str]) -> list[ErpCustomer]:
        """Customers with these numbers."""

    @abstractmethod
    def customers_by_tax_id(self, tax_registration_id: str) -> list[ErpCustomer]:
        """Customers with this tax registration id, compared without blanks, dots, dashes and case."""

    @abstractmethod
    def customers_by_email(self, email: str) -> list[ErpCustomer]:
        """Customers with this e-mail, compared without case."""


class NewCustomers(ABC):
    """An ERP in which customers can be created."""

    @abstractmethod
    def create_customer(self, document: NewCustomer) -> ErpCustomer:
        """Create it in one call; a second one of the same reference is not made.

        Raises RecordRejected with the ERP's words, OutcomeUnknown where the answer was lost.
        """

    @abstractmethod
    def customers_by_reference(self, references: Sequence[str]) -> list[ErpCustomer]:
        """Customers that were created with these references."""


class AccountLimits(ABC):
    """An ERP that says itself how much it allows."""

    @abstractmethod
    def read_limits(self) -> ObservedLimits:
        """What it allows now; all None where this credential may not ask."""
