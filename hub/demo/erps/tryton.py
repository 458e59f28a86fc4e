"""A real Tryton on this machine (`hub.demo.tryton`), with the sandbox's faults before it (`hub.sandbox.relay`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

from hub.connectors.documents import LineKind
from hub.demo.erps.far_erp import (
    TAXES,
    Codes,
    FarDocument,
    FarErp,
    FarReturn,
    Identity,
    Operations,
    OrderedLine,
    Pace,
    ReturnsThere,
    identity_in,
    identity_of_return,
    sum_of_items,
)
from hub.demo.sandbox import Sandbox
from hub.demo.tryton.clerk import Clerk
from hub.demo.tryton.rpc import ADMIN, ADMIN_PASSWORD, DATABASE, PASSWORD, USER, Tryton
from hub.demo.tryton.server import tryton_server

SHIPPING = "SHIPPING"
WORKED_ON = ("confirmed", "processing", "done")
_FIELDS = (
    "number",
    "reference",
    "web_id",
    "state",
    "total_amount",
    "party.code",
    "currency.code",
    "lines.quantity",
    "lines.product.code",
    "lines.type",
    "lines.description",
    "payment_term.name",
    "comment",
)


class TrytonSide(FarErp, ReturnsThere):
    """One server on a fresh copy of the prepared database. It is what it is: options and pace are let be."""

    system = "tryton"
    label = "Tryton"
    code = "TR"
    is_real = True
    codes = Codes(
        taxes=TAXES,
        terms=(
            ("NET", 30, "Net 30", "30 DAYS"),
            ("NET", 60, "Net 60", "60 DAYS"),
            ("NET", 15, "Net 15", "14 DAYS"),
        ),
        shipping=(
            ("Standard", "STANDARD", SHIPPING),
            ("Express", "EXPRESS", SHIPPING),
            ("Freight", "FREIGHT", SHIPPING),
        ),
        charge_kind=LineKind.ITEM,
    )
    operations = Operations(
        create="model.sale.sale.create",
        read_back="model.sale.sale.search_read",
        look_ups="model.sale.sale.search*",
        reads="model.*.[rs]ea*",
        sign_in="common.db.login",
        steps=("model.sale.sale.quote", "model.sale.sale.confirm", "model.sale.sale.process"),
        other_writes=("model.sale.amendment.*", "model.account.invoice.post"),
    )
    # Twenty sales are confirmed by two steps, with a look at their states before, between and after, and read back.
    calls_an_order = 1 + 8 / 20

    def start(self, stack: ExitStack) -> None:
        self.address = stack.enter_context(tryton_server())
        self.office = stack.enter_context(Tryton(self.address))

    def make(self, sandbox: Sandbox, name: str, **options: Any) -> None:
        """The relay; the server behind it was filled before it started."""
        real = {"upstream": self.address, "database": DATABASE, "user": ADMIN, "password": ADMIN_PASSWORD}
        sandbox.create("erp", name, profile="empty", dialect="relay", **real)

    def master_data(self) -> dict[str, Any]:
        return {}

    def settings(self, address: str, name: str) -> dict[str, str]:
        return {"url": address, "database": DATABASE, "user": USER}

    def secrets(self, name: str) -> dict[str, str]:
        return {"password": PASSWORD}

    def documents(self, sandbox: Sandbox | None = None, name: str = "") -> list[FarDocument]:
        """Read by a person's own session at the real server, beside relay and connector. Return sales are credits."""
        sales = self.office.find("sale.sale", [], *_FIELDS)
        return [_document(record) for record in sales if record["total_amount"] >= 0]

    def credited(self, sandbox: Sandbox, name: str) -> list[Decimal]:
        """Credit notes that are posted."""
        posted = [["type", "=", "out"], ["state", "in", ["posted", "paid"]]]
        notes = self.office.find("account.invoice", posted, "total_amount")
        return [-note["total_amount"] for note in notes if note["total_amount"] < 0]

    def enter_order(
        self, sandbox: Sandbox, name: str, customer: str, lines: Sequence[OrderedLine], po_number: str
    ) -> str:
        clerk = Clerk(self.office)
        entered = [(number, quantity, str(price)) for number, quantity, price in lines]
        sale = clerk.enter_sale(customer, entered, reference=po_number)
        for button in ("quote", "confirm"):
            clerk.press(button, sale)
        return str(sale)

    def ship(self, sandbox: Sandbox, name: str, document: FarDocument, quantity: int, tracking: str) -> None:
        Clerk(self.office).ship(int(document.external_id), quantity, tracking)

    def change_quantity(self, sandbox: Sandbox, name: str, document: FarDocument, quantity: int) -> None:
        """A sale that is processed is changed by an amendment."""
        Clerk(self.office).amend_line(int(document.external_id), 0, quantity=float(quantity))

    def cancel_order(self, sandbox: Sandbox, name: str, document: FarDocument) -> None:
        """A sale that is processed is brought to nothing by an amendment."""
        Clerk(self.office).amend_line(int(document.external_id), 0, quantity=0.0)

    def invoice(self, sandbox: Sandbox, name: str, document: FarDocument) -> None:
        clerk, sale = Clerk(self.office), int(document.external_id)
        while clerk.awaits_shipment(sale):
            clerk.ship(sale)
        clerk.post_invoice(sale)

    def returns(self, sandbox: Sandbox, name: str) -> list[FarReturn]:
        sales = self.office.find("sale.sale", [["web_id", "like", "RA-%"]], "web_id", "shipment_returns")
        return [
            FarReturn(str(one["id"]), identity_of_return(str(one["web_id"])), bool(one["shipment_returns"]))
            for one in sales
        ]

    def decide_return(self, sandbox: Sandbox, name: str, returned: FarReturn, *, is_approved: bool) -> None:
        clerk = Clerk(self.office)
        for button in ("quote", "confirm") if is_approved else ("cancel",):
            clerk.press(button, int(returned.external_id))

    def take_back(self, sandbox: Sandbox, name: str, returned: FarReturn) -> None:
        clerk, sale = Clerk(self.office), int(returned.external_id)
        clerk.receive(sale)
        clerk.post_invoice(sale)

    def pace(self, *, concurrency: int, latency: float, rate: float) -> Pace:
        return Pace({})

    def straight(self) -> Pace:
        """To the server itself, without the relay: nothing is between when it is measured."""
        return Pace({}, {"url": self.address})

    def identity_of_create(self, request: Mapping[str, Any]) -> Identity | None:
        names: Iterable[str] = request.get("references", ())
        return next((found for name in names if (found := identity_in(str(name)))), None)


def _document(record: Mapping[str, Any]) -> FarDocument:
    reference = str(record["web_id"] or "")
    return FarDocument(
        external_id=str(record["id"]),
        number=str(record["number"] or ""),
        reference=reference,
        identity=identity_in(reference),
        po_number=str(record["reference"] or ""),
        customer_number=str(record["party."]["code"]),
        currency=str(record["currency."]["code"]),
        total=record["total_amount"],
        quantities=sum_of_items(
            (str(line["product."]["code"]), line["quantity"])
            for line in record["lines."]
            if line["product."] and line["product."]["code"] != SHIPPING
        ),
        is_confirmed=record["state"] in WORKED_ON,
        # Or brought to nothing while it was under way.
        is_cancelled=record["state"] == "cancelled" or not record["total_amount"],
        terms=str(record["payment_term."]["name"]) if record["payment_term."] else "",
        comments="\n".join(
            [
                str(record["comment"] or ""),
                *(str(line["description"]) for line in record["lines."] if line["type"] == "comment"),
            ]
        ),
    )
