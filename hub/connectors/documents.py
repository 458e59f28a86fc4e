"""Vendor-free documents that connectors and flows hand to each other.

Frozen; no behaviour beyond small properties. All amounts are Decimal in major units. All datetimes are
timezone-aware UTC. Ids of theirs are text.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from hub.connectors.contacts import CompanyContact
from hub.connectors.filled_fields import FilledField
from hub.connectors.payment_terms import PlacedPaymentTerms
from hub.lib.money import Money, MoneyBag

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address as the store or ERP holds it.

    `country_code` is ISO 3166-1 alpha-2, empty if unknown.
    """

    company: str = ""
    name: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    province_code: str = ""
    province: str = ""
    postal_code: str = ""
    country_code: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A key and value that the buyer or a theme put on an order or a line."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One tax on a line. `rate` is a fraction (0.19 for 19 %).

    Channel-liable tax is collected by the channel.
    """

    title: str
    rate: Decimal
    amount: MoneyBag
    is_channel_liable: bool = False


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """One order line as the store holds it. `unit_price` is before discounts, in the order's tax mode.

    `quantity` is as ordered, `current_quantity` after edits, refunds and removals. `discount` is the sum of
    all discount allocations on the line (line discounts and the share of order-level ones).
    """

    external_id: str
    sku: str
    title: str
    variant_title: str
    variant_external_id: str
    quantity: int
    current_quantity: int
    unit_price: MoneyBag
    discount: MoneyBag
    tax_lines: tuple[TaxLine, ...]
    is_gift_card: bool = False
    requires_shipping: bool = True
    is_taxable: bool = True
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class PlacedShippingLine:
    """One shipping charge. Removed ones are not handed over.

    `price` is before discounts, `discount` the sum of its allocations.
    """

    external_id: str
    title: str
    code: str
    source: str
    price: MoneyBag
    discount: MoneyBag
    tax_lines: tuple[TaxLine, ...]


@dataclass(frozen=True, slots=True)
class PlacedDuty:
    """Duty charged on an order's line when goods cross a border; `tax_lines` are taxes on the duty itself."""

    line_external_id: str
    price: MoneyBag
    tax_lines: tuple[TaxLine, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What was taken back or paid back of an order after it had been sent: no change of what was ordered.

    `pieces` are how many of which line, by its id; they are not in its `current_quantity`. `shipping` is what was paid
    back of shipping charges, with tax. Neither is in the order's `current_total`.
    """

    pieces: tuple[tuple[str, int], ...]
    shipping: MoneyBag


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order as a buyer placed it in a store.

    `unknown_parts` names what the source (a webhook body) does not contain, by field name; those fields hold
    their empty value and must not erase what the mirror knows. `discount_total` includes shipping discounts.
    """

    external_id: str
    name: str
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None
    cancel_reason: str
    is_test: bool
    source_name: str
    po_number: str
    note: str
    tags: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    email: str
    phone: str
    customer_external_id: str
    company_external_id: str
    company_location_external_id: str
    shop_currency: str
    presentment_currency: str
    taxes_included: bool
    is_tax_exempt: bool
    lines: tuple[PlacedLine, ...]
    shipping_lines: tuple[PlacedShippingLine, ...]
    discount_codes: tuple[str, ...]
    subtotal: MoneyBag
    discount_total: MoneyBag
    shipping_total: MoneyBag
    tax_total: MoneyBag
    total: MoneyBag
    current_total: MoneyBag
    financial_status: str
    payment_gateways: tuple[str, ...]
    payment_terms: PlacedPaymentTerms | None
    billing_address: Address | None
    shipping_address: Address | None
    unknown_parts: tuple[str, ...] = ()
    duties: tuple[PlacedDuty, ...] = ()
    """Beside the lines, and in the totals."""
    tip: Money | None = None
    """What of the lines is a tip, in the shop's currency; None for none."""
    given_back: GivenBack | None = None

    @property
    def is_b2b(self) -> bool:
        """Whether a company bought.

        Only meaningful when `company_location_external_id` is not an unknown part.
        """
        return bool(self.company_location_external_id)


@dataclass(frozen=True, slots=True)
class OrderOutline:
    """What a glance at an order shows, for a tenth of what a whole read costs. Fields as in PlacedOrder.

    `quantities` are id, quantity and current quantity of each line; None where there are more lines than it shows.
    """

    external_id: str
    updated_at: datetime
    cancelled_at: datetime | None
    po_number: str
    note: str
    tags: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    email: str
    phone: str
    discount_codes: tuple[str, ...]
    financial_status: str
    total: MoneyBag
    current_total: MoneyBag
    billing_address: Address | None
    shipping_address: Address | None
    quantities: tuple[tuple[str, int, int], ...] | None

    def holds_for(self, order: PlacedOrder) -> bool:
        """Whether everything that it shows is so in this order; False too where it does not show every line."""
        lines = tuple((line.external_id, line.quantity, line.current_quantity) for line in order.lines)
        shared = [field.name for field in fields(self) if field.name != "quantities"]
        return self.quantities == lines and all(getattr(self, n) == getattr(order, n) for n in shared)


@dataclass(frozen=True, slots=True)
class CompanyLocation:
    """A company location of a store with what identifies it to an ERP."""

    external_id: str
    name: str
    company_external_id: str
    company_name: str
    merchant_id: str
    """The id a person or the ERP gave the location (Shopify's `externalId`)."""
    company_merchant_id: str
    tax_registration_id: str
    emails: tuple[str, ...]
    updated_at: datetime
    phone: str = ""
    currency: str = ""
    billing_address: Address | None = None
    shipping_address: Address | None = None
    contacts: tuple[CompanyContact, ...] = ()
    """Those with a role at this location, in the store's order."""

    @property
    def customers(self) -> tuple[str, ...]:
        """External ids of those who may order for it."""
        return tuple(dict.fromkeys(contact.customer_external_id for contact in self.contacts))


@dataclass(frozen=True, slots=True)
class ErpReference:
    """What the store shall know of an order's counterpart in the ERP."""

    order_external_id: str
    erp_name: str
    document_external_id: str
    document_number: str
    status: str


@dataclass(frozen=True, slots=True)
class OrderStamp:
    """That an order changed then; what became of it is read by its id where we know it older."""

    external_id: str
    updated_at: datetime


class LineKind(StrEnum):
    """What an ERP document line stands for."""

    ITEM = "item"
    ACCOUNT = "account"
    CHARGE = "charge"
    SHIPPING = "shipping"
    """The document's own shipping charge, where it has a field for it; `number` names the shipping item."""
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class SalesOrderLine:
    """One line to create in the ERP.

    `unit_price` and `discount_amount` are in the document's tax mode and currency. `number` is the item,
    account or charge number of the ERP; empty for comments. `tax_amount` is what the store charged on this
    line, for comparison. `source_external_id` is the store line it came from, empty for ours. `warehouse` is the code
    of the warehouse that the goods are to leave from, empty where the ERP decides.
    """

    kind: LineKind
    number: str
    description: str
    quantity: Decimal = Decimal(0)
    unit: str = ""
    unit_price: Decimal = Decimal(0)
    discount_amount: Decimal = Decimal(0)
    tax_code: str = ""
    tax_amount: Decimal = Decimal(0)
    source_external_id: str = ""
    warehouse: str = ""


@dataclass(frozen=True, slots=True)
class OrderIdentity:
    """The machine identity that travels into the ERP: never weaker than (store, store order id).

    `store_code` is the connection's short code (1 to 4 of A-Z and 0-9, never changed once used). `order_id`
    is what tells the store's orders apart: the number at the end of a gid.
    """

    store_code: str
    order_id: str


@dataclass(frozen=True, slots=True)
class SalesOrder:
    """A sales order to create in an ERP. Codes are the ERP's own, already mapped.

    The three totals are what the ERP must arrive at, in `currency`, computed before the create.
    """

    identity: OrderIdentity
    reference: str
    po_number: str
    customer_number: str
    order_date: date
    currency: str
    prices_include_tax: bool
    lines: tuple[SalesOrderLine, ...]
    total_excluding_tax: Decimal
    total_tax: Decimal
    total_including_tax: Decimal
    payment_terms_code: str = ""
    due_date: date | None = None
    """Only where it is not what the payment terms say; an ERP whose orders have none leaves it to the comments."""
    shipping_method_code: str = ""
    ship_to: Address | None = None
    email: str = ""
    phone: str = ""
    fields: tuple[FilledField, ...] = ()
    """Values for fields that the ERP declares (`SalesOrders.order_fields`), each field once."""
    is_held: bool = False
    """Whether it waits in the ERP until it is released; only for one that plays `HeldOrders`."""


@dataclass(frozen=True, slots=True)
class ErpTotals:
    """What the ERP computed for a document, in the document's currency and major units."""

    currency: str
    excluding_tax: Decimal
    tax: Decimal
    including_tax: Decimal


@dataclass(frozen=True, slots=True)
class ErpSalesOrder:
    """A sales order as the ERP holds it, also one that it only holds as the invoices that were posted from it.

    `totals` is None where the answer was not final. `number` is empty where the ERP numbers a document later.
    `invoice_number` is that of the latest invoice where no order stands there any more, else empty; an invoice that
    names no order stands for itself (`is_posted_invoice`).
    """

    external_id: str
    number: str
    reference: str
    status: str
    customer_number: str
    updated_at: datetime
    totals: ErpTotals | None
    invoice_number: str = ""
    is_posted_invoice: bool = False


@dataclass(frozen=True, slots=True)
class PagePosition:
    """How far a pull has read: the far side's stamp of the last record and its id as the tie-break."""

    updated_at: datetime
    external_id: str


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of changed records, oldest change first; `after` is None when this was the last page.

    `after` is the far side's own page token: valid for this run only, never stored.
    """

    items: tuple[Item, ...]
    after: str | None
