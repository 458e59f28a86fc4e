"""Orders that a store is given by us, and the part of a store that takes them.

Frozen, vendor-free. All amounts are Decimal in major units of the order's currency, which is the shop's; all datetimes
are timezone-aware UTC. Ids of theirs are text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from hub.connectors.documents import Address, Attribute


@dataclass(frozen=True, slots=True)
class StoreTax:
    """One tax on a line: `rate` is a fraction, `amount` is for the whole line."""

    title: str
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class StoreOrderLine:
    """One line to create. `unit_price` is what is paid for a piece, in the order's tax mode, all discounts taken off.

    Without a variant it is a custom line. `properties` are shown to the buyer beside the line.
    """

    title: str
    quantity: int
    unit_price: Decimal
    variant_external_id: str = ""
    sku: str = ""
    taxes: tuple[StoreTax, ...] = ()
    requires_shipping: bool = True
    properties: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreShippingLine:
    """One shipping charge, in the order's tax mode."""

    title: str
    price: Decimal
    code: str = ""
    taxes: tuple[StoreTax, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreTerms:
    """Payment terms by one of the store's templates; `issued_at` or `due_at` as its kind asks for."""

    template_external_id: str
    issued_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoreBuyer:
    """Who bought: the company's location, and the contact in whose history the order is."""

    company_external_id: str
    location_external_id: str
    contact_external_id: str
    customer_external_id: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class StorePlace:
    """A company location by its ids alone."""

    external_id: str
    company_external_id: str


@dataclass(frozen=True, slots=True)
class StoreMetafield:
    """A value beside the order. Without a namespace it stands in the one that is reserved for our app."""

    key: str
    type: str
    value: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class StoreTotals:
    """What a store arrived at: `total` includes `tax`."""

    currency: str
    total: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class StoreOrderDraft:
    """An order to create in a store. `totals` is what the store must arrive at.

    `mark` is how it is found again whatever becomes of the answer: unique to the order, kept by the store where it
    cannot be written by buyers. `name` is empty where the store is to number the order, `processed_at` None where it
    is now.
    """

    mark: str
    buyer: StoreBuyer
    lines: tuple[StoreOrderLine, ...]
    totals: StoreTotals
    prices_include_tax: bool
    shipping_lines: tuple[StoreShippingLine, ...] = ()
    po_number: str = ""
    note: str = ""
    name: str = ""
    processed_at: datetime | None = None
    closed_at: datetime | None = None
    ship_to: Address | None = None
    bill_to: Address | None = None
    terms: StoreTerms | None = None
    metafields: tuple[StoreMetafield, ...] = ()
    notifies_buyer: bool = False


@dataclass(frozen=True, slots=True)
class MadeOrder:
    """An order as the store holds it after a create or a look-up."""

    external_id: str
    name: str
    totals: StoreTotals
    has_payment_terms: bool = False


@dataclass(frozen=True, slots=True)
class MadeDraft:
    """A draft order as the store holds it; `order_external_id` is empty until it was completed."""

    external_id: str
    name: str
    totals: StoreTotals
    order_external_id: str = ""
    prices_include_tax: bool = False


@dataclass(frozen=True, slots=True)
class StoreVariant:
    """Something that the store sells, by its SKU."""

    external_id: str
    sku: str
    title: str


@dataclass(frozen=True, slots=True)
class StoreGoods:
    """The shop's currency, and the variants by SKU: none where it sells no such thing, several where the SKU stands
    on several variants."""

    currency: str
    variants: Mapping[str, tuple[StoreVariant, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TermsTemplate:
    """Payment terms that the store offers; `type` is its word in capitals."""

    external_id: str
    type: str
    due_in_days: int | None
    name: str


@dataclass(frozen=True, slots=True)
class ShownMetafield:
    """A metafield of orders that buyers see in their account."""

    namespace: str
    key: str
    type: str
    name: str
    description: str


class OrderWriting(ABC):
    """A store in which orders can be created that were taken elsewhere."""

    settle_after: timedelta
    """The longest time in which a write whose answer was lost may appear in a look-up by mark."""
    call_deadline: timedelta
    """The total deadline of one write."""
    sku_batch: ClassVar[int]
    """How many SKUs one request of `read_goods` asks for."""
    metafield_rows: ClassVar[int]
    """How many metafields one `write_order_metafields` call may hold, whosever they are."""

    @abstractmethod
    def read_goods(self, skus: Sequence[str]) -> StoreGoods:
        """The shop's currency and what it sells under these SKUs, compared exactly."""

    @abstractmethod
    def find_places(self, merchant_id: str) -> list[StorePlace]:
        """Locations that carry this id of the merchant's, and those of companies that do."""

    @abstractmethod
    def payment_terms_templates(self) -> list[TermsTemplate]:
        """The payment terms that orders of this store may have."""

    @abstractmethod
    def create_order(self, draft: StoreOrderDraft) -> MadeOrder:
        """Create it in one call; its payment terms come by `create_payment_terms`. Stock is not touched.

        Raises RecordRejected with the store's words, OutcomeUnknown where the answer was lost.
        """

    @abstractmethod
    def find_orders(self, mark: str) -> list[MadeOrder]:
        """Every order that carries this mark. By search: what was made within `settle_after` may be missing."""

    @abstractmethod
    def read_made_order(self, external_id: str) -> MadeOrder | None:
        """This order as of this call; None where it is gone."""

    @abstractmethod
    def create_payment_terms(self, order_external_id: str, terms: StoreTerms) -> None:
        """Put an unpaid order on payment terms. Raises RecordRejected, OutcomeUnknown."""

    @abstractmethod
    def create_draft(self, draft: StoreOrderDraft) -> MadeDraft:
        """Create it as a draft, whose taxes the store computes. Raises RecordRejected, OutcomeUnknown."""

    @abstractmethod
    def change_draft(self, external_id: str, draft: StoreOrderDraft) -> MadeDraft:
        """Make this draft say all that `draft` says and nothing else; the same again is harmless.

        Raises RecordRejected (also where it is completed already), OutcomeUnknown.
        """

    @abstractmethod
    def find_drafts(self, mark: str) -> list[MadeDraft]:
        """Every draft that carries this mark, completed ones too. By search, as `find_orders`."""

    @abstractmethod
    def read_draft(self, external_id: str) -> MadeDraft | None:
        """This draft as of this call; None where it is gone."""

    @abstractmethod
    def complete_draft(self, external_id: str) -> MadeDraft:
        """Make it an order; the store commits its stock, and may call it paid where the draft names no payment terms.

        Raises RecordRejected (also where it is completed already),
        OutcomeUnknown."""

    @abstractmethod
    def write_order_metafields(self, wanted: Mapping[str, Sequence[StoreMetafield]]) -> dict[str, str]:
        """Write these beside the orders, by their ids; the same values again are harmless. An empty value takes the
        metafield away; where it is not there, that is done already.

        At most `metafield_rows` with a value in all. Returns the store's words by order id for those that it
        refuses; where it refuses any, the others may not be written either: the caller sends them again.
        """

    @abstractmethod
    def define_metafields(self, wanted: Sequence[ShownMetafield]) -> dict[str, str]:
        """Make each a metafield that buyers may read in their account; those that are there stay as they are.

        Returns the store's words by "namespace.key" for each that it refuses.
        """
