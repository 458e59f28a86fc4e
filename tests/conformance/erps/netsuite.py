"""NetSuite under test: a simulated account of its own for every cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache, partial
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hub.connectors.base import Connector
from hub.connectors.capabilities import Capability
from hub.connectors.documents import SalesOrder
from hub.connectors.erps.netsuite.connector import NetSuite
from hub.connectors.filled_fields import FilledField
from hub.demo.sandbox import Sandbox
from hub.errors import CodeKind, UnknownCode
from tests.conformance.erp import Codes, KnownCustomer, TrueOrder
from tests.conformance.simulated_stock import SimulatedStock
from tests.conformance.situations import Situation

KEY_ID = "certificate-1"
AT_ONCE = 5
APPROVED, CLOSED = "B", "H"
_BY_200 = "a query names at most 200 of them, and a page has 1,000 rows"
MASTER = {
    "customFields": [
        {"scriptId": "custbody_project", "type": "string"},
        {"scriptId": "custbody_rush", "type": "boolean"},
        {"scriptId": "custbody_weight", "type": "number"},
    ],
    "items": [{"itemId": "I1", "displayName": "Desk", "taxCode": "VAT19", "prices": {"EUR": "12.00"}}],
    "customers": [
        {
            "entityId": "C1",
            "companyName": "Adatum",
            "email": "buyer@adatum.example",
            "vatRegNum": "DE 123.456-789",
            "currency": "EUR",
        },
        {"entityId": "C2", "companyName": "Adatum Kiel", "parent": "C1", "currency": "EUR"},
        {"entityId": "C9", "companyName": "Late Payer", "currency": "EUR"},
    ],
}


class NetSuiteUnderTest(SimulatedStock):
    """One account, signed in to with OAuth 2.0 and a certificate."""

    connector = NetSuite
    operations: ClassVar = {
        Capability.SIGN_IN: "POST token",
        Capability.CREATE_ORDER: "PUT salesOrder",
        Capability.CREATE_TOGETHER: "PUT salesOrder batch",
        Capability.HOLD_ORDER: "PATCH salesOrder",
        Capability.FIND_ORDER: "POST suiteql",
        Capability.READ_TOTALS: "POST suiteql",
        Capability.READ_ORDER_WHOLE: "POST suiteql",
        Capability.FOLLOW_ORDERS: "POST suiteql",
        Capability.CHANGE_ORDER: "PATCH salesOrder",
        Capability.CANCEL_ORDER: "PATCH salesOrder",
        Capability.FIND_CUSTOMER_BY_NUMBER: "POST suiteql",
        Capability.FIND_CUSTOMER_BY_TAX_ID: "POST suiteql",
        Capability.FIND_CUSTOMER_BY_EMAIL: "POST suiteql",
        Capability.CREATE_CUSTOMER: "PUT customer",
        Capability.READ_LIMITS: "GET governanceLimits",
        Capability.READ_SHIPMENTS: "GET itemFulfillment",
        Capability.FOLLOW_SHIPMENTS: "POST suiteql",
        Capability.TRACKING_NUMBERS: "GET itemFulfillment",
        Capability.CREDIT_MEMO: "PUT creditMemo",
        Capability.QUOTES: "PUT estimate",
        Capability.FOLLOW_CREDITS: "POST suiteql",
        Capability.FOLLOW_RETURNS: "POST suiteql",
        Capability.READ_STOCK: "POST suiteql",
        Capability.FOLLOW_STOCK: "POST suiteql",
    }
    codes = Codes("C1", "I1", "VAT19", "Standard", "Net 30", "Standard")
    known = KnownCustomer("C1", "Adatum", "buyer@adatum.example", "DE 123.456-789")
    fields = (
        FilledField("shipDate", date(2026, 12, 24)),
        FilledField("shipComplete", True),
        FilledField("custbody_project", "Straße 漢字"),
        FilledField("custbody_rush", True),
        FilledField("custbody_weight", Decimal("2.5")),
    )
    wrong_field = FilledField("custbody_gone", "anything")
    words_about_wrong_field = "custbody_gone"
    unknown_codes: ClassVar = {
        "payment_terms_code": UnknownCode(CodeKind.PAYMENT_TERMS, "Net 99"),
        "shipping_method_code": UnknownCode(CodeKind.SHIPPING_METHOD, "AIR"),
        "customer_number": UnknownCode(CodeKind.CUSTOMER, "NOBODY"),
        "number": UnknownCode(CodeKind.ITEM, "GONE"),
        "tax_code": UnknownCode(CodeKind.TAX_CODE, "VAT99"),
    }
    absent_id = "999999999"
    warehouse = "Main Warehouse"
    carrier = "ups"
    answers_without_body = (
        Capability.CREDIT_MEMO,
        Capability.QUOTES,
        Capability.CREATE_ORDER,
        Capability.CHANGE_ORDER,
        Capability.CANCEL_ORDER,
        Capability.CREATE_CUSTOMER,
        Capability.HOLD_ORDER,
    )
    refused_customer = ({"email": "nowhere"}, "nowhere")
    more_than_a_page = 1001
    exempt: ClassVar = {
        (Capability.FIND_ORDER, Situation.PAGING): _BY_200,
        (Capability.READ_TOTALS, Situation.PAGING): _BY_200,
        (Capability.FIND_CUSTOMER_BY_NUMBER, Situation.PAGING): _BY_200,
        (Capability.READ_SHIPMENTS, Situation.PAGING): "each shipment is a request of its own",
    }

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        super().__init__(sandbox, name)
        self._start(is_admin_role=True)

    def _start(self, **options: object) -> None:
        public = key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        access = {"certificates": {KEY_ID: public.decode()}, "concurrency": AT_ONCE}
        self.sandbox.create("erp", self.name, dialect="netsuite", **access, **options)
        self.sandbox.seed("erp", self.name, MASTER)
        self._act("edit_customer", name="C9", changes={"creditHoldOverride": {"id": "ON"}})

    def settings(self) -> tuple[dict[str, str], dict[str, str]]:
        config = {
            "account_id": "TSTDRV1",
            "authentication": "certificate",
            "client_id": "sandbox",
            "certificate_id": KEY_ID,
            "api_url": f"{self.sandbox.url}/erps/{self.name}",
            "subsidiary": "Concord Trading",
            "order_fields": "custbody_project: text 40 Project; custbody_rush: yes/no; custbody_weight: number",
            "call_deadline_seconds": "60",
            "settle_after_seconds": "2",
        }
        return config, {"private_key": pem(key())}

    def wrong_secrets(self) -> dict[str, str]:
        return {"private_key": pem(ec.generate_private_key(ec.SECP256R1()))}

    def together(self) -> dict[str, str]:
        return {"async_batches": "yes"}

    def orders(self, reference: str) -> list[TrueOrder]:
        return [
            TrueOrder(
                external_id=row["id"],
                number=row["tranId"],
                reference=row["externalId"],
                total=Decimal(row["total"]),
                is_confirmed=row["status"] == APPROVED,
            )
            for row in self._rows("salesOrders", "externalId", reference)
        ]

    def is_cancelled(self, reference: str) -> bool:
        [row] = self._rows("salesOrders", "externalId", reference)
        return bool(row["status"] == CLOSED)

    def filled(self, reference: str, name: str) -> object:
        [row] = self._rows("salesOrders", "externalId", reference)
        forms = {"shipDate": date.fromisoformat, "custbody_weight": Decimal}
        return forms[name](row[name]) if name in forms else row[name]

    def touch(self, order: TrueOrder) -> None:
        self._act("edit_order", externalId=order.reference, changes={"memo": "Touched."})

    def sell(self, order: TrueOrder, quantity: int) -> None:
        changes = {"item": {"items": [{"line": 1, "quantity": quantity}]}}
        self._act("edit_order", externalId=order.reference, changes=changes)

    def invoice(self, order: TrueOrder) -> None:
        self._act("invoice_order", externalId=order.reference)

    def cancel(self, order: TrueOrder) -> None:
        self._act("cancel_order", externalId=order.reference)

    def expire_tokens(self) -> None:
        self._act("expire_tokens")

    def take_permission(self) -> str:
        self._act("revoke_permission", permission="Lists -> Items")
        return "Read item"

    def refusing(self, order: SalesOrder) -> tuple[SalesOrder, str]:
        """A customer on credit hold."""
        return replace(order, customer_number="C9"), "credit hold"

    def small_pages(self) -> None:
        """A page has 1,000 rows: `more_than_a_page` is more."""

    def plant_orders(self, connector: Connector, count: int) -> list[str]:
        """Many are entered by clerks, of one line."""
        if count < self.more_than_a_page:
            return super().plant_orders(connector, count)
        references = [self.order(connector).reference for _ in range(count)]
        [customer] = self._rows("customers", "entityId", "C1")
        [item] = self._rows("items", "itemId", "I1")
        for reference in references:
            line = {"item": {"id": item["id"]}, "quantity": 1, "rate": 10}
            body = {"externalId": reference, "entity": {"id": customer["id"]}, "item": {"items": [line]}}
            self._act("create_order", order=body)
        return references

    def plant_customers(self, count: int, *, tax_id: str, email: str) -> list[str]:
        rows = [
            {"entityId": f"M{n}", "companyName": f"Many {n}", "vatRegNum": tax_id, "email": email}
            for n in range(count)
        ]
        return list(self.sandbox.seed("erp", self.name, {"customers": rows})["customers"])

    def plant_sub_customer(self) -> tuple[str, str]:
        return "C2", "C1"

    def customers_named(self, name: str) -> list[str]:
        return [row["entityId"] for row in self._rows("customers", "companyName", name)]

    def ship(self, order: TrueOrder, quantity: int, *, parcels: Sequence[str] = ("1Z1",)) -> str:
        return self._fulfill(order, quantity, "C", parcels)

    def ask_vendor(self, connector: Connector) -> TrueOrder:
        (reference,) = self.plant_orders(connector, 1)
        order = self.orders(reference)[0]
        line = {"line": 1, "createPo": {"id": "DropShip"}}
        self._act("edit_order", id=order.external_id, changes={"item": {"items": [line]}})
        return order

    def vendor_ships(self, order: TrueOrder, *, parcels: Sequence[str]) -> str:
        return self._act("fulfill_order", id=order.external_id, packages=list(parcels))["id"]

    def pick(self, order: TrueOrder, quantity: int) -> str:
        return self._fulfill(order, quantity, "A", ())

    def pack(self, shipment_id: str) -> None:
        self._act("change_fulfillment", id=shipment_id, status="B")

    def correct_tracking(self, shipment_id: str, numbers: Sequence[str]) -> None:
        self._act("change_fulfillment", id=shipment_id, packages=list(numbers))

    def undo(self, shipment_id: str) -> None:
        self._act("delete_fulfillment", id=shipment_id)

    def credits(self, reference: str) -> list[Decimal]:
        return [Decimal(row["total"]) for row in self._rows("creditMemos", "externalId", reference)]

    def credit(self, order: TrueOrder, quantity: int) -> str:
        return self._act("credit_order", externalId=order.reference, lines=self._given_back(quantity))["id"]

    def authorize_return(self, order: TrueOrder, quantity: int) -> str:
        return self._act("authorize_return", externalId=order.reference, lines=self._given_back(quantity))[
            "id"
        ]

    def _given_back(self, quantity: int) -> list[dict]:
        (item,) = self._rows("items", "itemId", "I1")
        return [{"item": {"id": item["id"]}, "quantity": quantity, "rate": 10, "price": {"id": "-1"}}]

    def few_credits_a_page(self, connector: Connector) -> None:
        connector.page_rows = 2

    def few_shipments_a_page(self, connector: Connector) -> None:
        connector.shipment_rows = 2

    def _fulfill(self, order: TrueOrder, quantity: int, status: str, parcels: Sequence[str]) -> str:
        travel = {"packages": list(parcels), "carrier": self.carrier, "location": self.warehouse}
        lines = [{"line": 1, "quantity": quantity}]
        return self._act("fulfill_order", id=order.external_id, lines=lines, status=status, **travel)["id"]

    def allowed_at_once(self) -> int:
        return AT_ONCE

    def forbid_limits(self) -> None:
        self._start(is_admin_role=False)

    def _act(self, action: str, **data: object) -> dict:
        return self.sandbox.act("erp", self.name, action, data)

    def _rows(self, kind: str, field: str, value: str) -> list[dict]:
        truth = self.sandbox.truth(kind="erp", name=self.name)["erps"][self.name]
        return [row for row in truth[kind] if row.get(field) == value]


@cache
def key() -> ec.EllipticCurvePrivateKey:
    """What our certificate is for."""
    return ec.generate_private_key(ec.SECP256R1())


def pem(private: ec.EllipticCurvePrivateKey) -> str:
    """The key as a person pastes it."""
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


UNDER_TEST = NetSuiteUnderTest


def started(sandbox: Sandbox, stack: ExitStack) -> Callable[[str], NetSuiteUnderTest]:
    """Makes a fresh account of this name."""
    return partial(NetSuiteUnderTest, sandbox)
