"""A Business Central that answers from a script, and a connector that speaks to it."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

from hub.connectors.documents import (
    Address,
    ErpSalesOrder,
    ErpTotals,
    LineKind,
    OrderIdentity,
    SalesOrder,
    SalesOrderLine,
)
from hub.connectors.erp_parts import CreatedOrder
from hub.connectors.erps.business_central.connector import BusinessCentral
from hub.connectors.erps.business_central.reference import reference_for
from hub.connectors.http import parse_json
from tests.fakes.hooks import FreeHooks

PAYLOADS = Path(__file__).parents[2] / "payloads" / "business_central"
COMPANY = "11111111-aaaa-4bbb-8ccc-000000000001"
ROOT = "https://api.businesscentral.dynamics.com/v2.0/tenant-1/Production/api/v2.0"
IDENTITY = OrderIdentity("A1", "6000000000123")
CONFIG = {
    "tenant_id": "tenant-1",
    "environment": "Production",
    "company": "CRONUS DE",
    "client_id": "client-1",
    "currency": "EUR",
}
REFERENCE = "PO-4711/A1-24KD131Q3IE"
ORDER_ID = "5d115c9c-44e3-ea11-bb43-000d3a2feca1"
CREATED = ErpSalesOrder(
    external_id=ORDER_ID,
    number="S-ORD101001",
    reference=REFERENCE,
    status="Draft",
    customer_number="10000",
    updated_at=datetime(2026, 8, 21, 10, 11, 12, 123000, UTC),
    totals=ErpTotals("EUR", Decimal("37.50"), Decimal("7.13"), Decimal("44.63")),
)
"""What the recorded payload sales_order_created says."""
CREATED_ANSWER = CreatedOrder(CREATED.external_id, CREATED.number, CREATED.reference, CREATED.totals)


def payload(name):
    """A recorded payload, its numbers exact."""
    return parse_json((PAYLOADS / f"{name}.json").read_bytes())


def order_row(**changes):
    """The created order without its lines, as a list answers it."""
    row = payload("sales_order_created")
    del row["salesOrderLines"]
    return row | changes


def listing(*rows, **more):
    """The answer to a list: these rows."""
    return (200, {"value": list(rows)} | more)


def as_bytes(value):
    """A payload as it goes over the wire."""
    return json.dumps(value, default=float).encode()


@dataclass
class Sent:
    """One request as it arrived."""

    method: str
    host: str
    entity: str
    query: dict
    headers: httpx.Headers
    body: object
    text: str


class FarSide:
    """Answers by "METHOD entity" from a queue, the last one for ever; tokens and companies by itself."""

    def __init__(self):
        self.sent = []
        self.tokens = 0
        self.valid = None
        self.queues = {"GET companies": deque([(200, payload("companies"))])}

    def answers(self, operation, *answers):
        """Script the answers to "METHOD entity": (status, body) with body JSON or bytes, or an exception."""
        self.queues[operation] = deque(answers)

    def to(self, operation):
        """The requests of one operation, in order."""
        return [sent for sent in self.sent if f"{sent.method} {sent.entity}" == operation]

    def handle(self, request):
        parts = urlsplit(str(request.url))
        is_form = "form" in request.headers.get("content-type", "")
        body = None if is_form or not request.content else parse_json(request.content)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        entity = parts.path.rpartition("/")[2]
        self.sent.append(
            Sent(
                request.method, parts.hostname, entity, query, request.headers, body, request.content.decode()
            )
        )
        if entity == "token" and "POST token" not in self.queues:
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"token-{self.tokens}", "expires_in": 3599})
        if self.valid and request.headers.get("authorization") not in (None, f"Bearer {self.valid}"):
            return httpx.Response(
                401, json={"error": {"code": "Authentication_InvalidCredentials", "message": "expired"}}
            )
        return self._scripted(f"{request.method} {entity}")

    def _scripted(self, operation):
        queue = self.queues.get(operation) or deque([(200, {"value": []})])
        answer = queue.popleft() if len(queue) > 1 else queue[0]
        if isinstance(answer, Exception):
            raise answer
        status, body, *headers = answer
        content = body if isinstance(body, bytes) else as_bytes(body)
        return httpx.Response(status, content=content, headers=headers[0] if headers else None)

    def connector(self, hooks=None, **config):
        """A connector that speaks to this far side."""
        return BusinessCentral(
            CONFIG | config,
            {"client_secret": "s3cret"},
            hooks or FreeHooks(),
            transport=httpx.MockTransport(self.handle),
        )


def line(**changes):
    """An item line."""
    item = SalesOrderLine(
        LineKind.ITEM, "1896-S", "ATHENS Desk", Decimal(3), "", Decimal("10.00"), Decimal("2.50"), "NORMAL"
    )
    return replace(item, **changes)


def document(**changes):
    """An order of two lines over 44.63 EUR."""
    freight = SalesOrderLine(LineKind.ACCOUNT, "8400", "Freight", Decimal(1), "", Decimal("10.00"))
    order = SalesOrder(
        identity=IDENTITY,
        reference=reference_for(IDENTITY, "PO-4711"),
        po_number="PO-4711",
        customer_number="10000",
        order_date=date(2026, 8, 21),
        currency="EUR",
        prices_include_tax=False,
        lines=(line(), freight),
        total_excluding_tax=Decimal("37.50"),
        total_tax=Decimal("7.13"),
        total_including_tax=Decimal("44.63"),
    )
    return replace(order, **changes)


def address(**changes):
    """A delivery address that fits."""
    plain = Address(
        company="Adatum GmbH",
        name="Rita Müller",
        line1="Hauptstr. 1",
        line2="Tor 3",
        city="Köln",
        province_code="NW",
        postal_code="50667",
        country_code="DE",
    )
    return replace(plain, **changes)
