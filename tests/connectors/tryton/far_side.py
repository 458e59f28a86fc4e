"""A Tryton that answers from a script, a connector that speaks to it, and the documents of these tests."""

from __future__ import annotations

import base64
import json
from collections import deque
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import httpx

from hub.connectors.documents import Address, LineKind, OrderIdentity, SalesOrder, SalesOrderLine
from hub.connectors.erps.tryton.connector import Tryton
from hub.connectors.identity import identity_token
from tests.fakes.hooks import FreeHooks

CONFIG = {
    "url": "https://tryton.example",
    "database": "trading",
    "user": "hub",
    "web_shops": "Shopify",
}
PREFERENCES = {"company": 1, "company.rec_name": "Concord Trading GmbH", "language": "en"}
IDENTITY = OrderIdentity("EU", "6000000000123")
TOKEN = identity_token(IDENTITY)
STAMP = {
    "__class__": "datetime", "year": 2026, "month": 8, "day": 21,
    "hour": 10, "minute": 11, "second": 12, "microsecond": 123,
}  # fmt: skip


def decimal(text):
    """A Numeric as Tryton says it."""
    return {"__class__": "Decimal", "decimal": text}


def refusal(*words, kind="UserError"):
    """An answer that refuses in these words."""
    return {"error": [kind, [*words]]}


def user_error(message):
    """The refusal of a business rule, as Tryton says it."""
    return refusal(message, "", None)


def sale_row(**changes):
    """A draft of ours over 44.63 EUR, as a list answers it."""
    row = {
        "id": 7,
        "number": None,
        "web_id": TOKEN,
        "state": "draft",
        "party.": {"id": 5, "code": "10000"},
        "currency.": {"id": 1, "code": "EUR"},
        "untaxed_amount": decimal("37.50"),
        "tax_amount": decimal("7.13"),
        "total_amount": decimal("44.63"),
        "last_modified_at": STAMP,
    }
    return row | changes


def party_row(**changes):
    """The customer with one address for everything."""
    row = {
        "id": 5,
        "code": "10000",
        "name": "Adatum GmbH",
        "active": True,
        "customer_payment_term": 3,
        "addresses.": [address_row()],
    }
    return row | changes


def address_row(**changes):
    """The customer's own address."""
    row = {
        "id": 2, "party_name": None, "street": "Hauptstr. 1", "postal_code": "50667", "city": "Köln",
        "country.": {"id": 5, "code": "DE"}, "subdivision.": None, "invoice": True, "delivery": True,
    }  # fmt: skip
    return row | changes


def tax_row(**changes):
    """Nineteen per cent."""
    return {"id": 1, "name": "VAT19", "rate": decimal("0.19"), "type": "percentage", "childs": []} | changes


MASTER = {
    "model.res.user.get_preferences": PREFERENCES,
    "model.sale.sale.fields_get": {"web_id": {}, "web_shop": {}, "carrier": {}, "shipment_cost_method": {}},
    "model.account.configuration.read": [{"id": 1, "tax_rounding": "line"}],
    "model.party.party.search_read": [party_row()],
    "model.product.product.search_read": [
        {"id": 11, "code": "IT-0001", "active": True, "sale_uom": 1, "template.": {"id": 1, "active": True}},
        {"id": 12, "code": "SHIPPING", "active": True, "sale_uom": 1, "template.": {"id": 2, "active": True}},
    ],
    "model.account.tax.search_read": [tax_row()],
    "model.account.invoice.payment_term.search_read": [{"id": 4, "name": "30 DAYS"}],
    "model.carrier.search_read": [{"id": 6, "party.": {"id": 9, "code": "STANDARD"}}],
    "model.currency.currency.search_read": [{"id": 1, "code": "EUR"}],
    "model.web.shop.search_read": [{"id": 8, "name": "Shopify"}],
    "model.stock.location.search_read": [{"id": 13, "code": "EAST", "active": True}],
    "model.country.country.search_read": [{"id": 5, "code": "DE"}, {"id": 6, "code": "US"}],
    "model.country.subdivision.search_read": [{"id": 3, "code": "US-IL"}],
    "model.sale.sale.search_read": [],
    "model.sale.sale.create": [7],
    "model.party.address.create": [22],
}
"""What is answered unless a test says otherwise."""


@dataclass
class Sent:
    """One call as it arrived."""

    method: str
    parameters: list
    headers: httpx.Headers
    path: str


class FarSide:
    """Answers by method from a queue, the last one for ever; signs in by itself."""

    def __init__(self):
        self.sent = []
        self.sessions = 0
        self.valid = None
        self.queues = {}

    def answers(self, method, *answers):
        """Script a method: a result, a `refusal`, (status, body) for anything else, or an exception."""
        self.queues[method] = deque(answers)

    def to(self, method):
        """The parameters of one method's calls, in order."""
        return [sent.parameters for sent in self.sent if sent.method == method]

    def methods(self):
        """The methods called, in order."""
        return [sent.method for sent in self.sent]

    def handle(self, request):
        body = json.loads(request.content)
        method = body["method"]
        self.sent.append(Sent(method, body["params"], request.headers, request.url.path))
        if method == "common.db.login" and method not in self.queues:
            self.sessions += 1
            return self._answer(body, [3, f"session-{self.sessions}", None])
        if self.valid and method != "common.db.login" and self._session(request) != self.valid:
            return httpx.Response(401)
        return self._answer(body, self._scripted(method))

    def _session(self, request):
        return base64.b64decode(request.headers["authorization"].removeprefix("Session ")).decode()

    def _scripted(self, method):
        queue = self.queues.get(method)
        if queue is None:
            return MASTER[method]
        return queue.popleft() if len(queue) > 1 else queue[0]

    def _answer(self, body, answer):
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, tuple):
            return httpx.Response(answer[0], content=answer[1])
        has_error = isinstance(answer, dict) and "error" in answer
        return httpx.Response(200, json={"id": body["id"], **(answer if has_error else {"result": answer})})

    def connector(self, hooks=None, **config):
        """A connector that speaks to this far side."""
        return Tryton(
            CONFIG | config,
            {"password": "s3cret-word"},
            hooks or FreeHooks(),
            transport=httpx.MockTransport(self.handle),
        )


def line(**changes):
    """Three pieces at ten."""
    item = SalesOrderLine(
        LineKind.ITEM,
        "IT-0001",
        "Desk",
        Decimal(3),
        "",
        Decimal("10.00"),
        Decimal(0),
        "VAT19",
        Decimal("5.70"),
    )
    return replace(item, **changes)


def shipping(**changes):
    """The charge for delivery."""
    return line(
        **{
            "number": "SHIPPING",
            "description": "Standard",
            "quantity": Decimal(1),
            "unit_price": Decimal("9.90"),
            "tax_amount": Decimal("1.88"),
            **changes,
        }
    )


def comment(text):
    """A line of words."""
    return SalesOrderLine(LineKind.COMMENT, "", text)


def document(**changes):
    """An order of two lines over 47.48 EUR."""
    order = SalesOrder(
        identity=IDENTITY,
        reference=TOKEN,
        po_number="PO-4711",
        customer_number="10000",
        order_date=date(2026, 8, 21),
        currency="EUR",
        prices_include_tax=False,
        lines=(line(), shipping()),
        total_excluding_tax=Decimal("39.90"),
        total_tax=Decimal("7.58"),
        total_including_tax=Decimal("47.48"),
    )
    return replace(order, **changes)


def address(**changes):
    """The customer's own address as a store holds it."""
    plain = Address(
        company="Adatum GmbH",
        name="Rita Müller",
        line1="Hauptstr. 1",
        city="Köln",
        postal_code="50667",
        country_code="DE",
    )
    return replace(plain, **changes)
