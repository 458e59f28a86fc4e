"""What a store lets others do to an order that stands there.

Frozen, vendor-free. All amounts are Decimal in major units of the order's currency, in the order's tax mode; all
datetimes are timezone-aware UTC. Ids of theirs are text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from hub.connectors.documents import Address
from hub.connectors.store_orders import StoreTotals


@dataclass(frozen=True, slots=True)
class EditableLine:
    """A line of an order as it can be changed: `unfulfilled` pieces can be taken out, `quantity` is the current one.

    `unit_price` is what is paid for a piece now, all discounts taken off.
    """

    external_id: str
    variant_external_id: str
    title: str
    quantity: int
    unfulfilled: int
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class EditableOrder:
    """An order as of this call; `reasons` say in the store's words why its lines cannot be edited, none if they can."""

    external_id: str
    name: str
    is_cancelled: bool
    is_unpaid: bool
    reasons: tuple[str, ...]
    lines: tuple[EditableLine, ...]
    totals: StoreTotals
    po_number: str
    note: str
    ship_to: Address | None


@dataclass(frozen=True, slots=True)
class LineEdit:
    """One step of an edit.

    With `line_external_id`: `quantity` is the new current quantity, and `discount` is taken off each piece (zero:
    none). Without: the line is added, by its variant at the catalogue's price less `discount`, or as a custom line
    with `title` at `unit_price`. A store has no call that raises the price of a line: the old one goes to zero, a
    custom one is added.
    """

    line_external_id: str = ""
    variant_external_id: str = ""
    title: str = ""
    quantity: int = 0
    unit_price: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    why: str = ""
    """What the buyer reads beside a discount."""
    restocks: bool = True


@dataclass(frozen=True, slots=True)
class FieldEdit:
    """Fields beside the lines; None is left as it is."""

    po_number: str | None = None
    note: str | None = None
    ship_to: Address | None = None
    email: str | None = None


class OrderChanging(ABC):
    """A store in which an order can be changed and cancelled after it was placed."""

    settle_after: timedelta
    call_deadline: timedelta

    @abstractmethod
    def read_editable(self, external_ids: Sequence[str]) -> list[EditableOrder]:
        """These orders as of this call; those that are gone are left out."""

    @abstractmethod
    def change_fields(self, external_id: str, edit: FieldEdit) -> None:
        """Write these fields; the same again is harmless. Raises RecordRejected in the store's words."""

    @abstractmethod
    def edit_lines(
        self, external_id: str, edits: Sequence[LineEdit], *, note: str, notifies_buyer: bool
    ) -> EditableOrder:
        """Make all edits in one commit, none where one is refused; `note` is for the store's staff.

        Not idempotent: what was committed is seen by `read_editable`, and a caller whose answer was lost reads first.
        Raises RecordRejected in the store's words, OutcomeUnknown where the answer to the commit was lost.
        """

    @abstractmethod
    def cancel_order(
        self, external_id: str, *, restocks: bool, refunds: bool, notifies_buyer: bool, note: str
    ) -> None:
        """Cancel the whole order, payments given back to where they came from if `refunds`; a cancelled one stays so.

        The store works on it after the answer: `read_editable` says when it is cancelled. Raises RecordRejected
        (something of it is fulfilled or a return is open), OutcomeUnknown.
        """
