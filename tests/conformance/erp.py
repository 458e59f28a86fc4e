"""An ERP as the suite sees it: its connector, and the other side of the wire to prepare, disturb and read.

The suite knows no vendor: one module in tests/conformance/erps describes each.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import ClassVar

from hub.connectors.base import Connector
from hub.connectors.capabilities import Capability
from hub.connectors.documents import Address, LineKind, OrderIdentity, SalesOrder, SalesOrderLine
from hub.connectors.erp_parts import SalesOrders
from hub.connectors.filled_fields import FilledField
from hub.demo.sandbox import Sandbox
from hub.errors import UnknownCode
from tests.conformance.situations import Cell
from tests.fakes.hooks import FreeHooks

STORE_CODE = "CF"
_numbers = itertools.count(1)


class NotHere(Exception):
    """The far side cannot be had on this machine; the message says why."""


@dataclass(frozen=True, slots=True)
class Codes:
    """What the ERP calls the things of an order. The tax is one of 19 %."""

    customer: str
    item: str
    tax: str
    charge: str
    terms: str
    shipping_method: str


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """A customer that is there from the start, as the ERP says it."""

    number: str
    name: str
    email: str
    tax_id: str


@dataclass(frozen=True, slots=True)
class TrueOrder:
    """A sales order as the far side itself holds it; `total` includes tax."""

    external_id: str
    number: str
    reference: str
    total: Decimal
    is_confirmed: bool


class ErpUnderTest(ABC):
    """One far system, fresh or with records of its own for every cell, and connectors to it."""

    connector: ClassVar[type[Connector]]
    operations: ClassVar[Mapping[Capability, str]]
    """What fault rules call the request that carries a capability out."""
    codes: ClassVar[Codes]
    known: KnownCustomer
    fields: ClassVar[tuple[FilledField, ...]] = ()
    """A value for every field that people may fill."""
    wrong_field: ClassVar[FilledField | None] = None
    """One that the ERP refuses."""
    words_about_wrong_field: ClassVar[str] = ""
    """Some of the ERP's own words then."""
    unknown_codes: ClassVar[Mapping[str, UnknownCode]] = {}
    """Changes of an order by what the ERP then does not know: the document's field, and how it is named."""
    absent_id: ClassVar[str]
    """An id of the right form that nothing has."""
    warehouse: ClassVar[str] = ""
    """Where shipments leave from, as the ERP names it."""
    carrier: ClassVar[str] = ""
    """Who takes them, in the ERP's code."""
    exempt: ClassVar[Mapping[Cell, str]] = {}
    """Cells that this far side cannot be brought to, and why."""
    answers_without_body: ClassVar[tuple[Capability, ...]] = ()
    """Writes whose answer has nothing that could be cut short."""
    refused_customer: ClassVar[tuple[Mapping[str, str], str]]
    """Changes of a new customer that the ERP then refuses, and some of its own words."""
    more_than_a_page: ClassVar[int] = 5
    """How many records are surely more than one page after `small_pages`."""

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        self.sandbox = sandbox
        self.name = name
        self.opened: list[Connector] = []
        self.hooks = FreeHooks()
        self.is_new_here = False
        """Whether `connect` must answer with a connector that knows nothing yet."""
        self._veteran: Connector | None = None

    # ---------------------------------------------------------------------------------- the connector

    @abstractmethod
    def settings(self) -> tuple[dict[str, str], dict[str, str]]:
        """Config and secrets of a connection; no cell waits for the deadline: it leaves a slow machine its time."""

    @abstractmethod
    def wrong_secrets(self) -> dict[str, str]:
        """Secrets that the far side does not take."""

    def _unsaid(self, what: str) -> AssertionError:
        """For what only some capabilities need: an ERP that has one of them must say how."""
        return AssertionError(
            f"{type(self).__module__} does not define {what}(), which a capability that this ERP claims needs. "
            "Define it, or name the capability in the connector's unsupported_capabilities."
        )

    def together(self) -> dict[str, str]:
        """Config of a connection that sends many orders in a request."""
        raise self._unsaid("together")

    def connect(self, **config: str) -> Connector:
        """A connector, new or one that others used before; its hooks are `self.hooks` from then on."""
        return self._made({}, config)

    def connect_anew(self, secrets: Mapping[str, str] | None = None) -> Connector:
        """One that knows nothing and has no token yet, with other secrets if need be."""
        return self._made(secrets or {}, {})

    def veteran(self) -> Connector:
        """The cell's one connector that has created an order before: it knows what it has to look up once."""
        if self._veteran is None:
            self._veteran = self.connect()
            orders = self._veteran.supporting(SalesOrders)
            orders.get_ready()
            orders.create_sales_order(self.order(self._veteran))
        return self._veteran

    def _made(self, secrets: Mapping[str, str], config: Mapping[str, str]) -> Connector:
        usual, right = self.settings()
        self.hooks = FreeHooks()
        made = self.connector(usual | config, right | secrets, self.hooks)
        self.opened.append(made)
        return made

    def close(self) -> None:
        """Close what was opened, and forget the faults."""
        for opened in self.opened:
            opened.close()
        self.forget_faults()

    # ------------------------------------------------------------------------------------- documents

    def order(self, connector: Connector, **changes: object) -> SalesOrder:
        """A new order over 45.22: 3 items less a discount, freight, and a comment. `changes` of the document."""
        identity = OrderIdentity(STORE_CODE, str(7_000_000_000_000 + next(_numbers)))
        orders = connector.supporting(SalesOrders)
        made = SalesOrder(
            identity=identity,
            reference=orders.reference_for(identity, "PO-4711"),
            po_number="PO-4711",
            customer_number=self.codes.customer,
            order_date=datetime.now(UTC).date(),
            currency="EUR",
            prices_include_tax=False,
            lines=self.lines(orders.charge_kinds[0]),
            total_excluding_tax=Decimal("38.00"),
            total_tax=Decimal("7.22"),
            total_including_tax=Decimal("45.22"),
            payment_terms_code=self.codes.terms,
            shipping_method_code=self.codes.shipping_method,
            ship_to=Address(
                company="Adatum GmbH",
                line1="Domkloster 4",
                city="Köln",
                postal_code="50667",
                country_code="DE",
            ),
        )
        return replace(made, **changes)

    def lines(self, charge_kind: LineKind) -> tuple[SalesOrderLine, ...]:
        """The lines of `order`."""
        codes = self.codes
        return (
            self.line(LineKind.ITEM, codes.item, quantity="3", price="10.00", discount="2.00", tax="5.32"),
            self.line(charge_kind, codes.charge, quantity="1", price="10.00", tax="1.90"),
            SalesOrderLine(LineKind.COMMENT, "", "Please call before you come."),
        )

    def line(
        self, kind: LineKind, number: str, *, quantity: str, price: str, tax: str, discount: str = "0"
    ) -> SalesOrderLine:
        """A line of goods or freight at 19 % tax."""
        return SalesOrderLine(
            kind=kind,
            number=number,
            description="Desk" if kind is LineKind.ITEM else "Freight",
            quantity=Decimal(quantity),
            unit_price=Decimal(price),
            discount_amount=Decimal(discount),
            tax_code=self.codes.tax,
            tax_amount=Decimal(tax),
        )

    def order_with_tax(self, connector: Connector) -> SalesOrder:
        """One item for 11.90, of which 1.90 is tax."""
        totals = {
            "total_excluding_tax": Decimal("10.00"),
            "total_tax": Decimal("1.90"),
            "total_including_tax": Decimal("11.90"),
        }
        line = self.line(LineKind.ITEM, self.codes.item, quantity="1", price="11.90", tax="1.90")
        return self.order(connector, prices_include_tax=True, lines=(line,), **totals)

    # --------------------------------------------------------------------------------- the far side

    def fault(self, kind: str, capability: Capability, *, times: int = 1, **more: object) -> None:
        """The next request of this capability meets this fault; earlier rules are forgotten."""
        rule = {"kind": kind, "system": "erp", "name": self.name, "times": times, **more}
        self.sandbox.set_faults(1, [{"operation": self.operations[capability], **rule}])

    def fault_on_everything(self, kind: str, **more: object) -> None:
        """Every request from now on meets this fault."""
        self.sandbox.set_faults(1, [{"kind": kind, "system": "erp", "name": self.name, **more}])

    def forget_faults(self) -> None:
        """The far side is sound again."""
        self.sandbox.set_faults(1, [])

    def hits(self) -> int:
        """How many requests met the faults set last."""
        return sum(self.sandbox.faults()["injected"].values())

    @abstractmethod
    def orders(self, reference: str) -> list[TrueOrder]:
        """The sales orders with exactly this reference."""

    @abstractmethod
    def is_cancelled(self, reference: str) -> bool:
        """Whether nothing of the order with this reference will be delivered; of one that was invoiced it will."""

    @abstractmethod
    def filled(self, reference: str, name: str) -> object:
        """The value of a field that people may fill, as the far side shows it, in the form of `fields`."""

    @abstractmethod
    def touch(self, order: TrueOrder) -> None:
        """A clerk changes something on it."""

    @abstractmethod
    def invoice(self, order: TrueOrder) -> None:
        """A clerk makes it an invoice, in as many steps as it takes."""

    @abstractmethod
    def expire_tokens(self) -> None:
        """No token given so far is taken any more."""

    def take_permission(self) -> str:
        """An administrator takes a permission that the connection needs; answers how the far side names it."""
        return ""

    @abstractmethod
    def refusing(self, order: SalesOrder) -> tuple[SalesOrder, str]:
        """A clerk sees to it that the ERP refuses an order: that order, and some of the ERP's own words."""

    @abstractmethod
    def small_pages(self) -> None:
        """From now on `more_than_a_page` records are more than one page. Call it before `connect`."""

    def plant_orders(self, connector: Connector, count: int) -> list[str]:
        """So many orders more; answers their references."""
        documents = [self.order(connector) for _ in range(count)]
        for document in documents:
            connector.supporting(SalesOrders).create_sales_order(document)
        return [document.reference for document in documents]

    def plant_customers(self, count: int, *, tax_id: str, email: str) -> list[str]:
        """So many customers more, all with the same tax id and address; answers their numbers."""
        raise self._unsaid("plant_customers")

    def plant_sub_customer(self) -> tuple[str, str]:
        """A customer below another one: its number, and that of the one above it."""
        raise self._unsaid("plant_sub_customer")

    def customers_named(self, name: str) -> Sequence[str]:
        """The numbers of the customers of this name."""
        raise self._unsaid("customers_named")

    def allowed_at_once(self) -> int:
        """How many requests the far side allows at once."""
        raise self._unsaid("allowed_at_once")

    def forbid_limits(self) -> None:
        """An administrator lets the connection no longer ask for limits."""
        raise self._unsaid("forbid_limits")

    def ship(self, order: TrueOrder, quantity: int, *, parcels: Sequence[str] = ("1Z1",)) -> str:
        """So much of an order's one item leaves the warehouse; answers the shipment's id."""
        raise self._unsaid("ship")

    def ask_vendor(self, connector: Connector) -> TrueOrder:
        """A new order over one line that a vendor is to send straight to the customer."""
        raise self._unsaid("ask_vendor")

    def vendor_ships(self, order: TrueOrder, *, parcels: Sequence[str]) -> str:
        """The vendor sends all that it was asked for; answers the shipment's id."""
        raise self._unsaid("vendor_ships")

    def shipped(self, connector: Connector) -> str:
        """A shipment that has left, new or one that other cells only read; answers its id."""
        (reference,) = self.plant_orders(connector, 1)
        return self.ship(self.orders(reference)[0], 2)

    def plant_shipments(self, connector: Connector, count: int) -> list[str]:
        """So many shipments more, of whatever stage; answers their ids."""
        references = self.plant_orders(connector, count)
        return [self.ship(self.orders(reference)[0], 1) for reference in references]

    def few_shipments_a_page(self, connector: Connector) -> None:
        """This connector asks for few shipments at once; nothing where `small_pages` sees to it."""
        return

    def bring(self, quantity: int) -> None:
        """So many of the item more lie in the warehouse."""
        raise self._unsaid("bring")

    def expect(self, quantity: int, due: date) -> None:
        """So many of the item are ordered of a supplier, for the warehouse, to come on a day."""
        raise self._unsaid("expect")

    def few_moves_a_page(self, connector: Connector) -> None:
        """This connector asks for few documents that moved goods at once."""
        raise self._unsaid("few_moves_a_page")

    def pick(self, order: TrueOrder, quantity: int) -> str:
        """So much of an order's one item is taken off the shelf; answers the shipment's id."""
        raise self._unsaid("pick")

    def pack(self, shipment_id: str) -> None:
        """What was picked is packed."""
        raise self._unsaid("pack")

    def deliver(self, shipment_id: str) -> None:
        """The receiver has it."""
        raise self._unsaid("deliver")

    def correct_tracking(self, shipment_id: str, numbers: Sequence[str]) -> None:
        """A clerk enters other tracking numbers."""
        raise self._unsaid("correct_tracking")

    def undo(self, shipment_id: str) -> None:
        """A clerk takes a shipment back, in the way of this ERP."""
        raise self._unsaid("undo")

    def sell(self, order: TrueOrder, quantity: int) -> None:
        """A clerk enters another quantity of an order's one item."""
        raise self._unsaid("sell")

    def invoiced(self, connector: Connector) -> TrueOrder:
        """An order over three pieces that is delivered and invoiced; credits are all that becomes of it."""
        (reference,) = self.plant_orders(connector, 1)
        (order,) = self.orders(reference)
        self.invoice(order)
        return order

    def credits(self, reference: str) -> list[Decimal]:
        """What the credit memos with exactly this reference come to, taxes included."""
        raise self._unsaid("credits")

    def credit(self, order: TrueOrder, quantity: int) -> str:
        """A clerk gives back so much of an invoiced order's one item, and posts it; answers the credit memo's id."""
        raise self._unsaid("credit")

    def authorize_return(self, order: TrueOrder, quantity: int) -> str:
        """A clerk's own return order for so much of an order's one item; answers its id."""
        raise self._unsaid("authorize_return")

    def few_credits_a_page(self, connector: Connector) -> None:
        """This connector asks for few credits and return orders at once; nothing where `small_pages` sees to it."""
        return

    def cancel(self, order: TrueOrder) -> None:
        """A clerk cancels an order that waits there."""
        raise self._unsaid("cancel")

    def refuse_confirmation(self, order: TrueOrder) -> str:
        """A clerk sees to it that this order cannot be confirmed; answers some of the ERP's own words."""
        raise self._unsaid("refuse_confirmation")
