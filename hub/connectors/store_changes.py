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
from fractions import Fraction

from hub.connectors.documents import Address
from hub.connectors.store_orders import StoreTotals


@dataclass(frozen=True, slots=True)
class EditableLine:
    """A line of an order as it can be changed: `unfulfilled` pieces can be taken out, `quantity` is the current one.

    `amount` is what these pieces cost now, all discounts taken off; `list_price` what one costs before any discount.
    `other_discount` is what codes and automatic discounts take off these pieces in all: no edit changes that; a manual
    discount of the line it does. A line that was taken out stays, with quantity zero.
    """

    external_id: str
    variant_external_id: str
    title: str
    quantity: int
    unfulfilled: int
    amount: Decimal
    list_price: Decimal
    other_discount: Decimal = Decimal(0)
    is_editable: bool = True

    @property
    def price(self) -> Fraction:
        """What one piece costs now, exact; the list price where no pieces are left."""
        return Fraction(self.amount) / self.quantity if self.quantity else Fraction(self.list_price)


@dataclass(frozen=True, slots=True)
class EditableShipping:
    """A shipping charge that stands, its discounts taken off."""

    external_id: str
    title: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class EditableOrder:
    """An order as of this call; `reasons` say in the store's words why its lines cannot be edited, none if they can.

    `totals` are the current ones: of what was not taken out or given back.
    """

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
    shipping: tuple[EditableShipping, ...] = ()


@dataclass(frozen=True, slots=True)
class LineEdit:
    """One step of an edit.

    With `line_external_id`: `quantity` is the new current quantity, and `discount` is the line's manual discount on
    each piece from now on, whatever it was (zero: none; None: left as it is). Without: the line is added, `quantity`
    pieces of its variant or of a custom line with `title`, each at `unit_price`. A store adds a variant at the
    catalogue's price: what that asks too much is taken off, and where it asks too little a custom line is added in its
    place. There is no call that raises the price of a line: the old one goes to zero, a new one is added.
    """

    line_external_id: str = ""
    variant_external_id: str = ""
    title: str = ""
    quantity: int = 0
    unit_price: Decimal = Decimal(0)
    discount: Decimal | None = None
    why: str = ""
    """What the buyer reads beside a discount."""
    restocks: bool = True
    requires_shipping: bool = True
    is_taxable: bool = True
    """These two of a custom line; a variant has its own."""


@dataclass(frozen=True, slots=True)
class ShippingEdit:
    """A shipping charge to take out, by its id, or to add, without one. There is no call that changes one."""

    external_id: str = ""
    title: str = ""
    price: Decimal = Decimal(0)


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
    """The total deadline of every write but `edit_lines`."""
    edit_deadline: timedelta
    """The longest that `edit_lines` takes in all, until its commit is answered or given up."""

    @abstractmethod
    def read_editable(self, external_ids: Sequence[str]) -> list[EditableOrder]:
        """These orders as of this call; those that are gone are left out."""

    @abstractmethod
    def change_fields(self, external_id: str, edit: FieldEdit) -> None:
        """Write these fields; the same again is harmless. Raises RecordRejected in the store's words."""

    @abstractmethod
    def edit_lines(
        self,
        external_id: str,
        edits: Sequence[LineEdit],
        *,
        note: str,
        notifies_buyer: bool,
        shipping: Sequence[ShippingEdit] = (),
    ) -> EditableOrder:
        """Make all edits in one commit, none where one is refused; `note` is for the store's staff.

        Not idempotent: what was committed is seen by `read_editable`, and a caller whose answer was lost reads first.
        Raises RecordRejected in the store's words, TryLater while somebody else's edit of it is open, OutcomeUnknown
        where the answer to the commit was lost.
        """

    @abstractmethod
    def cancel_order(
        self, external_id: str, *, restocks: bool, refunds: bool, notifies_buyer: bool, note: str
    ) -> None:
        """Cancel the whole order, payments given back to where they came from if `refunds`; a cancelled one stays so.

        The store works on it after the answer: `read_editable` says when it is cancelled. Raises RecordRejected
        (something of it is fulfilled or a return is open), OutcomeUnknown.
        """
