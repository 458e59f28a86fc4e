"""What an ERP lets others do to a sales order that stands there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass


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
