"""The simulated NetSuite account of the sandbox, signed in to with OAuth 2.0 and a certificate of this run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hub.connectors.documents import LineKind
from hub.demo import goods
from hub.demo.erps.far_erp import (
    TAXES,
    Codes,
    CreditsThere,
    FarDocument,
    FarErp,
    FarQuote,
    FarReturn,
    Identity,
    Operations,
    OrderedLine,
    Pace,
    QuotesThere,
    ReturnsThere,
    identity_in,
    identity_of_return,
    sum_of_items,
)
from hub.demo.sandbox import Sandbox

KEY_ID = "certificate-1"
# What an item is taxed with where an order does not say.
VAT = "VAT19"
# Cancelled while it waited for approval, or closed whole.
CANCELLED = ("C", "H")
# A return that is pending receipt.
AWAITS_GOODS = "B"


class NetSuiteSide(FarErp, CreditsThere, QuotesThere, ReturnsThere):
    """One account; each system has an account id of its own, which is what limits are counted by."""

    system = "netsuite"
    label = "NetSuite"
    code = "NS"
    # Accounts are opened in it.
    time_zone = "America/Los_Angeles"
    codes = Codes(
        taxes=TAXES,
        terms=(
            ("NET", 30, "Net 30", "Net 30"),
            ("NET", 60, "Net 60", "Net 60"),
            ("NET", 15, "Net 15", "Net 15"),
        ),
        shipping=(
            ("Standard", "Standard", "Standard"),
            ("Express", "Express", "Express"),
            ("Freight", "Freight", "Freight"),
        ),
        charge_kind=LineKind.SHIPPING,
    )
    operations = Operations(
        create="PUT salesOrder",
        read_back="POST suiteql",
        look_ups="POST suiteql",
        reads="POST suiteql",
        sign_in="POST token",
        other_writes=(
            "PUT creditMemo",
            "PUT returnAuthorization",
            "PUT estimate",
            "POST estimate",
            "PATCH salesOrder",
        ),
    )

    credit_records, credit_total = "creditMemos", "total"

    @cached_property
    def key(self) -> ec.EllipticCurvePrivateKey:
        """What our certificate is for, made for this run."""
        return ec.generate_private_key(ec.SECP256R1())

    def make(self, sandbox: Sandbox, name: str, **options: Any) -> None:
        public = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        access = {"account": name.upper(), "client_id": name, "certificates": {KEY_ID: public.decode()}}
        super().make(sandbox, name, **{"dialect": self.system, **access, **options})

    def master_data(self) -> dict[str, Any]:
        return {
            "items": [
                {
                    "itemId": item.number,
                    "displayName": item.name,
                    "taxCode": VAT,
                    "prices": {"EUR": str(item.price)},
                    "isInactive": item.is_blocked,
                }
                for item in goods.items()
            ],
            "customers": [
                {
                    "entityId": company.number,
                    "companyName": company.name,
                    "vatRegNum": company.tax_id,
                    "email": company.email,
                    "currency": "EUR",
                    "currencies": ["USD"],
                }
                for company in goods.COMPANIES
            ],
        }

    def settings(self, address: str, name: str) -> dict[str, str]:
        return {
            "account_id": name.upper(),
            "api_url": address,
            "client_id": name,
            "certificate_id": KEY_ID,
        }

    def secrets(self, name: str) -> dict[str, str]:
        plain = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return {"private_key": plain.decode()}

    def documents(self, sandbox: Sandbox, name: str) -> list[FarDocument]:
        records = sandbox.truth(kind="erp", name=name)["erps"][name]["salesOrders"]
        return [_document(record) for record in sorted(records, key=lambda record: int(record["id"]))]

    def enter_order(
        self, sandbox: Sandbox, name: str, customer: str, lines: Sequence[OrderedLine], po_number: str
    ) -> str:
        erp = sandbox.truth(kind="erp", name=name)["erps"][name]
        customers = {row["entityId"]: row["id"] for row in erp["customers"]}
        items = {row["itemId"]: row["id"] for row in erp["items"]}
        order = {
            "entity": {"id": customers[customer]},
            "otherRefNum": po_number,
            "orderStatus": {"id": "B"},
            "item": {
                "items": [
                    {
                        "item": {"id": items[number]},
                        "quantity": quantity,
                        "rate": float(price),
                        "price": {"id": "-1"},
                    }
                    for number, quantity, price in lines
                ]
            },
        }
        return str(sandbox.act("erp", name, "create_order", {"order": order, "source": "EDI"})["id"])

    def ship(self, sandbox: Sandbox, name: str, document: FarDocument, quantity: int, tracking: str) -> None:
        lines = [{"line": 1, "quantity": quantity}]
        parcel = {"packages": [tracking], "carrier": "dhl", "location": "Main Warehouse"}
        sandbox.act("erp", name, "fulfill_order", {"id": document.external_id, "lines": lines, **parcel})

    def change_quantity(self, sandbox: Sandbox, name: str, document: FarDocument, quantity: int) -> None:
        changes = {"item": {"items": [{"line": 1, "quantity": quantity}]}}
        sandbox.act("erp", name, "edit_order", {"id": document.external_id, "changes": changes})

    def cancel_order(self, sandbox: Sandbox, name: str, document: FarDocument) -> None:
        """One that was approved cannot be cancelled: all its lines are closed."""
        sandbox.act("erp", name, "close_order", {"id": document.external_id})

    def invoice(self, sandbox: Sandbox, name: str, document: FarDocument) -> None:
        sandbox.act("erp", name, "invoice_order", {"id": document.external_id})

    def credit(self, sandbox: Sandbox, name: str, document: FarDocument, price: Decimal) -> None:
        erp = sandbox.truth(kind="erp", name=name)["erps"][name]
        items = {row["itemId"]: row["id"] for row in erp["items"]}
        [number] = document.quantities
        line = {"item": {"id": items[number]}, "quantity": 1, "rate": float(price), "price": {"id": "-1"}}
        sandbox.act("erp", name, "credit_order", {"id": document.external_id, "lines": [line]})

    def returns(self, sandbox: Sandbox, name: str) -> list[FarReturn]:
        return [
            FarReturn(
                str(one["id"]),
                identity_of_return(str(one.get("externalId") or "")),
                one["status"] == AWAITS_GOODS,
            )
            for one in self._returns(sandbox, name)
        ]

    def decide_return(self, sandbox: Sandbox, name: str, returned: FarReturn, *, is_approved: bool) -> None:
        action = "approve_return" if is_approved else "cancel_return"
        sandbox.act("erp", name, action, {"id": returned.external_id})

    def take_back(self, sandbox: Sandbox, name: str, returned: FarReturn) -> None:
        wanted = {"id": returned.external_id}
        [record] = [one for one in self._returns(sandbox, name) if str(one["id"]) == returned.external_id]
        lines = [
            {
                "item": {"id": line["item"]},
                "quantity": float(line["quantity"]),
                "rate": float(line["rate"]),
                "price": {"id": "-1"},
            }
            for line in record["lines"]
        ]
        sandbox.act("erp", name, "receive_return", wanted)
        sandbox.act("erp", name, "credit_return", {**wanted, "lines": lines})

    def _returns(self, sandbox: Sandbox, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = sandbox.truth(kind="erp", name=name)["erps"][name][
            "returnAuthorizations"
        ]
        return found

    def quotes(self, sandbox: Sandbox, name: str) -> list[FarQuote]:
        records = sandbox.truth(kind="erp", name=name)["erps"][name]["estimates"]
        return [FarQuote(str(one["id"]), str(one.get("otherRefNum") or "")) for one in records]

    def price_quote(self, sandbox: Sandbox, name: str, quote: FarQuote, price: Decimal) -> None:
        records = sandbox.truth(kind="erp", name=name)["erps"][name]["estimates"]
        [first, *_] = next(one for one in records if str(one["id"]) == quote.key)["lines"]
        amount = float(price * Decimal(str(first["quantity"])))
        changes = {"item": {"items": [{"line": 1, "amount": amount}]}}
        sandbox.act("erp", name, "edit_estimate", {"id": quote.key, "changes": changes})

    def pace(self, *, concurrency: int, latency: float, rate: float) -> Pace:
        """It limits what works at once, not how often it is asked: `rate` is let be."""
        return Pace(
            {"concurrency": concurrency, "latency": latency},
            {"concurrency": str(concurrency or 50)},
        )

    def together(self, *, processors: int, concurrency: int, latency: float) -> Pace:
        """Orders in asynchronous batches, which so many processors of the account work off."""
        pace = self.pace(concurrency=concurrency, latency=latency, rate=0)
        config = {**pace.config, "async_batches": "yes", "async_processors": str(processors)}
        return Pace({**pace.options, "async_processors": processors}, config)

    def bearer(self, stored: str) -> str:
        """The hub marks a token with the certificate it was given for."""
        return stored.partition(".")[2]

    def identity_of_create(self, request: Mapping[str, Any]) -> Identity | None:
        return identity_in(str(request.get("externalId", "")))


def _document(record: Mapping[str, Any]) -> FarDocument:
    reference = str(record.get("externalId") or "")
    return FarDocument(
        external_id=str(record["id"]),
        number=str(record["tranId"]),
        reference=reference,
        identity=identity_in(reference),
        po_number=str(record.get("otherRefNum") or ""),
        customer_number=str(record["entityName"]),
        currency=str(record["currencySymbol"]),
        total=Decimal(str(record["total"])),
        quantities=sum_of_items((str(line["itemName"]), line["quantity"]) for line in record["lines"]),
        is_cancelled=record["status"] in CANCELLED,
        terms=str(record["termsName"] or ""),
        comments="\n".join(str(record.get(field) or "") for field in ("memo", "message")),
    )
