"""The part of an ERP in which an order can wait: created so that nobody works on it, and let go by one call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar


class HeldOrders(ABC):
    """An ERP that takes `SalesOrder.is_held`: such an order is created, and waits there until it is released."""

    held_words: ClassVar[str]
    """What people see there of an order that waits."""

    @abstractmethod
    def hold_sales_order(self, external_id: str) -> None:
        """Bring a held order to where it waits, where creating it does not; safe to repeat.

        Raises RecordRejected with the ERP's words.
        """

    @abstractmethod
    def release_sales_order(self, external_id: str) -> str:
        """Let a held order go; returns its state there now.

        Safe to repeat: the state is read first, and what a clerk has let go already stays as it is. Raises Conflict
        where it is gone or cancelled there, RecordRejected with the ERP's words, OutcomeUnknown where the answer was
        lost.
        """
