"""A simulated NetSuite account: what its REST services answer, and what clerks do to it.

Options: `account` (its id, the realm of token-based authentication), `client_id` and `certificates`
({certificate id: PEM of certificate or public key}) for OAuth 2.0, `consumer_key`, `consumer_secret`,
`token_id`, `token_secret` for token-based authentication, `token_lifetime` seconds (3,600), `concurrency`
(5) requests at once over all credentials, `latency` seconds a request, `async_processors` (2) that work off
asynchronous jobs, each record taking `latency`; `is_admin_role` (may ask for the limits), `lookup_lag`
seconds that SuiteQL is behind, `max_rows` (100,000) of a SuiteQL result, `timezone` of the account
(SuiteQL's clock), `date_format` of bare dates, `tax` "legacy" (a tax code a line) or "suitetax",
`carries_tax` (False: tax is rounded line by line; True: a line's rounding rest goes to the next one of the
same rate), `default_order_status` "A" or "B", `mandatory_fields` of the order form,
`enforces_credit_limits`, `number_prefix` (SO), `currency` of the first subsidiary (EUR). Limits after
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/chapter_161251386312.html.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from decimal import Decimal
from typing import Any

from hub.sandbox.netsuite import clerk, errors, jobs, profiles, query
from hub.sandbox.netsuite.access import TOKEN_PATH, Access, Integration
from hub.sandbox.netsuite.api import Api
from hub.sandbox.netsuite.credit_memos import CreditMemos
from hub.sandbox.netsuite.customers import Customers
from hub.sandbox.netsuite.errors import Refusal
from hub.sandbox.netsuite.estimates import Estimates
from hub.sandbox.netsuite.fields import TABLES
from hub.sandbox.netsuite.fulfillments import Fulfillments
from hub.sandbox.netsuite.orders import LABELS, Orders
from hub.sandbox.netsuite.reading import BASE, MASTERS, encode, written
from hub.sandbox.netsuite.returns import RETURN, Returns
from hub.sandbox.netsuite.state import Record, State
from hub.sandbox.system import Lane, Request, Response, System

DEFAULTS: dict[str, Any] = {
    "account": "TSTDRV1",
    "client_id": "sandbox",
    "certificates": {},
    "consumer_key": "sandbox",
    "consumer_secret": "sandbox",
    "token_id": "sandbox",
    "token_secret": "sandbox",
    "token_lifetime": 3600,
    "concurrency": 5,
    "latency": 0.0,
    "async_processors": 2,
    "is_admin_role": False,
    "lookup_lag": 0.0,
    "max_rows": 100_000,
    "timezone": "America/Los_Angeles",
    "date_format": "%-m/%-d/%Y",
    "tax": "legacy",
    "carries_tax": False,
    "default_order_status": "A",
    "mandatory_fields": [],
    "enforces_credit_limits": False,
    "number_prefix": "SO",
    "currency": "EUR",
}
CHOICES = {"tax": ("legacy", "suitetax"), "default_order_status": ("A", "B")}
LIMITS_PATH = "/services/rest/system/v1/governanceLimits"
_STATUS_WORDS = {
    "500": ("UNEXPECTED_ERROR", "An unexpected error occurred."),
    "502": ("UNEXPECTED_ERROR", "The gateway got no valid answer."),
    "503": ("SERVICE_UNAVAILABLE", "The service is temporarily unavailable."),
    "504": ("UNEXPECTED_ERROR", "The operation took too long."),
    "408": ("UNEXPECTED_ERROR", "The request took too long."),
}


class NetSuiteAccount(System):
    """One account with one integration record and one role."""

    kind = "erp"

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        super().__init__(name)
        unknown = sorted(options.keys() - DEFAULTS.keys())
        if unknown:
            raise ValueError(f"unknown options {', '.join(unknown)}; known are {', '.join(sorted(DEFAULTS))}")
        self.options = DEFAULTS | options
        _check_options(self.options)
        self.requests: Counter[str] = Counter()
        self.reset("empty")

    def reset(self, profile: str) -> None:
        """Start again from "empty" (an account with its setup, no customers or items) or "demo"."""
        if profile not in profiles.PROFILES:
            raise ValueError(f"no profile {profile!r}; there are {', '.join(sorted(profiles.PROFILES))}")
        options = self.options
        self.requests.clear()
        names = Integration.__slots__
        given = {name: options[name] for name in names if name != "lifetime"}
        self.access = Access(Integration(**given, lifetime=options["token_lifetime"]))
        self.state = State()
        self.orders = Orders(self.state, options)
        self.memos = CreditMemos(self.state, options)
        self.estimates = Estimates(self.state, options, self.orders)
        self.returns = Returns(self.state, options)
        self.fulfillments = Fulfillments(self.state, options)
        self.customers = Customers(self.state, options)
        self.jobs = jobs.Jobs(options["async_processors"], options["latency"])
        self.api = Api(
            self.state,
            self.orders,
            self.memos,
            self.estimates,
            self.returns,
            self.customers,
            self.access,
            self.jobs,
        )
        self.query = query.Query(self.state, self.access, options)
        profiles.fill(self.state, self.customers, profile, options["currency"])

    def handle(self, request: Request) -> Response:
        self.jobs.advance()
        self.requests[self.operation(request)] += 1
        if request.path == TOKEN_PATH and request.method == "POST":
            return self.access.token(request)
        try:
            self.access.check_login(request)
            return self._answer(request)
        except Refusal as refusal:
            return refusal.response()

    def _answer(self, request: Request) -> Response:
        origin = f"http://{request.headers.get('host', '')}{request.root}"
        if request.path.startswith(BASE + "/"):
            return self.api.answer(request, origin)
        if request.path == query.PATH:
            return self.query.answer(request, origin)
        if request.path.startswith(jobs.BASE + "/"):
            return self.jobs.answer(request, origin)
        if request.path == LIMITS_PATH and request.method == "GET":
            return self._limits()
        raise errors.no_resource(request.path)

    def _limits(self) -> Response:
        """https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_0625010817.html"""
        if not self.options["is_admin_role"]:
            raise errors.not_permitted("Administrator")
        limit = self.options["concurrency"]
        content = {"accountConcurrencyLimit": limit, "accountUnallocatedConcurrencyLimit": limit}
        return Response(
            200,
            encode(content | {"integrationLimitType": "accountLimit"}),
            {"Content-Type": "application/json"},
        )

    def operation(self, request: Request) -> str:
        return f"{request.method} {_subject(request)}"

    def admit(self, request: Request) -> Lane | Response:
        """The account's places are shared by all credentials; who finds none is refused, nobody waits."""
        if request.path == TOKEN_PATH:
            return Lane()
        return Lane("account", self.options["concurrency"], 0, self.options["latency"])

    def key(self, request: Request) -> str:
        """A write is told apart by its external id, else by its body; reads and queries are counted."""
        if request.method == "GET" or not request.path.startswith(BASE):
            return ""
        external_ids = _external_ids(request)
        if len(external_ids) == 1:
            return external_ids[0]
        return hashlib.sha256(request.path.encode() + request.body).hexdigest()

    def note(self, request: Request, response: Response) -> dict[str, Any]:
        if request.method == "GET" or not request.path.startswith(BASE):
            return {}
        external_ids = _external_ids(request)
        if _subject(request).endswith("batch"):
            return {"externalIds": external_ids}
        return {"externalId": external_ids[0]} if external_ids else {}

    def seed(self, data: dict[str, Any]) -> dict[str, Any]:
        return profiles.seed(self.state, self.customers, data)

    def act(self, action: str, data: dict[str, Any]) -> dict[str, Any]:
        self.jobs.advance()
        try:
            office = clerk.Office(
                self.state,
                self.orders,
                self.memos,
                self.estimates,
                self.returns,
                self.fulfillments,
                self.customers,
                self.access,
                self.options,
            )
            return clerk.act(office, action, data)
        except Refusal as refusal:
            raise ValueError(refusal.detail) from refusal

    def truth(self) -> dict[str, Any]:
        self.jobs.advance()
        return {
            "customers": [_plain(record) for record in self.state["customer"].by_id.values()],
            "items": [_plain(record) for record in self.state["item"].by_id.values()],
            "salesOrders": [_order(self.state, record) for record in self.state["salesOrder"].by_id.values()],
            "creditMemos": [_order(self.state, record) for record in self.state["creditMemo"].by_id.values()],
            "estimates": [_order(self.state, record) for record in self.state["estimate"].by_id.values()],
            "returnAuthorizations": [_order(self.state, each) for each in self.state[RETURN].by_id.values()],
            "invoices": [_plain(each) for each in self.state["invoice"].by_id.values()],
            "itemFulfillments": [_plain(each) for each in self.state["itemFulfillment"].by_id.values()],
            "requests": dict(self.requests),
            "loginAuditTrail": list(self.access.audit),
        }

    def refusal(self, kind: str, parameters: dict[str, Any]) -> Response:
        if kind == "expired_token":
            return errors.not_logged_in().response()
        if kind in ("throttled", "429"):
            return errors.over_concurrency().response()
        code, words = _STATUS_WORDS.get(kind, _STATUS_WORDS["500"])
        return Refusal(int(kind) if kind.isdigit() else 500, code, words).response()


def _check_options(options: dict[str, Any]) -> None:
    for name, default in DEFAULTS.items():
        value = options[name]
        expected = (int, float) if isinstance(default, float) else (type(default),)
        if not isinstance(value, expected) or (isinstance(value, int | float) and value < 0):
            raise ValueError(f"option {name} cannot be {value!r}")
        if name in CHOICES and value not in CHOICES[name]:
            raise ValueError(f"option {name} is one of {', '.join(CHOICES[name])}, not {value!r}")
    if not options["async_processors"]:
        raise ValueError("option async_processors must be at least 1")
    unknown = [name for name in options["mandatory_fields"] if name not in LABELS]
    if unknown:
        raise ValueError(f"mandatory_fields can be {', '.join(sorted(LABELS))}, not {', '.join(unknown)}")


def _subject(request: Request) -> str:
    """What a request speaks of: a record type ("salesOrder batch" for many), suiteql, token, job, task, result."""
    path = request.path
    if path == TOKEN_PATH:
        return "token"
    if path == query.PATH:
        return "suiteql"
    if path == LIMITS_PATH:
        return "governanceLimits"
    if path.startswith(jobs.BASE + "/"):
        segments = path.removeprefix(jobs.BASE).strip("/").split("/")
        return ("job", "task", "task", "result")[min(len(segments), 4) - 1]
    name, _, record_id = path.removeprefix(BASE).strip("/").partition("/")
    if not path.startswith(BASE + "/") or (name not in TABLES and name not in MASTERS):
        return "unknown"
    is_many = "type=collection" in request.headers.get("content-type", "").replace(" ", "").lower()
    is_many = is_many or (not record_id and request.method not in ("GET", "POST"))
    return f"{name} batch" if is_many else name


def _external_ids(request: Request) -> list[str]:
    """The external ids that a write names, in its address or its body."""
    record_id = request.path.removeprefix(BASE).strip("/").partition("/")[2]
    if record_id.startswith("eid:"):
        return [record_id.removeprefix("eid:")]
    try:
        content = json.loads(request.body)
    except ValueError:
        return []
    entries = [content]
    if isinstance(content, dict) and isinstance(content.get("items"), list):
        entries = content["items"]
    found = (entry.get("externalId") for entry in entries if isinstance(entry, dict))
    return [external_id for external_id in found if isinstance(external_id, str) and external_id]


def _order(state: State, record: Record) -> Record:
    """A sales order for the truth, with the currency's code and the items' names beside the ids."""
    lines = [_plain(line) | {"itemName": state.name_of("item", line["item"])} for line in record["item"]]
    names = {
        "currencySymbol": state["currency"].by_id[record["currency"]]["symbol"],
        "entityName": state.name_of("customer", record["entity"]),
        "shipMethodName": state.name_of("shipItem", record.get("shipMethod") or ""),
        "termsName": state.name_of("term", record.get("terms") or ""),
        "subTotal": _text(record["subtotal"]),
    }
    return (
        {name: value for name, value in _plain(record).items() if name != "item"} | names | {"lines": lines}
    )


def _plain(record: Record) -> Record:
    """A record for the truth: money as decimal strings, nothing internal."""
    return {name: _text(value) for name, value in record.items() if not name.startswith("_")}


def _text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return {str(name): _text(part) for name, part in value.items() if not str(name).startswith("_")}
    if isinstance(value, list | tuple):
        return [_text(part) for part in value]
    return written(value)
