"""An ERP's stock: what its warehouses hold of its items, what is promised of it, and what is to come.

Frozen, vendor-free. Quantities are Decimal in the item's base unit in the ERP, days the ERP's own calendar days.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from hub.connectors.documents import Page, PagePosition

NONE = Decimal(0)


class CommitsFrom(StrEnum):
    """From when on a sales order's open pieces are among what the ERP calls committed."""

    CREATED = "created"
    """As soon as it is there, also while it is a draft or waits for approval."""
    CONFIRMED = "confirmed"
    """Once the ERP works on it: released, approved, processed. Before that it promises nothing."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Goods that are to come: ordered of a supplier, transferred or produced. `due` None where no day is told."""

    quantity: Decimal
    due: date | None


@dataclass(frozen=True, slots=True)
class StockLevel:
    """One item in one warehouse.

    `on_hand` is what lies there, promised or not; `committed` what of it, or of what comes, sales orders are promised
    that have not left. `safety_stock` is what the ERP wants kept there. `receipts` come by day, the soonest first.
    `lead_days` is how long it takes to get more, None where the ERP does not say.
    """

    item_number: str
    warehouse: str
    on_hand: Decimal
    committed: Decimal = NONE
    safety_stock: Decimal = NONE
    unit: str = ""
    receipts: tuple[Receipt, ...] = ()
    lead_days: int | None = None

    @property
    def on_order(self) -> Decimal:
        """All that is to come."""
        return sum((receipt.quantity for receipt in self.receipts), NONE)


def soonest_first(receipts: Iterable[Receipt]) -> tuple[Receipt, ...]:
    """Receipts by day; those without one come last."""
    return tuple(sorted(receipts, key=lambda each: (each.due is None, each.due or date.min)))


@dataclass(frozen=True, slots=True)
class TouchedItems:
    """Items whose stock a document may have changed, and the place of that in the ERP's order of changes."""

    item_numbers: tuple[str, ...]
    position: PagePosition


class Stock(ABC):
    """An ERP whose stock can be read."""

    stock_batch: ClassVar[int]
    """How many items one `read_stock` call may name."""
    commits_from: ClassVar[CommitsFrom]

    @abstractmethod
    def stocked_items(self, after: str | None) -> Page[str]:
        """The numbers of all items that are kept in stock, in an order that stays; `after` continues a run."""

    @abstractmethod
    def touched_items(self, since: PagePosition, after: str | None) -> Page[TouchedItems]:
        """What moved or promised goods at or after `since`, oldest change first; `after` continues a run.

        The same item may come several times. What was deleted is not told: a run over all items finds it.
        """

    @abstractmethod
    def read_stock(self, item_numbers: Sequence[str]) -> list[StockLevel]:
        """These items in every warehouse that holds, promises or expects any, as of this call.

        An item without any is left out, and so is one that is unknown or not kept in stock.
        """
