"""Business Central under test: a simulated company of its own for every cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import ClassVar

from hub.connectors.capabilities import Capability
from hub.connectors.documents import SalesOrder
from hub.connectors.erps.business_central.connector import BusinessCentral
from hub.connectors.filled_fields import FilledField
from hub.demo.sandbox import Sandbox
from hub.errors import CodeKind, UnknownCode
from tests.conformance.erp import Codes, KnownCustomer, TrueOrder
from tests.conformance.simulated_stock import SimulatedStock

SMALL_PAGE = 2
PROMPT = 0.05
"""Seconds from a change to its notice."""
MASTER = {
    "taxGroups": [{"code": "T19", "displayName": "19 %", "percent": "19"}],
    "paymentTerms": [{"code": "N30", "displayName": "Net 30"}],
    "shipmentMethods": [{"code": "EXW", "displayName": "Ex works"}],
    "accounts": [{"number": "8499", "displayName": "Freight", "taxCode": "T19"}],
    "salespeople": [{"number": "ROBIN", "displayName": "Robin"}],
    "dimension1Values": [{"number": "SALES", "displayName": "Sales"}],
    "dimension2Values": [{"number": "NORTH", "displayName": "North"}],
    "customers": [
        {
            "number": "C1",
            "displayName": "Adatum",
            "email": "buyer@adatum.example",
            "taxRegistrationNumber": "DE 123.456-789",
        }
    ],
    "items": [{"number": "I1", "displayName": "Desk", "unitPrice": "10", "taxGroupCode": "T19"}],
}


class BusinessCentralUnderTest(SimulatedStock):
    """One company of the simulated Business Central."""

    connector = BusinessCentral
    operations: ClassVar = {
        Capability.SIGN_IN: "POST token",
        Capability.CREATE_ORDER: "POST salesOrders",
        Capability.FIND_ORDER: "GET salesOrders",
        Capability.READ_TOTALS: "GET salesOrders",
        Capability.READ_ORDER_WHOLE: "GET salesOrders",
        Capability.FOLLOW_ORDERS: "GET salesOrders",
        Capability.CHANGE_ORDER: "POST $batch",
        Capability.CANCEL_ORDER: "DELETE salesOrders",
        Capability.QUOTES: "POST salesQuotes",
        Capability.FIND_CUSTOMER_BY_NUMBER: "GET customers",
        Capability.FIND_CUSTOMER_BY_TAX_ID: "GET customers",
        Capability.FIND_CUSTOMER_BY_EMAIL: "GET customers",
        Capability.READ_SHIPMENTS: "GET salesShipments",
        Capability.FOLLOW_SHIPMENTS: "GET salesShipments",
        Capability.TRACKING_NUMBERS: "GET Posted_Sales_Shipment",
        Capability.CREDIT_MEMO: "POST salesCreditMemos",
        Capability.FOLLOW_CREDITS: "GET salesCreditMemos",
        Capability.READ_STOCK: "GET ItemLedgerEntries",
        Capability.FOLLOW_STOCK: "GET itemLedgerEntries",
        Capability.TELL_CHANGES: "POST subscriptions",
    }
    codes = Codes("C1", "I1", "T19", "8499", "N30", "EXW")
    known = KnownCustomer("C1", "Adatum", "buyer@adatum.example", "DE 123.456-789")
    fields = (
        FilledField("requestedDeliveryDate", date(2026, 12, 24)),
        FilledField("salesperson", "ROBIN"),
        FilledField("shortcutDimension1Code", "SALES"),
        FilledField("shortcutDimension2Code", "NORTH"),
        FilledField("partialShipping", True),
    )
    wrong_field = FilledField("salesperson", "NOBODY")
    words_about_wrong_field = "NOBODY"
    unknown_codes: ClassVar = {
        "payment_terms_code": UnknownCode(CodeKind.PAYMENT_TERMS, "N99"),
        "shipping_method_code": UnknownCode(CodeKind.SHIPPING_METHOD, "AIR"),
    }
    answers_without_body = (Capability.CANCEL_ORDER,)
    absent_id = "00000000-aaaa-4bbb-8ccc-000000000000"
    warehouse = "MAIN"
    carrier = "UPS"

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        super().__init__(sandbox, name)
        self._start()

    def _start(self, **options: object) -> None:
        self.sandbox.create("erp", self.name, profile="demo", notice_delay=PROMPT, **options)
        self.sandbox.seed("erp", self.name, MASTER)
        self._act("publish_page")
        self._act("publish_page", name="ItemLedgerEntries")

    def settings(self) -> tuple[dict[str, str], dict[str, str]]:
        root = f"{self.sandbox.url}/erps/{self.name}"
        config = {
            "tenant_id": "sandbox",
            "environment": "Production",
            "company": f"CONCORD {self.name.upper()}",
            "client_id": "sandbox",
            "currency": "EUR",
            "shipments_page": "Posted_Sales_Shipment",
            "stock_page": "ItemLedgerEntries",
            "api_url": root,
            "login_url": root,
            "call_deadline_seconds": "60",
            "settle_after_seconds": "2",
        }
        return config, {"client_secret": "sandbox"}

    def wrong_secrets(self) -> dict[str, str]:
        return {"client_secret": "an old one"}

    def orders(self, reference: str) -> list[TrueOrder]:
        return [
            TrueOrder(
                external_id=row["id"],
                number=row["number"],
                reference=row["externalDocumentNumber"],
                total=Decimal(row["totalAmountIncludingTax"]),
                is_confirmed=row["status"] == "Open",
            )
            for row in self._rows(reference)
        ]

    def is_cancelled(self, reference: str) -> bool:
        """It has no state for that: the order is gone, and there is no invoice of it."""
        return not self._rows(reference) and not self._rows(reference, "salesInvoices")

    def filled(self, reference: str, name: str) -> object:
        (row,) = self._rows(reference)
        return date.fromisoformat(row[name]) if name == "requestedDeliveryDate" else row[name]

    def touch(self, order: TrueOrder) -> None:
        self._act("edit_order", number=order.number, changes={"phoneNumber": "0221 1"})

    def sell(self, order: TrueOrder, quantity: int) -> None:
        self._act("edit_line", number=order.number, sequence=10000, changes={"quantity": quantity})

    def invoice(self, order: TrueOrder) -> None:
        self._act("post_order", number=order.number)

    def expire_tokens(self) -> None:
        self._act("expire_tokens")

    def take_permission(self) -> str:
        self._act("revoke_permission", method="GET", set="customers")
        return "customers"

    def refusing(self, order: SalesOrder) -> tuple[SalesOrder, str]:
        self._act("block_customer", number="C1")
        return replace(order, customer_number="C1"), "blocked"

    def small_pages(self) -> None:
        self._start(page_size=SMALL_PAGE)

    def plant_customers(self, count: int, *, tax_id: str, email: str) -> list[str]:
        rows = [
            {"number": f"M{n}", "displayName": f"Many {n}", "taxRegistrationNumber": tax_id, "email": email}
            for n in range(count)
        ]
        return list(self.sandbox.seed("erp", self.name, {"customers": rows})["customers"])

    def ship(self, order: TrueOrder, quantity: int, *, parcels: Sequence[str] = ("1Z1",)) -> str:
        travel = {"tracking": ", ".join(parcels), "agent": self.carrier, "location": self.warehouse}
        lines = [{"sequence": 10000, "quantity": quantity}]
        return self._act("ship_order", number=order.number, lines=lines, **travel)["id"]

    def correct_tracking(self, shipment_id: str, numbers: Sequence[str]) -> None:
        self._act("correct_shipment", shipment=self._number(shipment_id), tracking=",".join(numbers))

    def undo(self, shipment_id: str) -> None:
        self._act("undo_shipment", shipment=self._number(shipment_id))

    def credits(self, reference: str) -> list[Decimal]:
        return [Decimal(row["totalAmountIncludingTax"]) for row in self._rows(reference, "salesCreditMemos")]

    def credit(self, order: TrueOrder, quantity: int) -> str:
        (invoice,) = self._rows(order.reference, "salesInvoices")
        line = {"lineType": "Item", "lineObjectNumber": "I1", "quantity": quantity, "unitPrice": 10}
        memo = {"customerNumber": "C1", "invoiceNumber": invoice["number"], "salesCreditMemoLines": [line]}
        return self._act("create_credit_memo", memo=memo, posted=True)["id"]

    def _number(self, shipment_id: str) -> str:
        truth = self.sandbox.truth(kind="erp", name=self.name)["erps"][self.name]
        (number,) = (row["number"] for row in truth["salesShipments"] if row["id"] == shipment_id)
        return number

    def _act(self, action: str, **data: object) -> dict:
        return self.sandbox.act("erp", self.name, action, data)

    def _rows(self, reference: str, kind: str = "salesOrders") -> list[dict]:
        truth = self.sandbox.truth(kind="erp", name=self.name)["erps"][self.name]
        return [row for row in truth[kind] if row["externalDocumentNumber"] == reference]


UNDER_TEST = BusinessCentralUnderTest


def started(sandbox: Sandbox, stack: ExitStack) -> Callable[[str], BusinessCentralUnderTest]:
    """Makes a fresh company of this name."""
    return partial(BusinessCentralUnderTest, sandbox)
