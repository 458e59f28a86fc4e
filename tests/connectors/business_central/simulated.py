"""A simulated company of the sandbox: control it, connect to it, and an order that fits it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import httpx

from hub.connectors.documents import LineKind, OrderIdentity, SalesOrderLine
from hub.connectors.erps.business_central.connector import BusinessCentral
from hub.connectors.erps.business_central.reference import reference_for
from tests.connectors.business_central.far_side import document
from tests.fakes.hooks import FreeHooks

MASTER = {
    "taxGroups": [{"code": "T19", "displayName": "19 %", "percent": "19"}],
    "paymentTerms": [{"code": "N30", "displayName": "Net 30"}],
    "shipmentMethods": [{"code": "EXW", "displayName": "Ex works"}],
    "accounts": [{"number": "8499", "displayName": "Freight", "taxCode": "T19"}],
    "customers": [
        {
            "number": "C1",
            "displayName": "Adatum",
            "email": "Buyer@adatum.de",
            "taxRegistrationNumber": "DE 123.456-789",
        }
    ],
    "items": [{"number": "I1", "displayName": "Desk", "unitPrice": "10", "taxGroupCode": "T19"}],
}
LINES = (
    SalesOrderLine(LineKind.ITEM, "I1", "Desk", Decimal(3), "", Decimal("10.00"), Decimal("2.50"), "T19"),
    SalesOrderLine(LineKind.ACCOUNT, "8499", "Freight", Decimal(1), "", Decimal("10.00"), Decimal(0), "T19"),
    SalesOrderLine(LineKind.COMMENT, "", "Please call before you come. " * 6),
)


class Company:
    """One simulated company: control it, and connect to it."""

    def __init__(self, server, name):
        self.url, self.name = server.url, name
        self.opened = []
        self.control("systems", kind="erp", name=name, options={"profile": "demo"})

    def control(self, verb, **body):
        answer = httpx.post(f"{self.url}/_sandbox/{verb}", content=json.dumps(body))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, action, **data):
        return self.control("act", kind="erp", name=self.name, action=action, data=data)

    def fault(self, kind, operation, **more):
        rule = {"kind": kind, "system": "erp", "name": self.name, "operation": operation, "times": 1} | more
        self.control("faults", seed=1, rules=[rule])

    def orders(self):
        truth = httpx.get(f"{self.url}/_sandbox/truth", params={"kind": "erp", "name": self.name}).json()
        return truth["erps"][self.name]["salesOrders"]

    def requests(self):
        truth = httpx.get(f"{self.url}/_sandbox/truth", params={"kind": "erp", "name": self.name}).json()
        return truth["erps"][self.name]["requests"]

    def connect(self, hooks=None, **config):
        root = f"{self.url}/erps/{self.name}"
        settings = {
            "tenant_id": "sandbox",
            "environment": "Production",
            "company": f"CONCORD {self.name.upper()}",
            "client_id": "sandbox",
            "currency": "EUR",
            "api_url": root,
            "login_url": root,
            "call_deadline_seconds": "10",
            "settle_after_seconds": "1",
        }
        erp = BusinessCentral(settings | config, {"client_secret": "sandbox"}, hooks or FreeHooks())
        self.opened.append(erp)
        return erp


def order(number=1, po_number="PO-1", **changes):
    """Two lines and a long comment over 44.63 EUR; `number` makes it another order."""
    identity = OrderIdentity("A1", str(6_000_000_000_000 + number))
    made = document(
        identity=identity,
        reference=reference_for(identity, po_number),
        po_number=po_number,
        customer_number="C1",
        lines=LINES,
    )
    return replace(made, **changes)
