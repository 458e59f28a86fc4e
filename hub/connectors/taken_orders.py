"""Orders that others take for a store's buyers, by the store's own prices where none were agreed, and the part of a
store that takes them.

Frozen, vendor-free. All amounts are Decimal in major units of the shop's currency, in the shop's tax mode. Ids of
theirs are text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal

from hub.connectors.documents import Address, Attribute
from hub.connectors.store_orders import MadeDraft, StoreBuyer, StoreShippingLine, StoreTerms


@dataclass(frozen=True, slots=True)
class TakenLine:
    """Pieces of a variant; `agreed_price` is for one of them, None where the store's price for this buyer holds."""

    variant_external_id: str
    quantity: int
    agreed_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TakenOrder:
    """An order to place in a store, whose taxes the store computes; `mark` is how it is found again."""

    mark: str
    currency: str
    buyer: StoreBuyer
    lines: tuple[TakenLine, ...]
    terms: StoreTerms
    po_number: str = ""
    note: str = ""
    attributes: tuple[Attribute, ...] = ()
    shipping: StoreShippingLine | None = None
    ship_to: Address | None = None
    bill_to: Address | None = None


class OrderTaking(ABC):
    """A store in which others place orders for its buyers. OrderWriting finds and completes the drafts."""

    @abstractmethod
    def draft_taken(self, order: TakenOrder) -> MadeDraft:
        """Create it as a draft; what was not agreed the store computes. Raises RecordRejected, OutcomeUnknown."""

    @abstractmethod
    def change_taken(self, external_id: str, order: TakenOrder) -> MadeDraft:
        """Make this draft say all that `order` says and nothing else; the same again is harmless.

        Raises RecordRejected (also where it is completed already), OutcomeUnknown.
        """

    @abstractmethod
    def usual_terms(self, location_external_id: str) -> str:
        """The payment terms template by which this location buys; "" where it has none."""
