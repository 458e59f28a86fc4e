"""A simulated account of the sandbox: control it, connect to it, and an order that fits it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.connectors.documents import LineKind, OrderIdentity, SalesOrderLine
from hub.connectors.erps.netsuite.connector import NetSuite
from hub.connectors.identity import identity_token
from tests.connectors.netsuite.far_side import KEY, SECRETS, comment, document
from tests.fakes.hooks import FreeHooks

CERTIFICATE = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
MASTER = {
    "customFields": [
        {"scriptId": "custbody_project", "type": "string"},
        {"scriptId": "custbody_rush", "type": "boolean"},
    ],
    "items": [
        {"itemId": "I1", "displayName": "Desk", "taxCode": "VAT19", "prices": {"EUR": "12.00"}},
        {"itemId": "O'BRIEN", "displayName": "Stout", "taxCode": "VAT19"},
    ],
    "customers": [
        {
            "entityId": "C1",
            "companyName": "Adatum",
            "email": "Buyer@adatum.de",
            "vatRegNum": "DE 123.456-789",
            "currency": "EUR",
            "currencies": ["USD", "JPY"],
        },
        {"entityId": "C2", "companyName": "Adatum Kiel", "parent": "C1", "currency": "EUR"},
    ],
}
LINES = (
    SalesOrderLine(
        LineKind.ITEM,
        "I1",
        "Desk",
        Decimal(3),
        "",
        Decimal("10.00"),
        Decimal("2.50"),
        "VAT19",
        Decimal("5.23"),
    ),
    SalesOrderLine(
        LineKind.SHIPPING,
        "Standard",
        "Freight",
        Decimal(1),
        "",
        Decimal("10.00"),
        Decimal(0),
        "VAT19",
        Decimal("1.90"),
    ),
    comment("Please call before you come. " * 6),
)


class Account:
    """One simulated account: control it, and connect to it."""

    def __init__(self, server, name, **options):
        self.url, self.name = server.url, name
        self.opened = []
        # No certificates to check: loading them takes longer than a test.
        self.http = httpx.Client(base_url=f"{self.url}/_sandbox", verify=False)
        self.control(
            "systems",
            kind="erp",
            name=name,
            options={"dialect": "netsuite", "certificates": {"kid-1": CERTIFICATE}, "lookup_lag": 0.0}
            | options,
        )
        self.control("seed", kind="erp", name=name, data=MASTER)

    def control(self, verb, **body):
        answer = self.http.post(f"/{verb}", content=json.dumps(body))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, action, **data):
        return self.control("act", kind="erp", name=self.name, action=action, data=data)

    def fault(self, kind, operation, **more):
        rule = {"kind": kind, "system": "erp", "name": self.name, "operation": operation, "times": 1} | more
        self.control("faults", seed=1, rules=[rule])

    def truth(self):
        answer = self.http.get("/truth", params={"kind": "erp", "name": self.name})
        return answer.json()["erps"][self.name]

    def orders(self):
        return self.truth()["salesOrders"]

    def requests(self):
        return sum(self.truth()["requests"].values())

    def connect(self, hooks=None, secrets=None, **config):
        settings = {
            "account_id": "TSTDRV1",
            "authentication": "certificate",
            "client_id": "sandbox",
            "certificate_id": "kid-1",
            "api_url": f"{self.url}/erps/{self.name}",
            "call_deadline_seconds": "10",
            "settle_after_seconds": "1",
        }
        erp = NetSuite(settings | config, secrets or SECRETS, hooks or FreeHooks())
        self.opened.append(erp)
        return erp

    def close(self):
        for erp in self.opened:
            erp.close()
        self.control("faults", seed=1, rules=[])
        self.http.close()


def order(number=1, po_number="PO-1", **changes):
    """An item, a charge and a long comment over 44.63 EUR; `number` makes it another order."""
    identity = OrderIdentity("A1", str(6_000_000_000_000 + number))
    made = document(
        identity=identity,
        reference=identity_token(identity),
        po_number=po_number,
        customer_number="C1",
        lines=LINES,
    )
    return replace(made, **changes)
