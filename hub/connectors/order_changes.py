"""What an ERP lets others do to a sales order that stands there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from hub.connectors.documents import Address, SalesOrderLine
from hub.connectors.sales_documents import ErpDocument, OrderStage


@dataclass(frozen=True, slots=True)
class CancelledOrder:
    """How an order stands there once nobody will deliver it.

    `status` is the ERP's own word, "deleted" where it is gone.
    """

    external_id: str
    status: str


class OrderCancellation(ABC):
    """An ERP in which a sales order of which nothing was delivered or invoiced can be cancelled by a call."""

    @abstractmethod
    def cancel_sales_order(self, external_id: str, reference: str) -> CancelledOrder:
        """Cancel it, or do to it what takes its place there (close all lines, delete it, bring them to zero).

        Safe to repeat: its state is read first, and what is cancelled or gone already is the answer. Raises
        RecordRejected with the reason where something of it was delivered or invoiced, or in the ERP's own words where
        it refuses; OutcomeUnknown where the answer was lost. Nothing but the order is touched.
        """


DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """One line as it is to stand. `external_id` is the ERP's id of the line, empty where it is to be added.

    `line` is None where the line is to be taken out.
    """

    external_id: str
    line: SalesOrderLine | None


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """What is to become of a sales order; None is left as it is. Lines that are not named are left as they are.

    `revision` is the ErpDocument's that the change was decided by.
    """

    revision: str = ""
    lines: tuple[ChangedLine, ...] = ()
    po_number: str | None = None
    ship_to: Address | None = None
    requested_date: date | None = None
    payment_terms_code: str | None = None
    shipping_method_code: str | None = None


class OrderEditing(ABC):
    """An ERP in which a sales order that stands can be changed by calls."""

    changeable_until: ClassVar[OrderStage]
    """The stage from which on the ERP refuses changes of a document, whoever makes them."""

    @abstractmethod
    def change_sales_order(self, external_id: str, reference: str, change: DocumentChange) -> ErpDocument:
        """Bring the order to what `change` says and return it as it stands then.

        Safe to repeat: the document is read first, what stands already is not written again, and an added line is
        known by its `source_external_id` as far as the ERP keeps it. Raises Conflict where the document was changed
        since `revision` was read, RecordRejected in the ERP's own words or where the stage forbids it,
        OutcomeUnknown where an answer was lost.
        """
