"""GraphQL over HTTP: signs in, pays the governor, and turns Shopify's three layers of errors into ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from hub.connectors.base import CallKind, Hooks, ObservedLimits, Token
from hub.connectors.http import Answer, HttpClient, rejected, unreadable
from hub.connectors.redaction import redact
from hub.connectors.stores.shopify.operations import Operation
from hub.connectors.stores.shopify.shapes import Node, members, optional_member, text
from hub.connectors.stores.shopify.throttle import Cost, read_cost
from hub.errors import ConnectionBroken, OutcomeUnknown, RateLimited, RecordRejected, SyncError, Unreachable

API_VERSION = "2026-07"
# The answer was made by Shopify's own trouble: what it did before is not known.
_LOST_CODES = frozenset(("INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"))
_INACTIVE_CODES = frozenset(("SHOP_INACTIVE", "UNAUTHORIZED"))
# Refused with `data.<root>: null` before anything was carried out.
_REFUSED_CODES = frozenset(
    ("BAD_REQUEST", "INVALID_FIELD_ARGUMENTS", "RESOURCE_NOT_FOUND", "MAX_INPUT_SIZE_EXCEEDED", "INVALID")
)
_SHOP_STATUSES = {
    402: "The shop is frozen until its owner settles a bill with Shopify.",
    403: "Shopify refuses this app. Check that it is installed in the shop and that the shop is not locked.",
    404: "There is no such shop. Check the shop domain.",
    423: "The shop is locked. Its owner must ask Shopify's support.",
}


class ScopeMissing(ConnectionBroken):
    """The app lacks a scope; what the shop cannot do without it may matter to one flow alone."""


class QueryRefused(RuntimeError):
    """Shopify refuses the query itself: a fault of ours, or a changed version. `code` is Shopify's word."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class QueryTooCostly(QueryRefused):
    """The query asks for more points than one query may; nothing was charged."""


class SignIn(Protocol):
    """Where the bearer token comes from."""

    def token(self, rejected: str | None = None) -> str:
        """The token; a new one where `rejected` is ours. Raises ConnectionBroken where none can be had."""


class StaticToken:
    """The token of a custom app, made in the shop's admin; it does not expire."""

    def __init__(self, value: str) -> None:
        self.value = value

    def token(self, rejected: str | None = None) -> str:
        if not self.value or rejected is not None:
            raise ConnectionBroken(
                "Shopify does not accept the access token. "
                "Install the app again and put its new token on the connection's page."
            )
        return self.value


class ClientCredentials:
    """Tokens of 24 hours for the client id and secret; the hooks fetch once for all threads and processes."""

    def __init__(self, http: HttpClient, hooks: Hooks, client_id: str, client_secret: str) -> None:
        self.http = http
        self.hooks = hooks
        self.client_id = client_id
        self.client_secret = client_secret

    def token(self, rejected: str | None = None) -> str:
        return self.hooks.token(self._fetch, rejected)

    def _fetch(self) -> Token:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        answer = self.http.send(
            CallKind.READ,
            "POST",
            "admin/oauth/access_token",
            operation="FetchToken",
            form=form,
            cost=0,
            is_governed=False,
        )
        if answer.status != 200:
            raise ConnectionBroken(
                f"Shopify gave no access token (status {answer.status}: {redact(answer.body)[:120]!r}). "
                "Check client id, client secret and shop domain on the connection's page."
            )
        return _token_in(answer)


def _token_in(answer: Answer) -> Token:
    try:
        document = answer.json()
        value, lifetime = document["access_token"], document["expires_in"]
    except (ValueError, KeyError, TypeError) as error:
        raise unreadable(CallKind.READ, "FetchToken", answer, "it holds no token") from error
    if not isinstance(value, str) or not value or isinstance(lifetime, bool) or not isinstance(lifetime, int):
        raise unreadable(CallKind.READ, "FetchToken", answer, "it holds no token")
    return Token(value, float(lifetime))


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer: `data`, the cost it states, and the API version that Shopify served."""

    data: Node
    cost: Cost
    api_version: str


class AdminClient:
    """The Admin API of one shop. Safe to share between threads."""

    def __init__(self, http: HttpClient, hooks: Hooks, sign_in: SignIn) -> None:
        self.http = http
        self.hooks = hooks
        self.sign_in = sign_in

    def close(self) -> None:
        """Close the kept connections."""
        self.http.close()

    def run(
        self, operation: Operation, variables: Mapping[str, object], *, cost: float | None = None
    ) -> Reply:
        """Carry out one operation; `cost` is the points to reserve where the file's own number does not hold.

        Raises RateLimited, Unreachable, OutcomeUnknown and ConnectionBroken; QueryRefused for faults of ours.
        A search warning counts as a refusal, because Shopify then answers with the unfiltered list.
        """
        charged = operation.cost if cost is None else cost
        answer = self._signed(operation, variables, charged)
        if answer.status != 200:
            self.hooks.observe(ObservedLimits(refund=charged))
            _refuse_status(operation, answer)
        return self._read(operation, answer, charged)

    def _signed(self, operation: Operation, variables: Mapping[str, object], charged: float) -> Answer:
        token = self.sign_in.token()
        answer = self._post(operation, variables, charged, token)
        if answer.status != 401:
            return answer
        self.hooks.observe(ObservedLimits(refund=charged))
        answer = self._post(operation, variables, charged, self.sign_in.token(rejected=token))
        if answer.status == 401:
            self.hooks.observe(ObservedLimits(refund=charged))
            raise ConnectionBroken(
                "Shopify does not accept a fresh access token either. Check on the connection's page that "
                "client id and secret belong to an app that is installed in this shop."
            )
        return answer

    def _post(
        self, operation: Operation, variables: Mapping[str, object], charged: float, token: str
    ) -> Answer:
        return self.http.send(
            operation.kind,
            "POST",
            f"admin/api/{API_VERSION}/graphql.json",
            operation=operation.name,
            headers={"X-Shopify-Access-Token": token},
            json_body={
                "query": operation.text,
                "variables": dict(variables),
                "operationName": operation.name,
            },
            cost=charged,
        )

    def _read(self, operation: Operation, answer: Answer, charged: float) -> Reply:
        document = _document(operation, answer)
        try:
            extensions = optional_member(document, "extensions") or {}
            errors = members(document, "errors")
            cost = read_cost(extensions)
            warnings = _search_warnings(extensions)
            data = optional_member(document, "data")
        except ValueError as error:
            raise unreadable(operation.kind, operation.name, answer, str(error)) from error
        was_throttled = any(_code(error) == "THROTTLED" for error in errors)
        self.hooks.observe(cost.limits(charged, was_throttled=was_throttled))
        if errors:
            _refuse(operation, errors, cost, data)
        if warnings:
            raise QueryRefused(
                f"{operation.name}: Shopify did not understand the search: {warnings}", "SEARCH_WARNING"
            )
        if not data:
            raise unreadable(operation.kind, operation.name, answer, "it holds neither data nor errors")
        return Reply(data, cost, answer.headers.get("x-shopify-api-version", ""))


def _document(operation: Operation, answer: Answer) -> Node:
    try:
        document = answer.json()
    except ValueError as error:
        raise unreadable(operation.kind, operation.name, answer, "it is not JSON") from error
    if not isinstance(document, dict):
        raise unreadable(operation.kind, operation.name, answer, "it is not a JSON object")
    return document


def _refuse_status(operation: Operation, answer: Answer) -> NoReturn:
    if answer.status in _SHOP_STATUSES:
        raise ConnectionBroken(f"{operation.name}: status {answer.status}. {_SHOP_STATUSES[answer.status]}")
    if 300 <= answer.status < 400:
        raise ConnectionBroken(
            f"{operation.name}: Shopify sends us elsewhere (status {answer.status}), which is not followed. "
            "Check the shop domain; it must be the shop's own myshopify.com name."
        )
    raise unreadable(operation.kind, operation.name, answer, "that is not an answer to a query")


def _search_warnings(extensions: Node) -> str:
    warnings = [
        warning for search in members(extensions, "search") for warning in members(search, "warnings")
    ]
    return "; ".join(f"{text(w, 'field')} {text(w, 'message') or text(w, 'code')}".strip() for w in warnings)


def _code(error: Node) -> str:
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return code if isinstance(code, str) else ""


def _refuse(operation: Operation, errors: list[Node], cost: Cost, data: Node | None) -> NoReturn:
    codes = {_code(error): error for error in errors}
    words = "; ".join(str(error.get("message", ""))[:300] for error in errors[:5])
    if "THROTTLED" in codes:
        raise RateLimited(f"{operation.name}: Shopify's bucket is empty.", after=cost.wait())
    if "ACCESS_DENIED" in codes:
        raise ScopeMissing(_denied(operation, codes["ACCESS_DENIED"]))
    if codes.keys() & _INACTIVE_CODES:
        raise ConnectionBroken(f"{operation.name}: the shop cannot be used: {words}")
    if "MAX_COST_EXCEEDED" in codes:
        raise QueryTooCostly(f"{operation.name}: {words}", "MAX_COST_EXCEEDED")
    if codes.keys() & _LOST_CODES or words.startswith("Internal error"):
        raise _lost(operation, words)
    # Without data the query was refused as a whole. A null root with an unknown code may be more.
    if operation.kind is CallKind.WRITE and data is not None and not codes.keys() <= _REFUSED_CODES:
        raise _lost(operation, words)
    raise QueryRefused(f"{operation.name} was refused: {words}", next(iter(codes)))


def _lost(operation: Operation, words: str) -> SyncError:
    if operation.kind is CallKind.READ:
        return Unreachable(f"{operation.name}: Shopify answered with an error of its own: {words}")
    return OutcomeUnknown(
        f"{operation.name}: Shopify answered with an error, it may have been carried out: {words}"
    )


def _denied(operation: Operation, error: Node) -> str:
    extensions = error.get("extensions")
    needed = extensions.get("requiredAccess") if isinstance(extensions, dict) else None
    scope = needed if isinstance(needed, str) and needed else str(error.get("message", ""))
    return f"{operation.name}: the app may not do this. Grant it this access in Shopify: {scope}"


def payload_of(operation: Operation, reply: Reply, root: str) -> Node:
    """The answer to a mutation; raises OutcomeUnknown where Shopify left it out."""
    payload: Any = reply.data.get(root)
    if not isinstance(payload, dict):
        raise OutcomeUnknown(
            f"{operation.name}: the answer holds no {root}; it may or may not have been carried out."
        )
    return payload


def refusal(operation: Operation, user_errors: list[Node]) -> RecordRejected:
    """The error for a mutation's userErrors, in Shopify's words."""
    code = str(user_errors[0].get("code") or "")
    return rejected(operation.name, 200, code, [str(error.get("message", "")) for error in user_errors])
