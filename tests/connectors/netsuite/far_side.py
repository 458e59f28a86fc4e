"""A NetSuite that answers from a script, and a connector that speaks to it."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hub.connectors.documents import Address, LineKind, OrderIdentity, SalesOrder, SalesOrderLine
from hub.connectors.erps.netsuite.connector import NetSuite
from hub.connectors.http import parse_json
from tests.fakes.hooks import FreeHooks

PAYLOADS = Path(__file__).parents[2] / "payloads" / "netsuite"
HOST = "https://1234567-sb1.suitetalk.api.netsuite.com"
ROOT = f"{HOST}/services/rest"
IDENTITY = OrderIdentity("A1", "6000000000123")
REFERENCE = "A1-24KD131Q3IE"
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
CONFIG = {
    "account_id": "1234567_SB1",
    "authentication": "certificate",
    "client_id": "client-1",
    "certificate_id": "kid-1",
    "currency": "EUR",
}
SECRETS = {"private_key": PEM}
TOKEN_CONFIG = {"authentication": "tokens", "consumer_key": "ck", "token_id": "tk"}
TOKEN_SECRETS = {"consumer_secret": "cs", "token_secret": "ts"}
LISTS = {
    "currency": [{"id": "1", "code": "EUR"}, {"id": "2", "code": "USD"}],
    "term": [{"id": "5", "code": "Net 30"}],
    "shipitem": [{"id": "201", "code": "Ground"}, {"id": "202", "code": "Express"}],
    "salestaxitem": [{"id": "101", "code": "VAT 19"}, {"id": "102", "code": "VAT 7"}],
    "subsidiary": [{"id": "3", "code": "Germany"}],
    "location": [{"id": "8", "code": "Hamburg"}],
    "item": [{"id": "2001", "code": "1896-S"}, {"id": "2002", "code": "FREIGHT"}],
    "customer": [{"id": "1001", "code": "C1"}],
}
CREATED = (204, b"", {"Location": f"{ROOT}/record/v1/salesOrder/50001"})
_TABLE = re.compile(r"FROM (\w+)")


def payload(name):
    """A payload after NetSuite's published shapes, its numbers exact."""
    return parse_json((PAYLOADS / f"{name}.json").read_bytes())


ORDER_ROW = payload("sales_orders")["items"][0]
"""The order of `document` as SuiteQL shows it."""


def rows(*items, more=False):
    """The answer to a query: these rows."""
    return (200, {"items": list(items), "count": len(items), "hasMore": more, "offset": 0, "links": []})


def refusal(status, code, detail, path=""):
    """A refusal in NetSuite's envelope."""
    found = {"detail": detail, "o:errorCode": code} | ({"o:errorPath": path} if path else {})
    return (status, {"type": "about:blank", "title": "Refused", "status": status, "o:errorDetails": [found]})


@dataclass
class Sent:
    """One request as it arrived. `subject` is the record type, "suiteql TABLE", token, job or governanceLimits."""

    method: str
    subject: str
    url: str
    path: str
    query: dict
    headers: httpx.Headers
    body: object
    text: str


class FarSide:
    """Answers by "METHOD subject" from a queue, the last one for ever; tokens and lists by itself."""

    def __init__(self):
        self.sent = []
        self.tokens = 0
        self.valid = None
        self.queues = {}
        self.lock = threading.Lock()

    def answers(self, operation, *answers):
        """Script the answers to "METHOD subject": (status, body, headers), an exception, or a function of the request.

        A body is JSON or bytes.
        """
        self.queues[operation] = deque(answers)

    def to(self, operation):
        """The requests of one operation, in order."""
        return [sent for sent in self.sent if f"{sent.method} {sent.subject}" == operation]

    def asked(self, table):
        """The queries of one table, in order."""
        return [sent.body["q"] for sent in self.to(f"POST suiteql {table}")]

    def handle(self, request):
        with self.lock:
            return self._answer(request)

    def _answer(self, request):
        sent = _sent(request)
        self.sent.append(sent)
        operation = f"{sent.method} {sent.subject}"
        if sent.subject == "token" and operation not in self.queues:
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"token-{self.tokens}", "expires_in": "3600"})
        if self.valid and sent.headers.get("authorization") != f"Bearer {self.valid}":
            return _response(refusal(401, "INVALID_LOGIN", "Invalid login attempt."))
        if operation in self.queues:
            return _response(self._next(operation, sent))
        table = sent.subject.removeprefix("suiteql ")
        return _response(rows(*LISTS.get(table, [])) if table in LISTS else rows())

    def _next(self, operation, sent):
        queue = self.queues[operation]
        answer = queue.popleft() if len(queue) > 1 else queue[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(sent) if callable(answer) else answer

    def connector(self, hooks=None, secrets=None, **config):
        """A connector that speaks to this far side."""
        return NetSuite(
            CONFIG | config,
            secrets or SECRETS,
            hooks or FreeHooks(),
            transport=httpx.MockTransport(self.handle),
        )


def _sent(request):
    parts = urlsplit(str(request.url))
    is_json = "json" in request.headers.get("content-type", "")
    body = parse_json(request.content) if is_json and request.content else None
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    path = unquote(parts.path.removeprefix("/services/rest/"))
    return Sent(
        request.method,
        _subject(path, body),
        str(request.url),
        path,
        query,
        request.headers,
        body,
        request.content.decode(),
    )


def _subject(path, body):
    if path == "query/v1/suiteql":
        return f"suiteql {_TABLE.search(body['q'])[1]}"
    if path.startswith("async/v1/job/"):
        return "job"
    if not path.startswith("record/v1/"):
        return path.rpartition("/")[2]
    record_type, _, record_id = path.removeprefix("record/v1/").partition("/")
    return record_type if record_id else f"{record_type} batch"


def _response(answer):
    status, body, *headers = answer
    content = body if isinstance(body, bytes) else json.dumps(body, default=float).encode()
    return httpx.Response(status, content=content, headers=headers[0] if headers else None)


def line(**changes):
    """An item line: 27.50 EUR net, 5.23 tax."""
    item = SalesOrderLine(
        LineKind.ITEM,
        "1896-S",
        "ATHENS Desk",
        Decimal(3),
        "",
        Decimal("10.00"),
        Decimal("2.50"),
        "VAT 19",
        Decimal("5.23"),
    )
    return replace(item, **changes)


def charge(**changes):
    """A shipping charge: 10.00 EUR net, 1.90 tax."""
    freight = SalesOrderLine(
        LineKind.SHIPPING,
        "Ground",
        "Standard",
        Decimal(1),
        "",
        Decimal("10.00"),
        Decimal(0),
        "VAT 19",
        Decimal("1.90"),
    )
    return replace(freight, **changes)


def document(**changes):
    """An order of an item and a charge over 44.63 EUR."""
    order = SalesOrder(
        identity=IDENTITY,
        reference=REFERENCE,
        po_number="PO-4711",
        customer_number="C1",
        order_date=date(2026, 8, 21),
        currency="EUR",
        prices_include_tax=False,
        lines=(line(), charge()),
        total_excluding_tax=Decimal("37.50"),
        total_tax=Decimal("7.13"),
        total_including_tax=Decimal("44.63"),
    )
    return replace(order, **changes)


def comment(text):
    """A comment line."""
    return SalesOrderLine(LineKind.COMMENT, "", text)


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
