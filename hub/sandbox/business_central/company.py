"""A simulated Business Central company: what its API v2.0 answers, and what clerks do to it.

Options: `rate` requests per `rate_window` seconds (6,000 per 300), `concurrency` (5) and `queue` (95) per
credential, `latency` seconds a request, `page_size` (20,000), `lookup_lag` seconds that look-ups are
behind, `totals_in_answer` (False: the answer to a create carries the header as inserted, totals 0),
`token_lifetime` seconds, `carries_tax` (False: VAT is rounded line by line; True: a line's rounding rest
goes to the next one of the same percentage), `client_id`, `client_secret`, `tenant`, `environment`, `lcy`
(EUR), `notice_delay` seconds until a webhook is sent (30), `most_notices` of one set in a webhook (1,000),
`subscription_life` seconds (3 days). Limits after
https://learn.microsoft.com/en-us/dynamics365/business-central/dev-itpro/api-reference/v2.0/dynamics-rate-limits.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from decimal import Decimal
from typing import Any

from hub.sandbox.business_central import clerk, errors, profiles
from hub.sandbox.business_central.access import Access, not_authenticated
from hub.sandbox.business_central.api import Api
from hub.sandbox.business_central.documents import Orders
from hub.sandbox.business_central.errors import Refusal
from hub.sandbox.business_central.reading import Reader
from hub.sandbox.business_central.routes import operation_of
from hub.sandbox.business_central.shipping import TRAVEL
from hub.sandbox.business_central.state import State
from hub.sandbox.business_central.subscriptions import AGAIN, Subscriptions
from hub.sandbox.business_central.values import Record, write
from hub.sandbox.system import Lane, Outgoing, Request, Response, Soon, System

DEFAULTS: dict[str, Any] = {
    "rate": 6000,
    "rate_window": 300.0,
    "concurrency": 5,
    "queue": 95,
    "latency": 0.0,
    "page_size": 20_000,
    "lookup_lag": 0.0,
    "totals_in_answer": False,
    "carries_tax": False,
    "token_lifetime": 3599,
    "client_id": "sandbox",
    "client_secret": "sandbox",
    "tenant": "sandbox",
    "environment": "Production",
    "lcy": "EUR",
    "notice_delay": 30.0,
    "most_notices": 1000,
    "subscription_life": 3 * 86_400.0,
}
TOKEN_PATH = "/oauth2/v2.0/token"
_STATUS_WORDS = {
    "429": ("Application_TooManyRequests", "Too many requests reached."),
    "500": ("Internal_ServerError", "An internal error occurred."),
    "502": ("Internal_BadGateway", "The gateway got no valid answer."),
    "503": ("Internal_ServiceUnavailable", "The service is temporarily unavailable."),
    "504": ("Internal_GatewayTimeout", "The operation took too long."),
}


class BusinessCentralCompany(System):
    """One company in one environment of one tenant, with one client credential."""

    kind = "erp"
    # "Several retries over the next 36 hours"; how many, and when, is ours.
    webhook_retries = 8
    webhook_retry_seconds = 36 * 3600.0

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        super().__init__(name)
        unknown = sorted(options.keys() - DEFAULTS.keys())
        if unknown:
            raise ValueError(f"unknown options {', '.join(unknown)}; known are {', '.join(sorted(DEFAULTS))}")
        self.options = DEFAULTS | options
        _check_types(self.options)
        self.requests: Counter[str] = Counter()
        self.reset("empty")

    def reset(self, profile: str) -> None:
        """Start again from "empty" (a company with its setup, no customers or items) or "demo"."""
        if profile not in profiles.PROFILES:
            raise ValueError(f"no profile {profile!r}; there are {', '.join(sorted(profiles.PROFILES))}")
        options = self.options
        self.requests.clear()
        self.access = Access(
            options["tenant"],
            options["client_id"],
            options["client_secret"],
            options["token_lifetime"],
            options["rate"],
            options["rate_window"],
        )
        self.state = State(self.name)
        self.orders = Orders(self.state, options["lcy"], carries_tax=options["carries_tax"])
        reader = Reader(self.state, options["page_size"])
        self.api = Api(self.state, self.orders, reader, self.access, options)
        profiles.fill(self.state, profile, self.name, options["lcy"])
        self.subscriptions = Subscriptions(
            self.state,
            self.access,
            life=options["subscription_life"],
            delay=options["notice_delay"],
            most=options["most_notices"],
        )

    def handle(self, request: Request) -> Soon[Response]:
        self.requests[self.operation(request)] += 1
        if request.path.endswith(TOKEN_PATH):
            return self.access.token(request)
        try:
            self.access.credential(request)
            if self.subscriptions.is_asked_by(request):
                return self.subscriptions.answer(request)
            return self.api.answer(request)
        except Refusal as refusal:
            return refusal.response()
        finally:
            self.outbox += self.subscriptions.told()

    def sends_again(self, result: str) -> bool:
        return AGAIN.fullmatch(result) is not None

    def gave_up(self, outgoing: Outgoing) -> None:
        self.subscriptions.forget(outgoing.url)

    def operation(self, request: Request) -> str:
        return "POST token" if request.path.endswith(TOKEN_PATH) else operation_of(request)

    def admit(self, request: Request) -> Lane | Response:
        if request.path.endswith(TOKEN_PATH):
            return Lane()
        try:
            credential = self.access.credential(request)
        except Refusal as refusal:
            return refusal.response()
        options = self.options
        lane = Lane(credential, options["concurrency"], options["queue"], options["latency"])
        return self.access.count(credential) or lane

    def key(self, request: Request) -> str:
        """A write is told apart by its reference, else by its body; a read is counted."""
        if request.method == "GET" or request.path.endswith(TOKEN_PATH):
            return ""
        references = _references(request.body)
        return references[0] if len(references) == 1 else hashlib.sha256(request.body).hexdigest()

    def note(self, request: Request, response: Response) -> dict[str, Any]:
        if request.method != "POST" or request.path.endswith(TOKEN_PATH):
            return {}
        references = _references(request.body)
        if self.operation(request) == "POST $batch":
            return {"externalDocumentNumbers": references}
        return {"externalDocumentNumber": references[0]} if references else {}

    def seed(self, data: dict[str, Any]) -> dict[str, Any]:
        try:
            return profiles.seed(self.state, data)
        finally:
            self.outbox += self.subscriptions.told()

    def act(self, action: str, data: dict[str, Any]) -> dict[str, Any]:
        api = self.api
        try:
            office = clerk.Office(
                self.state, self.orders, api.memos, self.access, api.pages, api.quotes, self.subscriptions
            )
            return clerk.act(office, action, data)
        except Refusal as refusal:
            raise ValueError(refusal.message) from refusal
        finally:
            self.outbox += self.subscriptions.told()

    def truth(self) -> dict[str, Any]:
        return {
            "customers": [_plain(record) for record in self.state["customers"].records.values()],
            "items": [_plain(record) for record in self.state["items"].records.values()],
            "paymentTerms": [_plain(record) for record in self.state["paymentTerms"].records.values()],
            "locations": [_plain(record) for record in self.state["locations"].records.values()],
            "salesOrders": self._documents("salesOrders", "salesOrderLines"),
            "salesQuotes": self._documents("salesQuotes", "salesQuoteLines"),
            "salesInvoices": self._documents("salesInvoices", "salesInvoiceLines"),
            "salesShipments": self._shipments(),
            "salesCreditMemos": self._documents("salesCreditMemos", "salesCreditMemoLines"),
            "subscriptions": [_plain(record) for record in self.subscriptions.standing()],
            "requests": dict(self.requests),
        }

    def _shipments(self) -> list[Record]:
        """With what only page 130 shows."""
        kept = self.state["salesShipments"].records
        return [
            record | {name: kept[record["id"]][inner] for name, inner in TRAVEL.items()}
            for record in self._documents("salesShipments", "salesShipmentLines")
        ]

    def _documents(self, set_name: str, lines_name: str) -> list[Record]:
        documents = []
        for record in self.state[set_name].records.values():
            lines = sorted(
                self.state[lines_name].having("documentId", record["id"]), key=lambda x: x["sequence"]
            )
            documents.append(_plain(record) | {"lines": [_plain(line) for line in lines]})
        return documents

    def refusal(self, kind: str, parameters: dict[str, Any]) -> Response:
        if kind == "expired_token":
            return not_authenticated().response()
        if kind in ("throttled", "429"):
            return errors.too_many_requests(101, 100, int(parameters.get("seconds", 1)))
        code, words = _STATUS_WORDS.get(kind, ("Internal_ServerError", "An internal error occurred."))
        return Refusal(int(kind) if kind.isdigit() else 500, code, words).response()


def _check_types(options: dict[str, Any]) -> None:
    for name, default in DEFAULTS.items():
        value = options[name]
        expected = (int, float) if isinstance(default, float) else (type(default),)
        if not isinstance(value, expected) or (isinstance(value, int | float) and value < 0):
            raise ValueError(f"option {name} cannot be {value!r}")


def _references(body: bytes) -> list[str]:
    """The externalDocumentNumbers in a body, of the order itself or of the orders in a batch."""
    try:
        content = json.loads(body)
    except ValueError:
        return []
    bodies = [content]
    if isinstance(content, dict) and isinstance(content.get("requests"), list):
        bodies = [entry.get("body") for entry in content["requests"] if isinstance(entry, dict)]
    found = (entry.get("externalDocumentNumber") for entry in bodies if isinstance(entry, dict))
    return [reference for reference in found if isinstance(reference, str) and reference]


def _plain(record: Record) -> Record:
    """A record for the truth: money as decimal strings, nothing internal."""
    kept = {name: value for name, value in record.items() if not name.startswith("_")}
    return {
        name: format(value, "f") if isinstance(value, Decimal) else write(value)
        for name, value in kept.items()
    }
