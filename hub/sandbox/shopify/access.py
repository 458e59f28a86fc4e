"""Tokens and scopes: who may call, and which scope each root field asks for."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from urllib.parse import parse_qs

from hub.sandbox.shopify.errors import Record
from hub.sandbox.system import Request, Response

TOKEN_LIFE = 86399
"""Seconds a client-credentials token lives (https://shopify.dev get-api-access-tokens)."""

UNAUTHORIZED = {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}

_SUBJECTS = (
    ("draftOrder", "draft_orders"),
    ("orderEdit", "order_edits"),
    ("order", "orders"),
    ("compan", "companies"),
    ("customer", "customers"),
    ("product", "products"),
    ("inventory", "inventory"),
    ("location", "locations"),
    ("paymentTerms", "payment_terms"),
    ("publications", "publications"),
    ("carrierService", "shipping"),
    ("refund", "orders"),
    ("return", "returns"),
    ("reverse", "returns"),
)


_PLACES = ("merchant_managed", "assigned", "third_party")
FULFILLMENT_SCOPES = {
    right: tuple(f"{right}_{place}_fulfillment_orders" for place in _PLACES) for right in ("read", "write")
}
"""Fulfillment orders have scopes by whose location they are at."""
_SENDING_SCOPES = {"read": ("read_orders", "read_fulfillments"), "write": FULFILLMENT_SCOPES["write"]}


def scopes_for(field: str, is_mutation: bool) -> tuple[str, ...]:
    """The scopes of which a root field needs one; none where any token will do."""
    right = "write" if is_mutation else "read"
    if field.startswith("fulfillment"):
        return FULFILLMENT_SCOPES[right] if field.startswith("fulfillmentOrder") else _SENDING_SCOPES[right]
    for beginning, subject in _SUBJECTS:
        if field.startswith(beginning):
            # Companies may be read and written with the scopes for customers, too.
            others = (f"{right}_customers",) if subject == "companies" else ()
            return (f"{right}_{subject}", *others)
    return ()


_TOPICS = (
    ("DRAFT_ORDERS_", ("draft_orders",)),
    ("ORDERS_", ("orders",)),
    ("COMPAN", ("companies", "customers")),
    ("CUSTOMERS_", ("customers",)),
    ("PRODUCTS_", ("products",)),
    ("INVENTORY_ITEMS_", ("inventory", "products")),
    ("INVENTORY_", ("inventory",)),
    ("LOCATIONS_", ("locations",)),
    ("REFUNDS_", ("orders",)),
    ("RETURNS_", ("returns",)),
)


def scopes_for_topic(topic: str) -> tuple[str, ...]:
    """The scopes of which a webhook topic (ORDERS_CREATE) needs one; none where any app may have it."""
    for beginning, subjects in _TOPICS:
        if topic.startswith(beginning):
            return tuple(f"{right}_{subject}" for subject in subjects for right in ("read", "write"))
    return ()


class Tokens:
    """The tokens a store accepts: one static, and those it grants to the app's client credentials."""

    def __init__(self, options: Record, scopes: frozenset[str], monotonic: Callable[[], float]) -> None:
        self.static = str(options.get("access_token", "sandbox"))
        self.client = (
            str(options.get("client_id", "sandbox")),
            str(options.get("client_secret", "sandbox-secret")),
        )
        self.life = float(options.get("token_life", TOKEN_LIFE))
        self.scopes = scopes
        self.monotonic = monotonic
        self.granted: dict[str, float] = {}

    def accepts(self, token: str | None) -> bool:
        """Whether the token is known and alive."""
        if token == self.static and self.static:
            return True
        return self.monotonic() < self.granted.get(token or "", -1.0)

    def revoke_granted(self) -> None:
        """Every granted token ends now."""
        self.granted.clear()

    def grant(self, request: Request) -> Response:
        """Answer POST /admin/oauth/access_token."""
        try:
            given = _credentials(request)
        except ValueError:
            return _json(400, {"error": "invalid_request", "error_description": "The body cannot be read."})
        if given.get("grant_type") != "client_credentials":
            return _json(400, {"error": "unsupported_grant_type"})
        if (given.get("client_id"), given.get("client_secret")) != self.client:
            return _json(401, {"error": "invalid_client"})
        token = f"shpat_{secrets.token_hex(16)}"
        self.granted[token] = self.monotonic() + self.life
        return _json(
            200, {"access_token": token, "scope": ",".join(sorted(self.scopes)), "expires_in": int(self.life)}
        )


def _credentials(request: Request) -> dict[str, str]:
    text = request.body.decode()
    if request.headers.get("content-type", "").startswith("application/json"):
        data = json.loads(text)
        if not isinstance(data, dict):
            raise ValueError("not an object")
        return {str(k): str(v) for k, v in data.items()}
    return {key: values[0] for key, values in parse_qs(text).items()}


def _json(status: int, body: Record) -> Response:
    return Response(status, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8"})


def unauthorized() -> Response:
    """What a missing, unknown or expired token answers."""
    return _json(401, UNAUTHORIZED)
