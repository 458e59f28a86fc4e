"""A sales order whole, as an ERP holds it: what orders into a store, changes and shipments are decided by.

Frozen, vendor-free. All amounts are Decimal in major units of the document's currency; all datetimes are
timezone-aware UTC, all dates the ERP's own calendar days.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from hub.connectors.documents import Address, ErpTotals, LineKind


class OrderStage(StrEnum):
    """How far an ERP has gone with an order: the first word that nothing later is true of."""

    DRAFT = "draft"
    """Not accepted yet: a draft, a quotation, an order that waits for approval."""
    OPEN = "open"
    """Accepted; nobody works on it yet."""
    RELEASED = "released"
    """The warehouse has it."""
    PICKED = "picked"
    """Goods were taken off the shelf for it, some or all."""
    SHIPPED = "shipped"
    """Goods have left, some or all."""
    INVOICED = "invoiced"
    """Something was invoiced, some or all."""
    CLOSED = "closed"
    """Nothing is left to do; what was not delivered will not be."""
    CANCELLED = "cancelled"

    def is_at_least(self, other: OrderStage) -> bool:
        """Whether an order of this stage has come as far as the other; a cancelled one has come furthest."""
        stages = list(OrderStage)
        return stages.index(self) >= stages.index(other)


@dataclass(frozen=True, slots=True)
class ErpDocumentLine:
    """One line as the ERP holds it, in the document's tax mode.

    `unit_price` is before `discount_amount`, which is for the whole line. `tax_rate` is a fraction (0.19 for 19 %),
    None where the ERP does not say it; so are the two amounts, both of the whole line after its discount.
    `number` is the item, account or charge number, empty for comments.
    """

    external_id: str
    kind: LineKind
    number: str
    description: str
    quantity: Decimal = Decimal(0)
    unit: str = ""
    unit_price: Decimal = Decimal(0)
    discount_amount: Decimal = Decimal(0)
    tax_code: str = ""
    tax_rate: Decimal | None = None
    amount_excluding_tax: Decimal | None = None
    tax_amount: Decimal | None = None
    shipped_quantity: Decimal = Decimal(0)
    invoiced_quantity: Decimal = Decimal(0)
    warehouse: str = ""
    requested_date: date | None = None
    promised_date: date | None = None
    is_closed: bool = False
    """What is left of it will not be delivered."""
    awaits_vendor: bool | None = None
    """Whether a vendor is still to send what is left of it straight to the customer; None where the ERP tells not."""


@dataclass(frozen=True, slots=True)
class ErpDocument:
    """A sales order, or the posted invoice that it became, with its lines.

    `status` is the ERP's own word, `stage` ours. `revision` is what the ERP wants to be shown with a change
    (Business Central: the etag), empty where it wants nothing. `source` says in the ERP's words how the order came
    in (phone, EDI, web), empty where it does not say. Codes are the ERP's own.
    """

    external_id: str
    number: str
    reference: str
    po_number: str
    status: str
    stage: OrderStage
    is_held: bool
    customer_number: str
    currency: str
    prices_include_tax: bool
    lines: tuple[ErpDocumentLine, ...]
    totals: ErpTotals | None
    updated_at: datetime
    order_date: date | None = None
    requested_date: date | None = None
    promised_date: date | None = None
    due_date: date | None = None
    payment_terms_code: str = ""
    shipping_method_code: str = ""
    ship_to: Address | None = None
    bill_to: Address | None = None
    email: str = ""
    phone: str = ""
    salesperson: str = ""
    source: str = ""
    revision: str = ""
    is_posted_invoice: bool = False


class SalesDocuments(ABC):
    """An ERP whose sales orders can be read whole."""

    document_batch: ClassVar[int]
    """How many documents one `read_sales_documents` call may name."""
    tells_comments: ClassVar[bool] = True
    """Whether comment lines that were sent come back as lines; False where the ERP keeps them in fields of its own."""

    @abstractmethod
    def read_sales_documents(self, external_ids: Sequence[str]) -> list[ErpDocument]:
        """These orders and posted invoices with all their lines, as of this call; ids that are gone are left out."""
