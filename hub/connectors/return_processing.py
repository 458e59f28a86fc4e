"""What a store does with goods that came back: where they go, whose money is given back, what is sent for them.

Frozen, vendor-free. Amounts to send are Decimal in major units of the buyer's currency. Ids of theirs are text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hub.connectors.store_returns import NewRefundPayment, StoreReturn
from hub.lib.money import MoneyBag


class Disposition(StrEnum):
    """Where pieces of a return went."""

    RESTOCKED = "restocked"
    NOT_RESTOCKED = "not_restocked"
    PUT_ASIDE = "put_aside"
    """They wait for a repair or another look; another disposition ends that."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """One line of a return as it stands. `disposed` are pieces by where they went.

    `place_external_id` is what dispositions name, empty where the store expects no goods (a request, a cancelled one).
    """

    external_id: str
    line_external_id: str
    quantity: int
    processed: int
    place_external_id: str
    disposed: tuple[tuple[Disposition, int], ...] = ()

    def gone(self, disposition: Disposition) -> int:
        """Pieces that went there."""
        return sum(pieces for kind, pieces in self.disposed if kind is disposition)


@dataclass(frozen=True, slots=True)
class ReturnInStore:
    """A return with what became of its goods. `refunds` are the ids of its refunds."""

    returned: StoreReturn
    lines: tuple[ReturnedLine, ...]
    refunds: tuple[str, ...]

    @property
    def is_processed(self) -> bool:
        """Whether every piece, both ways, was processed."""
        exchanged = all(one.processed == one.quantity for one in self.returned.exchanged)
        return exchanged and all(one.processed == one.quantity for one in self.lines)

    @property
    def has_begun(self) -> bool:
        """Whether anything became of any piece: such a return cannot be cancelled."""
        exchanged = any(one.processed for one in self.returned.exchanged)
        return exchanged or bool(self.refunds) or any(one.processed or one.disposed for one in self.lines)


@dataclass(frozen=True, slots=True)
class NewDisposition:
    """Pieces that go somewhere. Restocked ones need a location."""

    place_external_id: str
    disposition: Disposition
    pieces: int
    location_external_id: str = ""


@dataclass(frozen=True, slots=True)
class ProcessedLine:
    """Pieces of a return's line that are taken back for good, and where they go."""

    external_id: str
    pieces: int
    dispositions: tuple[NewDisposition, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnWork:
    """Pieces to process in one call. `exchanged` are pieces by exchange line; without payments no money moves."""

    return_external_id: str
    currency: str
    lines: tuple[ProcessedLine, ...]
    exchanged: tuple[tuple[str, int], ...] = ()
    payments: tuple[NewRefundPayment, ...] = ()
    shipping: Decimal = Decimal(0)
    """Of the order's shipping, given back beside the goods, in the order's tax mode."""
    note: str = ""
    notifies_buyer: bool = False


@dataclass(frozen=True, slots=True)
class ReturnOutcome:
    """What processing comes to, fees and exchanged goods taken off. Where `is_owed` the buyer owes `amount`.

    `refundable` and `payments` are what was paid and not given back, oldest first. None: nothing moves.
    """

    amount: MoneyBag | None
    is_owed: bool
    refundable: MoneyBag
    payments: tuple[NewRefundPayment, ...]


class ReturnProcessing(ABC):
    """A store whose returns are worked on piece by piece. It knows no idempotency key: read before anything is sent."""

    @abstractmethod
    def read_return(self, external_id: str) -> ReturnInStore | None:
        """The return as of this call, None where it is gone."""

    @abstractmethod
    def suggest_outcome(self, work: ReturnWork) -> ReturnOutcome:
        """What the store makes of these pieces. Raises RecordRejected in the store's words."""

    @abstractmethod
    def process_return(self, work: ReturnWork) -> StoreReturn:
        """Take these pieces back. Raises RecordRejected in the store's words, OutcomeUnknown."""

    @abstractmethod
    def dispose(self, dispositions: Sequence[NewDisposition]) -> None:
        """Say where pieces went, without money. Raises RecordRejected, OutcomeUnknown."""

    @abstractmethod
    def reopen_return(self, external_id: str) -> StoreReturn:
        """Open a closed return again; an open one is the answer. Raises RecordRejected, OutcomeUnknown."""
