"""What an ERP lets others do to a sales order that stands there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
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
    """One line of goods or freight as it is to stand; comments are not changed.

    `external_id` is the ERP's id of the line, empty where it is to be added. `line` is None where the line is to be
    taken out. Of a store line that is two lines there, name the first with what is to stand and the second with None.
    """

    external_id: str
    line: SalesOrderLine | None


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """What is to become of a sales order; None is left as it is. Lines that are not named are left as they are.

    `base` is the document by which the change was decided, as it was read then: what it says tells whether anybody
    else has changed the same since, and which state the document goes back to. Codes are the ERP's own; prices of
    `lines` are in major units of the document's currency and hold tax if `prices_include_tax`.
    """

    base: ErpDocument
    lines: tuple[ChangedLine, ...] = ()
    prices_include_tax: bool = False
    po_number: str | None = None
    ship_to: Address | None = None
    requested_date: date | None = None
    payment_terms_code: str | None = None
    shipping_method_code: str | None = None


CHANGED_MEANWHILE = "changed_meanwhile"
"""The code of a Conflict with what somebody else changed: read the document anew and decide again."""


class OrderEditing(ABC):
    """An ERP in which a sales order that stands can be changed by calls."""

    changeable_until: ClassVar[OrderStage]
    """The stage from which on a document is not changed any more: the ERP refuses it, or makes something else of it."""
    fixed_fields: ClassVar[Mapping[str, str]] = {}
    """Fields of DocumentChange that this ERP never changes by its interface, and why, in plain words."""

    @abstractmethod
    def change_sales_order(self, external_id: str, reference: str, change: DocumentChange) -> ErpDocument:
        """Bring the order to what `change` says and return it as it stands then.

        Safe to repeat: the document is read first, and what stands already is not written again. No ERP keeps the
        store's id of a line: an added one is known by being new since `base` and as it is to be. The answer's
        `reference` may be another one, where the PO number is a part of it. Raises Conflict (`CHANGED_MEANWHILE`)
        where somebody changed since `base` what is to be changed, RecordRejected in the ERP's own words or where the
        stage forbids it, CodeUnknown for a code that is not there, OutcomeUnknown where an answer was lost: then some
        of the change may stand, and the same call again does the rest.
        """
