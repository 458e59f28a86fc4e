"""A return that is made in a store because it began elsewhere: what of an order can be returned, and the return itself.

Frozen, vendor-free. Pieces are whole numbers, as stores count them; ids of theirs are text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hub.connectors.store_returns import StoreReturn
from hub.lib.money import Money


@dataclass(frozen=True, slots=True)
class SentPieces:
    """Pieces of one line of a fulfilment that can be returned: sent, and neither back nor on their way back.

    `external_id` is the fulfilment's line, `line_external_id` the order's.
    """

    external_id: str
    line_external_id: str
    pieces: int


@dataclass(frozen=True, slots=True)
class NewReturnLine:
    """Pieces of one line of a fulfilment that will come back. `restocking_percentage` of their worth is kept."""

    sent_external_id: str
    pieces: int
    restocking_percentage: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NewReturn:
    """A return to make, approved from the beginning. `mark` is left in the note of every line, so that it is known."""

    order_external_id: str
    lines: tuple[NewReturnLine, ...]
    mark: str
    note: str = ""
    return_shipping_fee: Money | None = None
    """Kept for sending it back, in the buyer's currency, taxes included."""


class ReturnCreation(ABC):
    """A store in which returns can be begun for its buyers. It knows no idempotency key: look up before it is sent."""

    @abstractmethod
    def read_returnable(self, order_external_id: str) -> Sequence[SentPieces]:
        """What of this order can be returned as of this call; nothing where it is gone."""

    @abstractmethod
    def create_return(self, new: NewReturn) -> StoreReturn:
        """Make the return. Raises RecordRejected in the store's words, OutcomeUnknown where the answer was lost."""
