"""Tryton under test: one real server behind a relay for all cells; each cell has orders of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import ClassVar

from hub.connectors.base import Connector
from hub.connectors.capabilities import Capability
from hub.connectors.documents import SalesOrder
from hub.connectors.erps.tryton.connector import Tryton
from hub.connectors.erps.tryton.wire import day, number
from hub.connectors.filled_fields import FilledField
from hub.demo.sandbox import Sandbox
from hub.demo.tryton.environment import TrytonUnavailable
from hub.demo.tryton.rpc import ADMIN, ADMIN_PASSWORD, DATABASE, PASSWORD, USER
from hub.demo.tryton.server import tryton_server
from hub.errors import CodeKind, UnknownCode
from tests.conformance.erp import Codes, KnownCustomer, NotHere, TrueOrder
from tests.conformance.situations import Situation
from tests.connectors.tryton.vendors import Vendors
from tests.fakes.hooks import FreeHooks

RELAY = "tryton"
SALE = "sale.sale"
SHIPMENT = "stock.shipment.out"
CONFIRMED = ("confirmed", "processing", "done")
SALES_AT_ONCE = 50
"""SQLite's parser takes not many more in one call."""
_WHOLE = "Tryton answers a search whole"
_searches = (
    Capability.FIND_ORDER,
    Capability.READ_TOTALS,
    Capability.READ_ORDER_WHOLE,
    Capability.FIND_CUSTOMER_BY_NUMBER,
    Capability.FIND_CUSTOMER_BY_TAX_ID,
    Capability.FIND_CUSTOMER_BY_EMAIL,
    Capability.READ_SHIPMENTS,
)


class KeptSession(FreeHooks):
    """Hooks of the connector that all cells share: its session outlives a cell, what it noted does not."""

    def begin(self) -> None:
        """Another cell."""
        self.observed.clear()
        self.records.clear()


class Shared:
    """One connector for all cells: signing in and looking up what sales name takes Tryton half a second each time."""

    def __init__(self, under_test: TrytonUnderTest) -> None:
        config, secrets = under_test.settings()
        self.hooks = KeptSession()
        self.connector = Tryton(config, secrets, self.hooks)
        self.shipment_id = ""
        """One that has left and that cells only read: to ship takes Tryton a second."""
        self.invoiced: TrueOrder | None = None
        """One that cells credit, as often as they like: to invoice takes Tryton two seconds."""


class TrytonUnderTest(Vendors):
    """The company of the prepared database."""

    connector = Tryton
    operations: ClassVar = {
        Capability.SIGN_IN: "common.db.login",
        Capability.CREATE_ORDER: "model.sale.sale.create",
        Capability.QUOTES: "model.sale.sale.create",
        Capability.FIND_ORDER: "model.sale.sale.search_read",
        Capability.READ_TOTALS: "model.sale.sale.search_read",
        Capability.READ_ORDER_WHOLE: "model.sale.sale.search_read",
        Capability.FOLLOW_ORDERS: "model.sale.sale.search_read",
        Capability.CONFIRM_ORDER: "model.sale.sale.confirm",
        Capability.CHANGE_ORDER: "model.sale.sale.write",
        Capability.CANCEL_ORDER: "model.sale.sale.cancel",
        Capability.HOLD_ORDER: "model.sale.sale.confirm",
        Capability.FIND_CUSTOMER_BY_NUMBER: "model.party.party.search_read",
        Capability.FIND_CUSTOMER_BY_TAX_ID: "model.party.party.search_read",
        Capability.FIND_CUSTOMER_BY_EMAIL: "model.party.party.search_read",
        Capability.CREATE_CUSTOMER: "model.party.party.create",
        Capability.READ_SHIPMENTS: "model.stock.shipment.out.search_read",
        Capability.FOLLOW_SHIPMENTS: "model.stock.shipment.out.search_read",
        Capability.TRACKING_NUMBERS: "model.stock.shipment.out.search_read",
        Capability.CREDIT_MEMO: "model.sale.sale.create",
        Capability.FOLLOW_CREDITS: "model.account.invoice.search_read",
        Capability.FOLLOW_RETURNS: "model.sale.sale.search_read",
        Capability.READ_STOCK: "model.product.product.search_read",
        Capability.FOLLOW_STOCK: "model.stock.move.search_read",
    }
    codes = Codes("10000", "IT-0001", "VAT19", "SHIPPING", "30 DAYS", "STANDARD")
    known = KnownCustomer("10000", "Nordlicht Möbel GmbH", "einkauf@nordlicht.example", "DE811128135")
    fields = (
        FilledField("shipping_date", date(2026, 12, 24)),
        FilledField("description", "Ring twice: Straße 漢字"),
    )
    unknown_codes: ClassVar = {
        "payment_terms_code": UnknownCode(CodeKind.PAYMENT_TERMS, "90 DAYS"),
        "shipping_method_code": UnknownCode(CodeKind.SHIPPING_METHOD, "AIR"),
        "customer_number": UnknownCode(CodeKind.CUSTOMER, "NOBODY"),
        "number": UnknownCode(CodeKind.ITEM, "GONE"),
        "tax_code": UnknownCode(CodeKind.TAX_CODE, "VAT99"),
    }
    absent_id = "999999999"
    warehouse = "WH"
    carrier = "STANDARD"
    refused_customer = ({"tax_registration_id": "DE123456789"}, "DE123456789")
    more_than_a_page = 201
    exempt: ClassVar = {
        (Capability.FILL_FIELDS, Situation.REFUSED): "a day and a text: nothing in them can be wrong",
        **{(capability, Situation.PAGING): _WHOLE for capability in _searches},
    }

    def __init__(self, sandbox: Sandbox, shared: Shared | None = None) -> None:
        super().__init__(sandbox, RELAY)
        self.shared = shared
        self.to_undo: list[tuple[object, ...]] = []

    def connect(self, **config: str) -> Connector:
        if self.shared is None or self.is_new_here:
            return super().connect(**config)
        self.hooks = self.shared.hooks
        self.shared.hooks.begin()
        return self.shared.connector

    def settings(self) -> tuple[dict[str, str], dict[str, str]]:
        config = {
            "url": f"{self.sandbox.url}/erps/{self.name}",
            "database": DATABASE,
            "user": USER,
            "web_shops": "Shopify",
            "call_deadline_seconds": "60",
            "settle_after_seconds": "2",
        }
        return config, {"password": PASSWORD}

    def wrong_secrets(self) -> dict[str, str]:
        return {"password": "an old one"}

    def orders(self, reference: str) -> list[TrueOrder]:
        fields = ["number", "web_id", "state", "total_amount"]
        return [
            TrueOrder(
                external_id=str(row["id"]),
                number=row["number"] or "",
                reference=row["web_id"],
                total=Decimal(row["total_amount"]),
                is_confirmed=row["state"] in CONFIRMED,
            )
            for row in self._find(SALE, [["web_id", "=", reference]], fields)
        ]

    def is_cancelled(self, reference: str) -> bool:
        fields = ["state", "total_amount"]
        [row] = self._find(SALE, [["web_id", "=", reference]], fields)
        is_amended = row["state"] == "done" and not Decimal(row["total_amount"])
        return is_amended or row["state"] == "cancelled"

    def filled(self, reference: str, name: str) -> object:
        [row] = self._find(SALE, [["web_id", "=", reference]], [name])
        value = row[name]
        is_day = isinstance(value, dict)
        return date(value["year"], value["month"], value["day"]) if is_day else value

    def touch(self, order: TrueOrder) -> None:
        self._call("model.sale.sale.write", [int(order.external_id)], {"comment": "Touched."})

    def sell(self, order: TrueOrder, quantity: int) -> None:
        sale = int(order.external_id)
        [row] = self._find(SALE, [["id", "=", sale]], ["lines"])
        change = {"lines": [["write", row["lines"][:1], {"quantity": float(quantity)}]]}
        self._call("model.sale.sale.write", [sale], change)

    def invoice(self, order: TrueOrder) -> None:
        sale = int(order.external_id)
        for button in ("quote", "confirm"):
            self._call(f"model.sale.sale.{button}", [sale])
        [row] = self._find(SALE, [["id", "=", sale]], ["invoices"])
        self._call("model.account.invoice.post", row["invoices"])

    def expire_tokens(self) -> None:
        self.sandbox.act("erp", self.name, "expire_tokens", {})

    def take_permission(self) -> str:
        groups = self._find("res.group", [["name", "in", ["Sales", "Sales Administrator"]]], ["name"])
        ids = [group["id"] for group in groups]
        [user] = self._find("res.user", [["login", "=", USER]], ["login"])
        change = ("model.res.user.write", [user["id"]])
        self._call(*change, {"groups": [["remove", ids]]})
        self.to_undo.append((*change, {"groups": [["add", ids]]}))
        return "sale.sale"

    def refusing(self, order: SalesOrder) -> tuple[SalesOrder, str]:
        """A product that is no longer for sale."""
        [row] = self._find("product.template", [["code", "=", "IT-0009"]], ["name"])
        change = ("model.product.template.write", [row["id"]])
        self._call(*change, {"salable": False})
        self.to_undo.append((*change, {"salable": True}))
        return replace(order, lines=(replace(order.lines[0], number="IT-0009"), *order.lines[1:])), "domain"

    def cancel(self, order: TrueOrder) -> None:
        self._call("model.sale.sale.cancel", [int(order.external_id)])

    def refuse_confirmation(self, order: TrueOrder) -> str:
        self._call("model.sale.sale.write", [int(order.external_id)], {"invoice_address": None})
        return "invoice address"

    def small_pages(self) -> None:
        """Its pages are the connector's own: `more_than_a_page` is more."""

    def plant_orders(self, connector: Connector, count: int) -> list[str]:
        """Many are drafts without lines, made by as few calls as it takes."""
        if count < SALES_AT_ONCE:
            return super().plant_orders(connector, count)
        references = [self.order(connector).reference for _ in range(count)]
        [party] = self._find("party.party", [["code", "=", self.codes.customer]], ["code"])
        rows = [{"party": party["id"], "web_shop": 1, "web_id": reference} for reference in references]
        for start in range(0, count, SALES_AT_ONCE):
            self._call("model.sale.sale.create", rows[start : start + SALES_AT_ONCE])
        return references

    def customers_named(self, name: str) -> list[str]:
        return [row["code"] for row in self._find("party.party", [["name", "=", name]], ["code"])]

    def close(self) -> None:
        super().close()
        for call in self.to_undo:
            self._call(*call)
        if self.shared is not None:
            self.shared.connector.shipment_rows = Tryton.shipment_rows
            self.shared.connector.stock_rows = Tryton.stock_rows
            self.shared.connector.credit_page_rows = Tryton.credit_page_rows
            self.shared.connector.return_page_rows = Tryton.return_page_rows

    # --------------------------------------------------------------------------------------- credits

    def invoiced(self, connector: Connector) -> TrueOrder:
        if self.shared is None:
            return super().invoiced(connector)
        self.shared.invoiced = self.shared.invoiced or super().invoiced(connector)
        return self.shared.invoiced

    def credits(self, reference: str) -> list[Decimal]:
        rows = self._find(SALE, [["web_id", "=", reference]], ["total_amount"])
        return [-Decimal(row["total_amount"]) for row in rows]

    def credit(self, order: TrueOrder, quantity: int) -> str:
        """By a return sale, which Tryton makes a credit note of."""
        sale = self._return_sale(order, quantity)
        [row] = self._find(SALE, [["id", "=", sale]], ["invoices"])
        self._call("model.account.invoice.post", row["invoices"])
        return f"invoice:{row['invoices'][0]}"

    def authorize_return(self, order: TrueOrder, quantity: int) -> str:
        return str(self._return_sale(order, quantity))

    def _return_sale(self, order: TrueOrder, quantity: int) -> int:
        """As the wizard Return Sale makes it, confirmed."""
        head = ["party", "invoice_address", "shipment_address", "currency"]
        goods = ["product", "unit", "unit_price", "taxes"]
        fields = [*head, *(f"lines.{name}" for name in goods)]
        [sold] = self._find(SALE, [["id", "=", int(order.external_id)]], fields)
        line = {name: sold["lines."][0][name] for name in goods}
        line |= {"quantity": -float(quantity), "taxes": [["add", line["taxes"]]]}
        values = {name: sold[name] for name in head} | {"lines": [["create", [line]]]}
        values |= {"origin": f"{SALE},{sold['id']}", "shipment_cost_method": None}
        [sale] = self._call("model.sale.sale.create", [values])
        for button in ("quote", "confirm"):
            self._call(f"model.sale.sale.{button}", [sale])
        return int(sale)

    def few_credits_a_page(self, connector: Connector) -> None:
        connector.credit_page_rows = connector.return_page_rows = 2

    # ------------------------------------------------------------------------------------- shipments

    def shipped(self, connector: Connector) -> str:
        if self.shared is None:
            return super().shipped(connector)
        if not self.shared.shipment_id:
            self.shared.shipment_id = super().shipped(connector)
        return self.shared.shipment_id

    def plant_shipments(self, connector: Connector, count: int) -> list[str]:
        """Plans, which are told as well: they begin to wait when their sales are confirmed."""
        orders = [self.orders(reference)[0] for reference in self.plant_orders(connector, count)]
        self._confirm(*orders)
        return [self._waiting(order) for order in orders]

    def few_shipments_a_page(self, connector: Connector) -> None:
        connector.shipment_rows = 2

    def few_moves_a_page(self, connector: Connector) -> None:
        connector.stock_rows = 2

    def bring(self, quantity: int) -> None:
        # From a supplier a move that is done has to have an origin.
        self._call("model.stock.move.do", self._supply(quantity, None, source="lost_found"))

    def expect(self, quantity: int, due: date) -> None:
        self._supply(quantity, due)

    def _supply(self, quantity: int, due: date | None, source: str = "supplier") -> list[int]:
        """A move of the item from the source into the warehouse's storage."""
        [item] = self._find("product.product", [["code", "=", self.codes.item]], ["default_uom"])
        [place] = self._find("stock.location", [["type", "=", source]], ["id"])
        [warehouse] = self._find("stock.location", [["type", "=", "warehouse"]], ["storage_location"])
        [company] = self._find("company.company", [], ["currency"])
        values = {
            "product": item["id"],
            "unit": item["default_uom"],
            "quantity": float(quantity),
            "from_location": place["id"],
            "to_location": warehouse["storage_location"],
            "planned_date": due and day(due),
            "unit_price": number(Decimal(1)) if source == "supplier" else None,
            "currency": company["currency"] if source == "supplier" else None,
        }
        return self._call("model.stock.move.create", [values])

    def ship(self, order: TrueOrder, quantity: int, *, parcels: Sequence[str] = ("1Z1",)) -> str:
        shipment_id = self.pick(order, quantity)
        self.pack(shipment_id)
        self.correct_tracking(shipment_id, parcels)
        self._press("ship", shipment_id)
        return shipment_id

    def pick(self, order: TrueOrder, quantity: int) -> str:
        if not self.orders(order.reference)[0].is_confirmed:
            self._confirm(order)
        shipment_id = self._waiting(order)
        [row] = self._find(SHIPMENT, [["id", "=", int(shipment_id)]], ["inventory_moves"])
        self._call("model.stock.move.write", row["inventory_moves"], {"quantity": float(quantity)})
        self._press("assign_force", shipment_id)
        self._press("pick", shipment_id)
        return shipment_id

    def pack(self, shipment_id: str) -> None:
        self._press("pack", shipment_id)

    def deliver(self, shipment_id: str) -> None:
        self._press("do", shipment_id)

    def correct_tracking(self, shipment_id: str, numbers: Sequence[str]) -> None:
        self._call(f"model.{SHIPMENT}.write", [int(shipment_id)], {"reference": ", ".join(numbers)})

    def undo(self, shipment_id: str) -> None:
        self._press("cancel", shipment_id)

    def _confirm(self, *orders: TrueOrder) -> None:
        for button in ("quote", "confirm"):
            self._call(f"model.sale.sale.{button}", [int(order.external_id) for order in orders])

    def _waiting(self, order: TrueOrder) -> str:
        [sale] = self._find(SALE, [["id", "=", int(order.external_id)]], ["shipments"])
        domain = [["id", "in", sale["shipments"]], ["state", "=", "waiting"]]
        return str(self._find(SHIPMENT, domain, ["state"])[0]["id"])

    def _press(self, button: str, shipment_id: str) -> None:
        self._call(f"model.{SHIPMENT}.{button}", [int(shipment_id)])

    def _find(self, model: str, domain: list[object], fields: list[str]) -> list[dict]:
        return self._call(f"model.{model}.search_read", domain, 0, None, [["id", "ASC"]], fields)

    def _call(self, method: object, *params: object):
        call = {"method": method, "params": list(params)}
        return self.sandbox.act("erp", self.name, "call", call)["result"]


UNDER_TEST = TrytonUnderTest


def started(sandbox: Sandbox, stack: ExitStack) -> Callable[[str], TrytonUnderTest]:
    """Starts the real server and the relay before it; cells share them."""
    try:
        address = stack.enter_context(tryton_server())
    except TrytonUnavailable as error:
        raise NotHere(str(error)) from error
    options = {"upstream": address, "database": DATABASE, "user": ADMIN, "password": ADMIN_PASSWORD}
    sandbox.create("erp", RELAY, dialect="relay", **options)
    TrytonUnderTest.address = address
    shared = Shared(TrytonUnderTest(sandbox))
    stack.callback(shared.connector.close)
    return lambda name: TrytonUnderTest(sandbox, shared)
